"""A fit over tables of any kind: the same result, whatever they come in, with bounded memory."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from instar import prep
from instar.base.errors import BadInput, ColumnMissing, InstarError
from instar.data.datasets.dataset import import_data
from instar.data.operators import AnyOperator
from instar.data.preparing.fit import applied, in_order
from instar.data.preparing.reading import reading
from instar.store import open_store

ROWS = pl.DataFrame(
    {"x": np.random.default_rng(1).normal(5, 2, 1000), "y": [float(n % 7) for n in range(1000)], "c": ["a", "b"] * 500}
)
OPERATORS: list[AnyOperator] = [
    prep.Impute("x", strategy="median"),
    prep.Standardize("x"),
    prep.EqualDepth("y", bins=3),
]
EXACT = prep.MinMax("x", "y")


def kinds(folder: Path) -> dict[str, Any]:
    """The same table in every form."""
    ROWS.write_parquet(folder / "rows.parquet", row_group_size=300)
    ROWS.write_csv(folder / "rows.csv")
    ROWS[:400].write_parquet(folder / "part-1.parquet")
    ROWS[400:].write_parquet(folder / "part-2.parquet")
    return {
        "polars": ROWS,
        "pandas": pd.DataFrame(ROWS.to_dict(as_series=False)),
        "arrow": pa.table(ROWS.to_dict(as_series=False)),
        "mapping": ROWS.to_dict(as_series=False),
        "rows": ROWS.to_dicts(),
        "lazy": ROWS.lazy(),
        "frames": [ROWS[:10], ROWS[10:]],
        "function": lambda: iter([ROWS[:10], ROWS[10:500], ROWS[500:]]),
        "parquet": str(folder / "rows.parquet"),
        "path": folder / "rows.csv",
        "paths": [folder / "part-1.parquet", folder / "part-2.parquet"],
        "pattern": str(folder / "part-*.parquet"),
        "version": import_data("rows", ROWS, chunk_rows=300, store=open_store(folder / "store")),
    }


def test_it_learns_the_same_from_every_form_of_a_table(tmp_path: Path) -> None:
    forms = kinds(tmp_path)
    expected = prep.fit(EXACT, ROWS).to_bytes()
    for name, form in forms.items():
        assert prep.fit(EXACT, form, chunk_rows=128).to_bytes() == expected, name


def test_the_same_chunks_and_any_number_of_workers_give_the_same_bytes() -> None:
    found = {prep.fit(OPERATORS, ROWS, chunk_rows=90, workers=workers).to_bytes() for workers in (1, 2, 5)}
    assert len(found) == 1


def test_how_a_frame_is_packed_does_not_show() -> None:
    packed = pl.concat([ROWS[:3], ROWS[3:17], ROWS[17:]], rechunk=False)
    assert prep.fit(OPERATORS, packed).to_bytes() == prep.fit(OPERATORS, ROWS).to_bytes()


def test_another_chunking_agrees_within_what_the_summaries_guarantee() -> None:
    one, other = (prep.fit(prep.Standardize("x"), ROWS, chunk_rows=rows) for rows in (1000, 7))
    assert np.allclose(one.apply(ROWS).frame["x"], other.apply(ROWS).frame["x"], rtol=1e-10)


def test_a_target_is_learned_from() -> None:
    rows = ROWS.with_columns(big=pl.col("x") > 5)
    words = prep.fit(prep.Mdlp("x"), rows, target="big", chunk_rows=300).explain()
    assert words.startswith("x: 2 bins that tell")


def test_applied_gives_the_chunks_in_order() -> None:
    preparation = prep.fit(EXACT, ROWS)
    found = pl.concat([batch.frame for batch in applied(preparation, ROWS, chunk_rows=77)])
    assert found.equals(preparation.apply(ROWS.select("x", "y")).frame)


def test_only_the_columns_that_are_needed_are_read() -> None:
    table = reading(ROWS.lazy(), 500)
    assert [frame.columns for frame in table.frames(["y"])] == [["y"], ["y"]]


def test_an_empty_table_can_be_learned_from(tmp_path: Path) -> None:
    ROWS.clear().write_parquet(tmp_path / "none.parquet")
    for nothing in (ROWS.clear(), [ROWS.clear(), ROWS.clear()], ROWS.clear().lazy(), tmp_path / "none.parquet"):
        assert "no value was seen" in prep.fit(EXACT, nothing).explain()


def test_at_most_as_many_chunks_are_held_as_there_are_workers_and_one() -> None:
    lock, state = threading.Lock(), {"held": 0, "most": 0}

    def items() -> Iterator[int]:
        for item in range(40):
            with lock:
                state["held"] += 1
                state["most"] = max(state["most"], state["held"])
            yield item

    found = []
    for item in in_order(lambda item: item, items(), 3):
        with lock:
            state["held"] -= 1
        found.append(item)
    assert found == list(range(40))
    assert state["most"] <= 5


@pytest.mark.parametrize("workers", [1, 3])
def test_an_error_in_a_chunk_comes_out(workers: int) -> None:
    with pytest.raises(ZeroDivisionError):
        list(in_order(lambda item: 1 // (item - 5), range(40), workers))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (iter([ROWS]), "an iterator can be read once"),
        ([], "there is no chunk to learn from"),
        (lambda: iter([]), "there is no chunk to learn from"),
        ([ROWS, ROWS.drop("x")], "'x'"),
        (7, "is not a table"),
        ("missing.parquet", "missing.parquet"),
    ],
)
def test_what_cannot_be_read_is_said(data: Any, message: str) -> None:
    with pytest.raises(InstarError, match=message):
        prep.fit(EXACT, data)


@pytest.mark.parametrize("options", [{"workers": 0}, {"chunk_rows": 0}])
def test_impossible_options_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match="at least one"):
        prep.fit(EXACT, ROWS, **options)


def test_a_missing_column_is_found_before_any_row_is_read() -> None:
    with pytest.raises(ColumnMissing, match="'z'"):
        prep.fit(prep.MinMax("z"), ROWS)


@pytest.mark.parametrize("given", ["Impute", prep.Impute, None])
def test_what_is_no_operator_is_named(given: Any) -> None:
    with pytest.raises(BadInput, match="is no operator; give operators with their columns"):
        prep.fit([given], ROWS)


def test_apply_takes_polars_and_points_at_what_takes_any_table() -> None:
    with pytest.raises(BadInput, match="dict is no Polars frame; transform takes any table"):
        prep.fit(OPERATORS, ROWS).apply({"x": [1.0]})  # type: ignore[arg-type]


def test_a_value_that_cannot_be_read_has_a_next_step() -> None:
    with pytest.raises(BadInput, match=r"failed in column 'c' .*; correct it, or let it be missing by strict=False"):
        prep.fit(prep.Cast("c", to="int64"), ROWS).apply(ROWS)
