"""The desk alone, with the real client, against the double."""

import contextlib
import logging
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from telegram.error import BadRequest, NetworkError
from telegram.ext import ExtBot

from bots.desk import Answer, Button, Feature, File, Steps, TryLater, Undeliverable
from bots.telegram.desk import TelegramDesk
from bots.telegram.pace import Pace, Rate, Urgency
from bots.telegram.post import TEXT_MAX
from core.jobs import Address, Enhanced, Reply
from tests.bots.telegram.conftest import FREE
from tests.bots.telegram.pictures import picture
from tests.doubles.telegram import Caps, Refused, TelegramServer
from tests.doubles.telegram.server import Fault

BUTTONS = ((Button("2×", "abc:2x"), Button("4×", "abc:4x")),)


async def client(server: TelegramServer, pace: Pace) -> ExtBot[Urgency]:
    return ExtBot(server.token, f"{server.url}/bot", f"{server.url}/file/bot", rate_limiter=pace)


@pytest_asyncio.fixture
async def desk(server: TelegramServer) -> AsyncIterator[TelegramDesk]:
    bot = await client(server, Pace(overall=FREE, private=FREE, group=FREE, first_delay=0.01))
    async with bot:
        yield TelegramDesk(bot)


def steps() -> tuple[Steps, dict[str, str]]:
    kept: dict[str, str] = {}

    async def record(name: str, outcome: str) -> None:
        kept[name] = outcome

    return Steps({}, record), kept


def answer(*sizes: int, collage: bytes | None = None) -> Answer:
    """An answer with one file of so many bytes each."""
    files = []
    for number, size in enumerate(sizes):
        data = bytes([number]) * size
        result = Enhanced(
            key=f"k{number}",
            name=f"{number}.png",
            media_type="image/png",
            bytes=size,
            width=2,
            height=2,
            source_name="a.png",
            source_width=1,
            source_height=1,
            seconds=1,
        )
        files.append(File(result, data, collage or picture(seed=number, kind="JPEG")))
    results = tuple(file.result for file in files)
    reply = Reply(job="j", platform="telegram", user="42", address={}, results=results)
    return Answer(reply, "Enhanced.", tuple(files), BUTTONS)


async def test_delivering_again_with_its_steps_sends_nothing_twice(
    server: TelegramServer, desk: TelegramDesk
) -> None:
    ada = server.private()
    address = await desk.open_status({"chat": 42, "message": ada.write("hello")}, "Got it")
    sent, kept = steps()
    await desk.deliver(address, answer(10), sent)
    count = len(server.calls)
    again, _ = steps()
    again.done.update(kept)
    await desk.deliver(address, answer(10), again)
    assert len(server.calls) == count
    assert [shown.kind for shown in ada.chat.from_bot()] == ["document", "photo"]


async def test_a_block_of_code_is_marked_and_shown_without_its_fence(
    server: TelegramServer, desk: TelegramDesk
) -> None:
    ada = server.private()
    text = "🎞 so:\n```toml\ndaily = 20\n```"
    address = await desk.open_status({"chat": 42}, "Got it")
    await desk.say({"chat": 42}, text)
    await desk.update_status(address, text)
    assert [shown.text for shown in ada.chat.from_bot()] == ["🎞 so:\ndaily = 20"] * 2
    block = {"type": "pre", "offset": 7, "length": 10, "language": "toml"}
    for method in ("sendMessage", "editMessageText"):
        assert server.called(method)[-1].parameters["entities"] == [block]
    await desk.say({"chat": 42}, "```toml\n" + "x" * 5000 + "\n```")
    (cut,) = server.called("sendMessage")[-1].parameters["entities"]
    assert cut["length"] == len(ada.chat.from_bot()[-1].text) == TEXT_MAX


async def test_losing_the_note_of_the_file_repeats_the_edit_and_shows_one_file(
    server: TelegramServer, desk: TelegramDesk
) -> None:
    ada = server.private()
    address = await desk.open_status({"chat": 42, "message": ada.write("hello")}, "Got it")
    for _ in range(2):
        sent, _kept = steps()
        sent.done["collage-0"] = "1"
        await desk.deliver(address, answer(10), sent)
    (only,) = ada.chat.from_bot()
    assert only.kind == "document"


async def test_nothing_is_sent_twice_by_the_desk_itself_when_an_answer_is_lost(
    server: TelegramServer, desk: TelegramDesk
) -> None:
    ada = server.private()
    address = await desk.open_status({"chat": 42}, "Got it")
    server.fail("sendPhoto", Fault(close=True, after=True))
    sent, kept = steps()
    with pytest.raises(NetworkError):
        await desk.deliver(address, answer(10), sent)
    assert kept.keys() == {"file"}
    assert len(ada.chat.from_bot()) == 2


