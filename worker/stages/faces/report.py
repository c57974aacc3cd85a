"""What became of the faces, in words."""

from collections import Counter
from collections.abc import Sequence

from core.language import _, ngettext

__all__ = ["report"]


def report(restored: int, strength: int, reasons: Sequence[str], background: int) -> str:
    """`2 faces restored at 70 %; 1 left alone: too small; 2 in the background left alone`.

    `reasons` has one entry a face that could not be restored; `background` counts those that were
    not asked for. Where nothing was restored the reasons stand by themselves: `too small`.
    """
    parts = []
    if restored:
        text = ngettext(
            "{count} face restored at {strength} %",
            "{count} faces restored at {strength} %",
            restored,
        )
        parts.append(text.format(count=restored, strength=strength))
    if reasons:
        why = _counted(reasons)
        if restored:
            why = _("{count} left alone: {why}").format(count=len(reasons), why=why)
        parts.append(why)
    if background:
        parts.append(_("{count} in the background left alone").format(count=background))
    return "; ".join(parts)


def _counted(reasons: Sequence[str]) -> str:
    counts = Counter(reasons)
    if len(counts) == 1:
        return reasons[0]
    return ", ".join(f"{count} {reason}" for reason, count in counts.items())
