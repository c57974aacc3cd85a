"""The conversation in private: what becomes of photos, words and commands."""

import asyncio
import logging
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from bots.conversation import Conversation, Lab
from bots.desk import Attachment
from bots.intake import FETCHED_AT_ONCE, MAX_PHOTOS
from bots.status import StatusBoard
from core import answers, captions, images, store
from core.blobs import Blobs
from core.buttons import Buttons, Choice
from core.communities import Allowance
from core.errors import ServiceDown
from core.images import Limits
from core.jobs import Job, Reply
from core.queue import Queue
from core.recipe import Format, Preset, Recipe
from core.store import Client
from tests.bots.talk import only_job, press
from tests.doubles.counts import count
from tests.doubles.desk import RecordingDesk
from tests.doubles.photos import photo_file


@pytest.fixture
def desk(desk: RecordingDesk) -> RecordingDesk:
    desk.photos = {name: photo_file(30 + n) for n, name in enumerate("abcdef")}
    desk.photos["video"] = b"\0\0\0\x18ftypmp42" + bytes(100)
    desk.photos["broken"] = photo_file()[:60]
    return desk


@pytest.fixture
def conversation(desk: RecordingDesk, lab: Lab) -> Conversation:
    return Conversation(desk, lab, StatusBoard(desk, lab.queue), name="lab_bot")


async def test_a_photo_in_private_is_stored_owed_and_queued(
    conversation: Conversation, desk: RecordingDesk, lab: Lab
) -> None:
    await conversation.handle(desk.request("a"))
    job = await only_job(lab)
    assert (job.user, job.recipe, job.max_bytes) == ("ann", Recipe(), desk.max_upload_bytes)
    assert await lab.blobs.get(job.photos[0].key) == desk.photos["a"]
    assert job.photos[0].name == "a.png"
    (shown,) = desk.messages.values()
    assert shown.history == [captions.LOOKING, "Queued: next in the queue, about 8 s."]
    assert [button.label for button in shown.buttons] == ["Cancel"]
    assert job.address == {"chat": "ann", "status": next(iter(desk.messages))}


@pytest.mark.parametrize(
    ("text", "recipe"),
    [
        ("my cat", Recipe()),
        ("/upscale@lab_bot 4x sharp", Recipe(scale=4, light=0, sharpen=50)),
        ("/portrait 60 png", Recipe(preset=Preset.PORTRAIT, faces=60, format=Format.PNG)),
    ],
)
async def test_the_text_under_a_photo_is_its_recipe(
    conversation: Conversation, desk: RecordingDesk, lab: Lab, text: str, recipe: Recipe
) -> None:
    await conversation.handle(desk.request("a", text=text))
    assert (await only_job(lab)).recipe == recipe


async def test_in_a_group_only_a_command_is_an_order(
    conversation: Conversation, desk: RecordingDesk, lab: Lab
) -> None:
    await lab.communities.change("test", "club", enabled=True)
    for text in ("", "look", "/weather", "/upscale@other_bot 4x"):
        await conversation.handle(desk.request("a", text=text, private=False))
    assert await lab.queue.owed("test") == []
    assert not desk.messages
    assert not desk.said
    await conversation.handle(desk.request("a", text="/upscale 2x", private=False))
    assert (await only_job(lab)).recipe == Recipe(scale=2, light=0)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("", captions.SEND_PHOTO),
        ("hello", captions.SEND_PHOTO),
        ("/upscale 4x", captions.NO_PHOTO),
        ("/start", captions.START),
        ("/help", captions.help_text("Ask me.")),
        ("/status", captions.NOTHING_WAITING),
        ("/cancel", captions.NOTHING_WAITING),
        ("/upscal", "I don't know /upscal. Did you mean /upscale?"),
    ],
)
async def test_words_without_a_photo_are_answered(
    conversation: Conversation, desk: RecordingDesk, text: str, answer: str
) -> None:
    await conversation.handle(desk.request(text=text))
    assert desk.said == [answer]


