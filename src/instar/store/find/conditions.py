"""What ``find`` asks, as values: conditions, an order, a page. ``instar.store.find.query`` reads them from text."""

from __future__ import annotations

import msgspec

from instar.base.errors import BadInput

CONTENT = ("file", "chunk", "table", "state", "bundle", "report", "evidence", "environment", "code")
NAMED = ("dataset", "model", "deployment", "rule")
_VERSIONS = ("dataset_version", "model_version", "deployment_version", "rule_version")
_EVENTS = ("run", "activity", "signature", "revocation", "lifting", "invalidation", "erasure", "segment", "note")
KINDS = frozenset(CONTENT + NAMED + _VERSIONS + _EVENTS)
KEYS = (  # what may stand before a colon
    "kind",
    "name",
    "id",
    "learner",
    "feature",
    "target",
    "tag",
    "stage",
    "status",
    "experiment",
    "live",
    "by",
    "created",
    "digest",
    "project",
    "from",
    "used-by",
)
COMPARED = ("metric", "param", "label")  # what has names of its own: metric.loss<0.5
ORDERS = ("created", "name", "metric", "param")
DETAILS = ("type", "unit", "role")  # of a feature, in brackets
MOST = 1_000_000  # nodes on a page
MOST_TERMS = 200  # of one query: what a database can still plan
MOST_NESTED = 30


class Term(msgspec.Struct, frozen=True, omit_defaults=True, tag="term", forbid_unknown_fields=True):
    """One condition: ``key`` is one of KEYS, ``text``, or one of COMPARED with the name in ``name``.

    op : ``=``, ``!=``, ``<``, ``<=``, ``>`` or ``>=``
    exact : the value is text, also where it looks like a number (``param.version="1.10"``)
    details : of the same feature: (``type``, ``unit`` or ``role``, value)
    """

    key: str
    value: str
    op: str = "="
    name: str = ""
    exact: bool = False
    details: tuple[tuple[str, str], ...] = ()


class Not(msgspec.Struct, frozen=True, tag="not", forbid_unknown_fields=True):
    """Holds where ``of`` does not."""

    of: Condition


class AllOf(msgspec.Struct, frozen=True, tag="all", forbid_unknown_fields=True):
    """Holds where each of ``of`` holds."""

    of: tuple[Condition, ...]


class AnyOf(msgspec.Struct, frozen=True, tag="any", forbid_unknown_fields=True):
    """Holds where one of ``of`` holds."""

    of: tuple[Condition, ...]


Condition = Term | Not | AllOf | AnyOf


class Order(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What comes first; what has no such value comes last either way, and ties go newest first.

    key : created, name, metric or param;  name : of the metric or parameter
    """

    key: str = "created"
    name: str = ""
    descending: bool = True


class Query(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What to find: every one of ``terms`` must hold. At most ``limit`` nodes, newest first unless ``order`` says else.

    after : the id of the last node of the page before
    """

    terms: tuple[Condition, ...] = ()
    limit: int = 100
    order: Order = Order()
    after: str = ""


class BadQuery(BadInput):
    """A query that cannot be read; the message points at the character. at : counted from 0"""

    exit_status = 2  # as for any other wrong usage

    def __init__(self, text: str, at: int, why: str) -> None:
        shown, place = _around(text, at)
        super().__init__(f"find: {why}\n  {shown}\n  {' ' * place}^")
        self.at = at
        self.why = why


def _around(text: str, at: int, most: int = 100) -> tuple[str, int]:
    """The part of ``text`` about ``at`` on one line, and where ``at`` is in it."""
    first = max(0, at - most // 2) if len(text) > most else 0
    part = text[first : first + most]
    before, after = "…" if first else "", "…" if first + most < len(text) else ""
    return before + "".join(each if each.isprintable() else " " for each in part) + after, at - first + len(before)
