import asyncio
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path

import pytest

from bots import status
from bots.desk import Rows, TryLater
from bots.status import StatusBoard
from core import captions, keys, store
from core.jobs import Address, Job, Progress
from core.queue import Queue
from core.store import Client
from core.tickets import Ticket
from tests.doubles.desk import RecordingDesk
from tests.doubles.jobs import fresh


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(status, "LOOK_SECONDS", 0.01)


@pytest.fixture
async def board(desk: RecordingDesk, queue: Queue) -> AsyncIterator[StatusBoard]:
    board = StatusBoard(desk, queue)
    running = asyncio.create_task(board.run())
    yield board
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def opened(desk: RecordingDesk, name: str = "job-1") -> Job:
    address: Address = await desk.open_status({"chat": 1}, "…")
    return fresh(name, address=address)


async def shows(desk: RecordingDesk, job: Job, text: str) -> None:
    number = job.address["status"]
    assert isinstance(number, int)
    await desk.until(lambda: text in desk.messages[number].text)


async def test_a_message_follows_its_job_from_the_queue_to_the_lab(
    desk: RecordingDesk, queue: Queue, client: Client, board: StatusBoard
) -> None:
    await queue.enqueue(fresh("ahead", user="ben"))
    await asyncio.sleep(0.002)
    job = await opened(desk)
    board.watch(job)
    await queue.enqueue(job)
    await board.tell(job, "Queued.")
    await shows(desk, job, "place 2")
    await client.zrem(keys.QUEUE, "ahead")
    await shows(desk, job, "next in the queue")
    await client.set("arq:in-progress:job-1", "1")
    await queue.report("job-1", Progress(stage="denoise", fraction=0.3))
    await shows(desk, job, "removing noise…\n▰▰▰▱▱▱▱▱▱▱ 30 %")
    (shown,) = desk.messages.values()
    assert [button.data for button in shown.buttons] == ["job-1:cancel"]


async def test_a_text_that_the_chat_had_no_room_for_is_shown_later(
    desk: RecordingDesk, queue: Queue, board: StatusBoard
) -> None:
    job = await opened(desk)
    board.watch(job)
    await queue.enqueue(job)
    desk.status_faults = [TryLater("enough for now"), OSError()]
    await board.tell(job, captions.queued(await queue.ticket(job.id) or Ticket(job.id, 1, 8.0)))
    await shows(desk, job, "next in the queue")


async def test_after_the_answer_nothing_is_edited_any_more(
    desk: RecordingDesk, queue: Queue, client: Client, board: StatusBoard
) -> None:
    job, other = await opened(desk), await opened(desk, "job-2")
    for one in (job, other):
        board.watch(one)
        await queue.enqueue(one)
    await board.settle("job-1")
    await desk.update_status(job.address, "the answer")
    await client.zrem(keys.QUEUE, "job-1")
    await shows(desk, other, "next in the queue")
    await board.tell(job, "too late")
    assert desk.messages[1].text == "the answer"


async def test_settling_waits_for_an_edit_under_way(
    desk: RecordingDesk, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = StatusBoard(desk, queue)
    job = await opened(desk)
    board.watch(job)
    begun, may_end = asyncio.Event(), asyncio.Event()
    update = desk.update_status

    async def slow(address: Address, text: str, _rows: Rows = (), *, fleeting: bool) -> None:
        assert fleeting
        begun.set()
        await may_end.wait()
        await update(address, text)

    monkeypatch.setattr(desk, "update_status", slow)
    edit = asyncio.create_task(board.tell(job, "an edit"))
    await begun.wait()
    settled = asyncio.create_task(board.settle("job-1"))
    await asyncio.sleep(0)
    assert not settled.done()
    may_end.set()
    await asyncio.gather(edit, settled)
    assert desk.messages[1].text == "an edit"


async def test_messages_of_an_earlier_process_are_taken_up(
    desk: RecordingDesk, queue: Queue
) -> None:
    job = await opened(desk)
    await queue.enqueue(job)
    running = asyncio.create_task(StatusBoard(desk, queue).run())
    await shows(desk, job, "next in the queue")
    running.cancel()


async def test_an_edit_that_fails_does_not_stop_the_others(
    desk: RecordingDesk, queue: Queue, board: StatusBoard
) -> None:
    jobs = [await opened(desk, f"job-{n}") for n in (1, 2)]
    desk.status_faults = [RuntimeError("the chat is gone")]
    for job in jobs:
        board.watch(job)
        await queue.enqueue(job)
        await board.tell(job, "Queued.")
        await asyncio.sleep(0.002)
    await shows(desk, jobs[1], "place 2")
    await shows(desk, jobs[0], "next in the queue")


async def test_edits_keep_the_platforms_distance_and_grow_rarer(
    desk: RecordingDesk, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = 1000.0
    monkeypatch.setattr("bots.status.time.monotonic", lambda: clock)
    desk.interval = 6.0
    board = StatusBoard(desk, queue)
    job = await opened(desk)
    board.watch(job)
    await queue.enqueue(job)
    await board.tell(job, "Queued.")
    edits = []
    for second in range(1200):
        clock = 1000.0 + second
        await queue.learn_pace(100.0 if second % 2 else 1.0)  # the text changes all the time
        before = len(desk.messages[1].history)
        await board._look()
        if len(desk.messages[1].history) > before:
            edits.append(second)
    gaps = [later - earlier for earlier, later in pairwise(edits)]
    assert min(gaps) >= 6
    assert max(gaps) <= 21
    assert sum(edit < 60 for edit in edits) <= 10


async def test_a_redis_that_is_away_for_a_moment_is_waited_for(
    desk: RecordingDesk, tmp_path: Path, client: Client
) -> None:
    nobody = store.connect(f"unix://{tmp_path / 'nobody'}", retries=0)
    queue = Queue(nobody)
    board = StatusBoard(desk, queue)
    job = await opened(desk)
    board.watch(job)
    running = asyncio.create_task(board.run())
    await asyncio.sleep(0.1)
    assert not running.done()
    await Queue(client).enqueue(job)
    queue._client = client
    await shows(desk, job, "next in the queue")
    running.cancel()
    await nobody.aclose()
