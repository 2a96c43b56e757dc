"""Imputation by dependency: the laws, and each promise against a plain computation."""

from __future__ import annotations

from itertools import combinations, pairwise
from typing import Any, ClassVar

import numpy as np
import polars as pl
import pytest
from hypothesis import strategies as st
from tests.contracts.operators import OperatorContract
from tests.contracts.summaries import Cells

from instar import prep
from instar.base.errors import BadInput, ColumnMissing, WrongType
from instar.data.operators import operator_from
from instar.data.operators.missing.impute_dependency import Determinants
from instar.data.preparing.fitting import fit, merged, summarise
from instar.data.rows.frames import schema_of
from instar.data.summaries import Contingency
from instar.data.values.dependencies import expected_accuracy

WORDS = st.sampled_from(["a", "b", "c"])


class TestImputeDependency(OperatorContract):
    operator = prep.ImputeDependency("city", "sequel", given=["zip", "state"], evidence=True)
    cells: ClassVar[Cells] = {
        "city": (pl.String(), WORDS),
        "sequel": (pl.Boolean(), st.booleans()),
        "zip": (pl.Int64(), st.integers(1, 3)),
        "state": (pl.String(), WORDS),
    }
    sample: ClassVar = {
        "city": ["a", "a", None, "b", "b", "c"],
        "sequel": [True, None, True, False, False, True],
        "zip": [1, 1, 1, 2, 2, None],
        "state": ["a", None, "a", "b", "b", "a"],
    }
    unseen: ClassVar = {"city": None, "sequel": None, "zip": 9, "state": "z"}


class TestImputeDependencyAsPublished(TestImputeDependency):
    operator = prep.ImputeDependency(
        "city", given=["zip", "state"], score="published", fill="draw", size=2, repetitions=5, trigger=0.9, seed=3
    )
    cells: ClassVar[Cells] = {name: TestImputeDependency.cells[name] for name in ("city", "zip", "state")}
    sample: ClassVar = {name: TestImputeDependency.sample[name] for name in ("city", "zip", "state")}
    unseen: ClassVar = {"city": None, "zip": 9, "state": "z"}


def places(rows: int = 300) -> pl.DataFrame:
    """Cities with a state and a noisy zip, and a column that says nothing; every tenth city is missing."""
    draws = np.random.default_rng(5)
    city = draws.integers(0, 12, rows)
    zips = np.where(draws.random(rows) < 0.1, draws.integers(0, 40, rows), city * 3 + draws.integers(0, 3, rows))
    return pl.DataFrame(
        {
            "city": [None if at % 10 == 0 else f"city {one}" for at, one in enumerate(city)],
            "state": [f"state {one // 4}" for one in city],
            "zip": zips,
            "colour": [f"colour {one}" for one in draws.integers(0, 3, rows)],
            "id": np.arange(rows),
        }
    )


def learned(operator: prep.ImputeDependency, frame: pl.DataFrame) -> Determinants:
    state = fit([operator], [frame]).states[0]
    assert isinstance(state, Determinants)
    return state


def test_the_sets_are_the_best_of_all_and_none_holds_a_better_one() -> None:
    frame = places()
    found = learned(prep.ImputeDependency("city", given=["state", "zip", "colour", "id"]), frame).columns["city"].sets
    usable = ["state", "zip", "colour"]
    every = [each for size in (1, 2, 3) for each in combinations(usable, size)]
    scores = {each: expected_accuracy(Contingency.of(frame, *each, "city")) for each in every}
    useful: list[tuple[str, ...]] = []
    for each in sorted(every, key=lambda each: (-scores[each], len(each))):
        if not any(set(better) <= set(each) for better in useful):
            useful.append(each)
    assert [one.given for one in found] == useful
    assert [one.score for one in found] == [scores[each] for each in useful]


