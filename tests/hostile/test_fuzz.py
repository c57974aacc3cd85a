"""Files nobody thought of: at random, and the zoo's and honest ones with bytes changed."""

import random
import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import PhotoRefused
from core.exif import Exif
from core.images import KINDS, Limits, inspect
from core.signatures import other_kind, photo_kind
from tests.hostile.pieces import file, picture
from tests.hostile.zoo import ZOO
from worker.imaging.encode import encode
from worker.imaging.isolation import Decoders
from worker.imaging.metadata import kept

FUZZ = settings(
    derandomize=True,
    deadline=None,
    max_examples=150,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
SMALL = Limits(max_pixels=1_000_000)
_LARGEST = 200_000

STARTS = [
    b"\xff\xd8\xff\xe0", b"\xff\xd8\xff\xe1", b"\x89PNG\r\n\x1a\n", b"RIFF\x40\0\0\0WEBPVP8X",
    b"RIFF\x40\0\0\0WEBPVP8L", b"GIF89a", b"BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0", b"II*\0",
    b"MM\0*", b"II+\0",
    b"\0\0\0\x18ftypavif\0\0\0\0mif1miaf", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
]  # fmt: skip


@pytest.fixture(scope="module")
def beasts() -> dict[str, bytes]:
    """The smaller files of the zoo, and an honest one of each kind."""
    made = {name: make() for name, (_outcomes, make) in ZOO.items()}
    honest = {kind: file(kind, picture(120, 90)) for kind in KINDS}
    return {name: data for name, data in (made | honest).items() if 0 < len(data) <= _LARGEST}


def sentence(error: PhotoRefused) -> None:
    """A refusal in words."""
    assert error.text.endswith(".")


def looked_at(data: bytes) -> None:
    """Either a header within the limits or a sentence."""
    try:
        header = inspect(data, SMALL)
    except PhotoRefused as error:
        sentence(error)
        return
    assert header.kind in KINDS
    assert SMALL.min_side <= min(header.width, header.height)
    assert header.width * header.height <= SMALL.max_pixels


def changed(data: bytes, dice: random.Random) -> bytes:
    """A file with a few bytes changed, left out or put in, most of them near its beginning."""
    content = bytearray(data)
    for _change in range(dice.randint(1, 8)):
        near = min(len(content), dice.choice([40, 400, len(content)]))
        at = dice.randrange(max(1, near))
        match dice.randrange(5):
            case 0:
                content[at : at + 1] = dice.randbytes(1)
            case 1:
                content[at : at + 4] = dice.choice([b"\xff" * 4, bytes(4), b"\x7f\xff\xff\xff"])
            case 2:
                del content[at : at + dice.randint(1, 9)]
            case 3:
                content[at:at] = dice.randbytes(dice.randint(1, 9))
            case _other:
                content[at : at + 1] = bytes(
                    [content[at] ^ 1 << dice.randrange(8)] if content else []
                )
    return bytes(content)


@FUZZ
@given(st.sampled_from(STARTS), st.binary(max_size=600))
def test_the_intake_takes_any_bytes(start: bytes, rest: bytes) -> None:
    looked_at(rest)
    looked_at(start + rest)


@FUZZ
@given(st.binary(max_size=600))
def test_signatures_and_exif_take_any_bytes(data: bytes) -> None:
    assert photo_kind(data) in {None, *KINDS}
    assert other_kind(data) is None or isinstance(other_kind(data), str)
    for block in (data, b"II*\0" + data, b"Exif\0\0MM\0*" + data):
        assert 1 <= Exif(block).orientation <= 8
        assert Exif(block).adobe_rgb in (True, False)
        assert len(kept(block, 20_000, 20_000)) < 1 << 16


@FUZZ
@given(st.data())
def test_the_intake_takes_the_zoo_changed(beasts: dict[str, bytes], data: st.DataObject) -> None:
    beast = beasts[data.draw(st.sampled_from(sorted(beasts)))]
    looked_at(changed(beast, random.Random(data.draw(st.integers(0, 2**32)))))


@pytest.mark.parametrize("kind", KINDS)
def test_changed_photos_are_opened_or_refused(
    beasts: dict[str, bytes], decoders: Decoders, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    dice = random.Random(kind)
    outcomes: set[str] = set()
    for _round in range(40):
        data = changed(beasts[kind], dice)
        try:
            photo = decoders.decode(data, SMALL)
        except PhotoRefused as error:
            sentence(error)
            outcomes.add(error.code)
            continue
        outcomes.add("opened")
        assert photo.width * photo.height <= SMALL.max_pixels
        assert encode(photo, max_bytes=10_000_000).data
    assert not caplog.records  # no fork fell
    assert {"opened", "broken"} <= outcomes


def test_many_looks_at_once_are_independent(beasts: dict[str, bytes]) -> None:
    dice = random.Random(5)
    files = [changed(beasts[kind], dice) for kind in KINDS for _round in range(10)]
    faults: list[BaseException] = []

    def look() -> None:
        try:
            for data in files:
                looked_at(data)
        except BaseException as error:
            faults.append(error)

    threads = [threading.Thread(target=look) for _number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not faults
