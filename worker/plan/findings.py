"""What is seen in a photo, in a few words each; the words stand in one table."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from core.errors import PhotoRefused
from core.language import N_, _, decimal
from worker.diagnosis import Blank, BlurKind, Diagnosis, Fault, Kind, LightNeed, Use
from worker.plan.compression import COMPRESSED, is_compressed
from worker.plan.sight import Sight

__all__ = ["NOISE", "faulty", "findings", "measured", "refuse_blank", "worded"]

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
_FAULTS: Final = {
    Fault.DARK: N_("too dark"),
    Fault.BRIGHT: N_("too bright"),
    Fault.FLAT: N_("flat"),
    Fault.CAST: N_("with a colour cast"),
}
_KINDS: Final = {
    Kind.PHOTO: N_("a photo"),
    Kind.DRAWING: N_("a drawing"),
    Kind.SCREENSHOT: N_("a screenshot"),
}
_MAYBE_DRAWN: Final = N_("a photo, or a drawing")
_USES: Final = {
    Use.ICON: N_("enough pixels for an icon"),
    Use.MESSAGE: N_("enough pixels for a message"),
    Use.SCREEN: N_("enough pixels for a screen"),
    Use.PRINT: N_("enough pixels for a print"),
}


def refuse_blank(diagnosis: Diagnosis) -> None:
    """Raises PhotoRefused (code `blank`) if the photo shows nothing."""
    if diagnosis.blank is not None:
        raise PhotoRefused(_(_BLANKS[diagnosis.blank]), code="blank")


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


def faulty(lighting: LightNeed) -> str:
    """What is wrong with the light, such as "too dark, flat"; empty where it is well."""
    return ", ".join(_(_FAULTS[fault]) for fault in lighting.faults)


def _compressed(sight: Sight) -> str:
    quality = sight.diagnosis.jpeg_quality
    if quality is None or quality >= COMPRESSED:
        return _("blocky (small squares show)")
    return worded(N_("compressed (quality ≈ {quality})"), sight)


@dataclass(frozen=True)
class _Picture:
    """What is known of a picture, and what it is taken for."""

    sight: Sight
    kind: Kind
    lighting: LightNeed


_ROWS: Final[tuple[tuple[Callable[[_Picture], bool], Callable[[_Picture], str]], ...]] = (
    (
        lambda one: one.kind is not Kind.PHOTO and one.kind is one.sight.diagnosis.kind,
        lambda one: _(_KINDS[one.kind]),
    ),
    (
        lambda one: one.sight.diagnosis.noise_sigma >= NOISE,
        lambda one: worded(N_("noisy (σ ≈ {sigma})"), one.sight),
    ),
    (
        lambda one: is_compressed(one.sight.diagnosis),
        lambda one: _compressed(one.sight),
    ),
    (
        lambda one: one.sight.blur.kind is not BlurKind.SHARP and one.kind is Kind.PHOTO,
        lambda one: worded(_BLURS[one.sight.blur.kind], one.sight),
    ),
    (
        lambda one: bool(one.lighting) and one.kind is Kind.PHOTO,
        lambda one: faulty(one.lighting),
    ),
)


def findings(sight: Sight, kind: Kind, lighting: LightNeed) -> tuple[str, ...]:
    """What is worth a word of a picture that is taken for `kind`; empty for a clean photo whose
    light needs nothing."""
    picture = _Picture(sight, kind, lighting)
    return tuple(words(picture) for seen, words in _ROWS if seen(picture))


def measured(sight: Sight) -> tuple[str, ...]:
    """The figures, for whoever asks why."""
    seen = sight.diagnosis
    texts = [
        _(_MAYBE_DRAWN if sight.doubtful else _KINDS[seen.kind]),
        _(_USES[seen.use]),
        _("noise σ ≈ {sigma} of 255").format(sigma=decimal(f"{seen.noise_sigma:.1f}")),
        _("never JPEG")
        if seen.jpeg_quality is None
        else worded(N_("JPEG quality ≈ {quality}"), sight),
        worded(_BLURS[sight.blur.kind], sight),
        _("lightness {median} of 100").format(median=f"{seen.light.median:.0f}"),
    ]
    if seen.colour.grey:
        texts.append(_("grey"))
    elif seen.colour.toned:
        texts.append(_("in one tint"))
    if seen.colour.faded:
        texts.append(_("without black and white, as faded prints are"))
    if seen.colour.cast >= 1:
        texts.append(_("cast {cast}").format(cast=decimal(f"{seen.colour.cast:.0f}")))
    if seen.light.highlights >= _HEAVY / 10:
        share = f"{100 * seen.light.highlights:.0f}"
        texts.append(_("{share} % burnt out").format(share=share))
    return tuple(texts)