async def test_a_wrong_word_under_a_photo_takes_nothing_in(
    conversation: Conversation, desk: RecordingDesk, lab: Lab
) -> None:
    await conversation.handle(desk.request("a", text="/upscale 5x"))
    assert desk.said == ["I can enlarge 2x, 3x, 4x or 8x, not “5x”. Try 4x."]
    assert await lab.blobs.keys() == []


async def test_the_same_message_is_taken_once(
    conversation: Conversation, desk: RecordingDesk, lab: Lab
) -> None:
    request = desk.request("a", origin="m1")
    await conversation.handle(request)
    await conversation.handle(request)
    job = await only_job(lab)
    await lab.outbox.publish(Reply.failure(job, "x", "X."))
    await conversation.handle(request)
    assert len(desk.messages) == 1
    assert await lab.queue.owed("test") == []


async def test_the_same_message_twice_at_once_makes_one_job_and_two_true_messages(
    conversation: Conversation, desk: RecordingDesk, lab: Lab
) -> None:
    request = desk.request("a", origin="m1")
    await asyncio.gather(*(conversation.handle(request) for _ in range(4)))
    job = await only_job(lab)
    mine = [n for n, shown in desk.messages.items() if shown.text.startswith("Queued")]
    assert mine == [job.address["status"]]
    others = {shown.text for n, shown in desk.messages.items() if n not in mine}
    assert others <= {captions.ALREADY}
    assert await lab.blobs.get(job.photos[0].key) == desk.photos["a"]


async def test_a_file_that_is_no_photo_becomes_a_sentence(
    conversation: Conversation, desk: RecordingDesk, lab: Lab
) -> None:
    await conversation.handle(desk.request("video"))
    (shown,) = desk.messages.values()
    assert shown.text.startswith("This is a video, not a photo.")
    assert not shown.buttons
    assert await lab.queue.owed("test") == []
    assert await lab.blobs.keys() == []


async def test_of_an_album_the_bad_ones_are_told_with_the_good(
    conversation: Conversation, desk: RecordingDesk, lab: Lab
) -> None:
    await conversation.handle(desk.request("a", "video", "b", "gone"))
    job = await only_job(lab)
    assert [photo.name for photo in job.photos] == ["a.png", "b.png"]
    assert [(failed.code, failed.source_name) for failed in job.refused] == [
        ("unsupported_kind", "video.png"),
        ("gone", "gone.png"),
    ]
    failure = Reply.failure(job, "lost", "Lost.")
    assert len(failure.results) == 4


async def test_an_album_of_bad_ones_tells_each_sentence_once(
    conversation: Conversation, desk: RecordingDesk
) -> None:
    await conversation.handle(desk.request("video", "gone", "video"))
    (shown,) = desk.messages.values()
    assert len(shown.text.splitlines()) == 2


async def test_more_photos_than_fit_are_told(
    conversation: Conversation, desk: RecordingDesk, client: Client, lab: Lab
) -> None:
    roomy = replace(lab, queue=Queue(client, photos_per_user=50))
    conversation = Conversation(desk, roomy, StatusBoard(desk, roomy.queue))
    await conversation.handle(desk.request(*["a"] * (MAX_PHOTOS + 3)))
    job = await only_job(lab)
    assert len(job.photos) == MAX_PHOTOS
    assert [failed.code for failed in job.refused] == ["too_many"]


