"""A shared store: how it is found, what it remembers, what it says when a server does not let us in, older schemas."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from sqlalchemy import Connection, make_url
from tests.services import PASSWORD, PostgresServer, free_ports

from instar.base.errors import BadInput, Conflict, InstarError, NotFound
from instar.base.ids import event_id
from instar.store import Store, open_store
from instar.store.postgres import PostgresStore
from instar.store.records import Edge, Label, Node, Record
from instar.store.sql import tables
from instar.store.sql.database import Database, NewerStore, StoreBusy
from instar.store.sql.failures import StoreUnreachable
from instar.store.sql.nodes import SqlNodes
from instar.store.sql.postgresql import Postgresql


def with_password(url: str, password: str) -> str:
    return url.replace("instar@", f"instar:{quote(password)}@")


def test_the_database_remembers_where_the_blobs_lie(postgres_url: str, s3_url: str) -> None:
    with open_store(f"{postgres_url}?blobs={s3_url}") as store:
        digest, id, location = store.blobs.put(b"kept"), store.id, store.location
    assert location == postgres_url
    with open_store(postgres_url, create=False) as store:
        assert (store.blobs.read(digest), store.id) == (b"kept", id)
        assert open_store(f"{postgres_url}?blobs={s3_url}") is store
    with pytest.raises(Conflict, match=rf"has its blobs at {s3_url}, not at s3://tests/else.*UPDATE setting"):
        open_store(f"{postgres_url}?blobs=s3://tests/else")


def test_settings_name_store_and_blobs(postgres_url: str, s3_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INSTAR_STORE", postgres_url)
    monkeypatch.setenv("INSTAR_BLOBS", s3_url)
    with open_store() as store:
        assert store.location == postgres_url
        assert store.folder.is_dir()
    monkeypatch.setenv("INSTAR_BLOBS", "s3://tests/for-another-new-store")
    open_store().close()


def test_blobs_may_lie_in_a_folder_that_all_machines_share(postgres_url: str, tmp_path: Path) -> None:
    with open_store(f"{postgres_url}?blobs={tmp_path / 'blobs'}") as store:
        digest = store.blobs.put(b"kept")
    with open_store(postgres_url) as store:
        assert store.blobs.read(digest) == b"kept"


def test_two_stores_never_share_their_blobs(postgres_server: PostgresServer, postgres_url: str, s3_url: str) -> None:
    other = postgres_server.make_database()
    store = open_store(f"{postgres_url}?blobs={s3_url}")
    with pytest.raises(Conflict, match=rf"{s3_url} are those of another store \({store.id}\).*another prefix"):
        open_store(f"{other}?blobs={s3_url}")
    store.close()
    postgres_server.drop_database(other)


def test_a_new_store_needs_a_place_for_its_blobs_and_nothing_is_made_without(postgres_url: str, s3_url: str) -> None:
    for blobs, said in (
        ("", "INSTAR_BLOBS"),
        ("?blobs=relative", "from the root on"),
        ("?blobs=ftp://x/y", "s3://bucket/prefix"),
    ):
        with pytest.raises(BadInput, match=said):
            open_store(postgres_url + blobs)
    with pytest.raises(StoreUnreachable, match="no-such-bucket"):
        open_store(f"{postgres_url}?blobs=s3://no-such-bucket/x")
    with pytest.raises(NotFound, match="instar init"):
        open_store(postgres_url, create=False)


def test_a_password_in_the_url_is_used_and_shown_to_nobody(
    postgres_url: str, s3_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PGPASSWORD")
    with open_store(f"{with_password(postgres_url, PASSWORD)}?blobs={s3_url}") as store:
        assert store.location == postgres_url
        assert open_store(store.location) is store  # what a step does that knows the location only
        assert store.environment == {"PGPASSWORD": PASSWORD}
    for url in (with_password(postgres_url, "wrong"), f"{postgres_url}?password=wrong"):
        with pytest.raises(StoreUnreachable, match=r"password authentication failed.*PGPASSWORD") as refused:
            open_store(url)
        assert "wrong" not in str(refused.value)


def test_a_server_that_lets_us_not_in_is_named_with_the_way_out(
    postgres_url: str, s3_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_ports(1)[0]
    with pytest.raises(StoreUnreachable, match=f"see whether PostgreSQL runs at 127.0.0.1:{port}"):
        open_store(f"postgresql://instar@127.0.0.1:{port}/x")
    with pytest.raises(StoreUnreachable, match="createdb nowhere"):
        open_store(postgres_url.rpartition("/")[0] + "/nowhere")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    with pytest.raises(StoreUnreachable, match=r"refuses our key.*AWS_SECRET_ACCESS_KEY"):
        open_store(f"{postgres_url}?blobs={s3_url}")
    monkeypatch.setenv("AWS_ENDPOINT", "http://10.1.2.3:8333")
    with pytest.raises(BadInput, match=r"not encrypted.*AWS_ALLOW_HTTP"):
        open_store(f"{postgres_url}?blobs={s3_url}")


def test_a_plain_installation_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "instar.store.sql.postgresql", None)
    with pytest.raises(InstarError, match=r"pip install 'instar\[postgres\]'"):
        open_store("postgresql://nobody@127.0.0.1/x")


def test_a_writer_that_never_ends_gives_a_clear_error(postgres_url: str, shared_store: PostgresStore) -> None:
    import os

    backend = Postgresql(make_url(postgres_url).set(password=os.environ["PGPASSWORD"]), postgres_url, patience=0.2)
    database, node = Database(backend), Node(event_id(), "run")

    def write(sql: Connection) -> None:
        with pytest.raises(StoreBusy, match=r"another writer for 0.2 s.*pg_stat_activity"):
            SqlNodes(database).put([Record((node,))])

    shared_store.database.write(write)
    SqlNodes(database).put([Record((node,))])
    database.close()
    assert shared_store.nodes.has([node.id]) == {node.id}


# ------------------------------------------------------------------------------------------------------------- schemas


@pytest.fixture
def old_url(postgres_server: PostgresServer, shared_store: PostgresStore) -> Iterator[str]:
    """A database with the first schema, a run, what it came from, and a label."""
    from instar.store.migrations import upgrade

    url = postgres_server.make_database()
    database = Database(Postgresql(make_url(url).set(password=PASSWORD), url, 5.0))
    ids = ["a" * 32, "b" * 32]

    def make(sql: Connection) -> None:
        sql.exec_driver_sql("DROP SCHEMA public CASCADE")
        sql.exec_driver_sql("CREATE SCHEMA public")
        sql.exec_driver_sql("CREATE TABLE instar_schema (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
        upgrade(sql, "0001")
        for id in ids:
            sql.exec_driver_sql(f"INSERT INTO node VALUES (DEFAULT, '{id}', 'run', '', 'p', 'n', 1, 'ana', '{{}}')")
        sql.exec_driver_sql(f"INSERT INTO edge VALUES (DEFAULT, '{ids[1]}', '{ids[0]}', 'informed', '')")
        sql.exec_driver_sql(f"INSERT INTO label VALUES ('{'c' * 32}', '{ids[0]}', 'note', 'old', 5, 'ana')")

    database.write(make)
    database.close()
    yield url
    postgres_server.drop_database(url)


_OPEN = "import sys; from instar.store import open_store; open_store(sys.argv[1]).close()"


def test_an_older_schema_is_migrated_by_one_of_those_who_open_it_at_once(
    old_url: str, s3_url: str, shared_store: PostgresStore
) -> None:
    command = [sys.executable, "-c", _OPEN, f"{old_url}?blobs={s3_url}/old"]
    both = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    assert [each.communicate(timeout=120)[1] for each in both] == ["", ""]
    with open_store(old_url) as store:
        assert isinstance(store, PostgresStore)
        assert store.nodes.edges(["b" * 32], "out") == [Edge("b" * 32, "informed", "a" * 32)]
        assert [label.value for label in store.labels.history("a" * 32)] == ["old"]
        third = Node(event_id(), "run")
        store.nodes.put([Record((third,), (Edge(third.id, "informed", "b" * 32),))])
        store.labels.set([Label(third.id, "note", "new")])
        assert set(store.nodes.ancestors(third.id).depth) == {third.id, "b" * 32, "a" * 32}
        assert schema(store.database) == schema(shared_store.database)


def schema(database: Database) -> list[tuple[str, ...]]:
    """Columns with their types and collations, and indexes."""

    def read(sql: Connection) -> list[tuple[str, ...]]:
        columns = sql.exec_driver_sql(
            "SELECT table_name, column_name, data_type, is_nullable, collation_name FROM information_schema.columns "
            "WHERE table_schema = 'public' AND table_name <> 'instar_schema'"
        )
        indexes = sql.exec_driver_sql(
            "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'instar_schema'"
        )
        return sorted(tuple(map(str, row)) for rows in (columns, indexes) for row in rows)

    return database.read(read)


def test_a_newer_schema_is_refused_untouched(
    postgres_server: PostgresServer, postgres_url: str, shared_store: Store
) -> None:
    shared_store.close()
    postgres_server.execute("UPDATE instar_schema SET version_num = '9999'", postgres_url)
    with pytest.raises(NewerStore, match=rf"9999.*up to {tables.HEAD}.*Upgrade"):
        open_store(postgres_url)
