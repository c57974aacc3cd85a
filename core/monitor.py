"""One process's small HTTP endpoint: `/healthz` for Docker, `/metrics` for Prometheus."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Iterable
from urllib.parse import urlsplit

from aiohttp import web
from prometheus_client import REGISTRY, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from core import backlog, health, presence, store
from core.backlog import Figures
from core.presence import Presence

STOP_SECONDS = 2.0
"""How long a scrape that has begun may hold up the end of the process."""

log = logging.getLogger(__name__)


@contextlib.asynccontextmanager
async def monitored(listen: str | None, url: str, role: str) -> AsyncIterator[str | None]:
    """Serve the health and the metrics of this process meanwhile, at `listen` (host:port).

    Yields the address that is served, or None: without `listen` nothing is, and an address that
    cannot be had is a line in the log, since photos matter more than their figures.
    """
    if listen is None:
        yield None
        return
    client = store.connect(url, retries=1)
    runner = web.AppRunner(
        _application(client, role), access_log=None, shutdown_timeout=STOP_SECONDS
    )
    await runner.setup()
    try:
        yield await _started(runner, listen)
    finally:
        await runner.cleanup()
        await client.aclose()


async def _started(runner: web.AppRunner, listen: str) -> str | None:
    place = urlsplit(f"//{listen}")
    try:
        await web.TCPSite(runner, place.hostname, place.port).start()
    except OSError as error:
        log.warning("no health and no metrics at %s: %s", listen, error.strerror)
        return None
    address = f"http://{place.hostname}:{runner.addresses[0][1]}"
    log.info("health and metrics at %s", address)
    return address


def _application(client: store.Client, role: str) -> web.Application:
    process, signs = presence.name(), Presence(client)

    async def healthz(request: web.Request) -> web.Response:
        ailment = await health.ailment(signs, role, process)
        return web.Response(text=f"{ailment or 'ok'}\n", status=503 if ailment else 200)

    async def metrics(request: web.Request) -> web.Response:
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        body = encode(_Scrape(await _figures(client)))
        return web.Response(body=body, headers={"Content-Type": content_type})

    application = web.Application()
    application.add_routes([web.get("/healthz", healthz), web.get("/metrics", metrics)])
    return application


async def _figures(client: store.Client) -> Figures:
    try:
        async with asyncio.timeout(health.REDIS_SECONDS):
            return await backlog.read(client)
    except (store.RedisError, OSError, TimeoutError):
        return backlog.UNREACHED


class _Scrape(Collector):
    """What this process has counted, and the lab's figures of one moment."""

    def __init__(self, figures: Figures) -> None:
        self._figures = figures

    def collect(self) -> Iterable[Metric]:
        yield from REGISTRY.collect()
        yield from self._figures.families()
