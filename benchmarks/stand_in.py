"""`darkroom worker` with a stand-in for its stages, which take a fixed time and change nothing.

Everything else is the worker's own: the lease, photo store, decoding, encoding, publishing. So
several workers can be measured on a machine whose cores would not carry several models.

    REDIS_URL=… STAND_IN_SECONDS=0.15 python -m benchmarks.stand_in
"""

import asyncio
import os
import time
from typing import Any
from unittest import mock

from core import logs
from core.recipe import Recipe
from core.settings import StoreSettings, WorkerSettings
from weights.roster import Capabilities
from worker import bench, runner
from worker.diagnosis import Diagnosis
from worker.imaging.photo import Photo
from worker.pipeline import Outcome
from worker.plan import Sight, plan

SECONDS = "STAND_IN_SECONDS"


def main() -> None:
    """Work until told to stop."""
    seconds = float(os.environ[SECONDS])

    def enhance(photo: Photo, recipe: Recipe, *rest: Any, **options: Any) -> Outcome:
        time.sleep(seconds)
        nothing = plan(recipe, Sight(Diagnosis(photo.width, photo.height, 0, 0)), Capabilities())
        return Outcome(photo, nothing, (), ())

    logs.configure("WARNING")
    settings = StoreSettings.load()
    assert settings.redis_url is not None
    with mock.patch.object(bench, "enhance", enhance):
        asyncio.run(
            runner.run(settings.redis_url.get_secret_value(), settings, WorkerSettings.load())
        )


if __name__ == "__main__":
    main()
