"""Which messages are for us, and what they ask for."""

import datetime as dt
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from telegram import Bot, Message

from bots.desk import Request
from bots.telegram.attachments import Attachments
from bots.telegram.members import Members
from bots.telegram.messages import Reader
from bots.telegram.place import Place

BOT = Bot("1:token")
READER = Reader("Lab_Bot", Attachments(BOT, max_bytes=1000), Members(BOT), bot_id=1)
US: dict[str, Any] = {"id": 1, "is_bot": True, "first_name": "Lab", "username": "Lab_Bot"}
PHOTO: dict[str, Any] = {
    "photo": [
        {"file_id": "small", "file_unique_id": "s", "width": 90, "height": 60},
        {"file_id": "large", "file_unique_id": "l", "width": 900, "height": 600},
        {"file_id": "middle", "file_unique_id": "m", "width": 320, "height": 200},
    ]
}
VIDEO: dict[str, Any] = {
    "video": {"file_id": "v", "file_unique_id": "v", "width": 9, "height": 9, "duration": 1},
}


def document(name: str | None, media_type: str | None) -> dict[str, Any]:
    described = {"file_id": "doc", "file_unique_id": "d"}
    if name is not None:
        described["file_name"] = name
    if media_type is not None:
        described["mime_type"] = media_type
    return {"document": described}


def message(chat: int = 42, number: int = 7, **content: Any) -> Message:
    data = {
        "message_id": number,
        "date": 1,
        "chat": {"id": chat, "type": "private" if chat > 0 else "supergroup"},
        "from": {"id": 42, "is_bot": False, "first_name": "Ada"},
        **content,
    }
    return Message.de_json(data, BOT)


def mention(text: str, name: str = "@lab_bot", *, caption: bool = False) -> dict[str, Any]:
    """A text or caption in which a name is marked as a mention."""
    offset = len(text[: text.index(name)].encode("utf-16-le")) // 2
    entity = {"type": "mention", "offset": offset, "length": len(name)}
    if caption:
        return {"caption": text, "caption_entities": [entity]}
    return {"text": text, "entities": [entity]}


def only(*messages: Message, late: bool = False) -> Request:
    found = READER.read(messages, late=late)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("chat", "text", "ours"),
    [
        (42, "hello", True),
        (42, "/nonsense", True),
        (42, "/help@lab_bot", True),
        (42, "/help@other_bot", True),
        (-42, "/help@lab_bot me", True),
        (-42, "/upscale 99x", True),
        (-42, "hello", False),
        (-42, "/help", True),
        (-42, "/HELP", True),
        (-42, "/nonsense", False),
        (-42, "/nonsense@LAB_BOT", True),
        (-42, "/help@other_bot", False),
        (-42, "look: /help", False),
    ],
)
def test_who_is_meant(chat: int, text: str, ours: bool) -> None:
    assert (READER.read([message(chat, text=text)]) is not None) is ours


PRIVATE, GROUP = 42, -42
REPLIED = message(GROUP, number=3, **PHOTO).to_dict()
OURS = message(GROUP, number=3, **PHOTO, **{"from": US}).to_dict()


@pytest.mark.parametrize(
    ("content", "text", "addressed"),
    [
        (PHOTO, "", False),
        (PHOTO | {"caption": "look"}, "look", False),
        (PHOTO | {"caption": "/enhance 2x"}, "/enhance 2x", False),
        (PHOTO | {"caption": "/enhance@LAB_bot 2x"}, "/enhance@LAB_bot 2x", True),
        (PHOTO | {"caption": "/nonsense"}, "/nonsense", False),
        (PHOTO | mention("@lab_bot 4x", caption=True), "4x", True),
        (PHOTO | mention("🎞 please, @LAB_BOT!", "@LAB_BOT", caption=True), "🎞 please, !", True),
        (PHOTO | mention("/art @lab_bot", caption=True), "/art", True),
        (PHOTO | mention("@lab_bot_too", "@lab_bot_too", caption=True), "@lab_bot_too", False),
        (PHOTO | {"reply_to_message": OURS}, "", True),
        (PHOTO | {"reply_to_message": REPLIED}, "", False),
        ({"text": "/help", "reply_to_message": OURS}, "/help", True),
        ({"text": "/art", "reply_to_message": REPLIED}, "/art", False),
        (mention("@lab_bot png") | {"reply_to_message": REPLIED}, "png", True),
        (mention("@lab_bot /help"), "/help", True),
    ],
)
def test_what_is_handed_over_from_a_group_and_who_is_addressed(
    content: dict[str, Any], text: str, addressed: bool
) -> None:
    found = only(message(GROUP, **content))
    assert (found.text, found.addressed) == (text, addressed)
    assert (found.community, found.private) == ("-42", False)
    assert bool(found.photos) is ("help" not in text)


