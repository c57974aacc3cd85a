"""What the stages without a network make of damage that was planted in clean photos.

    python -m benchmarks.stages --images DIR [--stage tone|light|sharpen|grain] [--limit 10]

tone: how far the broad colours of each model's result are from the source's, in levels of 255, and
its PSNR, before and after they are pulled back. light, sharpen: what is gained in dB over leaving
the photo alone; `touched` is the share of photos that were found to need it. grain: what was
planted, what was measured behind a denoiser, and what was measured again after giving it back.
Means over all photos; `worst` is the photo that fared worst.
"""

import argparse
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from skimage.metrics import structural_similarity

from benchmarks.quality.damage import TASKS, jpeg, noisy
from benchmarks.quality.methods import Bench, gather
from benchmarks.quality.photos import clean_photo, readable
from core.settings import WorkerSettings
from weights.store import WeightsStore
from worker.diagnosis import Blur, BlurKind, diagnose, need
from worker.engine import Engine
from worker.imaging.photo import Photo, Pixels, to_sixteen_bits
from worker.models import LoadedModel
from worker.stages.deconvolution import kernel_of
from worker.stages.grain import give_back, measure
from worker.stages.light import light
from worker.stages.sharpen import sharpen
from worker.stages.tone import colour_error, pull_back

__all__ = ["LIGHTS", "main"]

Picture = NDArray[np.uint8]
Reals = NDArray[np.float64]
Row = tuple[str, ...]

_TONE_TASKS = ("x4 bicubic", "x4 real-world", "x2 real-world", "noise 25", "clean")
_NOISE = 2.0
"""Grain, of 255, beside a planted blur."""

_SHAVE = 4
_LUMA = np.array([0.2126, 0.7152, 0.0722])


@dataclass(frozen=True, eq=False)
class _Photo:
    """A clean photo; its name is the seed of what is random."""

    name: str
    image: Image.Image

    @property
    def clean(self) -> Picture:
        """Its levels, H×W×3."""
        return np.asarray(self.image)

    def chance(self) -> np.random.Generator:
        """The same draws for the same photo."""
        return np.random.default_rng(zlib.crc32(self.name.encode()))


@dataclass(frozen=True)
class _Light:
    """One way to spoil the light, on levels from 0 to 1."""

    name: str
    damage: Callable[[Reals], Reals]


def _cast(red: float, green: float, blue: float) -> _Light:
    colour = np.array((red, green, blue))
    return _Light(
        f"cast {red:g} {green:g} {blue:g}", lambda levels: levels * (colour / (colour @ _LUMA))
    )


def _gamma(gamma: float) -> _Light:
    return _Light(f"gamma {gamma:g}", lambda levels: levels**gamma)


LIGHTS = (
    _Light("clean", lambda levels: levels),
    *(_gamma(gamma) for gamma in (0.5, 0.67, 0.8, 1.25, 1.5, 2.0)),
    _Light("contrast 0.5", lambda levels: 0.25 + 0.5 * levels),
    _Light("contrast 0.7", lambda levels: 0.15 + 0.7 * levels),
    _Light("1 stop under", lambda levels: levels * 0.73),
    _Light("2 stops under", lambda levels: levels * 0.53),
    _cast(1.15, 1, 0.85),
    _cast(0.85, 1, 1.15),
    _cast(1.1, 0.95, 1),
    _cast(1.1, 0.9, 1.1),
)
"""What the light of clean photos is spoiled by, the first by nothing."""

_BLURS = (
    *(Blur(BlurKind.SOFT, sigma) for sigma in (1.0, 1.5, 2.0, 3.0)),
    Blur(BlurKind.MOTION, 0, 5, 20),
    Blur(BlurKind.MOTION, 0, 7, 110),
    Blur(BlurKind.MOTION, 0, 9, 70),
)

