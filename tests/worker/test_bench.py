import asyncio
import io
import itertools
import logging
import re
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import Executor
from typing import Any

import pytest
from PIL import Image

from bots.conversation import Lab
from core import captions, keys, versions
from core.answers import caption
from core.blobs import Blobs
from core.errors import ModelUnavailable
from core.images import Limits
from core.jobs import Enhanced, Failed, Job, PhotoRef, Progress, Reply, StageName
from core.language import _, speaking
from core.leases import Leases
from core.queue import Cancelling
from core.recipe import Format, Recipe
from core.store import Client, RedisError
from tests.doubles.clock import shift_clock
from tests.doubles.counts import count
from tests.doubles.jobs import fresh
from tests.doubles.photos import photo_file
from weights.store import WeightsStore
from worker import bench as bench_module
from worker import watch as watch_module
from worker.bench import STARTS_MAX, Bench
from worker.engine import Engine
from worker.models import Models
from worker.watch import Watch

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
def leases(client: Client) -> Leases:
    return Leases(client, "host-1", seconds=10.0)


@pytest.fixture
def stopped(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Set once a job's work has been asked to stop."""
    stop, stopped = Watch.stop, threading.Event()

    def watched(self: Watch, *, late: bool = False) -> None:
        stop(self, late=late)
        stopped.set()

    monkeypatch.setattr(Watch, "stop", watched)
    return stopped


class Clock:
    """In place of the watch's clock: time passes when it is told so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(watch_module, "time", clock)
    return clock


@pytest.fixture
async def bench(
    lab: Lab, leases: Leases, models: Models, engine: HeldEngine
) -> AsyncIterator[Bench]:
    bench = make_bench(lab, leases, models, engine)
    yield bench
    engine.may_go.set()
    bench.close()


def make_bench(lab: Lab, leases: Leases, models: Models, engine: Engine, **options: Any) -> Bench:
    return Bench(
        lab.queue,
        leases,
        lab.outbox,
        lab.blobs,
        models,
        engine,
        limits=options.pop("limits", Limits()),
        max_output_pixels=options.pop("max_output_pixels", 1_000_000),
        **options,
    )


async def enqueued(
    lab: Lab, *files: bytes, name: str = "job-1", recipe: Recipe = QUICK, **fields: Any
) -> Job:
    refs = []
    for number, data in enumerate(files):
        key = Blobs.key(name, f"in-{number}", 9_000_000_000)
        await lab.blobs.put(key, data)
        refs.append(PhotoRef(key=key, name=f"holiday {number}.png"))
    job = fresh(name, photos=tuple(refs), recipe=recipe, **fields)
    await lab.queue.enqueue(job)
    return job


async def answers(lab: Lab) -> list[Reply]:
    return [one.reply async for one in lab.outbox.deliveries("test", block_seconds=0.01)]


async def only_answer(lab: Lab) -> Reply:
    (reply,) = await answers(lab)
    return reply


async def come(event: threading.Event) -> None:
    assert await asyncio.to_thread(event.wait, 20)


async def test_a_photo_becomes_a_file_a_collage_and_figures(lab: Lab, bench: Bench) -> None:
    recipe = Recipe(scale=2, denoise=50, faces=0, light=80, format=Format.JPEG)
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
        (StageName.LIGHT, True),
        (StageName.FACES, False),
        (StageName.UPSCALE, True),
        (StageName.SHARPEN, False),
        (StageName.GRAIN, False),
    ]
    assert result.findings == ("flat",)
    assert result.measured[0] == "a photo"
    assert not result.drawn
    data = await lab.blobs.get(result.key)
    assert len(data) == result.bytes
    with Image.open(io.BytesIO(data)) as image:
        assert (image.format, image.size) == ("JPEG", (80, 60))
    assert result.collage is not None
    with Image.open(io.BytesIO(await lab.blobs.get(result.collage))) as image:
        assert image.format == "JPEG"
    assert set(await lab.blobs.keys()) == {result.key, result.collage}
    assert 0 < result.model_seconds < result.seconds


async def test_result_and_collage_are_kept_for_the_set_time_beyond_the_deadline(
    lab: Lab, leases: Leases, models: Models, engine: Engine
) -> None:
    bench = make_bench(lab, leases, models, engine, kept_seconds=1800)
    job = await enqueued(lab, photo_file())
    await bench.work("job-1")
    bench.close()
    keys = await lab.blobs.keys()
    assert len(keys) == 2
    for key in keys:
        assert abs(int(key.partition("/")[0]) - (job.deadline + 1800)) <= 1


async def test_opening_saving_and_drawing_are_measured_and_the_wait_once(
    lab: Lab, bench: Bench, leases: Leases
) -> None:
    def counts() -> list[float]:
        return [
            *(
                count("darkroom_stage_seconds_count", stage=stage, model="")
                for stage in ("decode", "encode", "collage")
            ),
            count("darkroom_photo_seconds_count"),
            count("darkroom_wait_seconds_count"),
        ]

    before = counts()
    await enqueued(lab, photo_file(), photo_file(), recipe=QUICK)
    await bench.work("job-1")
    await enqueued(lab, photo_file()[:50], name="job-2")
    await leases.begin("job-2")  # once before: its wait has been measured
    await bench.work("job-2")
    assert [after - earlier for after, earlier in zip(counts(), before, strict=True)] == [
        *(3, 2, 2, 2, 1)
    ]


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
    assert "1 of 4 photos" in caption(reply)


async def test_each_job_is_answered_in_its_own_language(lab: Lab, bench: Bench) -> None:
    """Words of every thread: the file's, the plan's and the stages', the encoder's."""
    recipe = Recipe(scale=1, denoise=50, faces=80, format=Format.WEBP)
    whole = photo_file(40, 30)
    files = whole, whole[: len(whole) // 2]
    codes = {"job-en": "en", "job-de": "de-AT", "job-ru": "ru", "job-xx": "tlh"}
    for name, code in codes.items():
        await enqueued(lab, *files, name=name, user=name, recipe=recipe, language=code)
    await asyncio.gather(*(bench.work(name) for name in codes))
    replies = {reply.job: reply for reply in await answers(lab)}
    told = {}
    for name, code in codes.items():
        enhanced, failed = replies[name].results
        assert replies[name].language == code
        assert isinstance(enhanced, Enhanced)
        assert isinstance(failed, Failed)
        told[name] = [step.reason for step in enhanced.steps] + [failed.text]
    assert told["job-xx"] == told["job-en"]
    assert told["job-en"][0] == "you asked for it"
    with speaking("de"):
        assert told["job-de"][0] == _("you asked for it")
    for english, german, russian in zip(
        told["job-en"], told["job-de"], told["job-ru"], strict=True
    ):
        assert len({english, german, russian}) == 3
    assert all(re.search("[а-я]", text) for text in told["job-ru"])


async def test_the_end_of_a_job_is_told_in_its_language(
    lab: Lab, bench: Bench, client: Client, engine: HeldEngine
) -> None:
    def explode(*words: Any, **options: Any) -> Any:
        raise RuntimeError

    engine.run = explode  # type: ignore[method-assign]
    await enqueued(lab, photo_file(), name="job-1", language="ru")
    await enqueued(lab, photo_file(), name="job-2", language="ru")
    await client.set(keys.starts("job-2"), STARTS_MAX)
    await enqueued(lab, photo_file(), name="job-3", language="ru")
    record = await client.get(keys.job("job-3"))
    await client.set(keys.job("job-3"), (record or "").replace('"v":1', '"v":9'))
    for name in ("job-1", "job-2", "job-3"):
        await bench.work(name)
    replies = {reply.job: reply for reply in await answers(lab)}
    texts = [captions.UNEXPECTED, captions.GIVEN_UP, versions.OTHER_VERSION]
    with speaking("ru"):
        for number, text in enumerate(texts, 1):
            reply = replies[f"job-{number}"]
            assert reply.language == "ru"
            assert [result.text for result in reply.results if isinstance(result, Failed)] == [
                _(text)
            ]


async def test_a_wrong_model_is_told_before_the_photo_is_opened(
    lab: Lab, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench_module, "decode", lambda *words: pytest.fail("it was opened"))
    job = await enqueued(lab, photo_file(), recipe=Recipe(model="gfpgn"))
    await bench.work(job.id)
    (result,) = (await only_answer(lab)).results
    assert isinstance(result, Failed)
    assert result.code == "model"
    assert result.text.startswith("There is no model called “gfpgn”. Did you mean gfpgan-v1.4?")


async def test_the_operator_is_told_what_the_sender_cannot_mend(
    lab: Lab, bench: Bench, models: Models, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    def damaged(*words: Any) -> None:
        raise ModelUnavailable("The model file x is damaged.", remedy="`darkroom weights fetch x`")

    monkeypatch.setattr(models, "capabilities", damaged)
    job = await enqueued(lab, photo_file())
    await bench.work(job.id)
    (result,) = (await only_answer(lab)).results
    assert isinstance(result, Failed)
    assert result.text == "The model file x is damaged."
    assert "The model file x is damaged. `darkroom weights fetch x`" in caplog.text


async def test_bytes_that_are_gone_are_told(lab: Lab, bench: Bench) -> None:
    job = await enqueued(lab, photo_file())
    await lab.blobs.delete([job.photos[0].key])
    await bench.work("job-1")
    (result,) = (await only_answer(lab)).results
    assert isinstance(result, Failed)
    assert result.code == "blob_missing"


async def test_an_unforeseen_error_is_logged_and_told_without_its_text(
    lab: Lab,
    leases: Leases,
    models: Models,
    engine: HeldEngine,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def explode(*words: Any, **options: Any) -> Any:
        raise RuntimeError("secret inside")

    engine.run = explode  # type: ignore[method-assign]
    bench = make_bench(lab, leases, models, engine)
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
    await enqueued(
        lab,
        photo_file(),
        recipe=Recipe(scale=1, denoise=0, faces=0, light=0, sharpen=0, collage=False),
    )
    await bench.work("job-1")
    (result,) = (await only_answer(lab)).results
    assert isinstance(result, Enhanced)
    assert result.collage is None
    with Image.open(io.BytesIO(await lab.blobs.get(result.key))) as after:
        before = Image.open(io.BytesIO(photo_file()))
        assert after.tobytes() == before.tobytes()


async def test_a_running_job_stops_when_it_is_taken_back(
    lab: Lab, bench: Bench, engine: HeldEngine, client: Client, stopped: threading.Event
) -> None:
    job = await enqueued(lab, photo_file(), photo_file())
    engine.may_go.clear()
    await client.set(f"arq:in-progress:{job.id}", "1")
    work = asyncio.create_task(bench.work("job-1"))
    await come(engine.begun)
    outcome = await lab.queue.cancel(job, Reply.failure(job, "cancelled", captions.CANCELLED))
    assert outcome is Cancelling.STOPPING
    await come(stopped)
    engine.may_go.set()
    await work
    assert caption(await only_answer(lab)).startswith("0 of 2")
    assert await lab.blobs.keys() == []


async def test_taken_back_at_the_second_photo_the_first_result_is_thrown_away(
    lab: Lab, bench: Bench, engine: HeldEngine, client: Client, stopped: threading.Event
) -> None:
    job = await enqueued(lab, photo_file(), photo_file())
    await client.set(f"arq:in-progress:{job.id}", "1")
    run, runs, second = engine.run, itertools.count(1), threading.Event()

    def held(*words: Any, **options: Any) -> Any:
        if next(runs) == 2:
            engine.may_go.clear()
            second.set()
        return run(*words, **options)

    engine.run = held  # type: ignore[method-assign]
    work = asyncio.create_task(bench.work("job-1"))
    await come(second)
    await lab.queue.cancel(job, Reply.failure(job, "cancelled", captions.CANCELLED))
    await come(stopped)
    engine.may_go.set()
    await work
    assert await lab.blobs.keys() == []


async def test_a_job_that_takes_too_long_is_told_so(
    lab: Lab,
    leases: Leases,
    models: Models,
    engine: HeldEngine,
    clock: Clock,
    stopped: threading.Event,
) -> None:
    bench = make_bench(lab, leases, models, engine, job_seconds=60.0)
    await enqueued(lab, photo_file(), photo_file())
    engine.may_go.clear()
    work = asyncio.create_task(bench.work("job-1"))
    await come(engine.begun)
    clock.now += 61
    await come(stopped)
    assert not work.done()  # a thread can only be asked
    engine.may_go.set()  # it notices at its next tile
    await work
    bench.close()
    results = (await only_answer(lab)).results
    assert [result.code for result in results if isinstance(result, Failed)] == ["too_slow"] * 2
    assert {result.text for result in results if isinstance(result, Failed)} == {captions.TOO_SLOW}
    assert await lab.blobs.keys() == []


async def test_the_time_of_all_photos_counts_and_those_that_were_ready_go_out(
    lab: Lab,
    leases: Leases,
    models: Models,
    engine: HeldEngine,
    clock: Clock,
    stopped: threading.Event,
) -> None:
    bench = make_bench(lab, leases, models, engine, job_seconds=60.0)
    run, runs = engine.run, itertools.count(1)

    def slow(*words: Any, **options: Any) -> Any:
        clock.now += 40
        if next(runs) == 2:
            assert stopped.wait(20)
        return run(*words, **options)

    engine.run = slow  # type: ignore[method-assign]
    await enqueued(lab, photo_file(), photo_file(), photo_file())
    await bench.work("job-1")
    bench.close()
    first, *others = (await only_answer(lab)).results
    assert isinstance(first, Enhanced)
    assert first.seconds == 40
    assert [result.code for result in others if isinstance(result, Failed)] == ["too_slow"] * 2
    assert await lab.blobs.get(first.key)


async def test_waiting_for_the_model_is_not_working(
    lab: Lab,
    leases: Leases,
    models: Models,
    engine: HeldEngine,
    clock: Clock,
    stopped: threading.Event,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench = make_bench(lab, leases, models, engine, job_seconds=60.0)
    waiting, looked, may_end = asyncio.Event(), asyncio.Semaphore(0), threading.Event()
    run, unwanted = Watch.run, lab.queue.unwanted

    def watched(
        self: Watch, executor: Executor, work: Any, **stage: Any
    ) -> Coroutine[Any, Any, Any]:
        if executor is bench._model_thread:
            waiting.set()
        return run(self, executor, work, **stage)

    async def looking(job_id: str) -> bool:
        looked.release()
        return await unwanted(job_id)

    monkeypatch.setattr(Watch, "run", watched)
    monkeypatch.setattr(lab.queue, "unwanted", looking)
    busy = bench._model_thread.submit(may_end.wait, 20)  # somebody else's large photo
    await enqueued(lab, photo_file())
    work = asyncio.create_task(bench.work("job-1"))
    async with asyncio.timeout(20):
        await waiting.wait()
        clock.now += 3600
        while not looked.locked():
            await looked.acquire()
        for _ in range(2):  # the bench has looked at the clock again
            await looked.acquire()
    may_end.set()
    await work
    assert busy.result()
    assert not stopped.is_set()
    bench.close()
    assert isinstance((await only_answer(lab)).results[0], Enhanced)


async def test_stopped_from_outside_the_job_is_handed_back_and_nothing_published(
    lab: Lab, bench: Bench, engine: HeldEngine, client: Client
) -> None:
    await enqueued(lab, photo_file())
    engine.may_go.clear()
    work = asyncio.create_task(bench.work("job-1"))
    await come(engine.begun)
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


async def test_a_job_that_ended_its_worker_twice_is_given_up(
    lab: Lab, bench: Bench, leases: Leases
) -> None:
    await enqueued(lab, photo_file())
    for _start in range(STARTS_MAX):
        await leases.begin("job-1")
    await bench.work("job-1")
    assert caption(await only_answer(lab)) == captions.GIVEN_UP
    assert await lab.blobs.keys() == []


async def test_after_a_death_each_job_of_the_dead_works_alone(
    lab: Lab, bench: Bench, leases: Leases, engine: HeldEngine
) -> None:
    for name in ("poison", "innocent", "new"):
        await enqueued(lab, photo_file(), name=name)
    for name in ("poison", "innocent"):  # both were at work when the process was killed
        await leases.begin(name)
    engine.may_go.clear()
    poison = asyncio.create_task(bench.work("poison"))
    await come(engine.begun)
    others = [asyncio.create_task(bench.work(name)) for name in ("innocent", "new")]
    await asyncio.wait(others, timeout=0.2)
    # What a second kill would leave behind now: only the poisoned one is counted again.
    starts = [await leases.starts(name) for name in ("poison", "innocent", "new")]
    assert starts == [2, 1, 0]
    engine.may_go.set()
    await asyncio.gather(poison, *others)
    assert len([reply for reply in await answers(lab) if reply.blob_keys()]) == 3


@pytest.mark.parametrize("order", [("poison", "innocent"), ("innocent", "poison")])
async def test_the_neighbour_of_a_poisoned_photo_is_not_given_up(
    lab: Lab, bench: Bench, leases: Leases, order: tuple[str, str]
) -> None:
    for name, starts in (("poison", STARTS_MAX), ("innocent", 1)):
        await enqueued(lab, photo_file(), name=name)
        for _start in range(starts):
            await leases.begin(name)
    await asyncio.gather(*(bench.work(name) for name in order))
    told = {reply.job: reply for reply in await answers(lab)}
    assert caption(told["poison"]) == captions.GIVEN_UP
    assert isinstance(told["innocent"].results[0], Enhanced)


async def test_when_redis_fails_the_job_is_neither_answered_nor_counted(
    lab: Lab, bench: Bench, leases: Leases, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = await enqueued(lab, photo_file())

    async def broken(*words: Any, **options: Any) -> bool:
        raise RedisError("gone")

    with monkeypatch.context() as away:
        away.setattr(lab.outbox, "publish", broken)
        away.setattr(lab.queue, "learn_pace", broken)  # no reason to lose a result
        with pytest.raises(RedisError):
            await bench.work("job-1")
    assert await leases.starts("job-1") == 0
    assert await lab.blobs.get(job.photos[0].key)
    await bench.work("job-1")
    assert isinstance((await only_answer(lab)).results[0], Enhanced)


async def test_a_hand_back_that_redis_refuses_hides_no_cancelling(
    lab: Lab,
    bench: Bench,
    leases: Leases,
    engine: HeldEngine,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def broken(job_id: str) -> None:
        raise RedisError("gone")

    monkeypatch.setattr(leases, "hand_back", broken)
    await enqueued(lab, photo_file())
    engine.may_go.clear()
    work = asyncio.create_task(bench.work("job-1"))
    await come(engine.begun)
    work.cancel()
    engine.may_go.set()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert "keeps its start" in caplog.text


async def test_a_job_that_was_answered_elsewhere_meanwhile_stops(
    lab: Lab, bench: Bench, engine: HeldEngine, stopped: threading.Event
) -> None:
    job = await enqueued(lab, photo_file())
    engine.may_go.clear()
    work = asyncio.create_task(bench.work("job-1"))
    await come(engine.begun)
    lost = Reply.failure(job, "lost", captions.NOT_IN_TIME)
    assert await lab.outbox.publish(lost)
    await come(stopped)
    engine.may_go.set()
    await work
    assert await only_answer(lab) == lost
    assert await lab.blobs.keys() == []


@pytest.mark.parametrize("days", [2.0, -2.0])
async def test_a_workers_clock_that_jumps_makes_no_result_late(
    lab: Lab, bench: Bench, days: float
) -> None:
    await enqueued(lab, photo_file())
    with pytest.MonkeyPatch.context() as wrong:
        shift_clock(wrong, days=days)
        await bench.work("job-1")
    assert await lab.blobs.sweep() == 0
    assert set(await lab.blobs.keys()) == set((await only_answer(lab)).blob_keys())


async def test_an_answered_job_is_left_alone(lab: Lab, bench: Bench) -> None:
    job = await enqueued(lab, photo_file())
    await lab.outbox.publish(Reply.failure(job, "x", "X."))
    await bench.work("job-1")
    assert len(await answers(lab)) == 1


async def test_of_two_workers_on_one_job_the_second_throws_its_result_away(
    lab: Lab, leases: Leases, models: Models
) -> None:
    await enqueued(lab, photo_file())
    benches = [make_bench(lab, leases, models, HeldEngine()) for _ in range(2)]
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
    assert caption(await only_answer(lab)) == versions.OTHER_VERSION
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
    lab: Lab,
    bench: Bench,
    engine: HeldEngine,
    client: Client,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told, report = asyncio.Event(), lab.queue.report

    async def reported(job_id: str, progress: Progress) -> None:
        await report(job_id, progress)
        if progress.stage == "denoise":
            told.set()

    monkeypatch.setattr(lab.queue, "report", reported)
    job = await enqueued(lab, photo_file())
    await client.set(f"arq:in-progress:{job.id}", "1")
    engine.may_go.clear()
    work = asyncio.create_task(bench.work("job-1"))
    await asyncio.wait_for(told.wait(), 20)
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
    assert "photo 1 enhanced" in caplog.text
    for secret in ("holiday", "secret-ann", "424242"):
        assert secret not in caplog.text
