"""The store, and how it is found: everything in one place, embedded in a folder by default."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from types import TracebackType

from instar.base.errors import BadInput, NotFound
from instar.base.settings import STORE_FOLDER, store_setting
from instar.store.blobs import FolderBlobs
from instar.store.protocols import Access, Blobs, Labels, Memo, Metrics, Nodes
from instar.store.sql.access import SqlAccess
from instar.store.sql.database import Database, StoreBroken
from instar.store.sql.labels import SqlLabels
from instar.store.sql.memo import SqlMemo
from instar.store.sql.metrics import SqlMetrics
from instar.store.sql.nodes import SqlNodes

DATABASE = "store.db"
_open: dict[Path, Store] = {}
_opening = threading.Lock()


class Store:
    """Where everything is kept: a folder with a SQLite database and blobs.

    One process opens a folder once (``open_store`` hands out the same object); several processes may share it.
    """

    nodes: Nodes
    labels: Labels
    metrics: Metrics
    blobs: Blobs
    memo: Memo
    access: Access

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.location = str(folder)
        _not_emptied(folder)
        self._database = Database(folder / DATABASE)
        self.nodes = SqlNodes(self._database)
        self.labels = SqlLabels(self._database)
        self.metrics = SqlMetrics(self._database)
        self.memo = SqlMemo(self._database)
        self.access = SqlAccess(self._database)
        self.blobs = FolderBlobs(folder / "blobs")

    def close(self) -> None:
        """Give back files and connections; what was acknowledged is on disk already."""
        with _opening:
            _open.pop(self.folder, None)
        self._database.close()

    def database_problems(self) -> list[str]:
        """What SQLite's own check of the database finds wrong; nothing, in a sound one."""
        return self._database.problems()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Store({self.location!r})"


def open_store(location: str | Path | None = None, create: bool = True) -> Store:
    """Open the store at ``location``, else ``INSTAR_STORE``, else the nearest ``.instar/`` upwards, else a new one here.

    Raises NotFound when there is none and ``create`` is false; NewerStore when a newer Instar wrote it.
    """
    folder = _folder(location or store_setting())
    with _opening:
        if (known := _open.get(folder)) is not None:
            return known
        if not (folder / DATABASE).exists():
            if not create:
                raise NotFound("store", str(folder), next_step="make one with `instar init`, or name one with --store")
            print(f"instar: new store in {folder}", file=sys.stderr)
            folder.mkdir(parents=True, exist_ok=True)
            (folder / ".gitignore").write_text("*\n")
        _open[folder] = store = Store(folder)
        return store


def _not_emptied(folder: Path) -> None:
    """A database is never empty once blobs lie beside it: then something cut it off, and a new one would hide that."""
    database, blobs = folder / DATABASE, folder / "blobs"
    if database.exists() and database.stat().st_size == 0 and blobs.is_dir() and any(blobs.glob("??/*")):
        raise StoreBroken(
            str(database), "file is not a database: it has 0 bytes, while the blobs of a store lie beside it"
        )


def _folder(location: str | Path | None) -> Path:
    if location is None:
        here = Path.cwd()
        for folder in (here, *here.parents):
            if (folder / STORE_FOLDER / DATABASE).exists():
                return folder / STORE_FOLDER
        return here / STORE_FOLDER
    if "://" in str(location):
        raise BadInput(f"store {location}: this version opens folders only; give the path of a folder")
    folder = Path(location).expanduser().resolve()
    if folder.is_file():
        raise BadInput(f"store {folder} is a file; name the folder that holds `{DATABASE}`, or a new one")
    inside = folder / STORE_FOLDER
    return inside if (inside / DATABASE).exists() else folder
