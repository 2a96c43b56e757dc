from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from instar.base.errors import BadInput
from instar.serve.errors import Forbidden, Unauthorized
from instar.serve.server import NeedsTokens, Server, is_loopback
from instar.serve.tokens import LOCAL_TOKEN, Guard, TokenFileOpen, create_token, local_token
from instar.store import Store


def header(token: str) -> bytes:
    return f"Bearer {token}".encode()


def test_the_local_token_is_made_once_private_and_the_same_for_all(store: Store) -> None:
    with ThreadPoolExecutor(8) as pool:
        tokens = set(pool.map(lambda _: local_token(store.folder), range(32)))
    (token,) = tokens
    assert token is not None
    assert len(token) == 64
    assert stat.S_IMODE(os.stat(store.folder / LOCAL_TOKEN).st_mode) == 0o600
    assert [path.name for path in store.folder.glob("token*")] == ["token"]


def test_a_token_file_that_others_can_read_is_refused(store: Store) -> None:
    local_token(store.folder)
    (store.folder / LOCAL_TOKEN).chmod(0o644)
    with pytest.raises(TokenFileOpen, match="can be read by others"):
        local_token(store.folder)


def test_a_token_counts_for_its_role_and_project_until_it_is_revoked(store: Store) -> None:
    eva = create_token(store, "eva", "viewer")
    other = create_token(store, "other", "admin", project="elsewhere")
    guard = Guard(store, "default", local=False)
    guard.need(header(eva), "viewer")
    with pytest.raises(Forbidden, match="has the role viewer; contributor is needed"):
        guard.need(header(eva), "contributor")
    with pytest.raises(Unauthorized, match="unknown or revoked"):
        guard.need(header(other), "viewer")
    store.access.revoke_token("eva")
    guard.refresh()
    with pytest.raises(Unauthorized, match="unknown or revoked"):
        guard.need(header(eva), "viewer")
    with pytest.raises(Unauthorized, match="no token"):
        guard.need(None, "viewer")


def test_tokens_are_kept_as_their_digest_only(store: Store) -> None:
    token = create_token(store, "ci", "contributor")
    assert token not in repr(store.access.tokens())
    assert token.encode() not in (store.folder / "store.db").read_bytes()


def test_a_new_token_is_audited_once(store: Store) -> None:
    create_token(store, "ci", "contributor")
    assert [(entry.action, entry.subject, entry.by, entry.detail) for entry in store.access.audited()] == [
        ("token.add", "ci", "ana", "contributor")
    ]


def test_the_local_token_counts_on_loopback_only(store: Store) -> None:
    token = local_token(store.folder)
    assert token is not None
    Guard(store, "default", local=True).need(header(token), "admin")
    with pytest.raises(Unauthorized):
        Guard(store, "default", local=False).need(header(token), "viewer")


def test_an_address_others_can_reach_needs_a_registered_token(store: Store) -> None:
    with pytest.raises(NeedsTokens, match="no token is registered"):
        Server(store, host="0.0.0.0")
    create_token(store, "eva", "viewer")
    Server(store, host="0.0.0.0")
    with pytest.raises(NeedsTokens, match="--no-token would let them in"):
        Server(store, host="0.0.0.0", token=False)
    Server(store, token=False)


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("127.8.8.8", True), ("::", False), ("192.168.0.1", False), ("lab", False)],
)
def test_what_only_this_machine_can_reach(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


def test_an_unknown_role_is_refused(store: Store) -> None:
    with pytest.raises(BadInput, match="unknown role 'boss'"):
        create_token(store, "x", "boss")
