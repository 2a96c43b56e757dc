"""Making a profile: one pass of summaries over the chunks, merged, and what follows from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from instar.base.digests import digest_value
from instar.base.merge import fold
from instar.base.schema import Field, Schema
from instar.data.chunks import Chunk, read_chunk
from instar.data.findings import Told, findings
from instar.data.forms import TextForms
from instar.data.profile import ColumnProfile, Profile
from instar.data.summaries import (
    Counts,
    Distinct,
    Extremes,
    FrequentItems,
    Infinities,
    Moments,
    Of,
    QuantileGrid,
    Summary,
)

if TYPE_CHECKING:
    from instar.store import Store

SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
TOP = 5
COUNTED = 1024  # up to so many different values, all are counted exactly


def profile_table(store: Store, schema: Schema, chunks: Sequence[Chunk], dataset: str, version: int) -> Profile:
    """Profile a table in a store. Summaries of chunks are remembered, so what is unchanged is not read again."""
    wants = {field.name: _wanted(field) for field in schema}
    summaries = _summarise(store, chunks, wants)
    columns = tuple(_column(field, summaries[field.name]) for field in schema)
    told = [
        Told(field, each.rows, each.missing, each.distinct, summaries[field.name])
        for field, each in zip(schema, columns)
    ]
    found = findings(told, lambda: (read_chunk(store, chunk) for chunk in chunks))
    return Profile(dataset, version, sum(chunk.rows for chunk in chunks), columns, tuple(found))


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
        if field.type.startswith("float"):
            wanted["infinite"] = Of(Infinities, name)
        wanted |= {"moments": Of(Moments, name), "grid": Of(QuantileGrid, name)}
    return wanted


def _summarise(
    store: Store, chunks: Sequence[Chunk], wants: Mapping[str, Mapping[str, Of]]
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
            case Infinities():
                known["infinite"] = summary.n
            case Moments() if summary.n:
                known |= {"mean": float(summary.mean), "deviation": summary.deviation}
            case QuantileGrid() if summary.n:
                quantiles = {f"{share:g}": summary.quantile(share) for share in SHARES}
                known["quantiles"] = {share: float(value) for share, value in quantiles.items() if value is not None}
    return ColumnProfile(field.name, field.type, field.unit, counts.rows, counts.nulls, **known)


def _plain(value: Any) -> float | int | str | None:
    return value if value is None or isinstance(value, int | float) else str(value)
