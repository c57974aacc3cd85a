import asyncio
from collections.abc import Awaitable
from dataclasses import replace
from pathlib import Path

import pytest

from bots.conversation import Lab
from bots.terminal.enhance import enhance
from core import keys
from core.blobs import Blobs
from core.errors import DarkroomError, ServiceDown
from core.jobs import Reply
from core.queue import Queue
from core.recipe import PLAIN, Recipe
from core.store import Client
from tests.doubles.jobs import enhanced
from tests.doubles.photos import photo_file


async def answering(lab: Lab, client: Client, count: int, seen: list[Recipe]) -> None:
    """Answers jobs as a worker would, without enhancing anything."""
    answered = 0
    while answered < count:
        for platform in await _platforms(client):
            for job in await lab.queue.owed(platform):
                key = Blobs.key(job.id, "out", job.deadline)
                await lab.blobs.put(key, await lab.blobs.get(job.photos[0].key))
                seen.append(job.recipe)
                told = Reply.failure(job, "x", "X.").model_copy(
                    update={"results": (enhanced(key=key, name=job.photos[0].name),)}
                )
                answered += await lab.outbox.publish(told)
        await asyncio.sleep(0.02)


async def _platforms(client: Client) -> set[str]:
    members: Awaitable[set[str]] = client.smembers(keys.PLATFORMS)  # type: ignore[assignment]
    return await members


def photos(folder: Path, count: int) -> list[Path]:
    folder.mkdir(exist_ok=True)
    paths = [folder / f"{n}.png" for n in range(count)]
    for n, path in enumerate(paths):
        path.write_bytes(photo_file(20 + n))
    return paths


def quiet(photo: Path, text: str) -> None:
    """No display."""


async def test_many_photos_are_enhanced_and_nothing_is_left_in_redis(
    lab: Lab, client: Client, tmp_path: Path
) -> None:
    paths = photos(tmp_path / "in", 12)
    lab = replace(lab, queue=Queue(client, photos_per_user=100))
    seen: list[Recipe] = []
    worker = asyncio.create_task(answering(lab, client, 12, seen))
    outcomes = await enhance(
        [*paths, paths[0]], tmp_path / "new" / "out", Recipe(scale=2), lab, quiet
    )
    await worker
    assert [outcome.photo for outcome in outcomes] == paths
    assert all(outcome.ok for outcome in outcomes)
    assert [outcome.file.read_bytes() for outcome in outcomes if outcome.file] == [
        path.read_bytes() for path in paths
    ]
    assert seen == [Recipe(scale=2)] * 12
    assert not [name for name in await client.keys("*") if "terminal" in name]
    assert await _platforms(client) == set()


async def test_bad_photos_get_sentences_and_stop_no_other(
    lab: Lab, client: Client, tmp_path: Path
) -> None:
    (good,) = photos(tmp_path, 1)
    text = tmp_path / "notes.txt"
    text.write_text("hello")
    worker = asyncio.create_task(answering(lab, client, 1, []))
    outcomes = await enhance(
        [tmp_path / "no.png", good, text, tmp_path], tmp_path, PLAIN, lab, quiet
    )
    await worker
    assert [outcome.ok for outcome in outcomes] == [False, True, False, False]
    assert "no such file" in outcomes[0].text
    assert "text, not a photo" in outcomes[2].text
    assert "folder, not a photo" in outcomes[3].text


async def test_a_path_that_is_too_long_is_told_and_stops_no_other(
    lab: Lab, client: Client, tmp_path: Path
) -> None:
    (good,) = photos(tmp_path, 1)
    worker = asyncio.create_task(answering(lab, client, 1, []))
    outcomes = await enhance([tmp_path / ("x" * 300), good], tmp_path, PLAIN, lab, quiet)
    await worker
    assert [outcome.ok for outcome in outcomes] == [False, True]
    assert "File name too long" in outcomes[0].text


async def test_a_worker_that_cannot_start_ends_the_run_with_its_sentence(
    lab: Lab, client: Client, blobs: Blobs, tmp_path: Path
) -> None:
    async def gone() -> None:
        raise ServiceDown("The worker cannot be started.")

    with pytest.raises(ServiceDown, match="cannot be started"):
        await enhance(photos(tmp_path, 2), tmp_path, PLAIN, lab, quiet, alive=gone)
    assert await client.zcard(keys.QUEUE) == 0
    assert await blobs.keys() == []


async def test_an_interrupted_run_takes_its_photos_back(
    lab: Lab, client: Client, blobs: Blobs, tmp_path: Path
) -> None:
    paths, queued, all_queued = photos(tmp_path, 2), set(), asyncio.Event()

    def show(photo: Path, text: str) -> None:
        if text.startswith("Queued"):
            queued.add(photo)
        if len(queued) == len(paths):
            all_queued.set()

    run = asyncio.create_task(enhance(paths, tmp_path, PLAIN, lab, show))
    await all_queued.wait()
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert await client.zcard(keys.QUEUE) == 0
    assert await blobs.keys() == []


@pytest.mark.parametrize("folder", ["a.png", "a.png/deeper"])
async def test_a_folder_that_cannot_be_made_is_a_sentence(
    lab: Lab, tmp_path: Path, folder: str
) -> None:
    (tmp_path / "a.png").write_bytes(photo_file())
    with pytest.raises(DarkroomError, match="cannot be made"):
        await enhance([tmp_path / "a.png"], tmp_path / folder, PLAIN, lab, quiet)
