from core import keys
from core.jobs import Failed, Reply
from core.outbox import Outbox
from core.presence import Presence
from core.queue import Queue
from core.stats import Day, Figures, Stats
from core.store import Client
from tests.doubles.jobs import enhanced, fresh, opened, reply


async def test_an_idle_lab(client: Client) -> None:
    assert await Stats(client).figures() == Figures(0, 0, None, Day())


async def test_queue_workers_pace_and_the_photos_of_today(
    client: Client, queue: Queue, outbox: Outbox
) -> None:
    await opened(client, "test")
    await Presence(client).sign("worker", "host-1")
    await queue.learn_pace(4.0)
    await queue.enqueue(fresh("job-1"))
    await queue.enqueue(fresh("job-2"))
    broken = Failed(code="broken", text="Broken.")
    await outbox.publish(reply("job-3", results=(enhanced(), broken, enhanced(), broken)))
    await outbox.publish(Reply.failure(fresh("job-4"), "lost", "Lost."))
    assert await Stats(client).figures() == Figures(
        queued=2, workers=1, pace=4.0, today=Day(2, {"broken": 2, "lost": 1})
    )


async def test_a_reply_counts_once_and_counters_end(client: Client, outbox: Outbox) -> None:
    await opened(client, "test")
    assert await outbox.publish(reply("job-1"))
    assert await outbox.publish(reply("job-1"))
    assert (await Stats(client).figures()).today.enhanced == 1
    (day,) = [key for key in await client.keys("*") if key.startswith(f"{keys.PREFIX}day:")]
    assert await client.ttl(day) > 30 * 86_400
