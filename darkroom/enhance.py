"""`darkroom enhance`: brings up what is missing, runs the photos, tells the outcomes."""

import contextlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from bots.service import open_lab
from bots.terminal.desk import Outcome
from bots.terminal.enhance import enhance
from core.errors import ServiceDown
from core.jobs import Failed
from core.recipe import Recipe
from core.settings import StoreSettings, WorkerSettings
from darkroom.children import Child
from darkroom.redis import redis_url
from darkroom.up import worker_installed

WORKER_RESTARTS = 3


async def run(
    photos: Sequence[Path], folder: Path, recipe: Recipe, *, as_json: bool, log: str
) -> int:
    """Enhance photos into `folder`; returns the exit code, 0 only if all were enhanced."""
    settings = StoreSettings.load().model_copy(update={"photos_per_user": 1_000_000})
    console = Console(stderr=True, highlight=False)
    async with contextlib.AsyncExitStack() as stack:
        url = await stack.enter_async_context(redis_url(settings, lasting=False))
        lab = await stack.enter_async_context(open_lab(url, settings))
        worker = None
        if not await lab.presence.living("worker"):
            worker = await stack.enter_async_context(_worker(url, log))
        status = stack.enter_context(console.status("Starting…"))

        def show(photo: Path, text: str) -> None:
            status.update(Text(f"{photo.name}: {text.splitlines()[0]}"))

        async def alive() -> None:
            if worker is None and not await lab.presence.living("worker"):
                raise ServiceDown("The worker has gone; start one with `darkroom worker`.")
            if worker is not None and worker.given_up:
                raise ServiceDown("The worker cannot be started; its last words are above.")

        outcomes = await enhance(photos, folder, recipe, lab, show, alive=alive)
    _tell(outcomes, console, as_json=as_json)
    return 0 if all(outcome.ok for outcome in outcomes) else 1


def _worker(url: str, log: str) -> Child:
    if not worker_installed():
        raise ServiceDown(
            "No worker runs, and its packages are not installed here: "
            "pip install -c constraints.txt '.[worker]'"
        )
    WorkerSettings.load()
    return Child("worker", "--log", log, environment={"REDIS_URL": url}, restarts=WORKER_RESTARTS)


def _tell(outcomes: Sequence[Outcome], console: Console, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps([_row(outcome) for outcome in outcomes], indent=2))  # noqa: T201
        return
    for outcome in outcomes:
        style = "green" if outcome.ok else "red"
        console.print(Text.assemble((f"{outcome.photo}\n", style), outcome.text), soft_wrap=True)
        for path in (outcome.file, outcome.collage):
            if path is not None:
                console.print(Text(f"  → {path}"), soft_wrap=True)


def _row(outcome: Outcome) -> dict[str, Any]:
    row: dict[str, Any] = {
        "photo": str(outcome.photo),
        "ok": outcome.ok,
        "text": outcome.text,
        "file": str(outcome.file) if outcome.file else None,
        "collage": str(outcome.collage) if outcome.collage else None,
    }
    result = outcome.result
    if isinstance(result, Failed):
        row["code"] = result.code
    elif result is not None:
        row |= result.model_dump(
            include={
                "width",
                "height",
                "source_width",
                "source_height",
                "bytes",
                "media_type",
                "steps",
                "notes",
                "seconds",
            },
            mode="json",
        )
    return row
