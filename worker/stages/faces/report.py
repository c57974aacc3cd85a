"""What became of the faces, in words."""

from collections import Counter
from collections.abc import Sequence

__all__ = ["report"]


def report(restored: int, strength: int, reasons: Sequence[str], background: int) -> str:
    """`2 faces restored at 70 %; 1 left alone: too small; 2 in the background left alone`.

    `reasons` has one entry a face that could not be restored; `background` counts those that were
    not asked for. Where nothing was restored the reasons stand by themselves: `too small`.
    """
    parts = []
    if restored:
        faces = "1 face" if restored == 1 else f"{restored} faces"
        parts.append(f"{faces} restored at {strength} %")
    if reasons:
        why = _counted(reasons)
        parts.append(f"{len(reasons)} left alone: {why}" if restored else why)
    if background:
        parts.append(f"{background} in the background left alone")
    return "; ".join(parts)


def _counted(reasons: Sequence[str]) -> str:
    counts = Counter(reasons)
    if len(counts) == 1:
        return reasons[0]
    return ", ".join(f"{count} {reason}" for reason, count in counts.items())
