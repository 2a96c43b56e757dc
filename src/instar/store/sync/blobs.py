"""Carrying blobs from one store to another, before what refers to them is written."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from instar.base.errors import Corrupt, InstarError, NotFound
from instar.store.records import File
from instar.store.store import Store
from instar.store.sync.transfer import Progress, Transfer

AT_ONCE = 4  # blobs on their way: hides the latency of a far store, and bounds what lies in temporary files
ROUNDS = 3


class BlobMissing(InstarError):
    """The source names a blob that it does not have, or not whole."""

    status = 500

    def __init__(self, file: File, source: str, cause: Exception) -> None:
        super().__init__(
            f"{source}: file {file.path!r} of node {file.node} cannot be sent: {cause}. What was sent before is kept. "
            f"Repair it there (`instar check --repair` with a store that has it), then go on by the same command"
        )


def carry(source: Store, target: Store, wanted: Mapping[str, File], transfer: Transfer, progress: Progress) -> None:
    """Bring the blobs of ``wanted`` (by digest) that ``target`` lacks; when it returns, all are durable there.

    Asking for them renews their lease, so no ``gc`` takes one away before the node that refers to it is written; a long
    upload asks again at its end. Raises BlobMissing naming whose blob cannot be sent.
    """
    for _ in range(ROUNDS):
        missing = [wanted[digest] for digest in sorted(wanted.keys() - target.blobs.has(wanted))]
        if not missing:
            return
        transfer.bytes_known += sum(file.size for file in missing)
        progress(transfer)
        _bring(source, target, missing, transfer, progress)
    raise InstarError(
        f"{target.location}: blobs that were sent are gone again, such as {missing[0].digest}; "
        "see whether its disk or `instar gc` removes them, then go on by the same command"
    )


def _bring(source: Store, target: Store, missing: list[File], transfer: Transfer, progress: Progress) -> None:
    with tempfile.TemporaryDirectory(prefix="instar-sync-") as folder:
        pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="instar-sync")
        try:
            moving = [pool.submit(_one, source, target, file, Path(folder)) for file in missing]
            for done in as_completed(moving):
                transfer.blobs += 1
                transfer.bytes += done.result()
                progress(transfer)
        finally:
            pool.shutdown(cancel_futures=True)


def _one(source: Store, target: Store, file: File, folder: Path) -> int:
    """Through a file, since a blob may be larger than memory."""
    path = folder / file.digest
    try:
        size = source.blobs.fetch(file.digest, path)
    except (NotFound, Corrupt) as error:
        raise BlobMissing(file, source.location, error) from error
    target.blobs.put_file(path)
    path.unlink()
    return size
