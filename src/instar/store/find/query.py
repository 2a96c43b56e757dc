"""The ``find`` language: ``model learner:LogisticRegression feature:Genre created:<7d (by:me or tag:gold)``.

    query   = any                    order, limit and after may stand anywhere outside parentheses
    any     = all ("or" all)*
    all     = one (["and"] one)*     side by side, all must hold
    one     = ("not" | "-") one | "(" any ")" | term
    term    = [key ":"] value | ("metric" | "param" | "label") "." name op value
    op      = "=" | "!=" | "<" | "<=" | ">" | ">="

Quotes keep spaces and signs: ``feature:"Box office"``. A kind may stand alone where a list of conditions begins. A word
without a key is searched in names, notes and other labels, and in what a thing's record says of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from instar.base.errors import suggestion
from instar.base.ids import is_id
from instar.store.find.conditions import (
    COMPARED,
    CONTENT,
    KEYS,
    KINDS,
    MOST,
    MOST_NESTED,
    MOST_TERMS,
    NAMED,
    ORDERS,
    AllOf,
    AnyOf,
    BadQuery,
    Condition,
    Not,
    Order,
    Query,
    Term,
)
from instar.store.find.terms import read_term
from instar.store.find.tokens import KEYWORDS, Token, tokens

__all__ = [
    "COMPARED",
    "CONTENT",
    "KEYS",
    "KINDS",
    "NAMED",
    "PAGING",
    "AllOf",
    "AnyOf",
    "BadQuery",
    "Condition",
    "Not",
    "Order",
    "Query",
    "Term",
    "parse",
]
PAGING = ("order", "limit", "after")
T = TypeVar("T")


def parse(text: str, limit: int = 100) -> Query:
    """Read a query. limit : when the text does not say ``limit:``. Raises BadQuery, which points at the character.

    >>> parse("model by:ana or tag:gold order:-metric.auc").order
    Order(key='metric', name='auc', descending=True)
    """
    return _Parser(text, limit).query()


class _Parser:
    """One reading of one text, from left to right."""

    def __init__(self, text: str, limit: int) -> None:
        self.text = text
        self.limit, self.order, self.after = limit, Order(), ""
        self.tokens = self._without_paging(tokens(text))
        self.position = 0
        self.depth = 0
        self.terms = 0

    def query(self) -> Query:
        terms: tuple[Condition, ...] = ()
        if self.tokens:
            choices = self._choices()
            terms = tuple(choices[0]) if len(choices) == 1 else (_any_of(choices),)
            if self.position < len(self.tokens):
                raise self._bad("this parenthesis was not opened")
        return Query(terms, self.limit, self.order, self.after)

    def _without_paging(self, all: list[Token]) -> list[Token]:
        """What says how to show the answer is no condition: it is read first."""
        depth, said, rest = 0, set[str](), list[Token]()
        for before, token in zip([None, *all], all):
            depth += {"(": 1, ")": -1}.get(token.sign, 0)
            key = token.mask.partition(":")[0]
            if ":" not in token.mask or key not in PAGING:
                rest.append(token)
                continue
            if before is not None and (before.sign == "-" or (before.plain and before.text.lower() == "not")):
                raise BadQuery(self.text, token.start, f"{key}: says no condition; there is nothing to deny")
            if depth > 0:
                raise BadQuery(self.text, token.start, f"{key}: is for the whole query: write it outside parentheses")
            if key in said:
                raise BadQuery(self.text, token.start, f"{key}: is said twice")
            said.add(key)
            self._page(key, token)
        return rest

    def _page(self, key: str, token: Token) -> None:
        value, at = token.text[len(key) + 1 :], token.place(len(key) + 1)
        if key == "order":
            self.order = _order(self.text, token, value, at)
        elif key == "limit":
            if not (value.isascii() and value.isdigit() and len(value) < 8 and 1 <= int(value) <= MOST):
                raise BadQuery(self.text, at, f"limit: takes a number from 1 to {MOST:,}")
            self.limit = int(value)
        else:
            if not is_id(value):
                raise BadQuery(self.text, at, "after: takes the whole id of the last one of the page before")
            self.after = value

    def _bad(self, why: str) -> BadQuery:
        """An error at what comes next."""
        at = self.tokens[self.position].start if self.position < len(self.tokens) else len(self.text)
        return BadQuery(self.text, at, why)

    def _coming(self) -> str:
        """``end``, the sign or the keyword that comes next; empty for a term."""
        if self.position == len(self.tokens):
            return "end"
        token = self.tokens[self.position]
        if token.plain and token.text.lower() in KEYWORDS:
            return token.text.lower()
        return token.sign

    def _choices(self) -> list[list[Condition]]:
        choices = [self._side_by_side()]
        while self._coming() == "or":
            self.position += 1
            choices.append(self._side_by_side())
        return choices

    def _side_by_side(self) -> list[Condition]:
        found = [self._one(first=True)]
        while (word := self._coming()) not in ("end", ")", "or"):
            if word == "and":
                self.position += 1
            found.append(self._one(first=False))
        return found

    def _one(self, first: bool) -> Condition:
        match self._coming():
            case "not" | "-":
                return Not(self._nested(lambda: self._one(first)))
            case "(":
                opened = self.tokens[self.position]
                inside = _any_of(self._nested(self._choices))
                if self._coming() != ")":
                    raise BadQuery(self.text, opened.start, "this parenthesis is not closed")
                self.position += 1
                return inside
            case "":
                return self._term(first)
            case "end":
                raise self._bad("a condition is missing here")
            case word:
                raise self._bad(f"a condition is missing before {word!r}")

    def _nested(self, read: Callable[[], T]) -> T:
        """Read what follows the sign or keyword that comes next."""
        if self.depth == MOST_NESTED:
            raise self._bad(f"this is nested more than {MOST_NESTED} deep")
        self.position += 1
        self.depth += 1
        found = read()
        self.depth -= 1
        return found

    def _term(self, first: bool) -> Condition:
        if self.terms == MOST_TERMS:
            raise self._bad(f"a query has at most {MOST_TERMS} conditions")
        self.terms += 1
        token = self.tokens[self.position]
        self.position += 1
        return read_term(self.text, token, first)


_ORDERS = ", ".join(f"{key}.NAME" if key in ("metric", "param") else key for key in ORDERS)


def _any_of(choices: list[list[Condition]]) -> Condition:
    parts = tuple(each[0] if len(each) == 1 else AllOf(tuple(each)) for each in choices)
    return parts[0] if len(parts) == 1 else AnyOf(parts)


def _order(text: str, token: Token, value: str, at: int) -> Order:
    descending = token.mask[len("order:") :].startswith("-")
    key, _, name = value[descending:].partition(".")
    if key not in ORDERS:
        near = suggestion(key, ORDERS)
        there = near if near.startswith("did") else f"there is: {_ORDERS}"
        raise BadQuery(text, at + descending, f"order: cannot be by {key!r}; {there}")
    if (key in ("metric", "param")) != bool(name):
        why = "needs a name, such as order:-metric.loss" if not name else "has no part after a dot"
        raise BadQuery(text, at + descending, f"order: {key} {why}")
    return Order(key, name, descending)
