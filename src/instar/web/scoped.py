"""The facets of a store as a project sees them. What is not said here is refused: it is for tokens of all projects."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec

from instar.base.errors import Conflict, Forbidden, NotFound
from instar.store.find.query import Query, Term
from instar.store.keeping.invalidation import LIVE
from instar.store.records import (
    Edge,
    Feature,
    File,
    Graph,
    Key,
    Label,
    LabelPage,
    Metric,
    Node,
    Page,
    Param,
    Received,
    Record,
    Series,
    SeriesPage,
    SeriesState,
    Stored,
)
from instar.web.sight import Sight, names_of


class Scoped:
    """A facet that passes on only what the project may see or write."""

    def __init__(self, sight: Sight) -> None:
        self._sight = sight
        self._store = sight.store

    def __getattr__(self, name: str) -> Any:
        raise Forbidden(f"this token is for the project {self._sight.project}; {name} needs one for all projects")


class ScopedNodes(Scoped):
    def put(self, records: Sequence[Record], numbers: Mapping[str, int] = {}, peer: str = "") -> None:
        self._sight.need_writable(sum(records, Record()))
        self._store.nodes.put(records, numbers, peer)

    def get(self, ids: Sequence[str]) -> list[Node]:
        self._sight.need(ids)
        return self._store.nodes.get(ids)

    def has(self, ids: Collection[str]) -> set[str]:
        return self._sight.sees(ids)

    def resolve(self, text: str, project: str = "") -> str:
        try:
            found = self._store.nodes.resolve(text, self._sight.project)
        except Conflict:  # it would name what is not the project's
            raise Conflict(f"{text!r} is ambiguous; give more digits, or kind:name") from None
        if not self._sight.sees([found]):
            raise NotFound("node", text, next_step=f"the project {self._sight.project} has none of this id or name")
        return found

    def edges(self, ids: Sequence[str], direction: Literal["out", "in"], rel: str = "") -> list[Edge]:
        found = self._store.nodes.edges(self._seen(ids), direction, rel)
        visible = self._sight.sees({id for edge in found for id in (edge.src, edge.dst)})
        return [edge for edge in found if {edge.src, edge.dst} <= visible]

    def files(self, ids: Sequence[str]) -> list[File]:
        return self._store.nodes.files(self._seen(ids))

    def holders(self, digests: Collection[str]) -> list[File]:
        found = self._store.nodes.holders(digests)
        visible = self._sight.sees({file.node for file in found})
        return [file for file in found if file.node in visible]

    def features(self, ids: Sequence[str]) -> list[Feature]:
        return self._store.nodes.features(self._seen(ids))

    def params(self, ids: Sequence[str]) -> list[Param]:
        return self._store.nodes.params(self._seen(ids))

    def versions(self, named: str) -> list[tuple[int, Node]]:
        return self._store.nodes.versions(named) if self._seen([named]) else []

    def numbers(self, ids: Sequence[str]) -> dict[str, int]:
        return self._store.nodes.numbers(self._seen(ids))

    def received(self, ids: Sequence[str]) -> dict[str, Received]:
        return self._store.nodes.received(self._seen(ids))

    def find(self, query: Query) -> list[Node]:
        return self._store.nodes.find(self._narrowed(query))

    def count(self, query: Query) -> int:
        return self._store.nodes.count(self._narrowed(query))

    def ancestors(self, node: str, depth: int | None = None) -> Graph:
        self._sight.need([node])
        return self._visible(self._store.nodes.ancestors(node, depth))

    def descendants(self, node: str, depth: int | None = None) -> Graph:
        self._sight.need([node])
        return self._visible(self._store.nodes.descendants(node, depth))

    def reached(self, node: str, direction: Literal["up", "down"], kinds: Sequence[str]) -> list[Node]:
        self._sight.need([node])
        found = self._store.nodes.reached(node, direction, kinds)
        visible = self._sight.sees(each.id for each in found)
        return [each for each in found if each.id in visible]

    def since(self, cursor: str = "", limit: int = 1000) -> Page:
        page = self._store.nodes.since(cursor, limit)
        record = page.record
        named = {id for edge in record.edges for id in (edge.src, edge.dst)} | {node.id for node in record.nodes}
        named |= names_of(record)
        seen = self._sight.sees(named)
        visible = Record(
            tuple(node for node in record.nodes if node.id in seen),
            tuple(edge for edge in record.edges if {edge.src, edge.dst} <= seen),
            tuple(feature for feature in record.features if feature.node in seen),
            tuple(param for param in record.params if param.run in seen),
            tuple(file for file in record.files if file.node in seen),
        )
        numbers = {id: number for id, number in page.numbers.items() if id in seen}
        return msgspec.structs.replace(page, record=visible, numbers=numbers)

    def _seen(self, ids: Sequence[str]) -> list[str]:
        visible = self._sight.sees(ids)
        return [id for id in ids if id in visible]

    def _narrowed(self, query: Query) -> Query:
        return msgspec.structs.replace(query, terms=(Term("project", self._sight.project), *query.terms))

    def _visible(self, graph: Graph) -> Graph:
        seen = self._sight.sees(node.id for node in graph.nodes)
        return Graph(
            graph.start,
            tuple(node for node in graph.nodes if node.id in seen),
            tuple(edge for edge in graph.edges if {edge.src, edge.dst} <= seen),
            {id: depth for id, depth in graph.depth.items() if id in seen},
        )


class ScopedLabels(Scoped):
    def set(self, labels: Sequence[Label]) -> list[Label]:
        self._need_writable(labels)
        return self._store.labels.set(labels)

    def merge(self, labels: Sequence[Label]) -> list[Label]:
        self._need_writable(labels)
        return self._store.labels.merge(labels)

    def of(self, subjects: Sequence[str]) -> dict[str, dict[str, Label]]:
        visible = self._sight.sees(subjects)
        found = self._store.labels.of([each for each in subjects if each in visible])
        return {subject: found.get(subject, {}) for subject in subjects}

    def history(self, subject: str, key: str = "") -> list[Label]:
        return self._store.labels.history(subject, key) if self._sight.sees([subject]) else []

    def where(self, key: str, value: str | None = None) -> list[Label]:
        return self._visible(self._store.labels.where(key, value))

    def since(self, cursor: str = "", limit: int = 1000) -> LabelPage:
        page = self._store.labels.since(cursor, limit)
        return msgspec.structs.replace(page, labels=tuple(self._visible(page.labels)))

    def _need_writable(self, labels: Sequence[Label]) -> None:
        """What is served is the project's own: the label ``live`` names it."""
        served = {label.value for label in labels if label.key == LIVE and label.value}
        self._sight.need({label.subject for label in labels} | served)

    def _visible(self, labels: Sequence[Label]) -> list[Label]:
        seen = self._sight.sees(label.subject for label in labels)
        return [label for label in labels if label.subject in seen]