def test_a_hole_gets_the_majority_of_its_group_in_the_first_set_that_has_it() -> None:
    frame = places()
    operator = prep.ImputeDependency("city", given=["state", "zip", "colour"], evidence=True)
    known = learned(operator, frame).columns["city"]
    made = fit([operator], [frame]).apply(frame).frame
    for at in range(0, frame.height, 10):
        row = frame.row(at, named=True)
        for one in known.sets:
            key = tuple(row[name] for name in one.given)
            group = frame.filter(*(pl.col(name) == row[name] for name in one.given), pl.col("city").is_not_null())
            assert (key in one.keys) == bool(group.height)
            if group.height:
                ranked = group["city"].value_counts(name="n").sort("n", "city", descending=[True, False])
                top, n = ranked["n"][0], group.height
                assert made["city"][at] == ranked["city"][0]
                assert made["city_from"][at] == ", ".join(one.given)
                assert made["city_sure"][at] == pytest.approx(top * (top - 1) / (n - 1) / n if n > 1 else 0.0)
                break
    kept = frame["city"].is_not_null()
    assert made.filter(kept)["city"].to_list() == frame.filter(kept)["city"].to_list()
    assert made.filter(kept)["city_from"].null_count() == kept.sum()


def test_a_key_never_fills_and_an_unseen_group_backs_off_or_stays_missing() -> None:
    frame = places()
    preparation = fit([prep.ImputeDependency("city", given=["zip", "state", "id"], evidence=True)], [frame])
    asked = pl.DataFrame(
        {"city": [None, None], "zip": [999, 999], "state": ["state 0", "state 9"], "id": [0, 0]},
        schema_overrides={"city": pl.String},
    )
    made = preparation.apply(asked).frame
    assert made["city_from"].to_list() == ["state", None]
    assert made["city"][1] is None
    assert made["city"][0] in {"city 0", "city 1", "city 2", "city 3"}


def test_several_columns_are_filled_from_what_was_there_before() -> None:
    rows = pl.DataFrame(
        {"zip": [1, 1, 2, 2], "city": ["Rio", None, "Natal", "Natal"], "state": ["RJ", "RJ", "RN", None]}
    )
    made = fit([prep.ImputeDependency("city", "state", given=["zip"])], [rows]).apply(rows).frame
    assert made["city"].to_list() == ["Rio", "Rio", "Natal", "Natal"]
    assert made["state"].to_list() == ["RJ", "RJ", "RN", "RN"]


def test_as_published_the_set_with_the_least_error_fills_also_where_it_knows_little() -> None:
    rows = pl.DataFrame({"a": [1, 1, 1, 2, 2], "b": [1, 2, 3, 3, 3], "goal": ["x", "x", "y", "y", "y"]})
    published = learned(prep.ImputeDependency("goal", given=["a", "b"], score="published"), rows).columns["goal"]
    assert [one.given for one in published.sets] == [("b",)]
    strict = prep.ImputeDependency("goal", given=["a", "b"], score="published", trigger=0.2)
    assert learned(strict, rows).columns["goal"].sets == ()
    none = prep.ImputeDependency("goal", given=["a"], score="published", repetitions=0)
    assert learned(none, rows).columns["goal"].sets == ()
    assert "no columns determine it" in fit([none], [rows]).explain()


def test_a_draw_has_the_frequencies_of_its_group_and_is_the_same_for_the_same_row() -> None:
    known = pl.DataFrame({"zip": [1] * 8, "id": range(8), "city": ["Rio"] * 6 + ["Natal"] * 2})
    holes = pl.DataFrame(
        {"zip": [1] * 4000, "id": range(4000), "city": [None] * 4000}, schema_overrides={"city": pl.String}
    )
    preparation = fit([prep.ImputeDependency("city", given=["zip", "id"], fill="draw")], [known])
    drawn = preparation.apply(holes).frame["city"]
    assert (drawn == "Rio").mean() == pytest.approx(0.75, abs=0.03)
    assert preparation.apply(holes[17:20]).frame["city"].to_list() == drawn[17:20].to_list()


