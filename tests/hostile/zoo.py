"""Every hostile file by its name, made when it is asked for."""

from collections.abc import Iterator
from functools import partial

from tests.hostile.jpegs import JPEGS
from tests.hostile.others import OTHERS
from tests.hostile.pieces import FORMS, file, picture
from tests.hostile.pngs import PNGS
from tests.hostile.table import Table
from tests.hostile.tiffs import TIFFS

_CUT_OFF = "broken truncated not_an_image unsupported_kind"


def _cuts() -> Iterator[tuple[str, str, float]]:
    """Name, outcomes, and the share of the file that is left."""
    yield "in its first bytes", _CUT_OFF, 0.0
    yield "in its header", _CUT_OFF + " enhanced", 0.03
    yield "before the middle", _CUT_OFF + " enhanced", 0.4
    yield "near the end", _CUT_OFF + " enhanced", 0.9
    yield "by one byte", _CUT_OFF + " enhanced", 1.0


def _cut(kind: str, share: float) -> bytes:
    data = file(kind, picture(200, 150))
    return data[: max(9, min(len(data) - 1, round(share * len(data))))]


ZOO: Table = {
    **{f"PNG: {name}": beast for name, beast in PNGS.items()},
    **{f"JPEG: {name}": beast for name, beast in JPEGS.items()},
    **{f"TIFF: {name}": beast for name, beast in TIFFS.items()},
    **OTHERS,
    **{
        f"{form} cut off {name}": (outcomes, partial(_cut, kind, share))
        for kind, form in FORMS.items()
        for name, outcomes, share in _cuts()
    },
}
