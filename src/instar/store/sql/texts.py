"""Texts that every database keeps as they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from instar.base.errors import BadInput

SHOWN = 40  # characters of a refused text in its message


def check_texts(what: Any) -> None:
    """Raises BadInput for a text in ``what`` (plain values and structs) with NUL, which PostgreSQL cannot keep, or half of
    a surrogate pair, which is no character in any encoding.

    >>> check_texts({"note": ["fine", "a\\x00b"]})
    Traceback (most recent call last):
    instar.base.errors.BadInput: the text 'a\\x00b' has a NUL character, which no database keeps; ...
    """
    try:
        data = msgspec.json.encode(what)  # one pass in C: whole records pass through here
    except UnicodeEncodeError as error:
        raise _refused(str(error.object), "half of a surrogate pair") from None
    if b"\\u0000" not in data:
        return
    for text in _texts(msgspec.to_builtins(what)):
        if "\x00" in text:
            raise _refused(text, "a NUL character")


def _refused(text: str, what: str) -> BadInput:
    at = next(place for place, letter in enumerate(text) if letter == "\x00" or "\ud800" <= letter <= "\udfff")
    shown = text[max(0, at - SHOWN // 2) : at + SHOWN // 2]
    return BadInput(
        f"the text {shown!r} has {what}, which no database keeps; nothing was written. Take it out, or keep the bytes as "
        "a file"
    )


def _texts(plain: Any) -> Iterator[str]:
    if isinstance(plain, str):
        yield plain
    elif isinstance(plain, dict):
        for key, value in plain.items():
            yield from _texts(key)
            yield from _texts(value)
    elif isinstance(plain, list | tuple | set | frozenset):
        for value in plain:
            yield from _texts(value)
