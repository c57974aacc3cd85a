"""The whole way through a chat: the real client, the real conversation, a real Valkey."""

import asyncio
import io

import pytest
from PIL import Image

from bots.conversation import Lab
from core import captions
from core.jobs import Failed
from core.language import _, speaking
from core.recipe import Preset
from tests.bots.telegram.conftest import enhanced, only_job, publish, switched_on
from tests.bots.telegram.pictures import picture
from tests.doubles.telegram import Refused, TelegramServer
from tests.doubles.telegram.server import Fault


async def settled(lab: Lab) -> None:
    """Wait until every reply was delivered and its blobs were deleted."""
    for _attempt in range(500):
        if not await lab.blobs.keys():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("blobs are left")


@pytest.mark.usefixtures("bot")
async def test_a_photo_comes_back_as_a_file_with_collage_and_buttons(
    server: TelegramServer, lab: Lab
) -> None:
    ada = server.private()
    asked = ada.document(picture(), "cat.png")
    job = await only_job(server, lab)
    (status,) = ada.chat.from_bot()
    assert status.reply_to == asked
    assert status.buttons.keys() == {"Cancel"}
    assert await lab.blobs.get(job.photos[0].key) == picture()
    assert job.photos[0].name == "cat.png"

    await publish(lab, job, await enhanced(lab, job))
    await server.until(lambda: len(ada.chat.from_bot()) == 2)

    answer, collage = ada.chat.from_bot()
    assert answer.message_id == status.message_id
    assert answer.kind == "document"
    assert answer.file is not None
    assert answer.file.data == picture(256, 192, seed=7)
    assert answer.file.name == "result-0.png"
    assert "64 × 48 before" in answer.text
    assert list(answer.buttons) == ["2×", "Original", "Softer", "Stronger", "Why?"]
    assert collage.kind == "photo"
    assert collage.reply_to == asked


@pytest.mark.usefixtures("bot")
async def test_a_compressed_photo_is_taken_at_its_largest_size(
    server: TelegramServer, lab: Lab
) -> None:
    ada = server.private()
    ada.photo(picture(1000, 600))
    job = await only_job(server, lab)
    taken = Image.open(io.BytesIO(await lab.blobs.get(job.photos[0].key)))
    assert taken.size == (1000, 600)
    assert job.max_bytes == 50_000_000


@pytest.mark.usefixtures("bot")
async def test_a_caption_is_a_command(server: TelegramServer, lab: Lab) -> None:
    server.private().document(picture(), "a.png", "/upscale 2x sharp")
    recipe = (await only_job(server, lab)).recipe
    assert (recipe.scale, recipe.sharpen) == (2, 50)


@pytest.mark.usefixtures("bot")
async def test_in_a_group_only_our_commands_count(server: TelegramServer, lab: Lab) -> None:
    group = server.group(bot="administrator")
    await switched_on(lab, group)
    ada = server.member(group)
    photo = ada.photo(picture(200, 100))
    ada.write("what a photo", reply_to=photo)
    ada.write("/upscale@another_bot 4x", reply_to=photo)
    ada.write("/unknownhere", reply_to=photo)
    asked = ada.write("/portrait@Darkroom_Bot 60 png", reply_to=photo)
    job = await only_job(server, lab)
    assert job.recipe.preset is Preset.PORTRAIT
    assert job.recipe.faces == 60
    assert job.community == str(group.chat_id)
    (status,) = group.from_bot()
    assert status.reply_to == asked


@pytest.mark.usefixtures("bot")
async def test_a_slip_after_our_name_gets_the_nearest_command(server: TelegramServer) -> None:
    ada = server.member(server.group())
    ada.write("/portait@darkroom_bot")
    await server.until(lambda: any("/portrait" in s.text for s in ada.chat.from_bot()))


