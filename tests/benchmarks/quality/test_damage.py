import numpy as np
import pytest
from PIL import Image

from benchmarks.quality.damage import FACES, TASKS, Task, noisy
from tests.benchmarks.quality.conftest import astronaut


@pytest.mark.parametrize("task", [*TASKS, FACES], ids=lambda task: task.name)
def test_damage_has_its_size_and_repeats_by_name(task: Task) -> None:
    clean = Image.fromarray(astronaut())
    poor = task.poor(clean, "a.png")
    assert poor.size == (clean.width // task.scale, clean.height // task.scale)
    assert poor.tobytes() == task.poor(clean, "a.png").tobytes()
    draws = any(word in task.name for word in ("noise", "real-world", "faces"))
    assert (poor.tobytes() != task.poor(clean, "b.png").tobytes()) is draws


def test_noise_is_as_strong_as_said() -> None:
    grey = Image.new("RGB", (200, 200), (128, 128, 128))
    levels = np.asarray(noisy(grey, 15, np.random.default_rng(0)), float)
    assert levels.std() == pytest.approx(15, rel=0.02)
    assert levels.mean() == pytest.approx(128, abs=0.2)
    assert np.corrcoef(levels[..., 0].ravel(), levels[..., 1].ravel())[0, 1] < 0.02


def test_reduction_keeps_a_ramp_in_its_place() -> None:
    (task,) = [task for task in TASKS if task.name == "x4 bicubic"]
    ramp = np.tile(np.arange(0, 256, 2, dtype=np.uint8), (128, 1))
    small = np.asarray(task.poor(Image.fromarray(np.stack([ramp] * 3, axis=2)), ""))
    expected = (np.arange(32) * 4 + 1.5) * 2  # Middles of blocks of four pixels.
    assert small[16, 4:-4, 0] == pytest.approx(expected[4:-4], abs=1)


def test_strong_jpeg_shows_a_grid_of_eight() -> None:
    (task,) = [task for task in TASKS if task.name == "JPEG 10"]
    poor = np.asarray(task.poor(Image.fromarray(astronaut()), ""), float).mean(2)
    steps = np.abs(np.diff(poor, axis=1)).mean(0)
    borders = np.arange(7, 127, 8)
    assert steps[borders].mean() > 1.5 * np.delete(steps, borders).mean()
