"""The driver of a fit: what it asks for, in which pass, and what it refuses before any row is read."""

from __future__ import annotations

import pickle

import polars as pl
import pytest

from instar import prep
from instar.base.errors import BadInput, ColumnMissing, WrongType
from instar.data.preparing.fitting import Fitting, fit, fit_all, merged, summarise
from instar.data.preparing.target import TARGET, Target
from instar.data.rows.frames import schema_of
from instar.data.summaries import Counts, Moments, Of

FILMS = pl.DataFrame(
    {
        "Runtime": [90, None, 110, 100],
        "Year": [1990, 2000, 2010, 2020],
        "Genre": ["a", "b", "a", None],
        "Meter": [1, 2, 3, 4],
    }
)
SCHEMA = schema_of(FILMS)


def passes(fitting: Fitting, *chunks: pl.DataFrame) -> list[list[str]]:
    """Run the fit to its end; the columns that each pass asked for."""
    asked = []
    while wants := fitting.wants():
        asked.append(sorted({column for of in wants.values() for column in of.columns}))
        fitting.tell(merged(summarise(fitting.prepare(chunk), wants) for chunk in chunks))
    return asked


def test_operators_on_disjoint_columns_share_one_pass() -> None:
    fitting = Fitting([prep.Impute("Runtime"), prep.MultiHot("Genre"), prep.Standardize("Year")], SCHEMA)
    assert passes(fitting, FILMS) == [["Genre", "Runtime", "Year"]]


def test_an_operator_waits_for_one_before_it_on_the_same_column() -> None:
    fitting = Fitting([prep.Impute("Runtime"), prep.Standardize("Runtime", "Year"), prep.OneHot("Genre")], SCHEMA)
    assert passes(fitting, FILMS) == [["Genre", "Runtime"], ["Runtime", "Year"]]


def test_each_is_fitted_on_the_output_of_those_before_it() -> None:
    fitted = fit([prep.Impute("Runtime", strategy="constant", value=0), prep.Standardize("Runtime")], [FILMS])
    out = fitted.apply(FILMS).frame["Runtime"]
    assert out.mean() == pytest.approx(0.0)
    assert out.std(ddof=0) == pytest.approx(1.0)


def test_what_needs_nothing_takes_no_pass() -> None:
    fitting = Fitting([prep.Cast("Year", to="float64")], SCHEMA)
    assert fitting.wants() == {}
    assert fitting.preparation().apply(FILMS).frame["Year"].dtype == pl.Float64


def test_the_target_is_fitted_on_raw_rows_in_the_same_pass() -> None:
    fitting = Fitting([prep.Impute("Runtime")], SCHEMA, target=prep.Above("Meter", quantile=0.5))
    assert fitting.columns == ("Runtime", "Meter")
    assert passes(fitting, FILMS) == [["Meter", "Runtime"]]
    target = fitting.fitted_target()
    assert target.of(FILMS).to_list() == [False, False, True, True]
    assert target.field.type == "bool"
    assert (target.of(FILMS).name, fitting.target_state) == (TARGET, target.state)
    assert fitting.prepare(FILMS).frame[TARGET].to_list() == [False, False, True, True]
    assert pickle.loads(pickle.dumps(target)) == Target.from_bytes(target.to_bytes()) == target  # noqa: S301


def test_a_target_may_be_a_columns_name_and_a_fit_may_have_only_a_target() -> None:
    assert fit_all([], [FILMS], target="Meter").fitted_target().of(FILMS).to_list() == [1, 2, 3, 4]


def test_the_answer_must_not_be_among_the_features() -> None:
    with pytest.raises(BadInput, match="'Meter' is also a feature, so the model would be given the answer"):
        Fitting([prep.Standardize("Meter")], SCHEMA, target="Meter")


def test_a_target_is_one_column_of_plain_values() -> None:
    for wrong in (prep.OneHot("Genre"), prep.Column("Year", "Meter"), 3):
        with pytest.raises(BadInput, match="target: "):
            Fitting([prep.Impute("Runtime")], SCHEMA, target=wrong)  # type: ignore[arg-type]


def test_wrong_definitions_are_refused_before_any_row_is_read() -> None:
    with pytest.raises(ColumnMissing, match="did you mean 'Year'"):
        Fitting([prep.Standardize("Yaer")], SCHEMA)
    with pytest.raises(WrongType, match="put this operator before that one"):
        Fitting([prep.OneHot("Genre"), prep.Impute("Genre", strategy="mode")], SCHEMA)
    with pytest.raises(ColumnMissing, match="target"):
        Fitting([prep.Standardize("Year")], SCHEMA, target="Metre")
    with pytest.raises(BadInput, match="nothing is to be fitted"):
        Fitting([], SCHEMA)


def test_descriptions_of_the_raw_features_share_the_first_pass_and_equal_wishes() -> None:
    fitting = Fitting([prep.Standardize("Year"), prep.OneHot("Genre")], SCHEMA, describe=True)
    wants = fitting.wants()
    assert len(set(wants.values())) < len(wants)
    assert len(passes(fitting, FILMS[:1], FILMS[1:])) == 1
    described = fitting.descriptions()
    assert sorted(described) == ["counts:Genre", "counts:Year", "extremes:Year", "moments:Year"]
    assert described["counts:Genre"] == Counts(4, 1)
    assert described["moments:Year"] == Moments(4, 2005.0, 500.0)


def test_a_wish_that_is_not_answered_is_named() -> None:
    fitting = Fitting([prep.Standardize("Year")], SCHEMA)
    with pytest.raises(BadInput, match="2 wanted summaries are missing"):
        fitting.tell({})
    with pytest.raises(BadInput, match="still wanted"):
        fitting.preparation()
    with pytest.raises(BadInput, match="no target is fitted"):
        fitting.fitted_target()


def test_the_stage_changes_with_what_is_fitted_and_is_the_same_elsewhere() -> None:
    fitting = Fitting([prep.Impute("Runtime"), prep.Standardize("Runtime")], SCHEMA)
    first, travelled = fitting.stage, pickle.loads(pickle.dumps(fitting))  # noqa: S301
    assert travelled.stage == first
    wants = fitting.wants()
    fitting.tell(merged([summarise(fitting.prepare(FILMS), wants)]))
    assert fitting.stage != first
    assert pickle.loads(pickle.dumps(fitting)).wants() == fitting.wants()  # noqa: S301


def test_a_summary_of_a_block_reads_it_as_one_column() -> None:
    batch = fit([prep.OneHot("Genre")], [FILMS]).apply(FILMS)
    assert summarise(batch, {"rows": Of(Counts, "Genre")}) == {"rows": Counts(4, 0)}


def test_no_chunk_is_nothing_to_learn_from() -> None:
    with pytest.raises(BadInput, match="no chunk to learn from"):
        fit([prep.Standardize("Year")], [])
    with pytest.raises(BadInput, match="no chunk to learn from"):
        merged([])
