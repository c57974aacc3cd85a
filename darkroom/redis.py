"""Which Redis to use: the one that is set, one that runs here already, or a private one."""

import asyncio
import contextlib
import logging
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from core.errors import ServiceDown
from core.settings import StoreSettings
from core.valkey import AlreadyRunning, PrivateValkey

WAIT_SECONDS = 20.0
"""How long another process's server may take to start or to end."""

log = logging.getLogger(__name__)


@contextlib.asynccontextmanager
async def redis_url(settings: StoreSettings, *, lasting: bool) -> AsyncIterator[str]:
    """The URL of a Redis that answers.

    REDIS_URL wins; else a private Valkey that another `darkroom` runs on this machine; else a
    private Valkey of our own, in the data folder if `lasting`, else in a temporary one.
    """
    if settings.redis_url is not None:
        yield settings.redis_url.get_secret_value()
        return
    async with contextlib.AsyncExitStack() as stack:
        url = await _running(settings.data_dir / "valkey")
        if url is None and lasting:
            url = await _started(settings.data_dir / "valkey", stack)
        elif url is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="darkroom-")))
            url = (await stack.enter_async_context(PrivateValkey(folder, durable=False))).url
        yield url


async def _running(folder: Path) -> str | None:
    server = PrivateValkey(folder)
    return server.url if await server.answers() else None


async def _started(folder: Path, stack: contextlib.AsyncExitStack) -> str:
    """A server of our own, or that of another process which is faster than we are."""
    try:
        async with asyncio.timeout(WAIT_SECONDS):
            while True:
                with contextlib.suppress(AlreadyRunning):
                    server = await stack.enter_async_context(PrivateValkey(folder))
                    log.info("a private Valkey runs in %s", folder)
                    return server.url
                if (url := await _running(folder)) is not None:
                    return url
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise ServiceDown(f"The Valkey in {folder} does not answer; see its valkey.log.") from None
