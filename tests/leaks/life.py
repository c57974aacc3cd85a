"""What a bot and its worker go through, good and bad, with private things in all of it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Final, NoReturn

import pytest

from bots.conversation import Lab
from core.jobs import Job
from core.outbox import Delivery
from core.store import Client
from tests.bots.telegram.pictures import picture
from tests.contract.bench import Bench as Wing
from tests.contract.bench import HeldOutbox, TellingQueue
from worker import bench as bench_room
from worker.bench import Bench

NAME: Final = "Adalovelace"
CROWD: Final = "Wilhelminas-friends"
FILE: Final = "Theodora-on-the-beach.png"
WORDS: Final = "for grandmother Philippa's 80th"
PHOTO: Final = picture(seed=3)
CUT_OFF: Final = PHOTO[: len(PHOTO) // 2]
DOCUMENT: Final = b"%PDF-1.7 the diary of Philippa"
PRIVATE: Final[dict[str, str | bytes]] = {
    "somebody's name": NAME,
    "a community's name": CROWD,
    "a file's name": FILE,
    "the file's stem": "Theodora",
    "what was said": "Philippa",
    "a photo's bytes": PHOTO,
}


class TellingOutbox(HeldOutbox):
    """One that tells, too, when an answer went to the dead letters, and is soon read again."""

    def deliveries(self, platform: str, *, block_seconds: float = 0.1) -> AsyncIterator[Delivery]:
        return super().deliveries(platform, block_seconds=block_seconds)

    async def bury(self, delivery: Delivery, cause: str) -> None:
        await super().bury(delivery, cause)
        self.changed.set()


@dataclass
class Life:
    """The lab around a bot: takes its jobs, works on them for real."""

    wing: Wing
    bench: Bench
    jobs: list[Job]

    @classmethod
    def of(cls, lab: Lab, client: Client, bench: Bench) -> "Life":
        """Life in this lab."""
        queue, outbox = TellingQueue(client), TellingOutbox(client)
        return cls(Wing(replace(lab, queue=queue, outbox=outbox), client, queue, outbox), bench, [])

    @property
    def lab(self) -> Lab:
        """What the bot is given."""
        return self.wing.lab

    async def worked(self) -> Job:
        """Wait for the next job, let the worker answer it, and the bot bring the answer."""
        job = await self.wing.job()
        self.jobs.append(job)
        await self.bench.work(job.id)
        await self.wing.settled()
        return job

    async def failed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The same while a stage fails in a way that nobody thought of, with all that it had."""

        with monkeypatch.context() as patch:
            patch.setattr(bench_room, "enhance", _fail)
            await self.worked()


def _fail(*_: object, **__: object) -> NoReturn:
    try:
        int(WORDS)
    except ValueError as error:
        raise KeyError(FILE, NAME, PHOTO[:40]) from error
    raise AssertionError
