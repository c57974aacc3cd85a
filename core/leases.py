"""Leases on running jobs: who works on a job, and how often it was begun."""

from collections.abc import Sequence

from core import keys
from core.outbox import KEPT_SECONDS
from core.store import EVEN_IF_FULL, Client

# A Redis without memory lets all of these through: the work in hand must come to its end.
_CLAIM = EVEN_IF_FULL + "redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])"
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
        self._claim = client.register_script(_CLAIM)
        self._renew = client.register_script(_RENEW)
        self._begin = client.register_script(_BEGIN)
        self._hand_back = client.register_script(_HAND_BACK)

    async def claim(self, job_id: str) -> None:
        """Put this worker's name on a job that arq has just given to it."""
        await self._claim(
            keys=[f"arq:in-progress:{job_id}"], args=[self._owner, self._milliseconds]
        )

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
