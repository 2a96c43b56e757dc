"""What the readers of databases share: which table or query of the file is meant."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from instar.base.errors import BadInput
from instar.data.sources.errors import TableUnknown


def quoted(name: str) -> str:
    """A name as SQL.

    >>> print(quoted('a "b" c'))
    "a ""b"" c"
    """
    return '"' + name.replace('"', '""') + '"'


def one_query(query: str) -> str:
    """A query without the semicolon at its end, so that it can stand inside another."""
    return query.strip().rstrip(";").rstrip()


def choose_table(path: Path, table: str | None, query: str | None, tables: Callable[[], Sequence[str]]) -> str | None:
    """The table to read, or None when a query is given.

    Without both, the only table of the file. Raises TableUnknown, and BadInput when it is not clear what to read.
    """
    if table and query:
        raise BadInput(f"{path}: give table= or query=, not both")
    if query:
        return None
    names = tables()
    if table:
        if table not in names:
            raise TableUnknown(path, table, names)
        return table
    if len(names) != 1:
        found = f"it has the tables {', '.join(names)}" if names else "it has no tables"
        raise BadInput(f"{path} is a database and {found}; say what to read with table= or query=")
    return names[0]