class ScopedMetrics(Scoped):
    def append(self, points: Sequence[Metric]) -> None:
        self._sight.need(point.run for point in points)
        self._store.metrics.append(points)

    def last(self, runs: Sequence[str]) -> dict[str, dict[str, Metric]]:
        visible = self._sight.sees(runs)
        found = self._store.metrics.last([run for run in runs if run in visible])
        return {run: found.get(run, {}) for run in runs}

    def history(
        self, run: str, key: str, after: tuple[int, int] | None = None, points: int | None = None
    ) -> list[Metric]:
        return self._store.metrics.history(run, key, after, points) if self._sight.sees([run]) else []

    def points(
        self, series: Sequence[Series], after: Mapping[str, tuple[int, int]] = {}, limit: int = 20_000
    ) -> list[Metric]:
        visible = self._sight.sees(each.run for each in series)
        return self._store.metrics.points([each for each in series if each.run in visible], after, limit)

    def since(self, cursor: str = "", limit: int = 1000) -> SeriesPage:
        page = self._store.metrics.since(cursor, limit)
        visible = self._sight.sees(each.run for each in page.series)
        return msgspec.structs.replace(page, series=tuple(each for each in page.series if each.run in visible))

    def states(self, series: Sequence[Series], until: Mapping[str, tuple[int, int]] = {}) -> list[SeriesState]:
        self._sight.need(each.run for each in series)
        return self._store.metrics.states(series, until)


class ScopedBlobs(Scoped):
    def put(self, data: bytes) -> str:
        digest = self._store.blobs.put(data)
        self._sight.sent(digest)
        return digest

    def put_file(self, path: Path) -> tuple[str, int]:
        digest, size = self._store.blobs.put_file(path)
        self._sight.sent(digest)
        return digest, size

    def read(self, digest: str) -> bytes:
        self._sight.need_bytes(digest)
        return self._store.blobs.read(digest)

    def fetch(self, digest: str, path: Path) -> int:
        self._sight.need_bytes(digest)
        return self._store.blobs.fetch(digest, path)

    def has(self, digests: Collection[str]) -> set[str]:
        return self._store.blobs.has(self._sight.sees_bytes(set(digests)))

    def list(self, after: str = "", limit: int = 1000) -> Sequence[Stored]:
        found: list[Stored] = []
        page = self._store.blobs.list(after, limit)
        while page and len(found) < limit:
            seen = self._sight.sees_bytes({each.digest for each in page})
            found += [each for each in page if each.digest in seen]
            page = self._store.blobs.list(page[-1].digest, limit)
        return found[:limit]


class ScopedMemo(Scoped):
    """Each project has a memo of its own here: what one writes, no other reads."""

    def get(self, keys: Sequence[str]) -> dict[str, bytes]:
        found = self._store.memo.get([self._own(key) for key in keys])
        return {key: found[self._own(key)] for key in keys if self._own(key) in found}

    def put(self, entries: Mapping[str, bytes]) -> None:
        self._store.memo.put({self._own(key): value for key, value in entries.items()})

    def _own(self, key: str) -> str:
        return f"{self._sight.project}/{key}"


class ScopedAccess(Scoped):
    def keys(self) -> list[Key]:
        return self._store.access.keys()

    def audit(self, action: str, subject: str, by: str, detail: str = "") -> None:
        self._store.access.audit(action, subject, by, detail)


class ScopedPeers(Scoped):
    """How far the project's part is taken over, which says nothing of the rest of the store."""

    def id(self) -> str:
        return self._store.peers.id()

    def cursors(self, peer: str) -> dict[str, str]:
        return self._store.peers.cursors(self._own(peer))

    def advance(self, peer: str, cursors: Mapping[str, str]) -> None:
        self._store.peers.advance(self._own(peer), cursors)

    def trusted(self) -> list[str]:
        return self._store.peers.trusted()

    def _own(self, peer: str) -> str:
        return f"{peer}/{self._sight.project}"
