"""A query as text again: what ``parse`` reads as the same query."""

from __future__ import annotations

import re

from instar.store.find.conditions import COMPARED, KINDS, AllOf, AnyOf, Condition, Not, Order, Query, Term
from instar.store.find.moments import as_written
from instar.store.find.terms import ME
from instar.store.find.tokens import KEYWORDS

_NUMBER = r"[-+]?(?:\.?[0-9][0-9.eE_+-]*|[Ii]nf(?:inity)?|[Nn]a[Nn])"  # in quotes it would be a text
_SAFE = re.compile(rf"\w[\w.@/+%*-]*|{_NUMBER}")
_WORD = re.compile(r"\w+")


def written(query: Query) -> str:
    """The query as ``instar find`` takes it.

    >>> from instar.store.find.query import parse
    >>> written(parse('model and (by:ana OR feature:"Box office"[unit=USD]) order:-metric.auc limit:5'))
    'kind:model (by:ana or feature:"Box office"[unit=USD]) limit:5 order:-metric.auc'
    """
    match query.terms:
        case (AnyOf(choices),):
            parts = [" or ".join(map(_one, choices))]
        case _:
            parts = list(map(_one, query.terms))
    if query.limit != Query().limit:
        parts.append(f"limit:{query.limit}")
    if query.order != Order():
        name = f".{quoted(query.order.name)}" if query.order.name else ""
        parts.append(f"order:{'-' if query.order.descending else ''}{query.order.key}{name}")
    if query.after:
        parts.append(f"after:{query.after}")
    return " ".join(parts)


def _one(condition: Condition) -> str:
    match condition:
        case Not(of):
            return f"not {_one(of)}"
        case AllOf(of):
            return f"({' '.join(map(_one, of))})"
        case AnyOf(of):
            return f"({' or '.join(map(_one, of))})"
        case _:
            return _term(condition)


def _term(term: Term) -> str:
    value = quoted(term.value)
    match term.key:
        case "text":
            return value if _is_plain(value) else _in_quotes(term.value)
        case "created":
            return f"created:{term.op}{as_written(int(term.value))}"
        case "feature":
            details = ",".join(f"{key}={quoted(value) if value else ''}" for key, value in term.details)
            return f"feature:{value if term.value else ''}" + (f"[{details}]" if details else "")
        case "by" if term.value == ME:
            return f"by:{_in_quotes(ME)}"
        case key if key in COMPARED:
            return f"{key}.{quoted(term.name)}{term.op}{_in_quotes(term.value) if term.exact else value}"
        case key:
            return f"{key}:{value}"


def _is_plain(word: str) -> bool:
    """Whether a word without quotes is searched as it stands."""
    return bool(_WORD.fullmatch(word)) and word not in KINDS and word.lower() not in KEYWORDS


def quoted(value: str) -> str:
    """The value, in quotes where it needs them.

    >>> quoted("films"), quoted("Box office")
    ('films', '"Box office"')
    """
    return value if _SAFE.fullmatch(value) else _in_quotes(value)


def _in_quotes(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
