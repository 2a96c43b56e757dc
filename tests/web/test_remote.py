"""The HTTP client promises what every store promises, each test on an empty store behind a real server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.contracts.store.access import AccessContract, MemoContract
from tests.contracts.store.blobs import BlobsContract
from tests.contracts.store.catalogue import CatalogueContract
from tests.contracts.store.find import FindContract
from tests.contracts.store.labels import SUBJECT, LabelsContract
from tests.contracts.store.metrics import MetricsContract
from tests.contracts.store.nodes import NodesContract
from tests.contracts.store.peers import PeersContract
from tests.web.running import Threaded

from instar.store import Store, open_store
from instar.store.protocols import Access, Blobs, Labels, Memo, Metrics, Nodes, Peers
from instar.store.records import Node, Record


@contextmanager
def behind_server(store: Store) -> Iterator[Store]:
    """The store behind a server on another thread: starting a process for each of these tests would take minutes."""
    with Threaded(store) as server, open_store(server.url) as opened:
        yield opened


# On PostgreSQL and S3 the facets pass the same suites without a server; here blobs do always, the others at length.
@pytest.fixture(params=["store", pytest.param("shared_store", marks=pytest.mark.soak)])
def remote(request: pytest.FixtureRequest) -> Iterator[Store]:
    with behind_server(request.getfixturevalue(request.param)) as opened:
        yield opened


class TestRemoteNodes(NodesContract):
    @pytest.fixture
    def nodes(self, remote: Store) -> Nodes:
        return remote.nodes


class TestRemoteLabels(LabelsContract):
    @pytest.fixture
    def labels(self, remote: Store) -> Labels:
        remote.nodes.put([Record((Node(SUBJECT, "run"),))])
        return remote.labels


class TestRemoteMetrics(MetricsContract):
    @pytest.fixture
    def metrics(self, remote: Store) -> Metrics:
        return remote.metrics


class TestRemoteBlobs(BlobsContract):
    @pytest.fixture
    def blobs(self, remote: Store) -> Blobs:
        return remote.blobs


class TestRemoteMemo(MemoContract):
    @pytest.fixture
    def memo(self, remote: Store) -> Memo:
        return remote.memo


class TestRemoteAccess(AccessContract):
    @pytest.fixture
    def access(self, remote: Store) -> Access:
        return remote.access


class TestRemotePeers(PeersContract):
    @pytest.fixture
    def peers(self, remote: Store) -> Peers:
        return remote.peers


class TestRemoteBlobsInObjectStore(BlobsContract):
    @pytest.fixture
    def blobs(self, shared_store: Store) -> Iterator[Blobs]:
        with behind_server(shared_store) as opened:
            yield opened.blobs


class TestRemoteFind(FindContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[Store]:
        with open_store(tmp_path / "store") as kept, behind_server(kept) as opened:
            yield opened


class TestRemoteCatalogue(CatalogueContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[Store]:
        with open_store(tmp_path / "store") as kept, behind_server(kept) as opened:
            yield opened
