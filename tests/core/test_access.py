import pytest

from core.access import Access, Subject, Verdict
from core.store import Client

ANN = Subject("user", "test", "ann")
CLUB = Subject("community", "test", "club")


@pytest.fixture
def access(client: Client) -> Access:
    return Access(client)


async def test_the_lab_is_open_to_everybody_at_first(access: Access) -> None:
    assert await access.open_to("test", "ann", None)
    assert await access.open_to("test", "ann", "club")


async def test_who_is_denied_is_kept_out_everywhere(access: Access) -> None:
    await access.judge(ANN, Verdict.DENY)
    assert not await access.open_to("test", "ann", None)
    assert not await access.open_to("test", "ann", "club")
    assert await access.open_to("test", "ben", "club")
    assert await access.open_to("other", "ann", None)


async def test_a_denied_community_is_closed_to_its_members_there_alone(access: Access) -> None:
    await access.judge(CLUB, Verdict.DENY)
    assert not await access.open_to("test", "ann", "club")
    assert await access.open_to("test", "ann", None)


async def test_once_somebody_is_allowed_all_others_are_kept_out(access: Access) -> None:
    await access.judge(CLUB, Verdict.ALLOW)
    assert await access.open_to("test", "ann", "club")
    assert not await access.open_to("test", "ann", None)
    assert not await access.open_to("test", "ann", "other")
    await access.judge(ANN, Verdict.ALLOW)
    assert await access.open_to("test", "ann", None)
    await access.judge(ANN, Verdict.DENY)
    assert not await access.open_to("test", "ann", "club")


async def test_a_judgement_replaces_the_one_before_and_can_be_cleared(access: Access) -> None:
    await access.judge(ANN, Verdict.ALLOW)
    await access.judge(ANN, Verdict.DENY)
    assert await access.listed(Verdict.ALLOW) == []
    assert await access.listed(Verdict.DENY) == ["user:test:ann"]
    await access.judge(ANN, None)
    assert await access.listed(Verdict.DENY) == []
    assert await access.open_to("test", "ann", None)