@pytest.mark.usefixtures("bot")
async def test_edits_channel_posts_and_bots_are_ignored(server: TelegramServer, lab: Lab) -> None:
    ada = server.private()
    first = ada.write("/help")
    await server.until(lambda: len(ada.chat.from_bot()) == 1)
    ada.edit(first, "/status")
    channel = server.group(-100_3000)
    channel.kind = "channel"
    post = channel.add({"sender_chat": channel.described(), "text": "/help"})
    server.push({"channel_post": post})
    robot = {"id": 99, "is_bot": True, "first_name": "Robot"}
    server.push({"message": ada.chat.add({"from": robot, "text": "/help"})})
    ada.write("/status")
    await server.until(lambda: len(server.called("sendMessage")) == 2)
    assert "no photo in the lab" in server.calls[-1].parameters["text"]
    assert not channel.from_bot()


@pytest.mark.usefixtures("bot")
async def test_an_album_is_one_request_with_one_answer(server: TelegramServer, lab: Lab) -> None:
    ada = server.private()
    photos = [picture(300 + n, 200, seed=n) for n in range(3)]
    asked = ada.album(photos, "/landscape 2x", caption_on=1)
    job = await only_job(server, lab)
    assert job.recipe.preset is Preset.LANDSCAPE
    widths = [Image.open(io.BytesIO(await lab.blobs.get(photo.key))).width for photo in job.photos]
    assert widths == [300, 301, 302]

    results = [await enhanced(lab, job, n) for n in range(2)]
    failed = Failed(code="broken", text="This photo is broken.")
    await publish(lab, job, *results, failed)
    await server.until(lambda: len(ada.chat.from_bot()) == 5)
    text, *rest = ada.chat.from_bot()
    assert text.kind == "text"
    assert "2 of 3 photos enhanced" in text.text
    assert "This photo is broken." in text.text
    assert text.buttons
    assert [shown.kind for shown in rest] == ["document", "document", "photo", "photo"]
    assert {shown.reply_to for shown in rest} == {asked[0]}
    assert [s.file.name for s in rest[:2] if s.file] == ["result-0.png", "result-1.png"]


@pytest.mark.usefixtures("bot")
async def test_a_command_under_one_photo_of_an_album_means_that_photo(
    server: TelegramServer, lab: Lab
) -> None:
    group = server.group()
    await switched_on(lab, group)
    ada = server.member(group)
    parts = ada.album([picture(300 + n, 200) for n in range(3)])
    ada.write("/enhance@darkroom_bot", reply_to=parts[1])
    job = await only_job(server, lab)
    (photo,) = job.photos
    assert Image.open(io.BytesIO(await lab.blobs.get(photo.key))).width == 301


@pytest.mark.usefixtures("bot")
async def test_other_things_get_a_kind_word_in_private_and_silence_in_groups(
    server: TelegramServer, lab: Lab
) -> None:
    video = {
        "file_id": "v",
        "file_unique_id": "v",
        "width": 9,
        "height": 9,
        "duration": 3,
    }
    group = server.member(server.group(bot="administrator"))
    await switched_on(lab, group.chat)
    group.other("video", video)
    ada = server.private()
    ada.other("video", video)
    await server.until(lambda: ada.chat.from_bot())
    assert "videos" in ada.chat.from_bot()[0].text
    ada.document(b"%PDF-1.7", "paper.pdf", media_type="application/pdf")
    await server.until(lambda: len(ada.chat.from_bot()) == 2)
    assert "PDF files" in ada.chat.from_bot()[1].text
    ada.write("hello there")
    await server.until(lambda: len(ada.chat.from_bot()) == 3)
    assert not group.chat.from_bot()


@pytest.mark.usefixtures("bot")
async def test_what_the_adapter_says_itself_is_in_the_language_of_the_app(
    server: TelegramServer,
) -> None:
    ada = server.private(language="de-AT")
    ada.document(b"%PDF-1.7", "paper.pdf", media_type="application/pdf")
    with speaking("de"):
        expected = captions.not_a_photo("PDF")
    assert "I can't work on" not in expected
    await server.until(lambda: [shown.text for shown in ada.chat.from_bot()] == [expected])

    server.fail("sendMessage", Refused("Bad Request: something odd"))
    ada.write("/help")
    await server.until(lambda: len(ada.chat.from_bot()) == 2)
    with speaking("de"):
        assert ada.chat.from_bot()[1].text == _(captions.UNEXPECTED) != captions.UNEXPECTED


