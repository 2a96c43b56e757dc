"""Errors of the libraries while a step runs, in words: which step, why, and what to do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import polars as pl

from instar.base.errors import BadInput


class StepFailed(BadInput):
    """A step met rows that it cannot treat."""


@contextmanager
def told_by(label: str) -> Iterator[None]:
    """Errors of Polars inside the block become StepFailed, with the first line of what Polars says."""
    try:
        yield
    except pl.exceptions.PolarsError as error:
        first = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
        raise StepFailed(
            f"{label}: {first}. Filter these rows out, correct them, or let what does not fit become null "
            "(strict=False in a cast or a parse)"
        ) from error


@contextmanager
def told_by_learner(label: str, learner: str, with_nulls: Iterable[str]) -> Iterator[None]:
    """Errors of scikit-learn inside the block become StepFailed. with_nulls : features that have missing values"""
    try:
        yield
    except (ValueError, TypeError) as error:
        first = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
        names = ", ".join(with_nulls)
        hint = (
            f"missing values are in {names}: put Impute({names.split(', ')[0]!r}) into the preparation, first"
            if names and "NaN" in first
            else "look at the features with `preparation.explain()` and at the learner's own documentation"
        )
        raise StepFailed(f"{label}: {learner} cannot take these rows ({first.rstrip('.')}); {hint}") from error
