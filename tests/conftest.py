"""Fixtures that every test may use."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from instar.store import Store, open_store


@pytest.fixture(autouse=True)
def _nobody_elses_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No test reads or writes the store, keys or settings of the person who runs it."""
    for name in ("INSTAR_PROJECT", "INSTAR_STORE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("INSTAR_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("INSTAR_AUTHOR", "ana")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A new embedded store."""
    with open_store(tmp_path / "store") as opened:
        yield opened
