"""NetCDF (classic and 4) and HDF5: variables over shared dimensions as a long table, one row for each cell of the grid."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from instar.base.errors import BadInput, InstarError, NotFound
from instar.base.logical import canonical_frame
from instar.base.schema import Schema
from instar.data.rows.frames import check_names, schema_of
from instar.data.sources.cf import Meaning
from instar.data.sources.errors import FileEmpty
from instar.data.sources.rechunk import rechunk
from instar.data.sources.source import source

_HDF5 = b"\x89HDF\r\n\x1a\n"


@dataclass(frozen=True)
class Variable:
    """A variable of an open file. dims : the names of its dimensions;  values : what is indexed to read"""

    name: str
    dims: tuple[str, ...]
    shape: tuple[int, ...]
    attributes: Mapping[str, Any]
    values: Any


class GridSource:
    """What both have. A row is a cell: the coordinates along each dimension (the dimension's own variable, else the number
    from 0), then the variables. The last dimension runs fastest.

    variables : which; all that lie over the same dimensions, when there is only one such set
    Missing values, scale and offset, units and times are as the CF conventions say; see ``Meaning``.
    """

    format = ""

    def __init__(self, path: Path, variables: Sequence[str] = ()) -> None:
        self.path = path
        self.asked = (variables,) if isinstance(variables, str) else tuple(variables)
        if not path.stat().st_size:
            raise FileEmpty(path)

    def files(self) -> list[Path]:
        return [self.path]

    def describe(self) -> dict[str, Any]:
        return {"format": self.format, "variables": list(self._chosen[1])}

    def schema(self) -> Schema:
        with self._variables() as found:
            dims, names = self._chosen
            empty = canonical_frame(self._piece(found, dims, names, slice(0, 0)))
            return schema_of(empty, {name: unit for name in empty.columns if (unit := self._unit(found, name))})

    def rows(self) -> int:
        with self._variables() as found:
            return math.prod(found[self._chosen[1][0]].shape)

    def chunks(self, rows: int) -> Iterator[pl.DataFrame]:
        yield from rechunk(self._slabs(rows), rows)

    def _slabs(self, rows: int) -> Iterator[pl.DataFrame]:
        """Slabs along the first dimension, of about ``rows`` rows."""
        dims, names = self._chosen
        with self._variables() as found:
            length, *rest = found[names[0]].shape
            thick = max(1, rows // max(1, math.prod(rest)))
            for start in range(0, length, thick):
                part = slice(start, min(start + thick, length))
                yield canonical_frame(self._piece(found, dims, names, part))

    def _piece(
        self, found: Mapping[str, Variable], dims: tuple[str, ...], names: tuple[str, ...], part: slice
    ) -> pl.DataFrame:
        _, *rest = found[names[0]].shape
        shape = (part.stop - part.start, *rest)
        columns = []
        for axis, dim in enumerate(dims):
            along = part if axis == 0 else slice(0, shape[axis])
            own = found.get(dim)
            if own is not None and own.dims == (dim,):
                values, meaning = np.asarray(own.values[along]), Meaning(own.attributes)
            else:
                values, meaning = np.arange(along.start, along.stop), Meaning({})
            around = values.reshape([-1 if at == axis else 1 for at in range(len(shape))])
            columns.append(meaning.series(dim, np.broadcast_to(around, shape).reshape(-1)))
        for name in names:
            values = np.asarray(found[name].values[part])
            columns += _columns(name, values.reshape(math.prod(shape), *values.shape[len(shape) :]), found[name])
        return pl.DataFrame(columns)

    def _unit(self, found: Mapping[str, Variable], column: str) -> str:
        return Meaning(found[column].attributes).unit if column in found else ""

    @cached_property
    def _chosen(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The dimensions, and the variables over them."""
        with self._variables() as found:
            for name in self.asked:
                if name not in found:
                    raise NotFound("variable", name, found)
            data = {
                name: each.dims
                for name, each in found.items()
                if (name in self.asked if self.asked else each.dims and each.dims != (name,))
            }
            sets = dict.fromkeys(data.values())
            if not self.asked and not sets:  # nothing but coordinates: then they are what is wanted
                data = {name: each.dims for name, each in found.items() if each.dims}
                sets = dict.fromkeys(data.values())
            listed = "; ".join(f"{' x '.join(dims)}: {', '.join(n for n in data if data[n] == dims)}" for dims in sets)
            if len(sets) != 1 or not next(iter(sets)):
                raise BadInput(
                    f"{self.path}: its variables lie over different dimensions ({listed or 'none over any'}); "
                    "say which to read together: variables=[…]"
                )
            dims = next(iter(sets))
            names = tuple(name for name in data if (name,) != dims) or tuple(data)
            kept = () if names == dims else dims
            plain = [*([] if names == dims else dims), *names]
            if any(found[name].values.dtype.names for name in names if hasattr(found[name].values, "dtype")):
                kept, plain = (), [part for name in names for part in found[name].values.dtype.names]
            check_names(plain, str(self.path))
            return kept, names

    @contextmanager
    def _variables(self) -> Iterator[dict[str, Variable]]:
        """The variables of the file, by name; of a file that is not whole an error."""
        try:
            with self.path.open("rb") as file:
                classic = file.read(3) == b"CDF"
            with _classic(self.path) if classic else _hdf5(self.path) as found:
                yield found
        except (OSError, TypeError, ValueError, KeyError, IndexError, RuntimeError) as error:
            why = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise BadInput(
                f"{self.path} cannot be read as {self.format}: {why}; check that the file is whole"
            ) from error


