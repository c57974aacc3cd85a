"""The names of everything Darkroom keeps in Redis."""

PREFIX = "darkroom:"

QUEUE = PREFIX + "queue"
"""ZSET of job ids by their turn, no time (`core.fairness`); arq's queue."""
CLOCK = PREFIX + "clock"
"""The virtual time of the turns in the queue."""
PACE = PREFIX + "pace"
"""Seconds a photo takes, an exponential moving average."""
PLATFORMS = PREFIX + "platforms"
"""SET of the platforms that ever owed a reply."""


def alive(role: str) -> str:
    """ZSET of a role's processes by the millisecond of their last sign of life."""
    return f"{PREFIX}alive:{role}"


def job(job_id: str) -> str:
    """The job's record (JSON), there from the enqueue until its reply is published."""
    return f"{PREFIX}job:{job_id}"


def owed(platform: str) -> str:
    """ZSET of job ids whose reply is owed, by their deadline in milliseconds."""
    return f"{PREFIX}owed:{platform}"


def outbox(platform: str) -> str:
    """Stream of published replies that wait to be delivered."""
    return f"{PREFIX}out:{platform}"


def dead(platform: str) -> str:
    """Stream of replies that could not be delivered."""
    return f"{PREFIX}dead:{platform}"


def done(job_id: str) -> str:
    """Set once when a job's reply is published."""
    return f"{PREFIX}done:{job_id}"


def sent(job_id: str) -> str:
    """HASH of the parts of an answer that have been sent, and the number of attempts."""
    return f"{PREFIX}sent:{job_id}"


def user(platform: str, user_id: str) -> str:
    """ZSET of a person's photos in flight, by their deadline in milliseconds."""
    return f"{PREFIX}user:{platform}:{user_id}"


def crowd(platform: str, community_id: str) -> str:
    """ZSET of a community's photos in flight, by their turn among its members."""
    return f"{PREFIX}crowd:{platform}:{community_id}"


def progress(job_id: str) -> str:
    """How far a running job is (JSON)."""
    return f"{PREFIX}progress:{job_id}"


def status(job_id: str) -> str:
    """Where the status message of a request is, before its job exists (JSON)."""
    return f"{PREFIX}status:{job_id}"


def starts(job_id: str) -> str:
    """How often work on the job was begun without an ordinary end."""
    return f"{PREFIX}starts:{job_id}"


def cancel(job_id: str) -> str:
    """Set when the person has asked to stop a job that runs."""
    return f"{PREFIX}cancel:{job_id}"


def button(button_id: str) -> str:
    """What the buttons under one answer stand for (JSON)."""
    return f"{PREFIX}button:{button_id}"


def belongings(platform: str, user_id: str) -> str:
    """ZSET of the keys that are kept about a person, by the second at which they end."""
    return f"{PREFIX}of:{platform}:{user_id}"


def community(platform: str, community_id: str) -> str:
    """A community's settings (JSON)."""
    return f"{PREFIX}community:{platform}:{community_id}"


def taken(platform: str, community_id: str, user_id: str) -> str:
    """ZSET of a member's photos of the last 24 hours in a community, by when they were taken."""
    return f"{PREFIX}taken:{platform}:{community_id}:{user_id}"


def told(platform: str, community_id: str, user_id: str) -> str:
    """Set while a member knows that they have to wait."""
    return f"{PREFIX}told:{platform}:{community_id}:{user_id}"


def access(verdict: str) -> str:
    """SET of what the operator has allowed or denied: `user:telegram:7`, `community:…`."""
    return f"{PREFIX}access:{verdict}"


def day(number: int) -> str:
    """HASH of a day's counters; the number is that of the UTC day since 1970."""
    return f"{PREFIX}day:{number}"
