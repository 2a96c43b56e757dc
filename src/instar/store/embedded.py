"""The embedded store: a folder with a SQLite database and blobs."""

from __future__ import annotations

from pathlib import Path

from instar.base.settings import DATABASE
from instar.store.blobs import FolderBlobs
from instar.store.explained import ExplainedBlobs
from instar.store.sql.access import SqlAccess
from instar.store.sql.catalogue import SqliteCatalogue
from instar.store.sql.database import Database, StoreBroken
from instar.store.sql.labels import SqlLabels
from instar.store.sql.memo import SqlMemo
from instar.store.sql.metrics import SqlMetrics
from instar.store.sql.nodes import SqlNodes
from instar.store.sql.peers import SqlPeers
from instar.store.store import Store


class EmbeddedStore(Store):
    """A folder that is a whole store: one process or several on one machine, no server."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        super().__init__(str(folder), folder)
        _not_emptied(folder)
        self.database = Database(folder / DATABASE)
        self.nodes = SqlNodes(self.database)
        self.labels = SqlLabels(self.database)
        self.metrics = SqlMetrics(self.database)
        self.memo = SqlMemo(self.database)
        self.access = SqlAccess(self.database)
        self.peers = SqlPeers(self.database)
        self.catalogue = SqliteCatalogue(folder / DATABASE)
        self.blobs = ExplainedBlobs(FolderBlobs(folder / "blobs"), self.nodes)

    def problems(self) -> list[str]:
        return self.database.problems()

    def close(self) -> None:
        super().close()
        self.database.close()


def _not_emptied(folder: Path) -> None:
    """A database is never empty once blobs lie beside it: then something cut it off, and a new one would hide that."""
    database, blobs = folder / DATABASE, folder / "blobs"
    if database.exists() and database.stat().st_size == 0 and blobs.is_dir() and any(blobs.glob("??/*")):
        raise StoreBroken(
            str(database), "file is not a database: it has 0 bytes, while the blobs of a store lie beside it"
        )
