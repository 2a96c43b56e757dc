"""The profile of a dataset version: what is in each column, told from merged summaries of its chunks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from instar.base.digests import digest_value
from instar.base.merge import fold
from instar.base.schema import Field
from instar.data.chunks import Chunk, read_chunk
from instar.data.findings import Finding, Told, findings
from instar.data.forms import TextForms
from instar.data.summaries import Counts, Distinct, Extremes, FrequentItems, Moments, Of, QuantileGrid, Summary

if TYPE_CHECKING:
    from rich.console import Console, RenderResult

    from instar.data.datasets import DatasetVersion
    from instar.store import Store

SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
TOP = 5
COUNTED = 1024  # up to so many different values, all are counted exactly
_TIMES = ("date", "datetime", "time", "duration")


class ColumnProfile(msgspec.Struct, frozen=True):
    """One column.

    missing : rows without a value;  distinct : how many different values there are, with a standard error of 1.6 % unless
    ``distinct_exact``
    low, high, mean, deviation, quantiles (by share of the values at or below) : of numbers, and the ends of times as text
    top : the commonest values as text, with at least so many rows each
    """

    name: str
    type: str
    unit: str
    rows: int
    missing: int
    distinct: int | None = None
    distinct_exact: bool = False
    low: float | int | str | None = None
    high: float | int | str | None = None
    mean: float | None = None
    deviation: float | None = None
    quantiles: dict[str, float] = {}
    top: tuple[tuple[str, int], ...] = ()


class Profile(msgspec.Struct, frozen=True):
    """What is in a dataset version, and what is suspicious about it. Printed by rich as tables; plain values otherwise."""

    dataset: str
    version: int
    rows: int
    columns: tuple[ColumnProfile, ...]
    findings: tuple[Finding, ...]

    def __getitem__(self, column: str) -> ColumnProfile:
        return next(each for each in self.columns if each.name == column)

    def to_dict(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        return dict(msgspec.to_builtins(self))

    def __rich_console__(self, console: Console, options: Any) -> RenderResult:
        from instar.data.profile_view import tables

        yield from tables(self)

    def __str__(self) -> str:
        from instar.data.profile_view import as_text

        return as_text(self)


def profile(version: DatasetVersion) -> Profile:
    """Profile a version. Summaries of chunks are remembered, so what is unchanged is not read again."""
    wants = {field.name: _wanted(field) for field in version.schema}
    summaries = _summarise(version.store, version.chunks, wants)
    columns = tuple(_column(field, summaries[field.name]) for field in version.schema)
    told = [
        Told(field, each.rows, each.missing, each.distinct, summaries[field.name])
        for field, each in zip(version.schema, columns)
    ]
    return Profile(version.name, version.number, version.rows, columns, tuple(findings(told, version.frames)))


def _wanted(field: Field) -> dict[str, Of]:
    """What is asked of a column, by its type. Nested and binary columns are only counted."""
    name = field.name
    wanted = {"counts": Of(Counts, name)}
    if field.type in ("null", "binary") or "[" in field.type.removeprefix("datetime["):
        return wanted
    wanted |= {"distinct": Of(Distinct, name), "top": Of(FrequentItems, name, limit=COUNTED)}
    if field.type == "string":
        return wanted | {"forms": Of(TextForms, name)}
    wanted["ends"] = Of(Extremes, name)
    if field.is_number:
        wanted |= {"moments": Of(Moments, name), "grid": Of(QuantileGrid, name)}
    return wanted


def _summarise(
    store: Store, chunks: list[Chunk], wants: Mapping[str, Mapping[str, Of]]
) -> dict[str, dict[str, Summary]]:
    """The merged summaries of all chunks, folded in manifest order."""
    asked = [of for column in wants.values() for of in column.values()]
    task = [of.definition() for of in asked]
    keys = [digest_value(["profile", task, chunk.digest]) for chunk in chunks]
    known = store.memo.get(keys)
    parts: list[list[bytes]] = []
    for key, chunk in zip(keys, chunks):
        if key not in known:
            frame = read_chunk(store, chunk)
            known[key] = msgspec.msgpack.encode([of.of(frame).to_bytes() for of in asked])
            store.memo.put({key: known[key]})
        parts.append(msgspec.msgpack.decode(known[key], type=list[bytes]))
    merged = iter([fold(of.from_bytes(part[place]) for part in parts) for place, of in enumerate(asked)])
    return {name: {key: next(merged) for key in column} for name, column in wants.items()}


def _column(field: Field, summaries: Mapping[str, Summary]) -> ColumnProfile:
    counts = summaries["counts"]
    assert isinstance(counts, Counts)
    known: dict[str, Any] = {}
    for summary in summaries.values():
        match summary:
            case Distinct():
                known["distinct"] = min(round(float(summary.estimate)), counts.seen)
            case FrequentItems():
                known["top"] = tuple(summary.top(TOP))
                if not summary.error:
                    known |= {"distinct": len(summary.counts), "distinct_exact": True}
            case Extremes():
                known |= {"low": _plain(summary.low), "high": _plain(summary.high)}
            case Moments() if summary.n:
                known |= {"mean": float(summary.mean), "deviation": summary.deviation}
            case QuantileGrid() if summary.n:
                quantiles = {f"{share:g}": summary.quantile(share) for share in SHARES}
                known["quantiles"] = {share: float(value) for share, value in quantiles.items() if value is not None}
    return ColumnProfile(field.name, field.type, field.unit, counts.rows, counts.nulls, **known)


def _plain(value: Any) -> float | int | str | None:
    return value if value is None or isinstance(value, int | float) else str(value)
