"""What can go wrong outside Instar (disk, database, text), as errors that say the thing, the cause and the next step."""

from __future__ import annotations

import errno
import os

from instar.base.errors import InstarError

_NEXT = {
    errno.EACCES: "get the right to it, or use another place",
    errno.EPERM: "get the right to it, or use another place",
    errno.EROFS: "use a place that can be written",
    errno.ENOTDIR: "a part of its path is a file; correct the path",
    errno.EISDIR: "name a file, not a folder",
    errno.ENOENT: "correct the path, or make what is missing",
    errno.ENOSPC: "make room on the disk (`instar check` tells whether the store is whole), then try again",
    errno.EDQUOT: "make room within your quota, then try again",
    errno.EMFILE: "raise the limit (`ulimit -n`), then try again",
    errno.EIO: "the device or file system does not give the bytes; try a copy elsewhere",
}


class Failed(InstarError):
    """Something that Instar needs of the machine was refused."""

    status = 500


def explained(error: Exception) -> InstarError | None:
    """The error as one for people; None for what is none of the machine's, and so a mistake of ours.

    >>> print(explained(PermissionError(13, "Permission denied", "films.csv")))
    films.csv: permission denied; get the right to it, or use another place
    """
    if isinstance(error, InstarError):
        return error
    if isinstance(error, OSError):
        return None if error.errno == errno.EPIPE else Failed(_of_system(error))  # a closed pipe is nobody's error
    if isinstance(error, UnicodeError):
        return Failed(f"text that is not UTF-8: {error}; give UTF-8, or set PYTHONUTF8=1 if the terminal is another")
    return _of_store(error)


def _of_system(error: OSError) -> str:
    thing = os.fsdecode(error.filename) if isinstance(error.filename, str | bytes) else "the system"
    cause = (error.strerror or str(error) or type(error).__name__).rstrip(".")
    next_step = _NEXT.get(error.errno or 0, "see whether it is there and can be used, then try again")
    return f"{thing}: {cause[:1].lower()}{cause[1:]}; {next_step}"


def _of_store(error: Exception) -> InstarError | None:
    """Errors of the libraries below the store. They are imported here, where one of them is likely there already."""
    from obstore.exceptions import BaseError
    from sqlalchemy.exc import DBAPIError, SQLAlchemyError

    next_step = "see whether its folder can be written and the disk has room, then run `instar check`"
    if isinstance(error, SQLAlchemyError):
        cause = str(error.orig) if isinstance(error, DBAPIError) else str(error).partition("\n")[0]
        return Failed(f"the database of the store: {cause}; {next_step}")
    if isinstance(error, BaseError):
        return Failed(f"the blobs of the store: {str(error).partition(chr(10))[0]}; {next_step}")
    return None
