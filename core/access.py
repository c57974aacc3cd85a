"""Who may use the lab at all: the operator's lists of people and communities."""

from collections.abc import Awaitable
from dataclasses import dataclass
from enum import StrEnum
from typing import cast

from core import keys
from core.store import Client, spoken


class Verdict(StrEnum):
    """What the operator says of a person or a community."""

    ALLOW = "allow"
    DENY = "deny"


@dataclass(frozen=True)
class Subject:
    """A person (`user`) or a group or server (`community`) of one platform, by its id."""

    kind: str
    platform: str
    id: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.platform}:{self.id}"


class Access:
    """The lists in one Redis.

    Whoever is denied, or writes in a denied community, is kept out. As soon as anybody is allowed,
    the lab is closed to everyone who is not allowed and is not in an allowed community.
    """

    def __init__(self, client: Client) -> None:
        self._client = client

    async def open_to(self, platform: str, user: str, community: str | None) -> bool:
        """Whether a person may use the lab here."""
        subjects = [str(Subject("user", platform, user))]
        if community is not None:
            subjects.append(str(Subject("community", platform, community)))
        with spoken():
            async with self._client.pipeline(transaction=False) as pipe:
                pipe.smismember(keys.access(Verdict.DENY), subjects)
                pipe.smismember(keys.access(Verdict.ALLOW), subjects)
                pipe.scard(keys.access(Verdict.ALLOW))
                denied, allowed, closed = await pipe.execute()
        return not any(denied) and (any(allowed) or not closed)

    async def judge(self, subject: Subject, verdict: Verdict | None) -> None:
        """Put somebody on one list and off the other, or off both for None."""
        with spoken():
            async with self._client.pipeline(transaction=True) as pipe:
                for one in Verdict:
                    change = pipe.sadd if one is verdict else pipe.srem
                    change(keys.access(one), str(subject))
                await pipe.execute()

    async def listed(self, verdict: Verdict) -> list[str]:
        """Everybody on a list, as `user:telegram:7`, sorted."""
        with spoken():
            members = await cast("Awaitable[set[str]]", self._client.smembers(keys.access(verdict)))
        return sorted(members)
