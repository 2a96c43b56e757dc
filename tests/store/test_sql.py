"""The embedded store passes every contract."""

from __future__ import annotations

import pytest
from tests.contracts.store.access import AccessContract, MemoContract
from tests.contracts.store.blobs import BlobsContract
from tests.contracts.store.labels import SUBJECT, LabelsContract
from tests.contracts.store.metrics import MetricsContract
from tests.contracts.store.nodes import NodesContract
from tests.contracts.store.peers import PeersContract
from tests.contracts.store.texts import TextsContract

from instar.store import Store
from instar.store.protocols import Access, Blobs, Labels, Memo, Metrics, Nodes, Peers
from instar.store.records import Node, Record


class TestNodes(NodesContract):
    @pytest.fixture
    def nodes(self, store: Store) -> Nodes:
        return store.nodes


class TestLabels(LabelsContract):
    @pytest.fixture
    def labels(self, store: Store) -> Labels:
        store.nodes.put([Record((Node(SUBJECT, "run"),))])
        return store.labels


class TestMetrics(MetricsContract):
    @pytest.fixture
    def metrics(self, store: Store) -> Metrics:
        return store.metrics


class TestBlobs(BlobsContract):
    @pytest.fixture
    def blobs(self, store: Store) -> Blobs:
        return store.blobs


class TestMemo(MemoContract):
    @pytest.fixture
    def memo(self, store: Store) -> Memo:
        return store.memo


class TestAccess(AccessContract):
    @pytest.fixture
    def access(self, store: Store) -> Access:
        return store.access


class TestPeers(PeersContract):
    @pytest.fixture
    def peers(self, store: Store) -> Peers:
        return store.peers


class TestTexts(TextsContract):
    @pytest.fixture
    def texts(self, store: Store) -> Store:
        return store
