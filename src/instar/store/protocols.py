"""What every store can do. SQLite, PostgreSQL and the HTTP client implement these and pass one contract suite."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal, Protocol

from instar.store.query import Query
from instar.store.records import Edge, Feature, File, Graph, Key, Label, Metric, Node, Page, Param, Record, Token


class Nodes(Protocol):
    """Nodes and edges: immutable, append-only."""

    def put(self, records: Sequence[Record]) -> None:
        """Write all of ``records`` or nothing; durable on return.

        The same id again is a no-op (the earlier time and author are kept). Raises Conflict when an id has another
        digest, NotFound when an edge names an unknown node, BadInput when a node would be its own ancestor.
        A ``specialization`` edge gives the version the next number of the named thing in this store.
        """

    def get(self, ids: Sequence[str]) -> list[Node]:
        """The nodes, in the order asked. Raises NotFound naming the first unknown id."""

    def has(self, ids: Iterable[str]) -> set[str]:
        """Those of ``ids`` that are recorded."""

    def resolve(self, text: str, project: str = "") -> str:
        """The whole id for an id, its unique beginning (6 digits or more), ``name``, ``kind:name``, ``name@number``, or
        the name of an imported file. project : in which names are looked up; in all when it is empty"""

    def edges(self, ids: Sequence[str], direction: Literal["out", "in"], rel: str = "") -> list[Edge]:
        """The edges that leave (``out``: towards what it came from) or reach (``in``) ``ids``, in order of writing."""

    def files(self, ids: Sequence[str]) -> list[File]: ...

    def features(self, ids: Sequence[str]) -> list[Feature]: ...

    def params(self, ids: Sequence[str]) -> list[Param]: ...

    def versions(self, named: str) -> list[tuple[int, Node]]:
        """The versions of a named thing with their numbers in this store, oldest first."""

    def numbers(self, ids: Sequence[str]) -> dict[str, int]:
        """The number of each of ``ids`` that is a version."""

    def find(self, query: Query) -> list[Node]: ...

    def ancestors(self, node: str, depth: int | None = None) -> Graph:
        """Everything ``node`` came from, along the activities that made it, not through equal content made elsewhere."""

    def descendants(self, node: str, depth: int | None = None) -> Graph:
        """Everything that came from ``node``."""

    def since(self, cursor: str = "", limit: int = 1000) -> Page:
        """What was recorded after ``cursor``, in order of recording."""


class Labels(Protocol):
    """What may change about a node."""

    def set(self, labels: Sequence[Label]) -> list[Label]:
        """Write all of ``labels`` or none; returns them with their times and ids. Raises NotFound for an unknown subject.

        A label without a time gets one later than anything this store has seen.
        """

    def of(self, subjects: Sequence[str]) -> dict[str, dict[str, Label]]:
        """The label that counts for each key of each subject."""

    def history(self, subject: str, key: str) -> list[Label]:
        """All values that the key ever had, oldest first."""

    def where(self, key: str, value: str | None = None) -> list[Label]:
        """The labels that count now with this key (and value)."""


class Metrics(Protocol):
    """Points of metrics, and the last value of each."""

    def append(self, points: Sequence[Metric]) -> None:
        """Durable on return. The same point (run, key, step, at) again is a no-op, whatever its value: the first counts."""

    def last(self, runs: Sequence[str]) -> dict[str, dict[str, Metric]]:
        """For each run and key the point of the greatest (step, at)."""

    def history(self, run: str, key: str) -> list[Metric]:
        """All points of one metric, by step, then time."""


class Blobs(Protocol):
    """Bytes named by their sha-256."""

    def put(self, data: bytes) -> str:
        """Keep ``data`` and return its digest; durable on return. Putting it again is a no-op, or repairs it."""

    def put_file(self, path: Path) -> tuple[str, int]:
        """Keep a file without loading it whole: its digest and size in bytes."""

    def read(self, digest: str) -> bytes:
        """The bytes, checked against the digest. Raises NotFound, or Corrupt naming where a bad copy lies."""

    def has(self, digests: Iterable[str]) -> set[str]: ...

    def list(self) -> Iterator[tuple[str, int]]:
        """Digest and size of every blob."""

    def delete(self, digest: str) -> None: ...


class Memo(Protocol):
    """What was computed before, by the key of its inputs. A cache: losing it costs only time."""

    def get(self, keys: Sequence[str]) -> dict[str, bytes]: ...

    def put(self, entries: Mapping[str, bytes]) -> None: ...


class Access(Protocol):
    """Registered keys and tokens, and the audit of what was changed."""

    def add_key(self, key: Key) -> None:
        """Register a public key; its owner registering it again is a no-op.

        Raises Conflict when it is somebody else's, or was revoked.
        """

    def keys(self) -> list[Key]: ...

    def revoke_key(self, id: str) -> None: ...

    def add_token(self, token: Token) -> None: ...

    def tokens(self) -> list[Token]: ...

    def revoke_token(self, name: str) -> None: ...

    def audit(self, action: str, subject: str, by: str, detail: str = "") -> None: ...

    def audited(self, limit: int = 100) -> list[tuple[int, str, str, str, str]]:
        """(at, action, subject, by, detail), newest first."""
