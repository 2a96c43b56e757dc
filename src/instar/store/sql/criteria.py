"""The conditions of ``find`` as SQL over ``node n``, the same text for every database but for a few words.

Every condition is true or false, never null, so that ``not`` means what it says.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from sqlalchemy import Connection

from instar.base.errors import BadInput
from instar.store.find.conditions import DETAILS, MOST_NESTED, MOST_TERMS, AllOf, AnyOf, Condition, Not, Term
from instar.store.find.terms import is_number
from instar.store.sql.closure import within
from instar.store.sql.naming import resolve

# What a person says, and what is meant: "model" is a version of one.
KINDS = {name: f"{name}_version" for name in ("model", "dataset", "deployment", "rule")}
TOLD = ("learner", "task", "target", "step", "verb", "text", "reason", "path")  # in what is recorded of a node
_OPERATORS = frozenset(("=", "!=", "<", "<=", ">", ">="))
_DEEPEST = 3 * MOST_NESTED  # what the deepest text gives: each parenthesis a choice of lists
_NEWEST = (
    "NOT EXISTS (SELECT 1 FROM label y WHERE y.subject = x.subject AND y.key = x.key "
    "AND (y.at > x.at OR (y.at = x.at AND y.id > x.id)))"
)
Value = str | int | float


class Part(NamedTuple):
    """A piece of SQL with ``?`` for its values."""

    sql: str
    values: tuple[Value, ...] = ()


def joined(parts: list[Part], between: str) -> Part:
    return Part(between.join(part.sql for part in parts), tuple(value for part in parts for value in part.values))


class Criteria:
    """Conditions for one database, within one read of it.

    project : in which the names of ``from:`` and ``used-by:`` are looked up
    """

    def __init__(self, sql: Connection, project: str = "") -> None:
        self._sql = sql
        self._project = project
        self.postgresql = sql.dialect.name == "postgresql"
        self.binary = ' COLLATE "C"' if self.postgresql else ""  # text in the order of its code points
        self._like = "ILIKE" if self.postgresql else "LIKE"

    def told(self, field: str) -> str:
        """A field of what is recorded of a node, as text; empty when there is none."""
        if self.postgresql:
            return f"coalesce(n.doc::json ->> '{field}', '')"
        return f"coalesce(json_extract(n.doc, '$.{field}'), '')"

    def holds(self, condition: Condition) -> Part:
        match condition:
            case Term():
                return self._term(condition)
            case Not(of):
                inside = self.holds(of)
                return Part(f"NOT ({inside.sql})", inside.values)
            case AllOf(of):
                return self._each(of, " AND ", "1 = 1")
            case AnyOf(of):
                return self._each(of, " OR ", "1 = 0")

    def _each(self, conditions: tuple[Condition, ...], between: str, none: str) -> Part:
        parts = joined([self.holds(each) for each in conditions], between)
        return Part(f"({parts.sql})", parts.values) if conditions else Part(none)

    def _term(self, term: Term) -> Part:
        return _MADE[term.key](self, term)

    def kind(self, term: Term) -> Part:
        return Part("n.kind = ?", (KINDS.get(term.value, term.value),))

    def begins(self, term: Term) -> Part:
        return Part(f"substr(n.{term.key}, 1, {len(term.value)}) = ?", (term.value,))

    def learner(self, term: Term) -> Part:
        return Part(f"{self.told('learner')} = ?", (term.value,))

    def text(self, term: Term) -> Part:
        """Part of the name, of a label that counts now, or of what is recorded of the node; whatever the case.

        A source file is called what its import called it.
        """
        escaped = "".join(f"\\{each}" if each in "%_\\" else each for each in term.value)
        like = f"{self._like} ? ESCAPE '\\'"
        places = [f"n.name {like}", *(f"{self.told(field)} {like}" for field in TOLD)]
        label = f"SELECT 1 FROM label x WHERE x.subject = n.id AND (x.value {like} OR x.key {like})"
        called = f"SELECT 1 FROM edge e WHERE e.dst = n.id AND e.rel = 'used' AND e.role {like}"
        places.append(f"(n.kind = 'file' AND EXISTS ({called}))")
        values = (f"%{escaped}%",) * (len(places) + 1)
        sql = f"({' OR '.join(places)} OR EXISTS ({label} AND x.value <> '' AND {_NEWEST}))"
        return Part(sql, (*values, f"tag.%{escaped}%"))

    def created(self, term: Term) -> Part:
        try:
            moment = int(term.value)
        except ValueError:
            raise BadInput(f"find: created is compared with microseconds since 1970, not {term.value!r}") from None
        return Part(f"(n.created_at IS NOT NULL AND n.created_at {_sign(term.op)} ?)", (_whole(moment),))

    def feature(self, term: Term) -> Part:
        ids = self.features(term)
        return Part(f"EXISTS ({ids.sql} AND f.node = n.id)", ids.values)

    def features(self, term: Term) -> Part:
        """What has the feature. Unless a role is asked for, a target is none."""
        details = dict(term.details)
        role = "f.role = ?" if "role" in details else "f.role <> 'target'"
        wanted = [("f.name = ?", term.value)] if term.value else []
        wanted += [(f"f.{key} = ?", value) for key, value in details.items() if key != "role"]
        wanted += [(role, details["role"])] if "role" in details else []
        conditions = [sql for sql, _ in wanted] + ([] if "role" in details else [role])
        return Part(f"SELECT f.node FROM feature f WHERE {' AND '.join(conditions)}", tuple(v for _, v in wanted))

    def target(self, term: Term) -> Part:
        return self.feature(Term("feature", term.value, details=(("role", "target"),)))

    def label(self, term: Term) -> Part:
        """The label that counts now; an empty value is none."""
        key = term.name or term.key
        if term.op not in ("=", "!="):
            raise BadInput(f"find: a label is compared by = and != only, not by {term.op}")
        current = f"EXISTS (SELECT 1 FROM label x WHERE x.subject = n.id AND x.key = ? AND x.value {{}} AND {_NEWEST})"
        if not term.value:
            any_value = current.format("<> ''")
            return Part(f"NOT {any_value}" if term.op == "=" else any_value, (key,))
        if term.op == "=":
            return Part(current.format("= ?"), (key, term.value))
        return Part(current.format("NOT IN ('', ?)"), (key, term.value))

    def tag(self, term: Term) -> Part:
        """A tag is a label ``tag.<name>``; an empty value takes it off again."""
        return self.label(Term("label", "yes", name=f"tag.{term.value}"))

    def live(self, term: Term) -> Part:
        """The label ``live`` of a deployment names the version that is served."""
        served = f"EXISTS (SELECT 1 FROM label x WHERE x.key = 'live' AND x.value = n.id AND {_NEWEST})"
        return Part(f"(n.kind = 'deployment_version' AND {'' if term.value == 'yes' else 'NOT '}{served})")

    def came(self, term: Term) -> Part:
        """Below (``from``) or above (``used-by``) a thing, which is not meant itself."""
        start = resolve(self._sql, term.value, self._project)
        walk = within(up=term.key == "used-by").replace(":start", "?")
        return Part(f"(n.seq IN ({walk} SELECT seq FROM walk) AND n.id <> ?)", (start, start))

    def metric(self, term: Term) -> Part:
        value = self.value(term, "m")
        return Part(f"EXISTS (SELECT 1 FROM metric_last m WHERE m.run = n.id AND {value.sql})", value.values)

    def param(self, term: Term) -> Part:
        value = self.value(term, "p")
        return Part(f"EXISTS (SELECT 1 FROM param p WHERE p.run = n.id AND {value.sql})", value.values)

    def value(self, term: Term, table: str) -> Part:
        """Of a row of metrics or parameters: it has the name and the value that the term asks for."""
        by_name = f"{table}.key = ?"
        sign = _sign(term.op)
        if term.key == "metric":
            number = _number(term.value)
            if math.isnan(number):  # which is kept as null
                return Part(f"{by_name} AND {table}.value IS {'NOT ' if term.op == '!=' else ''}NULL", (term.name,))
            other = f" OR {table}.value IS NULL" if term.op == "!=" else ""
            return Part(f"{by_name} AND ({table}.value {sign} ?{other})", (term.name, number))
        if is_number(term.value) and not term.exact:
            other = f" OR {table}.number IS NULL" if term.op == "!=" else ""
            return Part(f"{by_name} AND ({table}.number {sign} ?{other})", (term.name, float(term.value)))
        order = "" if term.op in ("=", "!=") else self.binary
        return Part(f"{by_name} AND {table}.value{order} {sign} ?", (term.name, term.value))


def _sign(op: str) -> str:
    return "<>" if op == "!=" else op


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise BadInput(f"find: a metric is compared with a number, not {text!r}") from None


def _whole(number: int) -> int:
    return max(-(2**63), min(2**63 - 1, number))


def check_conditions(conditions: tuple[Condition, ...]) -> None:
    """Raises BadInput for conditions that ``parse`` would not give: they may come from anybody."""
    front, terms = [(1, each) for each in conditions], 0
    while front:
        depth, condition = front.pop()
        if depth > _DEEPEST:
            raise BadInput(f"find: conditions are nested more than {_DEEPEST} deep")
        match condition:
            case Not(of):
                front.append((depth + 1, of))
            case AllOf(of) | AnyOf(of):
                front += [(depth + 1, each) for each in of]
            case term:
                terms += 1
                _check_term(term)
    if terms > MOST_TERMS:
        raise BadInput(f"find: a query has at most {MOST_TERMS} conditions")


def _check_term(term: Term) -> None:
    if term.key not in _MADE or term.op not in _OPERATORS:
        raise BadInput(f"find: no condition {term.key!r} with {term.op!r}")
    if not {key for key, _ in term.details} <= set(DETAILS):
        raise BadInput(f"find: a feature has no more than {', '.join(DETAILS)}")
    for text in (term.value, term.name, *(value for _, value in term.details)):
        check_text(text)


def check_text(text: str) -> None:
    """Raises BadInput for letters that no database takes."""
    if "\0" in text or any("\ud800" <= each <= "\udfff" for each in text):
        raise BadInput(f"find: {text[:40]!r} has a character that is in nothing that is recorded")


_MADE: dict[str, Callable[[Criteria, Term], Part]] = {
    "kind": Criteria.kind,
    "name": lambda _, term: Part("n.name = ?", (term.value,)),
    "id": Criteria.begins,
    "digest": Criteria.begins,
    "project": lambda _, term: Part("n.project = ?", (term.value,)),
    "by": lambda _, term: Part("n.created_by = ?", (term.value,)),
    "text": Criteria.text,
    "learner": Criteria.learner,
    "feature": Criteria.feature,
    "target": Criteria.target,
    "tag": Criteria.tag,
    "stage": Criteria.label,
    "status": Criteria.label,
    "experiment": Criteria.label,
    "label": Criteria.label,
    "live": Criteria.live,
    "created": Criteria.created,
    "metric": Criteria.metric,
    "param": Criteria.param,
    "from": Criteria.came,
    "used-by": Criteria.came,
}
