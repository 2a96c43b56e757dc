"""What Standardize, MinMax and Discretize do beyond the laws."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from sklearn.preprocessing import KBinsDiscretizer, MinMaxScaler, StandardScaler
from tests.contracts.operators import dense

from instar import prep
from instar.base.errors import BadInput, WrongType
from instar.base.schema import Field, Schema
from instar.data.preparing.fitting import fit

VALUES = np.random.default_rng(7).normal(50, 12, size=(3000, 2))
FRAME = pl.DataFrame(VALUES, schema=["a", "b"])
CHUNKS = list(FRAME.iter_slices(700))


def test_standardize_gives_what_scikit_learn_gives() -> None:
    ours = dense(fit([prep.Standardize("a", "b")], CHUNKS).matrix(FRAME))
    np.testing.assert_allclose(ours, StandardScaler().fit_transform(VALUES), rtol=1e-10, atol=1e-12)


def test_min_max_gives_what_scikit_learn_gives() -> None:
    ours = dense(fit([prep.MinMax("a", "b")], CHUNKS).matrix(FRAME))
    np.testing.assert_allclose(ours, MinMaxScaler().fit_transform(VALUES), rtol=1e-12, atol=1e-15)
    assert (ours.min(), ours.max()) == (0.0, 1.0)


def test_discretize_gives_the_bins_of_scikit_learn_as_small_integers() -> None:
    ours = fit([prep.Discretize("a", "b", bins=8)], CHUNKS).apply(FRAME).frame
    theirs = KBinsDiscretizer(8, strategy="uniform", encode="ordinal", subsample=None).fit_transform(VALUES)
    assert ours.schema == {"a": pl.UInt8, "b": pl.UInt8}
    assert (ours.to_numpy() == theirs).mean() > 0.999  # the edges may differ in their last bit


def test_a_constant_column_gets_the_spread_one() -> None:
    constant = pl.DataFrame({"x": [0.1] * 7})
    for operator in (prep.Standardize("x"), prep.MinMax("x")):
        assert fit([operator], [constant]).apply(constant).frame["x"].unique().to_list() == [0.0]


def test_an_integer_column_gives_floats() -> None:
    assert prep.Standardize("Year").output(Schema.of(Field("Year", "int64", unit="year")))["Year"] == Field(
        "Year", "float64"
    )


def test_values_outside_are_clipped_only_when_asked() -> None:
    seen, later = pl.DataFrame({"x": [0, 10]}), pl.DataFrame({"x": [-5, 20]})
    assert fit([prep.MinMax("x")], [seen]).apply(later).frame["x"].to_list() == [-0.5, 2.0]
    assert fit([prep.MinMax("x", clip=True)], [seen]).apply(later).frame["x"].to_list() == [0.0, 1.0]
    assert fit([prep.Discretize("x", bins=4)], [seen]).apply(later).frame["x"].to_list() == [0, 3]


def test_infinite_values_do_not_poison_what_is_learned() -> None:
    seen = pl.DataFrame({"x": [0.0, 10.0, float("inf"), float("-inf")]})
    assert fit([prep.MinMax("x", clip=True)], [seen]).apply(seen).frame["x"].to_list() == [0.0, 1.0, 1.0, 0.0]
    assert fit([prep.Discretize("x", bins=2)], [seen]).apply(seen).frame["x"].to_list() == [0, 1, 1, 0]


def test_values_too_large_for_a_float_are_refused() -> None:
    huge = pl.DataFrame({"x": [-1.7e308, 1.7e308]})
    for operator in (prep.Standardize("x"), prep.MinMax("x")):
        with (
            np.errstate(over="ignore"),
            pytest.raises(BadInput, match="'x' are too large for float64; change its unit"),
        ):
            fit([operator], [huge])


def test_text_is_refused_where_it_is_defined() -> None:
    schema = Schema.of(Field("Rated", "string"), Field("Genre", "array[float32,?]"))
    with pytest.raises(
        WrongType, match=r"""Standardize: column 'Rated' is string.*Cast\("Rated", to="float64"\) first"""
    ):
        prep.Standardize("Rated").output(schema)
    with pytest.raises(WrongType, match="another operator has made it a block"):
        prep.Standardize("Genre").output(schema)


def test_a_number_of_bins_is_needed() -> None:
    with pytest.raises(BadInput, match="bins=0 is not between 1 and"):
        prep.Discretize("x", bins=0)
    assert prep.Discretize("x", bins=300).output(Schema.of(Field("x", "float64")))["x"].type == "uint16"
