"""One server process for all tests that do not need their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.web.running import WebProcess


@pytest.fixture(scope="session")
def web_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("web")


@pytest.fixture(scope="session")
def web(web_folder: Path) -> Iterator[WebProcess]:
    """A server of an embedded store, in ``web_folder/store``."""
    environment = {"INSTAR_HOME": str(web_folder / "home"), "INSTAR_AUTHOR": "ana"}
    with WebProcess(str(web_folder / "store"), web_folder, environment=environment) as process:
        yield process


@pytest.fixture(scope="session")
def private(web: WebProcess, web_folder: Path) -> str:
    """The private token of that server's store."""
    return (web_folder / "store" / "token").read_text().strip()
