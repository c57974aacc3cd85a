import io

from PIL import Image

from benchmarks.hostile import _costs, _photo


def test_photos_have_their_megapixels() -> None:
    with Image.open(io.BytesIO(_photo(1))) as photo:
        assert abs(photo.width * photo.height - 1_000_000) < 5_000


def test_both_ways_of_opening_are_measured() -> None:
    costs = _costs(1, rounds=1)
    assert all(milliseconds > 0 for milliseconds in costs)
