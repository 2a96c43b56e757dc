"""FITS: tables of astronomy, and images as long tables. Needs the extra ``fits`` (Astropy)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from instar.base.errors import BadInput, InstarError
from instar.base.logical import canonical_frame
from instar.base.schema import Schema
from instar.data.rows.frames import check_names, schema_of
from instar.data.sources.errors import FileEmpty
from instar.data.sources.rechunk import rechunk
from instar.data.sources.source import source

_CHANGED = ("BLANK", "BSCALE", "BZERO")


class _AstropyMissing(InstarError):
    def __init__(self, path: Path) -> None:
        super().__init__(f"{path}: the package Astropy reads it and is not installed: pip install 'instar[fits]'")


@source("fits", suffixes=(".fits", ".fit", ".fts", ".fits.gz"), magic=(0, b"SIMPLE  ="), tables=True)
class FitsSource:
    """One part (HDU) of a FITS file: a table, or an image as one row a pixel: ``axis1, axis2 …, value``.

    hdu : the part's number from 0, or its name; without it the only table, else the only image
    Whole numbers that equal TNULL (in an image BLANK) and NaN are missing, as the standard has it; TSCAL and TZERO are
    applied; units go into the schema. Pixels are numbered from 1, axis1 runs fastest. Columns of several numbers are arrays.

    Source: Definition of the Flexible Image Transport System (FITS), version 4.0, IAU FITS Working Group (2018).
    """

    def __init__(self, path: Path, hdu: int | str | None = None) -> None:
        self.path = path
        self.hdu = int(hdu) if isinstance(hdu, str) and hdu.isdigit() else hdu
        if not path.stat().st_size:
            raise FileEmpty(path)

    def files(self) -> list[Path]:
        return [self.path]

    def describe(self) -> dict[str, Any]:
        return {"format": "fits", "hdu": self._place}

    def schema(self) -> Schema:
        with self._part() as part:
            units = (
                {"value": str(part.header.get("BUNIT", ""))}
                if part.is_image
                else {column.name: str(column.unit or "") for column in part.columns}
            )
            empty = self._rows(part, 0, 0)
        check_names(empty.columns, f"{self.path}, HDU {self._place}")
        return schema_of(canonical_frame(empty), {name: unit for name, unit in units.items() if unit})

    def rows(self) -> int:
        with self._part() as part:
            return math.prod(part.shape) if part.is_image else len(part.data)

    def chunks(self, rows: int) -> Iterator[pl.DataFrame]:
        count = self.rows()
        with self._part() as part:
            pieces = (self._rows(part, start, min(start + rows, count)) for start in range(0, count, rows))
            yield from rechunk((canonical_frame(piece) for piece in pieces), rows)

    def _rows(self, part: Any, start: int, stop: int) -> pl.DataFrame:
        if part.is_image:
            return _pixels(part, start, stop)
        records = part.data[start:stop]
        return pl.DataFrame([_column(column, records[column.name]) for column in part.columns])

    @cached_property
    def _place(self) -> int:
        """The number of the part that is read."""
        with self._open() as parts:
            listed = ", ".join(f"{number} {_words(part)}" for number, part in enumerate(parts))
            if self.hdu is not None:
                try:
                    place = int(parts.index_of(self.hdu))
                except KeyError:
                    place = len(parts)
                if not 0 <= place < len(parts) or not _has_rows(parts[place]):
                    raise BadInput(f"{self.path} has no data in HDU {self.hdu!r}; it has: {listed}")
                return place
            for is_image in (False, True):
                found = [at for at, part in enumerate(parts) if _has_rows(part) and part.is_image is is_image]
                if len(found) == 1:
                    return found[0]
                if found:
                    break
            raise BadInput(f"{self.path} has several parts ({listed}); say which to read with hdu=")

    @contextmanager
    def _part(self) -> Iterator[Any]:
        place = self._place
        with self._open() as parts:
            # Astropy changes the numbers of such an image when it reads them, so it cannot leave them in the file.
            changed = parts[place].is_image and any(name in parts[place].header for name in _CHANGED)
            if not changed:
                yield parts[place]
                return
        with self._open(memmap=False) as parts:
            yield parts[place]

    @contextmanager
    def _open(self, memmap: bool = True) -> Iterator[Any]:
        try:
            from astropy.io import fits
        except ModuleNotFoundError:
            raise _AstropyMissing(self.path) from None
        try:
            with fits.open(self.path, memmap=memmap and self.path.suffix != ".gz") as parts:
                yield parts
        except (OSError, ValueError, TypeError, fits.VerifyError) as error:
            why = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise BadInput(f"{self.path} cannot be read as FITS: {why}; check that the file is whole") from error


def _has_rows(part: Any) -> bool:
    return bool(part.shape) if part.is_image else hasattr(part, "columns")


def _words(part: Any) -> str:
    name = f"{part.name!r} " if part.name else ""
    if not _has_rows(part):
        return f"{name}(empty)"
    return f"{name}({'image' if part.is_image else 'table'})"


def _column(column: Any, values: NDArray[Any]) -> pl.Series:
    """A column of a table in native byte order; nulls where the standard says that a value is undefined."""
    if values.dtype.kind in "SU":
        return pl.Series(column.name, [str(value) for value in values.tolist()], dtype=pl.String)
    if values.dtype.kind == "O":  # of variable length
        inner = pl.Series(np.asarray(values[0])).dtype if len(values) else pl.Float64()
        return pl.Series(column.name, [np.asarray(row).tolist() for row in values], dtype=pl.List(inner))
    native = np.ascontiguousarray(values.astype(values.dtype.newbyteorder("=")))
    series = pl.Series(column.name, native)
    if native.ndim == 1:
        return _undefined(series, column.null)
    return series


def _pixels(part: Any, start: int, stop: int) -> pl.DataFrame:
    """The pixels with these numbers. Axes are numbered as in the standard: the first of FITS is the last of numpy."""
    shape = tuple(part.shape)
    places = np.unravel_index(np.arange(start, stop), shape)
    axes = [pl.Series(f"axis{number}", place + 1) for number, place in enumerate(reversed(places), 1)]
    flat = part.data.reshape(-1)[start:stop]
    value = pl.Series("value", np.ascontiguousarray(flat.astype(flat.dtype.newbyteorder("="))))
    return pl.DataFrame([*axes, _undefined(value, part.header.get("BLANK"))])


def _undefined(series: pl.Series, null: Any) -> pl.Series:
    if series.dtype.is_float():
        return series.fill_nan(None)
    if null is None or isinstance(null, str) or not series.dtype.is_integer():
        return series
    frame = series.to_frame()
    return frame.select(pl.when(pl.col(series.name) != int(null)).then(pl.col(series.name))).to_series()
