"""The columns that a model finds important."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, ClassVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from instar.base.errors import BadInput
from instar.base.schema import Field, Schema
from instar.data.operators.operator import Known, operator
from instar.data.operators.reduce.selecting import SelectOperator, whole
from instar.data.operators.types import number
from instar.data.rows.folds import TARGET
from instar.data.summaries import Of, Sample
from instar.data.summaries.scatter import matrix_of
from instar.data.values.estimators import Plain, definition_of, made_from

Floats = NDArray[np.float64]


class Importances(msgspec.Struct, frozen=True):
    """shares : of each column in the importance of all, rounded to 9 digits;  rows : learned from;  of : rows seen"""

    kept: tuple[int, ...]
    shares: tuple[float, ...]
    rows: int
    of: int


@operator("select_importance", state=Importances)
@dataclass(frozen=True, init=False)
class SelectImportance(SelectOperator[Importances]):
    """The columns that a model, fitted on a sample, finds most important, as one array. It needs a target.

    The importance is the model's ``feature_importances_``, or the mean over its outputs of ``|coef_|`` times the column's
    standard deviation in the sample, so that units do not count. The model is not kept: only the columns are.

    estimator : any of scikit-learn with ``feature_importances_`` or ``coef_`` whose parameters are plain values
    top : keep the best so many (ties: the first named).  above : keep those with a greater share of all importance
    sample : at most so many different rows, drawn by content (the same whatever the chunks);  seed : of draw and model
    Rows with a missing or infinite value, or without target, are left out of the sample. Where no model can be fitted
    (no row left, one class only), no column is more important than another, and the first ``top`` are kept.
    A missing value stays missing.
    columns : of numbers;  into : the array's name

    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from instar.data.preparing.fitting import fit
    >>> import polars as pl
    >>> films = pl.DataFrame({"Year": [1, 2, 3, 4], "Runtime": [5, 6, 5, 6], "Good": [False, False, True, True]})
    >>> found = fit([SelectImportance("Year", "Runtime", estimator=DecisionTreeClassifier(), top=1)], [films], "Good")
    >>> print(found.explain())
    selected: 1 of 2 columns kept, by DecisionTreeClassifier on 4 of 4 rows
    Year: 100.0 % of the importance, kept
    Runtime: 0.0 % of the importance, left out
    """

    columns: tuple[str, ...]
    estimator: Plain
    top: int | None = 10
    above: float = 0.0
    sample: int = 10_000
    seed: int = 0
    into: str = "selected"
    supervised: ClassVar[bool] = True

    def __init__(
        self,
        *columns: str,
        estimator: Any,
        top: int | None = 10,
        above: float = 0.0,
        sample: int = 10_000,
        seed: int = 0,
        into: str = "selected",
    ) -> None:
        if not 0 <= above < 1:
            raise BadInput(f"SelectImportance: above={above} is no share; give at least 0, less than 1")
        for option, value in (("top", top), ("sample", sample)):
            if value is not None:
                whole("SelectImportance", option, value)
        form = definition_of(estimator, "SelectImportance")
        self._set_into(columns, into, estimator=form, top=top, above=float(above), sample=sample, seed=seed)

    def inputs(self, schema: Schema) -> list[Field]:
        for name in self.columns:
            number(schema, name, "SelectImportance")
        return super().inputs(schema)

    def needs(self, known: Known) -> dict[Hashable, Of]:
        return {} if "rows" in known else {"rows": Of(Sample, *self.columns, TARGET, k=self.sample, seed=self.seed)}

    def fit(self, summaries: Known) -> Importances:
        seen = summaries["rows"]
        assert isinstance(seen, Sample)
        rows = matrix_of(seen.frame, self.columns, "SelectImportance") if seen.frame.height else np.empty((0, 1))
        whole_rows = np.isfinite(rows).all(axis=1)
        if seen.frame.height:
            whole_rows &= seen.frame.get_column(TARGET).is_not_null().to_numpy()
        found = np.zeros(len(self.columns))
        if whole_rows.any():
            truth = seen.frame.get_column(TARGET).to_numpy()[whole_rows]
            # A row that occurs often counts often: the same as the rows themselves, whatever the estimator takes.
            often = np.repeat(np.arange(truth.size), seen.counts[whole_rows])
            found = self._importances(rows[whole_rows][often], truth[often])
        shares = tuple(np.round(found / (found.sum() or 1.0), 9).tolist())
        order = sorted(range(len(shares)), key=lambda place: (-shares[place], place))[: self.top]
        least = self.above if found.any() else -1.0
        kept = tuple(sorted(place for place in order if shares[place] > least))
        return Importances(kept, shares, int(seen.counts[whole_rows].sum()), seen.rows)

    def _importances(self, rows: Floats, truth: NDArray[Any]) -> Floats:
        from sklearn.base import is_classifier

        model = made_from(self.estimator, self.seed, "SelectImportance")
        if len(np.unique(truth)) < 2 and is_classifier(model):
            return np.zeros(rows.shape[1])
        model.fit(rows, truth)
        if hasattr(model, "feature_importances_"):
            return np.asarray(model.feature_importances_, dtype=np.float64)
        if hasattr(model, "coef_"):
            found: Floats = np.abs(np.atleast_2d(model.coef_)).mean(axis=0) * rows.std(axis=0)
            return found
        raise BadInput(
            f"SelectImportance: a fitted {type(model).__name__} has neither feature_importances_ nor coef_; "
            "give a tree, a forest or a linear model"
        )

    def kept(self, state: Importances) -> tuple[int, ...]:
        return state.kept

    def width(self, state: Importances) -> int:
        return len(state.shares)

    def explain(self, state: Importances) -> str:
        model = self.estimator["estimator"].rpartition(".")[2]
        lines = [
            f"{self.into}: {len(state.kept)} of {len(state.shares)} columns kept, by {model} on {state.rows} of "
            f"{state.of} rows"
        ]
        for place, name in enumerate(self.columns):
            kept = "kept" if place in state.kept else "left out"
            lines.append(f"{name}: {100 * state.shares[place]:.1f} % of the importance, {kept}")
        return "\n".join(lines)