async def test_a_photo_that_breaks_the_reader_stops_no_other(
    conversation: Conversation,
    desk: RecordingDesk,
    lab: Lab,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def explode() -> bytes:
        raise RuntimeError("a bug")

    bad = Attachment(ref="bad", name="bad.png", size=None, fetch=explode)
    request = desk.request("a")
    await conversation.handle(replace(request, photos=[bad, *request.photos]))
    job = await only_job(lab)
    assert [failed.text for failed in job.refused] == [captions.UNEXPECTED]
    assert "a photo could not be taken in" in caplog.text
    await conversation.handle(replace(desk.request(), photos=[bad]))
    assert [shown.text for shown in desk.messages.values()][-1] == captions.UNEXPECTED


async def test_a_file_that_is_too_large_is_not_even_fetched(
    conversation: Conversation, desk: RecordingDesk
) -> None:
    async def never() -> bytes:
        raise AssertionError("it was fetched")

    big = Attachment(ref="big", name="big.png", size=25_000_000, fetch=never)
    await conversation.handle(replace(desk.request(), photos=[big]))
    (shown,) = desk.messages.values()
    assert shown.text == (
        "This file has 25.0 MB; I can take 20.0 MB. Please send a smaller version."
    )


async def test_what_is_turned_down_is_counted_by_its_cause(
    conversation: Conversation, desk: RecordingDesk
) -> None:
    def counts() -> list[float]:
        causes = ("wrong_command", "unsupported_kind")
        return [count("darkroom_refusals_total", cause=cause) for cause in causes]

    before = counts()
    await conversation.handle(desk.request("a", text="/upscale 99x"))
    await conversation.handle(desk.request("video"))
    await conversation.handle(desk.request("a"))
    assert [after - earlier for after, earlier in zip(counts(), before, strict=True)] == [1, 1]


async def test_a_photo_above_the_labs_own_limit_is_refused(desk: RecordingDesk, lab: Lab) -> None:
    strict = replace(lab, limits=Limits(max_pixels=500))
    await Conversation(desk, strict, StatusBoard(desk, lab.queue)).handle(desk.request("a"))
    (shown,) = desk.messages.values()
    assert "megapixels" in shown.text
    assert await lab.blobs.keys() == []


async def test_a_person_with_too_many_photos_is_told_and_leaves_no_bytes(
    conversation: Conversation, desk: RecordingDesk, lab: Lab
) -> None:
    for name in "abcde":
        await conversation.handle(desk.request(name))
    await conversation.handle(desk.request("f"))
    assert desk.said[0].startswith("You can have 5 photos in the lab at a time.")
    assert len(desk.messages) == 5  # no status message was opened for it
    assert len(await lab.blobs.keys()) == 5


async def test_whoever_slips_past_the_first_look_is_turned_down_by_the_enqueue(
    conversation: Conversation, desk: RecordingDesk, lab: Lab
) -> None:
    await asyncio.gather(*(conversation.handle(desk.request(*names)) for names in ("abc", "def")))
    texts = [shown.text for shown in desk.messages.values()]
    assert [text.startswith("Queued") for text in texts].count(True) == 1
    assert [text.startswith("You can have 5 photos") for text in texts].count(True) == 1
    assert len(await lab.blobs.keys()) == 3


async def test_only_so_many_photos_are_in_memory_at_a_time(
    desk: RecordingDesk, client: Client, lab: Lab
) -> None:
    roomy = replace(lab, queue=Queue(client, photos_per_user=50))
    conversation = Conversation(desk, roomy, StatusBoard(desk, roomy.queue))
    fetching, most = 0, 0
    full, may_go = asyncio.Event(), asyncio.Event()

    async def fetch() -> bytes:
        nonlocal fetching, most
        fetching += 1
        most = max(most, fetching)
        if fetching == FETCHED_AT_ONCE:
            full.set()
        await may_go.wait()
        fetching -= 1
        return desk.photos["a"]

    album = [Attachment(ref="a", name="a.png", size=None, fetch=fetch)] * MAX_PHOTOS
    requests = [replace(desk.request(), photos=album) for _ in range(3)]
    taking = asyncio.gather(*(conversation.handle(request) for request in requests))
    await asyncio.wait_for(full.wait(), 10)
    may_go.set()
    await taking
    assert most == FETCHED_AT_ONCE
    assert len(await lab.blobs.keys()) == 3 * MAX_PHOTOS


async def test_looking_at_a_file_does_not_hold_up_the_bot(
    conversation: Conversation, desk: RecordingDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    inspect, looking, may_go = images.inspect, threading.Event(), threading.Event()

    def slow(data: bytes, limits: Limits) -> object:
        looking.set()
        assert may_go.wait(10), "the event loop stood still"
        return inspect(data, limits)

    monkeypatch.setattr(images, "inspect", slow)
    taking = asyncio.create_task(conversation.handle(desk.request("a")))
    assert await asyncio.to_thread(looking.wait, 10)
    await conversation.handle(desk.request(text="/help"))
    assert desk.said == [captions.help_text("Ask me.")]
    may_go.set()
    await taking
    assert list(desk.messages.values())[-1].text.startswith("Queued")


async def test_without_redis_the_person_is_told(
    desk: RecordingDesk, lab: Lab, tmp_path: Path
) -> None:
    nobody = store.connect(f"unix://{tmp_path / 'nobody'}", retries=0)
    down = replace(lab, queue=Queue(nobody), buttons=Buttons(nobody))
    conversation = Conversation(desk, down, StatusBoard(desk, down.queue))
    await conversation.handle(desk.request("a"))
    await conversation.handle(desk.request(text="/status"))
    assert desk.said == ["The lab cannot be reached right now. Please try again in a minute."] * 2
    answer = (await conversation.press(press(desk, "x", Choice.TWICE))).text
    assert answer == desk.said[0]
    await nobody.aclose()


async def test_without_a_photo_store_the_status_message_says_so(
    conversation: Conversation, desk: RecordingDesk, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(key: str, data: bytes) -> None:
        raise ServiceDown("The lab has no place for another photo right now.")

    monkeypatch.setattr(lab.blobs, "put", full)
    await conversation.handle(desk.request("a"))
    (shown,) = desk.messages.values()
    assert shown.text == "The lab has no place for another photo right now."
    assert await lab.queue.owed("test") == []


async def test_an_answer_that_is_faster_than_the_first_text_is_not_overwritten(
    conversation: Conversation, desk: RecordingDesk, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = StatusBoard(desk, lab.queue)
    conversation = Conversation(desk, lab, board)
    enqueue = lab.queue.enqueue

    async def answered_at_once(job: Job, allowance: Allowance) -> object:
        ticket = await enqueue(job)
        await board.settle(job.id)
        await desk.update_status(job.address, "the answer")
        return ticket

    monkeypatch.setattr(lab.queue, "enqueue", answered_at_once)
    await conversation.handle(desk.request("a"))
    (shown,) = desk.messages.values()
    assert shown.history == [captions.LOOKING, "the answer"]


async def test_status_and_cancel_speak_of_ones_own_photos(
    conversation: Conversation, desk: RecordingDesk, lab: Lab, client: Client
) -> None:
    await conversation.handle(desk.request("a", user="ben"))
    await asyncio.sleep(0.002)
    for name in "bc":
        await conversation.handle(desk.request(name))
    await conversation.handle(desk.request(text="/status"))
    places = sorted(line.split(",")[0] for line in desk.said[0].splitlines())
    assert places == ["Queued: place 2 in the queue", "Queued: place 3 in the queue"]
    await conversation.handle(desk.request(text="/cancel"))
    assert desk.said[1] == "Taking them back."
    assert [job.user for job in await lab.queue.owed("test")] == ["ben"]
    assert len(await lab.blobs.keys()) == 1
    cancelled = [d.reply async for d in lab.outbox.deliveries("test", block_seconds=0.01)]
    assert {answers.caption(reply) for reply in cancelled} == {captions.CANCELLED}


async def test_the_log_holds_no_name_of_a_person_or_file(
    conversation: Conversation,
    desk: RecordingDesk,
    lab: Lab,
    blobs: Blobs,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    for refs, text in ((["a"], "/upscale 4x"), (["video"], ""), ([], "secret words")):
        await conversation.handle(desk.request(*refs, text=text, user="secret-ann"))
    job = await only_job(lab)
    await conversation.press(press(desk, job.id, Choice.CANCEL, user="secret-ann"))
    assert "queued, photos: 1" in caplog.text
    assert "secret" not in caplog.text
    assert "a.png" not in caplog.text
    assert "video.png" not in caplog.text
