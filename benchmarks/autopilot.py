"""The autopilot against fixed presets, full strength, and leaving a photo alone.

    python -m benchmarks.autopilot --images DIR [--samples DIR] [--json FILE] [--markdown FILE]

Damage is planted in clean photos, the file is opened and enhanced as in the worker, and the result
compared with the clean photo. `--samples` are poor photos without an original: of these the
autopilot's sentence is shown.
"""

import argparse
import io
import json
import re
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from PIL import Image, ImageFilter

from benchmarks.quality.damage import TASKS, noisy, reduced
from benchmarks.quality.metrics import compare
from benchmarks.quality.photos import clean_photo, readable
from core.answers import caption
from core.errors import DarkroomError
from core.images import Limits
from core.jobs import Enhanced, Reply
from core.recipe import Preset, Recipe
from core.settings import WorkerSettings
from weights.store import WeightsStore
from worker.engine import Engine
from worker.imaging.decode import decode
from worker.imaging.photo import Photo, to_eight_bits
from worker.models import Models
from worker.pipeline import Outcome, enhance

__all__ = ["CASES", "Case", "Row", "main", "measure", "verdict"]

AUTOPILOT, ALONE, FULL = "autopilot", "left alone", "full strength"
RIVALS = {
    AUTOPILOT: Recipe(),
    FULL: Recipe(denoise=100, faces=100, light=100, sharpen=100, creativity=100),
    "portrait": Recipe(preset=Preset.PORTRAIT),
    "landscape": Recipe(preset=Preset.LANDSCAPE),
    "art": Recipe(preset=Preset.ART),
}
PRESETS = ("portrait", "landscape", "art")
CLEAN = "clean"
AS_GOOD = 0.05
"""A difference in dB that nobody sees."""
_BEGIN, _END = "<!-- figures of python -m benchmarks.autopilot -->", "<!-- end of autopilot -->"


@dataclass(frozen=True)
class Case:
    """One damage: the poor photo, smaller by `scale`, as it is sent; JPEG of `quality` or PNG."""

    name: str
    damage: Callable[[Image.Image, np.random.Generator], Image.Image]
    scale: int = 1
    quality: int | None = None

    def file(self, clean: Image.Image, name: str) -> bytes:
        """The poor photo's file; the photo's `name` is the seed, so every run draws the same."""
        chance = np.random.default_rng(zlib.crc32(f"{self.name} {name}".encode()))
        poor = self.damage(clean, chance)
        data = io.BytesIO()
        if self.quality is None:
            poor.save(data, "PNG")
        else:
            poor.save(data, "JPEG", quality=self.quality)
        return data.getvalue()


def _toned(change: Callable[[Any], Any]) -> Callable[[Image.Image, object], Image.Image]:
    def apply(image: Image.Image, _chance: object) -> Image.Image:
        levels = np.asarray(image, dtype=np.float64) / 255
        return Image.fromarray((change(levels).clip(0, 1) * 255).round().astype(np.uint8))

    return apply


def _soft(sigma: float) -> Callable[[Image.Image, np.random.Generator], Image.Image]:
    return lambda image, chance: noisy(image.filter(ImageFilter.GaussianBlur(sigma)), 1, chance)


def _shaken(image: Image.Image, chance: np.random.Generator) -> Image.Image:
    """Moved by seven pixels along a drawn direction."""
    angle = chance.uniform(0, np.pi)
    kernel = np.zeros((9, 9), np.float32)
    end = 3 * np.array([np.cos(angle), np.sin(angle)])
    first, last = (tuple(round((4 + sign * float(part)) * 16) for part in end) for sign in (-1, 1))
    cv2.line(kernel, first, last, 1.0, lineType=cv2.LINE_AA, shift=4)
    moved = cv2.filter2D(np.asarray(image), -1, kernel / kernel.sum())
    return noisy(Image.fromarray(moved), 1, chance)


def _enlarged(image: Image.Image, _chance: object) -> Image.Image:
    """Half as large, and sent after it had been an eighth."""
    half = image.width // 2, image.height // 2
    return reduced(image, 8).resize(half, Image.Resampling.BICUBIC)


