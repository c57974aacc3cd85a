"""The processes of a lab under fire: Valkey, workers and bots, each started again when it ends."""

import asyncio
import os
import random
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from core.process import bound_to_parent
from core.valkey import PrivateValkey

END_SECONDS = 60.0


class Hit(Protocol):
    """Something that can be hit by a signal and comes back."""

    name: str

    async def hit(self, number: signal.Signals) -> None:
        """End it by a signal and start it again."""
        ...


class Child:
    """A child process with its log in a file, started again after each hit."""

    def __init__(self, name: str, command: list[str], log: Path, **settings: str) -> None:
        self.name = name
        self._command = command
        self._log = log
        self._environment = os.environ | settings
        self._process: asyncio.subprocess.Process | None = None
        self._lock = asyncio.Lock()

    async def start(self) -> None:
        """Start it."""
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", *self._command),
                env=self._environment,
                stdin=asyncio.subprocess.DEVNULL,
                stderr=log,
                preexec_fn=bound_to_parent(),
            )

    async def hit(self, number: signal.Signals) -> None:
        """End it by a signal and start it again; fails if it does not end in order."""
        async with self._lock:
            await self.end(number)
            await self.start()

    async def kill(self) -> None:
        """End it for good, whatever became of it."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def end(self, number: signal.Signals) -> None:
        """End it by a signal; fails if it does not end, or had ended by itself."""
        assert self._process is not None
        assert self._process.returncode is None, f"{self.name} ended by itself: {self._log}"
        self._process.send_signal(number)
        async with asyncio.timeout(END_SECONDS):
            code = await self._process.wait()
        # A process that is still importing has no handler yet and ends by the signal itself.
        assert code in (0, -number), f"{self.name} ended with {code}: {self._log}"


class Store:
    """The lab's Valkey with its append-only file."""

    name = "valkey"

    def __init__(self, folder: Path, chance: random.Random) -> None:
        self.server = PrivateValkey(folder)
        self._chance = chance

    async def hit(self, number: signal.Signals) -> None:
        """End it by a signal and start it again after up to a second."""
        pid = self.server.pid
        assert pid is not None
        os.kill(pid, number)
        await self.server.stop()
        await asyncio.sleep(self._chance.random())
        await self.server.start()


@dataclass(frozen=True)
class Blow:
    """One moment of the storm: when it comes, in seconds from the start, whom it hits, and how."""

    moment: float
    victim: Hit
    number: signal.Signals


def storm(
    victims: list[list[Hit]], blows: int, seconds: float, chance: random.Random
) -> list[Blow]:
    """Blows at random moments: each kind of process is killed and stopped in turn."""
    kinds = [(kind, number) for number in (signal.SIGKILL, signal.SIGTERM) for kind in victims]
    chance.shuffle(kinds)
    moments = sorted(chance.uniform(0.1, 1) * seconds for _ in range(blows))
    return [
        Blow(moment, chance.choice(kinds[n % len(kinds)][0]), kinds[n % len(kinds)][1])
        for n, moment in enumerate(moments)
    ]
