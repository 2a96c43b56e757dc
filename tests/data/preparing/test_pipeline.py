"""Rows with and without NaN go two ways through a pipeline, and come out the same."""

from __future__ import annotations

import math

import polars as pl
import pytest

from instar import prep
from instar.data.operators import AnyOperator
from instar.data.preparing.preparation import Preparation

NAMES = ["a", "b", "c", "d", "e"]


@pytest.fixture
def preparation() -> Preparation:
    rows = pl.DataFrame({name: [float(at * place) for at in range(9)] for place, name in enumerate(NAMES, 1)})
    operators: list[AnyOperator] = [
        prep.Impute("a", "b"),
        prep.Standardize("a", "c"),
        prep.MinMax("d"),
        prep.MaxAbs("e"),
    ]
    return prep.fit([*operators, prep.Pca("b", "c", components=1)], rows)


@pytest.mark.parametrize("height", [1, 2, 300])
@pytest.mark.parametrize("odd", [None, math.nan, math.inf, -math.inf])
def test_an_odd_value_changes_its_own_cells_only(preparation: Preparation, height: int, odd: float | None) -> None:
    plain = pl.DataFrame({name: [float(at + place) for at in range(height)] for place, name in enumerate(NAMES)})
    spoiled = plain.with_columns(pl.when(pl.int_range(pl.len()) == 0).then(odd).otherwise(pl.col("d")).alias("d"))
    one, other = (preparation.apply(frame).to_polars() for frame in (plain, spoiled))
    assert one.drop("d").equals(other.drop("d"))
    assert one["d"][1:].equals(other["d"][1:])
    first = other["d"][0]
    assert first is None if odd is None or math.isnan(odd) else math.isinf(first)