@pytest.mark.parametrize(
    ("method", "files"),
    [("editMessageMedia", (10,)), ("editMessageText", ()), ("sendMediaGroup", (10, 10))],
)
async def test_an_outage_of_telegram_is_no_attempt(
    server: TelegramServer, desk: TelegramDesk, method: str, files: tuple[int, ...]
) -> None:
    server.private()
    address = await desk.open_status({"chat": 42}, "Got it")
    server.fail(method, *[Fault(close=True) for _ in range(9)])
    server.fail("getMe", *[Fault(close=True) for _ in range(9)])
    sent, kept = steps()
    with pytest.raises(TryLater):
        await desk.deliver(address, answer(*files), sent)
    assert kept == {}


async def test_a_long_flood_wait_is_no_attempt(server: TelegramServer, desk: TelegramDesk) -> None:
    server.private()
    address = await desk.open_status({"chat": 42}, "Got it")
    server.fail("editMessageMedia", Refused("Too Many Requests", 429, retry_after=5000))
    sent, _ = steps()
    with pytest.raises(TryLater):
        await desk.deliver(address, answer(10), sent)


async def test_albums_stay_below_the_upload_limit(
    server: TelegramServer, desk: TelegramDesk
) -> None:
    server.caps = Caps(document=100_000)
    desk.max_upload_bytes = 100_000
    ada = server.private()
    address = await desk.open_status({"chat": 42, "message": ada.write("hello")}, "Got it")
    sent, _ = steps()
    await desk.deliver(address, answer(40_000, 40_000, 40_000, 90_000), sent)
    groups = [len(call.parameters["media"]) for call in server.called("sendMediaGroup")]
    assert groups == [2, 4]
    assert len(server.called("sendDocument")) == 2
    names = [shown.file.name for shown in ada.chat.from_bot() if shown.file]
    assert names[:4] == ["0.png", "1.png", "2.png", "3.png"]
    assert ada.chat.from_bot()[0].text == "Enhanced."


async def test_a_collage_that_telegram_refuses_does_not_hold_the_answer_up(
    server: TelegramServer, desk: TelegramDesk
) -> None:
    ada = server.private()
    address = await desk.open_status({"chat": 42}, "Got it")
    sent, kept = steps()
    await desk.deliver(address, answer(10, collage=picture(5000, 100, kind="JPEG")), sent)
    assert kept["collage-0"] == "refused"
    assert [shown.kind for shown in ada.chat.from_bot()] == ["document"]


async def test_a_group_that_forbids_files_gets_words(
    server: TelegramServer, desk: TelegramDesk
) -> None:
    group = server.group()
    group.forbidden = {"document"}
    address = await desk.open_status({"chat": group.chat_id}, "Got it")
    sent, _ = steps()
    await desk.deliver(address, answer(10), sent)
    assert "does not let me send files" in group.from_bot()[0].text


async def test_a_group_that_became_a_supergroup_gets_its_answer_there(
    server: TelegramServer, desk: TelegramDesk, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "bots")
    old, new = server.group(-55), server.group(-100_55)
    address = await desk.open_status({"chat": -55}, "Got it")
    old.migrated_to = new.chat_id
    await desk.update_status(address, "Queued", BUTTONS)
    sent, _ = steps()
    await desk.deliver(address, answer(10), sent)
    assert [shown.kind for shown in new.from_bot()] == ["document", "photo"]
    assert "supergroup" in caplog.text
    assert "55" not in "".join(record.message for record in caplog.records)


@pytest.mark.parametrize("files", [(), (10,), (10, 10)])
async def test_a_chat_that_is_gone_is_undeliverable(
    server: TelegramServer, desk: TelegramDesk, files: tuple[int, ...]
) -> None:
    sent, kept = steps()
    with pytest.raises(Undeliverable):
        await desk.deliver({"chat": 1, "status": 2}, answer(*files), sent)
    assert kept == {}


async def test_another_refusal_is_for_the_caller_to_retry(
    server: TelegramServer, desk: TelegramDesk
) -> None:
    server.private()
    address = await desk.open_status({"chat": 42}, "Got it")
    server.fail("editMessageMedia", Refused("Bad Request: wrong something"))
    sent, _ = steps()
    with pytest.raises(BadRequest):
        await desk.deliver(address, answer(10), sent)


async def test_a_status_is_edited_and_left_alone_once_it_is_gone_or_answered(
    server: TelegramServer, desk: TelegramDesk
) -> None:
    ada = server.private()
    address = await desk.open_status({"chat": 42}, "Got it")
    await desk.update_status(address, "Queued", BUTTONS, fleeting=True)
    await desk.update_status(address, "Queued", BUTTONS)
    (shown,) = ada.chat.from_bot()
    assert (shown.text, shown.buttons) == ("Queued", {"2×": "abc:2x", "4×": "abc:4x"})
    sent, _ = steps()
    await desk.deliver(address, answer(10), sent)
    await desk.update_status(address, "late")
    assert ada.chat.from_bot()[0].kind == "document"
    ada.delete(shown.message_id)
    await desk.update_status(address, "later")
    await desk.update_status({"chat": 42}, "no status at all")