@pytest.mark.parametrize(
    "content",
    [
        PHOTO | {"caption": "/art@other_bot"},
        PHOTO | {"caption": "/nonsense@other_bot 4x"},
        {"text": "thanks", "reply_to_message": OURS},
        {"text": "what a photo", "reply_to_message": REPLIED},
        mention("I like @lab_bot"),
        VIDEO,
        VIDEO | {"caption": "/nonsense"},
        VIDEO | {"reply_to_message": OURS},
    ],
)
def test_what_else_is_said_in_a_group_is_no_business_of_ours(content: dict[str, Any]) -> None:
    assert READER.read([message(GROUP, **content)]) is None


@pytest.mark.parametrize(
    "content",
    [
        VIDEO | {"caption": "/art@lab_bot"},
        VIDEO | {"caption": "/art", "reply_to_message": OURS},
        VIDEO | mention("@lab_bot", caption=True),
        mention("@lab_bot") | {"reply_to_message": message(GROUP, number=3, **VIDEO).to_dict()},
    ],
)
def test_what_is_no_photo_is_told_in_a_group_that_speaks_to_us(content: dict[str, Any]) -> None:
    found = only(message(GROUP, **content))
    assert (found.photos, found.other_kinds, found.addressed) == ((), ("videos",), True)


def test_what_else_is_in_an_album_of_a_group_is_told_to_nobody_who_did_not_ask() -> None:
    parts = [
        message(GROUP, number=number, media_group_id="g", **content)
        for number, content in ((7, PHOTO), (8, VIDEO))
    ]
    found = only(*parts)
    assert (len(found.photos), found.other_kinds) == (1, ())


def test_in_private_everybody_speaks_to_us() -> None:
    found = only(message(**PHOTO, **mention("@lab_bot 4x", caption=True)))
    assert (found.addressed, found.text, found.community, found.channel) == (True, "4x", None, None)


def test_a_person_without_a_user_name_is_mentioned_by_their_id() -> None:
    entity = {"type": "text_mention", "offset": 0, "length": 3, "user": US}
    found = only(message(GROUP, caption="Lab, 4x", caption_entities=[entity], **PHOTO))
    assert (found.addressed, found.text) == (True, "4x")


def test_an_album_is_ours_by_whichever_part_names_us() -> None:
    first = PHOTO | {"caption": "our holiday"}
    named = PHOTO | mention("@lab_bot 2x", caption=True)
    parts = [
        message(GROUP, number=n, media_group_id="g", **content)
        for n, content in ((7, first), (8, named))
    ]
    found = only(*parts)
    assert (found.addressed, found.text, len(found.photos)) == (True, "2x", 2)


def test_language_and_topic_travel_with_a_request() -> None:
    german = {"id": 42, "is_bot": False, "first_name": "Ada", "language_code": "de-AT"}
    fields: dict[str, Any] = {"from": german, "message_thread_id": 5, "is_topic_message": True}
    found = only(message(GROUP, **PHOTO, **fields))
    assert (found.language, found.channel) == ("de-AT", "5")


async def test_who_writes_in_the_name_of_the_group_is_an_administrator() -> None:
    robot = {"id": 1087968824, "is_bot": True, "first_name": "Group", "language_code": "de"}
    for chat, admin in ((GROUP, True), (-77, False)):
        behind = {"id": chat, "type": "supergroup", "title": "G"}
        fields: dict[str, Any] = {"sender_chat": behind, "from": robot}
        found = only(message(GROUP, text="/darkroom", **fields))
        assert (await found.standing()).admin is admin
        assert found.language is None


@pytest.mark.parametrize(
    ("name", "media_type", "photo"),
    [
        ("a.png", "image/png", True),
        ("a.bin", "image/heic", True),
        ("IMG_1.HEIC", "application/octet-stream", True),
        ("IMG_1.HEIC", None, True),
        (None, None, "files of this kind"),
        ("a.zip", None, "ZIP"),
        ("a.png", "application/zip", "files of this kind"),
        ("a.pdf", "application/pdf", "PDF"),
        ("part.001", None, "files of this kind"),
        ("a.download", None, "files of this kind"),
    ],
)
def test_which_files_are_photos(
    name: str | None, media_type: str | None, photo: bool | str
) -> None:
    found = only(message(**document(name, media_type)))
    assert (len(found.photos), found.other_kinds) == ((1, ()) if photo is True else (0, (photo,)))


