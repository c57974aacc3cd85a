"""The papers that come with a weights file: the log as a table and a curve, and the model card."""

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import astuple, fields
from pathlib import Path
from typing import Any

from benchmarks.quality.table import read, tables
from training.card_texts import words_for
from training.loop import LogRow

__all__ = ["draw_curve", "read_log", "write_card", "write_log"]

_UNKNOWN_DATA = "The photos of the folder that the command below was given."


def write_log(path: Path, log: Sequence[LogRow]) -> None:
    """Write the log as CSV, one column per field of LogRow, empty where there is no figure."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(field.name for field in fields(LogRow))
        for row in log:
            writer.writerow("" if value is None else f"{value:.6g}" for value in astuple(row))


def read_log(path: Path) -> list[LogRow]:
    """Read what `write_log` wrote."""
    with path.open(newline="") as file:
        return [
            LogRow(
                step=int(row.pop("step")),
                **{name: float(value) for name, value in row.items() if value},
            )
            for row in csv.DictReader(file)
        ]


def draw_curve(path: Path, log: Sequence[LogRow], metadata: Mapping[str, str]) -> None:
    """Draw the held-out score, and the second figure or else the loss, over the minutes as PNG."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    minutes = [row.seconds / 60 for row in log]
    figure, axis = pyplot.subplots(figsize=(5, 3), dpi=90, layout="constrained")
    axis.plot(minutes, [row.score for row in log], color="tab:blue", label="held-out score")
    if log:
        axis.axhline(log[-1].baseline, color="tab:grey", linestyle=":", label=metadata["plain"])
    axis.set(xlabel="minutes", ylabel=metadata["measure"], title=metadata["model"])
    other = axis.twinx()
    second = metadata["second measure"]
    values = [row.loss if row.second is None else row.second for row in log]
    other.plot(minutes, values, color="tab:orange", alpha=0.6)
    other.set(ylabel=second or "training loss")
    other.yaxis.label.set_color("tab:orange")
    axis.legend(loc="center right", fontsize=8)
    figure.savefig(path)
    pyplot.close(figure)


def write_card(
    path: Path,
    metadata: Mapping[str, str],
    log: Sequence[LogRow],
    *,
    figures: Path | None = None,
    note: str | None = None,
    example: str | None = None,
    data: str | None = None,
) -> None:
    """Write the model card: what it is, data, recipe, figures, weaknesses, licence.

    `metadata` is the header of the weights file, `figures` the JSON of `benchmarks/quality.py`,
    `note` a sentence about this very training, `example` the name of a picture beside the card,
    `data` what the training data were, in Markdown.
    """
    model = metadata["model"]
    words = words_for(metadata["recipe"])
    last = log[-1] if log else None
    lines = [
        f"# {model}",
        "",
        f"{metadata['purpose'][0].upper()}{metadata['purpose'][1:]}.",
        "",
        words.how,
        "",
        f"- Network: {metadata['architecture']}, {int(metadata['parameters']):,} parameters, scale "
        f"{metadata['scale']}, {words.stored}.",
        f"- Version: darkroom {metadata['version']}{_commit_of(metadata)}",
        "- Licence: MIT, as the project's.",
        "",
        "## Data",
        "",
        _UNKNOWN_DATA if data is None else data.strip(),
        "",
        "## Recipe",
        "",
        "```",
        metadata["command"],
        "```",
        "",
        f"{int(metadata['steps']):,} steps of {metadata['batch']} patches of {metadata['patch']} "
        f"px in {float(metadata['minutes']):.0f} minutes on {metadata['device']}, "
        f"{metadata['setting']} setting; exported: the moving average of the weights.",
    ]
    if note is not None:
        lines += ["", note]
    if last is not None:
        held_out = (
            f"On the held-out training images ({metadata['measure']}): {last.score:.2f}, where "
            f"{metadata['plain']} has {last.baseline:.2f}"
        )
        if last.second is not None:
            held_out += f"; {metadata['second measure']}: {last.second:.2f}"
        lines += [
            "",
            f"{held_out}.",
            "",
            f"![curve]({model}-curve.png)",
        ]
    if figures is not None:
        lines += ["", "## Figures", "", _figures_of(model, int(metadata["scale"]), figures)]
    if example is not None:
        lines += ["", "## Example", "", words.example]
        lines += ["", f"![example]({example})"]
    lines += ["", "## Known weaknesses", "", words.weaknesses, ""]
    path.write_text("\n".join(lines))


def _commit_of(metadata: Mapping[str, str]) -> str:
    commit = metadata.get("commit")
    return f", commit {commit}" if commit else ""


def _figures_of(model: str, scale: int, figures: Path) -> str:
    """The benchmark's rows for this model, and for the plain ways beside it, as Markdown."""
    content = read(figures)

    def concerned(rows: Sequence[Mapping[str, Any]], name: str) -> list[Mapping[str, Any]]:
        ours = [row for row in rows if model in re.split(r"[ ,+()]+", row[name])]
        plain = [row for row in rows if row[name] in content["plain"]] if ours else []
        return [row for row in rows if row in ours or row in plain]

    same_scale = [row for row in content["rows"] if row["scale"] == scale]
    part = {
        **content,
        "rows": concerned(same_scale, "method"),
        "faces": concerned(content["faces"], "method"),
        "finders": concerned(content["finders"], "finder"),
        "notes": [],
    }
    return tables(part, markdown=True)
