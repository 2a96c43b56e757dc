"""What makes two models, runs or datasets differ: the first ancestors at which they part, in words.

Both lineages are walked up side by side, input by input. Where both came from the very same thing there is nothing to
say; where two steps differ in what they themselves were given, that is said; what only follows from it is not.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any, Literal

import msgspec

from instar.store.protocols import reads
from instar.store.provenance.lineage import title, why
from instar.store.records import Edge, Graph, Node
from instar.store.store import Store

Group = Literal["data", "code", "parameters", "environment", "preparation", "seeds"]
GROUPS: tuple[Group, ...] = ("data", "code", "parameters", "environment", "preparation", "seeds")
MOST = 20  # files, libraries or columns that are named; the others are counted
FEW = 3  # parameters of one side that are named one by one; more stand in one line
_SEEDS = ("seed", "random_state")
_FOLLOWS = ("id", "dataset")  # parameters that only name what a step read


class Change(msgspec.Struct, frozen=True, order=True):
    """One thing in which the lineages part.

    what : the step or thing, as it is called on both sides;  words : what differs
    a, b : ids of the two ancestors, one of them empty when only one lineage has such a thing
    """

    group: Group
    what: str
    words: str
    a: str = ""
    b: str = ""

    def __str__(self) -> str:
        return f"{self.what}: {self.words}"


class Difference(msgspec.Struct, frozen=True):
    """The changes by group, farthest upstream first. common : how many ancestors both have

    No change and different ids: both were made by equal steps from equal things.
    """

    a: str
    b: str
    changes: tuple[Change, ...]
    common: int

    def of(self, group: Group) -> list[Change]:
        return [change for change in self.changes if change.group == group]


@reads()
def diff(store: Store, a: str, b: str, project: str = "") -> Difference:
    """The first diverging ancestors of ``a`` and ``b`` (ids, their beginnings, or names). Raises NotFound, Conflict."""
    left, right = why(store, a, project=project), why(store, b, project=project)
    common = len((left.depth.keys() & right.depth.keys()) - {left.start, right.start})
    return Difference(left.start, right.start, tuple(_Pairs(store, left, right).changes()), common)


class _Pairs:
    """Two lineages, walked side by side."""

    def __init__(self, store: Store, left: Graph, right: Graph) -> None:
        self.store = store
        self.starts = (left.start, right.start)
        self.common = left.depth.keys() & right.depth.keys()
        self.nodes = {node.id: node for graph in (left, right) for node in graph.nodes}
        self.above: dict[str, list[Edge]] = defaultdict(list)
        for edge in dict.fromkeys((*left.edges, *right.edges)):
            self.above[edge.src].append(edge)

    def changes(self) -> list[Change]:
        found: dict[Change, int] = {}
        seen = {self.starts}
        front, depth = [self.starts], 0
        while front:
            following = []
            for pair in front:
                if pair[0] == pair[1]:
                    continue
                a, b = (self.nodes[id] for id in pair)
                for change in self._own(a, b):
                    found[change] = depth
                for up, other in self._inputs(a, b):
                    if up is None or other is None:
                        found[self._only(up.dst if up else "", other.dst if other else "")] = depth
                        continue
                    for change in self._parts(a, up, other):
                        found[change] = depth
                    if (up.dst, other.dst) not in seen:
                        seen.add((up.dst, other.dst))
                        following.append((up.dst, other.dst))
            front, depth = following, depth + 1
        return sorted(found, key=lambda change: (GROUPS.index(change.group), -found[change], change))

    def _inputs(self, a: Node, b: Node) -> Iterator[tuple[Edge | None, Edge | None]]:
        """What the two were made from, side by side: by role, else by kind and step. One side may be missing."""
        sides = [defaultdict[tuple[str, str, str], list[Edge]](list) for _ in range(2)]
        for node, side in zip((a, b), sides):
            for edge in self.above[node.id]:
                if edge.rel not in ("specialization", "member"):
                    side[edge.rel, edge.role, self._sort(edge.dst)].append(edge)
        left, right = (dict(side) for side in sides)
        for key in [key for key in left if key in right]:
            yield from self._aligned(left.pop(key), right.pop(key))
        rest = [defaultdict[tuple[str, str], list[Edge]](list) for _ in range(2)]
        for one, some in zip((left, right), rest):
            for (rel, _, sort), edges in one.items():
                some[rel, sort] += edges
        for name in dict.fromkeys((*rest[0], *rest[1])):
            yield from self._aligned(rest[0][name], rest[1][name])

    def _aligned(self, left: Sequence[Edge], right: Sequence[Edge]) -> Iterator[tuple[Edge | None, Edge | None]]:
        """The same things side by side, then the others in order."""
        both = {edge.dst for edge in left} & {edge.dst for edge in right}
        for id in sorted(both):
            yield from zip(*([edge for edge in edges if edge.dst == id] for edges in (left, right)))
        yield from zip_longest(*([edge for edge in edges if edge.dst not in both] for edges in (left, right)))

    def _parts(self, node: Node, up: Edge, other: Edge) -> Iterator[Change]:
        """Of what both read another part: the other side of a split."""
        (name, _, part), (same, _, others) = (edge.role.partition(":") for edge in (up, other))
        if name == same and part != others and not (part.isdigit() or others.isdigit()):
            words = f"{name} is {part} and {others} of {_told(self.nodes[up.dst])}"
            yield Change("data", str(node.doc.get("step") or title(node)), words, up.dst, other.dst)

    def _sort(self, id: str) -> str:
        node = self.nodes[id]
        return f"{node.kind} {node.doc.get('verb', '')}"

    def _only(self, a: str, b: str) -> Change:
        node, which = self.nodes[a or b], "the first" if a else "the second"
        words = f"both came from it, only {which} directly" if node.id in self.common else f"only {which} came from it"
        return Change(_group(node), _told(node), words, a, b)

    def _own(self, a: Node, b: Node) -> Iterator[Change]:
        """What two nodes differ in by themselves."""
        match a.kind if a.kind == b.kind else "":
            case "environment":
                yield from _made(("environment", "environment"), a, b, _environment(a.doc, b.doc))
            case "code":
                yield from _made(("code", "code"), a, b, _code(a.doc, b.doc))
            case "file":
                yield from _made(("data", "source file"), a, b, [f"{a.digest[:8]} and {b.digest[:8]}"])
            case "dataset_version":
                yield from _made(("data", f"dataset {a.name}"), a, b, _rows(a.doc, b.doc))
            case "activity":
                yield from _step(a, b)
            case "run":
                yield from self._run(a, b)
            case "":
                yield Change(_group(a), title(a), f"on the other side it is {title(b)}", a.id, b.id)

    def _run(self, a: Node, b: Node) -> Iterator[Change]:
        left, right = ({param.key: param.value for param in self.store.nodes.params([node.id])} for node in (a, b))
        yield from _parameters(f"run {a.name}", a, b, left, right, "parameters")
        arguments = {"arguments": a.doc.get("arguments")}, {"arguments": b.doc.get("arguments")}
        yield from _parameters(f"run {a.name}", a, b, *arguments, "parameters")


def _told(node: Node) -> str:
    return title(node) if node.kind != "activity" else f"step {node.doc.get('step', node.name)!r}"


def _group(node: Node) -> Group:
    if node.kind in ("code", "environment"):
        return "code" if node.kind == "code" else "environment"
    return "preparation" if node.kind == "state" or node.doc.get("verb") == "fit" else "data"


def _made(where: tuple[Group, str], a: Node, b: Node, words: Sequence[str]) -> Iterator[Change]:
    for each in words:
        yield Change(*where, each, a.id, b.id)


def _step(a: Node, b: Node) -> Iterator[Change]:
    """Two steps: another verb, or other parameters."""
    verb, other = a.doc.get("verb", a.name), b.doc.get("verb", b.name)
    what = str(a.doc.get("step", a.name))
    if verb != other:
        yield Change(_group(a), what, f"the other is {b.doc.get('step', b.name)!r}", a.id, b.id)
        return
    group: Group = "preparation" if verb == "fit" else "data" if verb == "import" else "parameters"
    left, right = (flat(node.doc.get("parameters", {})) for node in (a, b))
    yield from _parameters(what, a, b, left, right, group)


def _parameters(
    what: str, a: Node, b: Node, left: Mapping[str, Any], right: Mapping[str, Any], group: Group
) -> Iterator[Change]:
    gone = set()
    alone = _alone(left, right)
    for key in dict.fromkeys((*left, *right)):
        whole = key.rpartition(".")[0]
        if whole.endswith(")") and (one := _one_sided(whole, left, right)):  # an operator that only one side has
            if whole not in gone:
                yield Change(group, what, f"{whole} only in the {one}", a.id, b.id)
            gone.add(whole)
        elif left.get(key) != right.get(key) and key not in _FOLLOWS and key not in alone:
            kind: Group = "seeds" if key.rpartition(".")[2] in _SEEDS else group
            yield Change(kind, what, f"{key} {_value(left, key)} and {_value(right, key)}", a.id, b.id)
    for one, side in (("first", left), ("second", right)):
        if own := [f"{key.removeprefix('parameters.')} {_value(side, key)}" for key in side if key in alone]:
            more = [f"and {len(own) - MOST} more"] if len(own) > MOST else []
            yield Change(group, what, f"only in the {one}: {', '.join([*own[:MOST], *more])}", a.id, b.id)


def _alone(left: Mapping[str, Any], right: Mapping[str, Any]) -> set[str]:
    """The parameters that only one side has, when they are many: another learner has others. One line says them."""
    alone = {key for key in left.keys() ^ right.keys() if key not in _FOLLOWS and "(" not in key}
    alone = {key for key in alone if key.rpartition(".")[2] not in _SEEDS}
    return alone if len(alone) > FEW else set()


def _one_sided(whole: str, left: Mapping[str, Any], right: Mapping[str, Any]) -> str:
    """``first`` or ``second`` when only that one has anything below ``whole``."""
    in_first, in_second = (any(key.startswith(f"{whole}.") for key in side) for side in (left, right))
    return "" if in_first and in_second else "first" if in_first else "second"


def _value(values: Mapping[str, Any], key: str) -> str:
    text = repr(values[key]) if key in values else "(not there)"
    return text if len(text) <= 80 else f"{text[:79]}…"


def flat(value: Any, above: str = "") -> dict[str, Any]:
    """Nested values by their path; an operator in a list by its name and columns.

    >>> flat({"parameters": {"C": 1.0}, "operators": [{"operator": "impute", "columns": ["Age"], "strategy": "mean"}]})
    {'parameters.C': 1.0, 'operators.impute(Age).strategy': 'mean'}
    """
    inside: Mapping[str, Any]
    if isinstance(value, Mapping) and value:
        inside = value
    elif isinstance(value, list) and value and all(isinstance(each, Mapping) for each in value):
        inside = {
            _operator(each, place): {k: v for k, v in each.items() if k not in ("operator", "columns")}
            for place, each in enumerate(value)
        }
    else:
        return {above: value}
    found: dict[str, Any] = {}
    for key, each in inside.items():
        found |= flat(each, f"{above}.{key}" if above else str(key))
    return found


def _operator(value: Mapping[str, Any], place: int) -> str:
    columns = ", ".join(map(str, value.get("columns") or ()))
    return f"{value['operator']}({columns})" if "operator" in value else str(place)


def _environment(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[str]:
    left, right = ({k: v for k, v in doc.items() if k != "packages"} for doc in (a, b))
    words = [f"{key} {_value(left, key)} and {_value(right, key)}" for key in left if left[key] != right.get(key)]
    return words + _named(a.get("packages", {}), b.get("packages", {}), "{name} {a} and {b}")


def _code(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[str]:
    words = [f"{key} {_value(a, key)} and {_value(b, key)}" for key in ("script", "commit") if a.get(key) != b.get(key)]
    return words + _named(a.get("files", {}), b.get("files", {}), "{name} changed")


def _rows(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[str]:
    words = [f"{a['rows']} rows and {b['rows']} rows"] if a.get("rows") != b.get("rows") else []
    left, right = ({field["name"]: field["type"] for field in doc.get("columns", ())} for doc in (a, b))
    return words + _named(left, right, "column {name} is {a} and {b}")


def _named(left: Mapping[str, Any], right: Mapping[str, Any], form: str) -> list[str]:
    """What two mappings differ in, by name; of many the first ones."""
    words = []
    for name in sorted({*left, *right}):
        if left.get(name) == right.get(name):
            continue
        if name in left and name in right:
            words.append(form.format(name=name, a=left[name], b=right[name]))
        else:
            words.append(f"{name} only in the {'first' if name in left else 'second'}")
    return words if len(words) <= MOST else [*words[:MOST], f"and {len(words) - MOST} more"]
