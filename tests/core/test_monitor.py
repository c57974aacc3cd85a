"""The real endpoint on a real Valkey, scraped as Prometheus does."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import httpx
import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from core import metrics, store
from core.jobs import PhotoRef
from core.monitor import monitored
from core.outbox import Outbox
from core.presence import Presence, name
from core.queue import Queue
from core.store import Client
from core.valkey import PrivateValkey
from tests.doubles.counts import free_port
from tests.doubles.jobs import fresh, reply

Get = Callable[[str], Awaitable[httpx.Response]]


@pytest.fixture
async def get(redis_url: str) -> AsyncIterator[Get]:
    """Asks the endpoint of a worker on the real Valkey."""
    async with monitored("127.0.0.1:0", redis_url, "worker") as address:
        assert address is not None
        async with httpx.AsyncClient(base_url=address) as http:
            yield http.get


def scraped(answer: httpx.Response) -> dict[str, Metric]:
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return {family.name: family for family in text_string_to_metric_families(answer.text)}


def values(family: Metric) -> dict[str, float]:
    return {sample.labels["platform"]: sample.value for sample in family.samples}


async def test_a_scrape_has_the_labs_figures_and_what_this_process_counted(
    get: Get, client: Client, queue: Queue, outbox: Outbox
) -> None:
    await Presence(client).sign("worker", name())
    sent = fresh("a1b2c3d4", user="13572468", photos=(PhotoRef(key="k", name="holiday.png"),))
    await queue.enqueue(sent)
    await queue.enqueue(fresh("job-2"))
    metrics.begun(sent.created)
    await outbox.publish(reply("a1b2c3d4", user="13572468", address={"chat": 86427531}))
    answer = await get("/metrics")
    found = scraped(answer)
    assert found["darkroom_redis_up"].samples[0].value == 1
    assert found["darkroom_queue_jobs"].samples[0].value == 2
    assert found["darkroom_workers"].samples[0].value == 1
    assert values(found["darkroom_owed_replies"]) == {"test": 1}
    assert values(found["darkroom_outbox_entries"]) == {"test": 1}
    assert found["darkroom_photos"].type == "counter"
    assert found["darkroom_wait_seconds"].type == "histogram"
    assert found["process_resident_memory_bytes"].samples[0].value > 10_000_000
    labels = {
        label
        for family in found.values()
        if family.name.startswith("darkroom_")
        for sample in family.samples
        for label in sample.labels
    }
    assert {"platform", "outcome", "cause"} <= labels <= metrics.LABELS | {"le"}
    for private in ("a1b2c3d4", "13572468", "86427531", "holiday"):
        assert private not in answer.text


async def test_prometheus_newer_format_is_spoken_as_well(redis_url: str) -> None:
    async with (
        monitored("127.0.0.1:0", redis_url, "worker") as address,
        httpx.AsyncClient(base_url=address or "") as http,
    ):
        accepted = {"Accept": "application/openmetrics-text; version=1.0.0"}
        answer = await http.get("/metrics", headers=accepted)
        assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert "# TYPE darkroom_photos counter\n" in answer.text
    assert answer.text.endswith("# EOF\n")


async def test_health_is_200_and_503_with_a_sentence(get: Get, client: Client) -> None:
    answer = await get("/healthz")
    assert answer.status_code == 503
    assert answer.text == "The worker has given no sign of life in the last 30 seconds.\n"
    await Presence(client).sign("worker", name())
    answer = await get("/healthz")
    assert (answer.status_code, answer.text) == (200, "ok\n")
    assert (await get("/")).status_code == 404


async def test_while_redis_is_away_it_answers_and_afterwards_it_is_well_again(
    tmp_path: Path,
) -> None:
    async with PrivateValkey(tmp_path / "v") as server:
        client = store.connect(server.url)
        await Presence(client).sign("discord", name())
        async with (
            monitored("127.0.0.1:0", server.url, "discord") as address,
            httpx.AsyncClient(base_url=address or "") as http,
        ):
            assert (await http.get("/healthz")).status_code == 200
            await server.stop()
            answer = await http.get("/healthz")
            assert (answer.status_code, answer.text) == (503, "Redis cannot be reached.\n")
            found = scraped(await http.get("/metrics"))
            assert found["darkroom_redis_up"].samples[0].value == 0
            assert "darkroom_queue_jobs" not in found
            assert "darkroom_photos" in found
            await server.start()
            assert (await http.get("/healthz")).status_code == 200
            assert "darkroom_queue_jobs" in scraped(await http.get("/metrics"))
        await client.aclose()


async def test_without_an_address_nothing_is_served(redis_url: str) -> None:
    async with monitored(None, redis_url, "worker") as address:
        assert address is None


async def test_a_taken_port_is_told_and_stops_nobody(
    redis_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    listen = f"127.0.0.1:{free_port()}"
    async with monitored(listen, redis_url, "worker") as first:
        assert first == f"http://{listen}"
        with caplog.at_level(logging.WARNING):
            async with monitored(listen, redis_url, "telegram") as second:
                assert second is None
    assert f"no health and no metrics at {listen}" in caplog.text
    async with monitored(listen, redis_url, "worker") as again:
        assert again == first
