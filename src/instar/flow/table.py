"""The tables, preparations, models and reports of a graph: handles that know their schema, not their rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from instar.base.errors import BadInput
from instar.base.names import check_name
from instar.base.schema import Schema
from instar.data.operators import AnyOperator
from instar.data.operators.operator import Operator
from instar.data.preparing.fitting import Fitting
from instar.data.preparing.target import AnyTarget, target_operator
from instar.data.rows.rowwise import need_row_by_row
from instar.data.rules.rule import Rule
from instar.data.steps.check import Check
from instar.data.steps.enrich import Enrich
from instar.data.steps.step import TableStep
from instar.flow.references import named, origin_of
from instar.flow.rowdigests import compared_columns
from instar.flow.schemas import after, joined, same_columns
from instar.flow.shaping import Shaping
from instar.flow.step import OUT, Graph, Input, Step, Verb
from instar.flow.verbs.ends import Write
from instar.flow.verbs.learn import Evaluate, Fit, Train
from instar.flow.verbs.rows import Apply, Filter, Map, Select, WithColumns
from instar.flow.verbs.split import Split
from instar.flow.verbs.steps import Steps
from instar.flow.verbs.whole import GroupBy, How, Join, Sort, Union


@dataclass(frozen=True, eq=False)
class Handle:
    """Something that a dataflow will make: a port of a step."""

    flow: Graph
    step: Step
    port: str = OUT

    def as_input(self, name: str) -> Input:
        return Input(name, self.step, self.port)

    @property
    def schema(self) -> Schema:
        """Of the table behind it, when it is one."""
        return self.step.schema_of(self.port)


@dataclass(frozen=True, eq=False)
class Preparation(Handle):
    """A preparation, once it is fitted. features : the columns it needs"""

    features: Schema = field(default_factory=Schema)


@dataclass(frozen=True, eq=False)
class Report(Handle):
    """An evaluation, once it has run."""


@dataclass(frozen=True, eq=False)
class Written(Handle):
    """A dataset version, once it is written."""


@dataclass(frozen=True, eq=False)
class Model(Handle):
    """A model, once it is trained. needs : the columns that judging it reads"""

    needs: Schema = field(default_factory=Schema)

    def evaluate(self, table: Table) -> Report:
        """Judge the model on raw rows: it carries its preparation. Raises ColumnMissing."""
        if not isinstance(table, Table):
            raise BadInput(f"evaluate: {table!r} is a {type(table).__name__}; give a table of this dataflow")
        _same_flow(self.flow, table, "evaluate")
        table.schema.select(self.needs.names, "evaluate")
        step = Step(Evaluate(), (table.as_input("table"), self.as_input("model")), label=f"evaluate on {table.name}")
        return Report(self.flow, step, "report")


@dataclass(frozen=True, eq=False)
class Table(Handle, Shaping):
    """A table of the graph. Its schema is known; its rows are made when the dataflow runs.

    name : of the source it comes from, or of the side of a split

    Row-wise verbs: ``filter, select, with_columns, map, apply, split``. They cost no pass of their own.
    Whole-table verbs: ``join, union, sort, group_by``, and the table steps of ``Shaping``. Ends: ``fit, train, write``.
    Expressions are Polars expressions; a column's name stands for ``pl.col(name)``.
    """

    name: str = ""

    # Row by row

    def filter(self, *expressions: pl.Expr) -> Table:
        """The rows for which all ``expressions`` hold."""
        need_row_by_row(expressions, "filter")
        return self._rows(Filter(expressions), lambda frame: frame.filter(*expressions))

    def select(self, *columns: str | pl.Expr) -> Table:
        """Only these columns."""
        expressions = _expressions(columns)
        need_row_by_row(expressions, "select")
        return self._rows(Select(expressions), lambda frame: frame.select(*expressions))

    def with_columns(self, *expressions: pl.Expr, **named: pl.Expr) -> Table:
        """Add or replace columns: ``films.with_columns(pl.col("Released").str.to_date("%Y-%m-%d"))``."""
        every = (*expressions, *(expression.alias(name) for name, expression in named.items()))
        need_row_by_row(every, "with_columns")
        return self._rows(WithColumns(every), lambda frame: frame.with_columns(*every))

    def map(
        self, function: Callable[[pl.DataFrame], pl.DataFrame], schema: Schema | None = None, version: str = ""
    ) -> Table:
        """A Python function from a chunk to a chunk, which must treat each row by itself.

        schema : of the result; without it the function is asked with an empty chunk
        version : names the function's code where it cannot be seen; change it when the function changes
        """
        known = schema or after(self.schema, lambda frame: function(frame.collect()).lazy(), "map")
        return self._next(Map(function, version), known)

    def apply(self, preparation: Preparation) -> Table:
        """The table as a fitted preparation leaves it; blocks become columns of arrays."""
        _same_flow(self.flow, preparation, "apply")
        schema = self.schema
        assert isinstance(preparation.step.verb, Fit)
        for operator in preparation.step.verb.operators:
            schema = operator.output(schema)
        inputs = (self.as_input("table"), preparation.as_input("preparation"))
        return Table(self.flow, Step(Apply(), inputs, schema, "apply"), OUT, self.name)

    def split(self, *, by: str | list[str], seed: int = 0, **sides: float) -> tuple[Table, ...]:
        """Sides by a stable hash of the key ``by``: ``seen, unseen = films.split(seen=0.8, unseen=0.2, by="imdbID")``.

        Shares are approximate, and old rows never change sides when new ones come.
        """
        keys = _names(by)
        self.schema.select(keys, "split")
        if not isinstance(seed, int):
            raise BadInput(f"split: seed={seed!r} is a {type(seed).__name__}; give a whole number, such as seed=7")
        for side, share in sides.items():
            if not isinstance(share, int | float):
                raise BadInput(f"split: the share of {side!r} is {share!r}; give a number between 0 and 1")
        verb = Split(keys, seed, tuple(sides.items()), compared_columns(self.schema, keys))
        step = Step(verb, (self.as_input("table"),), self.schema, f"split by {', '.join(keys)}")
        return tuple(Table(self.flow, step, side, side) for side in sides)

    # Whole tables

    def join(self, other: Table, on: str | list[str], how: How = "inner") -> Table:
        """Rows of both tables with equal keys; equal names get the other table's name as prefix (``tomatoes.Rating``).

        how : ``inner``, ``left`` (all rows of this table), ``anti`` (its rows without a partner)
        """
        _same_flow(self.flow, other, "join")
        if how not in ("inner", "left", "anti"):
            raise BadInput(f"join: how={how!r} is unknown; use inner, left or anti")
        keys = _names(on)
        schema, names = joined(self.schema, other.schema, keys, how, other.name or "right")
        verb = Join(keys, how, tuple(names.items()))
        step = Step(
            verb, (self.as_input("left"), other.as_input("right")), schema, f"join {self.name} with {other.name}"
        )
        return Table(self.flow, step, OUT, self.name)

    def union(self, *others: Table) -> Table:
        """The rows of this table, then those of the others, which have the same columns."""
        for other in others:
            _same_flow(self.flow, other, "union")
            same_columns(self.schema, other.schema)
        inputs = tuple(table.as_input(f"table{place}") for place, table in enumerate((self, *others)))
        return Table(self.flow, Step(Union(), inputs, self.schema, "union"), OUT, self.name)

    def sort(self, by: str | list[str], descending: bool = False) -> Table:
        """Rows by these columns; nulls last, rows with equal ones keep their order."""
        keys = _names(by)
        self.schema.select(keys, "sort")
        return self._next(Sort(keys, descending), self.schema)

    def group_by(self, by: str | list[str], *aggregates: pl.Expr) -> Table:
        """One row a group: ``films.group_by("Year", pl.col("Meter").mean())``. The leak check looks at what it read."""
        keys = _names(by)
        self.schema.select(keys, "group_by")
        schema = after(self.schema, lambda frame: frame.group_by(keys).agg(*aggregates), "group_by")
        return self._next(GroupBy(keys, aggregates), schema)

    def through(self, step: TableStep, **others: Table) -> Table:
        """The table that a table step gives. others : the tables that it reads beside this one

        Raises BadInput for a step that gives several, which ``through_all`` has.
        """
        if len(step.ports) > 1:
            raise BadInput(
                f"{step.name}: it gives the tables {', '.join(step.ports)}; take them all: "
                f"{', '.join(step.ports)} = table.through_all(…)"
            )
        return self._through(step, **others)[0]

    def through_all(self, step: TableStep, **others: Table) -> tuple[Table, ...]:
        """The tables that a table step gives, in the order of its ``ports``; the first is the table as it goes on."""
        return self._through(step, **others)

    def _through(self, step: TableStep, **others: Any) -> tuple[Table, ...]:
        """The tables of a table step, by its ports."""
        if sorted(others) != sorted(step.others):
            wanted = ", ".join(f"{name}=…" for name in step.others) or "none"
            raise BadInput(f"{step.name}: beside this table it reads {wanted}; given: {', '.join(others) or 'none'}")
        for other in others.values():
            _same_flow(self.flow, other, step.name)
        schemas = step.output(self.schema, **{name: other.schema for name, other in others.items()})
        inputs = (self.as_input("table"), *(other.as_input(name) for name, other in others.items()))
        node = Step(Steps(step.bound(self.schema)), inputs, schemas[step.ports[0]], f"{step.name} {self.name}", schemas)
        return tuple(Table(self.flow, node, port, self.name if port == OUT else port) for port in step.ports)

    def enrich(self, reference: Table, on: str | Sequence[str] = (), *, prefix: str = "", **how: Any) -> Table:
        """The columns of the ``reference``'s row for each row: ``films.enrich(tomatoes, on="imdbID")``, or by the nearest
        ``time=`` or ``place=``. Every row stays. prefix : else the reference's name. See ``steps.Enrich``."""
        step = Enrich(on if isinstance(on, str) else tuple(on), prefix=prefix or reference.name or "reference", **how)
        return self.through(step, reference=reference)

    def check(self, *rules: Rule, on_violation: str = "quarantine", origin: str = "") -> tuple[Table, ...]:
        """Ask ``rules`` of every row: ``good, quarantine, corrections, violations = films.check(Present("Title"))``.

        on_violation : for rules that do not say themselves: ``report``, ``correct``, ``quarantine`` or ``stop``
        origin : what the lists call this table.  A rule's ``table=`` is a table of this dataflow. See ``steps.Check``.
        """
        known, tables = named(rules, Table)
        return self.through_all(Check(*known, on_violation=on_violation, origin=origin or origin_of(self)), **tables)

    # Ends

    def fit(self, *operators: AnyOperator, target: AnyTarget | str | None = None) -> Preparation:
        """Fit ``operators``, in order, each on the output of those before it, on this table and no other."""
        for operator in operators:
            if not isinstance(operator, Operator):
                raise BadInput(f"fit: {operator!r} is no operator; give one such as prep.Impute({str(operator)!r})")
        known = None if target is None else target_operator(target)
        fitting = Fitting(operators, self.schema, known)  # a wrong column or type is found here
        step = Step(Fit(operators, known), (self.as_input("table"),), label=f"fit on {self.name}")
        return Preparation(self.flow, step, "state", fitting.inputs)

    def train(
        self,
        estimator: Any,
        preparation: Preparation | None = None,
        *,
        target: AnyTarget | str,
        features: list[str] | None = None,
    ) -> Model:
        """Train a scikit-learn ``estimator`` on this table.

        The features are exactly the columns that ``preparation`` names, in that order; without one, ``features=``.
        target : a column's name, or an operator that makes it, such as ``Above("Meter", quantile=0.5)``
        """
        if not hasattr(estimator, "fit") or isinstance(estimator, type):
            raise BadInput(f"train: {estimator!r} is no estimator; give one made, such as LogisticRegression()")
        wanted = target_operator(target)
        needed = self._features(preparation, features)
        Fitting([], self.schema, wanted)
        for name in wanted.columns:
            if name in needed:
                raise BadInput(f"train: {name!r} is both a feature and the target; the model would be given the answer")
        inputs = [self.as_input("table")]
        if preparation is not None:
            _same_flow(self.flow, preparation, "train")
            inputs.append(preparation.as_input("preparation"))
        verb = Train(estimator, wanted, () if preparation is not None else needed.names)
        label = f"train {type(estimator).__name__} on {self.name}"
        needs = Schema(needed.fields + self.schema.select(wanted.columns).fields)
        return Model(self.flow, Step(verb, tuple(inputs), label=label), "model", needs)

    def write(self, dataset: str) -> Written:
        """Keep the table as a version of ``dataset``."""
        check_name("dataset", dataset)
        verb = Write(dataset, self.flow.project)
        return Written(self.flow, Step(verb, (self.as_input("table"),), self.schema, f"write {dataset}"), "version")

    def _features(self, preparation: Preparation | None, features: list[str] | None) -> Schema:
        if preparation is None:
            if not features:
                raise BadInput('train: without a preparation say which columns are the features: features=["Year", …]')
            return self.schema.select(features, "train")
        if features:
            raise BadInput("train: the preparation names the features already; leave features= out")
        return self.schema.select(preparation.features.names, "train")

    def _rows(self, verb: Verb, query: Callable[[pl.LazyFrame], pl.LazyFrame]) -> Table:
        return self._next(verb, after(self.schema, query, verb.name))

    def _next(self, verb: Verb, schema: Schema) -> Table:
        return Table(
            self.flow, Step(verb, (self.as_input("table"),), schema, f"{verb.name} {self.name}"), OUT, self.name
        )


def _names(names: str | list[str]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)


def _expressions(columns: tuple[str | pl.Expr, ...]) -> tuple[pl.Expr, ...]:
    return tuple(pl.col(column) if isinstance(column, str) else column for column in columns)


def _same_flow(flow: Graph, handle: Handle, verb: str) -> None:
    if handle.flow is not flow:
        raise BadInput(f"{verb}: this {type(handle).__name__.lower()} belongs to another dataflow; build both in one")
