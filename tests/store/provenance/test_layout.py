"""Boxes and lines of a picture."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from instar.store.provenance.layout import layout

links = st.lists(st.tuples(st.integers(0, 24), st.integers(0, 24)), max_size=50)


@settings(max_examples=60, deadline=None)
@given(links)
def test_no_two_boxes_or_lines_of_a_column_overlap(pairs: list[tuple[int, int]]) -> None:
    boxes = [f"b{number}" for number in range(25)]
    placed = layout(boxes, [(f"b{start}", f"b{end}") for start, end in pairs], bend=0.4)
    points = [(placed.rank[box], placed.place[box], 1.0) for box in boxes]
    points += [(rank, place, 0.4) for bends in placed.bends.values() for rank, place in bends]
    for (rank, place, room), (other_rank, other, more) in combinations(points, 2):
        if rank == other_rank:
            assert abs(place - other) >= (room + more) / 2 - 1e-6


@settings(max_examples=60, deadline=None)
@given(links)
def test_without_a_circle_every_line_leads_to_the_right(pairs: list[tuple[int, int]]) -> None:
    forward = [(f"b{min(pair)}", f"b{max(pair)}") for pair in pairs if pair[0] != pair[1]]
    placed = layout([f"b{number}" for number in range(25)], forward)
    assert all(placed.rank[start] < placed.rank[end] for start, end in forward)
    assert all(len(bends) == placed.rank[end] - placed.rank[start] - 1 for (start, end), bends in placed.bends.items())


def test_a_circle_is_drawn_all_the_same() -> None:
    placed = layout("abc", [("a", "b"), ("b", "c"), ("c", "a")])
    assert sorted(placed.rank.values()) == [0, 1, 2]


def test_lines_that_need_not_cross_do_not() -> None:
    placed = layout(["a", "b", "y", "x"], [("a", "x"), ("b", "y")])
    assert (placed.place["a"] < placed.place["b"]) == (placed.place["x"] < placed.place["y"])
