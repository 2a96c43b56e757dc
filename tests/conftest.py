"""Fixtures that every test may use."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from tests.services import BUCKET, PASSWORD, PostgresServer, S3Server, start

from instar.store import Store, open_store


@pytest.fixture(autouse=True)
def _nobody_elses_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No test reads or writes the store, keys or settings of the person who runs it."""
    for name in ("INSTAR_PROJECT", "INSTAR_STORE", "INSTAR_BLOBS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("INSTAR_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("INSTAR_AUTHOR", "ana")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A new embedded store."""
    with open_store(tmp_path / "store") as opened:
        yield opened


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    server = start(PostgresServer)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3Server]:
    server = start(S3Server)
    yield server
    server.stop()


@pytest.fixture
def postgres_url(
    postgres_server: PostgresServer, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """A new, empty database; the one of ``shared_store`` when the test asks for that too."""
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    url = postgres_server.make_database(with_tables="shared_store" in request.fixturenames)
    yield url
    postgres_server.drop_database(url)


@pytest.fixture
def s3_url(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> str:
    """A new, empty place for blobs."""
    for name, value in s3_server.settings.items():
        monkeypatch.setenv(name, value)
    return f"s3://{BUCKET}/{uuid4().hex}"


@pytest.fixture
def shared_store(postgres_url: str, s3_url: str) -> Iterator[Store]:
    """A new store on PostgreSQL and S3."""
    with open_store(f"{postgres_url}?blobs={s3_url}") as opened:
        yield opened
