"""Erasure: bytes go for good, and stay away; that they were there stays on record.

An ``erasure`` is an event that names what is erased, the project and the reason. It is recorded first and then carried
out, so that an interrupted one is finished by whoever carries it out again: ``instar gc``, or the next sync.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

import msgspec

from instar.base.errors import BadInput
from instar.base.settings import project_setting
from instar.store.keeping.invalidation import EVENTS, LIVE, NEEDED, record_against
from instar.store.keeping.tombstones import ERASURE, claims, gone
from instar.store.keeping.wholes import PARTS, whole
from instar.store.protocols import writes
from instar.store.records import Graph, Node
from instar.store.store import Store

ALL_PROJECTS = "*"


class Erasure(msgspec.Struct, frozen=True):
    """What an erasure did, or would do.

    event : its id, empty when nothing was done;  erased : ids of what was named;  blobs, freed : how many, and their bytes
    kept : ids among ``erased`` whose bytes stay, since another project claims them
    shared : ids of parts that stay, since something else in the project has them too
    derived : ids of what came from it and has bytes of its own; erased too, with ``derived``
    deployments : ids of versions that are live and came from it
    """

    event: str
    erased: tuple[str, ...]
    blobs: int
    freed: int
    kept: tuple[str, ...]
    shared: tuple[str, ...]
    derived: tuple[str, ...]
    deployments: tuple[str, ...]


@writes(NEEDED[ERASURE], repeatable=False)
def erase(
    store: Store,
    what: str,
    reason: str,
    project: str = "",
    derived: bool = False,
    everywhere: bool = False,
    dry_run: bool = False,
) -> Erasure:
    """Erase ``what`` (an id, its beginning, or a name) with its parts from ``project``.

    derived : also what came from it: summaries, models, reports, kept rows;  everywhere : from all projects
    dry_run : only say what would be done

    The bytes of what no other project claims go at once. The nodes stay, and nothing of it can be imported again into the
    project until a lifting names the erasure. Raises BadInput without a reason.
    """
    root = store.nodes.resolve(what, project)
    ids, shared = whole(store.nodes, root)
    return erase_ids(store, ids, reason, project, derived, everywhere, dry_run, shared)


def erase_ids(
    store: Store,
    ids: Sequence[str],
    reason: str,
    project: str = "",
    derived: bool = False,
    everywhere: bool = False,
    dry_run: bool = False,
    shared: Sequence[str] = (),
    clean: Collection[str] = (),
) -> Erasure:
    """Erase exactly the nodes ``ids``.

    shared : parts that stay, to be told;  clean : ids that hold nothing of it: neither they nor what came of them go
    """
    if not reason.strip():
        raise BadInput("an erasure needs a reason; say why")
    project = project or project_setting(None)
    below = descendants(store, ids, clean)
    came = [node.id for node in _with_bytes(store, below, project)]
    live = {label.value for label in store.labels.where(LIVE)}
    erased = tuple(dict.fromkeys([*ids, *(came if derived else ())]))
    taker = ALL_PROJECTS if everywhere else project
    blobs = {file.digest: file.size for file in store.nodes.files(erased)}
    going = gone(store.nodes, blobs, planned=dict.fromkeys(erased, taker))
    kept = tuple(dict.fromkeys(file.node for file in store.nodes.files(erased) if file.digest not in going))
    there = store.blobs.has(going)
    event = "" if dry_run else _record(store, erased, reason, project, everywhere).id
    if not dry_run:
        _remove(store, there)
    return Erasure(
        event=event,
        erased=erased,
        blobs=len(there),
        freed=sum(blobs[digest] for digest in there),
        kept=kept,
        shared=tuple(shared),
        derived=tuple(came),
        deployments=tuple(node.id for node in below if node.id in live),
    )


def _record(store: Store, ids: Sequence[str], reason: str, project: str, everywhere: bool) -> Node:
    more = {"everywhere": True} if everywhere else {}
    event = record_against(store, ERASURE, ids, reason, project=project, more=more)
    store.access.audit(ERASURE, event.id, event.created_by, reason)
    return event


def descendants(store: Store, ids: Sequence[str], clean: Collection[str] = ()) -> list[Node]:
    """What came from any of ``ids``, themselves left out, by id; not what came of it only through ``clean``."""
    found: dict[str, Node] = {}
    for id in ids:
        graph = store.nodes.descendants(id)
        reached = _reached(graph, set(clean))
        found |= {node.id: node for node in graph.nodes if node.id in reached}
    return [node for id, node in sorted(found.items()) if id not in set(ids) and node.kind not in EVENTS]


def _reached(graph: Graph, clean: set[str]) -> set[str]:
    after: dict[str, set[str]] = {}
    for edge in graph.edges:
        after.setdefault(edge.dst, set()).add(edge.src)
    reached, front = {graph.start}, {graph.start}
    while front:
        front = {id for here in front for id in after.get(here, ())} - reached - clean
        reached |= front
    return reached


def _with_bytes(store: Store, nodes: Sequence[Node], project: str) -> list[Node]:
    """Those that have files of their own, and models, whose files are their bundle's; those of the project."""
    holders = {file.node for file in store.nodes.files([node.id for node in nodes])}
    holders |= {node.id for node in nodes if node.kind in PARTS}
    wanted = [node for node in nodes if node.id in holders and node.project in ("", project)]
    owned = claims(store.nodes, [node.id for node in wanted if not node.project])
    return [node for node in wanted if node.project or project in owned[node.id]]


def by_kind(nodes: Sequence[Node]) -> dict[str, int]:
    """How many there are of each kind."""
    return dict(sorted(Counter(node.kind for node in nodes).items()))


def apply_erasures(store: Store, events: Sequence[Node]) -> int:
    """Carry out ``events`` (erasures, here or pulled): remove the bytes that nobody claims any more; how many bytes.

    Again changes nothing. What this store does not know yet, or what was lifted, is left alone.
    """
    ids = {edge.dst for edge in store.nodes.edges([node.id for node in events if node.kind == ERASURE], "out")}
    if not ids:
        return 0
    sizes = {file.digest: file.size for file in store.nodes.files(sorted(ids))}
    there = store.blobs.has(gone(store.nodes, sizes))
    if there:
        _remove(store, there)
    return sum(sizes[digest] for digest in there)


def _remove(store: Store, digests: Collection[str]) -> None:
    """The memo goes first: nothing derived may come back from it."""
    store.memo.clear()
    for digest in sorted(digests):
        store.blobs.delete(digest)
