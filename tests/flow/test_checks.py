"""Rules of the domain in a dataflow."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

import instar
from instar.base.errors import BadInput
from instar.data.datasets.quarantine import place, quarantined
from instar.data.operators import Cast
from instar.data.steps import Convertible
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


def test_rows_set_apart_are_counted_for_the_version_that_was_written(flow: instar.Dataflow) -> None:
    rows = pl.DataFrame({"year": ["1999", "n/a", "2001", "2001", "9999"]})
    films = flow.source("films", instar.import_data("films", rows))
    kept, unread = films.through_all(Convertible(Cast("year", to="int64"), origin="films@1"))
    years = kept.with_columns(pl.col("year").cast(pl.Int64))
    good, apart, *_ = years.check(Between("year", 1895, 2100), Unique("year"))
    done = flow.run(
        {name: table.write(name) for name, table in {"good": good, "apart": apart, "unread": unread}.items()}
    )
    assert quarantined(flow.store, done["good"].id) == {"check films": 2, "convertible films": 1}
    assert quarantined(flow.store, done["apart"].id) == {"convertible films": 1}
    assert quarantined(flow.store, done["unread"].id) == {}
    assert quarantined(flow.store, instar.dataset("films").id) == {}
    again = flow.source("good", done["good"]).filter(pl.col("year") > 2000).write("later")
    assert quarantined(flow.store, flow.run({"later": again})["later"].id) == {}


def test_a_row_number_finds_its_chunk(flow: instar.Dataflow) -> None:
    version = instar.dataset("towns")
    chunk, row = place(version, 2)
    assert (chunk, row) == (version.chunks[1], 0)
    with pytest.raises(BadInput, match="has 3 rows, numbered from 0; it has no row 3"):
        place(version, 3)


def test_why_of_an_enriched_table_reaches_the_file_of_the_reference(flow: instar.Dataflow, tmp_path: Path) -> None:
    file = tmp_path / "rain.csv"
    file.write_text("city,mm\nOlinda,4.5\n")
    towns = flow.source("towns", "towns")
    rain = flow.source("rain", instar.import_data("rain", file))
    rainy = towns.enrich(rain, on="city")
    assert rainy.schema.names == ("city", "state", "km", "mm")
    done = flow.run({"rainy": rainy.write("rainy")})
    assert done["rainy"].to_polars()["mm"].to_list() == [4.5, None, 4.5]
    why = instar.why(flow.store, done["rainy"].id)
    assert "rain.csv" in str(why)
    enriched = next(node for node in flow.store.nodes.get([node.id for node in why.nodes]) if node.name == "enrich")
    assert enriched.doc["told"]["coverage"] == pytest.approx(2 / 3)
    assert enriched.doc["across_rows"] is False
