"""NetCDF, HDF5 and FITS: grids as long tables."""

from __future__ import annotations

import math
from datetime import datetime
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import polars as pl
import pytest
from astropy.io import fits
from scipy.io import netcdf_file

from instar.base.errors import BadInput, NotFound
from instar.data.sources.cf import Meaning
from instar.data.sources.detect import open_source
from instar.data.sources.source import Source


def table(source: Source, size: int = 2) -> pl.DataFrame:
    return pl.concat(source.chunks(size))


@pytest.fixture
def classic(tmp_path: Path) -> Path:
    path = tmp_path / "rain.nc"
    with netcdf_file(path, "w") as file:
        for name, length in (("time", 2), ("station", 3), ("letters", 4)):
            file.createDimension(name, length)
        time: Any = file.createVariable("time", "i4", ("time",))
        time[:] = [0, 36]
        time.units = "hours since 2020-01-01 06:00:00"
        code = file.createVariable("code", "c", ("station", "letters"))
        code[:] = np.array([list("REC "), list("OLI "), list("NAT ")], dtype="S1")
        rain: Any = file.createVariable("rain", "i2", ("time", "station"))
        rain[:] = [[1, 2, -1], [10, 20, 30]]
        rain.units, rain.scale_factor, rain.add_offset, rain._FillValue = "mm", 0.5, 1.0, np.int16(-1)
    return path


def test_a_row_is_a_cell_of_the_grid_and_numbers_mean_what_the_file_says(classic: Path) -> None:
    source = open_source(classic, options={"variables": "rain"})
    rows = table(source)
    early, late = datetime(2020, 1, 1, 6), datetime(2020, 1, 2, 18)
    assert rows.rows() == [
        (early, 0, 1.5),
        (early, 1, 2.0),
        (early, 2, None),
        (late, 0, 6.0),
        (late, 1, 11.0),
        (late, 2, 16.0),
    ]
    assert (rows.columns, source.schema()["rain"].unit, source.rows()) == (["time", "station", "rain"], "mm", 6)
    assert [piece.height for piece in source.chunks(4)] == [4, 2]
    assert source.describe() == {"format": "netcdf", "variables": ["rain"]}


def test_text_is_letters_along_the_last_dimension(classic: Path) -> None:
    assert table(open_source(classic, options={"variables": ["code"]})).rows() == [(0, "REC"), (1, "OLI"), (2, "NAT")]


def test_variables_over_different_dimensions_are_not_one_table(classic: Path) -> None:
    with pytest.raises(
        BadInput, match=r"station: code; time x station: rain\); say which to read together: variables="
    ):
        open_source(classic).schema()
    with pytest.raises(NotFound, match="no variable 'snow'"):
        open_source(classic, options={"variables": "snow"}).schema()


@pytest.mark.parametrize(
    ("attributes", "raw", "values"),
    [
        ({"units": "days since 1970-01-01"}, [0.5, math.nan], [datetime(1970, 1, 1, 12), None]),
        ({"units": "seconds since 2000-1-1T00:00:00.5Z"}, [1], [datetime(2000, 1, 1, 0, 0, 1, 500000)]),
        ({"units": "days since 2000-01-01", "calendar": "360_day"}, [1], [1]),
        ({"units": "days since 0001-01-01"}, [1], [1]),
        ({"units": "months since 2000-01-01"}, [1], [1]),
        ({"units": "m", "_FillValue": [-1], "missing_value": [-2]}, [-1, -2, 3], [None, None, 3]),
        ({"_FillValue": math.nan}, [math.nan, 1.0], [None, 1.0]),
    ],
)
def test_attributes_say_what_numbers_mean(
    attributes: dict[str, object], raw: list[float], values: list[object]
) -> None:
    assert Meaning(attributes).series("x", np.array(raw)).to_list() == values


