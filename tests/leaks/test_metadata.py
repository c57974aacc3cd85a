"""Places, serial numbers and names in every block that a photo may carry: in no result."""

import pytest

from bots.conversation import Lab
from core.blobs import Blobs
from core.jobs import Enhanced, PhotoRef
from core.queue import Queue
from core.recipe import Format, Recipe
from core.store import Client
from tests.doubles.jobs import fresh
from tests.leaks.marked import DATE, FILES, told
from tests.leaks.structure import parts
from tests.worker.imaging.pictures import opened
from worker.bench import Bench
from worker.imaging.decode import decode
from worker.imaging.encode import encode
from worker.imaging.png import write_png

ALLOWED = {
    # EXIF, the profile, tables, size, scan; FFE0 is JFIF's own
    "jpeg": {"E0 JFIF", "E1 Exif", "E2 ICC_PROFILE", "DB", "C0", "C2", "C4"},
    "png": {"IHDR", "iCCP", "eXIf", "IDAT", "IEND"},
    "webp": {"VP8X", "ICCP", "ALPH", "VP8 ", "VP8L", "EXIF"},
}
WITHOUT_EXIF = {"gif"}


def check(data: bytes, *, dated: bool) -> None:
    """Nothing private in a result, which is upright and has its profile and, if `dated`, EXIF."""
    image = opened(data)
    kind = str(image.format).lower()
    assert told(data) == []
    assert set(parts(data)) <= ALLOWED[kind]
    assert image.info["icc_profile"]
    fields = image.getexif()
    assert not fields.get_ifd(0x8825)
    if dated:
        assert image.height > image.width  # it lay on its side
        assert fields[0x0112] == 1
        assert (fields[0x010F], fields[0x8298]) == ("Canon", "(c) Ada")
        assert fields.get_ifd(0x8769)[0x9003] == DATE


@pytest.mark.parametrize("kind", FILES)
def test_the_sources_tell_everything(kind: str) -> None:
    data = FILES[kind]()
    assert "plain" in told(data)
    if kind not in WITHOUT_EXIF:
        assert "the latitude" in told(data)
        assert "UTF-16" in told(data)


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize("wanted", list(Format))
def test_a_photo_saved_again_tells_nothing(kind: str, wanted: Format) -> None:
    saved = encode(decode(FILES[kind]()), wanted, max_bytes=10**7)
    check(saved.data, dated=kind not in WITHOUT_EXIF)


def test_a_photo_of_sixteen_bits_tells_nothing() -> None:
    photo = decode(FILES["png"]())
    source = write_png(photo.pixels, icc=b"", exif=photo.exif or b"")
    saved = encode(decode(source), max_bytes=10**7)
    assert saved.data[24] == 16
    check(saved.data, dated=False)


async def test_an_enhanced_photo_and_its_comparison_tell_nothing(
    lab: Lab, client: Client, bench: Bench
) -> None:
    """All kinds in one album through the worker's bench, its results taken from the photo store."""
    refs = []
    for kind, made in FILES.items():
        key = Blobs.key("job-1", f"in-{kind}", 9_000_000_000)
        await lab.blobs.put(key, made())
        refs.append(PhotoRef(key=key, name=f"photo.{kind}"))
    recipe = Recipe(scale=2, denoise=0, faces=0)
    job = fresh(photos=tuple(refs), recipe=recipe)
    await Queue(client).enqueue(job)
    await bench.work(job.id)
    async for delivery in lab.outbox.deliveries("test", block_seconds=0.1):
        results = delivery.reply.results
        await lab.outbox.acknowledge(delivery)
        break
    assert len(results) == len(FILES)
    for kind, result in zip(FILES, results, strict=True):
        assert isinstance(result, Enhanced), result
        check(await lab.blobs.get(result.key), dated=kind not in WITHOUT_EXIF)
        assert result.collage is not None
        comparison = await lab.blobs.get(result.collage)
        assert told(comparison) == []
        assert set(parts(comparison)) <= ALLOWED["jpeg"] - {"E1 Exif"}


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp"])
def test_what_this_test_looks_for_is_found_where_it_is(kind: str) -> None:
    """A result with one block too many is noticed by its words and by its parts."""
    data = FILES[kind]()
    assert not set(parts(data)) <= ALLOWED[kind]
    with pytest.raises(AssertionError):
        check(data, dated=True)
