"""Whether a process still lives: a file in the store's folder that it holds locked until it ends, however it ends.

The system gives an advisory lock (flock) back when its holder dies, also by ``kill -9``; so whoever can take the lock
knows that the process is gone, and closes the runs that it left open. Each started run is noted in the file before
``instar.run`` returns, so that a run killed within its first moments is known, too.
"""

from __future__ import annotations

import fcntl
import os
import socket
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from instar.base.ids import event_id
from instar.store.records import Record

FOLDER = "processes"
_present: weakref.WeakSet[Presence] = weakref.WeakSet()


class Presence:
    """This process in one store.

    name : the name of its file, which its runs refer to
    """

    def __init__(self, store_folder: Path) -> None:
        self.name = event_id()
        self.host = socket.gethostname()
        self.folder = str(store_folder)
        folder = store_folder / FOLDER
        folder.mkdir(exist_ok=True)
        self._path = folder / self.name
        # Locked under another name first: nobody may find the file unlocked while its process lives.
        hidden = folder / f".{self.name}"
        self._descriptor = os.open(hidden, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_APPEND, 0o644)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        hidden.rename(self._path)
        _present.add(self)

    def note(self, run: Record) -> None:
        """Remember a started run; not synced, since what must survive here is the end of this process only."""
        os.write(self._descriptor, msgspec.json.encode(run) + b"\n")

    def leave(self) -> None:
        """The process ends in order, and has closed its runs."""
        with suppress(FileNotFoundError):
            self._path.unlink()
        self.forget()

    def forget(self) -> None:
        """Close the file without giving the lock back where another process shares it."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def _after_fork_in_child() -> None:
    """A forked child must not keep its parent's lock alive."""
    for presence in list(_present):
        presence.forget()


os.register_at_fork(after_in_child=_after_fork_in_child)


def is_ours(store_folder: Path, host: str, folder: str) -> bool:
    """Whether what a process of this ``host`` and ``folder`` left open is for this machine to judge, in this store.

    folder : of the store, as the process that started the run saw it; empty in what older versions wrote
    """
    return host == socket.gethostname() and folder in ("", str(store_folder))


def lives(store_folder: Path, name: str) -> bool:
    """Whether the process with this file still runs on this machine."""
    with _taken(store_folder / FOLDER / name, fcntl.LOCK_SH) as dead:
        return not dead


@contextmanager
def _taken(path: Path, lock: int) -> Iterator[bool]:
    """Whether the lock could be had (its process is gone, or never was); if so it is held meanwhile."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        yield True
        return
    try:
        fcntl.flock(descriptor, lock | fcntl.LOCK_NB)
    except BlockingIOError:
        yield False
    else:
        yield True
    finally:
        os.close(descriptor)


@contextmanager
def left_behind(path: Path) -> Iterator[list[Record] | None]:
    """The runs noted by the process of this file if it is gone, else None; afterwards the file is removed."""
    with _taken(path, fcntl.LOCK_EX) as dead:
        if not dead or not path.exists():
            yield None
            return
        yield list(_notes(path.read_bytes()))
        path.unlink()


def _notes(data: bytes) -> Iterator[Record]:
    for line in data.splitlines():
        with suppress(msgspec.DecodeError):  # the last line of a process that died while writing it
            yield msgspec.json.decode(line, type=Record)


def files(store_folder: Path) -> list[Path]:
    """The files of all processes that started runs here and have not left in order."""
    folder = store_folder / FOLDER
    return sorted(path for path in folder.iterdir() if not path.name.startswith(".")) if folder.is_dir() else []
