"""How improbable a row is, by how often its values occur together."""

from __future__ import annotations

import math
from collections.abc import Hashable
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import msgspec
import polars as pl

from instar.base.errors import BadInput
from instar.base.schema import Schema
from instar.data.operators.operator import Known, RowsOperator, operator
from instar.data.operators.outliers.score import must_name, with_score
from instar.data.operators.sampled import must_be_from
from instar.data.operators.types import category
from instar.data.rows.batch import Batch
from instar.data.rows.block import Block
from instar.data.summaries import Contingency, Of
from instar.data.summaries.values import in_order

Cell = bool | int | float | str | None


class Singles(msgspec.Struct, frozen=True, dict=True):
    """How often each value of a column occurs; a missing one is a value."""

    values: tuple[Cell, ...]
    counts: tuple[int, ...]
    rows: int

    @cached_property
    def places(self) -> dict[Cell, int]:
        return {value: place for place, value in enumerate(self.values)}

    def probability(self, value: Cell) -> float:
        place = self.places.get(value)
        return ((0 if place is None else self.counts[place]) + 1 / (len(self.values) + 1)) / (self.rows + 1)


class Pair(msgspec.Struct, frozen=True, dict=True):
    """How often the values at places ``left`` and ``right`` of two columns occur together."""

    columns: tuple[str, str]
    left: tuple[int, ...]
    right: tuple[int, ...]
    counts: tuple[int, ...]

    @cached_property
    def together(self) -> dict[tuple[int, int], int]:
        return {(left, right): count for left, right, count in zip(self.left, self.right, self.counts)}


class Tables(msgspec.Struct, frozen=True, dict=True):
    """columns : the values of each;  pairs : those counted;  apart : pairs too large to keep, taken as independent"""

    columns: dict[str, Singles]
    pairs: tuple[Pair, ...]
    apart: tuple[tuple[str, str], ...]

    @cached_property
    def bits(self) -> dict[tuple[int, Cell, Cell], float]:
        """The surprises met so far, by pair."""
        return {}


