"""Text files as UTF-8 bytes, whatever they are encoded in; ``.gz`` is read as what is inside."""

from __future__ import annotations

import codecs
import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from instar.base.errors import BadInput
from instar.data.sources.errors import FileEmpty, Undecodable

PIECE = 8 << 20
_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


def utf8_pieces(path: Path, encoding: str = "utf-8", size: int = PIECE) -> Iterator[bytes]:
    """The text of ``path`` as UTF-8, about ``size`` bytes at a time, without a byte order mark.

    A piece may end inside a character. Raises FileEmpty, Undecodable, and BadInput for an unknown encoding.
    """
    decoder = _decoder(encoding)
    plain = codecs.lookup(encoding).name == "utf-8"
    offset, line, first = 0, 1, True
    for data in _read(path, size):
        text = _decode(decoder, data, path, offset, line, encoding)
        offset, line = offset + len(data), line + text.count("\n")
        piece = data if plain else text.encode()
        yield piece.removeprefix(codecs.BOM_UTF8) if first else piece
        first = False
    if first:
        raise FileEmpty(path)
    _decode(decoder, b"", path, offset, line, encoding, final=True)


def _decoder(encoding: str) -> codecs.IncrementalDecoder:
    try:
        b" ".decode(encoding, "ignore")  # the codecs that give no text are refused here
        return codecs.getincrementaldecoder(encoding)("strict")
    except LookupError:
        raise BadInput(f"unknown encoding {encoding!r}; common ones: utf-8, latin-1, windows-1252, utf-16") from None


def _decode(
    decoder: codecs.IncrementalDecoder,
    data: bytes,
    path: Path,
    offset: int,
    line: int,
    encoding: str,
    final: bool = False,
) -> str:
    waiting = len(decoder.getstate()[0])
    try:
        return decoder.decode(data, final)
    except UnicodeDecodeError as error:
        before = error.object[: error.start]
        at = offset - waiting + error.start
        hint = next((name for mark, name in _MARKS.items() if offset == 0 and data.startswith(mark)), "windows-1252")
        line += before.decode(encoding, "replace").count("\n")
        raise Undecodable(path, line, at, error.object[error.start], encoding, hint) from None


def _read(path: Path, size: int) -> Iterator[bytes]:
    try:
        with cast(BinaryIO, gzip.open(path) if path.suffix == ".gz" else path.open("rb")) as file:
            while data := file.read(size):
                yield data
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise BadInput(f"{path} is not a whole gzip file: {error}; copy it again from where it came") from None


def line_blocks(path: Path, encoding: str = "utf-8", size: int = PIECE) -> Iterator[bytes]:
    """The UTF-8 text of ``path`` in blocks of whole lines."""
    rest: list[bytes] = []
    for piece in utf8_pieces(path, encoding, size):
        end = piece.rfind(b"\n") + 1
        if end:
            yield b"".join([*rest, piece[:end]])
            rest = []
        rest.append(piece[end:])
    if tail := b"".join(rest):
        yield tail
