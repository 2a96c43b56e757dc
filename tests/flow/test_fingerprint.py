"""Fingerprints see what decides a result, and admit when they cannot."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from instar.flow.fingerprint import fingerprint

FACTOR = 2


def double(frame: pl.DataFrame) -> pl.DataFrame:
    return frame * FACTOR


def adder(amount: int) -> Callable[[int], int]:
    return lambda number: number + amount


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 1.0),
        ("1", 1),
        (pl.col("a") > 1, pl.col("a") > 2),
        (LogisticRegression(C=1.0), LogisticRegression(C=0.5)),
        (LogisticRegression(), RandomForestClassifier()),
        (make_pipeline(StandardScaler(), LogisticRegression()), make_pipeline(LogisticRegression())),
        (np.array([1, 2]), np.array([1, 3])),
        (np.array([1, 2]), np.array([[1, 2]])),
        (adder(1), adder(2)),
        (partial(adder, 1), partial(adder, 2)),
        ({"a": 1}, {"a": 2}),
    ],
)
def test_different_things_have_different_fingerprints(one: object, other: object) -> None:
    assert fingerprint(one) is not None
    assert fingerprint(one) != fingerprint(other)


def test_equal_things_have_equal_fingerprints() -> None:
    for make in (
        lambda: pl.col("a").str.to_date(),
        lambda: LogisticRegression(C=0.5),
        lambda: adder(3),
        lambda: {1, 2},
    ):
        assert fingerprint(make()) == fingerprint(make())


def test_what_a_fingerprint_cannot_see_has_none() -> None:
    assert fingerprint(object()) is None
    assert fingerprint(pl.col("a").map_elements(lambda value: value, return_dtype=pl.Int64)) is None


def test_a_global_that_a_function_reads_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    before = fingerprint(double)
    monkeypatch.setitem(globals(), "FACTOR", 3)
    assert fingerprint(double) != before


_STEPS = "import helpers\n\ndef clean(frame):\n    return helpers.tidy(frame)\n"
_NAMED = "from helpers import tidy\n\ndef clean(frame):\n    return tidy(frame)\n"


@pytest.mark.parametrize("steps", [_STEPS, _NAMED])
def test_editing_a_helper_in_another_module_of_the_project_is_noticed(tmp_path: Path, steps: str) -> None:
    (tmp_path / "steps.py").write_text(steps)
    program = "from instar.flow.fingerprint import fingerprint; import steps; print(fingerprint(steps.clean))"
    found = []
    for body in ("frame", "frame", "frame.drop_nulls()"):
        (tmp_path / "helpers.py").write_text(f"def tidy(frame):\n    return {body}\n")
        done = subprocess.run(
            [sys.executable, "-B", "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True
        )
        found.append(done.stdout.strip())
    assert found[0] == found[1] != found[2]
    assert "None" not in found


def test_a_function_without_source_has_none() -> None:
    namespace: dict[str, Callable[[int], int]] = {}
    exec("def secret(number):\n    return number + 1", namespace)  # noqa: S102 - a function nobody can read
    assert fingerprint(namespace["secret"]) is None
