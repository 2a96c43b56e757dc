"""Models beside each other: what differs between two, which are alike and by what measure, which is best by a metric."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from instar.base.errors import NotFound
from instar.base.settings import project_setting
from instar.store.find.query import Query, Term
from instar.store.protocols import reads

if TYPE_CHECKING:  # polars comes with models: who only describes the questions does not load it
    from instar.models.version import ModelVersion
    from instar.store.store import Store

_SMALLER = ("mae", "rmse", "mse", "loss", "error")  # in the name of a metric of which less is better
_CHANCE = ("random_state", "seed")  # parameters that say nothing about likeness


class Difference(msgspec.Struct, frozen=True):
    """Something that two models have in two ways; null where one has it not."""

    name: str
    a: Any
    b: Any


class Comparison(msgspec.Struct, frozen=True):
    """Two model versions: what they are, and where their parameters and features differ.

    about : learner, task, target, format;  features : by name, as ``type unit``;  equal : the features both have alike
    """

    a: str
    b: str
    about: tuple[Difference, ...]
    parameters: tuple[Difference, ...]
    features: tuple[Difference, ...]
    equal: tuple[str, ...]


class Likeness(msgspec.Struct, frozen=True):
    """How like another model is, from 0 to 1: the mean of the four.

    features : share of the features of both that are in both, by name and type;  learner : 1 when it is the same
    parameters : share of the parameters of both that have one value, chance left out
    data : share of the source datasets and files above both that are above each
    """

    version: str
    id: str
    likeness: float
    features: float
    learner: float
    parameters: float
    data: float


class Ranked(msgspec.Struct, frozen=True):
    """A model version by a metric. low, high : its 95 % interval, by ``method``; null for a metric of a run

    source : the report or run that says so;  rows : evaluated, 0 when that is not known
    """

    version: str
    id: str
    value: float
    low: float | None
    high: float | None
    method: str
    rows: int
    source: str


@reads()
def compare(store: Store, a: str, b: str, project: str = "") -> Comparison:
    """Where two model versions differ: hyper-parameters, features, learner, task, target."""
    from instar.models.version import version

    first, second = (version(each, store, project or None) for each in (a, b))
    about = [_difference(key, first.node.doc, second.node.doc) for key in ("learner", "task", "target", "format")]
    ours, theirs = _features(first), _features(second)
    return Comparison(
        str(first),
        str(second),
        tuple(each for each in about if each.a != each.b),
        tuple(each for each in _differences(_parameters(first), _parameters(second))),
        tuple(_differences(ours, theirs)),
        tuple(sorted(name for name in ours if ours[name] == theirs.get(name))),
    )


@reads()
def similar(store: Store, what: str, limit: int = 10, project: str = "") -> list[Likeness]:
    """The model versions of the project that are most like one, most alike first; the measure is in each answer."""
    from instar.models.version import version

    mine = version(what, store, project or None)
    found = [_likeness(mine, other) for other in _versions(store, project) if other.id != mine.id]
    return sorted(found, key=lambda each: (-each.likeness, each.version))[:limit]


@reads()
def rank(
    store: Store, metric: str, name: str = "", limit: int = 100, ascending: bool | None = None, project: str = ""
) -> list[Ranked]:
    """Model versions by a metric, the best first; each stands with the best of its evaluations.

    metric : as in reports (``roc_auc``, ``f1``, ``accuracy``, ``mae``, ``rmse``, ``r2``), with 95 % intervals; or one that
        a run logged which used the training
    ascending : whether less is better; without it, it is for errors and losses
    Raises NotFound when no version has the metric, naming those there are.
    """
    smaller = any(word in metric.lower() for word in _SMALLER) if ascending is None else ascending
    sign, best, known = 1 if smaller else -1, dict[str, Ranked](), set[str]()
    for each in _versions(store, project, name):
        said = _measured(each)
        known |= said.keys()
        candidates = said.get(metric, [])
        if candidates:
            best[each.id] = min(candidates, key=lambda ranked: (sign * ranked.value, ranked.source))
    if not best:
        raise NotFound("metric of models", metric, known)
    return sorted(best.values(), key=lambda ranked: (sign * ranked.value, ranked.version))[:limit]


def _versions(store: Store, project: str, name: str = "") -> list[ModelVersion]:
    from instar.models.version import version_from

    terms = [Term("kind", "model_version"), Term("project", project_setting(project or None))]
    nodes = store.nodes.find(Query((*terms, *([Term("name", name)] if name else [])), 100_000))
    numbers = store.nodes.numbers([node.id for node in nodes])
    return [version_from(store, node, numbers[node.id]) for node in nodes]


def _features(of: ModelVersion) -> dict[str, str]:
    found = of.store.nodes.features([of.id])
    return {each.name: f"{each.type} {each.unit}".strip() for each in found if each.role != "target"}


def _parameters(of: ModelVersion) -> dict[str, Any]:
    found: dict[str, Any] = of.node.doc.get("parameters", {})
    return found


def _differences(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[Difference]:
    return [each for each in (_difference(key, a, b) for key in sorted({*a, *b})) if each.a != each.b]


def _difference(key: str, a: Mapping[str, Any], b: Mapping[str, Any]) -> Difference:
    return Difference(key, a.get(key), b.get(key))


def _likeness(mine: ModelVersion, other: ModelVersion) -> Likeness:
    parts = (
        _share(set(_features(mine).items()), set(_features(other).items())),
        float(mine.node.doc.get("learner") == other.node.doc.get("learner")),
        _share(_values(mine), _values(other)),
        _share(_data(mine), _data(other)),
    )
    return Likeness(str(other), other.id, sum(parts) / len(parts), *parts)


def _values(of: ModelVersion) -> set[tuple[str, str]]:
    return {(key, repr(value)) for key, value in _parameters(of).items() if key not in _CHANCE}


def _data(of: ModelVersion) -> set[str]:
    return {node.id for node in of.store.nodes.reached(of.id, "up", ["file", "dataset_version"])}


def _share(a: set[Any], b: set[Any]) -> float:
    """Of what either has, what both have; two that have nothing are alike.

    >>> _share({1, 2}, {2, 3}), _share(set(), set())
    (0.3333333333333333, 1.0)
    """
    return len(a & b) / len(a | b) if a | b else 1.0


def _measured(of: ModelVersion) -> dict[str, list[Ranked]]:
    """All that is known of a version, by metric."""
    from instar.models.evaluate import Report
    from instar.models.shelf import file_of

    store, found = of.store, dict[str, list[Ranked]]()
    users = [edge.src for edge in store.nodes.edges([of.training], "in", "informed")] if of.training else []
    nodes = {node.id: node for node in store.nodes.get(users)}
    evaluations = [id for id, node in nodes.items() if node.doc.get("verb") == "evaluate"]
    for edge in store.nodes.edges(evaluations, "in", "generated"):
        data = file_of(store, edge.src, "report.json") if edge.role == "report" else None
        if data is None:
            continue
        report = Report.from_bytes(data)
        for (_, seen), key in zip(report.figures().items(), report.metrics()):
            ranked = Ranked(str(of), of.id, seen.value, seen.low, seen.high, seen.method, report.rows, edge.src)
            found.setdefault(key, []).append(ranked)
    runs = [id for id, node in nodes.items() if node.kind == "run"]
    for run, metrics in store.metrics.last(runs).items():
        for key, point in metrics.items():
            if key not in found:  # a report says more than the number that a run keeps of it
                found.setdefault(key, []).append(Ranked(str(of), of.id, point.value, None, None, "", 0, run))
    return found
