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
from core.settings import StoreSettings, WorkerSettings
from worker import bench, runner
from worker.imaging.photo import Photo
from worker.pipeline import Outcome

SECONDS = "STAND_IN_SECONDS"


def main() -> None:
    """Work until told to stop."""
    seconds = float(os.environ[SECONDS])

    def enhance(photo: Photo, *rest: Any, **options: Any) -> Outcome:
        time.sleep(seconds)
        return Outcome(photo, (), (), None)

    logs.configure("WARNING")
    settings = StoreSettings.load()
    assert settings.redis_url is not None
    with mock.patch.object(bench, "enhance", enhance):
        asyncio.run(
            runner.run(settings.redis_url.get_secret_value(), settings, WorkerSettings.load())
        )


if __name__ == "__main__":
    main()