_KEPT = {task.name: task.degrade for task in TASKS}
CASES = (
    Case(CLEAN, lambda image, _: image),
    Case("noise 5", lambda image, chance: noisy(image, 5, chance)),
    Case("noise 15", lambda image, chance: noisy(image, 15, chance)),
    Case("noise 30", lambda image, chance: noisy(image, 30, chance)),
    Case("JPEG 20", lambda image, _: image, quality=20),
    Case("JPEG 50", lambda image, _: image, quality=50),
    Case("JPEG 80", lambda image, _: image, quality=80),
    Case("noise 10 + JPEG 60", lambda image, chance: noisy(image, 10, chance), quality=60),
    Case("out of focus 1.5", _soft(1.5)),
    Case("out of focus 2.5", _soft(2.5)),
    Case("shaken 7", _shaken),
    Case("too dark", _toned(lambda levels: levels**2)),
    Case("too bright", _toned(lambda levels: levels**0.5)),
    Case("flat", _toned(lambda levels: 0.3 + 0.4 * levels)),
    Case("blue cast", _toned(lambda levels: levels * (0.8, 0.95, 1.2))),
    Case("half the size", lambda image, _: reduced(image, 2), scale=2),
    Case("a quarter of the size", lambda image, _: reduced(image, 4), scale=4),
    Case("enlarged 4 times before", _enlarged, scale=2),
    Case("x2 real-world", _KEPT["x2 real-world"], scale=2),
    Case("x4 real-world", _KEPT["x4 real-world"], scale=4),
)


@dataclass(frozen=True)
class Row:
    """One photo, one damage, one way: PSNR in dB and SSIM against the clean photo, and words."""

    photo: str
    case: str
    way: str
    psnr: float
    ssim: float
    words: str = ""


def measure(
    files: Sequence[Path], models: Models, engine: Engine, cases: Sequence[Case] = CASES
) -> Iterator[Row]:
    """Every damage of every photo, enhanced in every way; sizes are those of the clean photo."""
    for file in files:
        clean = clean_photo(file)
        truth = np.asarray(clean)
        for case in cases:
            before = decode(case.file(clean, file.name), Limits())
            yield _row(file, case, ALONE, _resized(before, truth.shape), truth)
            for way, recipe in RIVALS.items():
                wished = recipe.model_copy(update={"scale": case.scale})
                outcome = enhance(before, wished, models, engine)
                after = to_eight_bits(outcome.photo.pixels)
                yield _row(file, case, way, after, truth, said(before, outcome, recipe))


def said(before: Photo, outcome: Outcome, recipe: Recipe) -> str:
    """The first sentence of the answer that a person would get."""
    result = Enhanced(
        key="",
        name="",
        media_type="image/png",
        bytes=1,
        width=outcome.photo.width,
        height=outcome.photo.height,
        source_name="",
        source_width=before.width,
        source_height=before.height,
        findings=outcome.plan.findings,
        steps=outcome.steps,
        notes=outcome.notes,
        seconds=1.0,
    )
    reply = Reply(job="", platform="", user="", address={}, recipe=recipe, results=(result,))
    first, _figures, *rest = caption(reply).splitlines()
    return " ".join([first, *(line.removeprefix("• ") + "." for line in rest)])


def verdict(rows: Sequence[Row]) -> dict[str, float]:
    """Shares (0–1) of cases in which the autopilot is as good as the best preset, and as good as
    full strength; the largest loss against leaving a poor photo alone, in dB; the share of clean
    photos that were touched, and the lowest PSNR of one, 100 if none was.
    """
    cases: defaultdict[tuple[str, str], dict[str, float]] = defaultdict(dict)
    for row in rows:
        cases[row.photo, row.case][row.way] = row.psnr
    ways = list(cases.values())
    clean = [way[AUTOPILOT] for (_photo, case), way in cases.items() if case == CLEAN]
    poor = [way for (_photo, case), way in cases.items() if case != CLEAN]

    def share(*rivals: str) -> float:
        good = [way[AUTOPILOT] >= max(way[rival] for rival in rivals) - AS_GOOD for way in ways]
        return float(np.mean(good))

    return {
        "presets": share(*PRESETS),
        "full": share(FULL),
        "loss": max([0.0, *(way[ALONE] - way[AUTOPILOT] for way in poor)]),
        "touched": float(np.mean([psnr < 100 for psnr in clean])) if clean else 0.0,
        "lowest": min([100.0, *clean]),
    }


