import asyncio
import tomllib
from typing import Any

import pytest

from bots.administration import PREFIX
from bots.conversation import Conversation, Lab
from bots.desk import Arrival, Button, Feature, Press, Request, Standing
from bots.status import StatusBoard
from core import keys, notices
from core.communities import Answers, Community, Mode
from core.jobs import Address
from core.language import _, speaking
from core.rules import RULES
from core.store import Client
from tests.doubles.desk import RecordingDesk, Shown

AT = "@lab_bot"


@pytest.fixture
def conversation(desk: RecordingDesk, lab: Lab) -> Conversation:
    return Conversation(desk, lab, StatusBoard(desk, lab.queue), name="lab_bot")


async def boss() -> Standing:
    return Standing(admin=True)


def said(desk: RecordingDesk, text: str, **fields: Any) -> Request:
    values: dict[str, Any] = {"standing": boss, "addressed": True, "channel": "7"}
    return desk.request(text=text, private=False, **(values | fields))


async def club(lab: Lab) -> Community:
    return await lab.communities.get("test", "club")


async def test_the_bot_introduces_itself_once(
    conversation: Conversation, desk: RecordingDesk, lab: Lab
) -> None:
    for _again in range(2):
        await conversation.arrived(Arrival("club", {"chat": "club"}, language="en"))
    assert desk.said == [notices.introduction(AT, "Ask in the group.")]
    assert "/darkroom@lab_bot enable" in desk.said[0]
    assert not (await club(lab)).enabled


