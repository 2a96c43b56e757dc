"""The raw columns behind a model's features: back through joins, selections and expressions to the source datasets."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from instar.models.ancestry import Ancestry, Table, read_ancestry
from instar.store.protocols import reads
from instar.store.provenance.lineage import called

if TYPE_CHECKING:
    from instar.store.store import Store

_SAME = frozenset(["filter", "distinct", "sample", "sort", "split", "union"])  # columns go through as they are
_NAME = re.compile(r'col\("((?:[^"\\]|\\.)*)"\)')
_ALIAS = re.compile(r'\.alias\("((?:[^"\\]|\\.)*)"\)\]?$')


class RawColumn(msgspec.Struct, frozen=True, order=True):
    """A column of a source dataset. dataset : as ``films@2``"""

    dataset: str
    column: str
    id: str


class Origin(msgspec.Struct, frozen=True):
    """Where a feature comes from. unknown : why some of it cannot be said, empty when all is known"""

    feature: str
    columns: tuple[RawColumn, ...]
    unknown: str = ""


@reads()
def original_features(store: Store, what: str, project: str = "") -> list[Origin]:
    """For each feature of a model version, and its target, the columns of the source datasets that it is made of.

    Goes by what each step recorded: names after a join, expressions of ``select`` and ``with_columns``. What a Python
    function, a grouping or a window made is said to be unknown; so is everything for a model that a script trained.
    """
    from instar.models.version import version  # polars comes with it: who only describes the question does not load it

    found = version(what, store, project or None)
    names = [feature.name for feature in store.nodes.features([found.id])]
    if not found.training:
        return [Origin(name, (), "its training is not on record") for name in names]
    ancestry = read_ancestry(store.nodes, [found.training])
    table = next((table for name, table in ancestry.inputs[found.training] if name == "table"), None)
    if table is None:
        return [Origin(name, (), "the table that it was trained on is not on record") for name in names]
    trace = _Trace(store, ancestry)
    return [_origin(name, trace.columns(table, name)) for name in names]


def _origin(name: str, found: Sequence[RawColumn | str]) -> Origin:
    columns = sorted({each for each in found if isinstance(each, RawColumn)})
    unknown = sorted({each for each in found if isinstance(each, str)})
    return Origin(name, tuple(columns), "; ".join(unknown))


class _Trace:
    """A walk up the tables of one ancestry, column by column."""

    def __init__(self, store: Store, ancestry: Ancestry) -> None:
        self._store = store
        self._ancestry = ancestry

    def columns(self, table: Table, column: str) -> list[RawColumn | str]:
        """The raw columns behind a column of a table, and in words what is not known."""
        wanted, found, seen = [(table, column)], list[RawColumn | str](), set[tuple[Table, str]]()
        while wanted:
            here = wanted.pop()
            if here in seen:
                continue
            seen.add(here)
            for each in self._step(*here):
                if isinstance(each, tuple):
                    wanted.append(each)
                else:
                    found.append(each)
        return found

    def _step(self, table: Table, column: str) -> list[RawColumn | str | tuple[Table, str]]:
        if table.activity not in self._ancestry.nodes:
            return [f"{column}: a step is not on record"]
        verb = self._ancestry.verb(table.activity)
        parameters = self._ancestry.nodes[table.activity].doc.get("parameters", {})
        inputs = dict(self._ancestry.inputs[table.activity])
        tables = [each for name, each in inputs.items() if self._ancestry.is_table(each)]
        if verb in ("source", "import"):
            return self._source(table.activity, column)
        if verb in _SAME:
            return [(each, column) for each in tables]
        if verb == "join" and {"left", "right"} <= inputs.keys():
            return _joined(inputs, parameters, column)
        if verb in ("select", "with_columns") and len(tables) == 1:
            return _computed(tables[0], verb, parameters.get("expressions", []), column)
        return [f"{column} was made by {self._ancestry.words(table.activity)}, which does not say from what"]

    def _source(self, activity: str, column: str) -> list[RawColumn | str | tuple[Table, str]]:
        nodes = self._store.nodes
        near = [*self._ancestry.used[activity], *(edge.src for edge in nodes.edges([activity], "in", "generated"))]
        versions = [node for node in nodes.get(near) if node.kind == "dataset_version"]
        having = {each.node for each in nodes.features([node.id for node in versions]) if each.name == column}
        numbers = nodes.numbers([node.id for node in versions])
        found = [
            RawColumn(called(node, numbers.get(node.id)), column, node.id) for node in versions if node.id in having
        ]
        return list(found) or [f"{column} is in no dataset of {self._ancestry.words(activity)}"]


def _joined(
    inputs: Mapping[str, Table], parameters: Mapping[str, Any], column: str
) -> list[RawColumn | str | tuple[Table, str]]:
    """What came from the right has the name that the join gave it; a key is in both."""
    before = {new: old for old, new in parameters.get("renamed", {}).items()}
    if column in parameters.get("on", ()):
        return [(inputs["left"], column), (inputs["right"], column)]
    if column in before:
        return [(inputs["right"], before[column])]
    return [(inputs["left"], column)]


def _computed(
    table: Table, verb: str, expressions: Sequence[str], column: str
) -> list[RawColumn | str | tuple[Table, str]]:
    """The columns that the expression of this name reads; without one, ``with_columns`` lets it through."""
    for expression in reversed(expressions):
        read = _NAME.findall(expression)
        alias = _ALIAS.search(expression)
        if (alias[1] if alias else read[0] if read else "") == column:
            if any(name.startswith("^") for name in read):
                return [f"{column}: {expression} names columns by a pattern"]
            return [(table, name) for name in read] or [f"{column} is a constant"]
    return [(table, column)] if verb == "with_columns" else [f"{column}: none of the selected expressions names it"]
