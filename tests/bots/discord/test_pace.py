"""Status edits kept rare."""

from bots.discord.pace import Pace, Rate


async def test_a_place_takes_a_few_edits_at_once_and_then_waits() -> None:
    pace = Pace(Rate(3, 60.0))
    assert [pace.allows(1) for _ in range(5)] == [True, True, True, False, False]
    assert pace.allows(2)


async def test_turns_come_back_with_time() -> None:
    pace = Pace(Rate(1, 1e-6))
    assert all(pace.allows(number % 7) for number in range(10_000))
