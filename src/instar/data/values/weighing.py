"""How often the terms of a text count: one rule for fitting, for a chunk and for one row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from instar.data.rows.block import Block, counted


def weighed(rows: Iterable[Iterable[Any]], places: Mapping[Any, int], idf: NDArray[np.float64]) -> Block:
    """The count of each known term of each row, times its rarity, each row scaled to length 1.

    idf : the weight of each place, shape (places,).  A row without a known term stays all 0.

    >>> weighed([["a", "b"], ["c"]], {"a": 0, "b": 1}, np.array([3.0, 4.0])).toarray().round(3).tolist()
    [[0.6000000238418579, 0.800000011920929], [0.0, 0.0]]
    """
    found = counted(rows, places)
    return unit_length(found, found.values * idf[found.places])


def unit_length(block: Block, values: NDArray[np.float64]) -> Block:
    """The block with these values, each row divided by its length."""
    rows = block.rows()
    # bincount adds one after another, so a row's length does not depend on the rows beside it.
    lengths = np.sqrt(np.bincount(rows, weights=values * values, minlength=block.shape[0]))
    return replace(block, values=(values / lengths[rows]).astype(np.float32))
