import asyncio

import pytest
from pydantic import ValidationError

from core import keys
from core.communities import (
    FORGOTTEN_SECONDS,
    MAIN_CHANNEL,
    Allowance,
    Communities,
    Community,
    Mode,
    Who,
)
from core.errors import DarkroomError
from core.recipe import Recipe
from core.store import Client


@pytest.fixture
def communities(client: Client) -> Communities:
    return Communities(client)


async def test_an_unknown_community_has_the_defaults_and_is_not_enabled(
    communities: Communities,
) -> None:
    community = await communities.get("test", "club")
    assert community == Community(platform="test", id="club")
    assert not community.enabled
    assert community.allowance == Allowance(daily=30, cooldown=0)


async def test_changes_are_kept_with_what_was_there(communities: Communities) -> None:
    await communities.change("test", "club", enabled=True, recipe=Recipe(scale=2))
    changed = await communities.change("test", "club", who=Who.ROLE, role="7")
    assert changed == await communities.get("test", "club")
    assert (changed.enabled, changed.recipe.scale, changed.role) == (True, 2, "7")
    assert not (await communities.get("test", "other")).enabled


async def test_a_value_out_of_range_changes_nothing(communities: Communities) -> None:
    with pytest.raises(ValidationError):
        await communities.change("test", "club", enabled=True, largest_scale=99)
    assert not (await communities.get("test", "club")).enabled


async def test_changes_at_the_same_time_all_count(communities: Communities) -> None:
    await asyncio.gather(
        communities.change("test", "club", enabled=True),
        communities.change("test", "club", daily=7),
        communities.change("test", "club", cooldown=9),
        communities.change("test", "club", collage=False),
    )
    found = await communities.get("test", "club")
    assert (found.enabled, found.daily, found.cooldown, found.collage) == (True, 7, 9, False)


async def test_settings_of_another_version_are_neither_used_nor_overwritten(
    communities: Communities, client: Client
) -> None:
    key = keys.community("test", "club")
    await client.set(key, '{"v": 2, "platform": "test", "id": "club", "enabled": true}')
    with pytest.raises(DarkroomError, match="another version"):
        await communities.get("test", "club")
    with pytest.raises(DarkroomError, match="another version"):
        await communities.change("test", "club", enabled=False)
    assert '"v": 2' in str(await client.get(key))


async def test_a_community_that_was_left_is_forgotten_after_a_grace_time(
    communities: Communities, client: Client
) -> None:
    await communities.change("test", "club", enabled=True)
    await communities.forget_later("test", "club")
    left = await client.ttl(keys.community("test", "club"))
    assert FORGOTTEN_SECONDS - 5 <= left <= FORGOTTEN_SECONDS
    await communities.keep("test", "club")
    assert await client.ttl(keys.community("test", "club")) == -1
    assert (await communities.get("test", "club")).enabled


async def test_settings_move_along_to_a_new_id(communities: Communities, client: Client) -> None:
    await communities.change("test", "old", enabled=True, daily=3)
    await communities.change("test", "new", introduced=True)
    await communities.move("test", "old", "new")
    moved = await communities.get("test", "new")
    assert (moved.id, moved.enabled, moved.daily) == ("new", True, 3)
    assert await client.exists(keys.community("test", "old")) == 0


async def test_settings_chosen_at_the_new_id_win(communities: Communities) -> None:
    await communities.change("test", "old", daily=3)
    await communities.change("test", "new", enabled=True)
    await communities.move("test", "old", "new")
    assert (await communities.get("test", "new")).daily == 30
    await communities.move("test", "nowhere", "new")
    assert (await communities.get("test", "new")).enabled


async def test_all_of_them_are_found(communities: Communities) -> None:
    for platform, name in (("test", "a"), ("test", "b"), ("telegram", "-100")):
        await communities.change(platform, name, enabled=True)
    everywhere = [(c.platform, c.id) async for c in communities.all()]
    assert sorted(everywhere) == [("telegram", "-100"), ("test", "a"), ("test", "b")]
    assert sorted([c.id async for c in communities.all("test")]) == ["a", "b"]


async def test_a_member_is_told_to_wait_once(communities: Communities) -> None:
    assert await communities.first_time("test", "club", "ann", 30)
    assert not await communities.first_time("test", "club", "ann", 30)
    assert await communities.first_time("test", "club", "ben", 30)


@pytest.mark.parametrize(
    ("settings", "channel", "wanted"),
    [
        ({"enabled": True}, "7", False),
        ({"enabled": True, "mode": Mode.EVERY}, "7", True),
        ({"enabled": True, "mode": Mode.EVERY}, None, True),
        ({"enabled": False, "mode": Mode.EVERY}, "7", False),
        ({"enabled": True, "mode": Mode.EVERY, "channels": ("7",)}, "7", True),
        ({"enabled": True, "mode": Mode.EVERY, "channels": ("7",)}, "8", False),
        ({"enabled": True, "mode": Mode.EVERY, "channels": ("7",)}, None, False),
        ({"enabled": True, "mode": Mode.EVERY, "channels": (MAIN_CHANNEL,)}, None, True),
    ],
)
def test_every_photo_only_where_it_was_chosen(
    settings: dict[str, object], channel: str | None, wanted: bool
) -> None:
    community = Community.model_validate({"platform": "test", "id": "club"} | settings)
    assert community.wants_every_photo(channel) is wanted


def test_the_language_is_each_members_own_or_the_chosen_one() -> None:
    own = Community(platform="test", id="club")
    assert (own.speaks("de-AT"), own.speaks("xx"), own.speaks(None)) == ("de", "en", "en")
    chosen = Community(platform="test", id="club", language="de")
    assert chosen.speaks("fr") == "de"
