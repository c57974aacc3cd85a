"""What a photo that was worked on becomes, and what is told about it."""

import asyncio
import io
import logging
import re
from typing import Any

import pytest
from PIL import Image

from bots.conversation import Lab
from core import captions, keys, versions
from core.answers import caption
from core.blobs import Blobs
from core.errors import ModelUnavailable
from core.jobs import Enhanced, Failed, Progress, StageName
from core.language import _, speaking
from core.leases import Leases
from core.recipe import Format, Recipe
from core.store import Client
from tests.doubles.clock import shift_clock
from tests.doubles.counts import count
from tests.doubles.photos import photo_file
from tests.worker.bench.harness import (
    QUICK,
    HeldEngine,
    answers,
    enqueued,
    make_bench,
    only_answer,
)
from worker import bench as bench_module
from worker.bench import STARTS_MAX, Bench
from worker.engine import Engine
from worker.models import Models
from worker.pipeline import enhance


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


async def test_a_photo_whose_turn_has_come_is_looked_at_and_waits_for_no_other(
    lab: Lab, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    stages: list[str] = []

    def looked(*words: Any, progress: Any, **options: Any) -> Any:
        stages.append(progress.__self__.progress.stage)
        return enhance(*words, progress=progress, **options)

    monkeypatch.setattr("worker.bench.enhance", looked)
    await enqueued(lab, photo_file())
    await bench.work("job-1")
    assert stages == ["look"]


async def test_the_log_holds_no_file_name_and_no_chat(
    lab: Lab, bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await enqueued(lab, photo_file(), b"bad", user="secret-ann", address={"chat": 424242})
    await bench.work("job-1")
    assert "photo 1 enhanced" in caplog.text
    for secret in ("holiday", "secret-ann", "424242"):
        assert secret not in caplog.text