def test_the_largest_photo_is_taken_and_found_again_by_its_ref() -> None:
    (photo,) = only(message(**PHOTO)).photos
    assert photo.ref == "p:large"
    assert READER._attachments.at(photo.ref).name == photo.name == "photo.jpg"


@given(st.text(max_size=400))
@example(".\x1f")
def test_a_file_name_survives_its_ref(name: str) -> None:
    offered = READER._attachments.of(message(**document(name, "image/png")))
    assert offered is not None
    assert offered.name
    assert offered.name.isprintable()
    assert len(offered.name) <= 250
    again = READER._attachments.at(offered.ref)
    assert (again.name, again.ref) == (offered.name, offered.ref)


def test_an_album_is_one_request_named_after_the_album() -> None:
    parts = [message(number=n, media_group_id="g", **PHOTO) for n in (7, 8)]
    parts.append(message(number=9, media_group_id="g", caption="/art", **PHOTO))
    request = only(*parts)
    assert (request.origin, request.text, len(request.photos)) == ("42:g", "/art", 3)
    assert only(parts[0], late=True).origin == "42:7"


def test_an_album_with_a_video_in_it_says_so() -> None:
    parts = [
        message(number=7, media_group_id="g", **PHOTO),
        message(number=8, media_group_id="g", **VIDEO),
    ]
    found = only(*parts)
    assert (len(found.photos), found.other_kinds) == (1, ("videos",))


def test_a_command_takes_the_photo_that_it_answers() -> None:
    replied = message(number=3, **PHOTO).to_dict()
    assert only(message(-42, text="/art", reply_to_message=replied)).photos[0].ref == "p:large"
    stranger = {"id": 1, "is_bot": False, "first_name": "B"}
    elsewhere = {"origin": {"type": "user", "date": 1, "sender_user": stranger}} | PHOTO
    assert only(message(text="/art", external_reply=elsewhere)).photos


def test_a_photo_that_is_only_talked_about_is_left_alone() -> None:
    replied = message(number=3, **PHOTO).to_dict()
    assert only(message(text="thanks!", reply_to_message=replied)).photos == ()
    assert only(message(text="/status", reply_to_message=replied)).photos == ()


def test_a_command_on_something_else_says_what_it_was() -> None:
    replied = message(number=3, **VIDEO).to_dict()
    found = only(message(-42, text="/enhance@lab_bot", reply_to_message=replied))
    assert (found.photos, found.other_kinds, found.addressed) == ((), ("videos",), True)
    assert only(message(-42, text="/help", reply_to_message=replied)).text == "/help"
    unnamed = only(message(-42, text="/enhance", reply_to_message=replied))
    assert (unnamed.other_kinds, unnamed.photos, unnamed.addressed) == (("videos",), (), False)


@pytest.mark.parametrize(
    "content",
    [
        {"new_chat_title": "x"},
        {"text": "/help", "is_automatic_forward": True},
        {"text": "/help", "from": {"id": 9, "is_bot": True, "first_name": "R"}},
    ],
)
def test_service_messages_and_machines_are_not_answered(content: dict[str, Any]) -> None:
    assert READER.read([message(**content)]) is None


def test_an_anonymous_administrator_asks_as_the_group() -> None:
    group = {"id": -42, "type": "supergroup", "title": "G"}
    anonymous = {"id": 1087968824, "is_bot": True, "first_name": "Group"}
    fields: dict[str, Any] = {"text": "/help", "sender_chat": group, "from": anonymous}
    found = only(message(-42, **fields))
    assert found.user == "-42"


@given(
    st.integers().filter(bool),
    st.none() | st.integers(1),
    st.none() | st.integers(1),
    st.none() | st.integers(1),
)
def test_a_place_survives_its_address(
    chat: int, asked: int | None, thread: int | None, status: int | None
) -> None:
    place = Place(chat, asked, thread, status)
    assert Place.of(place.address()) == place


def test_a_reply_thread_outside_forums_is_no_topic() -> None:
    plain = message(-42, message_thread_id=5)
    topic = message(-42, message_thread_id=5, is_topic_message=True)
    assert Place.at(plain).thread is None
    assert Place.at(topic).thread == 5
    assert plain.date.tzinfo is dt.UTC
