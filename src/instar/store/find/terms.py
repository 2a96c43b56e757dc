"""One term of a ``find``, read: ``feature:Age[unit=year]``, ``metric.loss<0.3``, ``created:<7d``, a word."""

from __future__ import annotations

import math
import re
from difflib import get_close_matches

from instar.base.actor import actor
from instar.base.errors import suggestion
from instar.store.find.conditions import COMPARED, DETAILS, KEYS, KINDS, BadQuery, Condition, Term
from instar.store.find.moments import TAKES, created
from instar.store.find.tokens import QUOTED, Token

ME = "me"  # whoever asks
_COMPARISON = re.compile(r"([a-z]+)\.([^<>=!]+)(<=|>=|!=|=|<|>)(.*)", re.S)
_HALF = re.compile(r"[<>=!].*|(metric|param|label)\..*", re.S)
_NO_COLON = re.compile(r"([a-z-]+)(<=|>=|!=|=|<|>)", re.S)
_UNCLOSED = re.compile(rf"\[(?:{'|'.join(DETAILS)})=[^\[\]]*$", re.S)
_DETAILS = re.compile(r"\[([^\[\]]*=[^\[\]]*)\]$", re.S)


def read_term(text: str, token: Token, first: bool) -> Condition:
    """The condition that a word means. first : a kind may stand alone here. Raises BadQuery."""
    if (found := _COMPARISON.match(token.mask)) and (found[1] in COMPARED or _near(found[1])):
        return _comparison(text, token, found)
    if ":" in token.mask and not token.mask.startswith(QUOTED):
        return _keyed(text, token)
    if _HALF.fullmatch(token.mask):
        why = "a comparison is one word without spaces, such as metric.loss<0.5"
        raise BadQuery(text, token.start, why)
    if (found := _NO_COLON.match(token.mask)) and found[1] in KEYS:
        raise BadQuery(text, token.place(found.end(1)), f"a colon comes after {found[1]}, as in {found[1]}:…")
    if token.mask == "-":
        raise BadQuery(text, token.end, "a condition comes after -, without a space")
    if not token.text:
        raise BadQuery(text, token.start, "there is nothing between these quotes")
    if first and token.plain and token.text in KINDS:
        return Term("kind", token.text)
    return Term("text", token.text)


def _near(word: str) -> bool:
    return bool(get_close_matches(word, COMPARED, n=1))


def _comparison(text: str, token: Token, found: re.Match[str]) -> Term:
    key, op = found[1], found[3]
    name, value = token.text[found.start(2) : found.end(2)], token.text[found.start(4) :]
    at, quoted = token.place(found.start(4)), text[token.end - 1] == '"'
    if key not in COMPARED:
        raise BadQuery(text, token.start, f"nothing called {key!r} is compared; {suggestion(key, COMPARED)}")
    if not value and not quoted:
        raise BadQuery(text, at, f"{key}.{name}{op} needs a value")
    if key == "label" and op not in ("=", "!="):
        raise BadQuery(text, token.place(found.start(3)), "a label is compared by = and != only")
    if key == "metric":
        _number(text, value, op, at)
    return Term(key, value, op, name, exact=key == "param" and quoted and is_number(value))


def _number(text: str, value: str, op: str, at: int) -> None:
    if not is_number(value) and value.lower() != "nan":
        raise BadQuery(text, at, f"a metric is compared with a number, not {value!r}")
    if value.lower() == "nan" and op not in ("=", "!="):
        raise BadQuery(text, at, "nothing is more or less than nan; ask with = or !=")


def is_number(value: str) -> bool:
    """Whether a value is compared as a number. NaN is none: it equals nothing.

    >>> is_number("1e-3"), is_number("-inf"), is_number("rbf"), is_number("nan"), is_number("1_000")
    (True, True, False, False, False)
    """
    try:
        return not math.isnan(float(value)) and "_" not in value
    except ValueError:
        return False


def _keyed(text: str, token: Token) -> Condition:
    key, _, _ = token.mask.partition(":")
    value, mask, at = token.text[len(key) + 1 :], token.mask[len(key) + 1 :], token.place(len(key) + 1)
    if key not in KEYS:
        raise BadQuery(text, token.start, f"unknown key {key!r}; {suggestion(key, KEYS)}")
    if not value:
        raise BadQuery(text, at, f"{key}: needs a value")
    match key:
        case "created":
            try:
                return created(value)
            except (ValueError, OverflowError):
                raise BadQuery(text, at, TAKES) from None
        case "kind" if value not in KINDS:
            raise BadQuery(text, at, f"unknown kind {value!r}; {suggestion(value, KINDS)}")
        case "live" if value not in ("yes", "no"):
            raise BadQuery(text, at, "live: is yes or no")
        case "feature":
            return _feature(text, token, len(key) + 1)
        case "by" if mask == ME:
            return Term("by", actor().name)
    return Term(key, value)


def _feature(text: str, token: Token, start: int) -> Term:
    """``feature:Age[type=int64,unit=year]``; brackets without a ``=`` belong to the name."""
    mask = token.mask[start:]
    if opened := _UNCLOSED.search(mask):
        raise BadQuery(text, token.place(start + opened.start()), "this bracket is not closed")
    if not (found := _DETAILS.search(mask)):
        return Term("feature", token.text[start:])
    details, place = dict[str, str](), start + found.start(1)
    for part in found[1].split(","):
        key, equals, value = part.partition("=")
        if key not in DETAILS or not equals:
            raise BadQuery(text, token.place(place), f"a feature has no {key!r}; {suggestion(key, DETAILS)}")
        if key in details:
            raise BadQuery(text, token.place(place), f"{key}= is said twice")
        first = place + len(key) + 1
        details[key] = token.text[first : first + len(value)]
        place += len(part) + 1
    return Term("feature", token.text[start : start + found.start()], details=tuple(details.items()))
