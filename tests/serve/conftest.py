"""One server for all tests that change nothing it serves."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.serve.running import Process, versions

from instar.serve.client import Client
from instar.serve.deployment import deploy
from instar.serve.policies import Thompson
from instar.store import Store, open_store


@pytest.fixture(scope="session")
def served_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store with the deployment ``sign`` of two versions, by Thompson sampling in each region."""
    with open_store(tmp_path_factory.mktemp("served") / "store") as store:
        deploy("sign", versions(store, 2), Thompson(by=["region"]), experimental=True, store=store)
        yield store


@pytest.fixture(scope="session")
def running(served_store: Store) -> Iterator[Process]:
    with Process(served_store, "--most-body", "100000", "--allow-host", "models.example") as process:
        yield process


@pytest.fixture
def client(running: Process) -> Iterator[Client]:
    with running.client() as client:
        yield client