def test_what_is_counted_in_a_pass_stays_within_the_limit() -> None:
    frame = places(3000)
    columns = ["state", "zip", "colour", "id"]
    fitting_whole = learned(prep.ImputeDependency("city", given=columns), frame).columns["city"]
    assert len(fitting_whole.sets) > 1
    operator = prep.ImputeDependency("city", given=columns, combinations=60)
    known: dict[Any, Any] = {}
    while wants := operator.needs(known):
        batch = fit([prep.Column("city")], [frame]).apply(frame)
        found = merged([summarise(batch, wants)])
        assert sum(len(one.counts) for one in found.values() if isinstance(one, Contingency)) <= 60
        known |= found
    kept = {name for one in operator.fit(known).columns["city"].sets for name in one.given}
    assert kept == {"state", "colour"}


def test_what_is_kept_stays_within_the_limit_and_says_so() -> None:
    preparation = fit([prep.ImputeDependency("city", given=["state", "zip"], groups=5)], [places()])
    state = preparation.states[0]
    assert isinstance(state, Determinants)
    assert [one.given for one in state.columns["city"].sets] == [("state",)]
    assert "larger sets left out for their size" in preparation.explain()


def test_any_chunking_and_every_order_of_rows_gives_the_same_bytes() -> None:
    frame = places()
    operator = prep.ImputeDependency("city", given=["state", "zip", "colour"])
    shuffled = frame.sample(fraction=1, shuffle=True, seed=1)
    chunks = [shuffled[start:end] for start, end in pairwise([0, 1, 120, 120, 300])]
    assert fit([operator], chunks).to_bytes() == fit([operator], [frame]).to_bytes()


def test_it_says_which_columns_determine_and_how_surely() -> None:
    rows = pl.DataFrame({"zip": [59, 59, 59, 20, 20], "city": ["Natal", "Natal", None, "Rio", "Rio"]})
    words = fit([prep.ImputeDependency("city", given="zip")], [rows]).explain().splitlines()
    assert words == ["city: 1 of 5 were missing; from zip (100.0 % sure); 2 groups", "zip: only read"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"columns": ["city"]}, "nothing can determine 'city' alone"),
        ({"columns": [], "given": ["zip", "state"]}, "every column is given"),
        ({"score": "entropy"}, "unknown score 'entropy'"),
        ({"fill": "best"}, "unknown fill 'best'"),
        ({"repetitions": 3}, 'belong to score="published"'),
        ({"score": "published", "repetitions": -1}, "admits no set"),
        ({"ratio": 1.5}, "give 0 to 1"),
        ({"size": 0}, "size=0 leaves nothing"),
    ],
)
def test_options_that_contradict_each_other_are_refused(options: dict[str, Any], message: str) -> None:
    given = {"columns": ["city"], "given": ["zip"], **options} if "columns" not in options else options
    columns = given.pop("columns")
    with pytest.raises(BadInput, match=message):
        prep.ImputeDependency(*columns, **given)


def test_wrong_columns_are_named_before_any_row_is_read() -> None:
    schema = schema_of(places())
    with pytest.raises(ColumnMissing, match="no column 'stat'; did you mean 'state'"):
        prep.ImputeDependency("city", given=["stat"]).output(schema)
    with pytest.raises(WrongType, match="'city' is float64"):
        prep.ImputeDependency("city", given=["state"]).output(schema_of(places().with_columns(city=pl.lit(1.5))))
    with pytest.raises(BadInput, match="'city_from' already"):
        prep.ImputeDependency("city", given=["state"], evidence=True).output(
            schema_of(places().with_columns(city_from=pl.lit("")))
        )


def test_a_state_of_another_version_is_refused() -> None:
    definition = {**prep.ImputeDependency("city", given=["state"]).definition(), "version": 7}
    with pytest.raises(BadInput, match="'impute_dependency': its definition has version 7, here is version 1"):
        operator_from(definition)
