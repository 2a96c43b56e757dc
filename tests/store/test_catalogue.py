"""Questions in SQL to an embedded store."""

from __future__ import annotations

import sqlite3

from tests.contracts.store.catalogue import CatalogueContract

from instar.store.sql.catalogue import _allowed


class TestCatalogueInAFolder(CatalogueContract):
    pass


def test_sqlite_itself_refuses_what_the_text_would_let_through() -> None:
    own = frozenset({"token", "mine", "sqlite_master"})
    for action in (sqlite3.SQLITE_ATTACH, sqlite3.SQLITE_PRAGMA, sqlite3.SQLITE_DELETE, sqlite3.SQLITE_CREATE_TABLE):
        assert _allowed(own, action, "node", None, None, None) == sqlite3.SQLITE_DENY
    assert _allowed(own, sqlite3.SQLITE_READ, "token", "digest", "main", None) == sqlite3.SQLITE_DENY
    assert _allowed(own, sqlite3.SQLITE_READ, "mine", "", None, None) == sqlite3.SQLITE_OK
    for table in ("token", "sqlite_master", "other"):
        assert _allowed(own, sqlite3.SQLITE_READ, table, "", None, None) == sqlite3.SQLITE_DENY
    assert _allowed(own, sqlite3.SQLITE_FUNCTION, None, "load_extension", None, None) == sqlite3.SQLITE_DENY
