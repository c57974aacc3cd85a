import io
import logging

import pytest
from PIL import EpsImagePlugin, Image

from bots.conversation import Lab
from core.errors import PhotoRefused
from core.images import inspect
from core.jobs import Enhanced, Failed
from tests.hostile.chain import enhanced
from tests.hostile.intake import MEMORY, SECONDS, Look
from tests.hostile.zoo import ZOO
from worker.bench import Bench


@pytest.mark.parametrize("name", ZOO)
async def test_every_file_is_enhanced_or_refused_in_words(
    looks: dict[str, Look], lab: Lab, bench: Bench, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    outcomes, make = ZOO[name]
    look = looks[name]
    assert look.seconds < SECONDS
    assert look.memory < MEMORY
    if look.outcome != "taken":
        assert look.outcome in outcomes.split()
        assert look.text[0].isupper()
        assert look.text.endswith(".")
        return
    with caplog.at_level(logging.WARNING):
        (result,) = await enhanced(lab, bench, make())
    assert not caplog.records
    if isinstance(result, Failed):
        code = "enhanced" if result.code == "blank" else result.code  # read, and all of one colour
        assert code in outcomes.split()
        assert result.text.endswith(".")
        return
    assert isinstance(result, Enhanced)
    assert "enhanced" in outcomes.split()
    with Image.open(io.BytesIO(await lab.blobs.get(result.key))) as image:
        image.load()
        assert image.size == (result.width, result.height)
    assert result.collage is not None


@pytest.mark.parametrize("name", ["PostScript", "PostScript with a DOS header", "PDF", "SVG"])
def test_nothing_is_interpreted(
    looks: dict[str, Look], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Pillow would hand PostScript to Ghostscript; it is refused by its first bytes."""

    def opened(*_words: object, **_options: object) -> None:
        raise AssertionError("a file that is no photo was opened")

    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", opened)
    for plugin in (EpsImagePlugin.EpsImageFile, Image.Image):
        monkeypatch.setattr(plugin, "__init__", opened)
    with pytest.raises(PhotoRefused):
        inspect(ZOO[name][1]())
    assert looks[name].outcome in ("unsupported_kind", "not_an_image")


def test_the_intake_is_quick(looks: dict[str, Look]) -> None:
    slow = {name: look.seconds for name, look in looks.items() if look.seconds > 3}
    assert not slow
    assert len(looks) == len(ZOO)
