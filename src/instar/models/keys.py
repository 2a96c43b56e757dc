"""People's keys: Ed25519, the private half in a file of their own, the public half registered in a store.

    ~/.config/instar/keys/<owner>.json   (or below INSTAR_HOME), readable by its owner only

With a passphrase the private half is sealed by ChaCha20-Poly1305 under argon2id of the passphrase; the cost is in the
file, so that it can grow.
"""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

import msgspec

from instar.base import clock
from instar.base.digests import digest_bytes
from instar.base.errors import BadInput, Conflict, InstarError, NotFound
from instar.base.settings import author_setting, home_folder
from instar.store.protocols import Access
from instar.store.records import Key

_OWNER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,99}")


class WrongPassphrase(InstarError):
    """A sealed key was opened with no passphrase or another one."""

    status = 403


class _Cost(msgspec.Struct, frozen=True):
    """Of argon2id. memory : KiB"""

    time: int = 3
    memory: int = 65_536
    lanes: int = 4


class _KeyFile(msgspec.Struct, frozen=True, omit_defaults=True):
    """private : raw, or sealed with its tag, in hex; salt and nonce : hex, empty when it is not sealed"""

    owner: str
    public: str
    private: str
    salt: str = ""
    nonce: str = ""
    cost: _Cost | None = None


@dataclass(frozen=True)
class SigningKey:
    """An opened key. id : fingerprint of the public half"""

    id: str
    owner: str
    public: str
    _private: bytes

    def sign(self, message: bytes) -> str:
        """The Ed25519 signature of ``message``, 128 hexadecimal digits."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return Ed25519PrivateKey.from_private_bytes(self._private).sign(message).hex()

    def __repr__(self) -> str:
        return f"SigningKey({self.id!r}, {self.owner!r})"  # never the private half


def fingerprint(public: str) -> str:
    """The id of a public key (hex): the first 32 digits of its sha-256."""
    return digest_bytes(bytes.fromhex(public))[:32]


def verifies(public: str, signature: str, message: bytes) -> bool:
    """Whether ``signature`` (hex) of ``message`` was made with the private half of ``public`` (hex)."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public)).verify(bytes.fromhex(signature), message)
    except (InvalidSignature, ValueError):
        return False
    return True


def key_folder() -> Path:
    """Where private keys lie: ``INSTAR_HOME/keys``, else ``~/.config/instar/keys``."""
    return home_folder() / "keys"


def create_key(owner: str | None = None, passphrase: str = "", folder: Path | None = None) -> SigningKey:
    """Make and keep a key for ``owner`` (you). Raises Conflict when there is one: a key is never overwritten."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    owner = owner or author_setting()
    path = _path(owner, folder)
    made = Ed25519PrivateKey.generate()
    private, public = made.private_bytes_raw(), made.public_key().public_bytes_raw().hex()
    kept = _seal(owner, public, private, passphrase) if passphrase else _KeyFile(owner, public, private.hex())
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise Conflict(
            f"{owner} has a key already, in {path}; use it, or move the file away to make a new one"
        ) from None
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(kept)) + b"\n")
    return SigningKey(fingerprint(public), owner, public, private)


def open_key(owner: str | None = None, passphrase: str = "", folder: Path | None = None) -> SigningKey:
    """Open the key of ``owner`` (you). Raises NotFound, WrongPassphrase, and BadInput when others can read the file."""
    owner = owner or author_setting()
    path = _path(owner, folder)
    if not path.is_file():
        raise NotFound("private key of", owner, next_step=f"make one with `instar key new` (looked for {path})")
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise BadInput(f"key {path} can be read by others, so it proves nothing; `chmod 600` it, or make a new one")
    try:
        kept = msgspec.json.decode(path.read_bytes(), type=_KeyFile)
    except msgspec.DecodeError as error:
        raise BadInput(f"key {path} cannot be read ({error}); put back a copy of it, or make a new one") from error
    return SigningKey(fingerprint(kept.public), kept.owner, kept.public, _unseal(kept, passphrase))


def is_sealed(owner: str | None = None, folder: Path | None = None) -> bool:
    """Whether the key of ``owner`` (you) asks for a passphrase; False when there is none."""
    path = _path(owner or author_setting(), folder)
    return path.is_file() and bool(msgspec.json.decode(path.read_bytes(), type=_KeyFile).salt)


def register_key(access: Access, owner: str, public: str, by: str | None = None) -> Key:
    """Let signatures of this public key (hex) count in a store; an admin's act. Raises BadInput for what is no key."""
    if len(public) != 64 or not set(public) <= set("0123456789abcdef"):
        raise BadInput(f"{public!r} is no public key: give the 64 hexadecimal digits that `instar key show` prints")
    key = Key(fingerprint(public), owner, public, clock.now(), by or author_setting())
    access.add_key(key)
    return key


def _path(owner: str, folder: Path | None) -> Path:
    if not _OWNER.fullmatch(owner):
        raise BadInput(
            f"{owner!r} cannot name a key; use letters, digits and . _ @ + -, beginning with a letter or digit"
        )
    return (folder or key_folder()) / f"{owner}.json"


def _seal(owner: str, public: str, private: bytes, passphrase: str) -> _KeyFile:
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    salt, nonce, cost = os.urandom(16), os.urandom(12), _Cost()
    sealed = ChaCha20Poly1305(_stretch(passphrase, salt, cost)).encrypt(nonce, private, bytes.fromhex(public))
    return _KeyFile(owner, public, sealed.hex(), salt.hex(), nonce.hex(), cost)


def _unseal(kept: _KeyFile, passphrase: str) -> bytes:
    if not kept.salt:
        return bytes.fromhex(kept.private)
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    if not passphrase:
        raise WrongPassphrase(f"the key of {kept.owner} is sealed; give its passphrase")
    secret = _stretch(passphrase, bytes.fromhex(kept.salt), kept.cost or _Cost())
    try:
        return ChaCha20Poly1305(secret).decrypt(
            bytes.fromhex(kept.nonce), bytes.fromhex(kept.private), bytes.fromhex(kept.public)
        )
    except InvalidTag:
        raise WrongPassphrase(f"this is not the passphrase of the key of {kept.owner}; try again") from None


def _stretch(passphrase: str, salt: bytes, cost: _Cost) -> bytes:
    from argon2.low_level import Type, hash_secret_raw

    return hash_secret_raw(passphrase.encode(), salt, cost.time, cost.memory, cost.lanes, 32, Type.ID)
