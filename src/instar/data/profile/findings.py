"""What is suspicious in a table, told from its summaries, and from a second look at the few columns that need one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec
import polars as pl

from instar.base.schema import Field
from instar.data.profile.forms import TIMES, TextForms
from instar.data.profile.second_look import RepeatedValues, YearGap, repeated_values, year_gaps
from instar.data.profile.suspicions import SHOWN, far_values, spellings
from instar.data.summaries import Extremes, FrequentItems, Infinities, QuantileGrid, Summary

MOSTLY = 0.5  # share of missing rows from which a column is mostly missing
NEARLY_ALL = 0.95  # share of values from which a column is "of" a form
NEARLY_UNIQUE = 0.9  # distinct values a value seen
SOME_LISTS = 0.05  # share of values with the separator
REPEATED_PARTS = 0.7  # different parts a part: prose repeats nearly none of its clauses
LONGEST_PART = 40  # letters, on average: longer parts are prose
YEARS = (1000, 2200)


class Finding(msgspec.Struct, frozen=True):
    """One suspicion. kind : a word to filter by;  text : what was seen;  next_step : what may be done about it"""

    kind: str
    columns: tuple[str, ...]
    text: str
    next_step: str


@dataclass(frozen=True)
class Told:
    """What is known of a column after one pass."""

    field: Field
    rows: int
    missing: int
    distinct: int | None
    summaries: Mapping[str, Summary]

    @property
    def name(self) -> str:
        return self.field.name

    @property
    def seen(self) -> int:
        return self.rows - self.missing

    @property
    def forms(self) -> TextForms | None:
        forms = self.summaries.get("forms")
        return forms if isinstance(forms, TextForms) else None

    def date_format(self) -> str | None:
        """The format in which nearly all of its texts are dates."""
        if not (forms := self.forms) or not self.seen:
            return None
        format = max(forms.dates, key=lambda each: forms.dates[each])
        return format if forms.dates[format] >= NEARLY_ALL * forms.values else None


def findings(columns: Sequence[Told], frames: Callable[[], Iterator[pl.DataFrame]]) -> list[Finding]:
    """All findings, those of single columns first. ``frames`` gives the rows again, for the second look."""
    found = [finding for column in columns for finding in _of_column(column)]
    return [*found, *_second_look(columns, frames)]


def _of_column(column: Told) -> Iterator[Finding]:
    name, seen = column.name, column.seen
    if not column.rows:
        return
    if not seen or (column.forms and column.forms.blank == seen):
        yield Finding("empty", (name,), f"{name} has no value in any of {column.rows:,} rows", "leave it out")
        return
    if column.missing >= MOSTLY * column.rows:
        share = f"{column.missing / column.rows:.1%}"
        text = f"{name} is missing in {column.missing:,} of {column.rows:,} rows ({share})"
        yield Finding("mostly missing", (name,), text, "leave it out, or let prep.Impute add an indicator")
    infinite = column.summaries.get("infinite")
    if isinstance(infinite, Infinities) and infinite.n:
        text = f"{name} is infinite in {infinite.n:,} of {column.rows:,} rows; its figures leave them out"
        step = (
            f'make it null before fitting: with_columns(pl.when(pl.col("{name}").is_finite()).then(pl.col("{name}")))'
        )
        yield Finding("infinite values", (name,), text, step)
    if column.distinct == 1 and column.rows > 1:
        top = column.summaries["top"]
        assert isinstance(top, FrequentItems)
        text = f"{name} is {top.top(1)[0][0]!r} wherever it is known: it tells nothing about a row"
        yield Finding("constant", (name,), text, "leave it out")
        return
    yield from _beside_others(column)
    if column.forms:
        yield from _of_text(column, column.forms)


def _beside_others(column: Told) -> Iterator[Finding]:
    """Values that the other values of the column make suspicious."""
    name, top = column.name, column.summaries.get("top")
    grid, ends = column.summaries.get("grid"), column.summaries.get("ends")
    if isinstance(grid, QuantileGrid) and isinstance(ends, Extremes) and ends.low is not None:
        low, high = float(ends.low), float(ends.high)
        if far := far_values(grid, low, high):
            below, above, rows = far
            text = (
                f"{name} lies outside {below:.4g} … {above:.4g} (the quartiles and 3 times their distance) in about "
                f"{rows:,.0f} of {column.rows:,} rows, as far as {high if high > above else low:.6g}"
            )
            yield Finding(
                "far values", (name,), text, f'look at them: filter(pl.col("{name}") {_side(far, low, high)})'
            )
    if column.forms and isinstance(top, FrequentItems) and not top.error and (groups := spellings(top.counts)):
        shown = "; ".join(", ".join(map(repr, group[:SHOWN])) for group in groups[:SHOWN])
        text = f"{name} has values that differ only in case or spaces: {shown}"
        if len(groups) > SHOWN:
            text += f", and {len(groups) - SHOWN:,} more groups"
        yield Finding(
            "several spellings", (name,), text, f'with_columns(pl.col("{name}").str.strip_chars().str.to_lowercase())'
        )


def _side(far: tuple[float, float, float], low: float, high: float) -> str:
    """The condition that shows the values beyond the fences, as Polars says it."""
    return f"> {far[1]:.4g}" if high > far[1] else f"< {far[0]:.4g}"


def _of_text(column: Told, forms: TextForms) -> Iterator[Finding]:
    name = column.name
    if forms.blank:
        text = f"{name} is an empty text in {forms.blank:,} of {column.rows:,} rows: a missing value in disguise"
        step = f"make it null: NULLIF({name}, '') in query=, or with_columns in a dataflow"
        yield Finding("blank values", (name,), text, step)
    if format := column.date_format():
        to = "datetime" if format in TIMES else "date"
        others = [each for each, rows in forms.dates.items() if rows == forms.dates[format] and each != format]
        doubt = f" (so would {', '.join(others)})" if others else ""
        text = f"{name} is text, but {forms.dates[format]:,} of {forms.values:,} values are dates as {format}{doubt}"
        yield Finding("date as text", (name,), text, f'prep.Cast("{name}", to="{to}", format="{format}")')
    elif forms.numbers >= NEARLY_ALL * forms.values:
        text = f"{name} is text, but {forms.numbers:,} of {forms.values:,} values read as numbers"
        step = f'prep.Cast("{name}", to="float64"), unless they are codes; or name the others with nulls= at import'
        yield Finding("number as text", (name,), text, step)
    for separator, parts in forms.parts.items():
        different = parts.distinct.estimate / parts.parts if parts.parts else 1.0
        short = parts.letters <= LONGEST_PART * parts.parts
        if parts.values >= SOME_LISTS * forms.values and different <= REPEATED_PARTS and short:
            text = (
                f"{name} holds several values in one field: {parts.values:,} of {forms.values:,} contain {separator!r}, "
                f"about {parts.distinct.estimate:,.0f} different parts"
            )
            yield Finding("several values", (name,), text, f'prep.MultiHot("{name}", separator="{separator}")')
            return


def _second_look(columns: Sequence[Told], frames: Callable[[], Iterator[pl.DataFrame]]) -> Iterator[Finding]:
    keys = [column.name for column in columns if _may_be_key(column)]
    for repeats in repeated_values(frames, keys):
        yield _repeated(repeats)
    years = [column.name for column in columns if _may_be_year(column)]
    dates = {column.name: column.date_format() for column in columns if column.date_format() or _is_date(column.field)}
    for gap in year_gaps(frames, years, dates):
        if gap.related and gap.contradictions:
            yield _contradiction(gap)
        elif set(gap.gaps) == {0}:
            text = f"{gap.year} is the year of {gap.date} in all {gap.rows:,} rows that have both"
            yield Finding("same information", (gap.year, gap.date), text, "one of the two is enough")


def _may_be_key(column: Told) -> bool:
    """Texts and integers that are nearly unique. Whether one repeats, an estimate cannot say."""
    plain = column.field.type == "string" or column.field.type.startswith(("int", "uint"))
    return plain and column.seen > 1 and (column.distinct or 0) >= NEARLY_UNIQUE * column.seen


def _may_be_year(column: Told) -> bool:
    ends = column.summaries.get("ends")
    if not isinstance(ends, Extremes) or not column.field.is_number or ends.low is None or column.field.type == "bool":
        return False
    return bool(YEARS[0] <= ends.low and ends.high <= YEARS[1])


def _is_date(field: Field) -> bool:
    return field.type == "date" or field.type.startswith("datetime")


def _repeated(repeats: RepeatedValues) -> Finding:
    name, shown = repeats.column, ", ".join(f"{value!r} ({rows} rows)" for value, rows in repeats.examples)
    text = f"{name} is nearly unique: {repeats.distinct:,} different values in {repeats.seen:,} rows; repeated: {shown}"
    if repeats.repeated > len(repeats.examples):
        text += f", and {repeats.repeated - len(repeats.examples):,} more"
    return Finding("repeated values", (name,), text, f'if {name} is a key: table.distinct(on=["{name}"])')


def _contradiction(gap: YearGap) -> Finding:
    shown = ", ".join(f"{year} against {date}" for year, date in gap.examples)
    text = (
        f"{gap.year} contradicts {gap.date}: they are more than a year apart in {gap.contradictions:,} of {gap.rows:,} rows "
        f"({gap.contradictions / gap.rows:.1%}), such as {shown}"
    )
    step = f"decide which of the two is right; filter the rows where {gap.year} is far from the year of {gap.date}"
    return Finding("contradiction", (gap.year, gap.date), text, step)
