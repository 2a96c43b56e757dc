"""Series as words."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist
from typing import Literal, get_args

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from instar.base.errors import BadInput
from instar.base.schema import Field, Schema
from instar.data.operators.operator import Known, many_values, operator
from instar.data.operators.series.row_series import SeriesOperator, plain_frame
from instar.data.rows.batch import Batch
from instar.data.rows.block import Block
from instar.data.summaries import Of, SeriesQuantiles
from instar.data.values.series import points_of, segment_means, times_field

Cuts = Literal["normal", "equal_depth"]
_FIRST = ord("a")
_MOST = 26


class Letters(msgspec.Struct, frozen=True):
    """breakpoints : between the letters, ascending, in standard deviations;  values : segment means seen to find them"""

    breakpoints: tuple[float, ...]
    values: int = 0


class Alphabets(msgspec.Struct, frozen=True):
    columns: dict[str, Letters]


@operator("sax", state=Alphabets)
@dataclass(frozen=True, init=False)
class Sax(SeriesOperator[Alphabets]):
    """Symbolic aggregate approximation: a series as a word of ``segments`` letters, ``a`` for the lowest parts.

    1. z-normalise the series with its own mean and (population) standard deviation; a constant series is all 0.
    2. Take the mean of each segment of equal count (a point on a border counts to both sides by its share).
    3. A mean v becomes the letter at place #{breakpoints <= v}.

    columns : each holds a series (list or array of numbers).  With ``into``, the columns side by side are one series
    letters : 2 to 26.  codes : 0, 1, … as an array instead of a word
    cuts : "normal": breakpoints cut N(0, 1) into equal areas.  "equal_depth": at quantiles of the segment means of the
    training rows (within 1/1024 in rank), so that letters are equally frequent; without any, as "normal"
    times : a column of lists with the time of each point. Segments are then of equal time from a series' first to its
    last; points without value or time are left out, and a segment without points lies on the line between its neighbours

    A series that is missing, or has a missing or infinite point, has no word (null). One with fewer points than
    segments is an error, or null with ``strict=False``.
    Source: Lin, Keogh, Lonardi & Chiu (2003), A symbolic representation of time series, DMKD 2003.

    >>> from instar.data.preparing.fitting import fit
    >>> years = pl.DataFrame({"rain": [[9.0, 8.0, 4.0, 1.0, 0.0, 1.0, 5.0, 9.0], [3.0] * 8]})
    >>> fit([Sax("rain", segments=4, letters=4)], [years]).apply(years).frame["rain"].to_list()
    ['dbad', 'cccc']
    """

    columns: tuple[str, ...]
    segments: int = 8
    letters: int = 4
    into: str | None = None
    codes: bool = False
    cuts: Cuts = "normal"
    times: str | None = None
    strict: bool = True

    def __init__(
        self,
        *columns: str,
        segments: int = 8,
        letters: int = 4,
        into: str | None = None,
        codes: bool = False,
        cuts: Cuts = "normal",
        times: str | None = None,
        strict: bool = True,
    ) -> None:
        if not isinstance(segments, int) or segments < 1:
            raise BadInput(f"Sax: segments={segments} makes no word; give at least 1")
        _check_letters("Sax", letters)
        if cuts not in get_args(Cuts):
            raise BadInput(f"Sax: unknown cuts {cuts!r}; use one of {', '.join(get_args(Cuts))}")
        series = tuple(name for name in columns if name != times)
        if not series and times is not None:
            raise BadInput('Sax: only times are named; write Sax("rain", times="day")')
        named = series if times is None else (*series, times)
        options = {"segments": segments, "letters": letters, "codes": codes, "cuts": cuts, "times": times}
        self._set_series(named, into, **options, strict=strict)

    def series(self) -> tuple[str, ...]:
        return tuple(name for name in self.columns if name != self.times)

    def output(self, schema: Schema, state: Alphabets | None = None) -> Schema:
        if self.times is not None:
            times_field(schema, self.times, "Sax")
        for name, fields in self.inputs(schema).items():
            points = points_of(fields)
            if points is not None and points < self.segments and self.strict:
                raise BadInput(
                    f"Sax: the series {name!r} has {points} point{'s' if points != 1 else ''}, which is less than the "
                    f"{self.segments} segments of a word; take fewer segments, or name all columns of the series"
                )
        return self.replaced(schema, map(self._field, self.written()))

    def _field(self, name: str) -> Field:
        return many_values(name, self.segments) if self.codes else Field(name, "string", role="feature")

    def needs(self, known: Known) -> dict[Hashable, Of]:
        """None for normal cuts; else one pass."""
        if self.cuts == "normal":
            return {}
        options = {"segments": self.segments, "timed": self.times is not None}
        wanted: dict[Hashable, Of] = {
            ("means", name): Of(SeriesQuantiles, *self._read(names), **options)
            for name, names in self.written().items()
        }
        return {key: of for key, of in wanted.items() if key not in known}

    def _read(self, names: tuple[str, ...]) -> tuple[str, ...]:
        return names if self.times is None else (*names, self.times)

    def fit(self, summaries: Known) -> Alphabets:
        if self.cuts == "normal":
            return Alphabets(dict.fromkeys(self.written(), Letters(normal_breakpoints(self.letters))))
        return Alphabets({name: self._learned(summaries["means", name]) for name in self.written()})

    def _learned(self, seen: object) -> Letters:
        assert isinstance(seen, SeriesQuantiles)
        found = [seen.quantile(place / self.letters) for place in range(1, self.letters)]
        kept = tuple(each for each in found if each is not None)
        return Letters(kept, seen.n) if kept else Letters(normal_breakpoints(self.letters))

    def made(self, rows: Batch, state: Alphabets) -> dict[str, pl.Series | Block]:
        return {name: self._words(rows, name, names, state) for name, names in self.written().items()}

    def _words(self, rows: Batch, name: str, names: tuple[str, ...], state: Alphabets) -> pl.Series:
        frame = plain_frame(rows, self._read(names))
        means = segment_means(frame, self.segments, self.times is not None, self.strict, "Sax")
        without = np.isnan(means[:, 0])
        codes = np.zeros(means.shape, dtype=np.uint8)
        for breakpoint in state.columns[name].breakpoints:  # few: counting those below is ten times a search's speed
            codes += means >= breakpoint
        if self.codes:
            made = pl.Series(name, codes.astype(np.float32), dtype=pl.Array(pl.Float32, self.segments))
        else:
            text = (codes + np.uint8(_FIRST)).tobytes().decode("ascii")
            made = pl.Series(
                name, [text[at : at + self.segments] for at in range(0, len(text), self.segments)], pl.String
            )
        if not without.any():
            return made
        return pl.select(pl.when(pl.Series(~without)).then(made).alias(name)).to_series()

    def explain(self, state: Alphabets) -> str:
        return "\n".join(self._say(name, names, state.columns[name]) for name, names in self.written().items())

    def _say(self, name: str, names: tuple[str, ...], letters: Letters) -> str:
        read = names if names != (name,) else ()
        said = f"{name}{' (' + ', '.join(read) + ')' if read else ''}: a word of {self.segments} letters"
        said += f" over segments of equal time by {self.times}" if self.times else ""
        shown = ", ".join(f"{each:.4g}" for each in letters.breakpoints)
        if self.cuts == "normal":
            return f"{said}, cut at {shown} (equal areas of the normal distribution)"
        if not letters.values:
            return f"{said}, cut at {shown} (of the normal distribution, since no series was seen)"
        tied = self.letters - 1 - len(set(letters.breakpoints))
        ties = f"; {tied} letters never occur, since breakpoints tie" if tied else ""
        return f"{said}, cut at {shown} (quantiles of {letters.values} segment means{ties})"


def mindist(one: str | Sequence[int], other: str | Sequence[int], points: int, letters: int) -> float:
    """The least distance that two z-normalised series of ``points`` points can have, given their words.

    ``sqrt(points / w) * sqrt(sum of cell(a, b)^2)`` over the w letters, where a cell is 0 for equal or neighbouring
    letters, else the gap between them: breakpoint ``max - 1`` less breakpoint ``min``. Never above the Euclidean distance
    of the z-normalised series, for words of normal cuts and segments of equal count; so what it excludes is far.

    one, other : words, or codes;  letters : of the alphabet.  Raises BadInput for words of different lengths
    Source: Lin, Keogh, Lonardi & Chiu (2003), as Sax.

    >>> mindist("aad", "abb", points=12, letters=4) == 2 * normal_breakpoints(4)[2]
    True
    """
    left, right = _codes(one, letters), _codes(other, letters)
    if left.size != right.size or not left.size:
        raise BadInput(
            f"mindist: words of {left.size} and {right.size} letters; give two of the same length, at least 1"
        )
    if points < left.size:
        raise BadInput(
            f"mindist: {points} points are fewer than the {left.size} letters; give the points of the series"
        )
    breakpoints = np.array(normal_breakpoints(letters))
    high, low = np.maximum(left, right), np.minimum(left, right)
    far = high - low > 1
    gaps = breakpoints[high[far] - 1] - breakpoints[low[far]]
    return float(np.sqrt(points / left.size) * np.sqrt((gaps * gaps).sum()))


@lru_cache
def normal_breakpoints(letters: int) -> tuple[float, ...]:
    """Where N(0, 1) is cut into ``letters`` equal areas: letters - 1 values.

    >>> [round(each, 4) for each in normal_breakpoints(4)]
    [-0.6745, 0.0, 0.6745]
    """
    _check_letters("normal breakpoints", letters)
    standard = NormalDist()
    below = [standard.inv_cdf(place / letters) for place in range(1, (letters + 1) // 2)]
    middle = [] if letters % 2 else [0.0]
    return (*below, *middle, *(-each for each in reversed(below)))


def _check_letters(step: str, letters: int) -> None:
    if not isinstance(letters, int) or not 2 <= letters <= _MOST:
        raise BadInput(f"{step}: an alphabet of {letters} letters; give 2 to {_MOST}")


def _codes(word: str | Sequence[int], letters: int) -> NDArray[np.int64]:
    codes = [ord(letter) - _FIRST for letter in word] if isinstance(word, str) else [int(code) for code in word]
    if strange := [code for code in codes if not 0 <= code < letters]:
        raise BadInput(f"mindist: {word!r} has a letter outside an alphabet of {letters} ({strange[0]} from 'a')")
    return np.array(codes, dtype=np.int64)
