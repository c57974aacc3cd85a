import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from core.errors import PhotoRefused
from core.images import KINDS, Limits
from core.language import speaking
from tests.core.test_images import file as file_of
from tests.doubles.photos import photo_file
from tests.worker.imaging.marked import FAULTS, LIES
from tests.worker.imaging.pictures import file, noise
from worker.imaging.decode import decode
from worker.imaging.isolation import Decoders

MARKED = (sys.executable, "-m", "tests.worker.imaging.marked")
ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="asks /proc")


@pytest.fixture(scope="module")
def decoders() -> Iterator[Decoders]:
    """The real thing."""
    decoders = Decoders()
    yield decoders
    decoders.close()


@pytest.fixture(scope="module")
def marked() -> Iterator[Decoders]:
    """One cell, whose decoder obeys the words of `marked`, and a second at most for each."""
    decoders = Decoders(cells=1, seconds=1, grace=0.5, command=MARKED)
    yield decoders
    decoders.close()


def told(decoders: Decoders, question: bytes) -> str:
    with pytest.raises(PhotoRefused) as caught:
        decoders.decode(question)
    assert caught.value.code == "told"
    return caught.value.text


@pytest.mark.parametrize("kind", KINDS)
def test_gives_what_decoding_here_gives(decoders: Decoders, kind: str) -> None:
    data = file_of(kind)
    here, apart = decode(data), decoders.decode(data)
    assert np.array_equal(apart.pixels, here.pixels)
    assert apart.pixels.dtype == np.uint16
    fields = ("grey", "depth", "kind", "lossless", "exif", "animated", "jpeg_quality", "generated")
    assert [getattr(apart, name) for name in fields] == [getattr(here, name) for name in fields]
    assert apart.alpha is None


def test_alpha_grey_depth_exif_and_animation_come_through(decoders: Decoders) -> None:
    grey = file(noise(20, 30, channels=2), "PNG", exif=_exif())
    frames = file(
        noise(20, 30), "GIF", save_all=True, append_images=[Image.fromarray(noise(20, 30, 2))]
    )
    deep = file(np.arange(600, dtype=np.uint16).reshape(20, 30) * 100, "PNG")
    for data in (grey, frames, deep):
        here, apart = decode(data), decoders.decode(data)
        assert np.array_equal(apart.pixels, here.pixels)
        assert (apart.alpha is None) == (here.alpha is None)
        if apart.alpha is not None and here.alpha is not None:
            assert np.array_equal(apart.alpha, here.alpha)
        assert (apart.grey, apart.depth) == (here.grey, here.depth)
        assert (apart.exif, apart.animated) == (here.exif, here.animated)
    assert decoders.decode(grey).alpha is not None
    assert decoders.decode(grey).exif
    assert decoders.decode(deep).depth == 16
    assert decoders.decode(frames).animated


def test_the_pixels_are_the_photos_own_and_may_be_changed(decoders: Decoders) -> None:
    data = photo_file()
    first = decoders.decode(data)
    first.pixels[...] = 0
    assert decoders.decode(data).pixels.any()


def test_a_refusal_is_told_in_the_language_of_the_task(decoders: Decoders) -> None:
    cut = photo_file(400, 300, kind="JPEG")[:-400]
    texts = set()
    for language in ("en", "de"):
        with speaking(language), pytest.raises(PhotoRefused) as here:
            decode(cut)
        with speaking(language), pytest.raises(PhotoRefused) as apart:
            decoders.decode(cut)
        assert (apart.value.code, apart.value.text) == (here.value.code, here.value.text)
        texts.add(apart.value.text)
    assert len(texts) == 2


def test_limits_hold(decoders: Decoders) -> None:
    with pytest.raises(PhotoRefused) as caught:
        decoders.decode(photo_file(), Limits(max_pixels=100))
    assert caught.value.code == "too_many_pixels"


@pytest.mark.parametrize("fault", FAULTS)
def test_a_death_is_one_refused_photo(marked: Decoders, fault: bytes) -> None:
    with pytest.raises(PhotoRefused) as caught:
        marked.decode(fault)
    assert caught.value.code == "crashed"
    assert "breaks the program that opens photos" in caught.value.text
    assert marked.decode(photo_file()).width == 32


@pytest.mark.parametrize("lie", LIES)
def test_what_a_fork_tells_is_not_believed(marked: Decoders, lie: bytes) -> None:
    with pytest.raises(PhotoRefused) as caught:
        marked.decode(lie, Limits(max_pixels=1_000_000))
    assert caught.value.code == "crashed"
    assert marked.decode(photo_file()).width == 32


@ON_LINUX
def test_memory_ends_before_that_of_the_machine(marked: Decoders) -> None:
    with pytest.raises(PhotoRefused) as caught:
        marked.decode(b"gorge")
    assert "too much memory" in caught.value.text
    assert marked.decode(photo_file()).width == 32


@ON_LINUX
def test_a_cell_killed_between_two_photos_is_replaced(marked: Decoders) -> None:
    cell = int(told(marked, b"cell"))
    assert cell == int(told(marked, b"cell"))  # each photo has a fork, all of one cell
    watch = os.pidfd_open(cell)
    os.kill(cell, signal.SIGKILL)
    assert select.select([watch], [], [], 10)[0]
    os.close(watch)
    assert marked.decode(photo_file()).width == 32
    assert int(told(marked, b"cell")) != cell


@ON_LINUX
def test_a_stop_of_the_whole_group_costs_no_photo(marked: Decoders) -> None:
    cell = int(told(marked, b"cell"))
    os.killpg(cell, signal.SIGTERM)
    os.killpg(cell, signal.SIGINT)
    assert int(told(marked, b"cell")) == cell


@ON_LINUX
def test_a_fork_sees_no_secret_and_no_file_but_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://:secret@host")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    decoders = Decoders(cells=1, command=MARKED)
    try:
        names = told(decoders, b"environment").split()
        assert "PATH" in names
        assert not [name for name in names if "REDIS" in name or "AWS" in name]
        files = told(decoders, b"files")
        assert files.count("memfd:photo") == 2
        assert "socket" not in files
        assert told(decoders, b"tasks") == "1"  # a process with threads is not to be forked
        assert told(decoders, b"victim") == "1000"
    finally:
        decoders.close()


def test_many_threads_may_ask(decoders: Decoders) -> None:
    files = [file(noise(90 + number, 60), "PNG") for number in range(12)]
    with ThreadPoolExecutor(4) as threads:
        photos = threads.map(decoders.decode, files)
        assert [photo.width for photo in photos] == list(range(90, 102))


@ON_LINUX
def test_nothing_outlives_a_killed_worker() -> None:
    code = (
        "import sys, threading, time\n"
        "from worker.imaging.isolation import Decoders\n"
        f"decoders = Decoders(cells=1, command={MARKED!r})\n"
        "try:\n    decoders.decode(b'cell')\n"
        "except Exception as error:\n    print(error, flush=True)\n"
        "decoders.decode(b'sleep')\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        cell = int(parent.stdout.readline())
        watch = os.pidfd_open(cell)
        parent.send_signal(signal.SIGKILL)
    assert select.select([watch], [], [], 10)[0]
    os.close(watch)


def _exif() -> bytes:
    exif = Image.Exif()
    exif[0x010F] = "Canon"
    return exif.tobytes()
