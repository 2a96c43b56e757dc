"""``instar gc``: blobs that nothing refers to are removed, and nothing else, also while others write.

A writer puts a blob first and names it in a node later. What it put, or was told is there, is safe for the grace period.
So a blob goes only when nobody touched it for that long and no node names it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress

import msgspec

from instar.base import clock
from instar.base.errors import BadInput
from instar.store.blobs import every_blob
from instar.store.find.query import Query, Term
from instar.store.keeping.contents import NAMING, reader
from instar.store.keeping.erasure import apply_erasures
from instar.store.keeping.tombstones import ERASURE, Erased, gone
from instar.store.protocols import Blobs, Nodes, writes
from instar.store.records import Stored
from instar.store.store import Store

GRACE = 24 * 3600.0  # seconds
AT_ONCE = 500
Progress = Callable[[int, int], None]


class Collected(msgspec.Struct, frozen=True):
    """What ``gc`` removed, or would. freed : bytes;  erased : how many of the blobs had been erased;  kept : all others"""

    blobs: tuple[Stored, ...]
    freed: int
    erased: int
    kept: int


@writes("admin")
def collect(store: Store, grace: float = GRACE, dry_run: bool = False) -> Collected:
    """Remove the blobs that nothing refers to and nobody put or asked for within ``grace`` seconds.

    Carries out erasures that were interrupted. dry_run : only say what would go. Raises BadInput for a grace below 0.
    """
    return collected(store, grace, dry_run)


def collected(
    store: Store, grace: float = GRACE, dry_run: bool = False, progress: Progress = lambda done, of: None
) -> Collected:
    """The same with progress: (blobs looked at, blobs in all)."""
    if not grace >= 0:
        raise BadInput(f"a grace of {grace} seconds: it is 0 or more; a day is usual, for writers that are at work")
    before = clock.now() - int(grace * clock.SECOND)
    if not dry_run:
        apply_erasures(store, store.nodes.find(Query((Term("kind", ERASURE),), 1_000_000)))
    every = list(every_blob(store.blobs))
    old = [blob for blob in every if blob.touched < before]
    removed: list[Stored] = []
    erased = 0
    named: set[str] | None = None
    for done in range(0, len(old), AT_ONCE):
        some = {blob.digest: blob for blob in old[done : done + AT_ONCE]}
        held = {file.digest for file in store.nodes.holders(some)}
        away = set(gone(store.nodes, held))
        free = sorted((set(some) - held) | away)
        if free and named is None:
            named = set(blobs_named(store.nodes, store.blobs))
        free = [digest for digest in free if digest in away or digest not in (named or ())]
        taken = free if dry_run else list(store.blobs.collect(free, before))
        removed += [some[digest] for digest in taken]
        erased += len(away & set(taken))
        progress(min(done + AT_ONCE, len(old)), len(old))
    return Collected(tuple(removed), sum(blob.size for blob in removed), erased, len(every) - len(removed))


def blobs_named(nodes: Nodes, blobs: Blobs) -> Iterator[str]:
    """The blobs that manifests name. Two writers may pack the same rows into other bytes: then no chunk names one."""
    cursor, more = "", True
    while more:
        page = nodes.since(cursor, 5000)
        cursor, more = page.cursor, page.more
        files = [file for file in page.record.files if file.path in NAMING]
        kinds = {node.id: node.kind for node in nodes.get(sorted({file.node for file in files}))}
        for file in files:
            if (read := reader(kinds[file.node], file.path)) is not None:
                with suppress(Erased):
                    yield from read.blobs_named(blobs.read(file.digest))
