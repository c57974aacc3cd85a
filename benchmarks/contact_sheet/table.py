"""The flaws as Markdown."""

from collections.abc import Mapping, Sequence

from benchmarks.contact_sheet.trials import Trial

__all__ = ["table"]


def table(sheets: Mapping[str, Sequence[Trial]]) -> str:
    """How many results had how many flaws, a row for each flaw, and the worst of every figure."""
    done = [(photo, trial) for photo, ways in sheets.items() for trial in ways]
    found = [(photo, trial, flaw) for photo, trial in done for flaw in trial.flaws]
    lines = [f"{len(done)} results of {len(sheets)} photos, {len(found)} flaws.", ""]
    if found:
        lines += ["| photo | way | flaw | found | allowed | where (x, y) |", "| --- " * 6 + "|"]
        for photo, trial, flaw in found:
            where = f"{flaw.place.left}, {flaw.place.top}" if flaw.place else ""
            lines.append(
                f"| {photo} | {trial.way} | {flaw.name} | {flaw.value:.3g} {flaw.unit} "
                f"| {flaw.limit:g} | {where} |"
            )
        lines.append("")
    lines += ["| figure | measured | worst | allowed | of | by |", "| --- " * 6 + "|"]
    measured = [(photo, trial, figure) for photo, trial in done for figure in trial.figures]
    for name in dict.fromkeys(figure.name for _, _, figure in measured):
        own = [one for one in measured if one[2].name == name]
        photo, trial, worst = max(own, key=lambda one: one[2].value)
        lines.append(
            f"| {name} | {len(own)} | {worst.value:.3g} {worst.unit} | {worst.limit:g} "
            f"| {photo} | {trial.way} |"
        )
    return "\n".join(lines) + "\n"
