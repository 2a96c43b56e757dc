"""Where the boxes and lines of a picture go: ranks by the longest path, order by barycentre, then straightened.

Source: Sugiyama, Tagawa & Toda (1981), Methods for visual understanding of hierarchical system structures, IEEE
Transactions on Systems, Man and Cybernetics 11(2).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

SWEEPS = 12
_Link = tuple[str, str]  # from the earlier box to the later one


@dataclass(frozen=True)
class Layout:
    """rank : the column of each box, earliest first;  place : its centre from the top, in steps of a box

    bends : for each link that passes over columns, where it does: (rank, place)
    """

    rank: Mapping[str, int]
    place: Mapping[str, float]
    bends: Mapping[_Link, Sequence[tuple[int, float]]]


def layout(boxes: Sequence[str], links: Iterable[_Link], bend: float = 0.35) -> Layout:
    """Place ``boxes`` so that links lead from left to right. bend : the room of a passing line, in steps of a box

    >>> layout("abc", [("a", "b"), ("b", "c")]).rank
    {'a': 0, 'b': 1, 'c': 2}
    """
    forward = _acyclic(boxes, links)
    rank = _ranks(boxes, forward)
    chains = {link: _chain(link, rank) for link in forward}
    columns: dict[int, list[str]] = defaultdict(list)
    height = {box: 1.0 for box in boxes}
    for box in boxes:
        columns[rank[box]].append(box)
    for (start, _), chain in chains.items():
        for step, point in enumerate(chain[1:-1], rank[start] + 1):
            columns[step].append(point)
            height[point] = bend
    near = _neighbours(chains.values())
    ordered = _order([columns[step] for step in sorted(columns)], near)
    place = _straighten(ordered, near, height)
    bends = {
        link: [(rank[link[0]] + step, place[point]) for step, point in enumerate(chain[1:-1], 1)]
        for link, chain in chains.items()
    }
    return Layout(rank, {box: place[box] for box in boxes}, bends)


def _acyclic(boxes: Sequence[str], links: Iterable[_Link]) -> list[_Link]:
    """The links without those that lead back: a step may give content again that it read."""
    after: dict[str, list[str]] = defaultdict(list)
    for start, end in dict.fromkeys(links):
        if start != end:
            after[start].append(end)
    state: dict[str, int] = {}  # 1 on the way, 2 done
    kept = []
    for first in boxes:
        stack = [] if first in state else [(first, iter(after[first]))]
        state.setdefault(first, 1)
        while stack:
            here, rest = stack[-1]
            for there in rest:
                if state.get(there) != 1:
                    kept.append((here, there))
                if there not in state:
                    state[there] = 1
                    stack.append((there, iter(after[there])))
                    break
            else:
                state[here] = 2
                stack.pop()
    return kept


def _ranks(boxes: Sequence[str], links: Sequence[_Link]) -> dict[str, int]:
    """The longest path from a source; a source stands just before what first uses it."""
    after, waits = defaultdict(list), dict.fromkeys(boxes, 0)
    for start, end in links:
        after[start].append(end)
        waits[end] += 1
    sources = [box for box in boxes if not waits[box]]
    rank, ready = dict.fromkeys(boxes, 0), list(sources)
    while ready:
        here = ready.pop()
        for there in after[here]:
            rank[there] = max(rank[there], rank[here] + 1)
            waits[there] -= 1
            if not waits[there]:
                ready.append(there)
    for box in sources:
        rank[box] = min((rank[there] - 1 for there in after[box]), default=0)
    return rank


def _chain(link: _Link, rank: Mapping[str, int]) -> list[str]:
    """The box a link begins at, a point in each column that it passes, and the box it ends at."""
    start, end = link
    return [start, *(f"{start}>{end}@{step}" for step in range(rank[start] + 1, rank[end])), end]


def _neighbours(chains: Iterable[Sequence[str]]) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """What stands before and after each point, in the columns beside it."""
    before: dict[str, list[str]] = defaultdict(list)
    after: dict[str, list[str]] = defaultdict(list)
    for chain in chains:
        for here, there in pairwise(chain):
            after[here].append(there)
            before[there].append(here)
    return before, after


def _order(
    columns: list[list[str]], near: tuple[Mapping[str, Sequence[str]], Mapping[str, Sequence[str]]]
) -> list[list[str]]:
    """Columns sorted by the mean place of their neighbours, swept to and fro; the order with the fewest crossings."""
    best, least = [list(column) for column in columns], _crossings(columns, near[1])
    columns = [list(column) for column in columns]
    for sweep in range(SWEEPS):
        steps = range(1, len(columns)) if sweep % 2 == 0 else range(len(columns) - 2, -1, -1)
        for step in steps:
            beside = columns[step - 1 if sweep % 2 == 0 else step + 1]
            at = {point: index for index, point in enumerate(beside)}
            own = {point: index for index, point in enumerate(columns[step])}
            keys = {}
            for point in columns[step]:
                places = [at[other] for other in near[sweep % 2].get(point, ())]
                keys[point] = sum(places) / len(places) if places else own[point]
            columns[step].sort(key=keys.__getitem__)
        if (crossings := _crossings(columns, near[1])) < least:
            best, least = [list(column) for column in columns], crossings
    return best


def _crossings(columns: Sequence[Sequence[str]], after: Mapping[str, Sequence[str]]) -> int:
    total = 0
    for left, right in pairwise(columns):
        at = {point: index for index, point in enumerate(right)}
        ends = [sorted(at[there] for there in after.get(point, ())) for point in left]
        seen: list[int] = []
        for some in ends:
            total += sum(1 for end in some for other in seen if other > end)
            seen += some
    return total


def _straighten(
    columns: Sequence[Sequence[str]],
    near: tuple[Mapping[str, Sequence[str]], Mapping[str, Sequence[str]]],
    height: Mapping[str, float],
) -> dict[str, float]:
    """Centres: each point moves to the mean of its neighbours, as far as the order and the room of others allow."""
    place: dict[str, float] = {}
    for column in columns:
        _put(column, {point: 0.0 for point in column}, height, place)
    for sweep in range(SWEEPS):
        for column in columns if sweep % 2 == 0 else reversed(columns):
            wanted = {}
            for point in column:
                beside = [*near[0].get(point, ()), *near[1].get(point, ())]
                wanted[point] = sum(place[other] for other in beside) / len(beside) if beside else place[point]
            _put(column, wanted, height, place)
    top = min((place[point] - height[point] / 2 for point in place), default=0.0)
    return {point: at - top for point, at in place.items()}


def _put(
    column: Sequence[str], wanted: Mapping[str, float], height: Mapping[str, float], place: dict[str, float]
) -> None:
    """Points as near to where they want to be as their order allows: blocks that push each other stand around their mean."""
    blocks: list[tuple[list[str], float]] = []  # points, and where the first one's top wants to be on average
    for point in column:
        block, top = [point], wanted[point] - height[point] / 2
        while blocks and blocks[-1][1] + sum(height[each] for each in blocks[-1][0]) > top:
            before, before_top = blocks.pop()
            room = sum(height[each] for each in before)
            top = (before_top * len(before) + (top - room) * len(block)) / (len(before) + len(block))
            block = before + block
        blocks.append((block, top))
    for block, top in blocks:
        for point in block:
            place[point] = top + height[point] / 2
            top += height[point]
