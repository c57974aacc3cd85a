"""/forget: every place is filled by real use, then searched for what is left."""

import time
from collections.abc import Awaitable, Callable

import pytest

from bots.conversation import Lab
from core import keys, privacy
from core.access import Subject, Verdict
from core.blobs import Blobs
from core.commands import FORMS
from core.errors import ServiceDown
from core.forgetting import FORGOTTEN
from core.jobs import Failed, Reply
from core.store import Client
from tests.doubles.desk import RecordingDesk
from tests.doubles.jobs import enhanced
from tests.doubles.photos import photo_file
from tests.privacy.member import ANN, BOB, Member
from tests.privacy.traces import everything, traces


async def test_of_one_who_was_everywhere_nothing_is_left_but_what_the_answer_says(
    member: Callable[[str], Member],
    group: None,
    desk: RecordingDesk,
    lab: Lab,
    client: Client,
    blobs: Blobs,
) -> None:
    ann, bob = member(ANN), member(BOB)
    await bob.is_everywhere()
    await ann.is_everywhere()
    others = await traces(client, blobs, BOB)
    before = await traces(client, blobs, ANN)
    families = {key.split(":")[1] for key in before if key.startswith(keys.PREFIX)}
    assert families >= {"job", "user", "button", "of", "taken", "out", "dead", "status"}
    assert sum(not key.startswith(("darkroom:", "arq:")) for key in before) >= 4

    answer = await ann.says("/forget")

    assert await traces(client, blobs, ANN) == [keys.taken("test", "club", ANN)]
    assert answer.startswith("Deleted: 4 photos on their way, the buttons of ")
    assert "within 24 h" in answer
    assert await traces(client, blobs, BOB) == others
    assert len(others) > 15
    again = await ann.says("/forget")
    assert again.startswith(privacy.NOTHING)


async def test_photos_on_their_way_say_that_they_were_taken_back(
    member: Callable[[str], Member], desk: RecordingDesk, lab: Lab, client: Client
) -> None:
    ann = member(ANN)
    waiting = await ann.asks()
    await ann.says("/forget")
    status = waiting.address["status"]
    assert isinstance(status, int)
    assert desk.messages[status].text == FORGOTTEN
    assert await lab.queue.owed("test") == []
    assert await client.zcard(keys.QUEUE) == 0
    assert await lab.queue.unwanted(waiting.id)


async def test_a_worker_that_ends_afterwards_leaves_no_result(
    member: Callable[[str], Member], lab: Lab, client: Client, blobs: Blobs
) -> None:
    """Its answer is not taken any more, and what it stored is swept."""
    ann = member(ANN)
    job = await ann.asks()
    await ann.says("/forget")
    late = Blobs.key(job.id, "out", job.deadline + 600)
    await blobs.put(late, b"late")
    result = enhanced(key=late)
    answer = Reply.failure(job, "x", "x").model_copy(update={"results": (result,)})
    assert not await lab.outbox.publish(answer)
    await blobs.sweep(time.time(), ended=lab.outbox.delivered)
    assert await blobs.keys() == []
    assert await traces(client, blobs, ANN) == []


async def test_what_another_version_wrote_is_forgotten_too(
    member: Callable[[str], Member], lab: Lab, client: Client, blobs: Blobs
) -> None:
    ann = member(ANN)
    job = await ann.asks()
    record = job.to_json().replace('"v":1', '"v":99')
    await client.set(keys.job(job.id), record)
    await client.xadd(keys.dead("test"), {"reply": f'{{"v":99,"user":"{ANN}","job":"old"}}'})
    await ann.says("/forget")
    left = await traces(client, blobs, ANN)
    assert all(key == job.photos[0].key for key in left), left


async def test_a_photo_store_that_is_away_is_told_with_the_time_that_it_takes(
    member: Callable[[str], Member],
    lab: Lab,
    client: Client,
    blobs: Blobs,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ann = member(ANN)
    await ann.asks()

    async def away(_keys: object) -> None:
        raise ServiceDown("The photo store does not answer.")

    with monkeypatch.context() as patch:
        patch.setattr(lab.blobs, "delete", away)
        answer = await ann.says("/forget")
    assert "within 10 min" in answer
    assert len(await blobs.keys()) == 1
    await blobs.sweep(time.time(), ended=lab.outbox.delivered)
    assert await blobs.keys() == []


@pytest.mark.parametrize(
    ("verdict", "sentence"), [(Verdict.ALLOW, privacy.ALLOWED), (Verdict.DENY, privacy.DENIED)]
)
async def test_the_operators_list_stays_and_is_named(
    member: Callable[[str], Member], lab: Lab, verdict: Verdict, sentence: str
) -> None:
    subject = Subject("user", "test", ANN)
    await lab.access.judge(subject, verdict)
    answer = await member(ANN).says("/forget")
    assert sentence in answer
    assert await lab.access.listed(verdict) == [str(subject)]


async def test_who_keeps_sending_meanwhile_is_asked_to_write_it_again(
    member: Callable[[str], Member], lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = member(ANN)
    clear: Callable[..., Awaitable[object]] = lab.forgetting.clear

    async def while_more_comes(platform: str, user: str) -> object:
        found = await clear(platform, user)
        await ann.asks()
        return found

    await ann.asks()
    monkeypatch.setattr(lab.forgetting, "clear", while_more_comes)
    assert await ann.says("/forget") == privacy.BUSY


async def test_a_limit_of_a_group_holds_after_forgetting(
    member: Callable[[str], Member], group: None, lab: Lab
) -> None:
    ann = member(ANN)
    for _photo in range(2):
        await ann.is_answered(await ann.asks("/enhance", private=False))
    await ann.says("/forget", private=False, addressed=True)
    refused = await ann.says("/enhance", private=False, addressed=True)
    assert refused
    assert await lab.queue.owed("test") == []


async def test_it_deletes_nothing_of_somebody_whose_number_only_begins_alike(
    member: Callable[[str], Member], desk: RecordingDesk, lab: Lab, client: Client, blobs: Blobs
) -> None:
    desk.photos["ann-47110-0"] = photo_file(40)
    other = member("ann-47110")
    await other.asks()
    before = await everything(client)
    await member(ANN).says("/forget")
    assert await everything(client) == before


async def test_it_is_on_every_menu() -> None:
    for name in ("privacy", "forget"):
        assert not FORMS[name].community
        assert not FORMS[name].operator


async def test_failed_photos_are_forgotten_as_well(
    member: Callable[[str], Member], lab: Lab, client: Client, blobs: Blobs
) -> None:
    ann = member(ANN)
    job = await ann.asks()
    failed = Failed(code="broken", text="It cannot be read.", source_name=job.photos[0].name)
    reply = Reply.failure(job, "x", "x").model_copy(update={"results": (failed,)})
    assert await lab.outbox.publish(reply)
    await lab.blobs.discard(photo.key for photo in job.photos)
    await ann.says("/forget")
    assert await traces(client, blobs, ANN) == []
