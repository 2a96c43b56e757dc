"""Copying a SQLite database while it is in use: whole and at rest, or not at all."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from uuid import uuid4


def copy_database(source: Path, target: Path) -> int:
    """A copy of one state of the database, durable on return; its size in bytes. ``target`` is there whole or not at all.

    Writers go on meanwhile: what they commit after the copy began is in it, or not.
    """
    aside = target.with_name(f"{target.name}.{uuid4().hex}.tmp")
    try:
        url = f"{source.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(url, uri=True)) as old, closing(sqlite3.connect(aside)) as new:
            old.backup(new, pages=-1)  # one state: in pieces, every writer would make it begin anew
            new.execute("PRAGMA journal_mode=DELETE")  # all of it in one file
        sync(aside)
        aside.replace(target)
        sync(target.parent)
    finally:
        for path in target.parent.glob(f"{aside.name}*"):
            path.unlink()
    return target.stat().st_size


def sync(path: Path) -> None:
    """Make a file, or the names in a folder, durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
