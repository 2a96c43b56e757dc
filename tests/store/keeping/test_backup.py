"""A backup of a store in use is whole or not there; what is restored from it is checked, and another store."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from instar.base.errors import BadInput, Conflict, Corrupt, NotFound
from instar.base.ids import event_id
from instar.data.datasets.dataset import DatasetVersion, dataset, import_data
from instar.store import Store, open_store
from instar.store.keeping import backup
from instar.store.keeping.backup import read_backup, restore
from instar.store.keeping.check import check
from instar.store.keeping.erasure import erase
from instar.store.records import File, Label, Metric, Node, Record

FRAME = pl.DataFrame({"x": [1, 2, 3]})


@pytest.fixture
def films(store: Store) -> DatasetVersion:
    return import_data("films", FRAME, chunk_rows=1, store=store)


def test_what_is_restored_is_the_same_and_another_store(store: Store, films: DatasetVersion, tmp_path: Path) -> None:
    run = Node(event_id(), "run", name="one")
    store.nodes.put([Record((run,))])
    store.labels.set([Label(run.id, "tag", "gold")])
    store.metrics.append([Metric(run.id, "loss", 1, 1, 0.5)])
    made = backup.backup(store, tmp_path / "backup")
    assert (made.blobs, made.copied, made.missing) == (4, 4, ())
    restore(tmp_path / "backup", tmp_path / "restored")
    with open_store(tmp_path / "restored") as again:
        assert check(again).clean
        assert again.nodes.since(limit=10_000).record == store.nodes.since(limit=10_000).record
        assert again.labels.of([run.id]) == store.labels.of([run.id])
        assert again.metrics.last([run.id]) == store.metrics.last([run.id])
        assert dataset("films", store=again).to_polars().equals(FRAME)
        assert again.id != store.id
        assert len(again.id) == 32


def test_a_second_backup_copies_only_what_is_new_and_drops_what_was_erased(
    store: Store, films: DatasetVersion, tmp_path: Path
) -> None:
    backup.backup(store, tmp_path / "backup")
    import_data("more", pl.DataFrame({"x": [1, 9]}), chunk_rows=1, store=store)
    second = backup.backup(store, tmp_path / "backup")
    assert (second.blobs, second.copied, second.freed) == (6, 2, 0)
    erase(store, "more@1", "why")
    third = backup.backup(store, tmp_path / "backup")
    assert (third.blobs, third.copied, third.freed) == (4, 0, 2)
    assert len(list((tmp_path / "backup").glob("store-*.db"))) == 1


_BACKUP = """
import sys
from pathlib import Path
from instar.store import open_store
from instar.store.keeping.backup import backup
backup(open_store(sys.argv[1]), Path(sys.argv[2]), lambda done, of: print(done, flush=True) or sys.stdin.readline())
"""


def test_an_interrupted_backup_leaves_the_one_before_it(store: Store, films: DatasetVersion, tmp_path: Path) -> None:
    to = tmp_path / "backup"
    for first in (True, False):
        command = [sys.executable, "-c", _BACKUP, str(store.folder), str(to)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE) as child:
            assert child.stdout is not None
            child.stdout.readline()
            child.send_signal(signal.SIGKILL)
        if first:
            with pytest.raises(NotFound, match="it was interrupted before it was whole: make it again"):
                restore(to, tmp_path / "none")
            assert not (tmp_path / "none").exists()
            backup.backup(store, to)
            import_data("more", pl.DataFrame({"x": [7, 8]}), chunk_rows=1, store=store)
    restore(to, tmp_path / "restored")
    with open_store(tmp_path / "restored") as again:
        assert check(again).clean
        assert not again.nodes.versions(dataset("more", store=store).id)
    assert backup.backup(store, to).blobs == 7
    assert not list(to.glob("*.tmp"))


_WRITER = """
import sys
from instar.base.ids import event_id
from instar.store import open_store
from instar.store.records import File, Node, Record
store = open_store(sys.argv[1])
while True:
    node = Node(event_id(), "run")
    store.nodes.put([Record((node,), files=(File(node.id, "a", store.blobs.put(node.id.encode()), 32),))])
    print(node.id, flush=True)
