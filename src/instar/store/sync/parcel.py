"""Writing a piece of one store into another: blobs first, then everything that refers to them, in one transaction."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from instar.base.errors import Conflict
from instar.store.records import Edge, Feature, File, Param, Record
from instar.store.store import Store
from instar.store.sync.blobs import carry
from instar.store.sync.tombstones import Tombstones
from instar.store.sync.transfer import Progress, Transfer

NUMBER = "number"  # the label that says what a version was numbered where it was made


class Parcels:
    """The way from ``source`` to ``target`` for nodes with all that hangs on them."""

    def __init__(self, source: Store, target: Store, transfer: Transfer, progress: Progress) -> None:
        self.source, self.target = source, target
        self.transfer, self.progress = transfer, progress
        self.tombstones = Tombstones(source, target)

    def send(self, record: Record, numbers: Mapping[str, int]) -> None:
        """Durable in the target on return. numbers : of the versions in the source, as far as they are known"""
        known = self.target.nodes.has([node.id for node in record.nodes])
        edges = self._missing_edges(record.edges, known)
        features, params, files = self._missing_details(record, sorted(known))
        carry(self.source, self.target, self.tombstones.needed(files), self.transfer, self.progress)
        nodes = tuple(replace(node, doc={}) if node.id in known else node for node in record.nodes)
        whole = Record(nodes, edges, features, params, files)
        if whole != Record():
            self._put(whole, self._numbers(edges, numbers))
        details = {each.node for each in features} | {each.node for each in files} | {each.run for each in params}
        self.transfer.nodes += len(record.nodes) - len(known)
        self.transfer.added += len(details & known)
        self.transfer.edges += len(edges)
        self.progress(self.transfer)

    def settle(self) -> None:
        """The last step, when all nodes and edges are there: what was erased anywhere is erased in the target."""
        self.tombstones.settle(self.transfer, self.progress)

    def _missing_edges(self, edges: tuple[Edge, ...], known: set[str]) -> tuple[Edge, ...]:
        """Only of a node that the target knows it can know edges."""
        sources = {edge.src for edge in edges}
        old = sorted(sources & known | self.target.nodes.has(sources - known))
        there = set(self.target.nodes.edges(old, "out"))
        return tuple(edge for edge in edges if edge not in there)

    def _missing_details(
        self, record: Record, known: list[str]
    ) -> tuple[tuple[Feature, ...], tuple[Param, ...], tuple[File, ...]]:
        """The bytes that were written first are kept: other bytes for the same chunk need not travel."""
        features = {(each.node, each.name, each.role) for each in self.target.nodes.features(known)}
        params = {(each.run, each.key, each.value) for each in self.target.nodes.params(known)}
        files = {(each.node, each.path) for each in self.target.nodes.files(known)}
        return (
            tuple(each for each in record.features if (each.node, each.name, each.role) not in features),
            tuple(each for each in record.params if (each.run, each.key, each.value) not in params),
            tuple(each for each in record.files if (each.node, each.path) not in files),
        )

    def _numbers(self, edges: tuple[Edge, ...], numbers: Mapping[str, int]) -> dict[str, int]:
        """What each version was numbered where it was made, as far as a label says so; else in the source."""
        versions = [edge.src for edge in edges if edge.rel == "specialization"]
        if not versions:
            return {}
        here = self.source.nodes.numbers([version for version in versions if version not in numbers])
        labels = self.source.labels.of(versions)
        at_origin = {id: int(labels[id][NUMBER].value) for id in versions if NUMBER in labels[id]}
        return {id: number for id, number in (dict(numbers) | here | at_origin).items() if id in versions}

    def _put(self, record: Record, numbers: Mapping[str, int]) -> None:
        try:
            self.target.nodes.put([record], numbers, self.source.id)
        except Conflict:
            kept = self._without_conflicts(record.params)
            if len(kept) == len(record.params):
                raise
            self.target.nodes.put([replace(record, params=kept)], numbers, self.source.id)

    def _without_conflicts(self, params: tuple[Param, ...]) -> tuple[Param, ...]:
        """A parameter that was given twice, differently, in two stores stays in each what it is."""
        there = {(each.run, each.key): each for each in self.target.nodes.params(sorted({each.run for each in params}))}
        kept = []
        for param in params:
            other = there.get((param.run, param.key), param)
            if other.value == param.value:
                kept.append(param)
            else:
                self.transfer.notes.append(
                    f"parameter {param.key!r} of run {param.run}: {param.value!r} in {self.source.location}, "
                    f"{other.value!r} in {self.target.location}; each keeps its own"
                )
        return tuple(kept)
