"""What the target is, on average, where a row's category is."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Literal

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from instar.base.errors import BadInput
from instar.base.schema import Schema
from instar.data.operators.encode.shrinking import Floats, Groups, shrunk
from instar.data.operators.encode.vocabulary import Term
from instar.data.operators.operator import Known, RowsOperator, operator, with_fields
from instar.data.operators.types import category, retyped
from instar.data.rows.batch import Batch
from instar.data.rows.block import Block
from instar.data.rows.folds import FOLD, FOLDS, TARGET
from instar.data.summaries import Contingency, GroupMoments, Of
from instar.data.summaries.values import in_order

Line = tuple[float, ...] | None


class Encoding(msgspec.Struct, frozen=True, dict=True):
    """terms : the categories, None for the missing one;  classes : of the target, empty when it is a number

    lines : what each category becomes, then what any other does (None: no target was seen)
    folds : the same without the rows of each fold, for the training rows of that fold
    smoothing : rows' worth of the overall mean that was mixed in, for each class; None is infinity;  rows : with a target
    """

    terms: tuple[Term | None, ...]
    classes: tuple[Term, ...]
    lines: tuple[Line, ...]
    folds: tuple[tuple[Line, ...], ...]
    smoothing: tuple[float | None, ...]
    rows: int

    @cached_property
    def places(self) -> dict[Term | None, int]:
        return {term: place for place, term in enumerate(self.terms)}

    @cached_property
    def tables(self) -> Floats:
        """Shape (1 + FOLDS, terms + 1, values); NaN where no target was seen. The first is for all but training rows."""
        empty = (float("nan"),) * self.width
        lines = [[empty if line is None else line for line in table] for table in (self.lines, *self.folds)]
        return np.array(lines, dtype=np.float64).reshape(1 + FOLDS, len(self.terms) + 1, self.width)

    @property
    def width(self) -> int:
        return len(self.smoothing)


class Encodings(msgspec.Struct, frozen=True):
    columns: dict[str, Encoding]


@operator("target_encode", state=Encodings)
@dataclass(frozen=True, init=False)
class TargetEncode(RowsOperator[Encodings]):
    """The mean target of the rows of a category, drawn towards the mean of all rows where the category is rare::

        value = (sum + m * mean) / (n + m)

    sum, n : of the target over the category's rows;  mean : of all rows;  m : ``smoothing``
    A target of numbers gives its mean, one of truth values the share of true ones: float64, in the target's unit.
    classes : the target is a class (of any type): one value for each class, its smoothed share, as an array
    smoothing : in rows. A number, or "auto", the empirical Bayes estimate ``m = within / between``: the variance within
    categories by that of the categories' true means, from the analysis of variance (0: means differ and rows of a category
    do not; infinite: categories tell no more than chance, and all become the mean).

    A training row must not see its own target, or a rare category would give it away. So training rows are put into
    folds by their content, and each is encoded by what the other folds say: sums, mean and m. All other rows are encoded
    by all of them. That is why a training row and the same row in service differ a little, as they should.

    A missing value is a category of its own. A category without training rows becomes the mean of all; without any target
    the value is missing. Rows without a target count for nothing. It needs a target: ``fit(…, target="Meter")``.
    Sources: Micci-Barreca (2001), A preprocessing scheme for high-cardinality categorical attributes, SIGKDD Explorations
    3(1), for the mixture; Searle, Casella & McCulloch (1992), Variance Components, ch. 3, for the estimate of m.

    >>> from instar.data.preparing.fitting import fit
    >>> rents = pl.DataFrame({"City": ["Rio", "Rio", "Recife"], "Rent": [4.0, 6.0, 2.0]})
    >>> found = fit([TargetEncode("City", smoothing=1)], [rents], target="Rent")
    >>> found.apply(pl.DataFrame({"City": ["Rio", "Recife", "Natal"]})).frame["City"].to_list()
    [4.666666666666667, 3.0, 4.0]
    """

    columns: tuple[str, ...]
    smoothing: float | Literal["auto"] = "auto"
    classes: bool = False
    folds: ClassVar[bool] = True
    supervised: ClassVar[bool] = True

    def __init__(self, *columns: str, smoothing: float | Literal["auto"] = "auto", classes: bool = False) -> None:
        if isinstance(smoothing, str) and smoothing != "auto":
            raise BadInput(f'TargetEncode: unknown smoothing {smoothing!r}; give a number of rows, or "auto"')
        if not isinstance(smoothing, str) and smoothing < 0:
            raise BadInput(f"TargetEncode: smoothing={smoothing} is negative; 0 takes the plain means")
        self._set(columns, smoothing=smoothing, classes=classes)

    def output(self, schema: Schema, state: Encodings | None = None) -> Schema:
        found = [category(schema, name, "TargetEncode") for name in self.columns]
        if self.classes:
            widths = [None if state is None else state.columns[name].width for name in self.columns]
            return self.many(schema, self.columns, tuple(widths))
        return with_fields(schema, *(retyped(field, "float64", keep_unit=False) for field in found))

    def needs(self, known: Known) -> dict[Hashable, Of]:
        """One pass: the target's moments (or the count of each class) by category and fold."""
        summary = Contingency if self.classes else GroupMoments
        return {("seen", name): Of(summary, name, FOLD, TARGET) for name in self.columns if ("seen", name) not in known}

    def fit(self, summaries: Known) -> Encodings:
        return Encodings({name: self._encoding(summaries["seen", name]) for name in self.columns})

    def _encoding(self, seen: object) -> Encoding:
        terms, classes, groups = _counted(seen) if isinstance(seen, Contingency) else _summed(seen)
        m = None if self.smoothing == "auto" else float(self.smoothing)
        lines, smoothing = shrunk(groups.without(None), m)
        folds = tuple(_lines(shrunk(groups.without(fold), m)[0]) for fold in range(FOLDS))
        mixed = tuple(None if np.isinf(each) else float(each) for each in smoothing)
        return Encoding(terms, classes, _lines(lines), folds, mixed, int(groups.n.sum()))

    def made(self, rows: Batch, state: Encodings) -> dict[str, pl.Series | Block]:
        return self._encoded(rows, state, None)

    def training(self, rows: Batch, state: Encodings) -> dict[str, pl.Series | Block]:
        return self._encoded(rows, state, rows.frame.get_column(FOLD).to_numpy())

    def _encoded(self, rows: Batch, state: Encodings, folds: NDArray[np.uint8] | None) -> dict[str, pl.Series | Block]:
        made: dict[str, pl.Series | Block] = {}
        for name, encoding in state.columns.items():
            places, other = encoding.places, len(encoding.terms)
            at = [places.get(value, other) for value in rows.frame.get_column(name).to_list()]
            values = encoding.tables[0 if folds is None else folds.astype(np.intp) + 1, np.array(at, dtype=np.intp)]
            if self.classes:
                made[name] = pl.Series(name, values.astype(np.float32), dtype=pl.Array(pl.Float32, encoding.width))
            else:
                made[name] = pl.Series(name, values[:, 0]).fill_nan(None)
        return made

    def features(self, column: str, state: Encodings) -> tuple[str, ...]:
        return tuple(map(str, state.columns[column].classes))

    def explain(self, state: Encodings) -> str:
        return "\n".join(f"{name}: {_words(encoding)}" for name, encoding in state.columns.items())


