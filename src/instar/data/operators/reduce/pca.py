"""Principal components."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from instar.base.errors import BadInput
from instar.base.schema import Field, Schema
from instar.data.operators.arithmetic import product
from instar.data.operators.operator import Known, operator
from instar.data.operators.reduce.select_variance import ROUNDING
from instar.data.operators.reduce.selecting import ManyToOne, array_series, whole
from instar.data.operators.types import finite, is_block, number
from instar.data.rows.batch import Batch
from instar.data.rows.block import Block
from instar.data.summaries import Of, Scatter

Floats = NDArray[np.float64]


class Components(msgspec.Struct, frozen=True):
    """mean, spread : what is subtracted from, and divides, each value read;  variances : along each component

    directions : little-endian float64, shape (components, width);  total : the variance of all;  rows, left_out : seen
    """

    mean: tuple[float, ...]
    spread: tuple[float, ...]
    variances: tuple[float, ...]
    directions: bytes
    total: float
    rows: int
    left_out: int

    def matrix(self) -> Floats:
        return np.frombuffer(self.directions, dtype="<f8").reshape(len(self.variances), len(self.mean))


@operator("pca", state=Components)
@dataclass(frozen=True, init=False)
class Pca(ManyToOne[Components]):
    """The directions of greatest variance, ``pc1`` the greatest, as one array of float32.

    ``value = (x - mean) . direction``: the directions are the eigenvectors of the covariance (over the rows whose
    values are all finite), from the merged scatter matrix, so they are those of all rows in memory. Each is turned so that
    its greatest entry is positive.

    components : at most so many.  share : as few as explain this share of the variance.  Neither: all that have variance
    standardise : divide each value by its standard deviation first (a constant one by 1): else units count
    whiten : divide each component by its standard deviation
    A row with a missing or infinite value has no components (null): Impute first. If nothing varies, the array has no
    values. A component of hardly any variance (1e-12 of the greatest) is rounding, and left out.

    columns : of numbers or arrays, side by side;  into : the array's name. State and fit grow with their width squared:
    for up to some thousand values a row
    Source: Pearson (1901), On lines and planes of closest fit, Philosophical Magazine 2; merging as in Scatter.

    >>> from instar.data.preparing.fitting import fit
    >>> films = pl.DataFrame({"Good": [1.0, 2.0, 3.0], "Liked": [2.0, 4.0, 6.0]})
    >>> preparation = fit([Pca("Good", "Liked")], [films])
    >>> print(preparation.explain())
    components: 1 component of 2 values explains 100.0 % of the variance of Good, Liked (3 rows)
    pc1: 100.0 % of the variance, mostly Liked (0.89), Good (0.45)
    >>> preparation.apply(films).frame["components"].to_list()
    [[-2.2360680103302], [0.0], [2.2360680103302]]
    """

    columns: tuple[str, ...]
    components: int | None = None
    share: float | None = None
    standardise: bool = False
    whiten: bool = False
    into: str = "components"

    def __init__(
        self,
        *columns: str,
        components: int | None = None,
        share: float | None = None,
        standardise: bool = False,
        whiten: bool = False,
        into: str = "components",
    ) -> None:
        if components is not None and share is not None:
            raise BadInput(f"Pca: components={components} and share={share} both say how many are kept; give one")
        if components is not None:
            whole("Pca", "components", components)
        if share is not None and not 0 < share <= 1:
            raise BadInput(f"Pca: share={share} of the variance; give more than 0, at most 1")
        options = {"components": components, "share": share, "standardise": standardise, "whiten": whiten}
        self._set_into(columns, into, **options)

    def inputs(self, schema: Schema) -> list[Field]:
        if self.into in schema and self.into not in self.columns:
            raise BadInput(f"Pca: the input has a column {self.into!r} already; give another name with into=")
        fields = [schema.need(name, "Pca") for name in self.columns]
        return [field if is_block(field) else number(schema, field.name, "Pca") for field in fields]

    def output(self, schema: Schema, state: Components | None = None) -> Schema:
        self.inputs(schema)
        return self.array_field(schema, None if state is None else len(state.variances), "float32")

    def needs(self, known: Known) -> dict[Hashable, Of]:
        return {} if "seen" in known else {"seen": Of(Scatter, *self.columns)}

    def fit(self, summaries: Known) -> Components:
        seen = summaries["seen"]
        assert isinstance(seen, Scatter)
        covariance = seen.covariance()
        finite(float(np.abs(covariance).max(initial=0.0)), "Pca", "+".join(self.columns))
        spread = np.ones(seen.width)
        if self.standardise:
            deviation = np.sqrt(np.diag(covariance))
            varies = deviation > ROUNDING * np.abs(seen.mean)
            spread[varies] = deviation[varies]
            covariance = covariance / np.outer(spread, spread)
            covariance[~varies, :] = covariance[:, ~varies] = 0.0
        found, vectors = np.linalg.eigh(covariance)
        variances, directions = found[::-1], vectors.T[::-1]
        count = self._count(variances)
        kept = np.array([_turned(each) for each in directions[:count]]).reshape(count, seen.width)
        return Components(
            tuple(seen.mean.tolist()),
            tuple(spread.tolist()),
            tuple(variances[:count].tolist()),
            kept.astype("<f8").tobytes(),
            float(np.clip(found, 0, None).sum()),
            seen.n,
            seen.left_out,
        )

    def _count(self, variances: Floats) -> int:
        greatest = variances.max(initial=0.0)
        real = int((variances > ROUNDING * greatest).sum()) if greatest > 0 else 0
        if self.components is not None:
            return min(self.components, real)
        if self.share is None or not real:
            return real
        reached = np.cumsum(variances[:real]) / variances[:real].sum() >= self.share - ROUNDING
        return int(np.argmax(reached)) + 1

    def made(self, rows: Batch, state: Components) -> dict[str, pl.Series | Block]:
        found = rows.matrix()
        values: Floats = found if isinstance(found, np.ndarray) else found.toarray()
        there = np.asarray(np.isfinite(values).all(axis=1))
        directions = state.matrix().T / np.array(state.spread)[:, None]
        if self.whiten:
            directions = directions / np.sqrt(np.array(state.variances))[None, :]
        with np.errstate(over="ignore", invalid="ignore"):
            made = product(np.where(there[:, None], values, 0.0) - np.array(state.mean), directions)
        made[~there] = 0.0
        # Beyond float32 a value is infinite; a difference of infinite ones is no number, and the row has none.
        there = there & ~np.isnan(made).any(axis=1)
        made[~there] = 0.0
        return {self.into: array_series(self.into, made, pl.Float32, there)}

    def features(self, column: str, state: Components) -> tuple[str, ...]:
        return tuple(f"pc{place + 1}" for place in range(len(state.variances)))

    def explain(self, state: Components) -> str:
        count, names = len(state.variances), self.value_names(len(state.mean))
        total = state.total or 1.0
        left_out = f", {state.left_out} incomplete ones left out" if state.left_out else ""
        plural = "components" if count != 1 else "component"
        lines = [
            f"{self.into}: {count} {plural} of {len(names)} values explain{'s' if count == 1 else ''} "
            f"{100 * sum(state.variances) / total:.1f} % of the variance of {', '.join(self.columns)} "
            f"({state.rows} rows{left_out})"
        ]
        for place, (variance, direction) in enumerate(zip(state.variances, state.matrix())):
            strongest = np.argsort(-np.abs(direction), kind="stable")[:3]
            said = ", ".join(f"{names[at]} ({direction[at]:.2f})" for at in strongest.tolist())
            lines.append(f"pc{place + 1}: {100 * variance / total:.1f} % of the variance, mostly {said}")
        return "\n".join(lines)


def _turned(direction: Floats) -> Floats:
    """With its greatest entry positive; of entries equal up to rounding, the first."""
    sizes = np.abs(direction)
    place = int(np.argmax(sizes >= sizes.max() * (1 - 1e-6)))
    return direction if direction[place] > 0 else -direction
