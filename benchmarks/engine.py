"""Megapixels a second of the engine, against upstream's way of running the same network.

Upstream's way is what `RealESRGANer` does without tiles: the whole picture as one NCHW tensor
through the eager network under `torch.no_grad`, in float32 on a CPU and float16 on a GPU. Both
ways run in turns in one process over the same picture, from 8-bit values to 8-bit values, and the
median of each is compared.

    python -m benchmarks.engine [--model FILE]... [--photo FILE] [--side 512] [--rounds 5]
"""

import argparse
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from weights.catalog import CatalogRow, Purpose
from weights.store import WeightsStore
from worker.engine import Engine
from worker.imaging.decode import decode
from worker.imaging.photo import to_eight_bits, to_sixteen_bits
from worker.models import LoadedModel, load

Picture = NDArray[np.uint8]


def main() -> None:
    """Print one line a network."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--model", type=Path, action="append", default=[], metavar="FILE")
    parser.add_argument("--photo", type=Path, help="its middle is taken; else noise on waves")
    parser.add_argument("--side", type=int, default=512, help="of the square picture, in pixels")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--tile", type=int, default=0)
    wishes = parser.parse_args()
    engine = Engine(wishes.device, tile=wishes.tile)
    picture = _picture(wishes.photo, wishes.side)
    megapixels = picture.shape[0] * picture.shape[1] / 1e6
    print(
        f"{_machine(engine)}, torch {torch.__version__}; {picture.shape[1]}×{picture.shape[0]} px"
    )
    heads = ("network", "upstream s", "ours s", "ours MP/s", "ratio", "Δ/255")
    print("{:34} {:>10} {:>8} {:>9} {:>6} {:>6}".format(*heads))
    for row, path in _models(wishes.model):
        # Two copies, since the engine lays its own out channels-last.
        ours, theirs = load(row, path), load(row, path)
        slow, fast, difference = _race(engine, ours, theirs, picture, wishes.rounds)
        print(
            f"{row.id:34} {slow:10.2f} {fast:8.2f} {megapixels / fast:9.3f} "
            f"{slow / fast:6.2f} {difference:6.0f}",
            flush=True,
        )


def _race(
    engine: Engine, ours: LoadedModel, theirs: LoadedModel, picture: Picture, rounds: int
) -> tuple[float, float, int]:
    """Median seconds of upstream's way and of ours, and the largest difference in 8-bit levels."""
    slow, fast = [], []
    one = two = picture
    for number in range(rounds + 1):
        seconds, one = _timed(lambda: _upstream(theirs, picture, engine.device))
        quicker, two = _timed(lambda: to_eight_bits(engine.run(ours, to_sixteen_bits(picture))))
        if number:  # The first round warms both up.
            slow.append(seconds)
            fast.append(quicker)
    difference = int(np.abs(one.astype(int) - two).max())
    return statistics.median(slow), statistics.median(fast), difference


def _timed(work: Callable[[], Picture]) -> tuple[float, Picture]:
    begun = time.perf_counter()
    result = work()
    return time.perf_counter() - begun, result


def _upstream(model: LoadedModel, picture: Picture, device: torch.device) -> Picture:
    half = device.type == "cuda" and model.half
    dtype = torch.float16 if half else torch.float32
    model.module.to(device, dtype)
    levels = torch.from_numpy(np.transpose(picture.astype(np.float32) / 255, (2, 0, 1)).copy())
    with torch.no_grad():
        output = model.call(levels.unsqueeze(0).to(device, dtype))
    clamped = output.squeeze().float().cpu().clamp(0, 1).numpy()
    result: Picture = (np.transpose(clamped, (1, 2, 0)) * 255.0).round().astype(np.uint8)
    return result


def _models(files: list[Path]) -> list[tuple[CatalogRow, Path]]:
    store = WeightsStore()
    photo = (Purpose.UPSCALE, Purpose.DENOISE)
    shipped = [(row, store.path(row)) for row in store.rows() if row.purpose in photo]
    given = [
        (
            CatalogRow(
                id=path.stem,
                name=path.stem,
                purpose=Purpose.UNKNOWN,
                file=path.name,
                licence="as its author says",
                commercial=None,
                source="given",
                own=True,
            ),
            path,
        )
        for path in files
    ]
    return shipped + given


def _picture(photo: Path | None, side: int) -> Picture:
    if photo is not None:
        pixels = to_eight_bits(decode(photo.read_bytes()).pixels)
        top, left = (max(0, (length - side) // 2) for length in pixels.shape[:2])
        return np.ascontiguousarray(pixels[top : top + side, left : left + side])
    down, across = np.mgrid[0:side, 0:side] / 9
    waves = 128 + 90 * np.sin(down)[..., None] * np.cos(across[..., None] / [1, 2, 3])
    grain = np.random.default_rng(0).normal(0, 5, waves.shape)
    return np.asarray(np.clip(waves + grain, 0, 255), dtype=np.uint8)


def _machine(engine: Engine) -> str:
    if engine.device.type == "cuda":
        return str(torch.cuda.get_device_name(engine.device))
    return f"{platform.machine()} CPU, {torch.get_num_threads()} threads"


if __name__ == "__main__":
    main()