def _summed(seen: object) -> tuple[tuple[Term | None, ...], tuple[Term, ...], Groups]:
    """Of a target of numbers."""
    assert isinstance(seen, GroupMoments)
    terms = _terms(seen.groups)
    places = {term: place for place, term in enumerate(terms)}
    groups = Groups.empty(len(terms), 1)
    for (term, fold), (n, total, m2) in seen.groups.items():
        groups.n[fold, places[term]] = n
        groups.total[fold, places[term], 0] = total
        groups.m2[fold, places[term], 0] = m2
    return terms, (), groups


def _counted(seen: Contingency) -> tuple[tuple[Term | None, ...], tuple[Term, ...], Groups]:
    """Of a target of classes: each as a target of its own, which is 1 for the class."""
    counts = {key: count for key, count in seen.counts.items() if key[2] is not None}
    terms = _terms(counts)
    classes = tuple(sorted({key[2] for key in counts}))
    places = {term: place for place, term in enumerate(terms)}
    ranks = {one: rank for rank, one in enumerate(classes)}
    groups = Groups.empty(len(terms), len(classes))
    for (term, fold, one), count in counts.items():
        groups.n[fold, places[term]] += count
        groups.total[fold, places[term], ranks[one]] += count
    share = groups.total / np.maximum(groups.n, 1)[:, :, None]
    groups.m2[:] = groups.total * (1 - share)
    return terms, classes, groups


def _terms(keys: Mapping[Any, Any]) -> tuple[Term | None, ...]:
    return tuple(sorted({key[0] for key in keys}, key=in_order))


def _lines(values: Floats) -> tuple[Line, ...]:
    return tuple(None if np.isnan(line).any() else tuple(line) for line in values.tolist())


def _words(encoding: Encoding) -> str:
    if not encoding.rows:
        return "no target was seen, so its value is missing"
    of = f"the share of each of {encoding.width} classes" if encoding.classes else "the mean target"
    mixed = ", ".join("all" if m is None else f"{m:.4g} rows' worth" for m in encoding.smoothing[:3])
    more = ", …" if len(encoding.smoothing) > 3 else ""
    overall = encoding.lines[-1] or ()
    mean = "" if encoding.classes else f" ({overall[0]:.6g})"
    return (
        f"{of} in its category ({len(encoding.terms)} categories, {encoding.rows} rows); "
        f"of the mean of all{mean} is mixed in: {mixed}{more}"
    )
