"""One column for each group of columns that say the same."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import msgspec
import numpy as np

from instar.base.errors import BadInput
from instar.data.operators.operator import Known, operator
from instar.data.operators.reduce.select_variance import ROUNDING
from instar.data.operators.reduce.selecting import SelectOperator
from instar.data.summaries import Of, Scatter


class Represented(msgspec.Struct, frozen=True):
    """place : of a value that is left out;  correlation : with the one that stands for it"""

    place: int
    correlation: float


class Groups(msgspec.Struct, frozen=True):
    """stands_for : of each place kept, those that it stands for, ascending;  of : values read;  rows, left_out : seen"""

    kept: tuple[int, ...]
    stands_for: tuple[tuple[Represented, ...], ...]
    of: int
    rows: int
    left_out: int


@operator("select_correlation", state=Groups)
@dataclass(frozen=True, init=False)
class SelectCorrelation(SelectOperator[Groups]):
    """Of columns that are correlated, one representative, as one array; ``explain`` says which columns it stands for.

    Pearson's correlation r over the rows whose values are all there and finite. Again and again, of the columns left, the
    one with most others at ``|r| >= limit`` is kept (ties: the first named), and those others are left out. So each column
    left out has that correlation with the one that stands for it. A constant or empty column is correlated with none
    and is kept: SelectVariance leaves it out. A missing value stays missing.

    columns : of numbers, or one column of arrays, whose values are selected;  into : the array's name

    >>> from instar.data.preparing.fitting import fit
    >>> import polars as pl
    >>> films = pl.DataFrame({"Minutes": [90, 120, 100], "Seconds": [5400, 7200, 6000], "Year": [1990, 1980, 2000]})
    >>> print(fit([SelectCorrelation("Minutes", "Seconds", "Year")], [films]).explain())
    selected: 2 of 3 values of Minutes, Seconds, Year stand for all at |r| >= 0.9 (3 rows)
    Minutes: kept, stands for Seconds (r = 1.000)
    Year: kept, stands for itself
    """

    columns: tuple[str, ...]
    limit: float = 0.9
    into: str = "selected"

    def __init__(self, *columns: str, limit: float = 0.9, into: str = "selected") -> None:
        if not 0 < limit <= 1:
            raise BadInput(f"SelectCorrelation: limit={limit}; give more than 0, at most 1")
        self._set_into(columns, into, limit=float(limit))

    def needs(self, known: Known) -> dict[Hashable, Of]:
        return {} if "seen" in known else {"seen": Of(Scatter, *self.columns)}

    def fit(self, summaries: Known) -> Groups:
        seen = summaries["seen"]
        assert isinstance(seen, Scatter)
        found = seen.correlation()
        # What rounding leaves of a constant is correlated with anything by chance.
        constant = np.sqrt(np.diag(seen.covariance())) <= ROUNDING * np.abs(seen.mean)
        found[constant, :] = found[:, constant] = 0.0
        found = np.nan_to_num(found, nan=0.0)
        near = np.abs(found) >= self.limit - ROUNDING
        np.fill_diagonal(near, False)
        groups: dict[int, tuple[Represented, ...]] = {}
        left = np.ones(seen.width, dtype=bool)
        while left.any():
            place = int(np.argmax(np.where(left, (near & left).sum(axis=1), -1)))
            others = np.flatnonzero(near[place] & left).tolist()
            groups[place] = tuple(Represented(other, round(float(found[place, other]), 9)) for other in others)
            left[[place, *others]] = False
        kept = tuple(sorted(groups))
        return Groups(kept, tuple(groups[place] for place in kept), seen.width, seen.n, seen.left_out)

    def kept(self, state: Groups) -> tuple[int, ...]:
        return state.kept

    def width(self, state: Groups) -> int:
        return state.of

    def explain(self, state: Groups) -> str:
        names = self.value_names(state.of)
        left_out = f", {state.left_out} incomplete ones left out" if state.left_out else ""
        lines = [
            f"{self.into}: {len(state.kept)} of {state.of} values of {', '.join(self.columns)} stand for all at "
            f"|r| >= {self.limit:.6g} ({state.rows} rows{left_out})"
        ]
        for place, others in zip(state.kept, state.stands_for):
            said = ", ".join(f"{names[other.place]} (r = {other.correlation:.3f})" for other in others)
            lines.append(f"{names[place]}: kept, stands for {said or 'itself'}")
        return "\n".join(lines)
