"""Columns that vary."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import msgspec
import numpy as np

from instar.base.errors import BadInput
from instar.data.operators.operator import Known, operator
from instar.data.operators.reduce.selecting import SelectOperator
from instar.data.operators.types import finite
from instar.data.summaries import ArrayMoments, Of

ROUNDING = 1e-12  # a deviation below this share of the mean is what rounding leaves of a constant


class Variances(msgspec.Struct, frozen=True):
    """kept : places of the values kept;  variances : of each value read, in its unit squared"""

    kept: tuple[int, ...]
    variances: tuple[float, ...]


@operator("select_variance", state=Variances)
@dataclass(frozen=True, init=False)
class SelectVariance(SelectOperator[Variances]):
    """The columns whose variance is above ``above``, as one array; with 0, all that are not constant.

    The variance is that of the values as a whole population, in the column's unit squared; missing and infinite values
    are left out. An empty column has the variance 0. A missing value stays missing. If no column varies, the array has
    no values.

    columns : of numbers, or one column of arrays, whose values are selected;  into : the array's name

    >>> from instar.data.preparing.fitting import fit
    >>> import polars as pl
    >>> films = pl.DataFrame({"Year": [1990, 2000], "Country": [1, 1]})
    >>> preparation = fit([SelectVariance("Year", "Country")], [films])
    >>> preparation.feature_names(), preparation.apply(films).frame["selected"].to_list()
    (('selected=Year',), [[1990.0], [2000.0]])
    """

    columns: tuple[str, ...]
    above: float = 0.0
    into: str = "selected"

    def __init__(self, *columns: str, above: float = 0.0, into: str = "selected") -> None:
        if not above >= 0:
            raise BadInput(f"SelectVariance: above={above}; a variance is never below 0")
        self._set_into(columns, into, above=float(above))

    def needs(self, known: Known) -> dict[Hashable, Of]:
        return {} if "seen" in known else {"seen": Of(ArrayMoments, *self.columns)}

    def fit(self, summaries: Known) -> Variances:
        seen = summaries["seen"]
        assert isinstance(seen, ArrayMoments)
        variances = seen.variance()
        variances[np.sqrt(variances) <= ROUNDING * np.abs(seen.mean)] = 0.0
        found = tuple(finite(each, "SelectVariance", "+".join(self.columns)) for each in variances.tolist())
        return Variances(tuple(place for place, each in enumerate(found) if each > self.above), found)

    def kept(self, state: Variances) -> tuple[int, ...]:
        return state.kept

    def width(self, state: Variances) -> int:
        return len(state.variances)

    def explain(self, state: Variances) -> str:
        names = self.value_names(len(state.variances))
        lines = [f"{self.into}: {len(state.kept)} of {len(names)} values of {', '.join(self.columns)} vary enough"]
        for place, (name, variance) in enumerate(zip(names, state.variances)):
            kept = "kept" if place in state.kept else f"left out, not above {self.above:.6g}"
            lines.append(f"{name}: variance {variance:.6g}, {kept}")
        return "\n".join(lines)
