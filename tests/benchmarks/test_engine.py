"""The engine's benchmark runs the shipped networks that work on whole photos."""

from benchmarks.engine import _models
from weights.catalog import Purpose


def test_face_models_are_left_out() -> None:
    rows = [row for row, path in _models([]) if path.is_file()]
    assert {row.purpose for row in rows} == {Purpose.UPSCALE, Purpose.DENOISE}
    assert "darkroom-x4" in {row.id for row in rows}
