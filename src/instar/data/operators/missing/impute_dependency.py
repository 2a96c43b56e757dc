"""Missing categories from the columns that determine them."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, get_args

import msgspec
import polars as pl

from instar.base.errors import BadInput
from instar.base.rows import row_digests
from instar.base.schema import Field, Schema
from instar.data.operators.missing.determinants import Columns, Score, Search
from instar.data.operators.operator import Known, RowsOperator, operator, with_fields
from instar.data.operators.types import category
from instar.data.rows.batch import Batch
from instar.data.rows.block import Block
from instar.data.summaries import Counts, Of
from instar.data.summaries.values import in_order
from instar.data.values.dependencies import Groups, groups_of, majority, rows_right

Fill = Literal["majority", "draw"]
Cell = bool | int | float | str | None
_WORD = 64  # bits of a row's digest


class Determinant(msgspec.Struct, frozen=True, dict=True):
    """A set of columns that determines another, and what each group of its equal values says.

    given : the columns;  score : the expected accuracy;  keys : of each group, the columns' values
    values, counts : of each group the goal's values and their rows: the commonest only, or all where one is drawn
    rows : of each group
    """

    given: Columns
    score: float
    keys: tuple[tuple[Cell, ...], ...]
    values: tuple[tuple[Cell, ...], ...]
    counts: tuple[tuple[int, ...], ...]
    rows: tuple[int, ...]

    @cached_property
    def places(self) -> dict[tuple[Cell, ...], int]:
        return {key: place for place, key in enumerate(self.keys)}


class Determined(msgspec.Struct, frozen=True):
    """sets : the best first;  left_out : sets that would have made it larger than ``groups``
    rows, missing : seen in training
    """

    sets: tuple[Determinant, ...]
    left_out: int
    rows: int
    missing: int


class Determinants(msgspec.Struct, frozen=True):
    columns: dict[str, Determined]


@dataclass(frozen=True)
class Filled:
    """What filled one hole: the set, and how surely (the expected accuracy within the group); None when nothing did."""

    value: Cell
    given: Columns
    sure: float


_HOLE = Filled(None, (), 0.0)


@operator("impute_dependency", state=Determinants)
@dataclass(frozen=True, init=False)
class ImputeDependency(RowsOperator[Determinants]):
    """Fill missing categories from the columns that determine them; each named column that is not ``given`` is filled.

    A set S of other columns is measured by its contingency table with the goal, on rows whose goal is known. With
    ``score="expected_accuracy"`` the ``sets`` best by ``accuracy`` (see ``values.dependencies.Dependency``; leave one
    out; ties to fewer columns, then the first) are kept, without those that hold a better one, which would never be
    asked; a hole gets the majority (ties: the least) of the row's group in the first set that has the group. With
    ``score="published"`` it is the one set with the least error (ties as above) among those with error <=
    ``repetitions`` and at most the share ``trigger`` of pairs (S, goal) that occur once.

    given : columns that are only read;  size : the most columns of a set;  ratio : a column with different values / rows
    at or above it is a key, and left out;  fill : ``draw`` takes a value by its frequency in the group, by the digest of
    the row and ``seed``;  evidence : adds ``<name>_from``, the columns that filled it, and ``<name>_sure``, top (top - 1)
    / (n (n - 1)) of the group's n rows
    combinations : the most combinations of values counted in a pass for one column (estimated before; sets beyond it are
    not counted);  groups : the most groups kept for one column (sets beyond it are left out, which ``explain`` says)

    A row with a missing value is in no group of sets that read it (in ``published`` it is a value). What no set fills
    stays missing (``Impute`` after it fills the rest), as does all of an empty column. Text, whole numbers and truth
    values.
    Source: score and fill of ``published`` as in the R package cleanerR 0.1.1.

    >>> from instar.data.preparing.fitting import fit
    >>> rows = pl.DataFrame({"zip": [59, 59, 59, 20, 20], "city": ["Natal", "Natal", None, "Rio", "Rio"]})
    >>> done = fit([ImputeDependency("city", given=["zip"])], [rows])
    >>> done.apply(rows).frame["city"].to_list()
    ['Natal', 'Natal', 'Natal', 'Rio', 'Rio']
    >>> print(done.explain())
    city: 1 of 5 were missing; from zip (100.0 % sure); 2 groups
    zip: only read
    """

    columns: Columns
    given: Columns = ()
    score: Score = "expected_accuracy"
    fill: Fill = "majority"
    size: int = 3
    sets: int = 20
    ratio: float = 0.99
    repetitions: int | None = None
    trigger: float = 1.0
    evidence: bool = False
    combinations: int = 1_000_000
    groups: int = 100_000
    seed: int = 0

    def __init__(
        self,
        *columns: str,
        given: Sequence[str] = (),
        score: Score = "expected_accuracy",
        fill: Fill = "majority",
        size: int = 3,
        sets: int = 20,
        ratio: float = 0.99,
        repetitions: int | None = None,
        trigger: float = 1.0,
        evidence: bool = False,
        combinations: int = 1_000_000,
        groups: int = 100_000,
        seed: int = 0,
    ) -> None:
        given = (given,) if isinstance(given, str) else tuple(given)
        _must_be(score, "score", get_args(Score))
        _must_be(fill, "fill", get_args(Fill))
        for option, value in {"size": size, "sets": sets, "combinations": combinations, "groups": groups}.items():
            if value < 1:
                raise BadInput(f"ImputeDependency: {option}={value} leaves nothing; give a number from 1")
        if not 0 < ratio <= 1 or not 0 <= trigger <= 1:
            raise BadInput(f"ImputeDependency: ratio={ratio} and trigger={trigger} are shares; give 0 to 1")
        if score != "published" and (repetitions is not None or trigger < 1):
            raise BadInput(
                'ImputeDependency: repetitions and trigger belong to score="published"; leave them out, or set it'
            )
        if repetitions is not None and repetitions < 0:
            raise BadInput(f"ImputeDependency: repetitions={repetitions} admits no set; give a number from 0")
        named = tuple(columns) + tuple(name for name in given if name not in columns)
        self._set(
            named, given=given, score=score, fill=fill, size=size, sets=sets, ratio=ratio, repetitions=repetitions,
            trigger=trigger, evidence=evidence, combinations=combinations, groups=groups, seed=seed,
        )  # fmt: skip
        if not self.goals:
            raise BadInput("ImputeDependency: every column is given, so none is filled; name one that is not")
        if len(named) < 2:
            hint = f'ImputeDependency("{named[0]}", given=["zip", "state"])'
            raise BadInput(f"ImputeDependency: nothing can determine {named[0]!r} alone; name other columns: {hint}")

    @property
    def goals(self) -> Columns:
        """The columns that are filled."""
        return tuple(name for name in self.columns if name not in self.given)

    def writes(self) -> Columns:
        flags = (f"{name}_{word}" for name in self.goals for word in ("from", "sure"))
        return self.goals + (tuple(flags) if self.evidence else ())

    def output(self, schema: Schema, state: Determinants | None = None) -> Schema:
        found = {name: category(schema, name, "ImputeDependency") for name in self.columns}
        added = [
            Field(f"{name}_{word}", kind, role="feature")
            for name in (self.goals if self.evidence else ())
            for word, kind in (("from", "string"), ("sure", "float64"))
        ]
        for field in added:
            if field.name in schema:
                raise BadInput(
                    f"ImputeDependency: the input has a column {field.name!r} already; rename it, or leave out evidence"
                )
        return with_fields(schema, *(found[name] for name in self.goals), *added)

    def needs(self, known: Known) -> dict[Hashable, Of]:
        """The counts and the numbers of different values; then the tables of single columns, pairs, triples, …"""
        wanted: dict[Hashable, Of] = {}
        for search in self._searches():
            wanted |= search.wants(known)
        return wanted

    def _searches(self) -> list[Search]:
        return [
            Search(
                goal, tuple(name for name in self.columns if name != goal),
                self.score, self.size, self.ratio, self.sets, self.combinations,
            )
            for goal in self.goals
        ]  # fmt: skip

    def fit(self, summaries: Known) -> Determinants:
        return Determinants({search.goal: self._determined(search, summaries) for search in self._searches()})

    def _determined(self, search: Search, known: Known) -> Determined:
        kept: list[Determinant] = []
        room, left_out = self.groups, 0
        for given, found in search.found(known):
            if self.score == "published" and not self._admits(found.error, found.single):
                continue
            if found.groups > room:
                left_out += 1
                continue
            room -= found.groups
            groups = groups_of(search.table(given, known), missing=self.score == "published")
            kept.append(self._determinant(given, found.accuracy, groups))
            if len(kept) == (1 if self.score == "published" else self.sets):
                break
        seen = known["rows", search.goal]
        assert isinstance(seen, Counts)
        return Determined(tuple(kept), left_out, seen.rows, seen.nulls)

    def _admits(self, error: int, single: float) -> bool:
        return (self.repetitions is None or error <= self.repetitions) and single <= self.trigger

    def _determinant(self, given: Columns, score: float, groups: Groups) -> Determinant:
        keys = sorted(groups, key=lambda key: tuple(map(in_order, key)))
        if self.fill == "draw":
            said = [sorted(groups[key].items(), key=lambda item: in_order(item[0])) for key in keys]
        else:
            said = [[majority(groups[key])] for key in keys]
        return Determinant(
            given, score, tuple(keys),
            tuple(tuple(value for value, _ in pairs) for pairs in said),
            tuple(tuple(count for _, count in pairs) for pairs in said),
            tuple(sum(groups[key].values()) for key in keys),
        )  # fmt: skip

    def made(self, rows: Batch, state: Determinants) -> dict[str, pl.Series | Block]:
        made: dict[str, pl.Series | Block] = {}
        for place, name in enumerate(self.goals):
            series = rows.frame.get_column(name)
            if not series.null_count():
                holes, found = pl.Series([], dtype=pl.UInt32), []
            else:
                holes = series.is_null().arg_true()
                found = self._found(rows.frame[holes], state.columns[name], self.seed + place)
                # scatter writes into the series itself: into a copy, which costs nothing until it is written
                series = series.clone().scatter(holes, pl.Series([one.value for one in found], dtype=series.dtype))
            made[name] = series
            if self.evidence:
                made |= _evidence(name, series, holes, found)
        return made

    def _found(self, frame: pl.DataFrame, known: Determined, seed: int) -> list[Filled]:
        """What fills each row of ``frame``, all of which lack the value."""
        read = {name for one in known.sets for name in one.given}
        cells = {name: frame.get_column(name).to_list() for name in read}
        draws = row_digests(frame, self.columns, seed).tolist() if self.fill == "draw" else [0] * frame.height
        return [_first(known.sets, cells, at, draw) for at, draw in enumerate(draws)]

    def explain(self, state: Determinants) -> str:
        lines = [_words(name, state.columns[name]) for name in self.goals]
        return "\n".join(lines + [f"{name}: only read" for name in self.columns if name in self.given])


def _must_be(value: str, option: str, allowed: Sequence[str]) -> None:
    if value not in allowed:
        raise BadInput(f"ImputeDependency: unknown {option} {value!r}; use one of {', '.join(allowed)}")


def _first(sets: Sequence[Determinant], cells: dict[str, list[Cell]], row: int, draw: int) -> Filled:
    """What the first set that has the row's group says."""
    for one in sets:
        place = one.places.get(tuple([cells[name][row] for name in one.given]))
        if place is None:
            continue
        values, counts, rows = one.values[place], one.counts[place], one.rows[place]
        left, at = draw * sum(counts) >> _WORD, 0
        while left >= counts[at]:
            left -= counts[at]
            at += 1
        return Filled(values[at], one.given, rows_right(max(counts), rows) / rows)
    return _HOLE


