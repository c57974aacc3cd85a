"""Status edits kept rare enough that answers never wait behind them."""

import asyncio
from dataclasses import dataclass

_MANY = 4096


@dataclass(frozen=True)
class Rate:
    """So many edits in so many seconds, up to `edits` of them at once."""

    edits: int = 3
    seconds: float = 5.0


class Pace:
    """Says whether a place has room for one more status edit; Discord allows 5 in 5 seconds."""

    def __init__(self, rate: Rate | None = None) -> None:
        self._rate = rate or Rate()
        self._full_at: dict[int, float] = {}

    def allows(self, place: int) -> bool:
        """Take a turn for an edit if there is one now."""
        now = asyncio.get_running_loop().time()
        cost = self._rate.seconds / self._rate.edits
        full_at = max(self._full_at.get(place, now), now) + cost
        if full_at - now > self._rate.seconds + 1e-9:
            return False
        if len(self._full_at) >= _MANY:
            self._full_at = {key: at for key, at in self._full_at.items() if at > now}
        self._full_at[place] = full_at
        return True
