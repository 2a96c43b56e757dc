"""Numbers in another unit."""

from __future__ import annotations

import subprocess
import sys
from typing import Any, ClassVar

import polars as pl
import pytest
from hypothesis import strategies as st
from tests.contracts.operators import OperatorContract
from tests.contracts.summaries import Cells

from instar import prep
from instar.base.errors import BadInput, WrongType
from instar.base.schema import Field, Schema
from instar.data.preparing.fitting import Fitting, fit
from instar.data.preparing.preparation import Preparation

WEATHER = Schema.of(Field("high", "float64", "degC"), Field("rain", "float64", "mm"), Field("note", "string"))


class TestConvertUnit(OperatorContract):
    operator = prep.ConvertUnit("high", "low", to="degF", unit=["degC", "kelvin"])
    cells: ClassVar[Cells] = {
        "high": (pl.Float64(), st.floats(-1e9, 1e9) | st.just(float("nan"))),
        "low": (pl.Int64(), st.integers(-(10**6), 10**6)),
    }
    sample: ClassVar[dict[str, list[Any]]] = {"high": [1.5, None, 0.1, 0.2, 0.3, 100.25], "low": [1, 2, None, 4, 5, 6]}
    unseen: ClassVar[dict[str, Any]] = {"high": float("inf"), "low": 10**9}


def converted(value: float, unit: str, to: str) -> float:
    rows = pl.DataFrame({"x": [value]})
    found: float = fit([prep.ConvertUnit("x", to=to, unit=unit)], [rows]).apply(rows).frame["x"].item()
    return found


@pytest.mark.parametrize(
    ("value", "unit", "to", "expected"),
    [
        (100.0, "degC", "degF", 212.0),
        (-40.0, "degF", "degC", -40.0),
        (10.0, "delta_degC", "delta_degF", 18.0),
        (0.0, "kelvin", "degC", -273.15),
        (90.0, "minute", "hour", 1.5),
        (1.0, "mile/hour", "km/h", 1.609344),
        (3.6, "mm/h", "m/s", 1e-6),
        (1.0, "m^2", "foot^2", 10.763910416709722),
        (9.0, "percent", "", 0.09),
        (1.0, "oz", "g", 28.349523125),
        (1.0, "", "percent", 100.0),
    ],
)
def test_it_converts_points_differences_rates_and_shares(value: float, unit: str, to: str, expected: float) -> None:
    if not unit:
        unit = "dimensionless"
    assert converted(value, unit, to) == pytest.approx(expected, rel=1e-15)


def fitting(*operators: Any) -> Fitting:
    return Fitting(operators, WEATHER)


def test_the_unit_comes_from_the_schema_and_the_new_one_goes_into_it() -> None:
    ready = fitting(prep.ConvertUnit("high", to="degF"), prep.ConvertUnit("high", to="kelvin")).preparation()
    assert ready.operators == (
        prep.ConvertUnit("high", to="degF", unit="degC"),
        prep.ConvertUnit("high", to="kelvin", unit="degF"),
    )
    assert ready.inputs["high"].unit == "degC"
    assert ready.output["high"].unit == "kelvin"
    assert ready.apply(pl.DataFrame({"high": [0.0]})).frame["high"].item() == pytest.approx(273.15)
    assert ready.explain().splitlines()[0] == "high: degC to degF, times 1.8, plus 32"


def test_what_cannot_be_converted_is_refused_before_any_row_is_read() -> None:
    with pytest.raises(BadInput, match=r"column 'high': 'degC' cannot be converted to 'mm': .*temperature.*length"):
        fitting(prep.ConvertUnit("high", to="mm"))
    with pytest.raises(BadInput, match=r"'oz' measures mass, 'liter' measures length\^3"):
        Fitting([prep.ConvertUnit("x", to="liter", unit="oz")], Schema.of(Field("x", "float64")))
    with pytest.raises(WrongType, match="'note' is string"):
        fitting(prep.ConvertUnit("note", to="mm"))
    without = Schema.of(Field("rain", "float64"))
    with pytest.raises(BadInput, match="column 'rain' has no unit; give unit=… here, or units="):
        Fitting([prep.ConvertUnit("rain", to="mm")], without)
    with pytest.raises(BadInput, match="column 'rain': the unit 'wetness' is unknown"):
        Fitting([prep.ConvertUnit("rain", to="mm")], Schema.of(Field("rain", "float64", "wetness")))


def test_a_schema_and_an_option_that_contradict_each_other_are_refused_and_two_spellings_are_not() -> None:
    with pytest.raises(BadInput, match="is in 'mm' by its schema and in 'inch' by unit="):
        fitting(prep.ConvertUnit("rain", to="cm", unit="inch"))
    fitting(prep.ConvertUnit("rain", to="cm", unit="millimeter"))


@pytest.mark.parametrize("unit", ["foo", "m/", "@", "2*m", "(", "kg**"])
def test_an_unknown_unit_is_refused_before_any_row_is_read(unit: str) -> None:
    with pytest.raises(BadInput, match=r"the unit .* is unknown; write it as pint does"):
        fitting(prep.ConvertUnit("high", to=unit))


def test_a_logarithmic_unit_and_a_wrong_number_of_units_are_refused() -> None:
    with pytest.raises(BadInput, match="no factor and offset"):
        Fitting([prep.ConvertUnit("x", to="watt", unit="dBm")], Schema.of(Field("x", "float64")))
    with pytest.raises(BadInput, match="2 columns and 3 units"):
        prep.ConvertUnit("x", "y", to="m", unit=["m", "m", "m"])


def test_a_served_row_needs_no_pint() -> None:
    data = fitting(prep.ConvertUnit("high", to="degF")).preparation().to_bytes()
    assert Preparation.from_bytes(data).output["high"].unit == "degF"
    script = (
        "import sys; sys.modules['pint'] = None\n"
        "import polars as pl; from instar.data.preparing.preparation import Preparation\n"
        "ready = Preparation.from_bytes(sys.stdin.buffer.read())\n"
        "print(ready.matrix(pl.DataFrame({'high': [100.0]})), ready.output['high'].unit)"
    )
    done = subprocess.run([sys.executable, "-c", script], input=data, capture_output=True, check=False)
    assert done.stdout.decode().split() == ["[[212.]]", "degF"], done.stderr.decode()
