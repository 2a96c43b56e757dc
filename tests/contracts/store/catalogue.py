"""What every store answers in SQL, and what it refuses. A subclass gives the ``store`` fixture: an empty one."""

from __future__ import annotations

import contextlib
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.contracts.store.find import run

from instar.base.errors import BadInput
from instar.store import Store
from instar.store.records import Edge, Record

# Each writes, reads or reaches something that is none of a question's business; {file} is a file of this machine.
REFUSED = [
    "",
    ";",
    "SELECT 1; DROP TABLE node",
    "DROP TABLE node",
    "DELETE FROM node",
    "INSERT INTO node (id) VALUES ('x')",
    "UPDATE node SET name = 'x'",
    "CREATE TABLE x (y int)",
    "CREATE TABLE x AS SELECT * FROM node",
    "SELECT * INTO x FROM node",
    "WITH gone AS (DELETE FROM node RETURNING id) SELECT * FROM gone",
    "EXPLAIN ANALYZE DELETE FROM node",
    "TRUNCATE node",
    "VACUUM INTO '{file}'",
    "ATTACH DATABASE '{file}' AS x",
    "PRAGMA writable_schema = 1",
    "SELECT * FROM pragma_table_info('node')",
    "SELECT load_extension('{file}')",
    "SELECT readfile('{file}')",
    "SELECT writefile('{file}', 'x')",
    "SELECT edit('x')",
    "SELECT fts3_tokenizer('x')",
    "SELECT zeroblob(1000000000)",
    "SELECT printf('%999999999d', 1)",
    "SELECT randomblob(1000000000)",
    "COPY node TO '{file}'",
    "COPY (SELECT 1) TO PROGRAM 'touch {file}'",
    "SELECT pg_read_file('{file}')",
    "SELECT pg_catalog.pg_read_file('{file}')",
    "SELECT \"pg_read_file\"('{file}')",
    'SELECT "pg_catalog"."pg_read_file"(\'{file}\')',
    "SELECT PG_READ_FILE ('{file}')",
    "SELECT U&\"pg\\005fread_file\"('{file}')",
    "SELECT pg_read_binary_file('{file}'), pg_ls_dir('/'), pg_stat_file('{file}')",
    "SELECT * FROM pg_ls_dir('/')",
    "SELECT lo_import('{file}')",
    "SELECT lo_export(1, '{file}')",
    "SELECT query_to_xml('DELETE FROM node', true, true, '')",
    "SELECT set_config('transaction_read_only', 'off', false)",
    "SELECT dblink('dbname=x', 'DELETE FROM node')",
    "SELECT * FROM node n, dblink(name) AS (x int)",
    "SELECT * FROM node, LATERAL dblink(name) AS t (x int)",
    "WITH pg_sleep AS (SELECT 1) SELECT pg_sleep(100)",
    "WITH x AS (SELECT 1), pg_sleep(name) AS (x int) SELECT 1",
    "SELECT pg_terminate_backend(1)",
    "SELECT pg_sleep(100)",
    "SELECT nextval('node_seq_seq')",
    "DO $$ BEGIN DELETE FROM node; END $$",
    "SELECT $$x$$",
    "SELECT E'\\'; DROP TABLE node; --'",
    "SELECT 1 /* /* */ ; DROP TABLE node */",
    "SELECT 1 --\r, pg_sleep(100)",
    "SET ROLE postgres",
    "LOCK TABLE node",
    "SELECT * FROM node FOR UPDATE; COMMIT",
    "BEGIN",
    "COMMIT",
    "SELECT * FROM token",
    'SELECT * FROM "token"',
    "SELECT * FROM main.token",
    "SELECT * FROM public.token",
    "SELECT * FROM node, token",
    "SELECT * FROM node JOIN token ON 1 = 1",
    "SELECT * FROM (token CROSS JOIN node)",
    "SELECT * FROM node n (a, b), token",
    "SELECT * FROM ONLY token",
    "SELECT 1 UNION SELECT digest FROM token",
    "SELECT 1 UNION TABLE token",
    "SELECT (SELECT max(digest) FROM token)",
    "SELECT * FROM node WHERE id IN (SELECT digest FROM token)",
    "WITH token AS (SELECT * FROM setting) SELECT * FROM token",
    "SELECT * FROM audit",
    "SELECT * FROM setting",
    "SELECT * FROM key",
    "SELECT * FROM peer",
    "SELECT * FROM memo",
    "SELECT * FROM lease",
    "SELECT * FROM instar_schema",
    "SELECT * FROM sqlite_master",
    "SELECT * FROM pg_authid",
    "SELECT * FROM pg_catalog.pg_shadow",
    "SELECT * FROM information_schema.tables",
    "SELECT * FROM [token]",
    "SELECT * FROM `token`",
    "SELECT nothing FROM node",
    "SELECT (1",
    "SELECT 1)",
    "SELECT ?",
    "SELECT :missing",
    "SELECT 'a\0b'",
]


