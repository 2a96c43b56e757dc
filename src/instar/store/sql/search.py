"""``find`` as SQL."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, not_, or_, select

from instar.base.settings import author_setting
from instar.store.query import AllOf, AnyOf, Condition, Not, Query, Term
from instar.store.sql import tables

# What a person says, and what is meant: "model" is a version of one.
KINDS = {"model": "model_version", "dataset": "dataset_version", "deployment": "deployment_version"}
_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
n = tables.node.c


def search(query: Query) -> Select[Any]:
    """The nodes for which every term holds, newest first."""
    return (
        select(tables.node)
        .where(and_(True, *(_condition(term) for term in query.terms)))
        .order_by(n.created_at.desc().nulls_last(), n.seq.desc())
        .limit(query.limit)
    )


def count(query: Query) -> Select[Any]:
    """How many nodes the query finds in all."""
    return select(func.count()).select_from(tables.node).where(and_(True, *(_condition(term) for term in query.terms)))


def _condition(condition: Condition) -> ColumnElement[bool]:
    match condition:
        case Term():
            return _CONDITIONS[condition.key](condition)
        case Not():
            return not_(_condition(condition.of))
        case AllOf():
            return and_(True, *(_condition(each) for each in condition.of))
        case AnyOf():
            return or_(False, *(_condition(each) for each in condition.of))


def _kind(term: Term) -> ColumnElement[bool]:
    return n.kind == KINDS.get(term.value, term.value)


def _learner(term: Term) -> ColumnElement[bool]:
    return func.json_extract(n.doc, "$.learner") == term.value


def _feature(*roles: str) -> Callable[[Term], ColumnElement[bool]]:
    f = tables.feature.c

    def condition(term: Term) -> ColumnElement[bool]:
        return exists().where(f.node == n.id, f.name == term.value, f.role.in_(roles))

    return condition


def _label(term: Term) -> ColumnElement[bool]:
    """The label that counts now has this value."""
    return _labelled(term.key, term.value)


def _tag(term: Term) -> ColumnElement[bool]:
    """A tag is a label ``tag.<name>``; an empty value takes it off again."""
    return _labelled(f"tag.{term.value}", "yes")


def _labelled(key: str, value: str) -> ColumnElement[bool]:
    label, later = tables.label.alias(), tables.label.alias()
    newer = exists().where(
        later.c.subject == label.c.subject,
        later.c.key == label.c.key,
        (later.c.at > label.c.at) | ((later.c.at == label.c.at) & (later.c.id > label.c.id)),
    )
    return exists().where(label.c.subject == n.id, label.c.key == key, label.c.value == value, ~newer)


def _created(term: Term) -> ColumnElement[bool]:
    condition: ColumnElement[bool] = _OPERATORS[term.op](n.created_at, int(term.value))
    return condition


def _author(term: Term) -> ColumnElement[bool]:
    return n.created_by == (author_setting() if term.value == "me" else term.value)


def _metric(term: Term) -> ColumnElement[bool]:
    m = tables.metric_last.c
    return exists().where(m.run == n.id, m.key == term.name, _OPERATORS[term.op](m.value, float(term.value)))


def _param(term: Term) -> ColumnElement[bool]:
    p = tables.param.c
    try:
        holds = _OPERATORS[term.op](p.number, float(term.value))
    except ValueError:
        holds = _OPERATORS[term.op](p.value, term.value)
    return exists().where(p.run == n.id, p.key == term.name, holds)


_CONDITIONS: dict[str, Callable[[Term], ColumnElement[bool]]] = {
    "kind": _kind,
    "name": lambda term: n.name == term.value,
    "text": lambda term: n.name.contains(term.value, autoescape=True),
    "digest": lambda term: n.digest.startswith(term.value, autoescape=True),
    "project": lambda term: n.project == term.value,
    "learner": _learner,
    "feature": _feature("", "feature"),
    "target": _feature("target"),
    "tag": _tag,
    "stage": _label,
    "status": _label,
    "by": _author,
    "created": _created,
    "metric": _metric,
    "param": _param,
}