async def test_a_busy_group_loses_progress_but_never_the_last_word(server: TelegramServer) -> None:
    server.caps = Caps(group_per_minute=6, minute=3.0)
    group = server.group()
    pace = Pace(overall=FREE, private=FREE, group=Rate(5, 3.0, reserve=2), first_delay=0.01)
    async with await client(server, pace) as bot:
        desk = TelegramDesk(bot)
        address = await desk.open_status({"chat": group.chat_id}, "Got it")
        for number in range(8):
            with contextlib.suppress(TryLater):
                await desk.update_status(address, f"Progress {number}", BUTTONS, fleeting=True)
        assert group.from_bot()[0].text == "Progress 1"
        await desk.update_status(address, "The photo is broken.", BUTTONS)
        assert group.from_bot()[0].text == "The photo is broken."
        assert group.from_bot()[0].buttons
    assert len(server.called("editMessageText")) == 3


async def test_a_flood_wait_during_progress_is_not_waited_out(
    server: TelegramServer, desk: TelegramDesk
) -> None:
    ada = server.private()
    address = await desk.open_status({"chat": 42}, "Got it")
    server.fail("editMessageText", Refused("Too Many Requests", 429, retry_after=60))
    for text in ("Progress", "Progress again"):
        with pytest.raises(TryLater) as caught:
            await desk.update_status(address, text, BUTTONS, fleeting=True)
        assert "42" not in str(caught.value)
    assert ada.chat.from_bot()[0].text == "Got it"
    assert len(server.called("editMessageText")) == 1


async def test_originals_are_sent_again_as_they_came(
    server: TelegramServer, desk: TelegramDesk
) -> None:
    ada = server.private()
    ada.photo(picture(200, 100))
    ada.document(picture(), "my cat.png")
    ada.document(picture(seed=9), "dog.png")
    received = [server.chats[42].messages[n] for n in sorted(server.chats[42].messages)]
    refs = [
        f"p:{received[0]['photo'][-1]['file_id']}",
        *(f"d:{m['document']['file_id']}:{m['document']['file_name']}" for m in received[1:]),
    ]
    await desk.resend({"chat": 42}, refs)
    shown = ada.chat.from_bot()
    assert [one.kind for one in shown] == ["photo", "document", "document"]
    assert [one.file.data for one in shown[1:] if one.file] == [picture(), picture(seed=9)]
    assert all(not call.files for call in server.calls)
    assert await desk.attachment(refs[1]).fetch() == picture()
    assert desk.attachment(refs[1]).name == "my cat.png"


async def test_long_words_are_cut_to_what_telegram_takes(
    server: TelegramServer, desk: TelegramDesk
) -> None:
    ada = server.private()
    await desk.say({"chat": 42}, "x" * (TEXT_MAX + 1))
    assert len(ada.chat.from_bot()[0].text) == TEXT_MAX


async def test_groups_are_edited_less_often(desk: TelegramDesk) -> None:
    assert desk.status_interval({"chat": 42}) < 2
    assert desk.status_interval({"chat": -42}) >= 6


async def test_a_text_may_have_rows_of_buttons_and_they_may_change(
    server: TelegramServer, desk: TelegramDesk
) -> None:
    group = server.group(topics=[77])
    asked = server.member(group).write("/darkroom@darkroom_bot", thread=77)
    rows = ((Button("On", "a:1"),), (Button("Off", "a:2"), Button("Close", "a:3")))
    await desk.say({"chat": group.chat_id, "message": asked, "thread": 77}, "Settings", rows)
    (panel,) = group.from_bot()
    keyboard = server.calls[-1].parameters["reply_markup"]["inline_keyboard"]
    assert [[button["text"] for button in row] for row in keyboard] == [["On"], ["Off", "Close"]]
    under: Address = {"chat": group.chat_id, "thread": 77, "status": panel.message_id}
    await desk.update_status(under, "Settings: on", rows[1:])
    (panel,) = group.from_bot()
    assert (panel.text, list(panel.buttons)) == ("Settings: on", ["Off", "Close"])
    await desk.update_status(under, "Closed.")
    assert not group.from_bot()[0].buttons


async def test_a_thread_of_its_own_is_the_topic_that_was_written_in(
    server: TelegramServer, desk: TelegramDesk
) -> None:
    group = server.group(topics=[77])
    address: Address = {"chat": group.chat_id, "thread": 77}
    assert (await desk.open_status(address, "Got it", threaded=True))["thread"] == 77
    assert set(desk.lacks) == {Feature.THREADS, Feature.ROLES, Feature.DELETION}


async def test_what_is_unseen_is_asked_of_groups_alone(
    server: TelegramServer, desk: TelegramDesk
) -> None:
    server.private()
    group = server.group()
    assert await desk.unseen({"chat": 42}) is None
    assert "/setprivacy" in (await desk.unseen({"chat": group.chat_id}) or "")
