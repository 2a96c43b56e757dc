"""One number for each category."""

from __future__ import annotations

from typing import Any, ClassVar

import polars as pl
import pytest
from hypothesis import strategies as st
from tests.contracts.operators import OperatorContract
from tests.contracts.summaries import Cells

from instar import prep
from instar.base.errors import BadInput, WrongType
from instar.data.preparing.fitting import fit
from instar.data.rows.frames import schema_of

SIZES = pl.DataFrame({"Size": ["M", "L", None, "M", "S"]})


class TestOrdinalByFrequency(OperatorContract):
    operator = prep.Ordinal("Size", "Year", order="frequency", unknown="own")
    cells: ClassVar[Cells] = {
        "Size": (pl.String(), st.sampled_from(["S", "M", "L", "é", ""])),
        "Year": (pl.Int64(), st.integers(0, 5)),
    }
    sample: ClassVar[dict[str, list[Any]]] = {
        "Size": ["S", None, "M", "L", "M", ""],
        "Year": [1999, 2001, None, 1954, 2001, 7],
    }
    unseen: ClassVar[dict[str, Any]] = {"Size": "XXL", "Year": 10**9}


class TestOrdinalAsGiven(OperatorContract):
    operator = prep.Ordinal("Sequel", order=[True, False])
    cells: ClassVar[Cells] = {"Sequel": (pl.Boolean(), st.booleans())}
    sample: ClassVar[dict[str, list[Any]]] = {"Sequel": [True, None, True, False, True, False]}
    unseen: ClassVar[dict[str, Any]] = {"Sequel": False}


def codes(operator: prep.Ordinal, rows: pl.DataFrame = SIZES) -> list[int | None]:
    return fit([operator], [SIZES]).apply(rows).frame["Size"].to_list()


def test_the_order_is_by_value_by_frequency_or_as_given() -> None:
    assert codes(prep.Ordinal("Size")) == [1, 0, None, 1, 2]
    assert codes(prep.Ordinal("Size", order="frequency")) == [0, 1, None, 0, 2]
    assert codes(prep.Ordinal("Size", order=["S", "M", "L"])) == [1, 2, None, 1, 0]


def test_an_unseen_category_is_missing_or_has_the_number_after_the_last_or_is_refused() -> None:
    other = pl.DataFrame({"Size": ["XXL", None]})
    assert codes(prep.Ordinal("Size"), other) == [None, None]
    assert codes(prep.Ordinal("Size", unknown="own"), other) == [3, None]
    with pytest.raises(BadInput, match="Ordinal: column 'Size' has 'XXL', which training has not seen"):
        codes(prep.Ordinal("Size", unknown="error"), other)


def test_it_says_which_number_each_category_has() -> None:
    words = fit([prep.Ordinal("Size", unknown="own")], [SIZES]).explain()
    assert words == "Size: 3 categories learned from 4 values: L 0, M 1, S 2; any other is 3"


@pytest.mark.parametrize("options", [{"order": "wrong"}, {"order": []}, {"order": ["a", "a"]}, {"order": ["a", 1]}])
def test_an_order_that_is_none_is_refused_at_once(options: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match="order"):
        prep.Ordinal("Size", **options)


def test_an_order_of_another_type_than_the_column_is_refused_before_any_row_is_read() -> None:
    with pytest.raises(WrongType, match="'Size' is string, a column that can hold 1"):
        prep.Ordinal("Size", order=[1, 2]).output(schema_of(SIZES))
    with pytest.raises(BadInput, match="missing, own, error"):
        prep.Ordinal("Size", unknown="ignore")  # type: ignore[arg-type]
