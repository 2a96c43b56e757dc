"""Every operator of the table keeps the laws; what each one does beyond them is in its own file."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar

import polars as pl
from hypothesis import strategies as st
from tests.contracts.operators import OperatorContract
from tests.contracts.summaries import Cells

from instar import prep
from instar.data.operators import OPERATORS
from instar.data.preparing.preparation import Preparation

Row = dict[str, Any]
Rows = dict[str, list[Any]]
NUMBERS: Cells = {
    "Runtime": (pl.Float64(), st.floats(-1e9, 1e9) | st.just(float("nan"))),
    "Year": (pl.Int64(), st.integers(-(10**6), 10**6)),
}
NUMBERS_SAMPLE: Rows = {
    "Runtime": [90.5, None, 0.1, 0.2, 0.3, 100.25],
    "Year": [1999, 2001, None, 1954, 2001, 7],
}
FAR: Row = {"Runtime": -3e12, "Year": 10**9}
GENRES = st.lists(st.sampled_from(["Comedy", "Drama", "Ação", "War", " ", ""]), max_size=4).map(", ".join)
TITLES = st.text("ab É2_-'", max_size=12)
REFUSING = {
    "require"
}  # it gives no row that lacks a value, and the laws are about such rows: see missing/test_by_group


class Numeric(OperatorContract):
    cells = NUMBERS
    sample = NUMBERS_SAMPLE
    unseen = FAR


class TestStandardize(Numeric):
    operator = prep.Standardize("Runtime", "Year")

    def agrees(self, one: Preparation, other: Preparation, frame: pl.DataFrame) -> bool:
        left, right = one.states[0].columns, other.states[0].columns  # type: ignore[attr-defined]
        return all(close(left[name], right[name], frame[name]) for name in ("Runtime", "Year"))


class TestImputeMean(Numeric):
    operator = prep.Impute("Runtime", "Year", strategy="mean", indicator=True)

    def agrees(self, one: Preparation, other: Preparation, frame: pl.DataFrame) -> bool:
        left, right = one.states[0].columns, other.states[0].columns  # type: ignore[attr-defined]
        return all(
            abs(left[name].value - right[name].value) <= 1e-12 * greatest(frame[name])
            and left[name].missing == right[name].missing
            for name in ("Runtime", "Year")
        )


class TestImputeMedian(Numeric):
    """Chunks of up to 512 rows keep all their values, so the median is the same for every chunking of so few."""

    operator = prep.Impute("Runtime", "Year", strategy="median")


class TestImputeMode(Numeric):
    operator = prep.Impute("Runtime", "Year", strategy="mode")


class TestImputeConstant(Numeric):
    operator = prep.Impute("Runtime", "Year", strategy="constant", value=-1)


class TestMinMax(Numeric):
    operator = prep.MinMax("Runtime", "Year")


class TestMinMaxClipped(Numeric):
    operator = prep.MinMax("Runtime", "Year", clip=True)


class TestDiscretize(Numeric):
    operator = prep.Discretize("Runtime", "Year", bins=7)


class TestColumn(Numeric):
    operator = prep.Column("Runtime", "Year")


class TestAbove(Numeric):
    operator = prep.Above("Runtime", quantile=0.5)
    cells: ClassVar[Cells] = {"Runtime": NUMBERS["Runtime"]}
    sample: ClassVar[Rows] = {"Runtime": NUMBERS_SAMPLE["Runtime"]}
    unseen: ClassVar[Row] = {"Runtime": 1e300}


class TestCast(OperatorContract):
    operator = prep.Cast("Year", to="float64")
    cells: ClassVar[Cells] = {"Year": (pl.String(), st.integers(-9, 9).map(str))}
    sample: ClassVar[Rows] = {"Year": ["1", None, "2", "3", "3", "8"]}
    unseen: ClassVar[Row] = {"Year": "12.5"}


class TestCastThatForgives(OperatorContract):
    operator = prep.Cast("Released", to="date", format="%d %b %Y", strict=False)
    cells: ClassVar[Cells] = {"Released": (pl.String(), st.sampled_from(["12 Mar 1998", "N/A", ""]))}
    sample: ClassVar[Rows] = {"Released": ["12 Mar 1998", None, "N/A", "1 Jan 2001", "", "?"]}
    unseen: ClassVar[Row] = {"Released": "31 Feb 2000"}


class TestImputeText(OperatorContract):
    operator = prep.Impute("Rated", strategy="mode", indicator=True)
    cells: ClassVar[Cells] = {"Rated": (pl.String(), st.sampled_from(["R", "PG", ""]))}
    sample: ClassVar[Rows] = {"Rated": ["R", None, "PG", "R", "PG", ""]}
    unseen: ClassVar[Row] = {"Rated": "G"}


class TestOneHot(OperatorContract):
    operator = prep.OneHot("Rated", "Year", limit=3)
    cells: ClassVar[Cells] = {
        "Rated": (pl.String(), st.sampled_from(["R", "PG", "G", "é", ""])),
        "Year": NUMBERS["Year"],
    }
    sample: ClassVar[Rows] = {"Rated": ["R", None, "PG", "R", "PG", ""], "Year": NUMBERS_SAMPLE["Year"]}
    unseen: ClassVar[Row] = {"Rated": "X", "Year": 10**9}


class TestOneHotOfTruth(OperatorContract):
    operator = prep.OneHot("Sequel")
    cells: ClassVar[Cells] = {"Sequel": (pl.Boolean(), st.booleans())}
    sample: ClassVar[Rows] = {"Sequel": [True, None, True, False, True, False]}
    unseen: ClassVar[Row] = {"Sequel": False}


class TestMultiHot(OperatorContract):
    operator = prep.MultiHot("Genre", separator=", ")
    cells: ClassVar[Cells] = {"Genre": (pl.String(), GENRES)}
    sample: ClassVar[Rows] = {"Genre": ["Comedy, Drama", None, "", "War", "Drama,Comedy", "Ação"]}
    unseen: ClassVar[Row] = {"Genre": "Western, Noir"}


class TestTfIdf(OperatorContract):
    operator = prep.TfIdf("Title", terms=5)
    cells: ClassVar[Cells] = {"Title": (pl.String(), TITLES)}
    sample: ClassVar[Rows] = {"Title": ["Blood Simple", None, "", "True Blood", "Simple Men", "the men"]}
    unseen: ClassVar[Row] = {"Title": "Nothing known ÀÉ"}


def test_every_operator_of_the_table_is_held_to_the_laws() -> None:
    """Also those of the families, whose laws are in their folders."""
    here = Path(__file__).parent
    for path in sorted(here.glob("*/test_*.py")):
        if "OperatorContract" in path.read_text(encoding="utf-8"):
            import_module(".".join(("tests.data.operators", *path.relative_to(here).with_suffix("").parts)))
    tested = {cls.operator.name for cls in descendants(OperatorContract) if hasattr(cls, "operator")}
    assert set(OPERATORS.names()) - tested <= REFUSING


def descendants(cls: type[OperatorContract]) -> set[type[OperatorContract]]:
    return {cls}.union(*map(descendants, cls.__subclasses__()))


def greatest(column: pl.Series) -> float:
    return max((abs(value) for value in column.drop_nulls().to_list() if value == value), default=0.0)


def close(one: Any, other: Any, column: pl.Series) -> bool:
    room = 1e-12 * greatest(column)
    gaps = [abs(one.mean - other.mean), abs(one.spread - other.spread)]
    return bool(one.values == other.values) and max(gaps) <= room
