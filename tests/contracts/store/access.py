"""What every implementation of Access and Memo promises."""

from __future__ import annotations

import pytest

from instar.base.errors import Conflict, NotFound
from instar.store.protocols import Access, Memo
from instar.store.records import Key, Token


class MemoContract:
    """A subclass gives the ``memo`` fixture: an empty one."""

    def test_the_first_value_of_a_key_is_kept(self, memo: Memo) -> None:
        memo.put({"a": b"1", "b": b"2"})
        memo.put({"a": b"9"})
        memo.put({})
        assert memo.get(["a", "b", "c"]) == {"a": b"1", "b": b"2"}


class AccessContract:
    """A subclass gives the ``access`` fixture: an empty one."""

    def test_a_key_is_registered_once_and_can_be_revoked_once(self, access: Access) -> None:
        access.add_key(Key("k1", "ana", "00" * 32))
        access.add_key(Key("k1", "ana", "00" * 32))
        assert [(key.id, key.owner, key.revoked_at) for key in access.keys()] == [("k1", "ana", None)]
        access.revoke_key("k1")
        assert access.keys()[0].revoked_at is not None
        with pytest.raises(NotFound, match="k1"):
            access.revoke_key("k1")

    def test_a_key_never_changes_its_owner_and_never_comes_back(self, access: Access) -> None:
        access.add_key(Key("k1", "ana", "00" * 32))
        with pytest.raises(Conflict, match=r"key k1 is registered for ana .* eva"):
            access.add_key(Key("k1", "eva", "00" * 32))
        access.revoke_key("k1")
        with pytest.raises(Conflict, match=r"key k1 of ana was revoked .* make another"):
            access.add_key(Key("k1", "ana", "00" * 32))
        assert [(key.owner, key.revoked_at is None) for key in access.keys()] == [("ana", False)]

    def test_a_name_has_one_live_token(self, access: Access) -> None:
        access.add_token(Token("d1", "laptop", "viewer"))
        with pytest.raises(Conflict, match="revoke it first"):
            access.add_token(Token("d2", "laptop", "viewer"))
        access.revoke_token("laptop")
        access.add_token(Token("d2", "laptop", "admin"))
        assert [(token.digest, token.revoked_at is None) for token in access.tokens()] == [("d1", False), ("d2", True)]

    def test_changes_are_audited_newest_first(self, access: Access) -> None:
        access.add_token(Token("d1", "laptop", "viewer"))
        access.audit("deploy", "rating", "ana", "version 1")
        assert [(entry.action, entry.subject) for entry in access.audited()] == [
            ("deploy", "rating"),
            ("token.add", "laptop"),
        ]
