"""What is seen in a photo, in a few words each; the words stand in one table."""

from collections.abc import Callable
from typing import Final

from core.errors import PhotoRefused
from core.language import N_, _, decimal
from worker.diagnosis import Blank, BlurKind, Diagnosis, Kind
from worker.plan.compression import is_compressed
from worker.plan.sight import Sight
from worker.stages.light import reason

__all__ = ["NOISE", "findings", "measured", "refuse_blank", "worded"]

NOISE = 2.0
"""Sigma (0–255) from which on a photo is noisy."""

_HEAVY = 0.12
_BLANKS: Final = {
    Blank.BLACK: N_(
        "This photo is black all over: there is nothing in it that could be made better."
    ),
    Blank.WHITE: N_(
        "This photo is white all over: there is nothing in it that could be made better."
    ),
    Blank.PLAIN: N_(
        "This picture is one colour all over: there is nothing in it that could be made better."
    ),
}
_BLURS: Final = {
    BlurKind.SHARP: N_("sharp"),
    BlurKind.SOFT: N_("out of focus (≈ {pixels} px)"),
    BlurKind.MOTION: N_("shaken (≈ {pixels} px)"),
    BlurKind.ENLARGED: N_("enlarged before (≈ {factor}×)"),
}
_KINDS: Final = {
    Kind.PHOTO: N_("a photo"),
    Kind.DRAWING: N_("a drawing"),
    Kind.SCREENSHOT: N_("a screenshot"),
}


def refuse_blank(diagnosis: Diagnosis) -> None:
    """Raises PhotoRefused (code `blank`) if the photo shows nothing."""
    if diagnosis.light.blank is not None:
        raise PhotoRefused(_(_BLANKS[diagnosis.light.blank]), code="blank")


def worded(words: str, sight: Sight) -> str:
    """A text with the figures of a photo: `sigma`, `quality`, `pixels` and `factor`."""
    diagnosis, blur = sight.diagnosis, sight.blur
    across = blur.length if blur.kind is BlurKind.MOTION else blur.sigma
    return _(words).format(
        sigma=f"{diagnosis.noise_sigma:.0f}",
        quality=f"{diagnosis.jpeg_quality or 0:.0f}",
        pixels=decimal(f"{across:.1f}" if across < 3 else f"{across:.0f}"),
        factor=decimal(f"{blur.factor:.2g}"),
    )


def _compressed(sight: Sight) -> str:
    if sight.diagnosis.jpeg_quality is None:
        return _("blocky")
    return worded(N_("compressed (quality ≈ {quality})"), sight)


_ROWS: Final[tuple[tuple[Callable[[Sight, Kind], bool], Callable[[Sight, Kind], str]], ...]] = (
    (
        lambda sight, kind: kind is not Kind.PHOTO and kind is sight.diagnosis.kind,
        lambda _sight, kind: _(_KINDS[kind]),
    ),
    (
        lambda sight, _kind: sight.diagnosis.noise_sigma >= NOISE,
        lambda sight, _kind: worded(N_("noisy (σ ≈ {sigma})"), sight),
    ),
    (
        lambda sight, _kind: is_compressed(sight.diagnosis),
        lambda sight, _kind: _compressed(sight),
    ),
    (
        lambda sight, kind: sight.blur.kind is not BlurKind.SHARP and kind is Kind.PHOTO,
        lambda sight, _kind: worded(_BLURS[sight.blur.kind], sight),
    ),
    (
        lambda sight, kind: bool(sight.light) and kind is Kind.PHOTO,
        lambda sight, _kind: reason(sight.light),
    ),
)


def findings(sight: Sight, kind: Kind) -> tuple[str, ...]:
    """What is worth a word of a picture that is taken for `kind`; empty for a clean photo."""
    return tuple(words(sight, kind) for seen, words in _ROWS if seen(sight, kind))


def measured(sight: Sight) -> tuple[str, ...]:
    """The figures, for whoever asks why."""
    seen = sight.diagnosis
    texts = [
        _(_KINDS[seen.kind]),
        _("noise σ ≈ {sigma} of 255").format(sigma=decimal(f"{seen.noise_sigma:.1f}")),
        _("never JPEG")
        if seen.jpeg_quality is None
        else worded(N_("JPEG quality ≈ {quality}"), sight),
        worded(_BLURS[sight.blur.kind], sight),
        _("lightness {median} of 100").format(median=f"{seen.light.median:.0f}"),
    ]
    if seen.colour.cast >= 1:
        texts.append(_("cast {cast}").format(cast=decimal(f"{seen.colour.cast:.0f}")))
    if seen.light.highlights >= _HEAVY / 10:
        share = f"{100 * seen.light.highlights:.0f}"
        texts.append(_("{share} % burnt out").format(share=share))
    return tuple(texts)
