"""Folds of the training rows: for what would otherwise tell a row its own target."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from instar.base.rows import row_digests

FOLD = "__fold__"
TARGET = "__target__"  # the column of what is to be predicted, while a fit runs: see ``preparing.target``
FOLDS = 5
_SEED = 0x466F6C64  # of its own, so that a fold says nothing about the side of a split


def with_fold(frame: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    """The frame with the fold of each row, 0 to FOLDS - 1, by the digest of ``columns``: equal rows share a fold.

    >>> with_fold(pl.DataFrame({"city": ["Rio", "Rio"]}), ["city"])[FOLD].n_unique()
    1
    """
    folds = (row_digests(frame, columns, _SEED) % np.uint64(FOLDS)).astype(np.uint8)
    return frame.with_columns(pl.Series(FOLD, folds, dtype=pl.UInt8))
