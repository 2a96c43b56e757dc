"""The ``find`` language, a first part: ``model learner:LogisticRegression feature:Genre created:<7d by:me``.

    query   = [kind] term*
    term    = key ":" value            kind, name, learner, feature, target, tag, stage, by, created, digest
            | "metric." name op number    the last value of a run's metric
            | "param." name op value      a run's parameter, as text or number
            | word                        in the name
    op      = "=" | "!=" | "<" | "<=" | ">" | ">="
    created = "<7d" (younger than) | ">7d" (older than) | "today";  units: m(inutes) h d w

All terms must hold. Quotes keep spaces: ``feature:"Box office"``.
"""

from __future__ import annotations

import re

import msgspec

from instar.base import clock
from instar.base.errors import BadInput, suggestion

KEYS = ("kind", "name", "learner", "feature", "target", "tag", "stage", "by", "created", "digest", "project", "status")
CONTENT = ("file", "chunk", "table", "state", "bundle", "report", "evidence", "environment", "code")
NAMED = ("dataset", "model", "deployment")
_VERSIONS = ("dataset_version", "model_version", "deployment_version")
_EVENTS = ("run", "activity", "signature", "revocation", "lifting", "invalidation", "segment")
KINDS = frozenset(CONTENT + NAMED + _VERSIONS + _EVENTS)
_TOKEN = re.compile(r'\s*((?:[^\s"]|"[^"]*")+)')
_COMPARISON = re.compile(r"^(metric|param)\.([^<>=!]+)(<=|>=|!=|=|<|>)(.+)$")
_AGE = re.compile(r"^([<>])(\d+(?:\.\d+)?)([mhdw])$")
_UNITS = {"m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}


class Term(msgspec.Struct, frozen=True, omit_defaults=True, tag="term"):
    """One condition: ``key`` is a word of KEYS, ``text``, or ``metric`` / ``param`` with the name in ``name``."""

    key: str
    value: str
    op: str = "="
    name: str = ""


class Not(msgspec.Struct, frozen=True, tag="not"):
    """Holds where ``of`` does not."""

    of: Condition


class AllOf(msgspec.Struct, frozen=True, tag="all"):
    """Holds where each of ``of`` holds."""

    of: tuple[Condition, ...]


class AnyOf(msgspec.Struct, frozen=True, tag="any"):
    """Holds where one of ``of`` holds."""

    of: tuple[Condition, ...]


Condition = Term | Not | AllOf | AnyOf


class Order(msgspec.Struct, frozen=True, omit_defaults=True):
    """What comes first. key : created, name, metric or param;  name : of the metric or parameter"""

    key: str = "created"
    name: str = ""
    descending: bool = True


class Query(msgspec.Struct, frozen=True, omit_defaults=True):
    """What to find: every one of ``terms`` must hold. At most ``limit`` nodes, newest first unless ``order`` says else.

    after : the id of the last node of the page before
    """

    terms: tuple[Condition, ...] = ()
    limit: int = 100
    order: Order = Order()
    after: str = ""


class BadQuery(BadInput):
    """A query that cannot be read; the message points at the character."""

    def __init__(self, text: str, at: int, why: str) -> None:
        super().__init__(f"find: {why}\n  {text}\n  {' ' * at}^")


def parse(text: str, limit: int = 100) -> Query:
    """Read a query. A kind may stand alone when it comes first.

    >>> parse("model by:ana").terms
    (Term(key='kind', value='model', op='=', name=''), Term(key='by', value='ana', op='=', name=''))
    """
    if text.count('"') % 2:
        raise BadQuery(text, text.rindex('"'), "this quote is not closed")
    terms: list[Term] = []
    position = 0
    while match := _TOKEN.match(text, position):
        start = match.start(1)
        terms.append(_term(text, match.group(1), start, first=not terms))
        position = match.end()
    return Query(tuple(terms), limit)


def _term(text: str, token: str, start: int, first: bool) -> Term:
    if comparison := _COMPARISON.match(token):
        key, name, op, value = comparison.groups()
        if key == "metric":
            _number(text, value, start + comparison.start(4))
        return Term(key, value.strip('"'), op, name.strip('"'))
    if ":" in token and not token.startswith('"'):
        key, _, value = token.partition(":")
        value_at = start + len(key) + 1
        if key not in KEYS:
            raise BadQuery(text, start, f"unknown key {key!r}; {suggestion(key, KEYS)}")
        if not value.strip('"'):
            raise BadQuery(text, value_at, f"{key}: needs a value")
        if key == "created":
            return created(text, value, value_at)
        if key == "kind" and value.strip('"') not in KINDS:
            raise BadQuery(text, value_at, f"unknown kind {value!r}; {suggestion(value, KINDS)}")
        return Term(key, value.strip('"'))
    if token[0] in "<>=!" or re.fullmatch(r"(metric|param)\.\S+", token):
        raise BadQuery(text, start, "a comparison is one word without spaces, such as metric.loss<0.5")
    if first and token in KINDS:
        return Term("kind", token)
    return Term("text", token.strip('"'))


def _number(text: str, value: str, at: int) -> None:
    try:
        float(value)
    except ValueError:
        raise BadQuery(text, at, f"a metric is compared with a number, not {value!r}") from None


def created(text: str, value: str, at: int) -> Term:
    """``<7d``, ``>2h`` or ``today`` as a comparison with a time in microseconds."""
    if value == "today":
        return Term("created", str(clock.now() - clock.now() % (86_400 * clock.SECOND)), ">=")
    if not (age := _AGE.match(value)):
        raise BadQuery(text, at, "created: takes an age such as <7d, >12h, or today")
    op, amount, unit = age.groups()
    moment = clock.now() - int(float(amount) * _UNITS[unit] * clock.SECOND)
    return Term("created", str(moment), ">=" if op == "<" else "<=")
