"""How common a row's category is."""

from __future__ import annotations

from typing import Any, ClassVar

import polars as pl
from hypothesis import strategies as st
from tests.contracts.operators import OperatorContract
from tests.contracts.summaries import Cells

from instar import prep
from instar.data.preparing.fitting import fit


class TestFrequency(OperatorContract):
    operator = prep.Frequency("Rated", "Year")
    cells: ClassVar[Cells] = {
        "Rated": (pl.String(), st.sampled_from(["R", "PG", "", "é"])),
        "Year": (pl.Int64(), st.integers(-5, 5)),
    }
    sample: ClassVar[dict[str, list[Any]]] = {"Rated": ["R", None, "PG", "R", "", "G"], "Year": [1, 2, None, 4, 5, 6]}
    unseen: ClassVar[dict[str, Any]] = {"Rated": "X", "Year": 10**9}


def test_a_category_not_seen_has_the_share_0_and_a_missing_one_stays_missing() -> None:
    seen = pl.DataFrame({"Rated": ["R", "R", "PG", None, "R"]})
    preparation = fit([prep.Frequency("Rated")], [seen])
    rows = pl.DataFrame({"Rated": ["R", "X", None]})
    assert preparation.apply(rows).frame["Rated"].to_list() == [0.75, 0.0, None]
    assert preparation.explain() == (
        "Rated: the share of its category among 4 values (R 0.75, PG 0.25); one not seen has 0"
    )