@pytest.mark.usefixtures("bot")
async def test_an_answer_that_failed_is_words_in_the_status_message(
    server: TelegramServer, lab: Lab
) -> None:
    ada = server.private()
    ada.document(picture(), "a.png")
    job = await only_job(server, lab)
    await publish(lab, job, Failed(code="broken", text="This photo is cut off."))
    await server.until(lambda: ada.chat.from_bot()[0].text == "This photo is cut off.")
    (only,) = ada.chat.from_bot()
    assert not only.buttons


@pytest.mark.usefixtures("bot")
async def test_what_is_no_photo_inside_is_told_in_the_status_message(
    server: TelegramServer, lab: Lab
) -> None:
    ada = server.private()
    ada.document(b"this is text", "a.png")
    await server.until(lambda: ada.chat.from_bot() and "Got it" not in ada.chat.from_bot()[0].text)
    assert len(ada.chat.from_bot()) == 1
    assert await lab.queue.owed("telegram") == []


@pytest.mark.usefixtures("bot")
async def test_a_deleted_status_message_does_not_lose_the_answer(
    server: TelegramServer, lab: Lab
) -> None:
    ada = server.private()
    asked = ada.document(picture(), "a.png")
    job = await only_job(server, lab)
    (status,) = ada.chat.from_bot()
    ada.delete(status.message_id)
    await publish(lab, job, await enhanced(lab, job))
    await server.until(lambda: len(ada.chat.from_bot()) == 2)
    answer, collage = ada.chat.from_bot()
    assert (answer.kind, collage.kind) == ("document", "photo")
    assert answer.buttons
    assert answer.reply_to == asked


@pytest.mark.usefixtures("bot")
async def test_a_blocked_bot_gives_up_in_peace(server: TelegramServer, lab: Lab) -> None:
    ada = server.private()
    ada.document(picture(), "a.png")
    job = await only_job(server, lab)
    ada.chat.blocked = True
    await publish(lab, job, await enhanced(lab, job))
    await server.until(lambda: server.called("editMessageMedia"))
    eve = server.private(43, "Eve")
    eve.write("/help")
    await server.until(lambda: eve.chat.from_bot())
    assert not server.called("sendDocument")


@pytest.mark.usefixtures("bot")
async def test_answers_stay_in_their_topic(server: TelegramServer, lab: Lab) -> None:
    group = server.group(topics=[77])
    await switched_on(lab, group)
    ada = server.member(group)
    ada.photo(picture(200, 100), "/enhance@darkroom_bot", thread=77)
    job = await only_job(server, lab)
    await publish(lab, job, await enhanced(lab, job))
    await server.until(lambda: len(group.from_bot()) == 2)
    ours = [m for m in group.messages.values() if m["from"]["is_bot"]]
    assert [m["message_thread_id"] for m in ours] == [77, 77]
    group.topics.clear()
    ada.write("/help", thread=77)
    await server.until(lambda: len(group.from_bot()) == 3)


@pytest.mark.usefixtures("bot")
async def test_buttons_work_for_the_asker_alone(server: TelegramServer, lab: Lab) -> None:
    group = server.group()
    await switched_on(lab, group)
    ada, eve = server.member(group), server.member(group, 43, "Eve")
    photo = ada.document(picture(), "a.png", "/enhance@darkroom_bot")
    job = await only_job(server, lab)
    await publish(lab, job, await enhanced(lab, job))
    await server.until(lambda: len(group.from_bot()) == 2)
    answer = group.from_bot()[0]

    foreign = eve.press(answer.message_id, "2×")
    await server.until(lambda: foreign in server.toasts)
    assert "Only the person" in server.toasts[foreign]

    taps = [ada.press(answer.message_id, "2×") for _ in range(3)]
    await server.until(lambda: all(tap in server.toasts for tap in taps))
    again = await only_job(server, lab)
    assert again.recipe.scale == 2
    assert [s.reply_to for s in group.from_bot()] == [photo, photo, answer.message_id]

    original = ada.press(answer.message_id, "Original")
    await server.until(lambda: original in server.toasts)
    sent = group.from_bot()[-1]
    assert sent.file is not None
    assert sent.file.data == picture()


