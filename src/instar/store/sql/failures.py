"""How the database of a store fails, in words for people."""

from __future__ import annotations

from instar.base.errors import Conflict, InstarError
from instar.store.sql import tables


class StoreBusy(Conflict):
    """Another process has been writing for longer than we wait."""

    status = 503

    def __init__(self, where: str, patience: float, finder: str = "`fuser` on the file") -> None:
        super().__init__(
            f"the store {where} has been locked by another writer for {patience:g} s; nothing was written. "
            f"Wait for the other process to end, or find it with {finder}, and try again"
        )


class NewerStore(Conflict):
    """The store was written by a newer Instar."""

    def __init__(self, where: str, found: str) -> None:
        super().__init__(
            f"the store {where} has schema {found}, this version of Instar knows up to {tables.HEAD}; "
            "it was left untouched. Upgrade Instar (`pip install -U instar`) to open it"
        )


class StoreBroken(InstarError):
    """The database of the store fails: damaged, no database at all, not to be written, or on a failing disk."""

    status = 500

    def __init__(self, where: str, cause: str) -> None:
        super().__init__(f"the store {where}: {cause}; {_next_step(cause)}")


def _next_step(cause: str) -> str:
    if "readonly" in cause:
        return "nothing was written. Get the right to write the file and its folder (`ls -l` shows it), then try again"
    if "not a database" in cause or "malformed" in cause:
        return "nothing was changed. Put back a copy of this file from a backup, then run `instar check`"
    return "see whether its folder can be read and written and the disk is sound, then run `instar check`"


class StoreUnreachable(InstarError):
    """The server that keeps a part of the store gives no answer, or lets us not in."""

    status = 503

    def __init__(self, where: str, cause: str, next_step: str) -> None:
        super().__init__(f"the store {where}: {cause}; {next_step}")


class Interrupted(InstarError):
    """A write shared its commit with one that was interrupted."""

    status = 503

    def __init__(self, where: str) -> None:
        super().__init__(
            f"the store {where}: another thread was interrupted while it wrote for this one too, so this may not be "
            "written; do it again: what is there already stays as it is"
        )


class OutcomeUnknown(InstarError):
    """The connection broke while the server was told to commit."""

    status = 503

    def __init__(self, where: str) -> None:
        super().__init__(
            f"the store {where}: the connection broke while the server committed, so this may be written or not; "
            "do it again: what is there already stays as it is"
        )
