"""The store on PostgreSQL and S3 passes every contract, and survives lost connections."""

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
    def nodes(self, shared_store: Store) -> Nodes:
        return shared_store.nodes


class TestLabels(LabelsContract):
    @pytest.fixture
    def labels(self, shared_store: Store) -> Labels:
        shared_store.nodes.put([Record((Node(SUBJECT, "run"),))])
        return shared_store.labels


class TestMetrics(MetricsContract):
    @pytest.fixture
    def metrics(self, shared_store: Store) -> Metrics:
        return shared_store.metrics


class TestBlobs(BlobsContract):
    @pytest.fixture
    def blobs(self, shared_store: Store) -> Blobs:
        return shared_store.blobs


class TestMemo(MemoContract):
    @pytest.fixture
    def memo(self, shared_store: Store) -> Memo:
        return shared_store.memo


class TestAccess(AccessContract):
    @pytest.fixture
    def access(self, shared_store: Store) -> Access:
        return shared_store.access


class TestPeers(PeersContract):
    @pytest.fixture
    def peers(self, shared_store: Store) -> Peers:
        return shared_store.peers


class TestTexts(TextsContract):
    @pytest.fixture
    def texts(self, shared_store: Store) -> Store:
        return shared_store