"""


def test_a_backup_of_a_store_that_is_written_to_is_one_state_of_it(store: Store, tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(store.folder)], stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        try:
            before = [writer.stdout.readline().strip() for _ in range(20)]
            backup.backup(store, tmp_path / "backup")
            before_second = [writer.stdout.readline().strip() for _ in range(20)]
            backup.backup(store, tmp_path / "backup")
        finally:
            writer.kill()
    restore(tmp_path / "backup", tmp_path / "restored")
    with open_store(tmp_path / "restored") as again:
        assert again.nodes.has(before + before_second) == {*before, *before_second}
        assert check(again).clean


def test_an_altered_backup_is_refused_and_nothing_is_restored(
    store: Store, films: DatasetVersion, tmp_path: Path
) -> None:
    to = tmp_path / "backup"
    backup.backup(store, to)
    digest = films.chunks[0].file
    path = to / "blobs" / digest[:2] / digest[2:]
    good = path.read_bytes()
    path.write_bytes(b"altered")
    with pytest.raises(Corrupt, match=digest):
        restore(to, tmp_path / "restored")
    path.write_bytes(good)
    database = to / read_backup(to).database
    database.write_bytes(database.read_bytes() + b"x")
    with pytest.raises(Corrupt, match="store-"):
        restore(to, tmp_path / "restored")
    assert not [path for path in tmp_path.iterdir() if path.name.startswith("restored")]


def test_nothing_that_is_there_is_written_over(store: Store, films: DatasetVersion, tmp_path: Path) -> None:
    backup.backup(store, tmp_path / "backup")
    with pytest.raises(Conflict, match="is not empty; nothing was restored"):
        restore(tmp_path / "backup", store.folder)
    assert films.to_polars().equals(FRAME)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "diary.txt").write_text("dear")
    with pytest.raises(Conflict, match="holds no backup"):
        backup.backup(store, tmp_path / "mine")
    with open_store(tmp_path / "other") as other, pytest.raises(Conflict, match="a backup of another store"):
        backup.backup(other, tmp_path / "backup")
    with pytest.raises(NotFound, match="instar backup"):
        restore(tmp_path / "mine", tmp_path / "new")


def test_what_the_store_itself_lacks_is_told_and_all_else_is_kept(
    store: Store, films: DatasetVersion, tmp_path: Path
) -> None:
    run, digest = Node(event_id(), "run"), store.blobs.put(b"lost")
    store.nodes.put([Record((run,), files=(File(run.id, "a", digest, 4),))])
    store.blobs.delete(digest)
    made = backup.backup(store, tmp_path / "backup")
    assert made.blobs == 4
    [missing] = made.missing
    assert missing.startswith(digest)


def test_what_was_answered_and_not_yet_sealed_is_in_the_backup(store: Store, tmp_path: Path) -> None:
    (store.folder / "journal").mkdir()
    (store.folder / "journal" / "a.log").write_bytes(b"answers")
    backup.backup(store, tmp_path / "backup")
    restore(tmp_path / "backup", tmp_path / "restored")
    assert (tmp_path / "restored" / "journal" / "a.log").read_bytes() == b"answers"
    os.remove(store.folder / "journal" / "a.log")
    backup.backup(store, tmp_path / "backup")
    assert not (tmp_path / "backup" / "journal" / "a.log").exists()


def test_only_a_folder_is_backed_up(store: Store, tmp_path: Path) -> None:
    class Elsewhere(Store):
        pass

    with pytest.raises(BadInput, match="is not a folder"):
        backup.backup(Elsewhere("postgresql://db/store", tmp_path), tmp_path / "backup")
