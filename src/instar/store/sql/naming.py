"""What people call things: ids and their beginnings, names, versions."""

from __future__ import annotations

import operator
import re

from sqlalchemy import Connection, select

from instar.base.errors import Conflict, NotFound
from instar.store.sql import tables

_NUMBER = re.compile("[0-9]{1,18}")  # longer ones are no number of a version, and no 64-bit integer


def resolve(sql: Connection, text: str, project: str = "") -> str:
    """The whole id for an id, its unique beginning, ``name``, ``kind:name``, ``name@number``, or a source file's name.

    project : in which names are looked up; in all of them when it is empty
    """
    for found in (_by_id(sql, text), _by_name(sql, text, project), _by_file_name(sql, text)):
        if len(found) == 1:
            return found[0]
        if len(found) > 1:
            raise Conflict(f"{text!r} is ambiguous: {', '.join(found[:5])} …; give more digits, or kind:name")
    raise NotFound("node", text, next_step="`instar find` lists what is recorded; an id may be shortened to 6 digits")


def _by_id(sql: Connection, text: str) -> list[str]:
    if not re.fullmatch(r"[0-9a-f]{6,32}", text):
        return []
    t = tables.node.c
    return list(sql.scalars(select(t.id).where(t.id >= text, t.id < text + "g").order_by(t.id).limit(6)))


def _by_name(sql: Connection, text: str, project: str) -> list[str]:
    """A named thing stands for its newest version when it has versions."""
    kind, _, name = text.rpartition(":")
    name, _, wanted = name.partition("@")
    t, n = tables.node.c, tables.number.c
    versions = select(n.named, n.node, n.number, t.kind).join(tables.node, t.id == n.named).where(t.name == name)
    if project:
        versions = versions.where(t.project == project)
    if wanted and not _NUMBER.fullmatch(wanted):
        return []
    versions = versions.where(n.number == int(wanted)) if wanted else versions.order_by(operator.neg(n.number))
    rows = [row for row in sql.execute(versions) if not kind or row.kind == kind]
    newest = {row.named: row.node for row in reversed(rows)}
    if newest or wanted:
        return list(newest.values())
    plain = select(t.id).where(t.name == name).order_by(operator.neg(t.seq)).limit(6)
    if project:
        plain = plain.where(t.project == project)
    return list(sql.scalars(plain.where(t.kind == kind) if kind else plain))


def _by_file_name(sql: Connection, text: str) -> list[str]:
    """Content has no name of its own; an import says what the file was called."""
    t, e = tables.node.c, tables.edge.c
    used = select(e.dst).join(tables.node, t.id == e.dst).where(e.rel == "used", e.role == text, t.kind == "file")
    return list(sql.scalars(used.distinct().limit(6)))
