"""Which Redis to use: the one that is set, one that runs here already, or a private one."""

import contextlib
import logging
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from core import store
from core.settings import StoreSettings
from core.valkey import PrivateValkey

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
    folder = settings.data_dir / "valkey"
    running = PrivateValkey(folder)
    if await _answers(running.url):
        yield running.url
        return
    with contextlib.ExitStack() as stack:
        if not lasting:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="darkroom-")))
        async with PrivateValkey(folder, durable=lasting) as server:
            log.info("a private Valkey runs in %s", folder)
            yield server.url


async def _answers(url: str) -> bool:
    client = store.connect(url, retries=0)
    try:
        await client.ping()
    except (store.RedisError, OSError):
        return False
    else:
        return True
    finally:
        await client.aclose()
