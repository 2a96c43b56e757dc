"""The conventions of NetCDF for what the numbers of a variable mean: missing values, scale and offset, units, time.

Source: NetCDF Climate and Forecast (CF) Metadata Conventions 1.11, sections 2.5.1, 4.4 and 8.1.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

_SINCE = re.compile(
    r"\s*(\w+)\s+since\s+(\d{1,4})-(\d{1,2})-(\d{1,2})(?:[T\s]+(\d{1,2})(?::(\d{1,2}))?(?::(\d{1,2}(?:\.\d*)?))?)?"
    r"\s*(?:UTC|Z|[+-]?0{1,2}(?::?0{1,2})?)?\s*",
    re.IGNORECASE,
)
_SECONDS = {"day": 86400.0, "d": 86400.0, "hour": 3600.0, "hr": 3600.0, "h": 3600.0, "minute": 60.0, "min": 60.0}
_SECONDS |= {"second": 1.0, "sec": 1.0, "s": 1.0, "millisecond": 1e-3, "msec": 1e-3, "microsecond": 1e-6}
_CALENDARS = ("standard", "gregorian", "proleptic_gregorian")
_GREGORIAN = datetime(1582, 10, 15, tzinfo=UTC)


class Meaning:
    """What the raw numbers of a variable mean, by its attributes.

    A time with a calendar that real dates do not follow (360_day, noleap …), a zone other than UTC, or a beginning in the
    Julian calendar stays a number with its unit.
    """

    def __init__(self, attributes: Mapping[str, Any]) -> None:
        self._fills = [
            value for name in ("_FillValue", "missing_value") for value in np.ravel(attributes.get(name, []))
        ]
        self._scale = _number(attributes.get("scale_factor"), 1.0)
        self._offset = _number(attributes.get("add_offset"), 0.0)
        self._scaled = "scale_factor" in attributes or "add_offset" in attributes
        self._unit = str(_text(attributes.get("units", "")))
        self._calendar = str(_text(attributes.get("calendar", "standard"))).lower()

    @property
    def unit(self) -> str:
        return "" if self._since or self._unit in ("1", "none") else self._unit

    @cached_property
    def _since(self) -> tuple[float, datetime] | None:
        """Microseconds of the unit, and the beginning."""
        found = _SINCE.fullmatch(self._unit)
        if not found or self._calendar not in _CALENDARS:
            return None
        unit, year, month, day, hour, minute, second = found.groups()
        name = unit.lower()
        seconds = _SECONDS.get(name) or _SECONDS.get(name.removesuffix("s"))
        if seconds is None:
            return None
        try:
            start = datetime(int(year), int(month), int(day), int(hour or 0), int(minute or 0), tzinfo=UTC)
        except ValueError:
            return None
        if start < _GREGORIAN and self._calendar != "proleptic_gregorian":
            return None
        micro = round(float(second or 0) * 1e6)
        return seconds * 1e6, datetime.fromtimestamp(start.timestamp() + micro / 1e6, UTC)

    def series(self, name: str, raw: NDArray[Any]) -> pl.Series:
        """The values, shape (rows,), as a column; missing ones are null."""
        if raw.dtype.kind in "OSU":
            return pl.Series(name, [_text(value) for value in raw.tolist()], dtype=pl.String)
        raw = np.ascontiguousarray(raw.astype(raw.dtype.newbyteorder("="), copy=False))
        missing = np.zeros(raw.shape, dtype=bool)
        for fill in self._fills:
            missing |= np.isnan(raw) if _is_nan(fill) else raw == fill
        if self._since and raw.dtype.kind in "iuf":
            return self._times(name, raw, missing)
        values = raw * self._scale + self._offset if self._scaled and raw.dtype.kind in "iuf" else raw
        if values.dtype == np.float16:
            values = values.astype(np.float32)
        return _masked(pl.Series(name, values), missing)

    def _times(self, name: str, raw: NDArray[Any], missing: NDArray[np.bool_]) -> pl.Series:
        assert self._since is not None
        unit, start = self._since
        values = raw * self._scale + self._offset if self._scaled else raw
        if values.dtype.kind == "f":
            missing = missing | ~np.isfinite(values)
        counted = np.where(missing, 0, values)
        whole = counted.astype(np.int64) if counted.dtype.kind in "iu" else None
        since = whole * round(unit) if whole is not None and unit >= 1 else np.rint(counted * unit).astype(np.int64)
        begins = round(start.timestamp() * 1e6)
        return _masked(pl.Series(name, since + begins).cast(pl.Datetime("us")), missing)


def _masked(series: pl.Series, missing: NDArray[np.bool_]) -> pl.Series:
    """The column with null where a value is missing."""
    if not missing.any():
        return series
    frame = pl.DataFrame([series, pl.Series("missing value", missing)])
    return frame.select(pl.when(~pl.col("missing value")).then(pl.col(series.name)).alias(series.name)).to_series()


def _text(value: Any) -> str | None:
    if isinstance(value, np.ndarray | np.generic):
        value = value.item() if value.size == 1 else str(value)
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else None if value is None else str(value)


def _number(value: Any, default: float) -> float:
    return default if value is None else float(np.ravel(value)[0])


def _is_nan(value: Any) -> bool:
    return isinstance(value, float | np.floating) and bool(np.isnan(value))
