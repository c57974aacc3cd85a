"""The papers that come with a weights file: the log as a table and a curve, and the model card."""

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import astuple, fields
from pathlib import Path

from training.loop import LogRow

__all__ = ["draw_curve", "read_log", "write_card", "write_log"]

_UNKNOWN_DATA = "The photos of the folder that the command below was given."

_HOW = {
    "upscale": """\
Pixels only (Charbonnier loss), so it is faithful: it adds no texture that the photo does not hold.
Three quarters of the inputs are bicubic antialiased reductions, one quarter carries mild leftovers
(blur, noise up to sigma 3, JPEG 80-95, other reductions).""",
    "denoise": """\
Pixels only (Charbonnier loss, weighted towards inputs that have little wrong with them). The
inputs: noise of sigma 0-50, half of it 0-15, white, shared between the channels, growing with the
light, or blurred, and JPEG 20-95, alone and together; one in eight is left clean.""",
}

_WEAKNESSES = {
    "upscale": """\
- It will not invent detail: hair, foliage and text that are lost in the small photo stay soft.
- Noise and JPEG ringing are enlarged with the photo (see the real-world row, where there is one);
  run the denoiser first.
- Trained on few photos; drawings and screenshots were not among them.""",
    "denoise": """\
- Fine texture (skin, cloth, distant foliage) is smoothed where the noise covers it, and in a clean
  photo a little too: harsh regular texture such as brick at a distance looks like noise to it. Run
  it only on photos in which noise or blocking was found, and blend.
- In hair and cloth under strong noise faint blotches of colour remain; noise that is itself
  blotchy, wider than a few pixels, moire and banding are hardly known to it.
- Its view is wide: with 32 pixels of padding tiles differ from the whole by up to 1/255. Sizes
  must be multiples of 8.""",
}


def write_log(path: Path, log: Sequence[LogRow]) -> None:
    """Write the log as CSV, one column per field of LogRow."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(field.name for field in fields(LogRow))
        for row in log:
            writer.writerow(f"{value:.6g}" for value in astuple(row))


def draw_curve(path: Path, log: Sequence[LogRow], title: str) -> None:
    """Draw the held-out PSNR and the loss over the minutes as a small PNG."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    minutes = [row.seconds / 60 for row in log]
    figure, axis = pyplot.subplots(figsize=(5, 3), dpi=90, layout="constrained")
    axis.plot(minutes, [row.psnr for row in log], color="tab:blue", label="held-out PSNR")
    if log:
        axis.axhline(log[-1].baseline, color="tab:grey", linestyle=":", label="baseline")
    axis.set(xlabel="minutes", ylabel="PSNR (dB)", title=title)
    other = axis.twinx()
    other.plot(minutes, [row.loss for row in log], color="tab:orange", alpha=0.6, label="loss")
    other.set(ylabel="training loss")
    axis.legend(loc="center right", fontsize=8)
    figure.savefig(path)
    pyplot.close(figure)


def read_log(path: Path) -> list[LogRow]:
    """Read what `write_log` wrote."""
    with path.open(newline="") as file:
        return [
            LogRow(step=int(row.pop("step")), **{name: float(value) for name, value in row.items()})
            for row in csv.DictReader(file)
        ]


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
    kind = metadata["recipe"].split("-")[0]
    last = log[-1] if log else None
    lines = [
        f"# {model}",
        "",
        f"{metadata['purpose'][0].upper()}{metadata['purpose'][1:]}.",
        "",
        _HOW[kind],
        "",
        f"- Network: {metadata['architecture']}, {int(metadata['parameters']):,} parameters, scale "
        f"{metadata['scale']}, stored in half precision, opened by spandrel.",
        f"- Version: darkroom {metadata['version']}",
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
        lines += [
            "",
            f"On the held-out training photos: {last.psnr:.2f} dB, where "
            f"{'the input itself' if kind == 'denoise' else 'bicubic'} has {last.baseline:.2f} dB.",
            "",
            f"![curve]({model}-curve.png)",
        ]
    if figures is not None:
        lines += ["", "## Figures", "", *_tables(figures, model, int(metadata["scale"]))]
    if example is not None:
        plain = "with noise of sigma 25" if kind == "denoise" else "enlarged by bicubic"
        lines += ["", "## Example", "", f"Left: {plain}; middle: this model; right: the original."]
        lines += ["", f"![example]({example})"]
    lines += ["", "## Known weaknesses", "", _WEAKNESSES[kind], ""]
    path.write_text("\n".join(lines))


def _tables(figures: Path, model: str, scale: int) -> list[str]:
    """The benchmark's rows for this model and for the plain ways of the same tasks."""
    content = json.loads(figures.read_text())
    lines = [content["about"], ""]
    lines += ["| task | method | PSNR Y | PSNR RGB | SSIM |", "|---|---|---|---|---|"]
    for row in content["rows"]:
        if row["scale"] != scale:
            continue
        if row["method"] not in content["plain"] and model not in row["method"].split(" + "):
            continue
        lines.append(
            f"| {row['task']} | {row['method']} | {row['psnr_y']:.2f} | {row['psnr_rgb']:.2f} "
            f"| {row['ssim']:.4f} |"
        )
    return lines
