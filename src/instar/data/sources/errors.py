"""What can be wrong with a source. Each message names the file, the place, the cause and the next step."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path

from instar.base.errors import BadInput, NotFound, suggestion


class FileMissing(NotFound):
    """There is no such file."""

    def __init__(self, path: Path) -> None:
        folder = path.parent
        if not folder.is_dir():
            next_step = f"the folder {str(folder)!r} does not exist either"
        else:
            names = [entry.name for entry in folder.iterdir() if not entry.name.startswith(".")]
            next_step = f"in that folder: {suggestion(path.name, names)}"
        super().__init__("file", str(path), next_step=next_step)


class FileEmpty(BadInput):
    """A file without a byte in it."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path} is empty (0 bytes), so it has no columns; check how it was written, then import again"
        )


class FormatUnknown(BadInput):
    """Neither the name nor the first bytes of a file say what it is."""

    def __init__(self, what: str, formats: Iterable[str]) -> None:
        super().__init__(f"{what}; give format= one of {', '.join(sorted(formats))}")


class Undecodable(BadInput):
    """Bytes that are not text in the encoding that was assumed. line : from 1;  offset : of the first such byte, from 0"""

    def __init__(self, path: Path, line: int, offset: int, byte: int, encoding: str, hint: str) -> None:
        super().__init__(
            f"{path}, line {line}: byte 0x{byte:02x} at offset {offset} is not {encoding} text; "
            f"if the file is in another encoding say so, e.g. encoding={hint!r}"
        )


class RaggedRow(BadInput):
    """A line of a CSV file has more or fewer fields than the first."""

    def __init__(self, path: Path, line: int, expected: int, found: int, separator: str, text: str) -> None:
        shown = text if len(text) <= 80 else text[:77] + "..."
        super().__init__(
            f"{path}, line {line}: expected {expected} fields, found {found}: {shown!r}; correct the line (a field that "
            f"contains {separator!r} must be in quotes), or give separator= if fields are not separated by {separator!r}"
        )


class BadQuote(BadInput):
    """A quote where none may stand, or one that is never closed."""

    def __init__(self, path: Path, line: int, why: str, quote: str) -> None:
        super().__init__(
            f"{path}, line {line}: {why}; write a quote inside a field twice and the field in quotes, "
            f"or give quote=None if {quote} is an ordinary letter in this file"
        )


class BadJson(BadInput):
    """A line, or a file, that is not the JSON it should be."""

    def __init__(self, path: Path, line: int, why: str, next_step: str) -> None:
        super().__init__(f"{path}, line {line}: {why}; {next_step}")


class TableUnknown(NotFound):
    """The database has no table of this name."""

    def __init__(self, path: Path, table: str, tables: Iterable[str]) -> None:
        names = sorted(tables)
        near = get_close_matches(table, names, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        super().__init__("table", table, next_step=f"{hint}{path} has: {', '.join(names) or 'no table'}")


class BadSql(BadInput):
    """The database refused a query."""

    def __init__(self, path: Path, query: str, why: str, next_step: str = "correct the query") -> None:
        shown = query if len(query) <= 300 else query[:297] + "..."
        super().__init__(f"{path}: {why}; {next_step}" + (f"\n  {shown}" if query else ""))


class SchemasDiffer(BadInput):
    """A later file or chunk has other columns or types than the first."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(f"{where} does not fit the ones before it: {why}; cast or rename it, or import it by itself")
