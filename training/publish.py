"""`python -m training.publish MODEL --from OUT --to DIR`: put a training among the weights.

The weights, the log and the curve are copied; the card is written anew with the benchmark's figures
(`--figures`, the JSON of `benchmarks/quality.py`) and an example picture.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from training.card import draw_curve, read_log, write_card, write_log
from training.example import draw_example
from training.export import read_metadata
from training.recipes import RECIPES

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the process's exit status."""
    parser = argparse.ArgumentParser(prog="python -m training.publish", description=__doc__)
    parser.add_argument("model", help="for example darkroom-x4")
    parser.add_argument("--from", dest="source", type=Path, required=True)
    parser.add_argument("--to", dest="target", type=Path, required=True)
    parser.add_argument("--figures", type=Path, help="JSON written by benchmarks/quality.py")
    parser.add_argument("--note", help="a sentence about this very training, for the card")
    parser.add_argument("--data-note", type=Path, help="Markdown that says what the data were")
    options = parser.parse_args(arguments)

    model, target = options.model, options.target
    suffixes = {row.model: row.suffix for row in RECIPES.values()}
    if model not in suffixes:
        print(f"No recipe makes {model}; there are {', '.join(suffixes)}.", file=sys.stderr)
        return 2
    weights = options.source / f"{model}{suffixes[model]}"
    if not weights.is_file():
        print(f"There is no {weights.name} in the folder given by --from.", file=sys.stderr)
        return 2
    target.mkdir(parents=True, exist_ok=True)
    log = read_log(options.source / f"{model}-log.csv")
    published = target / weights.name
    published.write_bytes(weights.read_bytes())
    write_log(target / f"{model}-log.csv", log)
    metadata = read_metadata(published)
    draw_curve(target / f"{model}-curve.png", log, metadata)
    draw_example(target / f"{model}-example.jpg", published, metadata["recipe"])
    write_card(
        target / f"{model}.md",
        metadata,
        log,
        figures=options.figures,
        note=options.note,
        example=f"{model}-example.jpg",
        data=options.data_note.read_text() if options.data_note else None,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
