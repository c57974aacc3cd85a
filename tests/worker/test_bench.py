import asyncio
import io
import logging
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from PIL import Image

from bots.conversation import Lab
from core import captions, keys
from core.blobs import Blobs
from core.images import Limits
from core.jobs import Enhanced, Failed, Job, PhotoRef, Reply, StageName
from core.queue import Cancelling
from core.recipe import Format, Recipe
from core.store import Client
from tests.doubles.jobs import fresh
from tests.doubles.photos import photo_file
from weights.store import WeightsStore
from worker import bench as bench_module
from worker.bench import STARTS_MAX, Bench
from worker.engine import Engine
from worker.models import Models

QUICK = Recipe(scale=1, denoise=50, faces=0)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_module, "REPORT_SECONDS", 0.02)


class HeldEngine(Engine):
    """The real engine, that can be stopped before its work to look around."""

    def __init__(self) -> None:
        super().__init__("cpu")
        self.may_go = threading.Event()
        self.may_go.set()
        self.begun = threading.Event()

    def run(self, *words: Any, **options: Any) -> Any:
        self.begun.set()
        assert self.may_go.wait(20)
        return super().run(*words, **options)


@pytest.fixture(scope="module")
def models() -> Models:
    """The shipped models."""
    return Models(WeightsStore(None))


@pytest.fixture
def engine() -> Iterator[HeldEngine]:
    engine = HeldEngine()
    yield engine
    engine.may_go.set()


@pytest.fixture
async def bench(lab: Lab, models: Models, engine: HeldEngine) -> AsyncIterator[Bench]:
    bench = make_bench(lab, models, engine)
    yield bench
    engine.may_go.set()
    bench.close()


def make_bench(lab: Lab, models: Models, engine: Engine, **options: Any) -> Bench:
    return Bench(
        lab.queue,
        lab.outbox,
        lab.blobs,
        models,
        engine,
        limits=options.pop("limits", Limits()),
        max_output_pixels=options.pop("max_output_pixels", 1_000_000),
        **options,
    )


async def enqueued(lab: Lab, *files: bytes, recipe: Recipe = QUICK, **fields: Any) -> Job:
    refs = []
    for number, data in enumerate(files):
        key = Blobs.key("job-1", f"in-{number}", 9_000_000_000)
        await lab.blobs.put(key, data)
        refs.append(PhotoRef(key=key, name=f"holiday {number}.png"))
    job = fresh(photos=tuple(refs), recipe=recipe, **fields)
    await lab.queue.enqueue(job)
    return job


async def answers(lab: Lab) -> list[Reply]:
    return [one.reply async for one in lab.outbox.deliveries("test", block_seconds=0.01)]


async def only_answer(lab: Lab) -> Reply:
    (reply,) = await answers(lab)
    return reply


async def begun(engine: HeldEngine) -> None:
    assert await asyncio.to_thread(engine.begun.wait, 20)


async def test_a_photo_becomes_a_file_a_collage_and_figures(lab: Lab, bench: Bench) -> None:
    recipe = Recipe(scale=2, denoise=50, faces=0, format=Format.JPEG)
    job = await enqueued(lab, photo_file(40, 30), recipe=recipe)
    await bench.work("job-1")
    reply = await only_answer(lab)
    assert (reply.job, reply.address, reply.recipe) == ("job-1", job.address, recipe)
    (result,) = reply.results
    assert isinstance(result, Enhanced)
    assert (result.source_width, result.source_height) == (40, 30)
    assert (result.width, result.height) == (80, 60)
    assert result.name == "holiday 0-darkroom.jpg"
    assert result.source_name == "holiday 0.png"
    assert [(step.stage, step.done) for step in result.steps] == [
        (StageName.DENOISE, True),
        (StageName.FACES, False),
        (StageName.UPSCALE, True),
        (StageName.SHARPEN, False),
    ]
    data = await lab.blobs.get(result.key)
    assert len(data) == result.bytes
    with Image.open(io.BytesIO(data)) as image:
        assert (image.format, image.size) == ("JPEG", (80, 60))
    assert result.collage is not None
    with Image.open(io.BytesIO(await lab.blobs.get(result.collage))) as image:
        assert image.format == "JPEG"
    assert set(await lab.blobs.keys()) == {result.key, result.collage}
    assert 0 < result.model_seconds < result.seconds


