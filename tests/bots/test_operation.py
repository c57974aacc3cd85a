from dataclasses import replace

import pytest

from bots.conversation import Conversation, Lab
from bots.status import StatusBoard
from core.access import Verdict
from core.presence import Presence
from core.store import Client
from tests.doubles.desk import RecordingDesk
from tests.doubles.jobs import fresh


@pytest.fixture
def conversation(desk: RecordingDesk, lab: Lab) -> Conversation:
    run_by_ann = replace(lab, operators=frozenset({"test:ann", "other:ben"}))
    return Conversation(desk, run_by_ann, StatusBoard(desk, lab.queue), name="lab_bot")


async def test_operators_see_the_figures(
    conversation: Conversation, desk: RecordingDesk, lab: Lab, client: Client
) -> None:
    await lab.queue.enqueue(fresh("job-1"))
    await lab.queue.learn_pace(6.0)
    await Presence(client).sign("worker", "host-1")
    await conversation.handle(desk.request(text="/stats"))
    assert desk.said == [
        "1 request in the queue\n1 worker\n6 s a photo\n0 photos enhanced today (UTC)\n0 failed"
    ]


@pytest.mark.parametrize("text", ["/stats", "/access", "/access deny user 7"])
async def test_to_everybody_else_these_commands_do_not_exist(
    conversation: Conversation, desk: RecordingDesk, lab: Lab, text: str
) -> None:
    await conversation.handle(desk.request(text=text, user="ben"))
    await conversation.handle(desk.request(text="/help", user="ben"))
    name = text.split()[0]
    assert desk.said[0].startswith(f"I don't know {name}.")
    assert "/stats" not in desk.said[1]
    assert "/access –" not in desk.said[1]
    assert await lab.access.listed(Verdict.DENY) == []


async def test_operators_open_and_close_the_lab(
    conversation: Conversation, desk: RecordingDesk, lab: Lab
) -> None:
    for words in ("deny user 7", "allow group other:-100", "allow server 8"):
        await conversation.handle(desk.request(text=f"/access {words}"))
    assert desk.said[-1].splitlines()[:2] == [
        "Allowed: community:other:-100, community:test:8",
        "Denied: user:test:7",
    ]
    for words in ("clear group other:-100", "clear server 8", "clear user 7"):
        await conversation.handle(desk.request(text=f"/access {words}"))
    assert desk.said[-1].splitlines()[:2] == ["Allowed: everyone", "Denied: nobody"]


async def test_a_group_is_denied_from_within(
    conversation: Conversation, desk: RecordingDesk, lab: Lab
) -> None:
    await conversation.handle(desk.request(text="/access deny here", private=False, addressed=True))
    assert await lab.access.listed(Verdict.DENY) == ["community:test:club"]


@pytest.mark.parametrize("words", ["deny", "deny here", "ban user 7", "deny user ann", "deny x 7"])
async def test_what_is_not_understood_gets_examples(
    conversation: Conversation, desk: RecordingDesk, lab: Lab, words: str
) -> None:
    await conversation.handle(desk.request(text=f"/access {words}"))
    assert desk.said[0].startswith("I understand /access deny user 123")
    assert await lab.access.listed(Verdict.DENY) == []
