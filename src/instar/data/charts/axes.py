"""Two axes around a field, and where a value lies in it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from instar.data.charts.chart import box, label, line, place, write

Moment = date | datetime
Number = float | int | Moment | None
LEFT, RIGHT, TOP, BOTTOM = 62.0, 16.0, 14.0, 44.0
HEADING = 20.0


@dataclass(frozen=True)
class Scale:
    """From values to a length of ``room`` pixels that begins at ``start``. moments : values are seconds since 1970"""

    low: float
    high: float
    start: float
    room: float
    moments: bool = False

    def __call__(self, value: float) -> float:
        return self.start + (value - self.low) / (self.high - self.low) * self.room

    def ticks(self, wanted: int = 5) -> list[tuple[float, str]]:
        """Round values between the ends, with what to write beside them."""
        if self.moments:
            return [(at, self.told(at)) for at in spread(self.low, self.high, wanted - 1)]
        return [(at, label(at)) for at in round_values(self.low, self.high, wanted)]

    def told(self, at: float) -> str:
        """A value as text: a moment as its date, or day and time within a short span."""
        if not self.moments:
            return label(at)
        moment = datetime.fromtimestamp(at, tz=UTC)
        return f"{moment:%Y-%m-%d}" if self.high - self.low >= 3 * 86400 else f"{moment:%d %H:%M}"


def round_values(low: float, high: float, wanted: int = 5) -> list[float]:
    """About as many as wanted, at 1, 2 or 5 times a power of ten.

    >>> round_values(0, 97)
    [0.0, 20.0, 40.0, 60.0, 80.0]
    """
    rough = (high - low) / max(wanted, 1)
    unit = 10.0 ** math.floor(math.log10(rough))
    step = next(unit * times for times in (1, 2, 5, 10) if unit * times >= rough * 0.999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [at * step + 0.0 for at in range(first, last + 1)]


def spread(low: float, high: float, parts: int) -> list[float]:
    return [low + (high - low) * at / parts for at in range(parts + 1)]


def number(value: Number) -> float:
    """A value on an axis: a moment as seconds since 1970, nothing as NaN."""
    if value is None:
        return math.nan
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC).timestamp()
    return float(value)


def numbers(values: Sequence[Number]) -> list[float]:
    return [number(value) for value in values]


def are_moments(values: Sequence[Number]) -> bool:
    return any(isinstance(value, date) for value in values)


def ends(values: Sequence[float], zero: bool = False, room: float = 0.0) -> tuple[float, float]:
    """The least and the greatest finite value, never the same. zero : 0 is among them;  room : share left beside them"""
    seen = [value for value in values if math.isfinite(value)] + ([0.0] if zero else [])
    low, high = min(seen, default=0.0), max(seen, default=1.0)
    if low == high:
        apart = abs(low) * 0.5 or 1.0
        return (low, high + apart) if zero and low >= 0 else (low - apart, high + apart)
    more = (high - low) * room
    return low if zero and low == 0 else low - more, high if zero and high == 0 else high + more


@dataclass(frozen=True)
class Field:
    """Where the data are drawn. y grows upwards, as readers expect."""

    x: Scale
    y: Scale

    @classmethod
    def of(
        cls,
        x: tuple[float, float],
        y: tuple[float, float],
        width: float,
        height: float,
        top: float = TOP,
        left: float = LEFT,
        moments: bool = False,
    ) -> Field:
        down = height - BOTTOM
        across = Scale(*x, start=left, room=width - left - RIGHT, moments=moments)
        return cls(across, Scale(*y, start=down, room=top - down))

    @property
    def right(self) -> float:
        return self.x.start + self.x.room

    @property
    def top(self) -> float:
        return self.y.start + self.y.room

    def frame(self, x_label: str, y_label: str, x_ticks: bool = True, y_ticks: bool = True) -> list[str]:
        """The ground, the grid and the axes with their labels."""
        left, down = self.x.start, self.y.start
        parts = [box(left, self.top, self.x.room, -self.y.room, more=' class="ground"')]
        if y_ticks:
            for at, text in self.y.ticks():
                parts += [line(left, self.y(at), self.right, self.y(at), "grid")]
                parts += [write(left - 7, self.y(at) + 4, text, "end")]
        if x_ticks:
            for at, text in self.x.ticks(6):
                parts += [line(self.x(at), down, self.x(at), down + 4)]
                wide = 3.4 * len(text) > self.right + RIGHT - self.x(at)  # it would be cut at the edge
                parts += [
                    write(self.right + RIGHT if wide else self.x(at), down + 17, text, "end" if wide else "middle")
                ]
        parts.append(line(left, down, self.right, down))
        if x_label:
            parts.append(write(left + self.x.room / 2, down + 36, x_label, "middle"))
        if y_label:
            parts.append(write(14, (down + self.top) / 2, y_label, "middle", turn=True))
        return parts

    def path(self, points: Sequence[tuple[float, float]]) -> str:
        """The commands of a line through the points; one that is no number breaks it."""
        commands, pen = [], "M"
        for x, y in points:
            if not (math.isfinite(x) and math.isfinite(y)):
                pen = "M"
                continue
            commands.append(f"{pen}{place(self.x(x))} {place(self.y(y))}")
            pen = "L"
        return "".join(commands)
