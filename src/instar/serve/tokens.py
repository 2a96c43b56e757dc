"""Who may ask: tokens known by their sha-256, and a private one for this machine."""

from __future__ import annotations

import os
import secrets
import stat
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from instar.base import clock
from instar.base.digests import digest_bytes
from instar.base.errors import BadInput, InstarError
from instar.base.settings import author_setting
from instar.serve.errors import Busy, Forbidden, Unauthorized
from instar.store import Store
from instar.store.protocols import ROLES
from instar.store.records import Token

LOCAL_TOKEN = "token"

STALE = 5.0  # seconds after which a token must have been looked up again
_NONE = "send `Authorization: Bearer <token>`; `instar token` makes one, and on this machine the client finds its own"


class TokenFileOpen(InstarError):
    """The private token file can be read by others."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path} can be read by others, so its token is not private; delete the file, a new one is made"
        )


def new_token() -> str:
    """256 random bits, as 64 hexadecimal digits."""
    return secrets.token_hex(32)


def create_token(store: Store, name: str, role: str = "viewer", project: str = "") -> str:
    """Make and register a token; it is shown once and never kept. project : empty for all projects"""
    if role not in ROLES:
        raise BadInput(f"token {name!r}: unknown role {role!r}; use one of {', '.join(ROLES)}")
    token = new_token()
    store.access.add_token(Token(digest_bytes(token.encode()), name, role, project, clock.now()))
    return token


def local_token(folder: Path, create: bool = True) -> str | None:
    """The token of this store's folder, in a file that only its owner can read; made when there is none.

    Raises TokenFileOpen when others can read the file.
    """
    path = folder / LOCAL_TOKEN
    try:
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise TokenFileOpen(path)
        return path.read_text().strip()
    except FileNotFoundError:
        if not create:
            return None
    new = path.with_name(f"{LOCAL_TOKEN}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(new_token() + "\n")
    try:
        path.hardlink_to(new)  # fails if another process was first: its token counts
    except FileExistsError:
        pass
    finally:
        new.unlink()
    return local_token(folder, create=False)


@dataclass(frozen=True)
class Identity:
    """Whose token a request carries, and what it may do. project : empty for all projects

    proved : whether a token said so; not where everyone is let in
    """

    name: str
    role: str
    project: str = ""
    proved: bool = True

    @cached_property
    def rank(self) -> int:
        return ROLES.index(self.role)

    def need(self, role: str) -> None:
        """Raises Forbidden when this role is lower."""
        if self.rank < ROLES.index(role):
            raise Forbidden(f"this token has the role {self.role}; {role} is needed here")


class Guard:
    """Checks the tokens of requests. What is known is at most 5 s old, so that a revocation takes effect.

    ``refresh`` reads the registered tokens and is called from another thread every 2 s. A token is compared by its
    sha-256, so the time of the look-up says nothing about the token.
    """

    def __init__(self, store: Store, project: str | None, local: bool, required: bool = True) -> None:
        """project : whose tokens count beside those for all projects; None for every project's
        local : whether this machine's private token counts;  required : False lets everyone in as admin
        """
        self._store = store
        self._project = project
        self._local = local
        self._required = required
        self._anyone = Identity(author_setting(), "admin", proved=False)
        self._identities: dict[str, Identity] = {}  # by digest
        self._known: dict[bytes, Identity] = {}  # by the header's bytes
        self._fresh_until = 0.0
        self.refresh()

    def refresh(self) -> None:
        """Read the tokens that count now."""
        if not self._required:
            return
        identities = {
            token.digest: Identity(token.name, token.role, token.project)
            for token in self._store.access.tokens()
            if token.revoked_at is None and (self._project is None or token.project in ("", self._project))
        }
        if self._local and (mine := local_token(self._store.folder)):
            identities[digest_bytes(mine.encode())] = Identity(author_setting(), "admin")
        self._identities, self._known = identities, {}
        self._fresh_until = time.monotonic() + STALE

    @property
    def has_tokens(self) -> bool:
        return bool(self._identities)

    def need(self, header: bytes | None, role: str) -> None:
        """Let a request with this Authorization header pass. Raises Unauthorized, Forbidden, Busy."""
        if self._required:
            self.identify(header).need(role)

    def identify(self, header: bytes | None) -> Identity:
        """Whose request it is. Raises Unauthorized, Busy."""
        if not self._required:
            return self._anyone
        found = None if header is None else self._known.get(header)
        if found is None or time.monotonic() > self._fresh_until:
            found = self._look_up(header)
        return found

    def _look_up(self, header: bytes | None) -> Identity:
        if time.monotonic() > self._fresh_until:
            raise Busy("tokens cannot be checked at the moment, the store does not answer; try again")
        if header is None:
            raise Unauthorized(f"no token; {_NONE}")
        scheme, _, token = header.partition(b" ")
        found = self._identities.get(digest_bytes(token.strip())) if scheme.lower() == b"bearer" else None
        if found is None:
            raise Unauthorized(f"this token counts for nothing here: it is unknown or revoked; {_NONE}")
        self._known[header] = found
        return found
