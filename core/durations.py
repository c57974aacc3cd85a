"""Lengths of time as people write and read them."""

import re

from core.language import _, ngettext

_UNITS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400}
_WRITTEN = re.compile(r"(\d{1,6})(s|min|m|h|d)?")


def parsed(text: str) -> int | None:
    """Seconds of `30`, `30s`, `5m` or `1h`; None for what is no time."""
    match = _WRITTEN.fullmatch(text.strip().lower())
    return int(match[1]) * _UNITS[match[2] or "s"] if match else None


def told(seconds: float) -> str:
    """A time for people, rounded up, never less than a second: `40 s`, `5 min`, `3 h`."""
    whole = max(1, -int(-seconds // 1))
    if whole < 100:
        return _("{count} s").format(count=whole)
    if whole < 100 * 60:
        return _("{count} min").format(count=-(-whole // 60))
    if whole < 48 * 3600:
        return _("{count} h").format(count=-(-whole // 3600))
    days = -(-whole // 86_400)
    return ngettext("{count} day", "{count} days", days).format(count=days)
