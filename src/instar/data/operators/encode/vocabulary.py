"""What one-hot, multi-hot and TF-IDF learn: the terms of a block."""

from __future__ import annotations

from functools import cached_property
from typing import Final

import msgspec

Term = bool | int | str
OTHER: Final = object()  # stands for every category that is not in a vocabulary; no cell holds it


class Vocabulary(msgspec.Struct, frozen=True, dict=True):
    """terms : sorted, one for each place of the block;  rows : texts or values seen in training

    dropped : how many terms were seen and pruned
    """

    terms: tuple[Term, ...]
    rows: int = 0
    dropped: int = 0

    @cached_property
    def places(self) -> dict[Term, int]:
        return {term: place for place, term in enumerate(self.terms)}

    @cached_property
    def places_and_other(self) -> dict[object, int]:
        """With one more place, the last, for OTHER."""
        return {term: place for place, term in enumerate((*self.terms, OTHER))}

    def names(self) -> tuple[str, ...]:
        return tuple(map(str, self.terms))

    def words(self, one: str, many: str) -> str:
        """How many there are, and which, for people."""
        if not self.terms:
            return f"no {one} was seen, so the block is empty"
        shown = ", ".join(map(str, self.terms[:5])) + (", …" if len(self.terms) > 5 else "")
        pruned = f"; {self.dropped} rarer ones were left out" if self.dropped else ""
        return f"{len(self.terms)} {many} learned from {self.rows} values ({shown}){pruned}"
