"""One pass over many chunks: summaries are folded as they come, and only small ones are remembered."""

from __future__ import annotations

import polars as pl
import pytest

from instar import prep
from instar.data.datasets.dataset import import_data
from instar.flow import work
from instar.flow.dataflow import Dataflow
from instar.flow.result import Result
from instar.store import Store

TABLE = pl.DataFrame({"x": [float(n * n % 17) for n in range(120)], "word": [f"w{n % 9} w{n % 5}" for n in range(120)]})


def fitted(store: Store, rows: int = 120, memo: bool = True) -> Result:
    flow = Dataflow("fits", store=store)
    table = flow.source("table", import_data("table", TABLE[:rows], store=store, chunk_rows=10))
    fit = table.fit(prep.Standardize("x"), prep.Lsa("word", components=2))
    return flow.run(want={"fit": fit}, memo=memo)


def test_a_new_chunk_costs_its_own_summaries(store: Store) -> None:
    assert fitted(store, 100).counts.tasks_known == 0
    more = fitted(store)
    assert more.counts.tasks_known == 10  # of the first pass; later ones depend on what it learned
    assert more["fit"].to_bytes() == fitted(store, memo=False)["fit"].to_bytes()


def test_large_summaries_are_not_remembered(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "MOST_REMEMBERED", 0)
    whole = fitted(store, 100)
    assert fitted(store, 120).counts.tasks_known == 0
    assert fitted(store, 100)["fit"].to_bytes() == whole["fit"].to_bytes()


def test_parts_come_in_the_order_of_their_keys_and_are_let_go() -> None:
    known = {"b": b"2", "d": b"4"}
    made = iter([b"1", b"3"])
    assert list(work.in_order(["a", "b", "a", "c", "b", "d"], known, made)) == [b"1", b"2", b"1", b"3", b"2", b"4"]
    assert not known
