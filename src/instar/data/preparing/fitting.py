"""Fitting: which summaries are wanted next, and what is learned from them. It reads no data itself."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property

import msgspec
import polars as pl

from instar.base.digests import digest_value
from instar.base.errors import BadInput
from instar.base.schema import Schema
from instar.data.operators import AnyOperator, Operator, RowsOperator
from instar.data.preparing.pipeline import Pipeline
from instar.data.preparing.preparation import Preparation
from instar.data.preparing.target import TARGET, AnyTarget, Target, target_operator
from instar.data.rows.batch import Batch
from instar.data.rows.conform import conform, wanted_types
from instar.data.rows.folds import FOLD, with_fold
from instar.data.rows.frames import schema_of
from instar.data.summaries import Counts, Extremes, Moments, Of, Summary
from instar.data.summaries.summary import Measured, measured

Wants = dict[Hashable, Of]
Found = dict[Hashable, Summary]
_TARGET_AT = -1  # the target's place among the operators
_DESCRIBED = "described"


class Fitting:
    """The driver of one fit: asks for summaries until the operators, in order, have learned what they need.

    Operators share a pass where their columns are disjoint; otherwise a later one waits, since it is fitted on the
    output of those before it. With ``chunks`` read once a pass::

        while wants := fitting.wants():
            fitting.tell(merged(summarise(fitting.prepare(chunk), wants) for chunk in chunks))
        fitting.preparation()

    operators : in order, bound to the schema (see ``Operator.bound``);  schema : of the raw table
    target : what is to be predicted, a raw column's name or an operator; it is fitted on raw rows
    describe : also take counts, moments and extremes of the raw features, in the first pass (``descriptions``)

    Raises ColumnMissing, WrongType and BadInput where a definition is wrong, before any row is read.
    """

    def __init__(
        self,
        operators: Sequence[AnyOperator],
        schema: Schema,
        target: AnyTarget | str | None = None,
        describe: bool = False,
    ) -> None:
        self.operators = _bound(operators, schema)
        self.target = None if target is None else target_operator(target)
        if not self.operators and self.target is None:
            raise BadInput('fit: nothing is to be fitted; give at least one operator, such as Standardize("Year")')
        self.inputs = inputs_of(self.operators, schema)
        self._target_inputs = self._checked_target(schema)
        self._wanted = wanted_types(Schema(self.inputs.fields + self._target_inputs.fields))
        self._known: dict[int, Found] = {}
        self._states: dict[int, msgspec.Struct] = {}
        self._described: dict[str, Summary] = {}
        self._wants: Wants = {}
        self._advance()
        if describe:
            self._wants |= {(_DESCRIBED, key): of for key, of in describing(self.inputs).items()}

    @property
    def columns(self) -> tuple[str, ...]:
        """The raw columns that ``prepare`` reads: the features, then what the target reads."""
        return tuple(self._wanted)

    def wants(self) -> Wants:
        """What is to be summarised in the next pass over ``prepare``'s output; empty when all is learned."""
        return dict(self._wants)

    def prepare(self, frame: pl.DataFrame) -> Batch:
        """Rows as the operators fitted so far leave them, and the column TARGET once the target is fitted.

        The column FOLD is there when a wanted summary reads it.

        An operator in Python runs only when a wanted summary needs what it writes. Raises as ``Preparation.apply`` does.
        """
        raw = conform(frame, self._wanted, "fit")
        batch = self._pipeline.apply(raw)
        if any(FOLD in of.columns for of in self._wants.values()):
            folds = with_fold(raw, self.inputs.names)[FOLD]
            batch = Batch(batch.frame.with_columns_seq(folds), batch.blocks)
        if self.target is None or _TARGET_AT not in self._states:
            return batch
        return Batch(batch.frame.with_columns_seq(self.fitted_target().of(raw)), batch.blocks)

    @property
    def stage(self) -> str:
        """A digest of all that ``prepare`` depends on: with the chunk and the wish, the key of a memoised summary."""
        fitted = {str(at): (self._operator(at).definition(), state) for at, state in self._states.items()}
        return digest_value({"inputs": self.inputs, "target": self._target_inputs, "fitted": fitted})

    def tell(self, summaries: Mapping[Hashable, Summary]) -> None:
        """The merged summaries of one whole pass. Raises BadInput when one that was wanted is not among them."""
        if missing := [key for key in self._wants if key not in summaries]:
            raise BadInput(
                f"fit: {len(missing)} wanted summaries are missing, {missing[0]!r} first; give all of wants()"
            )
        for key in self._wants:
            assert isinstance(key, tuple)
            at, name = key
            if at == _DESCRIBED:
                self._described[name] = summaries[key]
            else:
                self._known.setdefault(at, {})[name] = summaries[key]
        self._advance()

    def preparation(self) -> Preparation:
        """The fitted operators. Raises BadInput while summaries are wanted."""
        self._must_be_done()
        return Preparation(self.operators, [self._states[at] for at in range(len(self.operators))], self.inputs)

    def fitted_target(self) -> Target:
        """The fitted target. Raises BadInput when there is none, or while it waits for its summaries."""
        if self.target is None or _TARGET_AT not in self._states:
            raise BadInput("fit: no target is fitted; give target=…, and tell() all that wants() asks for")
        return Target(self.target, self._states[_TARGET_AT], self._target_inputs)

    @property
    def target_state(self) -> msgspec.Struct | None:
        """What the target has learned; None without a target."""
        return self._states.get(_TARGET_AT)

    def descriptions(self) -> dict[str, Summary]:
        """With ``describe``: the summaries of the raw features by ``<summary>:<column>``, such as ``moments:Year``."""
        return dict(self._described)

    def _must_be_done(self) -> None:
        if self._wants:
            raise BadInput(f"fit: {len(self._wants)} summaries are still wanted; tell() them first")

    def _checked_target(self, schema: Schema) -> Schema:
        if self.target is None:
            return Schema()
        inputs = schema.select(self.target.columns, step=f"target {self.target}")
        self.target.output(inputs)
        if both := [name for name in inputs.names if name in self.inputs]:
            raise BadInput(
                f"target {self.target}: column {both[0]!r} is also a feature, so the model would be given the answer; "
                "take it out of the preparation"
            )
        return inputs

    def _operator(self, at: int) -> AnyOperator:
        if at == _TARGET_AT:
            assert self.target is not None
            return self.target
        return self.operators[at]

    def _open(self) -> Iterator[tuple[int, AnyOperator]]:
        """Those not fitted yet, the target first."""
        places = ([] if self.target is None else [_TARGET_AT]) + list(range(len(self.operators)))
        return ((at, self._operator(at)) for at in places if at not in self._states)

    def _advance(self) -> None:
        """Fit what needs nothing more; ask for the rest, as far as no unfitted operator before it shares a column."""
        self._wants = {}
        unfitted: set[str] = set()
        for at, operator in self._open():
            touched = {TARGET} if at == _TARGET_AT else {*operator.columns, *operator.writes()}
            if unfitted.isdisjoint(touched):
                needs = operator.needs(self._known.get(at, {}))
                if not needs:
                    self._states[at] = operator.fit(self._known.get(at, {}))
                    continue
                supervised = any(TARGET in of.columns for of in needs.values())
                if supervised and self.target is None:
                    raise BadInput(f"{operator}: it learns from the target, and none is given; say target=… in the fit")
                if not supervised or TARGET not in unfitted:
                    self._wants |= {(at, key): of for key, of in needs.items()}
            unfitted |= touched
        self.__dict__.pop("_pipeline", None)

    @cached_property
    def _pipeline(self) -> Pipeline:
        read = {column for of in self._wants.values() for column in of.columns}
        fitted: list[tuple[AnyOperator, msgspec.Struct]] = []
        for at, operator in reversed([*enumerate(self.operators)]):
            if at not in self._states or (isinstance(operator, RowsOperator) and read.isdisjoint(operator.writes())):
                continue
            read.update(operator.columns)
            fitted.append((operator, self._states[at]))
        return Pipeline(reversed(fitted), self.inputs)


