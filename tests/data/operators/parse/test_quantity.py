"""Texts with a number and a unit as numbers in one unit."""

from __future__ import annotations

import subprocess
import sys
from typing import Any, ClassVar

import polars as pl
import pytest
from hypothesis import strategies as st
from tests.contracts.operators import OperatorContract
from tests.contracts.summaries import Cells, SummaryContract

from instar import prep
from instar.base.errors import BadInput, WrongType
from instar.base.schema import Field, Schema
from instar.data.preparing.fitting import fit
from instar.data.summaries import Of, QuantityTexts
from instar.data.values.quantities import split_quantity

TEXTS = st.sampled_from(["12.0 oz", "16 oz.", "1,234.5", "0.5 kg", "N/A", "", "7 m", "3 stone"])
CELLS: Cells = {"Weight": (pl.String(), TEXTS)}
SAMPLE = {"Weight": ["12.0 oz", None, "1,234.5", "N/A", "0.5 kg", "7 m"]}


class TestQuantity(OperatorContract):
    operator = prep.Quantity("Weight", to="gram")
    cells: ClassVar[Cells] = CELLS
    sample: ClassVar[dict[str, list[Any]]] = SAMPLE
    unseen: ClassVar[dict[str, Any]] = {"Weight": "2 pounds"}


class TestQuantityTexts(SummaryContract):
    wish = Of(QuantityTexts, "Weight", decimal=".")
    cells: ClassVar[Cells] = CELLS


def read(texts: list[str | None], **options: Any) -> list[float | None]:
    rows = pl.DataFrame({"x": texts}, schema={"x": pl.String})
    return fit([prep.Quantity("x", **options)], [rows]).apply(rows).frame["x"].to_list()


def test_numbers_with_units_powers_thousands_and_percent_are_read() -> None:
    assert read(["90 min", "1.5 h", "2", None], to="minute") == [90.0, 90.0, 2.0, None]
    assert read(["0.09%", "9 percent", "0.09"]) == pytest.approx([0.0009, 0.09, 0.09])
    assert read(["1,234.5", "-12", "+1e3", ".5", "7."]) == [1234.5, -12.0, 1000.0, 0.5, 7.0]
    assert read(["1.234,5 kg", "0,5 kg"], to="g", decimal=",") == [1234500.0, 500.0]
    assert read(["212 degF"], to="degC") == pytest.approx([100.0])
    assert read(["2 m^2", "3 m * m"], to="cm**2") == pytest.approx([20000.0, 30000.0])


def test_a_unit_is_read_as_written_then_without_its_full_stop_and_in_small_letters_or_as_said() -> None:
    assert read(["1 OZ.", "1 oz.", "1 ounce"], to="oz") == [1.0, 1.0, 1.0]
    assert read(["12 oz"], to="ml", units={"oz": "fluid_ounce"}) == pytest.approx([354.8823548])
    assert read(["3 seasons", "1 season"], units={"season": "", "seasons": ""}) == [3.0, 1.0]


def test_what_is_no_quantity_is_missing_and_counted() -> None:
    rows = pl.DataFrame({"x": ["12 oz", "N/A", "5 m", "5 quux", "12 oz", None]})
    ready = fit([prep.Quantity("x", to="g")], [rows])
    assert ready.apply(rows).frame["x"].null_count() == 4
    state = ready.states[0].columns["x"]  # type: ignore[attr-defined]
    assert (state.rows, state.unread, state.missing) == (2, 3, 1)
    assert ready.explain() == "x: in g; 2 of 5 texts were read (oz); not read: 1 in m, 1 in quux, 'N/A'"


def test_what_is_no_quantity_is_refused_with_its_text_when_that_is_wished() -> None:
    for text in ("N/A", "5 m", "5 quux"):
        with pytest.raises(BadInput, match=f"Quantity: column 'x' has '{text}', which is no number in g"):
            read([text], to="g", strict=True)


@pytest.mark.parametrize("text", ["1,23", "1 2", "e5", ".", "1e999", "５", "5 m**9**9", "5 m**99", "9" * 300, "5 m/"])
def test_a_text_that_only_looks_like_a_quantity_is_none(text: str) -> None:
    assert split_quantity(text) is None


def test_the_schema_gets_the_unit_and_a_wrong_definition_is_refused_at_once() -> None:
    assert prep.Quantity("x", to="g").output(Schema.of(Field("x", "string")))["x"] == Field("x", "float64", "g")
    with pytest.raises(WrongType, match="'x' is int64, text is needed"):
        prep.Quantity("x").output(Schema.of(Field("x", "int64")))
    with pytest.raises(BadInput, match="the unit 'quux' is unknown"):
        prep.Quantity("x", to="quux").output(Schema.of(Field("x", "string")))
    with pytest.raises(BadInput, match="'meter' cannot be converted to 'g'"):
        prep.Quantity("x", to="g", units={"m": "meter"}).output(Schema.of(Field("x", "string")))
    with pytest.raises(BadInput, match="marks no fraction"):
        prep.Quantity("x", decimal=";")


def test_a_unit_that_training_has_seen_needs_no_pint_in_service() -> None:
    data = fit([prep.Quantity("x", to="g")], [pl.DataFrame({"x": ["2 kg"]})]).to_bytes()
    script = (
        "import sys; sys.modules['pint'] = None\n"
        "import polars as pl; from instar.data.preparing.preparation import Preparation\n"
        "ready = Preparation.from_bytes(sys.stdin.buffer.read())\n"
        "print(ready.matrix(pl.DataFrame({'x': ['3 kg']})), ready.output['x'].unit)"
    )
    done = subprocess.run([sys.executable, "-c", script], input=data, capture_output=True, check=False)
    assert done.stdout.decode().split() == ["[[3000.]]", "g"], done.stderr.decode()
