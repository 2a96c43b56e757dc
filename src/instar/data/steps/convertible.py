"""Rows that operators cannot convert, set apart with the reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

import polars as pl

from instar.base.errors import BadInput, InstarError
from instar.base.schema import Schema
from instar.data.operators.operator import AnyOperator, Operator, operator_from
from instar.data.preparing.pipeline import Pipeline
from instar.data.rules.piece import set_apart, set_apart_fields
from instar.data.steps.step import Made, Rows, TableStep, Told, table_step


@table_step("convertible")
@dataclass(frozen=True, init=False)
class Convertible(TableStep):
    """Keep the rows that operators can convert, as they are; set the others apart, with the operator's words.

    operators : in order, each on the output of those before it. They must learn nothing from the data (Cast, DateParts,
    a pretrained network …), since what cannot be converted would be part of what is learned.
    origin : the table's name, for the quarantine

    The preparation that is fitted afterwards has the same operators, and meets no value that it must refuse. A chunk is
    tried at once; where that fails it is halved until the rows are found: about log2(chunk) calls for each bad row.
    out : the rows that convert, as they came;  quarantine : the others with ``rule`` (the operator), ``reason``,
    ``origin``, ``row`` (see ``Check``);  told : ``checked``, ``quarantined`` (rows)

    >>> from instar.data.operators import Cast
    >>> from instar.data.steps.step import take
    >>> made = take(Convertible(Cast("Year", to="int64")), pl.DataFrame({"Year": ["1999", "n/a"]}))
    >>> made["out"]["Year"].to_list(), made["quarantine"]["rule", "row"].rows()
    (['1999'], [("Cast('Year')", 1)])
    """

    ports = ("out", "quarantine")
    across_rows = False
    operators: tuple[AnyOperator, ...] = ()
    origin: str = ""

    def __init__(self, *operators: AnyOperator, origin: str = "") -> None:
        if not operators:
            raise BadInput('Convertible: no operator is given; give one such as Cast("Year", to="int64")')
        for operator in operators:
            if not isinstance(operator, Operator):
                raise BadInput(f"Convertible: {operator!r} is no operator; give one such as Cast({str(operator)!r})")
            if operator.needs({}):
                raise BadInput(
                    f"Convertible: {operator} learns from the data; name only operators that convert values, such as Cast"
                )
        self._keep(operators=operators, origin=origin)

    def output(self, schema: Schema, **others: Schema) -> dict[str, Schema]:
        found = schema
        for operator in self.operators:
            found = operator.output(found)
        return {"out": schema, "quarantine": Schema(schema.fields + set_apart_fields(schema.names))}

    def bound(self, schema: Schema) -> Self:
        operators = []
        for operator in self.operators:
            operators.append(operator.bound(schema))
            schema = operators[-1].output(schema)
        return type(self)(*operators, origin=self.origin)

    def definition(self) -> dict[str, Any]:
        return super().definition() | {"operators": [operator.definition() for operator in self.operators]}

    @classmethod
    def from_options(cls, options: dict[str, Any]) -> Self:
        return cls(*map(operator_from, options.pop("operators")), **options)

    def over(self, tables: Mapping[str, Rows], told: Told) -> Made:
        told |= {"checked": 0, "quarantined": 0}
        columns = tuple(dict.fromkeys(name for operator in self.operators for name in operator.columns))
        for frame in tables["table"]():
            failed = list(self._failed(frame.select(name for name in columns if name in frame.columns), 0))
            found = {
                "at": [at for at, _, _ in failed],
                "rule": [str(operator) for _, operator, _ in failed],
                "reason": [reason for _, _, reason in failed],
            }
            apart = pl.DataFrame(found, schema={"at": pl.Int64, "rule": pl.String, "reason": pl.String})
            kept = pl.repeat(True, frame.height, eager=True).scatter(apart["at"], False)
            yield {"out": frame.filter(kept), "quarantine": set_apart(frame, apart, told["checked"], self.origin)}
            told["checked"] += frame.height
            told["quarantined"] += apart.height

    def _failed(self, rows: pl.DataFrame, first: int) -> Iterator[tuple[int, AnyOperator, str]]:
        """The rows that do not convert: number, the operator that refused, and why."""
        if not rows.height or (refused := self._refused(rows)) is None:
            return
        if rows.height == 1:
            yield first, *refused
            return
        half = rows.height // 2
        yield from self._failed(rows[:half], first)
        yield from self._failed(rows[half:], first + half)

    def _refused(self, rows: pl.DataFrame) -> tuple[AnyOperator, str] | None:
        """The operator that refuses these rows, and its words."""
        from instar.data.rows.frames import schema_of

        for operator in self.operators:
            try:
                batch = Pipeline([(operator, operator.fit({}))], schema_of(rows)).apply(rows)
            except InstarError as error:
                return operator, " ".join(str(error).split())
            rows = batch.to_polars()
        return None
