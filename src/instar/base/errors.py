"""Errors. Each names the thing, the cause and the next step, and knows its HTTP and exit status."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import ClassVar

LONGEST = 200  # letters of a name that an error repeats


class InstarError(Exception):
    """The root of every error that Instar raises on purpose.

    status : the HTTP status a server answers with;  exit_status : what the command line ends with
    """

    status: ClassVar[int] = 400
    exit_status: ClassVar[int] = 1


class NotFound(InstarError):
    """Something was asked for by a name or id that nothing here has."""

    status = 404

    def __init__(self, kind: str, name: str, available: Iterable[str] = (), next_step: str = "") -> None:
        shown = name if len(name) <= LONGEST else f"{name[:LONGEST]}…"
        super().__init__(f"no {kind} {shown!r}; {next_step or suggestion(name[:LONGEST], available)}")


class Conflict(InstarError):
    """The same identity with another content, or a write that another writer's work forbids."""

    status = 409


class Corrupt(InstarError):
    """Stored bytes are not what their digest says."""

    status = 500

    def __init__(self, digest: str, found: str, where: str) -> None:
        super().__init__(
            f"blob {digest} at {where} is corrupt: its bytes have the digest {found}; "
            "nothing was read. Put back a good copy of the file (a backup or another store has it), "
            "then run `instar check`"
        )


class BadInput(InstarError):
    """What the caller gave cannot be read or used as it is."""

    status = 422


class Unauthorized(InstarError):
    """No token, or one that counts for nothing."""

    status = 401


class Forbidden(InstarError):
    """A token that counts, but not for this."""

    status = 403


class ColumnMissing(BadInput):
    """A step names a column that its input does not have."""

    def __init__(self, column: str, step: str, available: Iterable[str]) -> None:
        super().__init__(f"{step}: the input has no column {column!r}; {suggestion(column, available)}")


class WrongType(BadInput):
    """A step or request has a column of a type it cannot use."""

    def __init__(self, column: str, step: str, found: str, needed: str, next_step: str) -> None:
        super().__init__(f"{step}: column {column!r} is {found}, {needed} is needed; {next_step}")


def suggestion(name: str, available: Iterable[str]) -> str:
    """The next step when ``name`` is unknown: the nearest name, else what there is.

    >>> suggestion("Runtme", ["Runtime", "Year"])
    "did you mean 'Runtime'?"
    """
    names = sorted(available)
    if near := get_close_matches(name, names, n=1):
        return f"did you mean {near[0]!r}?"
    if not names:
        return "there is none yet"
    shown = ", ".join(names[:12])
    return f"there is: {shown}" + (f", and {len(names) - 12} more" if len(names) > 12 else "")
