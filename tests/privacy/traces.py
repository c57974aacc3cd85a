"""What can still be found of somebody in Redis and in the photo store."""

from collections.abc import Awaitable
from typing import Any, cast

from core.blobs import Blobs
from core.store import Client


async def everything(client: Client) -> dict[str, str]:
    """Every key of a Redis with all that it holds, as text."""
    return {key: await _content(client, key) async for key in client.scan_iter(count=500)}


async def traces(client: Client, blobs: Blobs, *marks: str) -> list[str]:
    """The keys of Redis and of the photo store in which one of the marks stands, sorted."""
    kept = await everything(client)
    found = [key for key, content in kept.items() if any(mark in key + content for mark in marks)]
    for key in await blobs.keys():
        data = await blobs.get(key)
        if any(mark in key or mark.encode() in data for mark in marks):
            found.append(key)
    return sorted(found)


async def _content(client: Client, key: str) -> str:
    read: dict[str, Any] = {
        "string": lambda: client.get(key),
        "hash": lambda: client.hgetall(key),
        "set": lambda: client.smembers(key),
        "zset": lambda: client.zrange(key, 0, -1, withscores=True),
        "stream": lambda: client.xrange(key),
        "list": lambda: client.lrange(key, 0, -1),
        "none": lambda: client.get(key),
    }
    kind = await client.type(key)
    return str(await cast("Awaitable[object]", read[kind]()))
