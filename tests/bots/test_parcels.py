"""Files packed into albums."""

from hypothesis import given
from hypothesis import strategies as st

from bots.parcels import ALBUM_MAX, Upload, distinct, packed


@given(st.lists(st.integers(1, 120), max_size=35))
def test_every_file_travels_once_in_order_within_the_limits(sizes: list[int]) -> None:
    uploads = [Upload(str(n), bytes(size)) for n, size in enumerate(sizes)]
    parcels = packed(uploads, 100)
    assert [upload for parcel in parcels for upload in parcel] == uploads
    for parcel in parcels:
        assert 1 <= len(parcel) <= ALBUM_MAX
        assert len(parcel) == 1 or sum(len(upload.data) for upload in parcel) <= 100


def test_no_single_file_is_left_beside_a_full_album() -> None:
    parcels = packed([Upload(str(n), b"x") for n in range(11)], 100)
    assert [len(parcel) for parcel in parcels] == [9, 2]


@given(st.lists(st.sampled_from(["a.png", "a-2.png", "b.jpg", "c"]), max_size=12))
def test_names_are_distinct_and_kept_where_they_can_be(names: list[str]) -> None:
    chosen = distinct(names)
    assert len(set(chosen)) == len(names)
    assert set(names) <= set(chosen)
    assert distinct(["photo.jpg", "photo.jpg"]) == ["photo.jpg", "photo-2.jpg"]
