"""A contact sheet: every photo in every way, before and after, with the flaws that were found.

    python -m benchmarks.contact_sheet [--photos DIR] [--out DIR] [--preset NAME] [--limit N]

Each photo is opened and enhanced as in the worker, by each preset and a few commands. What the
detectors find is printed and written as `flaws.md`; rows with a flaw are marked in the sheets,
which are to be looked at by eye as well. Exit status 1 if there was a flaw.
"""

import argparse
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import torch
from PIL import Image

from benchmarks.contact_sheet.photos import photos
from benchmarks.contact_sheet.sheet import draw
from benchmarks.contact_sheet.table import table
from benchmarks.contact_sheet.trials import RECIPES, Trial, trials
from core.errors import PhotoRefused
from core.settings import WorkerSettings
from weights.store import WeightsStore
from worker.engine import Engine
from worker.models import Models

__all__ = ["main"]

_QUALITY = 90


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the process's exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.contact_sheet",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--photos", type=Path, help="folder of photos; without it scikit-image's, made poor")
    add("--out", type=Path, default=Path("out/contact-sheet"), help="folder of the sheets")
    add("--preset", action="append", choices=list(RECIPES), help="repeatable; all by default")
    add("--limit", type=int, help="the first so many photos")
    add("--threads", type=int, default=2)
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    settings = WorkerSettings.load()
    engine = Engine.from_settings(settings)
    models = Models.from_settings(settings, WeightsStore(settings.weights))
    recipes = {way: RECIPES[way] for way in options.preset or RECIPES}
    options.out.mkdir(parents=True, exist_ok=True)
    sheets: dict[str, list[Trial]] = {}
    for name, data in islice(photos(options.photos), options.limit):
        try:
            ways = list(trials(data, models, engine, recipes))
        except PhotoRefused as error:
            print(f"{name} is left out: {error.text}")
            continue
        for trial in ways:
            told = "; ".join(str(flaw) for flaw in trial.flaws) or "no flaw"
            print(f"{name}  {trial.way}  {told}", flush=True)
        file = options.out / f"{name}.jpg"
        Image.fromarray(draw(name, ways)).save(file, quality=_QUALITY, subsampling=0)
        # The pixels are no longer needed, and a dozen photos would fill the memory.
        sheets[name] = [Trial(one.way, one.words, None, one.figures) for one in ways]
    text = table(sheets)
    (options.out / "flaws.md").write_text(text, encoding="utf-8")
    print(f"\n{text}\nThe sheets lie in {options.out}.")
    return int(any(trial.flaws for ways in sheets.values() for trial in ways))


if __name__ == "__main__":
    raise SystemExit(main())
