"""Text of any kind and length, as a message, as a setting, and as the data of a button."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bots.conversation import Conversation, Lab
from bots.desk import Press, Standing
from bots.status import StatusBoard
from core import durations
from core.commands import FORMS, Command, parse, wishes
from core.communities import Community
from core.errors import CommandError
from core.recipe import Recipe
from core.rules import RULES, read
from tests.doubles.desk import RecordingDesk
from tests.doubles.photos import photo_file

FUZZ = settings(
    derandomize=True,
    deadline=None,
    max_examples=200,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
LONGEST_ANSWER = 2000
"""What every platform can show in one message: Discord's limit."""

_PIECES = st.sampled_from(
    [
        *(f"/{name}" for name in FORMS), *RULES,
        "enable", "export", "deny", "allow", "user", "here",
        "4x", "٤x", "x" * 5000, "9" * 5000, "0" * 5 + "1" + "9" * 5000, "-1", "1e9", "²", "½",
        "faces:", "faces:main", "model:", "model:" + "a" * 5000, "scale=" + "9" * 5000,
        "=", ":", "@",
        "{0}", "{}", "%s", "%(x)s", "\\", "<@&7>", "<@" + "1" * 5000 + ">", "@everyone", "*_`[](",
        "\0", "\x1b[2J", "\u202e", "\u200b", "\ud800", "😀" * 500,
        "a\u0301" * 3000, "ﷺ" * 400, "\n" * 3000,
        ",", "," * 4000, ";.,", "/" * 3000, "'; DROP TABLE jobs", "<script>", "𝟜x",
    ]
)  # fmt: skip
TEXTS = st.one_of(
    st.text(max_size=200),
    st.text(st.characters(), max_size=60),
    st.lists(st.one_of(_PIECES, st.text(max_size=12)), max_size=8).map(" ".join),
    st.builds(lambda words: "/darkroom " + " ".join(words), st.lists(_PIECES, max_size=4)),
)
COMMUNITY = Community(platform="test", id="club", enabled=True)


def showable(text: str) -> None:
    """Any platform can show it."""
    assert len(text) <= LONGEST_ANSWER
    text.encode()


@FUZZ
@given(TEXTS)
@example("/enhance " + "a " * 100_000)
def test_every_text_is_a_command_or_a_sentence_or_none(text: str) -> None:
    assert isinstance(wishes(text), Recipe)
    for bot in (None, "lab_bot"):
        try:
            command = parse(text, bot=bot)
        except CommandError as error:
            showable(error.text)
            continue
        assert command is None or isinstance(command, Command)


@FUZZ
@given(st.sampled_from([*RULES, "unknown"]), st.lists(TEXTS, max_size=4))
@example("daily", ["00001" + "9" * 5000])
@example("daily", ["0000019"])
@example("scale", ["9" * 5000])
@example("scale", ["0" * 5000 + "2"])
@example("cooldown", ["9" * 5000])
@example("recipe", ["," * 5000])
def test_every_setting_is_read_or_refused(name: str, words: list[str]) -> None:
    try:
        values = read(name, words, COMMUNITY, "7")
    except CommandError as error:
        showable(error.text)
        return
    changed = Community.model_validate(COMMUNITY.model_dump() | values)
    assert 0 < len(RULES[name].show(changed)) <= 200


@FUZZ
@given(TEXTS)
def test_every_text_is_a_time_or_none(text: str) -> None:
    assert (durations.parsed(text) or 0) >= 0


Talk = Callable[..., Coroutine[Any, Any, list[str]]]


@pytest.fixture
def talk(lab: Lab) -> Talk:
    """Says a text to the bot, as an administrator of a group and in private; gives its answers."""

    async def admin() -> Standing:
        return Standing(admin=True)

    async def said(text: str, *, pressed: bool = False) -> list[str]:
        desk = RecordingDesk()
        desk.photos = {"a": photo_file()}
        talk = Conversation(desk, lab, StatusBoard(desk, lab.queue), name="lab_bot")
        answers = []
        for private in (True, False):
            if not private:
                await lab.communities.change("test", "club", enabled=True)
            request = desk.request(
                text="" if pressed else text,
                private=private,
                addressed=True,
                standing=admin,
                **({} if private else {"channel": "7"}),
            )
            if pressed:
                under = await desk.open_status({}, "panel")
                answers.append((await talk.press(Press(text, request, under))).text)
            else:
                await talk.handle(request)
        answers += [*desk.said, *(shown.text for shown in desk.messages.values())]
        await asyncio.sleep(0)
        return answers

    return said


SAID = [
    "", " ", "/", "//", "/@", "/enhance@", "/unknown", "/darkroom", "/darkroom nonsense", "/stats",
    "/darkroom daily 00001" + "9" * 5000, "/darkroom scale " + "9" * 5000, "/access allow user 1",
    "/darkroom recipe " + "," * 3900, "/darkroom commands " + "enhance " * 500,
    "/upscale " + "9" * 4000,
    "/enhance model:" + "x" * 4000, "/darkroom recipe " + "sharp " * 24,
    "x" * 4096, "\ud800", "/\ud800",
    "/darkroom mode <@" + "1" * 20 + ">", "/darkroom language \ud800", "/faces " + "\u202e" * 3000,
    "/darkroom recipe model:\u202e\u202eevil", "/enhance {0} {} %s", "/help " + "😀" * 2000,
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(SAID)))
async def test_answers_to_any_words_can_be_shown(talk: Talk, number: int) -> None:
    for answer in await talk(SAID[number]):
        showable(answer)
    for answer in await talk("/darkroom settings"):
        showable(answer)


PRESSED = [
    "", ":", "::", "x:2x", ":2x", "panel:", "panel:=", "panel:daily=", "panel:daily=" + "9" * 5000,
    "panel:scale=" + "9" * 5000, "panel:nothing=1", "panel:recipe=" + "," * 3000, "panel:enable=x",
    "\ud800:2x", "panel:\ud800", "a" * 65 + ":2x", "*:cancel", "../x:original", "a\r\nb:2x", "2x",
    "job-1:2X", "job-1:2x:2x", "\0:2x", "😀:4x",
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(PRESSED)))
async def test_any_data_of_a_button_is_answered(talk: Talk, number: int) -> None:
    for answer in await talk(PRESSED[number], pressed=True):
        showable(answer)