def _evidence(name: str, series: pl.Series, holes: pl.Series, found: list[Filled]) -> dict[str, pl.Series | Block]:
    """Which columns filled each hole, and how surely; null where nothing was filled in."""
    given: list[str | None] = [None] * len(series)
    sure: list[float | None] = [None] * len(series)
    for at, one in zip(holes.to_list(), found):
        if one.given:
            given[at], sure[at] = ", ".join(one.given), one.sure
    return {
        f"{name}_from": pl.Series(f"{name}_from", given, dtype=pl.String),
        f"{name}_sure": pl.Series(f"{name}_sure", sure, dtype=pl.Float64),
    }


def _words(name: str, known: Determined) -> str:
    missing = f"{name}: {known.missing} of {known.rows} were missing"
    beyond = f"; {known.left_out} larger sets left out for their size" if known.left_out else ""
    if not known.sets:
        return f"{missing}; no columns determine it, so what is missing stays missing{beyond}"
    said = [f"{' + '.join(one.given)} ({100 * one.score:.1f} % sure)" for one in known.sets[:3]]
    more = f"; then {len(known.sets) - 3} more sets" if len(known.sets) > 3 else ""
    groups = sum(len(one.keys) for one in known.sets)
    return f"{missing}; from {', else from '.join(said)}{more}; {groups} groups{beyond}"
