"""What becomes of a category that training has not seen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, Literal, get_args

from instar.base.errors import BadInput
from instar.data.operators.encode.vocabulary import OTHER, Vocabulary
from instar.data.rows.block import Block, counted

Unknown = Literal["ignore", "own", "error"]
OTHER_NAME: Final = "(other)"


def check_unknown(step: str, unknown: str, limit: int | None) -> None:
    """Raises BadInput for an unknown word, and where a limit would make categories of training itself unseen."""
    if unknown not in get_args(Unknown):
        raise BadInput(f"{step}: unknown={unknown!r} is not known; use one of {', '.join(get_args(Unknown))}")
    if unknown == "error" and limit is not None:
        raise BadInput(f'{step}: unknown="error" with limit={limit} would refuse rows of the training itself; drop one')


def placed(rows: Iterable[Iterable[Any]], seen: Vocabulary, unknown: Unknown, step: str, column: str) -> Block:
    """1 for each category of a row: unseen ones are passed over, or have one place of their own, the last.

    Raises BadInput for an unseen one with ``unknown="error"``. A missing value (None) has no place.
    """
    if unknown == "ignore":
        return counted(map(set, rows), seen.places)
    if unknown == "error":
        return counted((set(_known(row, seen.places, step, column)) for row in rows), seen.places)
    places = seen.places_and_other
    return counted(({term if term in places else OTHER for term in row if term is not None} for row in rows), places)


def names(seen: Vocabulary, unknown: Unknown) -> tuple[str, ...]:
    """Of the places."""
    return (*seen.names(), OTHER_NAME) if unknown == "own" else seen.names()


def words(seen: Vocabulary, unknown: Unknown) -> str:
    """What was learned, and what an unseen one becomes, for people."""
    ending = {"ignore": "", "own": f"; any other is {OTHER_NAME}", "error": "; any other is refused"}[unknown]
    return seen.words("category", "categories") + ending


def unseen(value: Any, step: str, column: str) -> BadInput:
    """The error for a category that nobody knows."""
    return BadInput(
        f"{step}: column {column!r} has {value!r}, which training has not seen; correct it, or fit again with "
        "another unknown=…"
    )


def _known(row: Iterable[Any], places: Mapping[Any, int], step: str, column: str) -> Iterator[Any]:
    for term in row:
        if term is not None and term not in places:
            raise unseen(term, step, column)
        yield term