FIXTURES = [HealthCheck.function_scoped_fixture, HealthCheck.differing_executors]  # one suite, several stores


class CatalogueContract:
    """Reading, and nothing but reading."""

    @pytest.fixture
    def chain(self, store: Store) -> list[str]:
        """Three runs, each after the one before."""
        records = [run(name, days, lr=0.1) for name, days in (("a", 3), ("b", 2), ("c", 1))]
        ids = [record.nodes[0].id for record in records]
        edges = tuple(Edge(after, "informed", before) for before, after in pairwise(ids))
        store.nodes.put([*records, Record(edges=edges)])
        return ids

    def test_a_question_has_parameters_columns_and_a_limit(self, store: Store, chain: list[str]) -> None:
        sql = "SELECT name, created_at FROM node WHERE kind = :kind AND name <> '%;(token' ORDER BY name -- all\n;"
        rows = store.catalogue.select(sql, {"kind": "run"})
        assert (rows.columns, [row[0] for row in rows.rows], rows.more) == (
            ("name", "created_at"),
            ["a", "b", "c"],
            False,
        )
        two = store.catalogue.select(sql, {"kind": "run"}, limit=2)
        assert (len(two.rows), two.more) == (2, True)
        assert store.catalogue.select("VALUES (1, 'x'), (2, NULL)").rows == ((1, "x"), (2, None))

    def test_a_question_may_recurse(self, store: Store, chain: list[str]) -> None:
        sql = """
        WITH RECURSIVE above(id, far) AS (
          SELECT id, 0 FROM node WHERE id = :start
          UNION SELECT e.dst, above.far + 1 FROM above JOIN edge e ON e.src = above.id
        ) SELECT n.name, far FROM above, node n WHERE n.id = above.id ORDER BY far"""
        assert store.catalogue.select(sql, {"start": chain[-1]}).rows == (("c", 0), ("b", 1), ("a", 2))

    def test_a_question_counts_the_rows_of_its_own_query(self, store: Store, chain: list[str]) -> None:
        sql = "WITH mine AS (SELECT id FROM node WHERE kind = 'run') SELECT count(*) FROM mine"
        assert store.catalogue.select(sql).rows == ((3,),)

    def test_figures_are_plain_numbers(self, store: Store, chain: list[str]) -> None:
        sql = (
            "SELECT count(*), sum(number), avg(number), count(DISTINCT key), max(coalesce(number, 0)), "
            "row_number() OVER (ORDER BY key) FROM param GROUP BY key HAVING count(*) > 1 LIMIT 5"
        )
        ((count, total, mean, keys, most, row),) = store.catalogue.select(sql).rows
        assert (count, keys, most, row) == (3, 1, 0.1, 1)
        assert total == pytest.approx(0.3)
        assert mean == pytest.approx(0.1)

    def test_whatever_writes_reads_files_or_looks_at_secrets_is_refused(self, store: Store, tmp_path: Path) -> None:
        store.nodes.put([run("a")])
        target = tmp_path / "secret"
        target.write_text("x")
        before = store.nodes.since()
        for sql in REFUSED:
            with pytest.raises(BadInput, match="SQL: "):
                print(sql, store.catalogue.select(sql.replace("{file}", str(target))))
        assert target.read_text() == "x"
        assert {path.name for path in tmp_path.iterdir()} <= {"secret", "store", "home"}
        assert store.nodes.since() == before
        store.nodes.put([run("b")])

    def test_what_is_wrong_is_said_with_the_next_step(self, store: Store) -> None:
        for sql, said in {
            "SELECT nmae FROM node": "nmae",
            "SELECT * FROM nodes": "did you mean 'node'",
            "SELECT uper(name) FROM node": "did you mean 'upper'",
            "SELECT :x": "parameter :x is not given",
        }.items():
            with pytest.raises(BadInput, match=said):
                store.catalogue.select(sql)
        with pytest.raises(BadInput, match="there is no :y"):
            store.catalogue.select("SELECT 1", {"y": 1})
        with pytest.raises(BadInput, match="limit 0"):
            store.catalogue.select("SELECT 1", limit=0)

    def test_what_takes_too_long_is_ended(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("instar.store.sql.catalogue.SECONDS", 0.3)
        endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
        with pytest.raises(BadInput, match="took longer"):
            store.catalogue.select(endless)

    @given(st.text(max_size=40) | st.lists(st.sampled_from(" ".join(REFUSED).split()), max_size=12).map(" ".join))
    @settings(max_examples=100, deadline=None, suppress_health_check=FIXTURES)
    def test_any_text_is_rows_or_an_error_of_its_own(self, store: Store, text: str) -> None:
        with contextlib.suppress(BadInput):
            store.catalogue.select(text)
        assert store.nodes.since().record.nodes == ()
