"""What every store can do. SQLite, PostgreSQL and the HTTP client implement these and pass one contract suite.

This is the one place to declare a method: ``reads`` and ``writes`` say who may call it, and from the declaration (its name,
its parameters and what it returns) follow the route of the server, the OpenAPI document and the method of the client.
A method with neither is not reached over HTTP by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Protocol, TypeVar

from msgspec import Meta

from instar.store.find.query import Query
from instar.store.records import (
    Audited,
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
    Rows,
    Series,
    SeriesPage,
    SeriesState,
    Stored,
    Token,
)

ROLES = ("viewer", "contributor", "approver", "admin")  # each may do what those before it may
Role = Literal["viewer", "contributor", "approver", "admin"]
Limit = Annotated[int, Meta(ge=1, le=1_000_000)]  # how many of something one answer may hold
Depth = Annotated[int, Meta(ge=0, le=1_000_000)]  # steps
F = TypeVar("F", bound=Callable[..., Any])


def reads(role: Role = "viewer") -> Callable[[F], F]:
    """Whoever has this role, or a higher one, may call the method over HTTP; it changes nothing."""
    return _declared(role=role, changes=False, audited=False, repeatable=True)


def writes(role: Role = "contributor", *, audited: bool = True, repeatable: bool = True) -> Callable[[F], F]:
    """Whoever has this role, or a higher one, may call the method over HTTP.

    audited : whether the server notes each call; not for what is too much to note, or notes itself
    repeatable : whether a call whose answer was lost may be sent again: what is named by its id is written once
    """
    return _declared(role=role, changes=True, audited=audited, repeatable=repeatable)


def _declared(**what: object) -> Callable[[F], F]:
    def mark(method: F) -> F:
        method.__dict__.update(what)
        return method

    return mark


class Nodes(Protocol):
    """Nodes and edges: immutable, append-only."""

    @writes()
    def put(self, records: Sequence[Record], numbers: Mapping[str, int] = {}, peer: str = "") -> None:
        """Write all of ``records`` or nothing; durable on return.

        The same id again is a no-op (the earlier time and author are kept). Raises Conflict when an id has another
        digest, NotFound when an edge names an unknown node, BadInput when a node would be its own ancestor.
        A ``specialization`` edge gives the version the next number of the named thing in this store.

        numbers : what versions from another store are numbered there. Each keeps its number unless it is taken here;
            then it gets the next one, and a label ``number`` keeps the origin's
        peer : id of the store that they come from; empty for what is made here
        """

    @reads()
    def get(self, ids: Sequence[str]) -> list[Node]:
        """The nodes, in the order asked. Raises NotFound naming the first unknown id."""

    @reads()
    def has(self, ids: Collection[str]) -> set[str]:
        """Those of ``ids`` that are recorded."""

    @reads()
    def resolve(self, text: str, project: str = "") -> str:
        """The whole id for an id, its unique beginning (6 digits or more), ``name``, ``kind:name``, ``name@number``, or
        the name of an imported file. project : in which names are looked up; in all when it is empty"""

    @reads()
    def edges(self, ids: Sequence[str], direction: Literal["out", "in"], rel: str = "") -> list[Edge]:
        """The edges that leave (``out``: towards what it came from) or reach (``in``) ``ids``, in order of writing."""

    @reads()
    def files(self, ids: Sequence[str]) -> list[File]: ...

    @reads()
    def holders(self, digests: Collection[str]) -> list[File]:
        """The files that lie in the blobs of ``digests``, with the nodes that refer to them."""

    @reads()
    def features(self, ids: Sequence[str]) -> list[Feature]: ...

    @reads()
    def params(self, ids: Sequence[str]) -> list[Param]: ...

    @reads()
    def versions(self, named: str) -> list[tuple[int, Node]]:
        """The versions of a named thing with their numbers in this store, oldest first."""

    @reads()
    def numbers(self, ids: Sequence[str]) -> dict[str, int]:
        """The number of each of ``ids`` that is a version."""

    @reads()
    def received(self, ids: Sequence[str]) -> dict[str, Received]:
        """When each of ``ids`` came to this store, whose token sent it, and from which store."""

    @reads()
    def find(self, query: Query) -> list[Node]:
        """A page of the nodes for which the query holds, in its order; ``query.after`` the last id of a page is the next."""

    @reads()
    def count(self, query: Query) -> int:
        """How many nodes the query finds in all, whatever its limit."""

    @reads()
    def ancestors(self, node: str, depth: Depth | None = None) -> Graph:
        """Everything ``node`` came from, along the activities that made it, not through equal content made elsewhere."""

    @reads()
    def descendants(self, node: str, depth: Depth | None = None) -> Graph:
        """Everything that came from ``node``."""

    @reads()
    def reached(self, node: str, direction: Literal["up", "down"], kinds: Sequence[str]) -> list[Node]:
        """Of the ancestors (``up``) or descendants (``down``) of ``node`` those of ``kinds``, by id, without the way there.

        The fast question: which live deployments does this file reach?
        """

    @reads()
    def since(self, cursor: str = "", limit: Limit = 1000) -> Page:
        """What was recorded after ``cursor``, in order of recording."""


class Labels(Protocol):
    """What may change about a node."""

    @writes()
    def set(self, labels: Sequence[Label]) -> list[Label]:
        """Write all of ``labels`` or none; returns them with their times and ids. Raises NotFound for an unknown subject.

        A label without a time gets one later than anything this store has seen.
        """

    @writes()
    def merge(self, labels: Sequence[Label]) -> list[Label]:
        """Take over labels of another store, as they are; returns those that are not accepted yet, since they are dated
        more than an hour ahead of this store's clock: send them again later. Raises NotFound for an unknown subject."""

    @reads()
    def of(self, subjects: Sequence[str]) -> dict[str, dict[str, Label]]:
        """The label that counts for each key of each subject."""

    @reads()
    def history(self, subject: str, key: str = "") -> list[Label]:
        """All values that the key (all keys, without one) ever had, oldest first."""

    @reads()
    def where(self, key: str, value: str | None = None) -> list[Label]:
        """The labels that count now with this key (and value)."""

    @reads()
    def since(self, cursor: str = "", limit: Limit = 1000) -> LabelPage:
        """Labels that came to this store after ``cursor``, in order of arrival."""