@source("netcdf", suffixes=(".nc", ".nc3", ".nc4", ".cdf"), magic=(0, b"CDF"), tables=True)
class NetcdfSource(GridSource):
    """NetCDF files: classic ones by SciPy, version 4 by h5py (extra ``hdf``)."""

    format = "netcdf"


@source("hdf5", suffixes=(".h5", ".hdf5", ".he5"), magic=(0, _HDF5), tables=True)
class HdfSource(GridSource):
    """HDF5 files, by h5py (extra ``hdf``). A dataset in a group is called ``group/dataset``; one of records (a compound
    type) gives a column for each part."""

    format = "hdf5"


class _H5pyMissing(InstarError):
    def __init__(self, path: Path) -> None:
        super().__init__(f"{path}: the package h5py reads it and is not installed: pip install 'instar[hdf]'")


@contextmanager
def _hdf5(path: Path) -> Iterator[dict[str, Variable]]:
    try:
        import h5py
    except ModuleNotFoundError:
        raise _H5pyMissing(path) from None
    with h5py.File(path, "r") as file:
        found: dict[str, Variable] = {}

        def visit(name: str, item: Any) -> None:
            if not isinstance(item, h5py.Dataset) or _is_bare_dimension(item):
                return
            if item.external or item.is_virtual:
                raise BadInput(
                    f"{path}: the values of {name!r} are kept in other files, which would not be on record; write them "
                    "into one file first: h5repack, or h5py"
                )
            text = item.asstr("utf-8", "replace") if h5py.check_string_dtype(item.dtype) else item
            dims = tuple(_dimension(item, axis) for axis in range(item.ndim))
            found[name] = Variable(name, dims, item.shape, dict(item.attrs), text)

        file.visititems(visit)
        yield dict(sorted(found.items(), key=lambda pair: (pair[1].attributes.get("_Netcdf4Dimid", 0), pair[0])))


def _dimension(item: Any, axis: int) -> str:
    """The name of the dimension scale; without one, that of a coordinate variable itself, else a number by its length."""
    scales = item.dims[axis]
    if len(scales):
        return str(scales[0].name.strip("/"))
    if item.attrs.get("CLASS") == b"DIMENSION_SCALE" and item.ndim == 1:
        return str(item.name.strip("/"))
    label = scales.label
    return str(label) if label else f"dim{axis}_{item.shape[axis]}" if item.ndim > 1 else f"row{item.shape[axis]}"


def _is_bare_dimension(item: Any) -> bool:
    """NetCDF-4 keeps a dimension without a variable as a dataset of this name."""
    name = item.attrs.get("NAME", b"")
    return bool(
        (name if isinstance(name, bytes) else str(name).encode()).startswith(b"This is a netCDF dimension but not")
    )


@contextmanager
def _classic(path: Path) -> Iterator[dict[str, Variable]]:
    from scipy.io import netcdf_file

    with netcdf_file(path, "r", mmap=False) as file:
        yield {
            name: Variable(name, *_without_letters(each), dict(each._attributes), each)  # type: ignore[attr-defined]
            for name, each in file.variables.items()
        }


def _without_letters(variable: Any) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Dimensions and shape; text is letters along the last dimension there, which is none of the table's."""
    letters = variable.data.dtype.kind == "S" and variable.data.ndim
    dims, shape = tuple(variable.dimensions), tuple(variable.shape)
    return (dims[:-1], shape[:-1]) if letters else (dims, shape)


def _columns(name: str, values: NDArray[Any], variable: Variable) -> list[pl.Series]:
    """The column, or the columns, of a variable; ``values`` has one row for each row."""
    if values.dtype.names:
        return [Meaning({}).series(part, values[part]) for part in values.dtype.names]
    if values.dtype.kind == "S" and values.ndim == 2:
        texts = [b"".join(letters.tolist()).rstrip(b"\0 ").decode("utf-8", "replace") for letters in values]
        return [pl.Series(name, texts, dtype=pl.String)]
    return [Meaning(variable.attributes).series(name, values)]
