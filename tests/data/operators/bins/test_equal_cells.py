"""Cells of two coordinates with equal counts."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from instar import prep
from instar.base.errors import BadInput
from instar.data.operators.bins.equal_cells import Plane
from instar.data.preparing.fitting import fit


def crowd(rows: int) -> pl.DataFrame:
    """Two towns in a wide, nearly empty land."""
    random = np.random.default_rng(5)
    town = random.random(rows) < 0.8
    x = np.where(town, random.normal(2, 0.1, rows), random.uniform(-50, 50, rows))
    return pl.DataFrame({"x": x, "y": np.where(town, random.normal(-3, 0.1, rows), random.uniform(-50, 50, rows))})


def test_cells_of_few_points_are_exact() -> None:
    rows = crowd(480)
    coded = fit([prep.EqualCells("x", "y", into="cell", strips=4, parts=6)], [rows]).apply(rows).frame
    assert coded.columns == ["cell"]
    assert coded["cell"].dtype == pl.UInt8
    assert coded["cell"].value_counts()["count"].to_list() == [20] * 24


def test_cells_of_many_points_hold_what_the_bound_says() -> None:
    rows = crowd(60_000)
    chunks = [rows[start : start + 9_000] for start in range(0, rows.height, 9_000)]
    preparation = fit([prep.EqualCells("x", "y", into="cell", strips=8, parts=8, keep=True)], chunks)
    coded = preparation.apply(rows).frame
    shares = coded["cell"].value_counts()["count"].to_numpy() / rows.height
    assert coded.columns == ["x", "y", "cell"]
    assert shares.size == 64
    # ties apart, one value may lie on either side of each of the four edges
    assert shares.min() >= (1 / 8 - 1 / 512) ** 2 - 4 / rows.height
    assert shares.max() <= (1 / 8 + 1 / 512) ** 2 + 4 / rows.height


def test_the_boxes_are_the_cells() -> None:
    rows = crowd(2_000)
    operator = prep.EqualCells("x", "y", into="cell", strips=5, parts=3, keep=True)
    preparation = fit([operator], [rows[:900], rows[900:]])
    [state] = preparation.states
    assert isinstance(state, Plane)
    boxes = operator.cells(state)
    coded = preparation.apply(rows).frame
    assert len(boxes) == 15
    assert sum(box.share for box in boxes) == pytest.approx(1)
    for box in boxes:
        inside = coded.filter(pl.col("cell") == box.code)
        assert inside["x"].is_between(box.left, box.right).all()
        assert inside["y"].is_between(box.low, box.high).all()


def test_a_point_without_a_coordinate_has_no_cell_and_a_far_one_an_outer_cell() -> None:
    rows = crowd(400)
    preparation = fit([prep.EqualCells("x", "y", into="cell", strips=4, parts=4)], [rows])
    odd = pl.DataFrame(
        {"x": [None, 1.0, float("nan"), -1e300, float("inf")], "y": [1.0, None, 1.0, -1e300, float("inf")]}
    )
    assert preparation.apply(odd).frame["cell"].to_list() == [None, None, None, 0, 15]


def test_ties_leave_fewer_cells_and_it_says_how_many() -> None:
    rows = pl.DataFrame({"x": [1.0, 1.0, 1.0, 2.0], "y": [1.0, 2.0, 2.0, 5.0]})
    preparation = fit([prep.EqualCells("x", "y", into="cell", strips=3, parts=2)], [rows])
    assert preparation.apply(rows).frame["cell"].to_list() == [0, 1, 1, 2]
    assert preparation.explain() == (
        "x, y: 3 cells, 2 strips of x by up to 2 parts of y, with 0.25 to 0.5 of the 4 points seen in each"
    )


@pytest.mark.parametrize(
    ("columns", "options", "message"),
    [
        (("x",), {}, "it reads two coordinates, not 1"),
        (("x", "y"), {"strips": 0}, "strips=0 is not between"),
        (("x", "y"), {"strips": 1000, "parts": 1000}, "bins=1000000"),
        (("x", "y"), {"into": "x"}, "into='x' is no new column"),
    ],
)
def test_wrong_definitions_are_refused(columns: tuple[str, ...], options: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        prep.EqualCells(*columns, **{"into": "cell", **options})


def test_a_column_that_is_there_is_not_overwritten() -> None:
    with pytest.raises(BadInput, match="has a column 'cell' already"):
        fit([prep.EqualCells("x", "y", into="cell")], [crowd(5).with_columns(cell=1)])