async def test_it_introduces_itself_again_when_it_could_not_be_said(
    conversation: Conversation, desk: RecordingDesk, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def silent(*_words: object) -> None:
        raise OSError

    with monkeypatch.context() as patched:
        patched.setattr(desk, "say", silent)
        with pytest.raises(OSError):
            await conversation.arrived(Arrival("club", {}))
    await conversation.arrived(Arrival("club", {}))
    assert len(desk.said) == 1


async def test_leaving_and_coming_back_keeps_the_settings(
    conversation: Conversation, desk: RecordingDesk, lab: Lab
) -> None:
    await conversation.arrived(Arrival("club", {}))
    await conversation.handle(said(desk, "/darkroom enable"))
    await conversation.departed("club")
    await conversation.arrived(Arrival("club", {}))
    assert (await club(lab)).enabled
    await conversation.moved("club", "super")
    assert (await lab.communities.get("test", "super")).enabled
    assert not (await club(lab)).enabled
    assert desk.said[2:] == ["I am back, and everything is set as it was. Ask in the group."]


async def test_an_administrator_switches_it_on_and_off(
    conversation: Conversation, desk: RecordingDesk, lab: Lab
) -> None:
    await conversation.handle(said(desk, "/darkroom enable", addressed=False))
    assert (await club(lab)).enabled
    await conversation.handle(said(desk, "/darkroom disable"))
    assert not (await club(lab)).enabled
    assert desk.said == [notices.enabled(AT, "Ask in the group."), notices.disabled(AT)]


@pytest.mark.parametrize("words", ["", "enable", "daily 1", "export", "nonsense"])
async def test_nobody_else_may(
    conversation: Conversation, desk: RecordingDesk, lab: Lab, words: str
) -> None:
    async def member() -> Standing:
        return Standing(admin=False, roles=frozenset({"7"}))

    before = await club(lab)
    await conversation.handle(said(desk, f"/darkroom {words}", standing=member))
    for data in ("enable", "daily=10", ""):
        press = Press(f"{PREFIX}{data}", said(desk, "", standing=member), {})
        assert (await conversation.press(press)).text == notices.ADMINS_ONLY
    assert desk.said == [notices.ADMINS_ONLY]
    assert await club(lab) == before


async def test_in_private_there_is_nothing_to_set(
    conversation: Conversation, desk: RecordingDesk
) -> None:
    await conversation.handle(desk.request(text="/darkroom enable"))
    assert desk.said == [notices.ONLY_IN_GROUPS]


async def test_settings_are_changed_by_words_and_told(
    conversation: Conversation, desk: RecordingDesk, lab: Lab
) -> None:
    await conversation.handle(said(desk, "/darkroom daily 20"))
    await conversation.handle(said(desk, "/darkroom enable"))
    await conversation.handle(said(desk, "/darkroom Daily 5"))
    await conversation.handle(said(desk, "/darkroom dayly 5"))
    assert desk.said[0] == f"Photos a day: 20. {notices.disabled(AT)}"
    assert desk.said[2:] == [
        "Photos a day: 5.",
        "I don't understand “dayly”. It can be: enable, disable, settings, export, "
        + ", ".join(RULES)
        + ".",
    ]
    assert (await club(lab)).daily == 5


async def test_what_the_platform_lacks_is_said_with_its_reason(
    conversation: Conversation, desk: RecordingDesk, lab: Lab
) -> None:
    desk.lacks = {Feature.THREADS: "There are no threads here.", Feature.ROLES: "No roles here."}
    await conversation.handle(said(desk, "/darkroom answers thread"))
    await conversation.handle(said(desk, "/darkroom who role Painters"))
    assert desk.said == ["There are no threads here.", "No roles here."]
    press = Press(f"{PREFIX}answers=thread", said(desk, ""), {"status": 1})
    assert (await conversation.press(press)).text == "There are no threads here."
    assert (await club(lab)).answers is Answers.REPLY


async def test_every_photo_tells_what_keeps_the_bot_from_seeing_them(
    conversation: Conversation, desk: RecordingDesk, lab: Lab
) -> None:
    desk.blind = "I cannot see them."
    await conversation.handle(said(desk, "/darkroom enable"))
    await conversation.handle(said(desk, "/darkroom mode here"))
    assert desk.said[1] == "Photos: every photo, in 1 channel.\nI cannot see them."
    await conversation.handle(said(desk, "/darkroom mode command"))
    assert desk.said[2] == "Photos: on command."
    assert (await club(lab)).mode is Mode.COMMAND


async def test_the_settings_go_out_as_toml(conversation: Conversation, desk: RecordingDesk) -> None:
    await conversation.handle(said(desk, "/darkroom daily 7"))
    await conversation.handle(said(desk, "/darkroom export"))
    assert (
        tomllib.loads(desk.said[1].removeprefix("```toml").removesuffix("```"))["test"]["club"][
            "daily"
        ]
        == 7
    )


def labels(desk: RecordingDesk) -> list[str]:
    return [button.label for row in desk.panels[-1] for button in row]


async def test_the_panel_shows_every_setting(
    conversation: Conversation, desk: RecordingDesk
) -> None:
    await conversation.handle(said(desk, "/darkroom"))
    lines = desk.said[0].splitlines()
    assert lines[0] == notices.disabled(AT)
    assert [line.partition(":")[0] for line in lines[1:]] == [
        f"• {rule.title}" for rule in RULES.values()
    ]
    assert labels(desk) == [notices.TOGGLE_ON, *(rule.title for rule in RULES.values())]
    rows = desk.panels[-1]
    assert len(rows) <= 5
    assert all(len(row) <= 5 for row in rows)


async def test_the_panel_changes_settings_by_its_buttons(
    conversation: Conversation, desk: RecordingDesk, lab: Lab
) -> None:
    desk.messages[1] = shown = Shown("the panel")

    async def press(data: str) -> str:
        return (
            await conversation.press(Press(f"{PREFIX}{data}", said(desk, ""), {"status": 1}))
        ).text

    def button(label: str) -> Button:
        return next(button for button in shown.buttons if button.label == label)

    assert await press("") == ""
    assert await press(button("Photos a day").data.removeprefix(PREFIX)) == ""
    assert shown.text.startswith("Photos a day: 30")
    assert "For example: /darkroom@lab_bot daily 20" in shown.text
    assert [b.label for b in shown.buttons] == ["10", "✓ 30", "100", "off", notices.BACK]
    assert await press(button("10").data.removeprefix(PREFIX)) == ""
    assert [b.label for b in shown.buttons] == ["✓ 10", "30", "100", "off", notices.BACK]
    assert (await club(lab)).daily == 10
    await press(button(notices.BACK).data.removeprefix(PREFIX))
    await press(button(notices.TOGGLE_ON).data.removeprefix(PREFIX))
    assert (await club(lab)).enabled
    assert shown.text.startswith("I am switched on here.")
    assert button(notices.TOGGLE_OFF)


async def test_a_button_of_a_setting_that_is_no_more_shows_the_panel(
    conversation: Conversation, desk: RecordingDesk
) -> None:
    desk.messages[1] = shown = Shown("an old panel")
    for data in ("gone", "gone=1", "daily=many"):
        await conversation.press(Press(f"{PREFIX}{data}", said(desk, ""), {"status": 1}))
    assert shown.text.startswith(notices.disabled(AT))


async def test_administrators_at_the_same_time_lose_no_change(
    conversation: Conversation, lab: Lab
) -> None:
    desk = RecordingDesk()
    await asyncio.gather(
        *(
            conversation.handle(said(desk, "/darkroom mode here", channel=str(number)))
            for number in range(6)
        )
    )
    assert set((await club(lab)).channels) == {str(number) for number in range(6)}


async def test_a_channel_that_was_named_is_the_one_that_is_looked_at(
    conversation: Conversation, desk: RecordingDesk, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str | None] = []

    async def unseen(_address: Address, channel: str | None = None) -> str | None:
        asked.append(channel)
        return "I cannot see it." if channel == "9" else None

    monkeypatch.setattr(desk, "unseen", unseen)
    await conversation.handle(said(desk, "/darkroom mode <#9>"))
    await conversation.handle(said(desk, "/darkroom mode here"))
    assert asked == ["9", None]
    assert "I cannot see it." in desk.said[0]
    assert "I cannot see it." not in desk.said[1]


async def test_a_role_that_the_platform_lacks_cannot_lock_everybody_out(
    conversation: Conversation, desk: RecordingDesk, lab: Lab
) -> None:
    desk.lacks = {Feature.ROLES: "No roles here.", Feature.THREADS: "No threads here."}
    await conversation.handle(said(desk, "/darkroom who <@&123>"))
    assert desk.said == ["No roles here."]
    desk.messages[1] = shown = Shown("the panel")
    press = Press(f"{PREFIX}answers", said(desk, ""), {"status": 1})
    await conversation.press(press)
    assert [button.label for button in shown.buttons] == ["✓ reply", notices.BACK]


async def test_a_change_of_language_is_confirmed_in_the_new_one(
    conversation: Conversation, desk: RecordingDesk
) -> None:
    await conversation.handle(said(desk, "/darkroom language de"))
    with speaking("de"):
        assert desk.said[0].startswith(f"{_('Language')}: Deutsch.")


async def test_communities_that_the_bot_has_left_while_it_was_off_are_forgotten_later(
    conversation: Conversation, lab: Lab, client: Client
) -> None:
    for name in ("club", "gone"):
        await lab.communities.change("test", name, enabled=True)
    await lab.communities.change("other", "gone", enabled=True)
    await conversation.present({"club"})
    left = [await client.ttl(keys.community(*of)) for of in (("test", "gone"), ("other", "gone"))]
    assert left[0] > 0
    assert left[1] == await client.ttl(keys.community("test", "club")) == -1