@operator("surprise", state=Tables)
@dataclass(frozen=True, init=False)
class Surprise(RowsOperator[Tables]):
    """Add ``into``: the bits of information in a row's combination of values; a great number is an odd row.

    surprise(x) = 1/(d - 1) · sum over the pairs i < j of the d columns of -log2 p(x_i, x_j), which is the row's
    -log2 p(x) when the columns are independent; of one column, -log2 p(x_1).
    p(x_i, x_j) = (n_ij + s p(x_i) p(x_j)) / (n + s): the share of the rows with both, ``smoothing`` s rows of
    independent columns added. p(x_i) = (n_i + 1/(K + 1)) / (n + 1), K the different values: what was not seen counts as
    one more value. A missing value is a value. Without training rows every row scores the same.

    limit : the most combinations kept of a pair; a pair with more is taken as independent, which ``explain`` says
    Text, whole numbers and truth values; cut other numbers by Discretize first. Exact under any chunking.
    Source: self-information (Shannon 1948); pairs as in composite likelihood (Varin, Reid & Firth 2011, Stat. Sinica 21).

    >>> from instar.data.preparing.fitting import fit
    >>> rows = pl.DataFrame({"city": ["Rio"] * 5 + ["Natal"] * 5, "state": ["RJ"] * 4 + ["RN"] * 6})
    >>> fit([Surprise("city", "state")], [rows]).apply(rows).frame["surprise"].round(2).unique().sort().to_list()
    [1.06, 1.39, 3.1]
    """

    columns: tuple[str, ...]
    smoothing: float = 1.0
    limit: int = 50_000
    into: str = "surprise"

    def __init__(self, *columns: str, smoothing: float = 1.0, limit: int = 50_000, into: str = "surprise") -> None:
        must_be_from("Surprise", 1, limit=limit)
        if smoothing <= 0:
            raise BadInput(f"Surprise: smoothing={smoothing} gives what was not seen no probability; give one above 0")
        self._set(columns, smoothing=smoothing, limit=limit, into=into)
        must_name(into, columns, "Surprise")

    def writes(self) -> tuple[str, ...]:
        return (self.into,)

    def output(self, schema: Schema, state: Tables | None = None) -> Schema:
        for name in self.columns:
            category(schema, name, "Surprise")
        return with_score(schema, self.into, "Surprise")

    @property
    def _pairs(self) -> list[tuple[str, str]]:
        return list(combinations(self.columns, 2))

    def needs(self, known: Known) -> dict[Hashable, Of]:
        """One pass: a contingency table of each column, and of each pair."""
        wanted: dict[Hashable, Of] = {(name,): Of(Contingency, name) for name in self.columns}
        wanted |= {pair: Of(Contingency, *pair) for pair in self._pairs}
        return {key: of for key, of in wanted.items() if key not in known}

    def fit(self, summaries: Known) -> Tables:
        columns = {name: _singles(summaries[(name,)]) for name in self.columns}
        pairs, apart = [], []
        for pair in self._pairs:
            table = summaries[pair]
            assert isinstance(table, Contingency)
            if len(table.counts) > self.limit:
                apart.append(pair)
            else:
                pairs.append(_pair(pair, table, columns))
        return Tables(columns, tuple(pairs), tuple(apart))

    def made(self, rows: Batch, state: Tables) -> dict[str, pl.Series | Block]:
        cells = {name: rows.frame.get_column(name).to_list() for name in self.columns}
        if len(self.columns) == 1:
            [(name, singles)] = state.columns.items()
            return {self.into: pl.Series(self.into, [-math.log2(singles.probability(cell)) for cell in cells[name]])}
        total = [0.0] * rows.height
        known = {pair.columns: pair for pair in state.pairs}
        for place, pair in enumerate(self._pairs):
            total = [
                sum_ + self._bits(place, pair, known.get(pair), left, right, state)
                for sum_, left, right in zip(total, cells[pair[0]], cells[pair[1]])
            ]
        share = len(self.columns) - 1
        return {self.into: pl.Series(self.into, [bits / share for bits in total], dtype=pl.Float64)}

    def _bits(
        self, place: int, names: tuple[str, str], pair: Pair | None, left: Cell, right: Cell, state: Tables
    ) -> float:
        """-log2 p(left, right), remembered for values that were seen."""
        if (found := state.bits.get((place, left, right))) is not None:
            return found
        one, other = (state.columns[name] for name in names)
        chance = one.probability(left) * other.probability(right)
        at = (one.places.get(left), other.places.get(right))
        if pair is not None:
            together = 0 if None in at else pair.together.get((at[0] or 0, at[1] or 0), 0)
            chance = (together + self.smoothing * chance) / (one.rows + self.smoothing)
        bits = -math.log2(chance)
        if None not in at and len(state.bits) < 1_000_000:
            state.bits[place, left, right] = bits
        return bits

    def explain(self, state: Tables) -> str:
        lines = []
        for name, seen in state.columns.items():
            apart = [pair for pair in state.apart if name in pair]
            others = [two if one == name else one for one, two in apart]
            beyond = f"; too many combinations with {', '.join(others)}, taken as independent" if apart else ""
            lines.append(f"{name}: {self.into} counts {len(seen.values)} values in {seen.rows} rows{beyond}")
        return "\n".join(lines)


def _singles(table: object) -> Singles:
    assert isinstance(table, Contingency)
    values = sorted((key[0] for key in table.counts), key=in_order)
    counts = tuple(table.counts[(value,)] for value in values)
    return Singles(tuple(values), counts, sum(counts))


def _pair(names: tuple[str, str], table: Contingency, columns: dict[str, Singles]) -> Pair:
    left, right = (columns[name].places for name in names)
    found = sorted((left[one], right[two], count) for (one, two), count in table.counts.items())
    return Pair(
        names, tuple(one for one, _, _ in found), tuple(two for _, two, _ in found), tuple(rows for _, _, rows in found)
    )
