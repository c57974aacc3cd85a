"""What became of the faces, in words."""

from collections import Counter
from collections.abc import Sequence

from core.language import _, ngettext
from worker.stages.faces.restoration import RestoredFace

__all__ = ["report"]


def report(
    faces: Sequence[RestoredFace], strength: int, reasons: Sequence[str], background: int
) -> str:
    """`2 faces restored at 70 %; 1 left alone: too small; 2 in the background left alone`.

    Faces that were kept below `strength` are told apart: `kept 60 %: the face began to drift`.

    `reasons` has one entry a face that could not be restored; `background` counts those that were
    not asked for. Where nothing was restored the reasons stand by themselves: `too small`.
    """
    parts = []
    lowered = [face.strength for face in faces if face.strength < strength]
    restored = len(faces) - len(lowered)
    if restored:
        text = ngettext(
            "{count} face restored at {strength} %",
            "{count} faces restored at {strength} %",
            restored,
        )
        parts.append(text.format(count=restored, strength=strength))
    if lowered:
        parts.append(_kept(lowered, alone=not restored))
    drifted = sum(face.drifted for face in faces) - len(lowered)
    if drifted:
        parts.append(_drifted(drifted, alone=len(faces) == 1))
    if reasons:
        why = _counted(reasons)
        if faces:
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


def _kept(strengths: Sequence[int], alone: bool) -> str:
    low, high = min(strengths), max(strengths)
    kept = str(low) if low == high else f"{low}–{high}"
    if alone and len(strengths) == 1:
        return _("kept {strength} %: the face began to drift").format(strength=kept)
    text = ngettext(
        "{count} kept at {strength} %: the face began to drift",
        "{count} kept at {strength} %: the faces began to drift",
        len(strengths),
    )
    return text.format(count=len(strengths), strength=kept)


def _drifted(count: int, alone: bool) -> str:
    if alone:
        return _("the face began to drift")
    text = ngettext("{count} of them began to drift", "{count} of them began to drift", count)
    return text.format(count=count)
