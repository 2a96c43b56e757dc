"""``import instar`` is light, and gives every name it promises."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

import instar

HEAVY = ("pandas", "polars", "duckdb", "sqlalchemy", "sklearn", "numpy", "pyarrow", "alembic", "rich", "click")


def loaded_by(code: str) -> set[str]:
    """The top-level modules that a fresh Python has loaded after ``code``."""
    script = f"{code}\nimport sys, json\nprint(json.dumps(sorted({{name.split('.')[0] for name in sys.modules}})))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_importing_the_package_loads_no_heavy_library() -> None:
    assert loaded_by("import instar").isdisjoint(HEAVY)


def test_asking_for_help_loads_no_heavy_library() -> None:
    code = "from instar.cli.main import cli\ntry:\n    cli(['--help'])\nexcept SystemExit:\n    pass"
    assert loaded_by(code).isdisjoint(set(HEAVY) - {"click", "rich"})


@pytest.mark.parametrize("name", instar.__all__)
def test_every_promised_name_is_there(name: str) -> None:
    assert getattr(instar, name) is not None
    assert name in dir(instar)


def test_a_wrong_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(AttributeError, match="did you mean 'publish'"):
        _ = instar.publsh
