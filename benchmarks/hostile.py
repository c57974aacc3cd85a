"""What hostile files cost, and what it costs to open every photo in a process of its own.

First the zoo of `tests/hostile`: the look at the header, each file in a process that is watched,
and the opening of those that were taken in. Then photos of 1, 12 and 50 megapixels, opened here and
apart, in turns, beside the least that is done with every photo: saving it, and the before/after
picture.

    python -m benchmarks.hostile [--rounds 5] [--all]
"""

import argparse
import io
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image

from core.errors import PhotoRefused
from core.images import Limits
from tests.hostile.intake import Look, read
from tests.hostile.zoo import ZOO
from worker.imaging.collage import collage
from worker.imaging.decode import decode
from worker.imaging.encode import encode
from worker.imaging.isolation import Decoders

MEGAPIXELS = (1, 12, 50)
SHOWN = 15
MIB = 1 << 20


@dataclass(frozen=True)
class Seen:
    """One file of the zoo: the look at its header, and what came of opening it, if it was."""

    look: Look
    outcome: str
    seconds: float
    memory: int

    @property
    def cost(self) -> float:
        """What the table is sorted by: seconds in all."""
        return self.look.seconds + self.seconds


def main() -> None:
    """Print the two tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--all", action="store_true", help="every file, not the dearest alone")
    wishes = parser.parse_args()
    seen = sorted(_zoo(), key=lambda one: -one.cost)
    print(f"{'file':46} {'MB':>6} {'intake s':>9} {'MiB':>5} {'opening s':>10} {'MiB':>5}  outcome")
    for one in seen if wishes.all else seen[:SHOWN]:
        print(
            f"{one.look.name[:46]:46} {one.look.size / 1e6:6.1f} {one.look.seconds:9.2f} "
            f"{one.look.memory // MIB:5} {one.seconds:10.2f} {one.memory // MIB:5}  {one.outcome}"
        )
    looks = [one.look for one in seen]
    print(
        f"{len(seen)} files; intake at most {max(look.seconds for look in looks):.2f} s and "
        f"{max(look.memory for look in looks) // MIB} MiB, opening at most "
        f"{max(one.seconds for one in seen):.2f} s and {max(one.memory for one in seen) // MIB} MiB"
    )
    print()
    print(f"{'megapixels':>10} {'here ms':>8} {'apart ms':>9} {'rest ms':>8} {'of the least':>13}")
    for megapixels in MEGAPIXELS:
        here, apart, rest = _costs(megapixels, wishes.rounds)
        share = (apart - here) / (apart + rest)
        print(f"{megapixels:10} {here:8.0f} {apart:9.0f} {rest:8.0f} {share:13.1%}", flush=True)


def _zoo() -> Iterator[Seen]:
    run = subprocess.run(
        [sys.executable, "-m", "tests.hostile.intake"],
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    for look in read(run.stdout):
        if look.outcome != "taken":
            yield Seen(look, look.outcome, 0.0, 0)
            continue
        data = ZOO[look.name][1]()
        decoders = Decoders(cells=1)
        begun = time.perf_counter()
        try:
            decoders.decode(data)
            outcome = "opened"
        except PhotoRefused as error:
            outcome = error.code
        yield Seen(look, outcome, time.perf_counter() - begun, decoders.memory)
        decoders.close()


def _costs(megapixels: int, rounds: int) -> tuple[float, float, float]:
    """Milliseconds, medians: opening here, opening apart, and saving with the collage."""
    data = _photo(megapixels)
    limits = Limits(max_pixels=51_000_000)
    decoders = Decoders(cells=1)
    photo = decoders.decode(data, limits)
    here, apart, rest = [], [], []
    for _round in range(rounds):
        here.append(_milliseconds(lambda: decode(data, limits)))
        apart.append(_milliseconds(lambda: decoders.decode(data, limits)))
    for _round in range(min(rounds, 3)):
        rest.append(_milliseconds(lambda: encode(photo, max_bytes=50_000_000)))
        rest[-1] += _milliseconds(lambda: collage(photo, photo))
    decoders.close()
    return statistics.median(here), statistics.median(apart), statistics.median(rest)


def _milliseconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - begun)


def _photo(megapixels: int) -> bytes:
    """Waves with grain, 4:3, as a JPEG."""
    height = round((megapixels * 1e6 * 3 / 4) ** 0.5)
    width = round(height * 4 / 3)
    across, down = np.arange(width, dtype=np.float32) / 9, np.arange(height, dtype=np.float32) / 9
    waves = 128 + 90 * np.sin(down)[:, None] * np.cos(across)[None]
    waves += np.random.default_rng(0).normal(0, 5, waves.shape)
    levels = np.clip(waves, 0, 255).astype(np.uint8)
    packed = io.BytesIO()
    colours = np.stack([levels, levels[::-1], levels[:, ::-1]], axis=-1)
    Image.fromarray(colours).save(packed, "JPEG", quality=92)
    return packed.getvalue()


if __name__ == "__main__":
    main()
