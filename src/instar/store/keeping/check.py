"""``instar check``: is everything in the store what it says it is? And ``--repair``, from a store that has it right."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from instar.base.errors import Corrupt, InstarError, NotFound
from instar.store.blobs import every_blob
from instar.store.keeping.contents import READERS, reader
from instar.store.keeping.recorded import PAGE, Recorded
from instar.store.keeping.tombstones import ERASURE, Erased, gone
from instar.store.records import File
from instar.store.store import Store

Progress = Callable[[int, int], None]


@dataclass
class Findings:
    """What ``check`` looked at, and what is wrong (nothing, in a sound store).

    warnings : what is odd and harms nothing;  repaired : what was wrong and is right again
    """

    nodes: int = 0
    edges: int = 0
    blobs: int = 0
    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    repaired: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        return not self.problems


def check(store: Store, progress: Progress = lambda done, of: None, repair: Store | None = None) -> Findings:
    """Read everything: the database's own check, ids against what they follow from, ends of edges, acyclicity, that
    whoever used something is informed by its maker, numbers, labels and metrics, sizes of files, every blob against its
    digest, manifests against chunks, and the rows of chunks against their logical digest.

    progress : called with (blobs read, blobs in all)
    repair : a store that may have good copies of damaged or missing blobs; they are taken over. Nothing else is changed
    """
    findings = Findings(problems=store.problems())
    recorded, files = Recorded(), Files(findings)
    cursor, more = "", True
    while more:
        page = store.nodes.since(cursor, PAGE)
        cursor, more = page.cursor, page.more
        recorded.add(page.record)
        files.add(page.record.files)
    findings.nodes, findings.edges = len(recorded.kinds), recorded.edges
    findings.problems += recorded.problems()
    findings.problems += recorded.beside(store)
    findings.warnings += recorded.warnings()
    if ERASURE in recorded.kinds.values():
        findings.problems += _still_there(store, files)
    _Blobs(store, recorded.kinds, files, findings, repair).look(progress)
    return findings


class Files:
    """The files of nodes by their blobs; those whose bytes somebody can read are kept one by one."""

    def __init__(self, findings: Findings) -> None:
        self.needed: dict[str, File] = {}
        self.readable: dict[str, list[File]] = {}
        self._findings = findings
        self._paths = {path for _, path in READERS}

    def add(self, files: tuple[File, ...]) -> None:
        for file in files:
            if self.needed.setdefault(file.digest, file).size != file.size:
                told = f"file {file.path} of node {file.node}: its blob has another size elsewhere"
                self._findings.problems.append(told)
            if file.path in self._paths:
                self.readable.setdefault(file.digest, []).append(file)


class _Blobs:
    """Every blob that is there or should be."""

    def __init__(
        self, store: Store, kinds: dict[str, str], files: Files, findings: Findings, repair: Store | None
    ) -> None:
        self._store, self._kinds, self._files, self._findings, self._source = store, kinds, files, findings, repair

    def look(self, progress: Progress) -> None:
        there = {blob.digest for blob in every_blob(self._store.blobs)}
        wanted = sorted(there | set(self._files.needed))
        for done, digest in enumerate(wanted, 1):
            if (data := self._sound(digest)) is not None:
                self._findings.blobs += 1
                self._findings.problems += self._read(digest, data)
            progress(done, len(wanted))

    def _sound(self, digest: str) -> bytes | None:
        try:
            return self._store.blobs.read(digest)
        except Erased:
            return None  # gone on purpose, and its node says so
        except (Corrupt, NotFound) as error:
            file = self._files.needed.get(digest)
            owner = f" (a file of node {file.node})" if file is not None else ""
            return self._repaired(digest, f"{error}{owner}")

    def _repaired(self, digest: str, wrong: str) -> bytes | None:
        if self._source is None:
            self._findings.problems.append(wrong)
            return None
        try:
            data = self._source.blobs.read(digest)
            self._store.blobs.put(data)
        except InstarError as error:
            self._findings.problems.append(f"{wrong}; not repaired from {self._source.location}: {error}")
            return None
        self._findings.repaired.append(f"blob {digest}: a good copy was taken from {self._source.location}")
        return data

    def _read(self, digest: str, data: bytes) -> Iterator[str]:
        """What the bytes say otherwise than the record."""
        file = self._files.needed.get(digest)
        if file is not None and file.size != len(data):
            recorded = f"recorded with {file.size} bytes, its blob {digest} has {len(data)}"
            yield f"file {file.path} of node {file.node}: {recorded}"
        for file in self._files.readable.get(digest, ()):
            read = reader(self._kinds.get(file.node, ""), file.path)
            if read is not None:
                [node] = self._store.nodes.get([file.node])
                yield from read.disagreements(self._store, node, file, data)


def _still_there(store: Store, files: Files) -> Iterator[str]:
    """Bytes that were to be erased."""
    away = gone(store.nodes, files.needed)
    for digest in sorted(store.blobs.has(away)):
        file = files.needed[digest]
        yield f"file {file.path} of node {file.node} was erased, and its bytes are still here; `instar gc` removes them"
