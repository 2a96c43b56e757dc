"""Missing values predicted by a scikit-learn estimator."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import msgspec
import numpy as np
import polars as pl

from instar.base.errors import BadInput
from instar.base.schema import Field, Schema
from instar.data.operators.missing.impute import Filler
from instar.data.operators.operator import Known, RowsOperator, operator, with_fields
from instar.data.operators.sampled import Floats, must_be_from
from instar.data.operators.types import category, finite, number, retyped
from instar.data.rows.batch import Batch
from instar.data.rows.block import Block
from instar.data.summaries import Counts, Of, Sample
from instar.data.summaries.values import in_order

FEWEST = 10  # rows that an estimator is fitted on; with fewer the mean or the mode is filled in
_BLOCK = 64  # rows of one prediction: linear algebra rounds otherwise for other numbers of rows
Parameters = tuple[tuple[str, Any], ...]


class Given(msgspec.Struct, frozen=True):
    """How a column is read. mean : fills a missing number;  values : of a category, each a 0 or 1"""

    mean: float
    values: tuple[Filler, ...] | None


class Learned(msgspec.Struct, frozen=True, dict=True):
    """The rows that the estimator learns from; it is fitted from them when it is first asked in a process.

    given : how columns are read, in order;  inputs, goals : float64, little endian; a class is its place in ``classes``
    otherwise : filled in when there are fewer than FEWEST rows;  sampled, rows, missing : rows drawn, and all seen
    library : the version of scikit-learn, on which the fit depends
    """

    given: tuple[Given, ...]
    inputs: bytes
    goals: bytes
    classes: tuple[Filler, ...]
    otherwise: Filler | None
    estimator: str
    parameters: Parameters
    seed: int
    sampled: int
    rows: int
    missing: int
    library: str

    def check(self) -> None:
        """Raises BadInput when the estimator cannot learn from these rows."""
        if self.fitted is not None:
            _predicted(self.fitted, np.frombuffer(self.inputs, dtype="<f8").reshape(self.sampled, -1)[:1])

    @cached_property
    def fitted(self) -> Any:
        """The estimator; None when there are too few rows, or only one class. Raises BadInput."""
        goals = np.frombuffer(self.goals, dtype="<f8").astype(np.float64)
        if goals.size < FEWEST or len(self.classes) == 1:
            return None
        if self.library != (here := _library()):
            raise BadInput(
                f"ImputeModel: learned with scikit-learn {self.library}, here is {here}, which may fit otherwise; "
                "install that version, or fit again"
            )
        inputs = np.frombuffer(self.inputs, dtype="<f8").astype(np.float64).reshape(goals.size, -1)
        estimator = _estimator(self.estimator, self.parameters, self.seed)
        try:
            return estimator.fit(inputs, goals.astype(np.int64) if self.classes else goals)
        except ValueError as error:
            raise BadInput(
                f"ImputeModel: {self.estimator} could not be fitted on {goals.size} rows ({error}); "
                "give it other parameters, or more rows"
            ) from error


@operator("impute_model", state=Learned)
@dataclass(frozen=True, init=False)
class ImputeModel(RowsOperator[Learned]):
    """Fill a missing value with what a scikit-learn estimator predicts from the ``given`` columns.

    estimator : ``module:class`` of scikit-learn, or an estimator that is not fitted, of which the class and the
    parameters that differ from the defaults are taken: plain values, and estimators in them (a pipeline). A regressor
    fills numbers (and gives float64), a classifier text, whole numbers and truth values. ``random_state`` is ``seed``
    where it is None.
    rows : the most different rows it learns from, drawn by ``seed``; a row that occurs n times counts once
    given : a missing or infinite number is read as the sample's mean; text as one 0 or 1 for each of the ``values`` most
    frequent in the sample.

    The state is the sample (8 bytes a value), not the estimator: it is stable, plain, and the fit from it is repeated
    once a process; another version of scikit-learn is refused. With fewer than 10 rows that have a value, the mean or
    the mode of the sample is filled in; a column without any value stays missing.

    >>> from instar.data.preparing.fitting import fit
    >>> films = pl.DataFrame({"Budget": [*range(12)], "Runtime": [*range(80, 91), None]})
    >>> model = ImputeModel("Runtime", given=["Budget"], estimator="sklearn.linear_model:LinearRegression")
    >>> round(fit([model], [films]).apply(films).frame["Runtime"][-1], 9)
    91.0
    """

    columns: tuple[str, ...]
    given: tuple[str, ...]
    estimator: str
    parameters: Parameters = field(default=(), hash=False)
    rows: int = 2000
    values: int = 50
    seed: int = 0

    def __init__(
        self,
        *columns: str,
        given: Sequence[str],
        estimator: Any = "sklearn.ensemble:HistGradientBoostingRegressor",
        parameters: Mapping[str, Any] | Sequence[Sequence[Any]] = (),
        rows: int = 2000,
        values: int = 50,
        seed: int = 0,
    ) -> None:
        must_be_from("ImputeModel", 1, rows=rows, values=values)
        given = (given,) if isinstance(given, str) else tuple(given)
        goals = [name for name in columns if name not in given]
        if len(goals) != 1 or not given:
            raise BadInput(
                f'ImputeModel: one column is predicted from others; write ImputeModel("Year", given=["Runtime"], …), '
                f"not {len(goals)} columns from {len(given)}"
            )
        path, found = _definition(estimator, parameters)
        self._set((*goals, *given), given=given, estimator=path, parameters=found, rows=rows, values=values, seed=seed)
        _estimator(path, found, seed)

    @property
    def goal(self) -> str:
        return self.columns[0]

    def writes(self) -> tuple[str, ...]:
        return (self.goal,)

    def output(self, schema: Schema, state: Learned | None = None) -> Schema:
        for name in self.given:
            field = schema.need(name, "ImputeModel")
            if not field.is_number:
                category(schema, name, "ImputeModel")
        return with_fields(schema, self._goal_field(schema))

    def _goal_field(self, schema: Schema) -> Field:
        if self._classifies:
            return category(schema, self.goal, "ImputeModel (a classifier)")
        return retyped(number(schema, self.goal, "ImputeModel (a regressor)"), "float64")

    @cached_property
    def _classifies(self) -> bool:
        from sklearn.base import is_classifier

        return bool(is_classifier(_estimator(self.estimator, self.parameters, self.seed)))

    def needs(self, known: Known) -> dict[Hashable, Of]:
        """One pass."""
        sample = Of(Sample, *self.columns, k=self.rows, seed=self.seed)
        return {} if "rows" in known else {"rows": sample, "seen": Of(Counts, self.goal)}

    def fit(self, summaries: Known) -> Learned:
        """The estimator is fitted here too, so that what it cannot learn from is said now."""
        sample, seen = summaries["rows"], summaries["seen"]
        assert isinstance(sample, Sample)
        assert isinstance(seen, Counts)
        frame = sample.frame
        goal = frame.get_column(self.goal)
        if not self._classifies:
            goal = goal.cast(pl.Float64)
            goal = goal.set(goal.is_infinite().fill_null(False), None)
        known = frame.filter(goal.is_not_null())
        given = tuple(self._given(known.get_column(name), name) for name in self.given)
        classes, goals = self._goals(goal.drop_nulls())
        learned = Learned(
            given, _inputs(known, self.given, given).astype("<f8").tobytes(), goals.astype("<f8").tobytes(), classes,
            self._otherwise(classes, goals), self.estimator, self.parameters, self.seed, known.height, seen.rows, seen.nulls,
            _library(),
        )  # fmt: skip
        learned.check()
        return learned

    def _given(self, column: pl.Series, name: str) -> Given:
        if column.dtype.is_numeric() or column.dtype in (pl.Boolean, pl.Null):
            numbers = column.drop_nulls().cast(pl.Float64)
            numbers = numbers.filter(numbers.is_finite())
            total = float(np.sum(numbers.to_numpy()))
            return Given(finite(total / max(len(numbers), 1), "ImputeModel", name), None)
        counts = column.drop_nulls().value_counts(name="rows")
        ranked = sorted(counts.iter_rows(), key=lambda item: (-item[1], item[0]))[: self.values]
        return Given(0.0, tuple(sorted(value for value, _ in ranked)))

    def _goals(self, goal: pl.Series) -> tuple[tuple[Filler, ...], Floats]:
        if not self._classifies:
            return (), goal.to_numpy()
        classes = sorted(goal.unique().to_list(), key=in_order)
        places = {value: place for place, value in enumerate(classes)}
        return tuple(classes), np.array([places[value] for value in goal.to_list()], dtype=np.float64)

    def _otherwise(self, classes: tuple[Filler, ...], goals: Floats) -> Filler | None:
        if not goals.size:
            return None
        if not self._classifies:
            return finite(float(goals.sum() / goals.size), "ImputeModel", self.goal)
        return classes[int(np.argmax(np.bincount(goals.astype(np.int64))))]

    def made(self, rows: Batch, state: Learned) -> dict[str, pl.Series | Block]:
        series = rows.frame.get_column(self.goal)
        if not self._classifies:
            series = series.cast(pl.Float64)
        if not series.null_count() or state.otherwise is None:
            return {self.goal: series}
        holes = series.is_null().arg_true()
        if state.fitted is None:
            found = [state.otherwise] * len(holes)
        else:
            predicted = _predicted(state.fitted, _inputs(rows.frame[holes], self.given, state.given))
            found = [state.classes[int(place)] for place in predicted] if state.classes else predicted.tolist()
        # scatter writes into the series itself: into a copy, which costs nothing until it is written
        return {self.goal: series.clone().scatter(holes, pl.Series(found, dtype=series.dtype))}

    def explain(self, state: Learned) -> str:
        seen = f"{state.missing} of {state.rows} were missing"
        if state.otherwise is None:
            how = "no value was seen, so what is missing stays missing"
        elif state.fitted is None:
            how = f"a missing value becomes {state.otherwise!r}, since too little was seen to learn from"
        else:
            name = self.estimator.partition(":")[2]
            how = f"a missing value becomes what {name} predicts, fitted on {state.sampled} different rows"
        return "\n".join([f"{self.goal}: {how} ({seen})", *(f"{name}: only read" for name in self.given)])


def _definition(estimator: Any, parameters: Mapping[str, Any] | Sequence[Sequence[Any]]) -> tuple[str, Parameters]:
    """The class and the parameters of an estimator, as plain values."""
    found = dict(parameters.items() if isinstance(parameters, Mapping) else [(key, value) for key, value in parameters])
    if not isinstance(estimator, str):
        plain = _plain(estimator, "estimator")
        if not isinstance(plain, dict) or "estimator" not in plain:
            raise BadInput(f"ImputeModel: {estimator!r} is no estimator of scikit-learn; give one, or its module:class")
        estimator, found = plain["estimator"], {**plain["parameters"], **found}
    return estimator, tuple(sorted((key, _plain(value, key)) for key, value in found.items()))


def _plain(value: Any, name: str) -> Any:
    """A parameter as a plain value: an estimator by its class and what differs from its defaults."""
    if isinstance(value, bool | int | float | str | None):
        return value
    if isinstance(value, list):
        return [_plain(one, name) for one in value]
    if isinstance(value, tuple):
        return {"tuple": [_plain(one, name) for one in value]}
    if isinstance(value, dict) and value.keys() in ({"tuple"}, {"estimator", "parameters"}):
        return value
    cls = type(value)
    if not cls.__module__.startswith("sklearn.") or not hasattr(value, "get_params"):
        raise BadInput(
            f"ImputeModel: {name}={value!r} is no plain value and no estimator of scikit-learn; give one of these"
        )
    defaults = {key: one.default for key, one in inspect.signature(cls).parameters.items()}
    own = {key: one for key, one in value.get_params(deep=False).items() if one is not defaults[key]}
    own = {key: one for key, one in own.items() if type(one) is not type(defaults[key]) or one != defaults[key]}
    parameters = {key: _plain(own[key], key) for key in sorted(own)}
    return {"estimator": f"{cls.__module__}:{cls.__name__}", "parameters": parameters}


def _made(value: Any) -> Any:
    """The parameter again."""
    if isinstance(value, list):
        return [_made(one) for one in value]
    if not isinstance(value, dict):
        return value
    if "tuple" in value:
        return tuple(_made(one) for one in value["tuple"])
    return _class(value["estimator"])(**{key: _made(one) for key, one in value["parameters"].items()})


def _class(path: str) -> Any:
    module, _, name = path.partition(":")
    if not module.startswith("sklearn."):
        raise BadInput(
            f"ImputeModel: {path!r} is no class of scikit-learn; write it as sklearn.ensemble:RandomForestRegressor"
        )
    try:
        return getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise BadInput(f"ImputeModel: there is no {path!r} ({error}); see its name in scikit-learn's pages") from error


def _estimator(path: str, parameters: Parameters, seed: int) -> Any:
    """Not fitted; whatever in it draws is seeded."""
    try:
        made = _class(path)(**{key: _made(value) for key, value in parameters})
    except TypeError as error:
        raise BadInput(f"ImputeModel: {path} cannot be made: {error}; correct its parameters") from error
    drawn = {key: seed for key, value in made.get_params().items() if key.endswith("random_state") and value is None}
    return made.set_params(**drawn)


def _inputs(frame: pl.DataFrame, columns: Sequence[str], given: Sequence[Given]) -> Floats:
    """The given columns as numbers, shape (rows, width)."""
    parts = []
    for name, how in zip(columns, given):
        column = frame.get_column(name)
        if how.values is None:
            numbers = column.cast(pl.Float64).to_numpy()
            parts.append(np.where(np.isfinite(numbers), numbers, how.mean).reshape(-1, 1))
        else:
            places = {value: place for place, value in enumerate(how.values)}
            flags = np.zeros((frame.height, len(places)))
            for row, value in enumerate(column.to_list()):
                if value in places:
                    flags[row, places[value]] = 1.0
            parts.append(flags)
    return np.hstack(parts)


def _predicted(estimator: Any, rows: Floats) -> Floats:
    """In blocks of one size, so that a row gives the same alone and among others."""
    padded = np.vstack([rows, np.zeros((-rows.shape[0] % _BLOCK, rows.shape[1]))])
    try:
        found = [estimator.predict(padded[start : start + _BLOCK]) for start in range(0, padded.shape[0], _BLOCK)]
    except ValueError as error:
        raise BadInput(f"ImputeModel: {type(estimator).__name__} could not predict ({error}); change it") from error
    return np.concatenate(found)[: rows.shape[0]].astype(np.float64).reshape(-1)


def _library() -> str:
    import sklearn

    return ".".join(str(sklearn.__version__).split(".")[:2])
