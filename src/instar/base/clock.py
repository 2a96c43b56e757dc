"""Time. All times are microseconds since 1970 in UTC, as integers."""

from __future__ import annotations

import time
from datetime import UTC, datetime

SECOND = 1_000_000
HOUR = 3600 * SECOND


def now() -> int:
    """Microseconds since 1970."""
    return time.time_ns() // 1_000


def later(than: int) -> int:
    """A time after everything seen so far (``than``), also when this machine's clock lags (hybrid logical clock)."""
    return max(now(), than + 1)


def as_text(at: int | None) -> str:
    """A time for people, in UTC.

    >>> as_text(0)
    '1970-01-01 00:00:00Z'
    """
    if at is None:
        return "-"
    return datetime.fromtimestamp(at / SECOND, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
