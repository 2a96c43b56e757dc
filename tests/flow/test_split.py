"""Splitting by a stable hash."""

from __future__ import annotations

import polars as pl
import pytest

from instar.base.errors import BadInput
from instar.flow.verbs.split import Split


def films(first: int, last: int) -> pl.DataFrame:
    return pl.DataFrame({"id": [f"tt{number:07}" for number in range(first, last)], "x": range(first, last)})


def split(**sides: float) -> Split:
    return Split(("id",), 7, tuple(sides.items()), ("x",))


def test_every_row_is_on_exactly_one_side() -> None:
    verb, frame = split(a=0.5, b=0.3, c=0.2), films(0, 5000)
    sides = [verb.mask(frame, side) for side in ("a", "b", "c")]
    assert sum(side.cast(pl.Int8) for side in sides).to_list() == [1] * frame.height  # type: ignore[union-attr]


def test_shares_are_about_what_was_asked() -> None:
    frame = films(0, 20_000)
    assert abs(split(seen=0.8, unseen=0.2).mask(frame, "seen").mean() - 0.8) < 0.01  # type: ignore[operator]


def test_old_rows_never_change_sides_when_new_ones_come() -> None:
    verb = split(seen=0.8, unseen=0.2)
    old, both = films(0, 1000), films(0, 3000)
    assert verb.mask(both, "seen")[:1000].to_list() == verb.mask(old, "seen").to_list()


def test_another_seed_makes_other_sides() -> None:
    frame = films(0, 1000)
    other = Split(("id",), 8, (("seen", 0.8), ("unseen", 0.2)), ("x",))
    assert other.mask(frame, "seen").to_list() != split(seen=0.8, unseen=0.2).mask(frame, "seen").to_list()


@pytest.mark.parametrize(
    ("sides", "why"),
    [({"a": 1.0}, "two sides"), ({"a": 0.5, "b": 0.6}, "add up to 1.1"), ({"a": -0.5, "b": 1.5}, "between 0 and 1")],
)
def test_shares_that_make_no_split_are_refused(sides: dict[str, float], why: str) -> None:
    with pytest.raises(BadInput, match=why):
        split(**sides)
