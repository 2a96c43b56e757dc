"""Making a profile: one pass of summaries over the chunks, merged, and what follows from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from instar.base.schema import Field, Schema
from instar.data.datasets.chunks import Chunk, read_chunk
from instar.data.datasets.passes import Passes, Progress
from instar.data.profile.associations import (
    MOST_CATEGORIES,
    MOST_NUMBERS,
    MOST_VALUES,
    Correlations,
    correlations,
    determined,
    wanted_pairs,
    wanted_tables,
)
from instar.data.profile.bins import Bins, equal_depth, equal_width
from instar.data.profile.findings import Told, findings
from instar.data.profile.forms import TextForms
from instar.data.profile.profile import ColumnProfile, Profile
from instar.data.summaries import (
    Contingency,
    Counts,
    Distinct,
    Extremes,
    FrequentItems,
    Infinities,
    Moments,
    Of,
    Pairs,
    QuantileGrid,
    Summary,
)

if TYPE_CHECKING:
    from instar.store import Store

SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
TOP = 5
WIDE, DEEP = 16, 10  # bins of one width, and of equally many values
COUNTED = 1024  # up to so many different values, all are counted exactly


def profile_table(
    store: Store,
    schema: Schema,
    chunks: Sequence[Chunk],
    dataset: str,
    version: int,
    progress: Progress | None = None,
    quarantine: Mapping[str, int] | None = None,
) -> Profile:
    """Profile a table in a store. Summaries of chunks are remembered, so what is unchanged is not read again.

    progress : called with (chunks done, chunks in all passes);  quarantine : rows set apart, by step
    """
    passes = Passes(store, chunks, progress)
    wants = {(field.name, key): of for field in schema for key, of in _wanted(field).items()}
    numbers = [field.name for field in schema if field.is_number and field.type != "bool"]
    found = passes.summarise(wants | {("", key): of for key, of in wanted_pairs(numbers).items()})
    summaries: dict[str, dict[str, Summary]] = {"": {}, **{field.name: {} for field in schema}}
    for (name, key), summary in found.items():
        summaries[name][key] = summary
    columns = tuple(_column(field, summaries[field.name]) for field in schema)
    categories = [each.name for each in columns if _is_category(each)]
    tables = passes.summarise(wanted_tables(categories))
    pairs = summaries[""].get("pairs")
    seen = [
        Told(field, each.rows, each.missing, each.distinct, summaries[field.name])
        for field, each in zip(schema, columns)
    ]
    return Profile(
        dataset,
        version,
        rows=sum(chunk.rows for chunk in chunks),
        columns=columns,
        findings=tuple(findings(seen, lambda: (read_chunk(store, chunk) for chunk in chunks))),
        correlations=correlations(numbers, pairs) if isinstance(pairs, Pairs) else Correlations(),
        dependencies=determined({key: table for key, table in tables.items() if isinstance(table, Contingency)}),
        limits=tuple(_limits(numbers, categories)),
        quarantine=dict(quarantine or {}),
    )


def _is_category(column: ColumnProfile) -> bool:
    """Whether it has few values, all counted: no number with a fraction, and nothing nested."""
    few = column.distinct_exact and column.distinct is not None and 2 <= column.distinct <= MOST_VALUES
    return few and not column.type.startswith(("float", "decimal"))


def _limits(numbers: Sequence[str], categories: Sequence[str]) -> Iterator[str]:
    if len(numbers) > MOST_NUMBERS:
        yield f"correlations are those of the first {MOST_NUMBERS} of {len(numbers)} columns of numbers"
    if len(categories) > MOST_CATEGORIES:
        yield (
            f"dependencies are looked for among the first {MOST_CATEGORIES} of {len(categories)} columns "
            f"with 2 to {MOST_VALUES} values"
        )


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
                known |= _bins(summary, summaries.get("ends"))
    return ColumnProfile(field.name, field.type, field.unit, counts.rows, counts.nulls, **known)


def _bins(grid: QuantileGrid, ends: Summary | None) -> dict[str, Bins]:
    if not isinstance(ends, Extremes) or ends.low is None:
        return {}
    low, high = float(ends.low), float(ends.high)
    return {"equal_width": equal_width(grid, low, high, WIDE), "equal_depth": equal_depth(grid, low, high, DEEP)}


def _plain(value: Any) -> float | int | str | None:
    return value if value is None or isinstance(value, int | float) else str(value)
