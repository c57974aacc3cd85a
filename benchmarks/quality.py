"""How well models restore: PSNR and SSIM on a folder of clean photos, against the plain ways.

    python -m benchmarks.quality --images DIR [--model FILE ...] [--json FILE]

Every photo is made poor in fixed, seeded ways and restored; results are compared as 8-bit images, a
border of four pixels left out. PSNR Y and SSIM are those of the BT.601 luma. Without `--model`, all
shipped weights are measured.
"""

import argparse
import io
import json
import sys
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from skimage.metrics import structural_similarity

from weights.torchvision_ops import declare_missing_operators

__all__ = ["TASKS", "Row", "Task", "main", "measure"]

_SHIPPED = Path(__file__).resolve().parent.parent / "weights" / "shipped"
_SHAVE = 4
_PLAIN = {1: ("input",), 2: ("bicubic", "Lanczos"), 4: ("bicubic", "Lanczos")}
_FILTERS = {"bicubic": Image.Resampling.BICUBIC, "Lanczos": Image.Resampling.LANCZOS}

Pixels = NDArray[np.uint8]
Restore = Callable[[Image.Image], Image.Image]


@dataclass(frozen=True)
class Task:
    """One way to make a photo poor: `degrade` takes the clean photo and a seeded generator.

    Where it `wants_denoising`, upscalers are also measured after each model of scale 1.
    """

    name: str
    scale: int
    degrade: Callable[[Image.Image, np.random.Generator], Image.Image]
    wants_denoising: bool = False


@dataclass(frozen=True)
class Row:
    """The means over all photos, PSNR in dB."""

    task: str
    scale: int
    method: str
    psnr_y: float
    psnr_rgb: float
    ssim: float


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the process's exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality", description=__doc__)
    parser.add_argument("--images", type=Path, required=True, help="folder of clean photos")
    parser.add_argument("--model", type=Path, action="append", help="weights file; repeatable")
    names = [task.name for task in TASKS]
    parser.add_argument("--task", choices=names, action="append", help="all by default; repeatable")
    parser.add_argument("--limit", type=int, help="measure only so many photos")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)

    files = sorted(f for f in options.images.iterdir() if f.suffix.lower() in {".png", ".jpg"})
    readable = [file for file in files[: options.limit] if _readable(file)]
    for file in files[: options.limit]:
        if file not in readable:
            print(f"{file.name} is left out: it cannot be decoded.", file=sys.stderr)
    files = readable
    if not files:
        parser.error(f"no readable PNG or JPEG lies in {options.images}")
    models = options.model or sorted(_SHIPPED.glob("*.safetensors"))
    tasks = [task for task in TASKS if options.task is None or task.name in options.task]
    rows = list(measure(files, models, tasks))
    print(_table(rows))
    if options.json is not None:
        about = f"Means over {len(files)} photos of `{'/'.join(options.images.parts[-2:])}`, by"
        about += " `python -m benchmarks.quality`; PSNR in dB, 4 pixels of border left out."
        plain = sorted({name for names in _PLAIN.values() for name in names})
        content = {"about": about, "plain": plain, "rows": [asdict(row) for row in rows]}
        options.json.write_text(json.dumps(content, indent=1) + "\n")
    return 0


def measure(files: Sequence[Path], models: Sequence[Path], tasks: Sequence[Task]) -> Iterator[Row]:
    """Measure the plain ways and every model whose scale fits on each of `tasks`."""
    loaded = [_loaded(path) for path in models]
    for task in tasks:
        methods: list[tuple[str, Restore]] = [
            (name, _plain(name, task.scale)) for name in _PLAIN[task.scale]
        ]
        methods += [(name, restore) for name, scale, restore in loaded if scale == task.scale]
        if task.wants_denoising:
            methods += list(_chains(loaded, task.scale))
        figures: dict[str, list[tuple[float, float, float]]] = {name: [] for name, _ in methods}
        for file in files:
            clean = _clean(file)
            seed = zlib.crc32(f"{task.name} {file.name}".encode())
            poor = task.degrade(clean, np.random.default_rng(seed))
            for name, restore in methods:
                figures[name].append(_compared(restore(poor), clean))
        for name, values in figures.items():
            y, rgb, ssim = np.mean(values, axis=0)
            yield Row(task.name, task.scale, name, float(y), float(rgb), float(ssim))


def _readable(file: Path) -> bool:
    try:
        _clean(file)
    except OSError:
        return False
    return True