def tables(content: dict[str, Any]) -> str:
    """The figures as Markdown."""
    rows = [Row(**row) for row in content["rows"]]
    ways = [ALONE, *RIVALS]
    lines = [
        content["about"],
        "",
        "| damage | " + " | ".join(ways) + " | what it did most often |",
        "| --- " * (len(ways) + 2) + "|",
    ]
    for case in dict.fromkeys(row.case for row in rows):
        here = [row for row in rows if row.case == case]
        cells = []
        for way in ways:
            psnr = np.mean([row.psnr for row in here if row.way == way])
            ssim = np.mean([row.ssim for row in here if row.way == way])
            cells.append(f"{psnr:.2f} / {ssim:.3f}")
        told = [row.words for row in here if row.way == AUTOPILOT]
        lines.append(f"| {case} | " + " | ".join(cells) + f" | {_commonest(told)} |")
    found = verdict(rows)
    lines += [
        "",
        f"The autopilot is at least as good as the best of the presets {', '.join(PRESETS)} in "
        f"{found['presets']:.0%} of the cases and as full strength in {found['full']:.0%} (within "
        f"{AS_GOOD} dB); against leaving a poor photo alone it loses at most {found['loss']:.2f} "
        f"dB. Of the clean photos it touched {found['touched']:.0%}; the one that changed most has "
        f"{found['lowest']:.1f} dB.",
    ]
    if content["samples"]:
        lines += ["", "| sample | what the autopilot said |", "| --- | --- |"]
        lines += [f"| {name} | {words} |" for name, words in content["samples"].items()]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the process's exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.autopilot",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--images", type=Path, required=True, help="folder of clean photos")
    add("--samples", type=Path, help="folder of poor photos without an original")
    add("--skip", type=int, default=0, help="leave out the first so many photos")
    add("--limit", type=int, help="no more than so many photos")
    add("--case", action="append", choices=[case.name for case in CASES], help="repeatable")
    add("--threads", type=int, default=2)
    add("--json", type=Path, help="where the figures go as JSON")
    add("--markdown", type=Path, help="a document whose tables are brought up to date")
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    settings = WorkerSettings.load()
    engine = Engine.from_settings(settings)
    models = Models.from_settings(settings, WeightsStore(settings.weights))
    cases = [case for case in CASES if options.case is None or case.name in options.case]
    files = readable(options.images)[options.skip :][: options.limit]
    rows = []
    for row in measure(files, models, engine, cases):
        rows.append(row)
        print(f"{row.photo}  {row.case}  {row.way}  {row.psnr:.2f}  {row.words}", flush=True)
    content = {
        "about": f"Means over {len(files)} photos of `{options.images.name}`, PSNR of RGB in dB / "
        "SSIM, by `python -m benchmarks.autopilot`.",
        "rows": [asdict(row) for row in rows],
        "samples": _samples(options.samples, models, engine) if options.samples else {},
    }
    if options.json is not None:
        options.json.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")
    print(tables(content))
    if options.markdown is not None:
        _refresh(options.markdown, tables(content))
    return 0


def _samples(folder: Path, models: Models, engine: Engine) -> dict[str, str]:
    told = {}
    for file in sorted(path for path in folder.iterdir() if path.is_file()):
        try:
            before = decode(file.read_bytes(), Limits())
            told[file.name] = said(before, enhance(before, Recipe(), models, engine), Recipe())
        except DarkroomError as error:
            told[file.name] = error.text
    return told


def _row(
    file: Path, case: Case, way: str, after: np.ndarray[Any, Any], truth: Any, words: str = ""
) -> Row:
    figures = compare(after, truth)
    return Row(file.name, case.name, way, figures.psnr_rgb, figures.ssim, words)


def _resized(before: Photo, shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    """The poor photo at the size of the clean one, by bicubic interpolation."""
    image = Image.fromarray(to_eight_bits(before.pixels))
    return np.asarray(image.resize((shape[1], shape[0]), Image.Resampling.BICUBIC))


def _commonest(words: Sequence[str]) -> str:
    """The sentence that was said most often, figures aside."""
    plain = [re.sub(r"[\d.]+", "…", text) for text in words]
    first = max(dict.fromkeys(plain), key=plain.count)
    return words[plain.index(first)]


def _refresh(document: Path, fresh: str) -> None:
    text = document.read_text(encoding="utf-8")
    pattern = re.escape(_BEGIN) + r".*?" + re.escape(_END)
    text, count = re.subn(pattern, lambda _: f"{_BEGIN}\n\n{fresh}\n\n{_END}", text, flags=re.S)
    if count != 1:
        raise ValueError(f"{document.name} must hold once: {_BEGIN} … {_END}")
    document.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    raise SystemExit(main())
