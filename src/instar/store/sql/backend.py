"""What differs between the databases that can hold a store, beneath one code for all."""

from __future__ import annotations

from typing import Protocol

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import StatementError

from instar.base.errors import BadInput


class Backend(Protocol):
    """One kind of database. Its engine commits each statement by itself, so that we say BEGIN and COMMIT ourselves.

    where : the store as messages name it, without secrets
    """

    where: str
    engine: Engine

    def begin_read(self, sql: Connection) -> None:
        """Until ROLLBACK, all statements see one state of the database."""

    def begin_write(self, sql: Connection) -> None:
        """Become the only writer of the store, of all processes, until COMMIT or ROLLBACK; wait for that, not for ever."""

    def fails(self, error: BaseException) -> bool:
        """Whether the database itself fails, not a statement that it was given."""

    def lost(self, error: BaseException) -> bool:
        """Whether the connection is gone: what was not committed was not written, and a fresh one may work."""

    def explain(self, error: BaseException) -> BaseException:
        """The failure in words for people; what is somebody else's error stays as it is."""

    def keep_copy(self, schema: str) -> None:
        """Before a migration: keep what is there with this ``schema``, where the database can, and say so."""

    def problems(self, sql: Connection) -> list[str]:
        """What the database finds wrong with itself."""


def cause(error: BaseException) -> BaseException:
    """What the driver said."""
    return error.orig if isinstance(error, StatementError) and error.orig is not None else error


def not_kept(error: BaseException) -> BadInput:
    """A value that no column holds: a text with NUL or half a character, a whole number beyond 64 bits."""
    return BadInput(
        f"a value is none that the database takes: {str(cause(error)).splitlines()[0]}; nothing was changed. "
        "Texts are without NUL and half characters, whole numbers have at most 64 bits"
    )