def test_hdf5_without_dimension_scales_numbers_its_axes(tmp_path: Path) -> None:
    path = tmp_path / "grid.h5"
    with h5py.File(path, "w") as file:
        file["a/heat"] = np.arange(6, dtype=">f4").reshape(2, 3)
        file["a/heat"].attrs["units"] = "K"
    source = open_source(path)
    assert source.schema()["a/heat"].unit == "K"
    assert table(source).rows()[4] == (1, 1, 4.0)
    assert table(source).columns == ["dim0_2", "dim1_3", "a/heat"]


def test_hdf5_records_are_columns(tmp_path: Path) -> None:
    path = tmp_path / "records.hdf5"
    with h5py.File(path, "w") as file:
        file["films"] = np.array([(1, 2.5), (3, 4.5)], dtype=[("year", "i4"), ("score", "f8")])
    assert table(open_source(path)).to_dicts() == [{"year": 1, "score": 2.5}, {"year": 3, "score": 4.5}]


@pytest.mark.parametrize("name", ["rain.nc", "grid.h5", "sky.fits"])
def test_half_a_file_is_an_error(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes({"rain.nc": b"CDF\x01", "grid.h5": b"\x89HDF\r\n\x1a\n", "sky.fits": b"SIMPLE  ="}[name] + b"xx")
    with pytest.raises(BadInput, match=f"{name} cannot be read as .*check that the file is whole"):
        open_source(path).schema()


def test_an_image_is_a_row_a_pixel(tmp_path: Path) -> None:
    path = tmp_path / "sky.fits"
    image = fits.PrimaryHDU(np.array([[1, 2, 3], [4, -1, 6]], dtype=">i2"))
    image.header["BLANK"], image.header["BUNIT"] = -1, "adu"
    image.writeto(path)
    source = open_source(path)
    assert source.schema()["value"].unit == "adu"
    assert table(source).rows() == [(1, 1, 1), (2, 1, 2), (3, 1, 3), (1, 2, 4), (2, 2, None), (3, 2, 6)]


def test_a_part_of_several_is_named(tmp_path: Path) -> None:
    path = tmp_path / "sky.fits"
    tables = [
        fits.BinTableHDU.from_columns([fits.Column("flux", "2E", unit="Jy", array=[[1, 2], [3, 4]])], name=name)
        for name in ("STARS", "DUST")
    ]
    fits.HDUList([fits.PrimaryHDU(), *tables]).writeto(path)
    with pytest.raises(BadInput, match=r"several parts \(0 'PRIMARY' \(empty\), 1 'STARS' \(table\), .*hdu="):
        open_source(path).schema()
    with pytest.raises(BadInput, match="no data in HDU 0"):
        open_source(path, options={"hdu": 0}).schema()
    for hdu in ("dust", "2", 2):
        source = open_source(path, options={"hdu": hdu})
        assert (source.schema()["flux"].type, source.schema()["flux"].unit) == ("array[float32,2]", "Jy")
        assert source.describe() == {"format": "fits", "hdu": 2}
        assert table(source)["flux"].to_list() == [[1, 2], [3, 4]]


@pytest.mark.parametrize("kind", ["external", "virtual"])
def test_values_that_lie_in_other_files_are_refused(tmp_path: Path, kind: str) -> None:
    (tmp_path / "secret").write_bytes(b"0123456789")
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["a"] = [7, 8]
    with h5py.File(tmp_path / "rain.h5", "w") as file:
        if kind == "external":
            file.create_dataset("rain", (10,), dtype="u1", external=[(str(tmp_path / "secret"), 0, 10)])
        else:
            layout = h5py.VirtualLayout((2,), dtype="i8")
            layout[:] = h5py.VirtualSource(str(tmp_path / "other.h5"), "a", shape=(2,))
            file.create_virtual_dataset("rain", layout)
    with pytest.raises(BadInput, match="the values of 'rain' are kept in other files"):
        open_source(tmp_path / "rain.h5").schema()
