"""``find`` as SQL: which table to begin with, in what order to walk, and where a page begins.

An answer in order is read in phases: first what has the value it is ordered by, then what has none. Each phase walks
one index from one end, so that a page costs what it shows and not what there is; unless some condition holds for few
nodes only, which are then read and sorted. SQLite follows the order of ``CROSS JOIN``, PostgreSQL plans for itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from instar.base.errors import BadInput, NotFound
from instar.store.find.conditions import MOST, ORDERS, Condition, Order, Query, Term
from instar.store.records import Node
from instar.store.sql.criteria import Criteria, Part, Value, check_conditions, check_text, joined
from instar.store.sql.rows import fetched, node_of

FEW = 500  # nodes that are rather sorted than met by walking an index
_COLUMNS = "n.id, n.kind, n.digest, n.project, n.name, n.created_at, n.created_by, n.doc"
_BY_TIME = "n.created_at DESC NULLS LAST, n.id DESC"
_LABELLED = "SELECT DISTINCT d.subject AS id FROM label d WHERE d.key = ?"
_TABLES = {"metric": "metric_last", "param": "param"}


@dataclass(frozen=True)
class _Phase:
    """A part of the answer: those that have a value of one kind, or none.

    table : joined as ``o`` to get at the value;  holds : who is in this phase;  value : what it is ordered by, if anything
    """

    holds: Part
    value: str = ""
    table: str = ""


def search(sql: Connection, query: Query) -> list[Node]:
    """A page of what the query finds. Raises BadInput, and NotFound for an unknown ``after`` or ``from:``."""
    _check(query)
    plan = _Plan(sql, query)
    phases = _phases(query.order, plan.criteria.binary)
    if any((term.key, term.name) == (query.order.key, query.order.name) for term in plan.joins):
        phases = phases[:-1]  # all that is found has a value
    number, after = plan.place(phases, query.after) if query.after else (0, None)
    found = list[Node]()
    for phase in phases[number:]:
        found += [node_of(row) for row in plan.page(phase, after, query.limit - len(found))]
        after = None
        if len(found) == query.limit:
            break
    return found


def count(sql: Connection, query: Query) -> int:
    """How many nodes the query finds in all."""
    _check(query)
    return _Plan(sql, query).count()


def _check(query: Query) -> None:
    check_conditions(query.terms)
    order = query.order
    if not 0 <= query.limit <= MOST:
        raise BadInput(f"find: limit {query.limit} is not between 0 and {MOST:,}")
    if order.key not in ORDERS or (order.key in _TABLES) != bool(order.name):
        raise BadInput(f"find: no order by {order.key!r} {order.name!r}; it is one of {', '.join(ORDERS)}")
    check_text(order.name)


def _phases(order: Order, binary: str) -> list[_Phase]:
    """Numbers before text, and what has no value last."""
    named = Part("o.key = ?", (order.name,))
    match order.key:
        case "created":
            return [_Phase(Part("n.created_at IS NOT NULL"), "n.created_at"), _Phase(Part("n.created_at IS NULL"))]
        case "name":
            return [_Phase(Part("n.name <> ''"), f"n.name{binary}"), _Phase(Part("n.name = ''"))]
        case "metric":
            has = Part(f"{named.sql} AND o.value IS NOT NULL", named.values)
            return [_Phase(has, "o.value", "metric_last"), _without("metric_last", has)]
        case _:
            number = Part(f"{named.sql} AND o.number IS NOT NULL", named.values)
            text = Part(f"{named.sql} AND o.number IS NULL", named.values)
            return [
                _Phase(number, "o.number", "param"),
                _Phase(text, f"o.value{binary}", "param"),
                _without("param", named),
            ]


def _without(table: str, has: Part) -> _Phase:
    return _Phase(Part(f"NOT EXISTS (SELECT 1 FROM {table} o WHERE o.run = n.id AND {has.sql})", has.values))


class _Plan:
    """How one query is answered.

    joins : metrics and parameters that must hold are joined, which is twice as fast as asking for each run;
    rest : the other conditions
    """

    def __init__(self, sql: Connection, query: Query) -> None:
        self._sql = sql
        self._order = query.order
        self.criteria = Criteria(sql, _project(query))
        joins = [term for term in query.terms if isinstance(term, Term) and _may_be_joined(term)]
        self.joins = sorted(joins, key=lambda term: term.op != "=")  # what is likely to hold for fewer comes first
        others = [term for term in query.terms if term not in self.joins]
        self.rest = [self.criteria.holds(term) for term in others]
        self.few = self._few(others)

    def _few(self, others: list[Condition]) -> Part | None:
        """The ids of the condition that holds for the fewest, if those are few; it need not be joined then."""
        best, least, chosen = None, FEW, None
        for term in (each for each in (*self.joins, *others) if isinstance(each, Term)):
            if (ids := self._ids(term)) is not None and (number := self._number(ids, least)) < least:
                best, least, chosen = ids, number, term
        self.joined = [term for term in self.joins if term is not chosen]
        return best

    def _ids(self, term: Term) -> Part | None:
        """Which nodes a condition holds for, where an index knows."""
        match term.key:
            case "metric" | "param" if term in self.joins:
                value = self.criteria.value(term, "d")
                return Part(f"SELECT d.run AS id FROM {_TABLES[term.key]} d WHERE {value.sql}", value.values)
            case "name":
                return Part("SELECT d.id FROM node d WHERE d.name = ?", (term.value,))
            case "feature" if term.value:
                found = self.criteria.features(term)
                return Part(f"SELECT DISTINCT f.node AS id{found.sql.removeprefix('SELECT f.node')}", found.values)
            case "stage" | "experiment" | "status":
                return Part(f"{_LABELLED} AND d.value = ?", (term.key, term.value))
            case "tag":
                return Part(_LABELLED, (f"tag.{term.value}",))
            case _:
                return None

    def _number(self, ids: Part, most: int) -> int:
        counted = Part(f"SELECT count(*) FROM (SELECT 1 FROM ({ids.sql}) d LIMIT {most}) c", ids.values)
        return int(self._rows(counted)[0][0])

    def _rows(self, part: Part) -> list[tuple[Any, ...]]:
        sql = part.sql.replace("?", "%s") if self.criteria.postgresql else part.sql
        return fetched(self._sql.exec_driver_sql(sql, part.values))

    def page(self, phase: _Phase, after: Part | None, limit: int) -> list[tuple[Any, ...]]:
        """At most ``limit`` rows of a phase, from ``after`` on."""
        conditions = [phase.holds, *([after] if after else [])]
        direction = " DESC" if self._order.descending else ""
        ties = f"n.id{direction}" if phase.value == "n.created_at" else _BY_TIME
        order = f"{phase.value}{direction}, {ties}" if phase.value else _BY_TIME
        body = self._body(phase, conditions)
        return self._rows(Part(f"SELECT {_COLUMNS} {body.sql} ORDER BY {order} LIMIT {limit}", body.values))

    def count(self) -> int:
        body = self._body(_Phase(Part("1 = 1")), [Part("1 = 1")])  # a query may have no term at all
        return int(self._rows(Part(f"SELECT count(*) {body.sql}", body.values))[0][0])

    def _body(self, phase: _Phase, conditions: list[Part]) -> Part:
        """FROM and WHERE: first the few, else what is in order; then what narrows it; the node itself last."""
        tables, on = list[Part](), list[str]()
        joins = list(self.joined)
        first = ""
        if self.few is not None:
            tables.append(Part(f"({self.few.sql}) d", self.few.values))
            first = "d.id"
        if phase.table:
            tables.append(Part(f"{phase.table} o"))
            on += [f"o.run = {first}"] if first else []
            first = first or "o.run"
            if phase.value == "o.value" and self._order.key == "metric":
                joins = [term for term in joins if (term.key, term.name) != ("metric", self._order.name)]
                same = [term for term in self.joined if term not in joins]
                conditions = [*conditions, *(self.criteria.value(term, "o") for term in same)]
        if not first and not joins:
            tables.append(Part("node n"))
        elif not first and phase.value and phase.value.startswith("n."):
            tables.append(Part("node n"))
            first = "n.id"
        for at, term in enumerate(joins):
            alias = f"j{at}"
            tables.append(Part(f"{_TABLES[term.key]} {alias}"))
            on += [f"{alias}.run = {first}"] if first else []
            first = first or f"{alias}.run"
            conditions = [*conditions, self.criteria.value(term, alias)]
        if not any(part.sql == "node n" for part in tables):
            tables.append(Part("node n"))
            on.append(f"n.id = {first}")
        where = joined([*(Part(each) for each in on), *conditions, *self.rest], " AND ")
        begun = joined(tables, " CROSS JOIN ")
        return Part(f"FROM {begun.sql} WHERE {where.sql}", (*begun.values, *where.values))

    def place(self, phases: list[_Phase], after: str) -> tuple[int, Part]:
        """Which phase a node is in, and the condition for what follows it there. Raises NotFound."""
        check_text(after)
        for number, phase in enumerate(phases):
            table = f"{phase.table} o CROSS JOIN node n" if phase.table else "node n"
            on = " AND o.run = n.id" if phase.table else ""
            asked = (
                f"SELECT {phase.value or 'NULL'}, n.created_at FROM {table} WHERE n.id = ?{on} AND {phase.holds.sql}"
            )
            if rows := self._rows(Part(asked, (after, *phase.holds.values))):
                value, created_at = rows[0]
                return number, self._following(phase, value, created_at, after)
        raise NotFound("node", after, next_step="it is the last of no page; ask for the first page again")

    def _following(self, phase: _Phase, value: Value | None, created_at: int | None, id: str) -> Part:
        sign = "<" if self._order.descending else ">"
        if phase.value == "n.created_at":
            assert created_at is not None, "this phase has only nodes with a time"
            return Part(
                f"(n.created_at {sign} ? OR (n.created_at = ? AND n.id {sign} ?))", (created_at, created_at, id)
            )
        later = (
            Part("(n.created_at IS NULL AND n.id < ?)", (id,))
            if created_at is None
            else Part(
                "(n.created_at < ? OR (n.created_at = ? AND n.id < ?) OR n.created_at IS NULL)",
                (created_at, created_at, id),
            )
        )
        if value is None:
            return later
        return Part(f"({phase.value} {sign}= ? AND ({phase.value} <> ? OR {later.sql}))", (value, value, *later.values))


def _may_be_joined(term: Term) -> bool:
    return term.key in _TABLES and term.op != "!=" and term.value.lower() != "nan"


def _project(query: Query) -> str:
    """The project that the query says everything is in."""
    said = [term.value for term in query.terms if isinstance(term, Term) and term.key == "project"]
    return said[0] if said else ""
