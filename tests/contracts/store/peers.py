"""What every implementation of Peers promises. A subclass gives the ``peers`` fixture: those of a new store."""

from __future__ import annotations

from instar.base.ids import is_id
from instar.store.protocols import Peers


class PeersContract:
    """Who a store is, and how far it has taken over from others."""

    def test_a_store_has_one_id(self, peers: Peers) -> None:
        assert is_id(peers.id())
        assert peers.id() == peers.id()

    def test_cursors_are_kept_for_each_peer_and_advance_one_by_one(self, peers: Peers) -> None:
        assert peers.cursors("a") == {}
        peers.advance("a", {"nodes": "1:1", "labels": "5"})
        peers.advance("b", {"nodes": "7:7"})
        peers.advance("a", {"nodes": "2:3"})
        assert peers.cursors("a") == {"nodes": "2:3", "labels": "5"}
        assert peers.cursors("b") == {"nodes": "7:7"}