_GUESSES = ((50, 1.0), (100, 1.0), (100, 0.8), (100, 1.2), (50, None), (100, None))
"""Strengths, and by which factor the blur that is told differs; None tells nothing."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables; returns the process's exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.stages",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--images", type=Path, required=True, help="folder of clean photos")
    add("--stage", choices=("tone", "light", "sharpen", "grain"), action="append", default=[])
    add("--model", action="append", default=[], help="weights file or catalog name; repeatable")
    add("--limit", type=int, help="measure only so many photos")
    add("--threads", type=int, default=torch.get_num_threads())
    add("--device", default="auto", help="auto, cpu, cuda or cuda:N")
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    photos = [
        _Photo(file.name, clean_photo(file)) for file in readable(options.images, options.limit)
    ]
    if not photos:
        parser.error(f"no readable PNG or JPEG lies in {options.images}")
    wanted = options.stage or ["tone", "light", "sharpen", "grain"]
    print(f"{len(photos)} photos of {'/'.join(options.images.parts[-2:])}")
    if "tone" in wanted or "grain" in wanted:
        store = WeightsStore(WorkerSettings.load().weights)
        bench = gather(store, Engine(options.device), options.model)
    if "tone" in wanted:
        _table(("task", "model", "error", "worst", "pulled", "worst", "PSNR", "pulled", "worst"))
        _rows(_tone(photos, bench))
    if "light" in wanted:
        _table(("light", "touched", "PSNR", "after", "gain", "worst", "not worse"))
        _rows(_light(photos))
    if "sharpen" in wanted:
        _table(("blur", "strength", "told", "PSNR", "gain", "worst", "SSIM", "gain"))
        _rows(_sharpen(photos))
    if "grain" in wanted:
        _table(("noise", "measured", "sigma", "size", "given sigma", "size"))
        for denoiser in bench.denoisers[:1]:
            _rows(_grain(photos, bench, denoiser))
    return 0


def _table(heads: Row) -> None:
    print()
    _rows([heads])


def _rows(rows: Iterator[Row] | Sequence[Row]) -> None:
    for first, *rest in rows:
        print(f"{first:16}", *(f"{cell:>11}" for cell in rest), flush=True)


def _tone(photos: Sequence[_Photo], bench: Bench) -> Iterator[Row]:
    for task in TASKS:
        if task.name not in _TONE_TASKS:
            continue
        for model in bench.denoisers if task.scale == 1 else bench.upscaling(task.scale):
            figures = []
            for photo in photos:
                source = to_sixteen_bits(np.asarray(task.poor(photo.image, photo.name)))
                made = bench.run(source, model)
                row = [colour_error(made, source), _psnr(made, photo.clean)]
                pulled = pull_back(made, source)
                figures.append([*row, colour_error(pulled, source), _psnr(pulled, photo.clean)])
            before, psnr, after, gained = np.array(figures).T
            numbers = (before.mean(), before.max(), after.mean(), after.max())
            gain = (gained - psnr).min()
            cells = [f"{number:.2f}" for number in (*numbers, psnr.mean(), gained.mean())]
            yield (task.name, model.id.removeprefix("darkroom-"), *cells, f"{gain:+.3f}")


def _light(photos: Sequence[_Photo]) -> Iterator[Row]:
    total: list[bool] = []
    for planted in LIGHTS:
        figures = []
        for photo in photos:
            levels = planted.damage(photo.clean / 255).clip(0, 1)
            poor = to_sixteen_bits(np.rint(levels * 255).astype(np.uint8))
            made = light(poor, need(diagnose(Photo(poor))), 100)
            figures.append((made is not poor, _psnr(poor, photo.clean), _psnr(made, photo.clean)))
        touched, before, after = np.array(figures, np.float64).T
        gain = after - before
        total += list(gain >= 0)
        yield (
            planted.name,
            f"{touched.mean():.0%}",
            *(f"{figure.mean():.2f}" for figure in (before, after)),
            f"{gain[touched > 0].mean():+.2f}" if touched.any() else "-",
            f"{gain.min():+.2f}",
            f"{(gain >= 0).mean():.0%}",
        )
    yield ("all", "", "", "", "", "", f"{np.mean(total):.1%}")


def _sharpen(photos: Sequence[_Photo]) -> Iterator[Row]:
    for blur in _BLURS:
        poor = [_blurred(photo, blur) for photo in photos]
        psnr = np.array([_psnr(p, q.clean) for p, q in zip(poor, photos, strict=True)])
        ssim = np.array([_ssim(p, q.clean) for p, q in zip(poor, photos, strict=True)])
        name = f"motion {blur.length:g} px" if blur.length else f"sigma {blur.sigma:g}"
        for strength, factor in _GUESSES:
            told = None
            if factor is not None:
                told = replace(blur, sigma=blur.sigma * factor, length=blur.length * factor)
            made = [sharpen(pixels, strength, told, _NOISE) for pixels in poor]
            gain = np.array([_psnr(p, q.clean) for p, q in zip(made, photos, strict=True)]) - psnr
            like = np.array([_ssim(p, q.clean) for p, q in zip(made, photos, strict=True)]) - ssim
            yield (
                name,
                f"{strength}",
                "nothing" if factor is None else f"x {factor:g}",
                f"{psnr.mean():.2f}",
                f"{gain.mean():+.2f}",
                f"{gain.min():+.2f}",
                f"{ssim.mean():.3f}",
                f"{like.mean():+.3f}",
            )


def _grain(photos: Sequence[_Photo], bench: Bench, denoiser: LoadedModel) -> Iterator[Row]:
    for name, damage in _GRAINS.items():
        figures = []
        for photo in photos:
            source = to_sixteen_bits(damage(photo))
            cleaned = pull_back(bench.run(source, denoiser), source)
            found = measure(source, cleaned)
            if found:
                again = measure(give_back(cleaned, found, 100), cleaned)
                figures.append((found.sigma, found.size, again.sigma, again.size))
        share = f"{len(figures) / len(photos):.0%}"
        cells = np.mean(figures, axis=0) if figures else []
        yield (name, share, *(f"{number:.2f}" for number in cells))


def _monochrome(sigma: float, size: float) -> Callable[[_Photo], Picture]:
    def damage(photo: _Photo) -> Picture:
        noise = photo.chance().normal(0, 1, photo.clean.shape[:2])
        if size:
            noise = cv2.GaussianBlur(noise, (0, 0), size).astype(np.float64)
            noise = noise / noise.std()
        return _rounded(photo.clean + sigma * noise[..., None])

    return damage


def _speckle(photo: _Photo) -> Picture:
    noise = photo.chance().normal(0, 8, photo.clean.shape)
    return _rounded(photo.clean + noise - (noise @ _LUMA)[..., None])


_GRAINS: dict[str, Callable[[_Photo], Picture]] = {
    "none": lambda photo: photo.clean,
    **{f"grey {sigma:g}": _monochrome(sigma, 0) for sigma in (3, 6, 12)},
    "grey 6, size 0.6": _monochrome(6, 0.6),
    "channels 10": lambda photo: np.asarray(noisy(photo.image, 10, photo.chance())),
    "colour speckle 8": _speckle,
    "JPEG 20": lambda photo: np.asarray(jpeg(photo.image, 20)),
    "JPEG 50": lambda photo: np.asarray(jpeg(photo.image, 50)),
}


def _blurred(photo: _Photo, blur: Blur) -> Pixels:
    kernel = kernel_of(blur)
    soft = cv2.filter2D(
        photo.clean.astype(np.float32), -1, kernel, borderType=cv2.BORDER_REFLECT_101
    )
    return to_sixteen_bits(_rounded(soft + photo.chance().normal(0, _NOISE, soft.shape)))


def _rounded(levels: NDArray[np.floating[Any]]) -> Picture:
    rounded: Picture = np.rint(levels.clip(0, 255)).astype(np.uint8)
    return rounded


def _psnr(pixels: Pixels, clean: Picture) -> float:
    """In dB over RGB without a border of four pixels; 100 for equal pictures."""
    inside = (slice(_SHAVE, -_SHAVE), slice(_SHAVE, -_SHAVE))
    error = float(np.mean((pixels[inside] / 257 - clean[inside]) ** 2))
    return min(100.0, 10 * float(np.log10(255**2 / max(error, 1e-9))))


def _ssim(pixels: Pixels, clean: Picture) -> float:
    return float(
        structural_similarity(
            pixels @ _LUMA / 257,
            clean @ _LUMA,
            data_range=255,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
        )
    )


if __name__ == "__main__":
    raise SystemExit(main())
