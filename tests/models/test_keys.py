"""Keys: kept privately, sealed by a passphrase, registered and revoked."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from instar.base.errors import BadInput, Conflict, NotFound
from instar.models.keys import (
    WrongPassphrase,
    create_key,
    fingerprint,
    is_sealed,
    key_folder,
    open_key,
    register_key,
    verifies,
)
from instar.store import Store


def test_a_key_signs_and_only_its_own_public_half_verifies() -> None:
    ana, eva = create_key("ana"), create_key("eva")
    signature = ana.sign(b"approved")
    assert verifies(ana.public, signature, b"approved")
    assert not verifies(ana.public, signature, b"rejected")
    assert not verifies(eva.public, signature, b"approved")
    assert not verifies(ana.public, "no signature", b"approved")
    assert open_key("ana").sign(b"approved") == signature
    assert ana.id == fingerprint(ana.public)


def test_the_private_half_lies_in_a_file_that_only_its_owner_reads() -> None:
    key = create_key()
    path = key_folder() / "ana.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert key._private.hex() not in repr(key)
    path.chmod(0o644)
    with pytest.raises(BadInput, match="chmod 600"):
        open_key()


def test_a_sealed_key_needs_its_passphrase() -> None:
    made = create_key("ana", "two words")
    assert is_sealed("ana")
    assert made._private.hex() not in (key_folder() / "ana.json").read_text()
    with pytest.raises(WrongPassphrase, match="give its passphrase"):
        open_key("ana")
    with pytest.raises(WrongPassphrase, match="not the passphrase"):
        open_key("ana", "three words")
    assert open_key("ana", "two words").sign(b"x") == made.sign(b"x")


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    create_key("ana", folder=tmp_path)
    with pytest.raises(Conflict, match="has a key already"):
        create_key("ana", folder=tmp_path)


def test_a_missing_or_damaged_key_is_named() -> None:
    with pytest.raises(NotFound, match="instar key new"):
        open_key("nobody")
    create_key("ana")
    (key_folder() / "ana.json").write_text("{")
    with pytest.raises(BadInput, match="cannot be read"):
        open_key("ana")
    with pytest.raises(BadInput, match="cannot name a key"):
        create_key("../ana")


def test_a_registered_key_is_known_by_its_fingerprint_until_it_is_revoked(store: Store) -> None:
    key = create_key("eva")
    register_key(store.access, "eva", key.public)
    (known,) = store.access.keys()
    assert (known.id, known.owner, known.registered_by, known.revoked_at) == (key.id, "eva", "ana", None)
    store.access.revoke_key(key.id)
    assert store.access.keys()[0].revoked_at is not None
    with pytest.raises(BadInput, match="is no public key"):
        register_key(store.access, "eva", "xyz")
