"""Questions in SQL: what they answer, what they refuse, and the lineage of an answer that is kept."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from instar.base.errors import BadInput, NotFound
from instar.data.datasets.dataset import dataset, import_data
from instar.data.sql import sql
from instar.store import Store, open_store
from instar.store.provenance.lineage import why


@pytest.fixture
def store(tmp_path: Path) -> Store:
    opened = open_store(tmp_path / "store")
    films = pl.DataFrame(
        {"Year": [1990, 2000, 1990, None], "Title": ["b", None, "a", "c"], "Out": [date(1990, 1, 2), None, None, None]}
    )
    import_data("films", films, chunk_rows=2, store=opened)
    import_data("films", films[:1], store=opened)
    return opened


def test_a_dataset_is_a_table_and_so_is_each_of_its_versions(store: Store) -> None:
    assert sql("SELECT count(*) AS n FROM films", store=store)["n"].to_list() == [1]
    found = sql('SELECT Year, count(*) AS n, max(Out) AS o FROM "films@1" GROUP BY ALL ORDER BY Year', store=store)
    assert found.rows() == [(1990, 2, date(1990, 1, 2)), (2000, 1, None), (None, 1, None)]


def test_joins_with_and_subqueries_work(store: Store) -> None:
    asked = """
        WITH old AS (SELECT * FROM "films@1" WHERE Year < 2000)
        SELECT old.Title FROM old JOIN films USING (Title) WHERE Year IN (SELECT range FROM range(1980, 1995))
    """
    with pytest.raises(BadInput, match="Ambiguous"):
        sql(asked, store=store)
    assert sql(asked.replace("WHERE Year IN", "WHERE old.Year IN"), store=store)["Title"].to_list() == ["b"]


def test_the_tables_of_the_record_are_in_the_catalogue(store: Store) -> None:
    found = sql("SELECT count(*) AS n FROM catalogue.node WHERE kind = 'dataset_version'", store=store)
    assert found["n"].to_list() == [2]


@pytest.mark.parametrize(
    "asked",
    [
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM read_parquet('x.parquet')",
        "SELECT * FROM glob('/*')",
        "SELECT * FROM query('SELECT 1')",
        "SELECT * FROM duckdb_settings()",
        "WITH x AS (COPY (SELECT 1) TO '/tmp/x.csv') SELECT 1",
        "SELECT * FROM (WITH x AS (INSERT INTO catalogue.node VALUES (1) RETURNING *) SELECT * FROM x)",
        "WITH x AS (DELETE FROM films) SELECT 1",
        'SELECT * FROM catalogue."node WHERE 1 = 0 UNION SELECT * FROM node"',
        "SELECT * FROM pragma_database_list()",
        "SELECT * FROM information_schema.tables",
        "SELECT * FROM memory.main.films",
        "SELECT * FROM sqlite_scan('x', 'y')",
        "SHOW TABLES",
        "SELECT * FROM catalogue.token",
        "COPY films TO 'films.csv'",
        "COPY (SELECT 1) TO 'films.csv'",
        "ATTACH 'x.db'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "PRAGMA database_list",
        "EXPORT DATABASE 'x'",
        "CREATE TABLE t AS SELECT 1",
        "DROP VIEW films",
        "DELETE FROM films",
        "INSERT INTO films VALUES (1)",
        "SELECT 1; SELECT 2",
        "SELECT 1; COPY films TO 'x'",
        "",
    ],
)
def test_anything_but_one_question_over_datasets_is_refused_and_nothing_is_touched(
    store: Store, asked: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    everything = sorted(path for path in tmp_path.rglob("*") if "store" not in path.parts)
    with pytest.raises(BadInput):
        sql(asked, store=store)
    assert sorted(path for path in tmp_path.rglob("*") if "store" not in path.parts) == everything


@pytest.mark.parametrize("asked", ["SELECT * FROM '/etc/passwd'", "SELECT * FROM flims", "FROM 'x.parquet'"])
def test_a_file_is_no_table_and_a_wrong_name_gets_a_hint(store: Store, asked: str) -> None:
    with pytest.raises(NotFound, match="no dataset"):
        sql(asked, store=store)


def test_a_mistake_of_grammar_is_pointed_at(store: Store) -> None:
    with pytest.raises(BadInput) as caught:
        sql("SELECT Year\nFROM films WHERE WHERE", store=store)
    assert str(caught.value).splitlines()[1:] == ["  FROM films WHERE WHERE", "                   ^"]


def test_an_unknown_column_is_named_with_the_question(store: Store) -> None:
    with pytest.raises(BadInput, match=r'"Yaer" not found[^\n]*\n  SELECT Yaer FROM films'):
        sql("SELECT Yaer FROM films", store=store)


def test_a_version_without_quotation_marks_is_told_to_have_them(store: Store) -> None:
    with pytest.raises(BadInput, match='write it in quotation marks: "films@1"'):
        sql("SELECT * FROM films@1 WHERE Year > 0", store=store)


def test_a_question_that_takes_too_long_is_ended(store: Store) -> None:
    with pytest.raises(BadInput, match=r"longer than 0\.2 s"):
        sql("SELECT sum(a.range * b.range) FROM range(1000000) a, range(1000000) b", seconds=0.2, store=store)


def test_columns_without_a_name_of_their_own_twice_are_refused(store: Store) -> None:
    with pytest.raises(BadInput, match="'Year' names several columns"):
        sql("SELECT Year, Year FROM films", store=store)


def test_a_wrong_amount_of_memory_or_rows_is_refused(store: Store) -> None:
    with pytest.raises(BadInput, match="2GB or 500MB"):
        sql("SELECT 1 AS x", memory="much", store=store)
    with pytest.raises(BadInput, match="limit=0"):
        sql("SELECT 1 AS x", limit=0, store=store)


def test_an_answer_that_is_kept_knows_what_it_came_from(store: Store) -> None:
    version = sql('SELECT * FROM "films@1" WHERE Year < 2000', to="old", store=store)
    assert str(version) == "old@1"
    assert version.to_polars()["Title"].to_list() == ["a", "b"]
    kinds = [node.kind for node in why(store, version.id).nodes]
    assert kinds.count("dataset_version") == 2
    activity = store.nodes.get([version.activity])[0]
    assert activity.doc["parameters"]["question"] == 'SELECT * FROM "films@1" WHERE Year < 2000'
    assert activity.doc["parameters"]["datasets"] == {"films@1": dataset("films@1", store=store).id}


def test_the_same_question_gives_the_same_version(store: Store) -> None:
    asked = 'SELECT Year, [Title] AS titles, count(*) AS n FROM "films@1" GROUP BY ALL'
    assert len({sql(asked, to="years", store=store).id for _ in range(5)}) == 1


def test_the_order_that_the_question_gives_is_kept(store: Store) -> None:
    version = sql('SELECT Title FROM "films@1" ORDER BY Title DESC NULLS LAST', to="titles", store=store)
    assert version.to_polars()["Title"].to_list() == ["c", "b", "a", None]


def test_an_answer_without_rows_is_a_table_all_the_same(store: Store) -> None:
    assert sql("SELECT * FROM films WHERE Year > 3000", store=store).shape == (0, 3)
    assert sql("SELECT * FROM films WHERE Year > 3000", to="none", store=store).rows == 0


def test_a_limit_ends_the_answer(store: Store) -> None:
    assert sql("SELECT * FROM range(1000000) r(x)", limit=3, store=store)["x"].to_list() == [0, 1, 2]


def test_a_reader_that_fails_in_the_middle_fails_with_its_own_error(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr("instar.data.sql.answer.write_chunk", full)
    with pytest.raises(OSError, match="no space left"):
        sql("SELECT * FROM range(3000000) r(x) ORDER BY x", to="numbers", store=store)


def test_types_that_no_dataset_has_are_cast(store: Store) -> None:
    found = sql("SELECT sum(range) AS total, uuid() AS id FROM range(5)", store=store)
    assert (found["total"].to_list(), found["id"].dtype) == ([10], pl.String())


@pytest.mark.parametrize("asked", ["SELECT 1 AS n -- one", "SELECT 1 AS n -- ) FROM (", "SELECT 1 AS n /* ; */"])
def test_a_question_may_end_in_a_comment(store: Store, asked: str) -> None:
    assert sql(asked, store=store)["n"].to_list() == [1]


def test_a_sample_can_be_asked_for(store: Store) -> None:
    assert sql('SELECT * FROM "films@1" USING SAMPLE 2 ROWS', store=store).height == 2


def test_a_type_without_a_counterpart_is_named_with_its_column(store: Store) -> None:
    with pytest.raises(BadInput, match="column 'gap' is INTERVAL, which has no type here; cast it in the query"):
        sql("SELECT INTERVAL 1 DAY AS gap FROM films", store=store)
