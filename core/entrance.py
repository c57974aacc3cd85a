"""The entrance of the queue: who is let in, who is refused with a sentence, in one atomic step."""

from dataclasses import dataclass

from core import durations
from core.communities import Allowance
from core.errors import LimitReached
from core.fairness import NEXT_TURN
from core.language import _, ngettext

__all__ = ["ALLOWANCE_SECONDS", "ENQUEUE", "LOOK", "Caps", "figures", "refusal"]


@dataclass(frozen=True)
class Caps:
    """How much may be in the lab at a time: requests, photos of a person and of a community."""

    requests: int = 10_000
    user: int = 20
    community: int = 200


ALLOWANCE_SECONDS = 24 * 3600
"""The time that a daily allowance looks back, and how long a member's photos are counted."""

# `wait` says how long a member has to wait for so many photos: nil if not at all, else "pause" or
# "daily", the photos that are left, and milliseconds. `0` is no limit.
_REFUSED = (
    f"local window = {1000 * ALLOWANCE_SECONDS}"
    + """
local queue, user, crowd, taken = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local now, photos = tonumber(ARGV[1]), tonumber(ARGV[2])
local requests_cap, user_cap, crowd_cap = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local daily, cooldown = tonumber(ARGV[6]), tonumber(ARGV[7])
local own = redis.call('ZCOUNT', user, '(' .. now, '+inf')
if crowd_cap == 0 then crowd = nil end

local function wait()
  local newest = redis.call('ZREVRANGE', taken, 0, 0, 'WITHSCORES')[2]
  if cooldown > 0 and newest and tonumber(newest) + cooldown > now then
    return 'pause:0:' .. (tonumber(newest) + cooldown - now)
  end
  if daily == 0 then return nil end
  local since = now - window
  local mine = redis.call('ZCOUNT', taken, '(' .. since, '+inf')
  if mine + photos <= daily then return nil end
  local last = math.min(mine, mine + photos - daily)
  local leaves = redis.call('ZRANGEBYSCORE', taken, '(' .. since, '+inf', 'WITHSCORES',
    'LIMIT', last - 1, 1)[2]
  return 'daily:' .. math.max(0, daily - mine) .. ':' .. ((leaves or now) - since)
end

local function refused()
  if own + photos > user_cap then return 'user' end
  if crowd and redis.call('ZCARD', crowd) + photos > crowd_cap then return 'community' end
  if redis.call('ZCARD', queue) >= requests_cap then return 'full' end
  return wait()
end
"""
)
LOOK = _REFUSED + "return refused()"
"""Whether a request would be refused. KEYS: queue, user, crowd, taken. ARGV: see `figures`."""

ENQUEUE = (
    _REFUSED
    + NEXT_TURN
    + """
local owed, platforms, clock = KEYS[5], KEYS[6], KEYS[7]
local id, deadline, kept, platform, record, arq_job = unpack(ARGV, 8)
if redis.call('EXISTS', 'darkroom:job:' .. id, 'darkroom:done:' .. id) > 0 then return 'known' end
local outcome = refused()
if outcome then return outcome end
local turn, time, inner = next_turn(queue, clock, crowd, own, now)
-- The first write is one that a Redis without memory refuses: later ones it would let through.
redis.call('ZADD', owed, deadline, id)
redis.call('SET', clock, time, 'PX', math.max(1, deadline - now))
redis.call('SADD', platforms, platform)
redis.call('SET', 'darkroom:job:' .. id, record, 'PX', kept)
redis.call('SET', 'arq:job:' .. id, arq_job, 'PX', kept)
redis.call('ZREMRANGEBYSCORE', user, '-inf', now)
if daily + cooldown > 0 then redis.call('ZREMRANGEBYSCORE', taken, '-inf', now - window) end
for n = 1, photos do
  local photo = id .. '#' .. n
  redis.call('ZADD', user, deadline, photo)
  if crowd then redis.call('ZADD', crowd, inner, photo) end
  if daily + cooldown > 0 then redis.call('ZADD', taken, now, photo) end
end
if crowd then redis.call('PEXPIRE', crowd, kept) end
if daily + cooldown > 0 then redis.call('PEXPIRE', taken, window) end
redis.call('ZADD', queue, turn, id)
return 'queued'
"""
)
"""Take a request in once, or say why not.

KEYS: those of LOOK, owed, platforms, clock. ARGV: those of LOOK, the job's id, its deadline and how
long its record is kept (both in milliseconds), its platform, its record, its record for arq.
"""


def figures(
    now: float, photos: int, caps: Caps, allowance: Allowance, *, community: bool
) -> tuple[int, ...]:
    """What the scripts compare, times in milliseconds, 0 where there is no limit."""
    return (
        round(now * 1000),
        photos,
        caps.requests,
        caps.user,
        caps.community if community else 0,
        allowance.daily,
        1000 * allowance.cooldown,
    )


def refusal(outcome: str, caps: Caps, allowance: Allowance) -> LimitReached | None:
    """What a script's answer means for the person, None if they were let in."""
    if outcome == "user":
        return LimitReached(
            _(
                "You can have {count} photos in the lab at a time. "
                "Please wait for the first ones to come back, or cancel them."
            ).format(count=caps.user)
        )
    if outcome == "community":
        return LimitReached(
            _(
                "There can be {count} photos from here in the lab at a time. "
                "Please try again when some of them have come back."
            ).format(count=caps.community)
        )
    if outcome == "full":
        return LimitReached(_("The lab's queue is full. Please try again in a few minutes."))
    return _spent(outcome, allowance) if ":" in outcome else None


def _spent(outcome: str, allowance: Allowance) -> LimitReached:
    """The refusal of a member whose allowance is spent, with the time until it is not."""
    kind, left, milliseconds = outcome.split(":")
    wait = int(float(milliseconds)) / 1000
    time_left = durations.told(wait)
    if kind == "pause":
        text = _("One moment, please: here you can send the next photo in {time}.")
        return LimitReached(text.format(time=time_left), code="cooldown", wait=wait)
    daily = allowance.daily
    if int(left):
        text = _(
            "Here everyone has {daily} photos in 24 hours; you have {left} left. "
            "There is room for all of these in {time}."
        )
    else:
        text = ngettext(
            "You have had your photo of the last 24 hours here. You can send the next in {time}.",
            "You have had your {daily} photos of the last 24 hours here. "
            "You can send the next in {time}.",
            daily,
        )
    told = text.format(daily=daily, left=left, time=time_left)
    return LimitReached(told, code="daily", wait=wait)
