"""What the target is, on average, where a row's category is; and that no training row sees its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import polars as pl
import pytest
import sklearn.preprocessing
from hypothesis import given
from hypothesis import strategies as st
from tests.contracts.operators import OperatorContract, dense
from tests.contracts.summaries import SETTINGS, Cells, SummaryContract, chunkings

from instar import prep
from instar.base.errors import BadInput, WrongType
from instar.base.rows import row_digests
from instar.base.schema import Field, Schema
from instar.data.operators import AnyOperator
from instar.data.operators.encode.shrinking import Moments, estimated
from instar.data.preparing.fitting import Fitting, fit
from instar.data.rows.folds import FOLDS, with_fold
from instar.data.summaries import GroupMoments, Of

CITIES = st.sampled_from(["Rio", "Recife", "Natal", "é", ""])


class Supervised(OperatorContract):
    """The target is a number that follows from the row, so that every chunking has the same one."""

    cells: ClassVar[Cells] = {"City": (pl.String(), CITIES), "Rooms": (pl.Int64(), st.integers(0, 4))}
    sample: ClassVar[dict[str, list[Any]]] = {
        "City": ["Rio", None, "Rio", "Natal", "", "é"],
        "Rooms": [1, 2, None, 1, 4, 2],
    }
    unseen: ClassVar[dict[str, Any]] = {"City": "Belém", "Rooms": 99}

    target = "Rent"

    def targeted(self, frame: pl.DataFrame) -> pl.DataFrame:
        rent = pl.Series((row_digests(frame, ["City", "Rooms"], 1) % np.uint64(7)).astype(np.int64))
        return frame.with_columns(rent.alias("Rent"))


class TestTargetEncodeOfNumbers(Supervised):
    operator = prep.TargetEncode("City", "Rooms", smoothing=2.5)


class TestTargetEncodeOfClasses(Supervised):
    operator = prep.TargetEncode("City", "Rooms", smoothing=1, classes=True)

    def targeted(self, frame: pl.DataFrame) -> pl.DataFrame:
        return super().targeted(frame).with_columns((pl.col("Rent") % 3).cast(pl.String))


class TestGroupMoments(SummaryContract):
    wish = Of(GroupMoments, "City", "Rooms", "Rent")
    cells: ClassVar[Cells] = {
        "City": (pl.String(), CITIES),
        "Rooms": (pl.Int64(), st.integers(0, 2)),
        "Rent": (pl.Float64(), st.floats(-1e6, 1e6) | st.sampled_from([float("nan"), float("inf")])),
    }

    def agrees(self, one: Any, other: Any, frame: pl.DataFrame) -> bool:
        if one.groups.keys() != other.groups.keys() or one.kinds != other.kinds:
            return False
        pairs = [(one.groups[key], other.groups[key]) for key in one.groups]
        return all(
            left[0] == right[0]
            and left[1] == pytest.approx(right[1], abs=1e-12 * 1e6 * left[0])
            and left[2] == pytest.approx(right[2], abs=1e-12 * 1e12 * left[0])
            for left, right in pairs
        )


def matrix(operators: Sequence[AnyOperator], frame: pl.DataFrame, training: bool = False) -> Any:
    return dense(fit(operators, [frame], target="Rent").matrix(frame, training))


def rents(rows: int = 400, seed: int = 7) -> pl.DataFrame:
    """Cities of very different size, and a rent that depends on the city."""
    rng = np.random.default_rng(seed)
    city = rng.geometric(0.08, rows).clip(max=40)
    return pl.DataFrame(
        {
            "City": [f"city {number}" for number in city],
            "Id": np.arange(rows),  # so that no two rows are equal, and every one has a fold of its own
            "Rent": rng.normal(size=rows) + np.sin(city),
        }
    )


FEATURES: list[AnyOperator] = [prep.TargetEncode("City"), prep.Column("Id")]


@pytest.mark.parametrize("smoothing", ["auto", 0, 3])
def test_the_value_of_a_training_row_does_not_depend_on_its_own_target(smoothing: Any) -> None:
    frame = rents(60)
    operators: list[AnyOperator] = [prep.TargetEncode("City", smoothing=smoothing), prep.Column("Id")]
    before = matrix(operators, frame, training=True)
    for row in range(0, 60, 7):
        moved = frame.with_columns(pl.when(pl.col("Id") == row).then(1e6).otherwise("Rent").alias("Rent"))
        after = matrix(operators, moved, training=True)
        assert after[row].tobytes() == before[row].tobytes()
        assert after.tobytes() != before.tobytes()


def test_a_training_row_is_encoded_by_the_other_folds_and_every_other_row_by_all() -> None:
    frame = rents()
    preparation = fit([prep.TargetEncode("City", smoothing=4), prep.Column("Id")], [frame], target="Rent")
    folds = with_fold(frame, ["City", "Id"])["__fold__"].to_numpy()
    training, served = preparation.matrix(frame, training=True), preparation.matrix(frame)
    cities, target = frame["City"].to_numpy(), frame["Rent"].to_numpy()
    for row in range(0, 400, 17):
        for values, kept in ((training, folds != folds[row]), (served, np.ones(400, dtype=bool))):
            own = kept & (cities == cities[row])
            expected = (target[own].sum() + 4 * target[kept].mean()) / (own.sum() + 4)
            assert values[row, 0] == pytest.approx(expected, rel=1e-12)
    assert set(folds) == set(range(FOLDS))


@SETTINGS
@given(st.data())
def test_training_rows_get_the_same_values_whatever_the_chunks(data: st.DataObject) -> None:
    cells: Cells = {"City": (pl.String(), CITIES), "Rent": (pl.Int64(), st.integers(-50, 50))}
    frame, chunks = data.draw(chunkings(cells))
    one, other = (fit([prep.TargetEncode("City", smoothing=2)], part, target="Rent") for part in ([frame], chunks))
    assert one.to_bytes() == other.to_bytes()
    assert dense(one.matrix(frame, training=True)).tobytes() == dense(other.matrix(frame, training=True)).tobytes()


def test_with_a_given_smoothing_it_gives_what_scikit_learn_gives() -> None:
    frame = rents()
    ours = fit([prep.TargetEncode("City", smoothing=5.0)], [frame], target="Rent").matrix(frame)
    theirs = sklearn.preprocessing.TargetEncoder(smooth=5.0, target_type="continuous")
    theirs.fit(frame.select("City").to_numpy(), frame["Rent"].to_numpy())
    assert ours == pytest.approx(theirs.transform(frame.select("City").to_numpy()), rel=1e-12)


def test_with_classes_it_gives_a_share_for_each_as_scikit_learn_does() -> None:
    rent = pl.col("Rent")
    word = pl.when(rent < -0.5).then(pl.lit("low")).when(rent < 0.5).then(pl.lit("middle")).otherwise(pl.lit("high"))
    frame = rents().with_columns(Rent=word)
    preparation = fit([prep.TargetEncode("City", smoothing=5.0, classes=True)], [frame], target="Rent")
    theirs = sklearn.preprocessing.TargetEncoder(smooth=5.0, target_type="multiclass")
    theirs.fit(frame.select("City").to_numpy(), frame["Rent"].to_numpy())
    ours = preparation.matrix(frame)
    assert ours == pytest.approx(theirs.transform(frame.select("City").to_numpy()), rel=1e-6)
    assert ours.sum(axis=1) == pytest.approx(1.0)  # the shares of a row
    assert preparation.feature_names() == ("City=high", "City=low", "City=middle")


def test_a_category_that_tells_nothing_becomes_the_mean_and_one_that_tells_all_keeps_its_own() -> None:
    rng = np.random.default_rng(3)
    noise = pl.DataFrame({"City": rng.integers(0, 300, 3000).astype(str), "Rent": rng.normal(size=3000)})
    spread = matrix([prep.TargetEncode("City")], noise).std()
    plain = matrix([prep.TargetEncode("City", smoothing=0)], noise).std()
    assert spread < plain / 5
    clear = pl.DataFrame({"City": ["Rio", "Natal"] * 9, "Rent": [5.0, 1.0] * 9})
    assert matrix([prep.TargetEncode("City")], clear)[:2].ravel().tolist() == [5.0, 1.0]


def test_the_estimate_finds_the_variances_that_the_data_were_drawn_with() -> None:
    rng = np.random.default_rng(5)
    n = rng.integers(2, 30, 3000)
    means = rng.normal(0, 1.0, n.size)
    rows = [rng.normal(mean, 3.0, size) for mean, size in zip(means, n)]
    total = np.array([[values.sum()] for values in rows])
    m2 = np.array([[((values - values.mean()) ** 2).sum()] for values in rows])
    m = estimated(Moments(n.astype(float), total, m2), total.sum(axis=0) / n.sum())
    assert m[0] == pytest.approx(9.0, rel=0.1)


def test_the_share_of_true_ones_missing_categories_and_rows_without_a_target() -> None:
    frame = pl.DataFrame({"City": ["Rio", "Rio", None, "Natal"], "Good": [True, False, True, None]})
    preparation = fit([prep.TargetEncode("City", smoothing=0)], [frame], target="Good")
    rows = pl.DataFrame({"City": ["Rio", None, "Natal", "Belém"]})
    assert preparation.apply(rows).frame["City"].to_list() == [0.5, 1.0, 2 / 3, 2 / 3]
    nothing = fit([prep.TargetEncode("City")], [frame.with_columns(Good=pl.lit(None, pl.Boolean))], target="Good")
    assert nothing.apply(rows).frame["City"].to_list() == [None] * 4
    assert nothing.explain() == "City: no target was seen, so its value is missing"


def test_infinite_targets_count_for_nothing() -> None:
    frame = pl.DataFrame({"City": ["Rio", "Rio", "Rio"], "Rent": [1.0, float("inf"), 3.0]})
    assert matrix([prep.TargetEncode("City")], frame).tolist() == [[2.0]] * 3


def test_it_says_what_it_learned() -> None:
    frame = pl.DataFrame({"City": ["Rio", "Rio", "Natal"], "Rent": [4.0, 6.0, 2.0]})
    words = fit([prep.TargetEncode("City", smoothing=1)], [frame], target="Rent").explain()
    assert words == (
        "City: the mean target in its category (2 categories, 3 rows); of the mean of all (4) is mixed in: 1 rows' worth"
    )


def test_wrong_definitions_and_targets_are_refused() -> None:
    schema = Schema.of(Field("City", "string"), Field("Size", "float64"), Field("Rent", "float64"))
    with pytest.raises(BadInput, match="learns from the target, and none is given; say target="):
        Fitting([prep.TargetEncode("City")], schema)
    with pytest.raises(BadInput, match="smoothing=-1 is negative"):
        prep.TargetEncode("City", smoothing=-1)
    with pytest.raises(BadInput, match="unknown smoothing 'much'"):
        prep.TargetEncode("City", smoothing="much")  # type: ignore[arg-type]
    with pytest.raises(WrongType, match="'Size' is float64"):
        Fitting([prep.TargetEncode("Size")], schema, target="Rent")
    with pytest.raises(WrongType, match="TargetEncode takes classes=True"):
        fit([prep.TargetEncode("City")], [pl.DataFrame({"City": ["Rio"], "Kind": ["flat"]})], target="Kind")


def test_equal_bytes_in_another_order_of_workers() -> None:
    frame = rents()
    chunks = [frame[start : start + 50] for start in range(0, 400, 50)]
    found = {prep.fit(FEATURES, chunks, target="Rent", workers=workers).digest for workers in (1, 2, 3)}
    assert len(found) == 1