def _clean(file: Path) -> Image.Image:
    """The photo, cut so that both sides are multiples of 8."""
    with Image.open(file) as opened:
        image = opened.convert("RGB")
    return image.crop((0, 0, image.width // 8 * 8, image.height // 8 * 8))


def _loaded(path: Path) -> tuple[str, int, Restore]:
    """A weights file as its name, its scale and a function from image to image."""
    declare_missing_operators()
    from spandrel import ImageModelDescriptor, ModelLoader

    model = ModelLoader("cpu").load_from_file(path)
    if not isinstance(model, ImageModelDescriptor):
        raise TypeError(f"{path.name} does not map one image to one image.")
    model.eval()
    model.model.to(memory_format=torch.channels_last)

    def restore(image: Image.Image) -> Image.Image:
        given = torch.from_numpy(np.array(image)).permute(2, 0, 1)[None].float() / 255
        with torch.inference_mode():
            result = model(given.contiguous(memory_format=torch.channels_last))
        levels = result[0].clamp(0, 1).mul(255).round().byte()
        return Image.fromarray(levels.permute(1, 2, 0).numpy())

    return path.stem, model.scale, restore


def _chains(
    loaded: Sequence[tuple[str, int, Restore]], scale: int
) -> Iterator[tuple[str, Restore]]:
    """Every model of scale 1 followed by every upscaler of `scale`."""

    def chained(first: Restore, second: Restore) -> Restore:
        return lambda image: second(first(image))

    for name, own, first in loaded:
        for other, larger, second in loaded:
            if own == 1 and larger == scale:
                yield f"{name} + {other}", chained(first, second)


def _plain(name: str, scale: int) -> Restore:
    if scale == 1:
        return lambda image: image
    return lambda image: image.resize((image.width * scale, image.height * scale), _FILTERS[name])


def _compared(result: Image.Image, clean: Image.Image) -> tuple[float, float, float]:
    """PSNR Y, PSNR RGB and SSIM of two images of one size."""
    window = (slice(_SHAVE, -_SHAVE), slice(_SHAVE, -_SHAVE))
    a, b = (np.asarray(image, dtype=np.float64)[window] for image in (result, clean))
    luma_a, luma_b = _luma(a), _luma(b)
    ssim = structural_similarity(
        luma_a,
        luma_b,
        data_range=255,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
    )
    return _psnr(luma_a, luma_b), _psnr(a, b), float(ssim)


def _luma(levels: NDArray[np.float64]) -> NDArray[np.float64]:
    """BT.601 luma, 16 to 235, of RGB levels from 0 to 255."""
    weights = np.array([65.481, 128.553, 24.966]) / 255
    luma: NDArray[np.float64] = levels @ weights + 16
    return luma


def _psnr(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """PSNR in dB of 8-bit levels; 100 for equal images, so that means stay finite."""
    error = float(np.mean((a - b) ** 2))
    return 100.0 if error == 0 else float(10 * np.log10(255**2 / error))


def _reduced(image: Image.Image, scale: int) -> Image.Image:
    size = (image.width // scale, image.height // scale)
    return image.resize(size, Image.Resampling.BICUBIC)


def _noisy(image: Image.Image, sigma: float, chance: np.random.Generator) -> Image.Image:
    levels = np.asarray(image, dtype=np.float64)
    levels = levels + chance.normal(0, sigma, levels.shape)
    return Image.fromarray(levels.round().clip(0, 255).astype(np.uint8))


def _jpeg(image: Image.Image, quality: int) -> Image.Image:
    coded = io.BytesIO()
    image.save(coded, "JPEG", quality=quality)
    with Image.open(coded) as opened:
        return opened.convert("RGB")


def _real_world(image: Image.Image, chance: np.random.Generator) -> Image.Image:
    """Blur of 0.5-2.5 px, reduction by 4, noise of sigma 5-20, JPEG 40-80."""
    blurred = image.filter(ImageFilter.GaussianBlur(chance.uniform(0.5, 2.5)))
    noisy = _noisy(_reduced(blurred, 4), chance.uniform(5, 20), chance)
    return _jpeg(noisy, int(chance.integers(40, 81)))


TASKS: tuple[Task, ...] = (
    Task("x4 bicubic", 4, lambda image, _: _reduced(image, 4)),
    Task("x4 real-world", 4, _real_world, wants_denoising=True),
    Task("x2 bicubic", 2, lambda image, _: _reduced(image, 2)),
    Task("clean", 1, lambda image, _: image),
    Task("noise 15", 1, lambda image, chance: _noisy(image, 15, chance)),
    Task("noise 25", 1, lambda image, chance: _noisy(image, 25, chance)),
    Task("noise 50", 1, lambda image, chance: _noisy(image, 50, chance)),
    Task("JPEG 30", 1, lambda image, _: _jpeg(image, 30)),
    Task("noise 15 + JPEG 60", 1, lambda image, chance: _jpeg(_noisy(image, 15, chance), 60)),
)


def _table(rows: Sequence[Row]) -> str:
    width = max(len(row.method) for row in rows)
    lines = [f"{'task':18}  {'method':{width}}  PSNR Y  PSNR RGB  SSIM"]
    lines += [
        f"{row.task:18}  {row.method:{width}}  {row.psnr_y:6.2f}  {row.psnr_rgb:8.2f}  "
        f"{row.ssim:.4f}"
        for row in rows
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(main())
