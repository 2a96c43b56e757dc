"""Rules of the domain in a dataflow."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

import instar
from instar.base.errors import BadInput
from instar.flow.table import Table
from instar.rules import Between, Determines, Holds, OneOf, Unique


@pytest.fixture
def flow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> instar.Dataflow:
    monkeypatch.setenv("INSTAR_STORE", str(tmp_path / "store"))
    towns = pl.DataFrame(
        {"city": ["Olinda", "Recife", "Olinda"], "state": ["PE", "PR", "PB"], "km": [7.0, 9000.0, 1.0]}
    )
    instar.import_data("towns", towns, units={"km": "km"}, chunk_rows=2)
    instar.import_data("cities", pl.DataFrame({"city": ["Olinda", "Recife"], "state": ["PE", "PE"]}))
    return instar.Dataflow("tidy")


def test_references_are_tables_of_the_graph_and_units_are_those_of_the_column(flow: instar.Dataflow) -> None:
    towns, cities = flow.source("towns", "towns"), flow.source("cities", "cities")
    rules = (
        Determines("city", "state", table=cities).correct(),
        OneOf("state", table=cities),
        Between("km", 0, "100000 m"),
    )
    good, apart, corrections, violations = towns.check(*rules)
    done = flow.run({"good": good, "apart": apart, "corrections": corrections, "violations": violations})
    assert done["good"].rows() == [("Olinda", "PE", 7.0), ("Olinda", "PE", 1.0)]
    assert done["apart"].select("city", "state", "rule", "origin", "row").rows() == [
        ("Recife", "PR", "km between 0 and 100000 m", "towns@1", 1)
    ]
    assert done["corrections"].select("row", "before", "after").rows() == [(2, "PB", "PE")]
    assert done["violations"]["done"].to_list() == ["quarantined", "quarantined", "corrected"]


def test_the_same_rules_are_not_asked_twice(flow: instar.Dataflow) -> None:
    def checked() -> Table:
        return flow.source("towns", "towns").check(Holds(pl.col("km") > 2, name="far"), Unique("city").report())[0]

    first, again = flow.run({"good": checked()}), flow.run({"good": checked()})
    assert again.counts.steps_ran == 0
    assert again["good"].equals(first["good"])


def test_a_reference_must_be_of_this_dataflow(flow: instar.Dataflow) -> None:
    towns = flow.source("towns", "towns")
    with pytest.raises(BadInput, match="table='cities' is no table of this dataflow"):
        towns.check(OneOf("state", table="cities"))
    with pytest.raises(BadInput, match="belongs to another dataflow"):
        towns.check(OneOf("state", table=instar.Dataflow("other").source("cities", "cities")))
