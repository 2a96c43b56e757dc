"""Split: sides of a table by a stable hash of a key. Old rows never change sides when new ones come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import polars as pl

from instar.base.errors import BadInput
from instar.base.rows import row_digests
from instar.flow.rowdigests import with_row
from instar.flow.step import RowVerb


@dataclass(frozen=True)
class Split(RowVerb):
    """Rows whose key falls into a side's interval of [0, 1). compared : the columns of the rows' digests

    Shares are approximate: a key is placed by its hash, not by counting.
    """

    by: tuple[str, ...]
    seed: int
    sides: tuple[tuple[str, float], ...]
    compared: tuple[str, ...]
    name: ClassVar[str] = "split"
    lazy: ClassVar[bool] = False

    def __post_init__(self) -> None:
        shares = dict(self.sides)
        if len(shares) < 2:
            raise BadInput('split: name two sides or more, such as split(seen=0.8, unseen=0.2, by="id")')
        for side, share in shares.items():
            if not 0 < share < 1:
                raise BadInput(f"split: the share of {side!r} is {share}; give a number between 0 and 1")
        if abs(sum(shares.values()) - 1) > 1e-9:
            raise BadInput(f"split: the shares add up to {sum(shares.values()):g}; make them add up to 1")

    def parameters(self) -> dict[str, Any]:
        return {"by": list(self.by), "seed": self.seed, "sides": dict(self.sides), "compared": list(self.compared)}

    def frame(self, frame: pl.DataFrame, port: str, given: dict[str, Any]) -> pl.DataFrame:
        """One side. The rows get their digests before anything else can change them."""
        return frame.filter(self.mask(frame, port))

    def with_rows(self, frame: pl.DataFrame) -> pl.DataFrame:
        return with_row(frame, self.compared)

    def mask(self, frame: pl.DataFrame, side: str) -> pl.Series:
        """Which rows are on ``side``: the key's hash as a fraction, against the sides' limits."""
        fraction = row_digests(frame, self.by, self.seed).astype(np.float64) / 2.0**64
        low = 0.0
        for name, share in self.sides:
            last = name == self.sides[-1][0]
            if name == side:
                return pl.Series((fraction >= low) & ((fraction < low + share) | last))
            low += share
        raise BadInput(f"split: there is no side {side!r}; it has {', '.join(name for name, _ in self.sides)}")
