"""Erasure beats content: what was erased is neither sent nor fetched again, and goes in every store that hears of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from instar.base.errors import Forbidden
from instar.store.find.query import Query, Term
from instar.store.keeping.erasure import apply_erasures
from instar.store.keeping.tombstones import ERASURE, gone
from instar.store.records import File, Node
from instar.store.store import Store
from instar.store.sync.blobs import carry
from instar.store.sync.transfer import Progress, Transfer

_ERASURES = Query((Term("kind", ERASURE),), 1_000_000)


class Tombstones:
    """What is erased in either store. Where nothing ever was, looking costs one question to each."""

    def __init__(self, source: Store, target: Store) -> None:
        self.source, self.target = source, target
        self._some = bool(source.nodes.count(_ERASURES) or target.nodes.count(_ERASURES))

    def needed(self, files: Iterable[File]) -> dict[str, File]:
        """The blobs of ``files`` by digest, without those that are erased in one of the stores.

        The last word on what another project claims is spoken by ``settle``, when all claims are known.
        """
        wanted = {file.digest: file for file in files}
        if self._some and wanted:
            stones = gone(self.source.nodes, wanted).keys() | gone(self.target.nodes, wanted).keys()
            stones |= gone(self.source.nodes, wanted, lifted=True).keys() - self.source.blobs.has(wanted)
            wanted = {digest: file for digest, file in wanted.items() if digest not in stones}
        return wanted

    def settle(self, transfer: Transfer, progress: Progress) -> None:
        """Carry out in the target what was erased anywhere, and bring the bytes that somebody claims after all."""
        if not (events := self.target.nodes.find(_ERASURES)):
            return
        ids = sorted({edge.dst for edge in self.target.nodes.edges([event.id for event in events], "out")})
        files = {file.digest: file for file in self.target.nodes.files(ids)}
        self._bring(files, transfer, progress)
        self._remove(events, transfer)
        progress(transfer)

    def _bring(self, files: Mapping[str, File], transfer: Transfer, progress: Progress) -> None:
        stones = gone(self.target.nodes, files).keys() | gone(self.source.nodes, files).keys()
        lacking = files.keys() - stones - self.target.blobs.has(files)
        there = self.source.blobs.has(lacking)
        carry(self.source, self.target, {digest: files[digest] for digest in there}, transfer, progress)

    def _remove(self, events: list[Node], transfer: Transfer) -> None:
        try:
            transfer.erased += apply_erasures(self.target, events)
        except Forbidden:
            transfer.notes.append(
                f"{self.target.location}: an erasure came that only an admin carries out there: `instar gc` does"
            )
