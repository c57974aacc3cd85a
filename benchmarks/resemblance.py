"""Whether the face stage knows a face that drifts from one that is only restored.

    python -m benchmarks.resemblance --faces DIR [--strength 70] [--limit N] [--model NAME]

Aligned clean faces are made poor as in the quality measurements, denoised or not, and restored.
To the true results come planted ones: the clean face itself, as of a perfect restorer, other
people's, mouths and eyes moved by 5–15 % of the eye distance, faces twice as smooth. A second table
shows what the guard of fine texture gives back of sharp faces, with noise and without, that a
restorer blurred.
"""

import argparse
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from benchmarks.quality.damage import FACES, Task, noisy
from benchmarks.quality.landmarks import template_points
from benchmarks.quality.methods import Bench, gather
from benchmarks.quality.photos import clean_photo, readable
from core.settings import WorkerSettings
from weights.store import WeightsStore
from worker.diagnosis import noise_sigma
from worker.engine import Engine
from worker.faces import Face
from worker.imaging.photo import Box, Photo, Pixels, to_sixteen_bits
from worker.models import LoadedModel
from worker.stages.denoise import denoise
from worker.stages.faces import restore
from worker.stages.faces.alignment import cut
from worker.stages.faces.change import change
from worker.stages.faces.resemblance import Drift, drift, kept
from worker.stages.faces.texture import with_texture

__all__ = ["main"]

_DENOISED = 85
_MOVES = (5, 10, 15)
_GENUINE = "the clean face"
_NOISES = (0, 4, 8, 15)
_GREY = np.array([0.299, 0.587, 0.114], np.float32)

Levels = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class _Poor:
    """A poor face, which fills its photo, as crops of 256 pixels: clean, as it is, restored."""

    native: int
    clean: Pixels
    plain: Pixels
    restored: Pixels


@dataclass(frozen=True)
class _Trial:
    """What became of one face: its drift, the strength kept, the PSNR gained by all of it (dB)."""

    drift: Drift
    kept: int
    gain: float


def main(arguments: Sequence[str] | None = None) -> int:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--faces", type=Path, required=True, help="folder of aligned clean faces")
    parser.add_argument("--strength", type=int, default=70)
    parser.add_argument("--limit", type=int, help="measure only so many faces")
    parser.add_argument("--model", action="append", default=[], help="file or name; repeatable")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    wishes = parser.parse_args(arguments)
    torch.set_num_threads(wishes.threads)
    files = readable(wishes.faces, wishes.limit)
    bench = gather(WeightsStore(WorkerSettings.load().weights), Engine("cpu"), wishes.model)
    if len(files) < 2 or not bench.restorers:
        parser.error("two faces and a face restorer are needed")
    _print_drift(files, bench, wishes.strength)
    _print_texture(files)
    return 0


def _print_drift(files: Sequence[Path], bench: Bench, strength: int) -> None:
    print(f"{len(files)} faces at {strength} %; medians and 95th percentiles (5th where planted)")
    print(f"{'':38} {'shift px':>11} {'unlike %':>11} {'paler %':>13} {'lowered':>8} {'kept':>5}")
    for restorer in bench.restorers:
        for denoiser in (None, *bench.denoisers[:1]):
            before = "" if denoiser is None else f"{denoiser.id} + "
            print(f"{before}{restorer.id}")
            faces = [_poor(file, bench.engine, restorer, denoiser) for file in files]
            cases: dict[str, list[_Trial]] = defaultdict(list)
            for number, face in enumerate(faces):
                other = faces[(number + 1) % len(faces)]
                for case, result in _results(face, other, number):
                    cases[case].append(_trial(face, result, strength))
            for case, trials in cases.items():
                print(_line(case, trials, strength))
            better = [trial for trial in cases["restored"] if trial.gain > 0]
            lowered = sum(trial.kept < strength for trial in better)
            gain = np.mean([trial.gain for trial in cases["restored"]])
            print(f"  restored: {gain:+.2f} dB, nearer to the clean face: {len(better)}", end="")
            print(f", of these lowered: {lowered}")


def _line(case: str, trials: Sequence[_Trial], strength: int) -> str:
    end = 95 if case in ("restored", _GENUINE) else 5
    figures = [(each.drift.shift, each.drift.unlikeness, each.drift.paling) for each in trials]
    middle, far = np.percentile(figures, (50, end), axis=0)
    lowered = sum(trial.kept < strength for trial in trials) / len(trials)
    return (
        f"  {case:36} {middle[0]:5.2f} {far[0]:5.2f} {middle[1]:5.1f} {far[1]:5.1f} "
        f"{middle[2]:6.1f} {far[2]:6.1f} {lowered:8.0%} {np.mean([t.kept for t in trials]):5.0f}"
    )