def _bound(operators: Iterable[AnyOperator], schema: Schema) -> tuple[AnyOperator, ...]:
    """Each operator bound to the schema that those before it give."""
    bound: list[AnyOperator] = []
    for operator in operators:
        if not isinstance(operator, Operator):
            raise BadInput(
                f'fit: {operator!r} is no operator; give operators with their columns, such as Impute("Year")'
            )
        bound.append(operator.bound(schema))
        schema = bound[-1].output(schema)
    return tuple(bound)


def inputs_of(operators: Iterable[AnyOperator], schema: Schema) -> Schema:
    """The raw columns that the operators name, in order of first naming.

    Raises ColumnMissing and WrongType at the first operator that does not fit the output of those before it.
    """
    inputs: dict[str, None] = {}
    made: set[str] = set()
    now = schema
    for operator in operators:
        now = operator.output(now)
        inputs |= dict.fromkeys(name for name in operator.columns if name not in made)
        made.update(operator.writes())
    return schema.select(inputs)


def describing(inputs: Schema) -> dict[str, Of]:
    """The summaries that a model keeps of its raw features, by ``<summary>:<column>``."""
    wishes: dict[str, Of] = {}
    for field in inputs:
        wishes[f"counts:{field.name}"] = Of(Counts, field.name)
        if field.is_number:
            wishes[f"moments:{field.name}"] = Of(Moments, field.name)
            wishes[f"extremes:{field.name}"] = Of(Extremes, field.name)
    return wishes