class Metrics(Protocol):
    """Points of metrics, and the last value of each."""

    @writes(audited=False)
    def append(self, points: Sequence[Metric]) -> None:
        """Durable on return. The same point (run, key, step, at) with the same value again is a no-op.

        Of two values of one point the smaller counts, whichever came first, so that stores agree after a sync.
        """

    @reads()
    def last(self, runs: Sequence[str]) -> dict[str, dict[str, Metric]]:
        """For each run and key the point of the greatest (step, at)."""

    @reads()
    def history(
        self, run: str, key: str, after: tuple[int, int] | None = None, points: Limit | None = None
    ) -> list[Metric]:
        """The points of one metric, by step, then time.

        after : only points later than this (step, at)
        points : at most about so many: the first, the last, and the smallest and largest of equal stretches between
        """

    @reads()
    def points(
        self, series: Sequence[Series], after: Mapping[str, tuple[int, int]] = {}, limit: Limit = 20_000
    ) -> list[Metric]:
        """At most ``limit`` points of several metrics, one metric after the other, each by step, then time.

        after : by ``run/key``, only points later than this (step, at)
        """

    @reads()
    def since(self, cursor: str = "", limit: Limit = 1000) -> SeriesPage:
        """The metrics that got points after ``cursor``."""

    @reads()
    def states(self, series: Sequence[Series], until: Mapping[str, tuple[int, int]] = {}) -> list[SeriesState]:
        """How far each of ``series`` goes. until : by ``run/key``, only points up to this (step, at)"""


