"""The records of a CSV file (RFC 4180) in blocks, checked: every record has as many fields as the first.

A separator or line end counts only outside quotes; outside means that an even number of quotes came before it in the
file, which numpy finds for a whole block at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from instar.data.sources.errors import BadQuote, RaggedRow
from instar.data.sources.text import PIECE, utf8_pieces

LONGEST_RECORD = 64 << 20
_NEWLINE, _RETURN = ord("\n"), ord("\r")
Places = NDArray[np.int64]


@dataclass(frozen=True)
class Dialect:
    """How a CSV file is written. separator, quote : one ASCII letter; without a ``quote`` no letter is special."""

    separator: str = ","
    quote: str | None = '"'


@dataclass(frozen=True)
class Block:
    """Whole records. data : their UTF-8 bytes without blank lines;  records : how many;  line : of the first, from 1"""

    data: bytes
    records: int
    line: int


def first_line(path: Path, encoding: str) -> str:
    """The first line that is not blank, without its end; a quoted line break inside it is not seen."""
    for piece in utf8_pieces(path, encoding, 1 << 16):
        for line in piece.decode(errors="ignore").splitlines():
            if line.strip():
                return line
    return ""


def guess_separator(line: str) -> str:
    """The separator that is commonest in the first line, outside quotes; a comma when there is none.

    >>> guess_separator('name;"a,b,c";year')
    ';'
    """
    outside = "".join(line.split('"')[::2])
    return max(",;\t|", key=outside.count)


def blocks(path: Path, dialect: Dialect, encoding: str = "utf-8", size: int = PIECE) -> Iterator[Block]:
    """All records of ``path``, about ``size`` bytes at a time. Raises RaggedRow, BadQuote, Undecodable, FileEmpty."""
    rest = b""
    line, width = 1, 0
    for piece in utf8_pieces(path, encoding, size):
        data = rest + piece
        ends = _outside(data, _NEWLINE, _quotes(data, dialect))
        if not ends.size:
            if len(data) > LONGEST_RECORD:
                raise BadQuote(path, line, f"no end of this record within {len(data)} bytes", str(dialect.quote))
            rest = data
            continue
        cut = int(ends[-1]) + 1
        rest = data[cut:]
        block, width = _check(path, data[:cut], ends, dialect, line, width)
        line += data.count(b"\n", 0, cut)
        yield block
    if rest:
        data = rest + b"\n"
        ends = _outside(data, _NEWLINE, _quotes(data, dialect))
        if not ends.size or ends[-1] != len(data) - 1:
            opened = int(_quotes(data, dialect)[-1])
            raise BadQuote(path, line + data.count(b"\n", 0, opened), "this quote is never closed", str(dialect.quote))
        yield _check(path, data, ends, dialect, line, width)[0]


def _quotes(data: bytes, dialect: Dialect) -> Places:
    return _places(data, ord(dialect.quote)) if dialect.quote else np.empty(0, dtype=np.int64)


def _places(data: bytes, letter: int) -> Places:
    return np.flatnonzero(np.frombuffer(data, dtype=np.uint8) == letter)


def _outside(data: bytes, letter: int, quotes: Places) -> Places:
    places = _places(data, letter)
    return places[np.searchsorted(quotes, places) % 2 == 0] if quotes.size else places


def _check(path: Path, data: bytes, ends: Places, dialect: Dialect, line: int, width: int) -> tuple[Block, int]:
    """``data`` as a block, and the number of fields of its records (``width``, or that of the first when it is 0)."""
    quotes = _quotes(data, dialect)
    _check_quotes(path, data, quotes, dialect, line)
    starts = np.concatenate([[0], ends[:-1] + 1])
    values = np.frombuffer(data, dtype=np.uint8)
    blank = (starts == ends) | ((ends - starts == 1) & (values[starts] == _RETURN))
    separators = _outside(data, ord(dialect.separator), quotes)
    fields = np.diff(np.searchsorted(separators, ends), prepend=0) + 1
    if not width and not blank.all():
        width = int(fields[~blank][0])
    wrong = np.flatnonzero((fields != width) & ~blank)
    if wrong.size:
        start, end = int(starts[wrong[0]]), int(ends[wrong[0]])
        text = data[start:end].decode(errors="replace").rstrip("\r")
        at = line + data.count(b"\n", 0, start)
        raise RaggedRow(path, at, width, int(fields[wrong[0]]), dialect.separator, text)
    if blank.any():
        data = b"".join(data[start : end + 1] for start, end in zip(starts[~blank], ends[~blank]))
    return Block(data, int((~blank).sum()), line), width


def _check_quotes(path: Path, data: bytes, quotes: Places, dialect: Dialect, line: int) -> None:
    """A quote opens only at the beginning of a field and closes only at its end (or is the second of two)."""
    if not quotes.size:
        return
    values = np.frombuffer(data, dtype=np.uint8)
    opening, closing = quotes[::2], quotes[1::2]
    before = np.where(opening > 0, values[opening - 1], _NEWLINE)
    after = values[np.minimum(closing + 1, len(data) - 1)]
    limits = [ord(dialect.separator), _NEWLINE, ord(dialect.quote or '"')]
    bad = np.concatenate([opening[~np.isin(before, limits)], closing[~np.isin(after, [*limits, _RETURN])]])
    if bad.size:
        at = int(bad.min())
        raise BadQuote(path, line + data.count(b"\n", 0, at), "a quote stands inside a field", str(dialect.quote))
