"""What is recorded of the activities above one: which read which table, down to the sources. Read once, then pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from instar.store.protocols import Nodes
from instar.store.records import Edge, Node

# What these give is no table: a fitted state, a model, a report, a run.
_NO_TABLE = frozenset(["fit", "train", "tune", "evaluate", "gate", "sign", "publish", "deploy"])
SOURCES = frozenset(["import", "source"])
# What an activity ran with says nothing about rows: two of them in one environment share no source by that.
_NO_DATA = frozenset(["environment", "code"])


@dataclass(frozen=True, order=True)
class Table:
    """One table of the graph: what ``activity`` gave at ``port`` (``out``, or the name of a side of a split)."""

    activity: str
    port: str


@dataclass(frozen=True)
class Ancestry:
    """The activities above some of them, with their inputs.

    nodes : activities by id;  inputs : (input's name, table or other thing) of each;  used : content ids of each
    origins : of each activity that reads from outside, what tells its rows from others': files, chunks, versions, names
    """

    nodes: dict[str, Node]
    inputs: dict[str, tuple[tuple[str, Table], ...]]
    used: dict[str, tuple[str, ...]]
    origins: dict[str, frozenset[str]]

    def verb(self, activity: str) -> str:
        return str(self.nodes[activity].doc.get("verb", self.nodes[activity].name))

    def is_table(self, table: Table) -> bool:
        return table.activity in self.nodes and self.verb(table.activity) not in _NO_TABLE

    def tables(self, activity: str) -> tuple[Table, ...]:
        """The tables that ``activity`` reads."""
        return tuple(table for _, table in self.inputs[activity] if self.is_table(table))

    def above(self, activity: str) -> list[str]:
        """``activity`` and everything above it, whatever it was an input for, nearest first."""
        seen, order = {activity}, [activity]
        for here in order:
            for _, table in self.inputs[here]:
                if table.activity in self.nodes and table.activity not in seen:
                    seen.add(table.activity)
                    order.append(table.activity)
        return order

    def path(self, start: str, end: str) -> list[str]:
        """The shortest way up from ``start`` to ``end``, both included; empty when there is none."""
        before: dict[str, str] = {start: ""}
        order = [start]
        for here in order:
            for _, table in self.inputs[here]:
                if table.activity in self.nodes and table.activity not in before:
                    before[table.activity] = here
                    order.append(table.activity)
        if end not in before:
            return []
        way = [end]
        while way[-1] != start:
            way.append(before[way[-1]])
        return way[::-1]

    @cached_property
    def sources_first(self) -> list[str]:
        """Every activity after those it reads from."""
        order: list[str] = []
        done: set[str] = set()
        for root in self.nodes:
            stack: list[tuple[str, Iterator[str]]] = [(root, self._upstream(root))] if root not in done else []
            done.add(root)
            while stack:
                here, upstream = stack[-1]
                following = next((id for id in upstream if id not in done), None)
                if following is None:
                    order.append(here)
                    stack.pop()
                else:
                    done.add(following)
                    stack.append((following, self._upstream(following)))
        return order

    def _upstream(self, activity: str) -> Iterator[str]:
        return (table.activity for _, table in self.inputs[activity] if table.activity in self.nodes)

    @cached_property
    def sources(self) -> dict[str, frozenset[str]]:
        """For each activity everything from outside that the rows of its tables may come from."""
        found: dict[str, frozenset[str]] = {}
        for activity in self.sources_first:
            own = self.origins.get(activity, frozenset())
            found[activity] = own.union(*(found[table.activity] for table in self.tables(activity)))
        return found

    def words(self, activity: str) -> str:
        """The activity for people: verb, label, short id."""
        label = str(self.nodes[activity].doc.get("step", ""))
        verb = self.verb(activity)
        named = verb if not label or label == verb else label if label.startswith(verb) else f"{verb} {label}"
        return f"{named} ({activity[:8]}…{activity[-4:]})"

    def table_words(self, table: Table) -> str:
        if self.verb(table.activity) == "split":
            return f"side {table.port!r} of {self.words(table.activity)}"
        return f"the table of {self.words(table.activity)}"


def read_ancestry(nodes: Nodes, starts: Iterable[str]) -> Ancestry:
    """Read the activities above ``starts`` and what they read from outside. Raises NotFound for an unknown start."""
    known: dict[str, Node] = {}
    edges: dict[str, list[Edge]] = {}
    front = list(dict.fromkeys(starts))
    while front:
        found = [node for node in nodes.get(front) if node.kind == "activity"]
        known |= {node.id: node for node in found}
        for edge in nodes.edges([node.id for node in found], "out", "informed"):
            edges.setdefault(edge.src, []).append(edge)
        front = list(
            dict.fromkeys(edge.dst for node in found for edge in edges.get(node.id, ()) if edge.dst not in known)
        )
        front = [id for id in front if id not in known]
    inputs = {id: tuple(_input(edge) for edge in edges.get(id, ())) for id in known}
    used: dict[str, list[str]] = {}
    for edge in nodes.edges(list(known), "out", "used"):
        if edge.role not in _NO_DATA:
            used.setdefault(edge.src, []).append(edge.dst)
    of_each = {id: tuple(used.get(id, ())) for id in known}
    outside = [id for id, node in known.items() if node.doc.get("verb", node.name) in SOURCES]
    return Ancestry(known, inputs, of_each, _origins(nodes, {id: set(of_each[id]) for id in outside}))


def _input(edge: Edge) -> tuple[str, Table]:
    name, _, port = edge.role.partition(":")
    return name, Table(edge.dst, port or "out")


def _origins(nodes: Nodes, used: dict[str, set[str]]) -> dict[str, frozenset[str]]:
    """What was used or generated from outside, with the parts and names of dataset versions.

    Two versions of one dataset count as one source: they share rows, as a rule, though no chunk may be equal.
    """
    found = {activity: set(ids) for activity, ids in used.items()}
    for edge in nodes.edges(list(used), "in", "generated"):
        found[edge.dst].add(edge.src)
    whole = sorted(set().union(*found.values())) if found else []
    parts: dict[str, set[str]] = {}
    for edge in [*nodes.edges(whole, "out", "member"), *nodes.edges(whole, "out", "specialization")]:
        parts.setdefault(edge.src, set()).add(edge.dst)
    return {activity: frozenset(ids.union(*(parts.get(id, set()) for id in ids))) for activity, ids in found.items()}
