"""``instar check``: is everything in the store what it says it is?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from instar.base.errors import Corrupt, NotFound
from instar.base.ids import content_id
from instar.store.embedded import Store
from instar.store.records import Record

CONTENT = frozenset({"file", "chunk", "table", "state", "bundle", "report", "evidence", "environment", "code"})
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
    """Read everything: ids of content, ends of edges, acyclicity, and every blob against its digest.

    progress : called with (blobs read, blobs in all)
    """
    findings = Findings()
    needed: dict[str, str] = {}
    above: dict[str, list[str]] = {}
    cursor, more = "", True
    while more:
        page = store.nodes.since(cursor, 5000)
        cursor, more = page.cursor, page.more
        _check_nodes(page.record, findings)
        for edge in page.record.edges:
            if edge.rel != "used":  # a step may give content again that it read: the order is what ``informed`` says
                above.setdefault(edge.src, []).append(edge.dst)
        needed |= {file.digest: file.node for file in page.record.files}
    _check_order(above, findings)
    _check_blobs(store, needed, findings, progress)
    return findings


def _check_nodes(record: Record, findings: Findings) -> None:
    findings.nodes += len(record.nodes)
    findings.edges += len(record.edges)
    for node in record.nodes:
        if node.kind in CONTENT and node.id != content_id(node.kind, node.digest):
            findings.problems.append(f"{node.kind} {node.id}: its id does not follow from its digest {node.digest}")


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


def _check_blobs(store: Store, needed: dict[str, str], findings: Findings, progress: Progress) -> None:
    there = {digest for digest, _ in store.blobs.list()}
    wanted = sorted(there | set(needed))
    for done, digest in enumerate(wanted, 1):
        try:
            store.blobs.read(digest)
            findings.blobs += 1
        except (Corrupt, NotFound) as error:
            owner = f" (a file of node {needed[digest]})" if digest in needed else ""
            findings.problems.append(f"{error}{owner}")
        progress(done, len(wanted))
