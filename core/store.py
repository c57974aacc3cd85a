"""Connections to Redis that survive its restarts."""

from collections.abc import Iterator
from contextlib import contextmanager

from redis import exceptions
from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff

from core.errors import ServiceDown
from core.language import _

Client = Redis
RedisError = exceptions.RedisError
BusyLoadingError = exceptions.BusyLoadingError

_RETRIES = 5

EVEN_IF_FULL = "redis.call('DEL', 'darkroom:nothing')\n"
"""Begins a script that a Redis without memory lets through: it refuses only a first write."""


def pool(url: str, *, text: bool = True, retries: int = _RETRIES) -> ConnectionPool:
    """A pool of connections to `url`; replies are str, or bytes unless `text`.

    A command that finds Redis restarting or loading is tried again `retries` times with
    exponential waits of at most 2 s.
    """
    return ConnectionPool.from_url(
        url,
        decode_responses=text,
        retry=Retry(ExponentialBackoff(cap=2, base=0.05), retries),
        retry_on_error=[
            exceptions.ConnectionError,
            exceptions.TimeoutError,
            exceptions.BusyLoadingError,
            OSError,
        ],
        retry_on_timeout=True,
        socket_connect_timeout=5,
        health_check_interval=30,
    )


def connect(url: str, *, retries: int = _RETRIES) -> Client:
    """A client of the Redis at `url` that speaks str."""
    return Redis.from_pool(pool(url, retries=retries))


async def now(client: Client) -> float:
    """The time of Redis in Unix seconds: one clock for all processes, whatever theirs say."""
    seconds, micros = await client.time()
    return int(seconds) + int(micros) / 1_000_000


@contextmanager
def spoken() -> Iterator[None]:
    """Turns Redis' own errors into ServiceDown, whose sentence a person may read."""
    try:
        yield
    except exceptions.OutOfMemoryError as error:
        raise ServiceDown(
            _("The lab is full right now. Please try again in a few minutes.")
        ) from error
    except (RedisError, OSError) as error:
        raise ServiceDown(
            _("The lab cannot be reached right now. Please try again in a minute.")
        ) from error


def masked(url: str) -> str:
    """The URL without its password, fit for a log."""
    scheme, separator, rest = url.partition("://")
    credentials, at, place = rest.rpartition("@")
    if "?" in credentials:  # whether it ends a place or stands in a password cannot be known
        return f"{scheme}{separator}***"
    place = place.partition("?")[0]
    user = credentials.partition(":")[0]
    return (
        f"{scheme}{separator}{user}:***@{place}"
        if at and credentials
        else f"{scheme}{separator}{place}"
    )
