"""What the store keeps, as values: no row, cursor or session leaves it."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

Relation = Literal[
    "used",  # activity -> what it read
    "generated",  # thing -> the activity that made it
    "derived",  # thing -> a thing it came from, by whatever activity
    "informed",  # activity -> the activity that made an input *for it*
    "attributed",  # thing -> agent
    "associated",  # activity -> agent
    "invalidated",  # invalidation -> what it invalidates
    "member",  # collection -> part (dataset version -> chunk)
    "specialization",  # version -> the named thing
]


class Node(msgspec.Struct, frozen=True, omit_defaults=True, gc=False, forbid_unknown_fields=True):
    """Anything recorded, immutable.

    digest : of its content, for content and versions
    project, name, created_at (microseconds), created_by : empty for content, which carries only what follows from it
    doc : what else is known, as plain values
    """

    id: str
    kind: str
    digest: str = ""
    project: str = ""
    name: str = ""
    created_at: int | None = None
    created_by: str = ""
    doc: dict[str, Any] = {}


class Edge(msgspec.Struct, frozen=True, omit_defaults=True, gc=False, forbid_unknown_fields=True):
    """``src``, the later thing, came from ``dst`` (PROV's direction). role : what for (``table:seen``, ``train``, …)"""

    src: str
    rel: Relation
    dst: str
    role: str = ""


class Feature(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A column of a dataset version, or an input or target of a model version; searched by ``find``."""

    node: str
    name: str
    type: str = ""
    unit: str = ""
    role: str = ""


class Param(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A parameter of a run as text, and as a number where it is one."""

    run: str
    key: str
    value: str
    number: float | None = None


class File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file of a node: where it lies inside the node, and the blob that holds it. size : bytes"""

    node: str
    path: str
    digest: str
    size: int


class Record(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What is written together or not at all. Blobs it names must have been put before."""

    nodes: tuple[Node, ...] = ()
    edges: tuple[Edge, ...] = ()
    features: tuple[Feature, ...] = ()
    params: tuple[Param, ...] = ()
    files: tuple[File, ...] = ()

    def __add__(self, other: Record) -> Record:
        return Record(
            self.nodes + other.nodes,
            self.edges + other.edges,
            self.features + other.features,
            self.params + other.params,
            self.files + other.files,
        )


class Label(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What may change about a node: tag, alias, stage, note, status. History is kept and the last write wins.

    at : hybrid logical time, microseconds;  id : decides when two have the same ``at``
    """

    subject: str
    key: str
    value: str
    at: int = 0
    by: str = ""
    id: str = ""


class Metric(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One point of a metric. at : microseconds since 1970"""

    run: str
    key: str
    step: int
    at: int
    value: float


class Graph(msgspec.Struct, frozen=True):
    """A part of the lineage: nodes, nearest first, with their distance from the start, and the edges walked.

    beyond : how many nodes lie further away than was asked for
    hidden : how many nodes were filtered out, by kind; an edge ``derived`` of the role ``…`` leads over them
    """

    start: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    depth: dict[str, int]
    beyond: int = 0
    hidden: dict[str, int] = {}

    def of_kind(self, *kinds: str) -> list[Node]:
        return [node for node in self.nodes if node.kind in kinds]


class Page(msgspec.Struct, frozen=True):
    """What was recorded after a cursor, in order, and the cursor that continues.

    numbers : of the versions in ``record``, in this store
    """

    record: Record
    cursor: str
    more: bool
    numbers: dict[str, int] = {}


class LabelPage(msgspec.Struct, frozen=True):
    """Labels that came to this store after a cursor, in order of arrival, and the cursor that continues."""

    labels: tuple[Label, ...]
    cursor: str
    more: bool


class Series(msgspec.Struct, frozen=True, order=True, forbid_unknown_fields=True):
    """One metric of one run."""

    run: str
    key: str


class SeriesPage(msgspec.Struct, frozen=True):
    """Metrics that got points after a cursor, and the cursor that continues."""

    series: tuple[Series, ...]
    cursor: str
    more: bool


class SeriesState(msgspec.Struct, frozen=True):
    """How far a metric goes: equal states mean equal points.

    count : of points;  digest : over them;  step, at : of the last one
    """

    count: int = 0
    digest: str = ""
    step: int = 0
    at: int = 0


class Stored(msgspec.Struct, frozen=True, order=True):
    """A blob. size : bytes;  touched : when it was last put or asked for, microseconds since 1970"""

    digest: str
    size: int
    touched: int


class Received(msgspec.Struct, frozen=True):
    """How a node came to this store.

    by : the owner of the token that sent it, empty when it was written on this machine
    peer : id of the store that it was synced from, empty when it was made here
    """

    at: int
    by: str
    peer: str = ""


class Audited(msgspec.Struct, frozen=True):
    """One change: who did what, when, from where. seq : its number in this store's audit"""

    seq: int
    at: int
    action: str
    subject: str
    by: str
    origin: str
    detail: str


class Rows(msgspec.Struct, frozen=True):
    """The answer to a question in SQL. more : whether rows were left out"""

    columns: tuple[str, ...]
    rows: tuple[tuple[str | int | float | None, ...], ...]
    more: bool = False


class Key(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A person's registered public key. id : fingerprint;  public : raw Ed25519 bytes in hex"""

    id: str
    owner: str
    public: str
    registered_at: int = 0
    registered_by: str = ""
    revoked_at: int | None = None


class Token(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A token, known only by its sha-256. role : viewer, contributor, approver or admin"""

    digest: str
    name: str
    role: str
    project: str = ""
    created_at: int = 0
    revoked_at: int | None = None
