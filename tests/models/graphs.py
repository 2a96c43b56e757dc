"""Activity graphs written by hand, as a dataflow would record them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from instar.base.digests import digest_bytes
from instar.base.ids import content_id, event_id, named_id, version_id
from instar.store import Store
from instar.store.records import Edge, Node, Record


@dataclass(frozen=True)
class Graph:
    """Writes activities into ``store``. A table is ``(activity, port)``."""

    store: Store

    def source(self, name: str, file: bytes = b"", version: int = 1) -> tuple[str, str]:
        """An imported dataset of one chunk, from a file; the table of its ``source``."""
        data = file or f"{name} {version}".encode()
        content = content_id("file", digest_bytes(data))
        chunk = content_id("chunk", digest_bytes(b"chunk" + data))
        named = named_id("default", "dataset", name)
        dataset = version_id("default", "dataset_version", name, digest_bytes(data))
        importing = self.activity("import", name)
        self.store.nodes.put(
            [
                Record(
                    (
                        Node(content, "file", digest_bytes(data), doc={"bytes": len(data)}),
                        Node(chunk, "chunk", digest_bytes(b"chunk" + data)),
                        Node(named, "dataset", project="default", name=name),
                        Node(dataset, "dataset_version", digest_bytes(data), "default", name),
                    ),
                    (
                        Edge(importing, "used", content, "file"),
                        Edge(dataset, "generated", importing, "dataset"),
                        Edge(chunk, "generated", importing, "chunk"),
                        Edge(dataset, "member", chunk),
                        Edge(dataset, "specialization", named),
                    ),
                )
            ]
        )
        reading = self.activity("source", name, dataset=(importing, "out"))
        self.store.nodes.put([Record(edges=(Edge(reading, "used", dataset, "dataset"),))])
        return reading, "out"

    def activity(self, verb: str, step: str = "", doc: dict[str, Any] | None = None, **inputs: tuple[str, str]) -> str:
        """An activity with its inputs by name; its id."""
        id = event_id()
        node = Node(
            id, "activity", project="default", name=verb, doc={"verb": verb, "step": step or verb} | (doc or {})
        )
        edges = tuple(Edge(id, "informed", table[0], f"{name}:{table[1]}") for name, table in inputs.items())
        self.store.nodes.put([Record((node,), edges)])
        return id

    def step(
        self, verb: str, step: str = "", doc: dict[str, Any] | None = None, **inputs: tuple[str, str]
    ) -> tuple[str, str]:
        """A table step; its only table."""
        return self.activity(verb, step, doc, **inputs), "out"

    def split(self, table: tuple[str, str], *sides: str) -> list[tuple[str, str]]:
        id = self.activity("split", "split by id", {"parameters": {"by": ["id"], "seed": 7}}, table=table)
        return [(id, side) for side in sides]

    def fit(self, table: tuple[str, str], step: str = "fit", state: str = "") -> tuple[str, str]:
        """A fitted preparation. state : what it learned; equal states are one content node"""
        id = self.activity("fit", step, table=table)
        digest = digest_bytes((state or id).encode())
        content = content_id("state", digest)
        self.store.nodes.put([Record((Node(content, "state", digest),), (Edge(content, "generated", id, "state"),))])
        return id, "state"

    def train(self, table: tuple[str, str], preparation: tuple[str, str] | None = None) -> str:
        if preparation is None:
            return self.activity("train", "train LogisticRegression", table=table)
        return self.activity("train", "train LogisticRegression", table=table, preparation=preparation)

    def evaluate(self, table: tuple[str, str], training: str) -> str:
        return self.activity("evaluate", table=table, model=(training, "model"))
