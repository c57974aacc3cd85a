"""One storm over a whole lab, from the first photo to the last answer."""

import asyncio
import contextlib
import random
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from core import keys, store
from core.blobs import Blobs
from core.outbox import Outbox
from core.valkey import PrivateValkey
from tests.chaos.bot import IDEMPOTENT
from tests.chaos.chat import EVENTS, updates
from tests.chaos.crew import Blow, Child, Store, storm
from tests.chaos.verdict import Event, Hit, Photo, Report

PLATFORMS = (IDEMPOTENT, "blunt")
PHOTOS_OF_A_USER = 4
BURST_SECONDS = 1.5
"""Photos come shortly before a blow, so that it finds the lab at work."""
KEPT = (
    *(keys.PACE, keys.PLATFORMS, keys.CLOCK, keys.alive(""), keys.day(0)[:-1]),
    *(keys.button(""), keys.done(""), keys.status(""), f"{keys.PREFIX}of:"),
)
"""What may stay for a while: counters, pace, registrations, buttons, marks of answered jobs."""


@dataclass(frozen=True)
class Plan:
    """How much comes how fast: `seconds` is the time in which photos and blows are spread."""

    photos: int
    blows: int
    seconds: float
    seed: int
    workers: int = 2
    patience: float = 60.0
    """Seconds after the storm in which everything has to be answered."""


async def fight(plan: Plan, folder: Path) -> Report:
    """Run the lab through the storm in `folder`, with the logs of all processes there."""
    chance = random.Random(plan.seed)
    async with _lab(plan, folder, chance) as (valkey, workers, bots, chat):
        photos: dict[str, Photo] = {}
        hits: list[Hit] = []
        begun = time.time()
        blows = storm([[valkey], [*workers], [*bots]], plan.blows, plan.seconds, chance)
        async with asyncio.TaskGroup() as tasks:
            moments = sorted(
                max(0.0, chance.choice(blows).moment - chance.uniform(-0.5, BURST_SECONDS))
                for _ in range(plan.photos)
            )
            tasks.create_task(_send(chat, moments, photos))
            tasks.create_task(_blow(blows, hits))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(plan.seconds + plan.patience):
                    await _answered(chat, photos, plan.photos)
        seconds = time.time() - begun
        client = store.connect(valkey.server.url)
        await _quiet(client)
        for child in (*workers, *bots):
            await child.end(signal.SIGTERM)
        blobs = Blobs.open((folder / "blobs").as_uri())
        before = len(await blobs.keys())
        await blobs.sweep(ended=Outbox(client).delivered)  # as each bot does every ten minutes
        names = [name for name in await client.keys("*") if not name.startswith(KEPT)]
        left = [name for name in sorted(names) if not await _empty(client, name)]
        await client.aclose()
        after = len(await blobs.keys())
        return Report(
            photos=photos,
            hits=hits,
            idempotent=frozenset(name for name in photos if int(name) % len(PLATFORMS) == 0),
            keys_left=left,
            blobs_left=after,
            blobs_swept=before - after,
            seconds=seconds,
        )


@asynccontextmanager
async def _lab(
    plan: Plan, folder: Path, chance: random.Random
) -> AsyncIterator[tuple[Store, list[Child], list[Child], store.Client]]:
    async with AsyncExitStack() as stack:
        outside = PrivateValkey(folder / "chat", durable=False)
        await stack.enter_async_context(outside)
        valkey = Store(folder / "valkey", chance)
        await valkey.server.start()
        stack.push_async_callback(valkey.server.stop)
        settings = {
            "REDIS_URL": valkey.server.url,
            "BLOB_URL": (folder / "blobs").as_uri(),
            "DARKROOM_DATA_DIR": str(folder / "data"),
            "DARKROOM_DEVICE": "cpu",
            "DARKROOM_THREADS": "1",
            "CHAT_URL": outside.url,
            "CHAT_SEED": str(plan.seed),
        }
        workers = [
            Child(f"worker-{n}", ["darkroom", "worker"], folder / f"worker-{n}.log", **settings)
            for n in range(plan.workers)
        ]
        bots = [
            Child(
                name,
                ["tests.chaos.bot"],
                folder / f"{name}.log",
                CHAT_PLATFORM=name,
                **settings,
            )
            for name in PLATFORMS
        ]
        for child in (*workers, *bots):
            await child.start()
            stack.push_async_callback(child.kill)
        chat = store.connect(outside.url)
        stack.push_async_callback(chat.aclose)
        yield valkey, workers, bots, chat


async def _send(chat: store.Client, moments: list[float], photos: dict[str, Photo]) -> None:
    begun = time.monotonic()
    for number, moment in enumerate(moments):
        await asyncio.sleep(begun + moment - time.monotonic())
        platform = PLATFORMS[number % len(PLATFORMS)]
        photos[str(number)] = Photo(time.time())
        user = f"user-{number // PHOTOS_OF_A_USER}"
        await chat.xadd(updates(platform), {"origin": str(number), "user": user})


async def _blow(blows: list[Blow], hits: list[Hit]) -> None:
    begun = time.monotonic()

    async def strike(blow: Blow) -> None:
        await asyncio.sleep(begun + blow.moment - time.monotonic())
        at = time.time()
        await blow.victim.hit(blow.number)
        hits.append(Hit(blow.victim.name, blow.number.name, at, time.time()))

    async with asyncio.TaskGroup() as tasks:
        for blow in blows:
            tasks.create_task(strike(blow))


async def _answered(chat: store.Client, photos: dict[str, Photo], wanted: int) -> None:
    """Read what is shown until so many photos are answered."""
    last, open_ones = "0", wanted
    while open_ones:
        for _stream, entries in await chat.xread({EVENTS: last}, block=1000):
            for entry, fields in entries:
                last = entry
                photo = photos[fields["origin"]]
                before = photo.answered
                photo.events.append(Event.of(entry, fields))
                open_ones -= before is None and photo.answered is not None


async def _quiet(client: store.Client) -> None:
    """Wait until the lab has nothing more to do, or does not get there."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(30):
            while True:
                waiting = [await client.zcard(keys.QUEUE)]
                for platform in PLATFORMS:
                    waiting += [
                        await client.zcard(keys.owed(platform)),
                        await client.xlen(keys.outbox(platform)),
                    ]
                if not any(waiting):
                    return
                await asyncio.sleep(0.2)


async def _empty(client: store.Client, name: str) -> bool:
    return await client.type(name) == "stream" and not await client.xlen(name)


def main() -> None:
    """The long storm, by `make chaos`; exits with 1 if a promise was broken."""
    import argparse
    import tempfile

    parser = argparse.ArgumentParser(prog="python -m tests.chaos.battle", description=__doc__)
    parser.add_argument("--photos", type=int, default=1000)
    parser.add_argument("--blows", type=int, default=60)
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    plan = Plan(chosen.photos, chosen.blows, chosen.seconds, chosen.seed, patience=120.0)
    folder = Path(tempfile.mkdtemp(prefix="darkroom-chaos-"))
    report = asyncio.run(fight(plan, folder))
    sys.stdout.write(f"{report.table()}\n")
    sys.exit(0 if not report.broken else f"logs: {folder}")


if __name__ == "__main__":
    main()
