"""The limiter's arithmetic and its patience."""

import asyncio
import logging
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from telegram.error import BadRequest, NetworkError, RetryAfter, TelegramError, TimedOut

from bots.telegram.pace import LONGEST_WAIT, Busy, Pace, Rate, _Meter

FAST = Rate(10_000, 1.0)


class Telegram:
    """Answers with the outcomes it is given, then with True; notes the time of every call."""

    def __init__(self, *outcomes: TelegramError) -> None:
        self.outcomes = list(outcomes)
        self.times: list[float] = []
        self.called = asyncio.Event()

    async def __call__(self) -> bool:
        self.times.append(asyncio.get_running_loop().time())
        self.called.set()
        if self.outcomes:
            raise self.outcomes.pop(0)
        return True


async def send(
    pace: Pace, telegram: Telegram, chat: int | None = 1, method: str = "sendMessage", **more: Any
) -> object:
    data = {"chat_id": chat} if chat is not None else {}
    urgency = more.pop("urgency", None)
    return await pace.process_request(telegram, (), {}, method, data | more, urgency)


@given(
    st.integers(1, 30),
    st.floats(0.1, 60),
    st.lists(st.tuples(st.floats(0, 5), st.integers(1, 10)), max_size=60),
)
def test_no_window_ever_holds_more_than_twice_the_rate(
    messages: int, seconds: float, arrivals: list[tuple[float, int]]
) -> None:
    meter = _Meter(Rate(messages, seconds))
    now, sent = 1000.0, []
    for gap, cost in arrivals:
        now += gap
        wait = meter.take(now, cost)
        assert wait >= 0
        now += wait
        sent.append((now, cost))
    most = max((cost for _, cost in arrivals), default=0)
    for start, _ in sent:
        inside = sum(cost for moment, cost in sent if start <= moment < start + seconds * 0.999)
        assert inside <= 2 * messages + most


async def test_a_chat_bursts_and_then_goes_at_its_rate() -> None:
    pace, telegram = Pace(overall=FAST, private=Rate(3, 0.3), group=FAST), Telegram()
    await asyncio.gather(*(send(pace, telegram) for _ in range(6)))
    first = telegram.times[0]
    gaps = [time - first for time in telegram.times]
    assert gaps[2] < 0.09
    assert gaps[5] >= 0.29


async def test_a_flood_wait_halts_its_own_chat_alone(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "bots")
    pace = Pace(overall=FAST, private=FAST, group=FAST)
    flooded, other = Telegram(RetryAfter(1)), Telegram()
    waiting = asyncio.create_task(send(pace, flooded, 4711))
    await flooded.called.wait()
    await asyncio.wait_for(send(pace, other, 2), 0.5)
    assert not waiting.done()
    assert await waiting is True
    assert flooded.times[1] - flooded.times[0] >= 1.0
    assert "patience" in caplog.text
    assert "4711" not in caplog.text


async def test_a_very_long_flood_wait_is_for_the_caller() -> None:
    with pytest.raises(RetryAfter):
        await send(Pace(), Telegram(RetryAfter(int(LONGEST_WAIT) + 1)))


async def test_progress_leaves_room_for_answers_and_is_never_waited_for() -> None:
    pace, telegram = Pace(group=Rate(4, 60, reserve=2)), Telegram()
    for _ in range(2):
        await send(pace, telegram, -5, "editMessageText", urgency="status")
    with pytest.raises(Busy):
        await send(pace, telegram, -5, "editMessageText", urgency="status")
    async with asyncio.timeout(1):
        await send(pace, telegram, -5)
        await send(pace, telegram, -5)


async def test_an_album_counts_as_its_parts() -> None:
    pace, telegram = Pace(private=Rate(4, 60, reserve=0)), Telegram()
    await send(pace, telegram, 1, "sendMediaGroup", media=[1, 2, 3])
    await send(pace, telegram, 1)
    with pytest.raises(Busy):
        await send(pace, telegram, 1, "editMessageText", urgency="status")


def _caused(error: TelegramError, cause: Exception) -> TelegramError:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("method", "error", "retried"),
    [
        ("editMessageText", TimedOut(), True),
        ("getFile", NetworkError("httpx.ReadError"), True),
        ("sendDocument", TimedOut(), False),
        ("sendDocument", NetworkError("httpx.ReadError"), False),
        ("sendDocument", NetworkError("Bad Gateway"), True),
        ("sendDocument", _caused(NetworkError("x"), httpx.ConnectError("x")), True),
        ("sendDocument", _caused(TimedOut(), httpx.ConnectTimeout("x")), True),
        ("editMessageText", BadRequest("message is not modified"), False),
        ("editMessageMedia", NetworkError("Request Entity Too Large"), False),
    ],
)
async def test_only_what_is_harmless_is_tried_again(
    method: str, error: TelegramError, retried: bool
) -> None:
    pace, telegram = Pace(first_delay=0.001), Telegram(error)
    if retried:
        assert await send(pace, telegram, 1, method) is True
    else:
        with pytest.raises(type(error)):
            await send(pace, telegram, 1, method)


async def test_retries_end() -> None:
    telegram = Telegram(*[TimedOut() for _ in range(9)])
    with pytest.raises(TimedOut):
        await send(Pace(first_delay=0.001, retries=3), telegram, 1, "getFile")
    assert len(telegram.times) == 4


async def test_a_question_about_a_chat_that_has_had_enough_does_not_wait() -> None:
    pace, telegram = Pace(overall=FAST, private=Rate(1, 60), group=Rate(1, 60)), Telegram()
    await send(pace, telegram, -5)
    async with asyncio.timeout(1):
        for _ in range(3):
            await send(pace, telegram, -5, "getChatAdministrators")
    assert len(telegram.times) == 4
