"""The store on PostgreSQL and S3 passes every contract, and survives lost connections."""

from __future__ import annotations

import pytest
from tests.contracts.store.access import AccessContract, MemoContract
from tests.contracts.store.blobs import BlobsContract
from tests.contracts.store.catalogue import CatalogueContract
from tests.contracts.store.find import FindContract
from tests.contracts.store.labels import SUBJECT, LabelsContract
from tests.contracts.store.metrics import MetricsContract
from tests.contracts.store.nodes import NodesContract
from tests.contracts.store.peers import PeersContract
from tests.contracts.store.texts import TextsContract

from instar.base.ids import event_id
from instar.store import Store
from instar.store.keeping.check import check
from instar.store.keeping.gc import collect
from instar.store.protocols import Access, Blobs, Labels, Memo, Metrics, Nodes, Peers
from instar.store.records import Edge, File, Node, Record


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


class TestFind(FindContract):
    @pytest.fixture
    def store(self, shared_store: Store) -> Store:
        return shared_store


class TestCatalogue(CatalogueContract):
    @pytest.fixture
    def store(self, shared_store: Store) -> Store:
        return shared_store


def test_a_question_may_recurse_from_a_parameter(shared_store: Store) -> None:
    first, second = Node("a" * 32, "run"), Node("b" * 32, "run")
    shared_store.nodes.put([Record((first, second), (Edge(second.id, "informed", first.id),))])
    sql = (
        "WITH RECURSIVE up(id) AS (SELECT :id UNION SELECT e.dst FROM up JOIN edge e ON e.src = up.id) "
        "SELECT id FROM up WHERE 1 = :one ORDER BY id"
    )
    assert shared_store.catalogue.select(sql, {"id": second.id, "one": 1}).rows == ((first.id,), (second.id,))


def test_what_nobody_needs_is_collected(shared_store: Store) -> None:
    used, free = shared_store.blobs.put(b"used"), shared_store.blobs.put(b"free")
    node = Node(event_id(), "run")
    shared_store.nodes.put([Record((node,), files=(File(node.id, "a", used, 4),))])
    assert collect(shared_store).blobs == ()
    assert [blob.digest for blob in collect(shared_store, grace=0.0).blobs] == [free]
    assert shared_store.blobs.has([used, free]) == {used}
    assert check(shared_store).clean
