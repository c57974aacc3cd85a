"""What Discord's error answers mean for us (https://discord.com/developers/docs/topics/opcodes-and-status-codes)."""

import aiohttp
import discord

Fault = discord.HTTPException | discord.RateLimited | aiohttp.ClientError | OSError
FAULTS = (discord.HTTPException, discord.RateLimited, aiohttp.ClientError, OSError)
"""Everything that a request to Discord may raise; a timeout is an OSError."""

UNKNOWN_MESSAGE = 10008
_UNKNOWN_WEBHOOK, _UNKNOWN_INTERACTION, _INVALID_TOKEN = 10015, 10062, 50027
_ACKNOWLEDGED = 40060
_TOO_LARGE = 40005
_MISSING_PERMISSIONS = 50013
_NO_HISTORY = 160002
_THREAD_THERE = 160004
_NEVER = (10003, 10004, 10013, 50001, 50007, 50013, 50083, 50278, 240000)


def gone(error: Fault) -> bool:
    """The message is deleted."""
    return _code(error) == UNKNOWN_MESSAGE


def expired(error: Fault) -> bool:
    """The interaction can be answered no more."""
    return _code(error) in (_UNKNOWN_WEBHOOK, _UNKNOWN_INTERACTION, _INVALID_TOKEN)


def acknowledged(error: Fault) -> bool:
    """The interaction was acknowledged before."""
    return _code(error) == _ACKNOWLEDGED


def too_large(error: Fault) -> bool:
    """The upload is above the limit of this place."""
    return _code(error) == _TOO_LARGE or _status(error) == 413


def files_forbidden(error: Fault) -> bool:
    """The bot may not do this here, attach files for one."""
    return _code(error) == _MISSING_PERMISSIONS


def no_history(error: Fault) -> bool:
    """The bot may write here but not refer to earlier messages."""
    return _code(error) == _NO_HISTORY


def thread_there(error: Fault) -> bool:
    """The message has its thread already, whose id is the message's."""
    return _code(error) == _THREAD_THERE


def hopeless(error: Fault) -> bool:
    """Nothing can ever be sent there: the channel is gone or closed to the bot."""
    return (
        isinstance(error, discord.Forbidden)
        or _code(error) in _NEVER
        or (isinstance(error, discord.NotFound) and not gone(error))
    )


def transient(error: Fault) -> bool:
    """The network or Discord's servers failed, or there was too much at once."""
    if isinstance(error, discord.HTTPException):
        return isinstance(error, discord.DiscordServerError) or error.status == 429
    return True


def words(error: Fault) -> str:
    """The error for logs and dead letters: no address, no token."""
    if isinstance(error, discord.HTTPException):
        text = error.text.partition("\n")[0]
        return f"{error.status} {error.code} {text}"[:200].strip()
    return type(error).__name__


def _code(error: Fault) -> int:
    return error.code if isinstance(error, discord.HTTPException) else 0


def _status(error: Fault) -> int:
    return error.status if isinstance(error, discord.HTTPException) else 0