@pytest.mark.usefixtures("bot")
async def test_a_press_is_insisted_on_and_its_failure_is_told(
    server: TelegramServer, lab: Lab
) -> None:
    ada = server.private()
    ada.document(picture(), "a.png")
    job = await only_job(server, lab)
    await publish(lab, job, await enhanced(lab, job))
    await server.until(lambda: len(ada.chat.from_bot()) == 2)
    answer = ada.chat.from_bot()[0].message_id

    server.fail("sendDocument", Fault(close=True), Fault(close=True))
    ada.press(answer, "Original")
    await server.until(lambda: len(ada.chat.from_bot()) == 3)
    assert ada.chat.from_bot()[-1].kind == "document"

    server.fail("sendMessage", Refused("Bad Request: something odd"))
    ada.press(answer, "Softer")
    await server.until(lambda: len(ada.chat.from_bot()) == 4)
    told = ada.chat.from_bot()[-1]
    assert (told.text, told.reply_to) == (captions.UNEXPECTED, answer)


@pytest.mark.usefixtures("bot")
async def test_a_waiting_photo_is_taken_back(server: TelegramServer, lab: Lab) -> None:
    ada = server.private()
    ada.document(picture(), "a.png")
    await only_job(server, lab)
    ada.press(ada.chat.from_bot()[0].message_id, "Cancel")
    await server.until(lambda: "Cancelled" in ada.chat.from_bot()[0].text)
    assert await lab.queue.owed("telegram") == []
    await settled(lab)


@pytest.mark.usefixtures("bot")
async def test_a_file_above_the_limit_is_told_before_it_is_fetched(server: TelegramServer) -> None:
    ada = server.private()
    group = server.files.document(b"x", "big.png", "image/png") | {"file_size": 30_000_000}
    ada.other("document", group)
    await server.until(lambda: ada.chat.from_bot() and "30.0 MB" in ada.chat.from_bot()[0].text)
    assert not server.called("getFile")


@pytest.mark.usefixtures("bot")
async def test_an_expired_link_is_asked_for_again(server: TelegramServer, lab: Lab) -> None:
    server.fail("file", Refused("Not Found", 404), Fault(close=True))
    server.private().document(picture(), "a.png")
    job = await only_job(server, lab)
    assert await lab.blobs.get(job.photos[0].key) == picture()
    assert len(server.called("getFile")) == 3


@pytest.mark.usefixtures("bot")
async def test_a_flood_wait_and_a_failing_server_only_delay_the_answer(
    server: TelegramServer, lab: Lab
) -> None:
    ada = server.private()
    ada.document(picture(), "a.png")
    job = await only_job(server, lab)
    server.fail(
        "editMessageMedia",
        Refused("Too Many Requests: retry after 1", 429, retry_after=1),
        Refused("Internal Server Error", 500),
        Fault(close=True),
        Fault(close=True, after=True),
    )
    await publish(lab, job, await enhanced(lab, job))
    await server.until(lambda: len(ada.chat.from_bot()) == 2)
    assert [shown.kind for shown in ada.chat.from_bot()] == ["document", "photo"]
    assert len(server.called("editMessageMedia")) == 5


@pytest.mark.usefixtures("bot")
async def test_the_menu_lists_the_commands(server: TelegramServer) -> None:
    await server.until(lambda: ("all_chat_administrators", "") in server.menus)
    assert list(server.menus["default", ""])[:2] == ["enhance", "portrait"]
    assert "darkroom" in server.menus["all_chat_administrators", ""]
