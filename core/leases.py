"""Leases on running jobs: who works on a job, and how often it was begun."""

from collections.abc import Sequence

from core import keys
from core.outbox import KEPT_SECONDS
from core.store import EVEN_IF_FULL, Client

_TAKE = """
local turn = redis.call('ZSCORE', KEYS[1], ARGV[3])
if not turn or redis.call('EXISTS', KEYS[2]) == 1 then return false end
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
return math.floor(tonumber(turn))
"""
# A Redis without memory lets the others through: the work in hand must come to its end.
_RENEW = (
    EVEN_IF_FULL
    + """
local lost = {}
for n = 3, #ARGV do
  local lease = 'arq:in-progress:' .. ARGV[n]
  local holder = redis.call('GET', lease)
  if not holder or holder == ARGV[1] then
    redis.call('SET', lease, ARGV[1], 'PX', ARGV[2])
  else
    lost[#lost + 1] = ARGV[n]
  end
end
return lost
"""
)
_BEGIN = (
    EVEN_IF_FULL
    + """
local starts = redis.call('INCR', KEYS[1])
redis.call('EXPIRE', KEYS[1], ARGV[1])
return starts
"""
)
_HAND_BACK = (
    EVEN_IF_FULL
    + "if tonumber(redis.call('GET', KEYS[1]) or '0') > 0 then redis.call('DECR', KEYS[1]) end"
)


class Leases:
    """One worker's leases, `owner` being its name; they lie in arq's in-progress keys."""

    def __init__(self, client: Client, owner: str, *, seconds: float) -> None:
        self._client = client
        self._owner = owner
        self._milliseconds = round(1000 * seconds)
        self._take = client.register_script(_TAKE)
        self._renew = client.register_script(_RENEW)
        self._begin = client.register_script(_BEGIN)
        self._hand_back = client.register_script(_HAND_BACK)

    async def take(self, job_id: str) -> int | None:
        """Put this worker's name on a job whose turn has come, and return the turn.

        None if another worker has the job, or it is not in the queue any more.
        """
        turn = await self._take(
            keys=[keys.QUEUE, f"arq:in-progress:{job_id}"],
            args=[self._owner, self._milliseconds, job_id],
        )
        return None if turn is None else int(turn)

    async def renew(self, job_ids: Sequence[str]) -> list[str]:
        """Keep jobs for this worker; returns those that another one has taken over meanwhile.

        A lease that ran out while Redis was away is taken again if nobody else has.
        """
        if not job_ids:
            return []
        lost: list[str] = await self._renew(
            keys=[], args=[self._owner, self._milliseconds, *job_ids]
        )
        return lost

    async def held(self, job_id: str) -> bool:
        """Whether this worker still has the job."""
        holder = await self._client.get(f"arq:in-progress:{job_id}")
        return holder in (None, self._owner)

    async def starts(self, job_id: str) -> int:
        """How often work on the job was begun without an ordinary end."""
        return int(await self._client.get(keys.starts(job_id)) or 0)

    async def begin(self, job_id: str) -> int:
        """Count one more start of a job; the first is 1."""
        return int(await self._begin(keys=[keys.starts(job_id)], args=[KEPT_SECONDS]))

    async def hand_back(self, job_id: str) -> None:
        """Take back one start: the job was not to blame that it was interrupted."""
        await self._hand_back(keys=[keys.starts(job_id)])
