"""How well a diagnosis finds damage that was planted in clean photos.

For each damage the rank correlation of what was planted and what was found, over all photos
together, the mean error, and the middle estimate for each size. Ranks of gamma and cast are low by
nature: photos are dark, bright and coloured by themselves, so both estimates, by which the plan
decides, rather say too little. Then what is taken for what, the figures
of the photos as they are, and the time for 12 megapixels on one core.

    python -m benchmarks.diagnosis --images FOLDER [--limit 41]
"""

import argparse
import statistics
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.diagnosis.pictures import drawing, screenshot
from benchmarks.diagnosis.planting import (
    PLANTS,
    Levels,
    Plant,
    blurred,
    enlarged,
    jpegged,
    moved,
)
from benchmarks.figures import machine
from benchmarks.quality.photos import clean_photo, readable
from worker.diagnosis import Diagnosis, diagnose
from worker.imaging.photo import Photo, to_sixteen_bits

DRAWN = 20
ROUNDS = 9
LARGE = (3000, 4000)

FIGURES: tuple[tuple[str, Callable[[Diagnosis], float]], ...] = (
    ("noise, of 255", lambda found: found.noise_sigma),
    ("blocking, of 255", lambda found: found.blocking),
    ("blur, px", lambda found: found.blur.sigma),
    ("contrast, L*", lambda found: found.light.contrast),
    ("gamma", lambda found: found.light.gamma),
    ("cast, a*b*", lambda found: found.colour.cast),
    ("texture, of 255", lambda found: found.texture),
)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--images", type=Path, required=True, help="a folder of clean photos")
    parser.add_argument("--limit", type=int)
    wishes = parser.parse_args()
    photos = [
        (file.name, np.asarray(clean_photo(file))) for file in readable(wishes.images, wishes.limit)
    ]
    print(f"{len(photos)} photos; {machine()}\n")
    print(f"{'planted':27} {'Spearman':>8} {'error':>7}  found for each size")
    for plant in PLANTS:
        print(_row(plant, photos), flush=True)
    clean = [levels for _name, levels in photos]
    print("\ntaken for")
    for name, kinds in _confusion(clean):
        print(f"{name:24} " + ", ".join(f"{kind} {count}" for kind, count in kinds.most_common()))
    print(f"\n{'photos as they are':27} {'5 %':>8} {'middle':>8} {'95 %':>8}")
    found = [diagnosed(levels) for levels in clean]
    for name, figure in FIGURES:
        low, middle, high = np.percentile([figure(one) for one in found], (5, 50, 95))
        print(f"{name:27} {low:8.2f} {middle:8.2f} {high:8.2f}")
    print(f"\n12 megapixels: {_milliseconds(clean[0]):.0f} ms")


def diagnosed(levels: Levels, *, quality: float | None = None) -> Diagnosis:
    """The diagnosis of 8-bit pixels from a file that tells its JPEG `quality`, or nothing."""
    return diagnose(Photo(to_sixteen_bits(levels), jpeg_quality=quality))


def spearman(one: Sequence[float], other: Sequence[float]) -> float:
    """The rank correlation of two equally long sequences, equal values sharing their mean rank."""
    return float(np.corrcoef(_ranks(one), _ranks(other))[0, 1])


def _ranks(values: Sequence[float]) -> NDArray[np.float64]:
    _unique, place, number = np.unique(values, return_inverse=True, return_counts=True)
    ranks: NDArray[np.float64] = (np.cumsum(number) - (number - 1) / 2)[place]
    return ranks


def _row(plant: Plant, photos: Iterable[tuple[str, Levels]]) -> str:
    truths, estimates = [], []
    middles: dict[float, list[float]] = {size: [] for size in plant.sizes}
    for name, levels in photos:
        for size in plant.sizes:
            seed = zlib.crc32(f"{plant.name} {size} {name}".encode())
            poor, truth = plant.damage(levels, size, np.random.default_rng(seed))
            truths.append(truth)
            estimates.append(plant.read(diagnosed(poor)))
            middles[size].append(_size(estimates[-1]))
    rank = spearman([_size(one) for one in truths], [_size(one) for one in estimates])
    error = np.mean([abs(one - other) for one, other in zip(truths, estimates, strict=True)])
    found = "  ".join(
        f"{size:g}: {statistics.median(values):.3g}" for size, values in middles.items()
    )
    return f"{f'{plant.name} ({plant.unit})':27} {rank:8.3f} {error:7.2f}  {found}"


def _size(figure: float | complex) -> float:
    return abs(figure) if isinstance(figure, complex) else figure


def _confusion(clean: Sequence[Levels]) -> Iterable[tuple[str, Counter[str]]]:
    planted: tuple[tuple[str, Callable[[Levels], Levels]], ...] = (
        ("sharp", lambda levels: levels),
        ("soft, 2 px", lambda levels: blurred(levels, 2)),
        ("motion, 12 px", lambda levels: moved(levels, 12, 30)),
        ("enlarged 3 times", lambda levels: enlarged(levels, 3)),
    )
    for name, damage in planted:
        yield name, Counter(str(diagnosed(damage(levels)).blur.kind) for levels in clean)
    drawn = {
        "photo": clean,
        "drawing": [drawing(seed) for seed in range(DRAWN)],
        "screenshot": [screenshot(seed) for seed in range(DRAWN)],
    }
    for name, pictures in drawn.items():
        yield name, Counter(str(diagnosed(levels).kind) for levels in pictures)
        poor = [jpegged(levels, 60) for levels in pictures]
        yield f"{name}, JPEG 60", Counter(str(diagnosed(one, quality=60).kind) for one in poor)


def _milliseconds(levels: Levels) -> float:
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        high, wide = (-(-whole // part) for whole, part in zip(LARGE, levels.shape, strict=False))
        large = np.tile(levels, (high, wide, 1))[: LARGE[0], : LARGE[1]]
        photo = Photo(to_sixteen_bits(np.ascontiguousarray(large)))
        seconds = []
        for _round in range(ROUNDS):
            since = time.process_time()
            diagnose(photo)
            seconds.append(time.process_time() - since)
    finally:
        cv2.setNumThreads(threads)
    return 1000 * statistics.median(seconds)


if __name__ == "__main__":
    main()
