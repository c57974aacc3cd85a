from core import keys
from core.belongings import Belongings
from core.store import Client


async def test_keys_are_noted_by_person_until_they_are_struck_out(client: Client) -> None:
    belongings = Belongings(client)
    await belongings.note("test", "ann", "key-1", 60)
    await belongings.note("test", "ann", "key-2", 0.2)
    await belongings.note("test", "bob", "key-3", 60)
    assert await belongings.noted("test", "ann") == ["key-2", "key-1"]
    await belongings.strike("test", "ann", ["key-1", "key-2"])
    assert await belongings.noted("test", "ann") == []
    assert await belongings.noted("test", "bob") == ["key-3"]
    assert not await client.exists(keys.belongings("test", "ann"))


async def test_what_has_ended_goes_with_the_next_note(client: Client) -> None:
    belongings = Belongings(client)
    await client.zadd(keys.belongings("test", "ann"), {"ended": 1})
    await belongings.note("test", "ann", "key", 60)
    assert await belongings.noted("test", "ann") == ["key"]


async def test_the_index_lasts_as_long_as_its_longest(client: Client) -> None:
    belongings = Belongings(client)
    await belongings.note("test", "ann", "long", 3000)
    await belongings.note("test", "ann", "short", 10)
    assert 2990 < await client.ttl(keys.belongings("test", "ann")) <= 3000
