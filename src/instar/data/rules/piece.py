"""A chunk on its way through rules: what each finds, what is changed and set apart, and the lists of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from instar.base.errors import BadInput
from instar.base.schema import Field, Schema
from instar.data.rules.rule import Judge, Rule

Told = dict[str, Any]
CORRECTIONS = Schema.of(
    Field("row", "int64"), Field("column", "string"), Field("before", "string"), Field("after", "string"),
    Field("rule", "string"), Field("origin", "string"),
)  # fmt: skip
VIOLATIONS = Schema.of(
    Field("row", "int64"), Field("rule", "string"), Field("reason", "string"), Field("done", "string"),
    Field("origin", "string"),
)  # fmt: skip
_SET_APART = ("rule", "reason", "origin", "row")
_DONE = {"report": "reported", "correct": "corrected", "quarantine": "quarantined"}


class RuleBroken(BadInput):
    """A row breaks a rule that may not be broken."""

    def __init__(self, rule: str, row: int, reason: str, origin: str) -> None:
        where = f"row {row} of {origin}" if origin else f"row {row}"
        super().__init__(
            f"check: {where} breaks the rule {rule!r}: {reason}. Correct the source, or set such rows apart with "
            "the rule's .quarantine()"
        )


@dataclass
class Piece:
    """A chunk on its way through the rules. first : the number of its first row in the table"""

    frame: pl.DataFrame
    first: int
    origin: str
    current: pl.DataFrame = field(init=False)
    violations: list[pl.DataFrame] = field(default_factory=list)
    corrections: list[pl.DataFrame] = field(default_factory=list)
    broken: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.current = self.frame

    def ask(self, rule: Rule, judge: Judge) -> None:
        # A rule across rows learned from the values as they came, and finds a row's group by them.
        verdict = judge(self.frame if rule.across_rows else self.current)
        self.broken[rule.label] = int(verdict.broken.sum())
        if not self.broken[rule.label]:
            return
        rows = pl.int_range(self.frame.height, dtype=pl.Int64, eager=True).filter(verdict.broken)
        found = pl.DataFrame({"at": rows, "reason": pl.Series(verdict.reasons, dtype=pl.String)})
        found = found.with_columns(pl.lit(rule.label).alias("rule"), pl.lit(rule.action).alias("action"))
        if rule.action == "correct":
            found = self._correct(rule, judge, found, verdict.right)
        self.violations.append(found)

    def _correct(self, rule: Rule, judge: Judge, found: pl.DataFrame, right: pl.Series | None) -> pl.DataFrame:
        """Put in the corrections that keep the rule; rows of which none does are to be set apart."""
        broken = self.current[found["at"]]
        new = rule.corrected(broken, None if right is None else right.gather(found["at"]))
        fixed = broken.with_columns(new)
        good = new.is_not_null() if rule.own else pl.repeat(True, found.height, eager=True)
        if not rule.across_rows:
            good &= ~judge(fixed).broken
        before, after = (part[rule.corrects].cast(pl.String, strict=False) for part in (broken, fixed))
        cells = found.select("at", pl.lit(rule.corrects).alias("column"), "rule").with_columns(
            before.alias("before"), after.alias("after")
        )
        self.corrections.append(cells.filter(good & broken[rule.corrects].ne_missing(new)))
        kept, values = found["at"].filter(good), new.filter(good)
        column = self.current[rule.corrects]
        if kept.len():
            changed = pl.DataFrame({"at": kept, "new": values, "is": True})
            rows = pl.DataFrame({"at": pl.int_range(column.len(), dtype=pl.Int64, eager=True), "old": column})
            merged = rows.join(changed, on="at", how="left", maintain_order="left")
            value = pl.when(pl.col("is").is_not_null()).then(pl.col("new")).otherwise(pl.col("old"))
            self.current = self.current.with_columns(merged.select(value.alias(rule.corrects)).to_series())
        why = "; no value is known to be right" if rule.own else "; its correction {} breaks the rule too"
        text = pl.format(f"{{}}{why}", "reason", *([] if rule.own else [after.fill_null("(missing)")]))
        return found.with_columns(
            pl.when(good).then("reason").otherwise(text).alias("reason"),
            pl.when(good).then("action").otherwise(pl.lit("quarantine")).alias("action"),
        )

    def refuse(self) -> None:
        """Raises RuleBroken for the first row that breaks a rule that may not be broken."""
        stopped = [found.filter(pl.col("action") == "stop").head(1) for found in self.violations]
        first = min(
            (found.row(0, named=True) for found in stopped if found.height), key=lambda row: row["at"], default=None
        )
        if first is not None:
            raise RuleBroken(first["rule"], self.first + first["at"], first["reason"], self.origin)

    def made(self, told: Told) -> dict[str, pl.DataFrame]:
        """The pieces of the ports, and what they count."""
        found = _below(self.violations, {"at": pl.Int64, "reason": pl.String, "rule": pl.String, "action": pl.String})
        rows = found.filter(pl.col("action") == "quarantine").group_by("at", maintain_order=True)
        apart = rows.agg(pl.col("rule", "reason").str.join("; ")).sort("at")
        done = pl.when(pl.col("at").is_in(apart["at"].implode())).then(pl.lit("quarantined"))
        found = found.with_columns(done.otherwise(pl.col("action").replace(_DONE)).alias("done"))
        self._tell(told, found, apart.height)
        kept = pl.repeat(True, self.frame.height, eager=True).scatter(apart["at"], False)
        return {
            "out": self.current.filter(kept),
            "quarantine": set_apart(self.frame, apart, self.first, self.origin),
            "corrections": self._corrections(apart["at"]),
            "violations": self._listed(found.sort("at", maintain_order=True), VIOLATIONS),
        }

    def _tell(self, told: Told, found: pl.DataFrame, apart: int) -> None:
        told["checked"] += self.frame.height
        told["quarantined"] += apart
        for rule, count in self.broken.items():
            told["broken"][rule]["rows"] += count
        for rule, done, count in found.group_by("rule", "done", maintain_order=True).len().rows():
            told["broken"][rule][done] = told["broken"][rule].get(done, 0) + count

    def _corrections(self, apart: pl.Series) -> pl.DataFrame:
        types = dict.fromkeys(("column", "rule", "before", "after"), pl.String)
        cells = _below(self.corrections, {"at": pl.Int64, **types})
        cells = cells.filter(~pl.col("at").is_in(apart.implode())).sort("at", maintain_order=True)
        return self._listed(cells, CORRECTIONS)

    def _listed(self, found: pl.DataFrame, schema: Schema) -> pl.DataFrame:
        return found.with_columns((pl.col("at") + self.first).alias("row"), pl.lit(self.origin).alias("origin")).select(
            schema.names
        )


def set_apart(frame: pl.DataFrame, apart: pl.DataFrame, first: int, origin: str) -> pl.DataFrame:
    """The rows of a quarantine: those at ``apart["at"]``, with the rule and the reason.

    first : the number of the frame's first row in the table
    """
    names = added_columns([name for name in frame.columns if not name.startswith("__")])
    number = (apart["at"] + first).alias("row")
    told = apart.with_columns(number, pl.lit(origin).alias("origin")).select(_SET_APART).rename(names)
    rows = frame[apart["at"]]
    hidden = [name for name in rows.columns if name.startswith("__")]
    return pl.concat([rows.drop(hidden), told, rows.select(hidden)], how="horizontal")


def set_apart_fields(columns: Sequence[str]) -> tuple[Field, ...]:
    """The columns that a quarantine adds to these."""
    return tuple(Field(name, "int64" if key == "row" else "string") for key, name in added_columns(columns).items())


def added_columns(columns: Sequence[str]) -> dict[str, str]:
    """What the columns are called that a quarantine adds."""
    return {name: f"quarantine.{name}" if name in columns else name for name in _SET_APART}


def _below(frames: Sequence[pl.DataFrame], types: Mapping[str, Any]) -> pl.DataFrame:
    return pl.concat([frame.select(*types) for frame in frames]) if frames else pl.DataFrame(schema=types)
