"""Whose turn it is: start-time fair queueing between people and between communities.

A job's score in the queue is not a time but a *turn*: the virtual time at which it may start, as in
Goyal, Vin and Cheng, "Start-time Fair Queueing" (1996). One photo takes `TURN` of it.

- *Virtual time* is the lowest turn in the queue (arq leaves a job there until it has ended) and
  never goes back. Each request moves it on by 1: requests with equal rights are served in the order
  they came in, and nobody is overtaken by more than `TURN` later ones. An empty lab begins again
  at 1, so turns stay far below the present millisecond, after which arq would not start them.
- *A person* is one flow: a turn begins `TURN` later for each of their photos in flight.
- *A community* is a flow of weight `COMMUNITY_WEIGHT` with its members as flows inside: a turn
  begins TURN / COMMUNITY_WEIGHT later for each of its photos that comes first when its members
  take turns among themselves. The later of the two counts.

What is in flight is counted rather than finish times kept: an idle person saves up nothing and is
charged for nothing, and a photo that was answered, cancelled or lost leaves no debt. The cost of a
request is its number of photos.
"""

TURN = 1000
"""Virtual time that one photo takes."""
COMMUNITY_WEIGHT = 10
"""A community may have as many photos at work as so many single people."""

# `crowd` holds a community's photos in flight by the member's own virtual time, nil for a private
# photo; `own` is the number of the person's photos in flight. Returns the job's turn, the virtual
# time to keep, and the score of the photos in `crowd`.
NEXT_TURN = f"""
local function next_turn(queue, clock, crowd, own, now)
  local time, inner, later = 1, 0, own * {TURN}
  local first = redis.call('ZRANGE', queue, 0, 0, 'WITHSCORES')[2]
  if first then
    time = math.max(tonumber(first), tonumber(redis.call('GET', clock) or '0')) + 1
  end
  if crowd then
    inner = tonumber(redis.call('ZRANGE', crowd, 0, 0, 'WITHSCORES')[2] or '0') + own * {TURN}
    local ahead = redis.call('ZCOUNT', crowd, '-inf', inner)
    later = math.max(later, ahead * {TURN // COMMUNITY_WEIGHT})
  end
  return math.min(time + later, now), math.min(time, now), inner
end
"""
