"""Folders of files of which each is one row: images, and texts. The sub-folder that a file lies in is its label."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from instar.base.digests import digest_bytes
from instar.base.errors import BadInput, InstarError
from instar.base.schema import Schema
from instar.data.rows.frames import schema_of
from instar.data.sources.errors import Undecodable
from instar.data.sources.source import source

PIECE = 64 << 20  # bytes of files after which a piece ends, however many rows it should have
_IMAGES = (".bmp", ".gif", ".jpeg", ".jpg", ".pbm", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")
_TEXTS = (".md", ".rst", ".text", ".txt")
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


class _Folder:
    """What both have: the files below a folder, in the order of their paths, and rows in pieces."""

    format: str
    suffixes: tuple[str, ...]
    types: dict[str, pl.DataType]

    def __init__(self, path: Path) -> None:
        self.folder = path
        every = sorted(entry for entry in path.rglob("*") if entry.is_file() and not _hidden(entry.relative_to(path)))
        self._files = [entry for entry in every if entry.suffix.lower() in self.suffixes]
        if out := next((file for file in self._files if not _inside(file, path)), None):
            raise BadInput(
                f"{out} is a link that leads out of the folder, to {out.resolve()}; take it out, or import a copy in which "
                "links are files: cp -rL FOLDER COPY"
            )
        self._others = len(every) - len(self._files)
        if not self._files:
            raise BadInput(f"the folder {path} has no {self.format} below it; they end in {', '.join(self.suffixes)}")

    def files(self) -> list[Path]:
        return list(self._files)

    def describe(self) -> dict[str, Any]:
        return {"format": self.format, "folder": str(self.folder), "other_files": self._others}

    def schema(self) -> Schema:
        return schema_of(self.types)

    def rows(self) -> int:
        return len(self._files)

    def chunks(self, rows: int) -> Iterator[pl.DataFrame]:
        """A piece also ends when its files have 64 MiB, so that a few large files do not fill the memory."""
        piece: list[tuple[Any, ...]] = []
        size = 0
        for path in self._files:
            data = path.read_bytes()
            piece.append((*self._named(path), *self._row(path, data)))
            size += len(data)
            if len(piece) == rows or size >= PIECE:
                yield pl.DataFrame(piece, schema=self.types, orient="row")
                piece, size = [], 0
        if piece:
            yield pl.DataFrame(piece, schema=self.types, orient="row")

    def _named(self, path: Path) -> tuple[str, str | None]:
        inside = path.relative_to(self.folder)
        return inside.as_posix(), inside.parent.as_posix() if inside.parent != Path() else None

    def _row(self, path: Path, data: bytes) -> tuple[Any, ...]:
        raise AssertionError(f"{type(self).__name__} reads no file")


@source("images", place="folder")
class ImageSource(_Folder):
    """A folder of images, at any depth: ``path`` (inside the folder), ``label`` (the sub-folder), ``image`` (the file's
    bytes), ``width``, ``height`` (pixels), ``digest`` (of the bytes). Needs the extra ``image``.

    broken : ``stop``: an image that does not decode is an error that names it;  ``keep``: its row stays without width and
    height, and a column ``problem`` says why, so that ``check(Holds(pl.col("problem").is_null()))`` sets it apart
    """

    format = "images"
    suffixes = _IMAGES

    def __init__(self, path: Path, broken: str = "stop") -> None:
        if broken not in ("stop", "keep"):
            raise BadInput(f"images: broken={broken!r} is unknown; use stop or keep")
        self.broken = broken
        number, text = pl.Int64(), pl.String()
        self.types = {"path": text, "label": text, "image": pl.Binary(), "width": number, "height": number}
        self.types |= {"digest": text} | ({"problem": text} if broken == "keep" else {})
        super().__init__(path)

    def describe(self) -> dict[str, Any]:
        return super().describe() | {"broken": self.broken}

    def _row(self, path: Path, data: bytes) -> tuple[Any, ...]:
        size, problem = _decoded(data)
        if problem and self.broken == "stop":
            raise BadInput(
                f"{path} does not decode as an image: {problem}; take it out of the folder, or keep it as a row without "
                "a size: broken='keep'"
            )
        row = (data, *size, digest_bytes(data))
        return (*row, problem) if self.broken == "keep" else row


@source("texts", place="folder")
class TextSource(_Folder):
    """A folder of text files, at any depth: ``path`` (inside the folder), ``label`` (the sub-folder), ``text``,
    ``encoding`` (the one it was read in).

    encoding : one, or several that are tried in order (latin-1 reads anything, so it comes last); a byte order mark counts
    before them. A text that none of them reads is an error.
    """

    format = "texts"
    suffixes = _TEXTS
    types = {"path": pl.String(), "label": pl.String(), "text": pl.String(), "encoding": pl.String()}  # noqa: RUF012

    def __init__(self, path: Path, encoding: str | Sequence[str] = "utf-8") -> None:
        self.encodings = (encoding,) if isinstance(encoding, str) else tuple(encoding)
        for name in self.encodings:
            try:
                b" ".decode(name, "ignore")  # and not codecs.lookup, which knows codecs that give no text
            except LookupError:
                raise BadInput(
                    f"unknown encoding {name!r}; common ones: utf-8, latin-1, windows-1252, utf-16"
                ) from None
        super().__init__(path)

    def describe(self) -> dict[str, Any]:
        return super().describe() | {"encoding": list(self.encodings)}

    def _row(self, path: Path, data: bytes) -> tuple[str, str]:
        marked = [name for mark, name in _MARKS if data.startswith(mark)]
        wrong: UnicodeDecodeError | None = None
        for encoding in (*marked, *self.encodings):
            try:
                return data.decode(encoding), encoding
            except UnicodeDecodeError as error:
                wrong = wrong or error
        assert wrong is not None
        line = data[: wrong.start].count(b"\n") + 1
        raise Undecodable(path, line, wrong.start, data[wrong.start], self.encodings[0], "windows-1252")


def _inside(file: Path, folder: Path) -> bool:
    return not file.is_symlink() or file.resolve().is_relative_to(folder.resolve())


def _hidden(path: Path) -> bool:
    return any(part.startswith((".", "_")) for part in path.parts)


def _decoded(data: bytes) -> tuple[tuple[int | None, int | None], str | None]:
    """Width and height, or why there are none. The whole image is decoded: a cut file has a sound beginning."""
    try:
        from PIL import Image, UnidentifiedImageError
    except ModuleNotFoundError:
        raise _PillowMissing from None
    try:
        with Image.open(io.BytesIO(data)) as image:
            image.load()
            return (image.width, image.height), None
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        why = "no image format is known for it" if isinstance(error, UnidentifiedImageError) else str(error)
        return (None, None), why


class _PillowMissing(InstarError):
    """Images are read by Pillow."""

    def __init__(self) -> None:
        super().__init__("images are read by the package Pillow, which is not installed: pip install 'instar[image]'")
