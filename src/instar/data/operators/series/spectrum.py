"""What wavelet and Fourier transforms share: coefficients of series, the strongest of which are kept."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Hashable
from typing import Literal, get_args

import msgspec
import numpy as np
import polars as pl

from instar.base.errors import BadInput
from instar.base.schema import Schema
from instar.data.operators.operator import Known, many_values
from instar.data.operators.series.row_series import SeriesOperator, plain_frame
from instar.data.operators.types import finite
from instar.data.rows.batch import Batch
from instar.data.rows.block import Block
from instar.data.summaries import ArrayMoments, Of
from instar.data.values.series import Floats, groups, points_of
from instar.data.values.spectra import Transform

By = Literal["energy", "first"]


class Kept(msgspec.Struct, frozen=True):
    """points : of a series, 0 when none was seen;  places : of the coefficients kept, ascending, of ``of`` in all

    share : of the energy that they hold, over the ``series`` series seen
    """

    points: int
    places: tuple[int, ...]
    of: int
    share: float
    series: int


class Spectra(msgspec.Struct, frozen=True):
    columns: dict[str, Kept]


class SpectrumOperator(SeriesOperator[Spectra]):
    """An operator that writes coefficients of a series, all or the strongest, as an array."""

    keep: int | None
    share: float | None
    by: By
    strict: bool

    @abstractmethod
    def transform(self) -> Transform:
        """What the energies are of."""

    @abstractmethod
    def values(self, series: Floats, kept: Kept) -> Floats:
        """What is written for series, shape (rows, points): shape (rows, width)."""

    @abstractmethod
    def names(self, kept: Kept) -> tuple[str, ...]:
        """The name of each value written."""

    @abstractmethod
    def check_points(self, points: int) -> None:
        """Raises BadInput when a series of so many points has no such transform."""

    def _set_spectrum(self, columns: tuple[str, ...], **options: object) -> None:
        step = type(self).__name__
        keep, share, by = options["keep"], options["share"], options["by"]
        if keep is not None and share is not None:
            raise BadInput(f"{step}: keep={keep} and share={share} both say how many are kept; give one")
        if keep is not None and (not isinstance(keep, int) or keep < 1):
            raise BadInput(f"{step}: keep={keep} coefficients; give at least 1, or None for all")
        if share is not None and not (isinstance(share, int | float) and 0 < share <= 1):
            raise BadInput(f"{step}: share={share} of the energy; give more than 0, at most 1")
        if by not in get_args(By):
            raise BadInput(f"{step}: unknown by={by!r}; use one of {', '.join(get_args(By))}")
        into = options.pop("into")
        assert into is None or isinstance(into, str)
        self._set_series(columns, into, **options)

    def output(self, schema: Schema, state: Spectra | None = None) -> Schema:
        for fields in self.inputs(schema).values():
            if (points := points_of(fields)) is not None:
                self.check_points(points)
        widths = {name: None if state is None else len(self.features(name, state)) for name in self.written()}
        return self.replaced(schema, (many_values(name, width) for name, width in widths.items()))

    def needs(self, known: Known) -> dict[Hashable, Of]:
        """One pass: the mean energy of each coefficient."""
        wanted: dict[Hashable, Of] = {
            ("energy", name): Of(ArrayMoments, *names, transform=self.transform())
            for name, names in self.written().items()
        }
        return {key: of for key, of in wanted.items() if key not in known}

    def fit(self, summaries: Known) -> Spectra:
        return Spectra({name: self._kept(name, summaries["energy", name]) for name in self.written()})

    def _kept(self, name: str, seen: object) -> Kept:
        assert isinstance(seen, ArrayMoments)
        total = finite(float(seen.mean.sum()), type(self).__name__, name)
        # Equal energies, up to rounding, are taken in the order of their places: so chunks do not matter.
        order = np.argsort(-np.round(seen.mean / (total or 1.0), 12), kind="stable")
        if self.by == "first":
            order = np.arange(order.size)
        count = order.size if self.keep is None else min(self.keep, order.size)
        if self.share is not None and total:
            reached = np.cumsum(seen.mean[order]) / total >= self.share - 1e-12
            count = int(np.argmax(reached)) + 1 if reached.any() else order.size
        places = np.sort(order[:count])
        held = float(seen.mean[places].sum()) / total if total else 1.0
        return Kept(seen.points, tuple(places.tolist()), order.size, min(held, 1.0), int(seen.n.max(initial=0)))

    def features(self, column: str, state: Spectra) -> tuple[str, ...]:
        kept = state.columns.get(column)
        return () if kept is None or not kept.points else self.names(kept)

    def made(self, rows: Batch, state: Spectra) -> dict[str, pl.Series | Block]:
        return {
            name: self._coefficients(name, plain_frame(rows, names), state) for name, names in self.written().items()
        }

    def _coefficients(self, name: str, frame: pl.DataFrame, state: Spectra) -> pl.Series:
        kept, width = state.columns[name], len(self.features(name, state))
        made = np.zeros((frame.height, width), dtype=np.float32)
        there = np.zeros(frame.height, dtype=bool)
        for places, series in groups(frame):
            if series.shape[1] != kept.points:
                self._refuse_length(name, places, series.shape[1], kept)
                continue
            with np.errstate(over="ignore", invalid="ignore"):  # beyond float32 a value is infinite
                made[places] = self.values(series, kept)
            there[places] = True
        written = pl.Series(name, made, dtype=pl.Array(pl.Float32, width))
        if there.all():
            return written
        return pl.select(pl.when(pl.Series(there)).then(written).alias(name)).to_series()

    def _refuse_length(
        self, name: str, places: np.ndarray[tuple[int], np.dtype[np.int64]], points: int, kept: Kept
    ) -> None:
        if self.strict and kept.points and places.size:
            raise BadInput(
                f"{type(self).__name__}: the series {name!r} in row {int(places[0]) + 1} has {points} points; it was "
                f"fitted on series of {kept.points}. Give as many, or strict=False, which leaves others without values"
            )

    def explain(self, state: Spectra) -> str:
        return "\n".join(self._say(name, names, state.columns[name]) for name, names in self.written().items())

    def _say(self, name: str, names: tuple[str, ...], kept: Kept) -> str:
        read = f" ({', '.join(names)})" if names != (name,) else ""
        if not kept.points:
            return f"{name}{read}: no series was seen, so nothing is written"
        count = f"{len(kept.places)} of {kept.of} coefficients of {kept.points} points"
        shown = list(self.names(kept))
        listed = ", ".join(shown[:8] + (["…"] if len(shown) > 8 else []))
        return f"{name}{read}: {count} hold {kept.share:.4g} of the energy of {kept.series} series: {listed}"
