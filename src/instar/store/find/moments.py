"""Times in ``created:``: ages, days, and stretches between two days. All in UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from instar.base import clock
from instar.base.clock import SECOND
from instar.store.find.conditions import AllOf, Condition, Term

_UNITS = {"m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}
_AGE = re.compile(r"(<=?|>=?)([0-9]+(?:\.[0-9]+)?)([mhdw])")
_COMPARED = re.compile(r"(<=|>=|<|>|=)?(.*)", re.S)
_TIME = re.compile(
    r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2})(?:T([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,6}))?)?)?)?)?Z?"
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST = 6e10  # seconds: no age reaches back before the year 1
TAKES = (
    "created: takes an age such as <7d or >12h, a day such as 2026-11-01, >=2026-11-01, 2026-11-01..2026-11-20, "
    "today or yesterday"
)


def created(value: str) -> Condition:
    """The condition that ``created:value`` means now. Raises ValueError for what is no time.

    >>> term = created(">=1970-01-02")
    >>> assert isinstance(term, Term)
    >>> term.op, term.value
    ('>=', '86400000000')
    """
    if age := _AGE.fullmatch(value):
        return _older_or_younger(*age.groups())
    if ".." in value:
        first, _, last = value.partition("..")
        if not first and not last:
            raise ValueError(value)
        ends = ([_at(">=", stretch(first)[0])] if first else []) + ([_at("<", stretch(last)[1])] if last else [])
        return ends[0] if len(ends) == 1 else AllOf(tuple(ends))
    compared = _COMPARED.fullmatch(value)
    assert compared is not None, "it matches any text"
    op, moment = compared.groups()
    start, end = stretch(moment)
    match op:
        case "<" | ">=":
            return _at(op, start)
        case "<=":
            return _at("<", end)
        case ">":
            return _at(">=", end)
        case _:
            return AllOf((_at(">=", start), _at("<", end)))


def _older_or_younger(op: str, amount: str, unit: str) -> Term:
    seconds = float(amount) * _UNITS[unit]
    if seconds > _LONGEST:
        raise ValueError(amount)
    return _at(">=" if op.startswith("<") else "<", clock.now() - int(seconds * SECOND))


def _at(op: str, moment: int) -> Term:
    return Term("created", str(moment), op)


def stretch(text: str) -> tuple[int, int]:
    """The first microsecond of a year, month, day, minute, second or fraction of one, and the first one after it.

    >>> stretch("1970-01-01T00:00:01")
    (1000000, 2000000)
    """
    if text in ("today", "yesterday"):
        start = clock.now() // (86_400 * SECOND) * 86_400 * SECOND - (86_400 * SECOND if text == "yesterday" else 0)
        return start, start + 86_400 * SECOND
    if not (found := _TIME.fullmatch(text)):
        raise ValueError(text)
    year, month, day, hour, minute, second, fraction = found.groups()
    clocked = timedelta(hours=int(hour or 0), minutes=int(minute or 0), seconds=int(second or 0))
    if int(hour or 0) > 23 or int(minute or 0) > 59 or int(second or 0) > 59:
        raise ValueError(text)
    first = _moment(int(year), int(month or 1), int(day or 1))
    first += clocked // timedelta(microseconds=1) + int((fraction or "0").ljust(6, "0"))
    if fraction:
        return first, first + 10 ** (6 - len(fraction))
    if second or minute or day:
        return first, first + SECOND * (1 if second else 60 if minute else 86_400)
    return first, _moment(int(year), int(month) + 1) if month and month != "12" else _moment(int(year) + 1)


def _moment(year: int, month: int = 1, day: int = 1) -> int:
    return (datetime(year, month, day, tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1)


def as_written(moment: int) -> str:
    """A moment so that ``created:`` reads it back.

    >>> as_written(1_000_001)
    '1970-01-01T00:00:01.000001'
    """
    return (_EPOCH + timedelta(microseconds=moment)).strftime("%Y-%m-%dT%H:%M:%S.%f").rjust(26, "0")