def _poor(file: Path, engine: Engine, restorer: LoadedModel, denoiser: LoadedModel | None) -> _Poor:
    clean = clean_photo(file)
    pixels = to_sixteen_bits(np.asarray(FACES.poor(clean, file.name)))
    if denoiser is not None:
        pixels = denoise(pixels, denoiser, engine, _DENOISED)
    native = pixels.shape[0]
    face = Face(Box(0, 0, native, native), template_points(native), 1.0)
    (restored,), _ = restore(pixels, [face], restorer, engine, binding=True)
    side = restored.crop.shape[0]
    return _Poor(
        native,
        to_sixteen_bits(np.asarray(clean.resize((side, side), Image.Resampling.BICUBIC))),
        cut(pixels, restored.to_crop, side),
        restored.crop,
    )


def _results(face: _Poor, other: _Poor, number: int) -> Iterator[tuple[str, Pixels]]:
    """What a restorer may have made of a face, the good first."""
    yield "restored", face.restored
    yield _GENUINE, face.clean
    yield "another's, restored", other.restored
    yield "another's, clean", other.clean
    for feature, place in (("mouth", slice(3, 5)), ("eye", slice(number % 2, number % 2 + 1))):
        for percent in _MOVES:
            for whose, crop in (("restored", face.restored), ("clean", face.clean)):
                yield (
                    f"{feature} moved by {percent} %, {whose}",
                    _moved(crop, place, percent, 2.1 * number),
                )
    yield "twice as smooth", _smoothed(face.restored)


def _moved(crop: Pixels, place: slice, percent: float, towards: float) -> Pixels:
    """The crop with the template's points at `place` moved by so much of the eye distance."""
    side = crop.shape[0]
    points = template_points(side)
    eyes = float(np.hypot(*(points[1] - points[0])))
    x, y = points[place].mean(axis=0)
    down, across = np.mgrid[:side, :side].astype(np.float32)
    near = np.exp(-(((across - x) / 1.3) ** 2 + (down - y) ** 2) / (0.45 * eyes) ** 2)
    reach = percent / 100 * eyes * near
    moved: Any = cv2.remap(
        crop,
        (across - np.cos(towards) * reach).astype(np.float32),
        (down - np.sin(towards) * reach).astype(np.float32),
        cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REFLECT_101,
    )
    pixels: Pixels = moved
    return pixels


def _smoothed(crop: Pixels) -> Pixels:
    """The crop blurred until its slopes are half as steep."""
    steep, sigma, result = _slopes(crop), 0.0, crop
    while _slopes(result) > steep / 2:
        sigma += 0.25
        result = cv2.GaussianBlur(crop, (0, 0), sigma).astype(np.uint16)
    return result


def _slopes(crop: Pixels) -> float:
    return float(np.hypot(*np.gradient(_inner(_light(crop)))).mean())


def _trial(face: _Poor, result: Pixels, strength: int) -> _Trial:
    blended = face.plain + change(result, face.plain) * np.float32(strength / 100)
    return _Trial(
        drift(face.plain, blended, face.native),
        kept(face.plain, result, face.native, strength),
        _psnr(blended, face.clean) - _psnr(face.plain, face.clean),
    )


def _print_texture(files: Sequence[Path]) -> None:
    print("\nSharp faces blurred by a restorer (sigma 2.5): fine detail left and PSNR to the clean")
    print(f"{'noise':>7} {'detail':>8} {'guarded':>8} {'PSNR':>7} {'guarded':>8}")
    for sigma in _NOISES:
        task = Task(f"texture {sigma}", 1, partial(_grainy, sigma))
        rows = []
        for file in files:
            clean = clean_photo(file)
            sharp = to_sixteen_bits(np.asarray(clean))
            source = to_sixteen_bits(np.asarray(task.poor(clean, file.name)))
            blurred: Any = cv2.GaussianBlur(sharp, (0, 0), 2.5)
            grain = noise_sigma(Photo(source))
            guarded = with_texture(blurred, source, source.shape[0], grain)
            rows.append(
                [measure(way, sharp) for measure in (_detail, _psnr) for way in (blurred, guarded)]
            )
        detail, kept_detail, psnr, kept_psnr = np.mean(rows, axis=0)
        print(f"{sigma:7} {detail:8.0%} {kept_detail:8.0%} {psnr:7.2f} {kept_psnr:8.2f}")


def _grainy(sigma: float, image: Image.Image, chance: np.random.Generator) -> Image.Image:
    return noisy(image, sigma, chance)


def _detail(result: Pixels, clean: Pixels) -> float:
    """The share of the clean face's fine detail (below sigma 1.2) that is in the result."""
    fine, true = (
        _inner(light - cv2.GaussianBlur(light, (0, 0), 1.2))
        for light in (_light(result), _light(clean))
    )
    return float((fine * true).sum() / (true * true).sum())


def _psnr(result: NDArray[Any], clean: Pixels) -> float:
    off = _inner(result.astype(np.float64) - clean)
    return float(10 * np.log10(65535**2 / max((off**2).mean(), 1e-3)))


def _light(crop: Pixels) -> Levels:
    light: Levels = crop.astype(np.float32) @ _GREY
    return light


def _inner(levels: NDArray[Any]) -> NDArray[Any]:
    """The middle of a crop, where the face is set in fully."""
    rim = levels.shape[0] // 5
    return levels[rim:-rim, rim:-rim]


if __name__ == "__main__":
    raise SystemExit(main())