async def test_a_bad_photo_gets_its_sentence_and_stops_no_other(lab: Lab, bench: Bench) -> None:
    refused = Failed(code="video", text="A video.", source_name="v.mp4")
    good = photo_file()
    await enqueued(lab, good, good[: len(good) // 2], b"\1\2\3\4" * 9, refused=(refused,))
    await lab.blobs.put(Blobs.key("job-1", "in-0", 9_000_000_000), good)
    await bench.work("job-1")
    reply = await only_answer(lab)
    first, *others = reply.results
    assert isinstance(first, Enhanced)
    failed = [result for result in others if isinstance(result, Failed)]
    assert [result.code for result in failed] == ["truncated", "not_an_image", "video"]
    assert [result.source_name for result in failed[:2]] == ["holiday 1.png", "holiday 2.png"]
    assert "1 of 4 photos" in captions.caption(reply)


async def test_bytes_that_are_gone_are_told(lab: Lab, bench: Bench) -> None:
    job = await enqueued(lab, photo_file())
    await lab.blobs.delete([job.photos[0].key])
    await bench.work("job-1")
    (result,) = (await only_answer(lab)).results
    assert isinstance(result, Failed)
    assert result.code == "blob_missing"


async def test_an_unforeseen_error_is_logged_and_told_without_its_text(
    lab: Lab, models: Models, engine: HeldEngine, caplog: pytest.LogCaptureFixture
) -> None:
    def explode(*words: Any, **options: Any) -> Any:
        raise RuntimeError("secret inside")

    engine.run = explode  # type: ignore[method-assign]
    bench = make_bench(lab, models, engine)
    await enqueued(lab, photo_file())
    await bench.work("job-1")
    bench.close()
    (result,) = (await only_answer(lab)).results
    assert isinstance(result, Failed)
    assert result.text == captions.UNEXPECTED
    assert "secret inside" in caplog.text


async def test_a_collage_that_fails_does_not_withhold_the_photo(
    lab: Lab, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def explode(*words: Any, **options: Any) -> Any:
        raise RuntimeError

    monkeypatch.setattr(bench_module, "collage", explode)
    await enqueued(lab, photo_file())
    await bench.work("job-1")
    (result,) = (await only_answer(lab)).results
    assert isinstance(result, Enhanced)
    assert result.collage is None


async def test_without_a_wish_for_a_collage_none_is_drawn(lab: Lab, bench: Bench) -> None:
    await enqueued(lab, photo_file(), recipe=Recipe(scale=1, denoise=0, faces=0, collage=False))
    await bench.work("job-1")
    (result,) = (await only_answer(lab)).results
    assert isinstance(result, Enhanced)
    assert result.collage is None
    with Image.open(io.BytesIO(await lab.blobs.get(result.key))) as after:
        before = Image.open(io.BytesIO(photo_file()))
        assert after.tobytes() == before.tobytes()


async def test_a_running_job_stops_when_it_is_taken_back(
    lab: Lab, bench: Bench, engine: HeldEngine, client: Client
) -> None:
    job = await enqueued(lab, photo_file(), photo_file())
    engine.may_go.clear()
    await client.set(f"arq:in-progress:{job.id}", "1")
    work = asyncio.create_task(bench.work("job-1"))
    await begun(engine)
    outcome = await lab.queue.cancel(job, Reply.failure(job, "cancelled", captions.CANCELLED))
    assert outcome is Cancelling.STOPPING
    await asyncio.sleep(10 * bench_module.REPORT_SECONDS)  # the bench looks that often
    engine.may_go.set()
    await work
    assert captions.caption(await only_answer(lab)).startswith("0 of 2")
    assert await lab.blobs.keys() == []


async def test_taken_back_at_the_second_photo_the_first_result_is_thrown_away(
    lab: Lab, bench: Bench, engine: HeldEngine, client: Client
) -> None:
    job = await enqueued(lab, photo_file(), photo_file())
    await client.set(f"arq:in-progress:{job.id}", "1")
    run, runs = engine.run, 0

    def held(*words: Any, **options: Any) -> Any:
        nonlocal runs
        runs += 1
        if runs == 2:
            engine.may_go.clear()
            engine.begun.clear()
        return run(*words, **options)

    engine.run = held  # type: ignore[method-assign]
    work = asyncio.create_task(bench.work("job-1"))
    async with asyncio.timeout(20):
        while runs < 2:
            await begun(engine)
            await asyncio.sleep(0.01)
    await lab.queue.cancel(job, Reply.failure(job, "cancelled", captions.CANCELLED))
    await asyncio.sleep(10 * bench_module.REPORT_SECONDS)
    engine.may_go.set()
    await work
    assert await lab.blobs.keys() == []


async def test_a_job_that_takes_too_long_is_told_so(
    lab: Lab, models: Models, engine: HeldEngine
) -> None:
    bench = make_bench(lab, models, engine, job_seconds=0.3)
    await enqueued(lab, photo_file(), photo_file())
    engine.may_go.clear()
    work = asyncio.create_task(bench.work("job-1"))
    await begun(engine)
    await asyncio.sleep(0.4)
    engine.may_go.set()  # the thread notices the wish to stop at its next tile
    await work
    bench.close()
    results = (await only_answer(lab)).results
    assert [result.code for result in results if isinstance(result, Failed)] == ["too_slow"] * 2


async def test_stopped_from_outside_the_job_is_handed_back_and_nothing_published(
    lab: Lab, bench: Bench, engine: HeldEngine, client: Client
) -> None:
    await enqueued(lab, photo_file())
    engine.may_go.clear()
    work = asyncio.create_task(bench.work("job-1"))
    await begun(engine)
    work.cancel()
    await asyncio.sleep(0)
    assert not work.done()  # the thread still runs: another worker must not begin yet
    engine.may_go.set()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert await answers(lab) == []
    assert await client.get(keys.starts("job-1")) == "0"
    await bench.work("job-1")
    assert isinstance((await only_answer(lab)).results[0], Enhanced)


async def test_a_job_that_ended_its_worker_twice_is_given_up(lab: Lab, bench: Bench) -> None:
    await enqueued(lab, photo_file())
    for _ in range(STARTS_MAX):
        await lab.queue.begin("job-1")
    await bench.work("job-1")
    assert captions.caption(await only_answer(lab)) == captions.GIVEN_UP
    assert await lab.blobs.keys() == []


async def test_an_answered_job_is_left_alone(lab: Lab, bench: Bench) -> None:
    job = await enqueued(lab, photo_file())
    await lab.outbox.publish(Reply.failure(job, "x", "X."))
    await bench.work("job-1")
    assert len(await answers(lab)) == 1


async def test_of_two_workers_on_one_job_the_second_throws_its_result_away(
    lab: Lab, models: Models
) -> None:
    await enqueued(lab, photo_file())
    benches = [make_bench(lab, models, HeldEngine()) for _ in range(2)]
    await asyncio.gather(*(bench.work("job-1") for bench in benches))
    for bench in benches:
        bench.close()
    reply = await only_answer(lab)
    assert set(await lab.blobs.keys()) == set(reply.blob_keys())
    assert len(reply.blob_keys()) == 2


async def test_a_job_of_another_version_is_answered(lab: Lab, bench: Bench, client: Client) -> None:
    await enqueued(lab, photo_file())
    record = '{"v":2,"platform":"test","user":"ann","address":{"chat":7},"photos":[{"new":1}]}'
    await client.set(keys.job("job-1"), record)
    await bench.work("job-1")
    assert captions.caption(await only_answer(lab)) == captions.OTHER_VERSION
    assert await client.zcard(keys.user("test", "ann")) == 0


async def test_a_record_that_cannot_be_read_stops_nothing(
    lab: Lab, bench: Bench, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    for record in ('{"user":"secret-ann"}', "[]", "not json"):
        await client.set(keys.job("job-1"), record)
        await bench.work("job-1")
    assert caplog.text.count("cannot be answered") == 3
    assert "secret-ann" not in caplog.text


async def test_progress_is_reported_while_it_works(
    lab: Lab, bench: Bench, engine: HeldEngine, client: Client
) -> None:
    job = await enqueued(lab, photo_file())
    await client.set(f"arq:in-progress:{job.id}", "1")
    engine.may_go.clear()
    work = asyncio.create_task(bench.work("job-1"))
    await begun(engine)
    await asyncio.sleep(10 * bench_module.REPORT_SECONDS)
    ticket = await lab.queue.ticket("job-1")
    assert ticket is not None
    assert ticket.progress is not None
    assert ticket.progress.stage == "denoise"
    engine.may_go.set()
    await work


async def test_the_log_holds_no_file_name_and_no_chat(
    lab: Lab, bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await enqueued(lab, photo_file(), b"bad", user="secret-ann", address={"chat": 424242})
    await bench.work("job-1")
    assert "job job-1 photo 1 enhanced" in caplog.text
    for secret in ("holiday", "secret-ann", "424242"):
        assert secret not in caplog.text