def summarise(batch: Batch, wants: Mapping[Hashable, Of]) -> Found:
    """The wanted summaries of one chunk; equal wishes are taken once."""
    blocks = any(name in batch.blocks for of in wants.values() for name in of.columns)
    frame = batch.to_polars() if blocks else batch.frame
    taken = _measured(frame, [of for of in dict.fromkeys(wants.values()) if issubclass(of.summary, Measured)])
    for of in wants.values():
        if of not in taken:
            taken[of] = of.of(frame)
    return {key: taken[of] for key, of in wants.items()}


def _measured(frame: pl.DataFrame, wishes: Sequence[Of]) -> dict[Of, Summary]:
    """Those that Polars measures, in one call for all: for few rows and many columns the calls are what costs."""
    kinds = {of.summary: [each for each in wishes if each.summary is of.summary] for of in wishes}
    asked = [(kind, [column for of in each for column in of.columns]) for kind, each in kinds.items()]
    found = measured(frame, asked)  # type: ignore[arg-type]
    return {of: summary for each, summaries in zip(kinds.values(), found) for of, summary in zip(each, summaries)}


def merged(parts: Iterable[Mapping[Hashable, Summary]]) -> Found:
    """The summaries of all chunks, merged from the left in the order given. Raises BadInput when there is no chunk."""
    total: Found | None = None
    for part in parts:
        total = dict(part) if total is None else {key: total[key] | part[key] for key in total}
    if total is None:
        raise BadInput("fit: there is no chunk to learn from; give at least one, also if it has no row")
    return total


def fit_all(
    operators: Sequence[AnyOperator],
    frames: Sequence[pl.DataFrame],
    target: AnyTarget | str | None = None,
    describe: bool = False,
) -> Fitting:
    """Run a fit over chunks in memory to its end."""
    if not frames:
        raise BadInput("fit: there is no chunk to learn from; give at least one, also if it has no row")
    fitting = Fitting(operators, schema_of(frames[0]), target, describe)
    while wants := fitting.wants():
        fitting.tell(merged(summarise(fitting.prepare(frame), wants) for frame in frames))
    return fitting


def fit(
    operators: Sequence[AnyOperator], frames: Sequence[pl.DataFrame], target: AnyTarget | str | None = None
) -> Preparation:
    """Fit ``operators`` on chunks in memory, in the given order of chunks.

    >>> from instar.data.operators import Impute, Standardize
    >>> films = pl.DataFrame({"Runtime": [90, None, 110]})
    >>> print(fit([Impute("Runtime"), Standardize("Runtime")], [films]).explain())
    Runtime: a missing value becomes the mean, 100 (1 of 3 were missing)
    Runtime: minus the mean 100, divided by 8.16497 (3 values seen)
    """
    return fit_all(operators, frames, target).preparation()