class Blobs(Protocol):
    """Bytes named by their sha-256."""

    def put(self, data: bytes) -> str:
        """Keep ``data`` and return its digest; durable on return. Putting it again is a no-op, or repairs it."""

    def put_file(self, path: Path) -> tuple[str, int]:
        """Keep a file without loading it whole: its digest and size in bytes."""

    def read(self, digest: str) -> bytes:
        """The bytes, checked against the digest. Raises NotFound, or Corrupt naming where a bad copy lies."""

    def fetch(self, digest: str, path: Path) -> int:
        """Write the bytes to a file without loading them whole, checked; their number. Raises like ``read``."""

    @reads()
    def has(self, digests: Collection[str]) -> set[str]:
        """Those of ``digests`` that are kept. Each is safe from ``collect`` for the grace period from now on."""

    @reads()
    def list(self, after: str = "", limit: Limit = 1000) -> Sequence[Stored]:
        """At most ``limit`` blobs with digests above ``after``, in the order of digests."""

    @writes("admin")
    def collect(self, digests: Sequence[str], before: int) -> Sequence[str]:
        """Remove those of ``digests`` that nobody put or asked for since ``before`` (microseconds); returns them.

        Safe beside ``put`` and ``has``: whoever was told that a blob is kept finds it for the grace period.
        """

    @writes("admin")
    def delete(self, digest: str) -> None:
        """Remove a blob at once, whoever uses it: for erasure. Not there is no error."""


class Memo(Protocol):
    """What was computed before, by the key of its inputs. A cache: losing it costs only time."""

    @reads()
    def get(self, keys: Sequence[str]) -> dict[str, bytes]: ...

    @writes()
    def put(self, entries: Mapping[str, bytes]) -> None: ...

    @writes("admin")
    def clear(self) -> None:
        """Forget everything: after an erasure, nothing derived may come back from here."""


class Access(Protocol):
    """Registered keys and tokens, and the audit of what was changed."""

    @writes("admin", audited=False, repeatable=False)
    def add_key(self, key: Key) -> None:
        """Register a public key; its owner registering it again is a no-op.

        Raises Conflict when it is somebody else's, or was revoked.
        """

    @reads()
    def keys(self) -> list[Key]: ...

    @writes("admin", audited=False, repeatable=False)
    def revoke_key(self, id: str) -> None: ...

    @writes("admin", audited=False, repeatable=False)
    def add_token(self, token: Token) -> None: ...

    @reads("admin")
    def tokens(self) -> list[Token]: ...

    @writes("admin", audited=False, repeatable=False)
    def revoke_token(self, name: str) -> None: ...

    @writes(audited=False, repeatable=False)
    def audit(self, action: str, subject: str, by: str, detail: str = "") -> None:
        """Note a change. Who really sent it, and from where, is noted beside ``by``."""

    @reads("admin")
    def audited(
        self,
        limit: Limit = 100,
        by: str = "",
        action: str = "",
        subject: str = "",
        since: int | None = None,
        until: int | None = None,
        before: int | None = None,
    ) -> list[Audited]:
        """Changes, newest first. since, until : microseconds;  before : only with a smaller ``seq`` (the next page)

        action : also the beginning of one (``key`` for ``key.add``)
        """


class Peers(Protocol):
    """Who this store is, and how far it has taken over what others have."""

    @reads()
    def id(self) -> str:
        """This store's own id: given when it is made, and anew when it is restored from a backup."""

    @reads()
    def cursors(self, peer: str) -> dict[str, str]:
        """How far everything of the store ``peer`` is here: a cursor for ``nodes``, ``labels`` and ``metrics``."""

    @writes()
    def advance(self, peer: str, cursors: Mapping[str, str]) -> None:
        """Remember new cursors for ``peer``; of a cursor that is not named the old one stays."""

    @writes("admin", audited=False)
    def trust(self, peer: str, trusted: bool = True) -> None:
        """Whether code that comes from the store ``peer`` may run here. Noted in the audit."""

    @reads()
    def trusted(self) -> list[str]:
        """The ids of the stores whose code may run here."""


class Catalogue(Protocol):
    """Questions in SQL to the store's own database, which can only read."""

    @reads()
    def select(self, sql: str, parameters: Mapping[str, str | int | float] = {}, limit: int = 1000) -> Rows:
        """The rows of one SELECT (WITH RECURSIVE included) with ``:name`` parameters. Raises BadInput for anything that
        writes, reads files, or looks at tokens, and for one that runs too long."""


FACETS: dict[str, type] = {
    "nodes": Nodes,
    "labels": Labels,
    "metrics": Metrics,
    "blobs": Blobs,
    "memo": Memo,
    "access": Access,
    "peers": Peers,
    "catalogue": Catalogue,
}
