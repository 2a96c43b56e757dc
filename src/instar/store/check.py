"""``instar check``: is everything in the store what it says it is?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from instar.base.errors import Corrupt, NotFound
from instar.base.ids import content_id, named_id, version_id
from instar.store.blobs import every_blob
from instar.store.query import CONTENT, NAMED
from instar.store.records import File, Node, Record
from instar.store.store import Store
from instar.store.tombstones import Erased

DIGEST_SAYS_ALL = ("dataset_version", "deployment_version")  # a model's version also depends on what trained it
Progress = Callable[[int, int], None]


@dataclass
class Findings:
    """What ``check`` looked at, and what is wrong (nothing, in a sound store)."""

    nodes: int = 0
    edges: int = 0
    blobs: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        return not self.problems


def check(store: Store, progress: Progress = lambda done, of: None) -> Findings:
    """Read everything: the database's own check, ids against what they follow from, ends of edges, acyclicity, that
    whoever used something is informed by its maker, sizes of files, and every blob against its digest.

    progress : called with (blobs read, blobs in all)
    """
    findings = Findings(problems=store.problems())
    needed: dict[str, File] = {}
    lineage = _Lineage()
    above: dict[str, list[str]] = {}
    cursor, more = "", True
    while more:
        page = store.nodes.since(cursor, 5000)
        cursor, more = page.cursor, page.more
        _check_nodes(page.record, findings)
        for edge in page.record.edges:
            if edge.rel != "used":  # a step may give content again that it read: the order is what ``informed`` says
                above.setdefault(edge.src, []).append(edge.dst)
        lineage.add(page.record)
        for file in page.record.files:
            if needed.setdefault(file.digest, file).size != file.size:
                findings.problems.append(f"file {file.path} of node {file.node}: its blob has another size elsewhere")
    _check_order(above, findings)
    findings.problems += lineage.uninformed()
    _check_blobs(store, needed, findings, progress)
    return findings


def _check_nodes(record: Record, findings: Findings) -> None:
    findings.nodes += len(record.nodes)
    findings.edges += len(record.edges)
    for node in record.nodes:
        if _expected_id(node) not in (None, node.id):
            source = f"its digest {node.digest}" if node.kind in CONTENT else "its project, name and digest"
            findings.problems.append(f"{node.kind} {node.id}: its id does not follow from {source}")


def _expected_id(node: Node) -> str | None:
    """The id that follows from what the node says; None for what happened once, and for models' versions."""
    if node.kind in CONTENT:
        return content_id(node.kind, node.digest)
    if node.kind in NAMED:
        return named_id(node.project, node.kind, node.name)
    if node.kind in DIGEST_SAYS_ALL:
        return version_id(node.project, node.kind, node.name, node.digest)
    return None


class _Lineage:
    """Whether whoever used something that was made is informed by one who made it: ancestors are found along that."""

    def __init__(self) -> None:
        self._used: list[tuple[str, str]] = []
        self._makers: dict[str, set[str]] = {}
        self._informed: dict[str, set[str]] = {}

    def add(self, record: Record) -> None:
        for edge in record.edges:
            if edge.rel == "used":
                self._used.append((edge.src, edge.dst))
            elif edge.rel == "generated":
                self._makers.setdefault(edge.src, set()).add(edge.dst)
            elif edge.rel == "informed":
                self._informed.setdefault(edge.src, set()).add(edge.dst)

    def uninformed(self) -> list[str]:
        return [
            f"activity {user} used {thing} and is informed by none that made it: `instar why` would stop there"
            for user, thing in self._used
            if (makers := self._makers.get(thing)) and makers.isdisjoint(self._informed.get(user, ()))
        ]


def _check_order(above: dict[str, list[str]], findings: Findings) -> None:
    """Nothing may come from itself: take away what has no ancestors left, again and again; nothing may remain."""
    waits = {id: len(set(targets)) for id, targets in above.items()}
    below: dict[str, set[str]] = {}
    for id, targets in above.items():
        for target in targets:
            below.setdefault(target, set()).add(id)
    free = [id for id in below if id not in waits]
    while free:
        for id in below.get(free.pop(), ()):
            waits[id] -= 1
            if not waits[id]:
                del waits[id]
                free.append(id)
    findings.problems += [f"node {id} is its own ancestor, or came from one that is" for id in sorted(waits)]


def _check_blobs(store: Store, needed: dict[str, File], findings: Findings, progress: Progress) -> None:
    there = {blob.digest for blob in every_blob(store.blobs)}
    wanted = sorted(there | set(needed))
    for done, digest in enumerate(wanted, 1):
        try:
            size = len(store.blobs.read(digest))
            findings.blobs += 1
            if digest in needed and needed[digest].size != size:
                file = needed[digest]
                findings.problems.append(
                    f"file {file.path} of node {file.node}: recorded with {file.size} bytes, its blob {digest} has {size}"
                )
        except Erased:
            pass  # gone on purpose, and said so
        except (Corrupt, NotFound) as error:
            owner = f" (a file of node {needed[digest].node})" if digest in needed else ""
            findings.problems.append(f"{error}{owner}")
        progress(done, len(wanted))
