"""A question in SQL, looked through before it runs: one SELECT over tables that are datasets."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import duckdb

from instar.base.errors import BadInput

CATALOGUE = "catalogue"
_FUNCTIONS = frozenset(["range", "generate_series", "unnest"])  # that may stand for a table
_QUERIES = frozenset(["SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"])  # that only read
_TABLES = frozenset(["BASE_TABLE", "TABLE_FUNCTION", "SHOW_REF", "COLUMN_DATA", "DELIM_GET", "BOUND_TABLE_REF"])
_ONLY_QUESTIONS = "sql: only a question can be asked (SELECT, FROM, VALUES, WITH … SELECT); nothing was changed"


@dataclass(frozen=True)
class Question:
    """text : the statement;  datasets : as it names them, ``films`` or ``films@2``;  catalogue : tables of the record

    ordered : whether it says in which order its rows come
    """

    text: str
    datasets: tuple[str, ...]
    catalogue: tuple[str, ...]
    ordered: bool


def question(text: str) -> Question:
    """Raises BadInput for anything but one SELECT (or VALUES) over names, and points at a mistake of grammar.

    >>> question('SELECT Year, count(*) FROM "films@2" GROUP BY Year ORDER BY Year')
    Question(text='SELECT ...', datasets=('films@2',), catalogue=(), ordered=True)
    """
    [statement] = _parsed(text)
    if any(kind.endswith("_NODE") and kind not in _QUERIES for kind in map(_kind, _nodes(statement))):
        raise BadInput(_ONLY_QUESTIONS)  # WITH may hold INSERT, UPDATE, DELETE and COPY
    own = frozenset(name.lower() for name in _given_names(statement))
    datasets: dict[str, None] = {}
    catalogue: dict[str, None] = {}
    for table in _tables(statement):
        match table:
            case {"type": "BASE_TABLE", "catalog_name": "", "schema_name": "", "table_name": name}:
                if name.lower() not in own:
                    datasets[name] = None
            case {"type": "BASE_TABLE", "catalog_name": "", "schema_name": schema, "table_name": name} if (
                schema.lower() == CATALOGUE
            ):
                catalogue[name.lower()] = None
            case {"type": "TABLE_FUNCTION", "function": {"function_name": name}} if name.lower() in _FUNCTIONS:
                pass
            case _:
                raise BadInput(
                    f'sql: {_named(table)} cannot be read; a table is a dataset (films, "films@2"), one of {CATALOGUE}, '
                    f"or {', '.join(sorted(_FUNCTIONS))}. Import a file first: instar data import FILE --name NAME"
                )
    ordered = any(each.get("type") == "ORDER_MODIFIER" for each in statement["node"]["modifiers"])
    return Question(text.strip().rstrip(";"), tuple(datasets), tuple(catalogue), ordered)


def _parsed(text: str) -> list[dict[str, Any]]:
    with duckdb.connect(":memory:") as database:
        found = database.execute("SELECT json_serialize_sql(?::VARCHAR)", [text]).fetchone()
    tree = json.loads(found[0]) if found else {}
    if tree.get("error"):
        raise BadInput(_refusal(text, tree))
    statements: list[dict[str, Any]] = tree["statements"]
    if len(statements) != 1:
        raise BadInput(f"sql: {len(statements)} statements; ask one question at a time")
    return statements


def _refusal(text: str, tree: dict[str, Any]) -> str:
    """The mistake, with a mark below the letter at which it is."""
    if tree.get("error_type") == "not implemented":
        return _ONLY_QUESTIONS
    place = str(tree.get("position", ""))
    before = text[: int(place)] if place.isdigit() else ""
    version = re.search(r"\w+@\d+$", before + (re.match(r"@\d+", text[len(before) :]) or [""])[0])
    next_step = f'write it in quotation marks: "{version[0]}"' if version else "correct the question"
    said = f"sql: {tree.get('error_message', 'this is no SQL')}; {next_step}"
    if not place.isdigit():
        return said
    line = text.splitlines()[before.count("\n")] if text.splitlines() else ""
    return f"{said}\n  {line}\n  {' ' * (int(place) - before.rfind(chr(10)) - 1)}^"


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    stack = [tree]
    while stack:
        match stack.pop():
            case dict() as found:
                yield found
                stack += reversed(found.values())
            case list() as items:
                stack += reversed(items)


def _tables(tree: Any) -> Iterator[dict[str, Any]]:
    return (each for each in _nodes(tree) if _kind(each) in _TABLES)


def _kind(node: dict[str, Any]) -> str:
    """Of what has one: the ``type`` of a value is a tree itself."""
    kind = node.get("type")
    return kind if isinstance(kind, str) else ""


def _given_names(tree: Any) -> Iterator[str]:
    """The names that the question itself gives, after WITH."""
    for each in _nodes(tree):
        if isinstance(each.get("cte_map"), dict):
            yield from (entry["key"] for entry in each["cte_map"]["map"])


def _named(table: dict[str, Any]) -> str:
    if table["type"] == "TABLE_FUNCTION":
        return f"{table['function'].get('function_name', 'a function')}(…)"
    parts = [str(table.get(key, "")) for key in ("catalog_name", "schema_name", "table_name")]
    return repr(".".join(part for part in parts if part)) if any(parts) else table["type"].lower()
