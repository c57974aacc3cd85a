"""Discord's error answers."""

from types import SimpleNamespace
from typing import Any

import aiohttp
import discord
import pytest

from bots.discord import faults


def answer(kind: type[discord.HTTPException], status: int, code: int, text: str = "No") -> Any:
    """An error as the library raises it."""
    response: Any = SimpleNamespace(status=status, reason="reason")
    return kind(response, {"code": code, "message": text})


GONE = answer(discord.NotFound, 404, 10008)
UNKNOWN_CHANNEL = answer(discord.NotFound, 404, 10003)
NO_ACCESS = answer(discord.Forbidden, 403, 50001)
DEAD_TOKEN = answer(discord.HTTPException, 401, 50027)
TOO_LARGE = answer(discord.HTTPException, 413, 40005)
DOWN = answer(discord.DiscordServerError, 503, 0)
TOO_MANY = answer(discord.HTTPException, 429, 0)


def test_what_is_for_ever_and_what_passes() -> None:
    assert faults.gone(GONE)
    assert not faults.hopeless(GONE)
    assert faults.hopeless(UNKNOWN_CHANNEL)
    assert faults.hopeless(NO_ACCESS)
    assert faults.expired(DEAD_TOKEN)
    assert faults.too_large(TOO_LARGE)
    assert [faults.transient(error) for error in (DOWN, TOO_MANY, NO_ACCESS, TOO_LARGE)] == [
        *(True, True, False, False)
    ]


@pytest.mark.parametrize(
    "error", [aiohttp.ServerDisconnectedError(), TimeoutError(), ConnectionResetError()]
)
def test_a_broken_network_passes_and_is_told_without_an_address(error: Any) -> None:
    assert faults.transient(error)
    assert faults.words(error) == type(error).__name__


def test_an_answer_is_told_in_one_line() -> None:
    assert faults.words(answer(discord.Forbidden, 403, 50007, "Cannot\nhttps://x/token")) == (
        "403 50007 Cannot"
    )
