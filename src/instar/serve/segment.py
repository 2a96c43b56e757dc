"""One segment of a journal on disk: an append-only log of records, and the index of its predictions.

    log     "INSTARJ1", then records: length (u32), crc-32 of kind and payload (u32), kind (u8), payload
    index   for each prediction the offset of its record in the log (u64): number n lies at byte 8 n

Integers of the log are little-endian, those of the index in the machine's own order. The log is what counts, the index
follows from it. The writer holds a lock on the log, which ends with its process, however it ends: a log without a lock
is dead and may be sealed.
"""

from __future__ import annotations

import fcntl
import os
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zlib import crc32

import msgspec

MAGIC = b"INSTARJ1"
HEAD = struct.Struct("<IIB")
OFFSET = struct.Struct("=Q")
HEADER, PREDICTION, FEEDBACK = 0, 1, 2
_KINDS = {kind: crc32(bytes([kind])) for kind in (HEADER, PREDICTION, FEEDBACK)}
LONGEST = 1 << 28


class Header(msgspec.Struct, frozen=True):
    """What all records of a segment share.

    arms : ids of the candidates' model versions, in order;  names : the same as ``name@number``
    columns : (name, type) of a row;  target : type of the value;  opened_at : microseconds
    """

    segment: str
    replica: str
    project: str
    deployment: str
    deployment_version: str
    activity: str
    arms: tuple[str, ...]
    names: tuple[str, ...]
    columns: tuple[tuple[str, str], ...]
    target: str
    opened_at: int


class Prediction(msgspec.Struct, array_like=True):
    """One answered row.

    at : when the policy decided, microseconds;  arm : position of the candidate whose answer was given
    asked, missing : positions of those asked, and of those that did not answer in time
    propensities : of all candidates at the decision;  key : the part of the context the policy looked at
    row : the values in the order of the header's columns, as msgpack
    """

    at: int
    arm: int
    asked: tuple[int, ...]
    propensities: tuple[float, ...]
    key: str
    value: Any
    score: float | None
    context: dict[str, Any] | None
    missing: tuple[int, ...]
    row: msgspec.Raw


class Feedback(msgspec.Struct, array_like=True):
    """What became known about a prediction.

    prediction : its id;  at : when the feedback came;  predicted_at : when the policy decided
    arm : id of the model version that answered;  counted : whether the policy learned from it (the first one counts)
    """

    prediction: str
    at: int
    predicted_at: int
    arm: str
    key: str
    propensity: float
    value: Any
    reward: float
    counted: bool


def frame(kind: int, payload: bytes) -> bytes:
    """A record as it lies in the log."""
    return HEAD.pack(len(payload), crc32(payload, _KINDS[kind]), kind) + payload


class SegmentFile:
    """A segment being written. ``write`` is called from one thread at a time."""

    def __init__(self, folder: Path, header: Header) -> None:
        """Make the files of a new segment. Raises OSError."""
        folder.mkdir(parents=True, exist_ok=True)
        self.header = header
        self.path = folder / f"{header.segment}.log"
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        new = self.path.with_suffix(".new")  # it takes its name when it is locked, else it could be sealed as dead
        self._log = os.open(new, flags, 0o600)
        fcntl.flock(self._log, fcntl.LOCK_EX)
        self._index = os.open(self.path.with_suffix(".idx"), flags, 0o600)
        self.end = self._write(MAGIC + frame(HEADER, msgspec.json.encode(header)), at=0)
        os.fdatasync(self._log)
        new.rename(self.path)
        _sync_folder(folder)

    def write(self, records: bytes, offsets: bytes) -> None:
        """Append whole records and the offsets of their predictions; durable on return. Raises OSError."""
        self.end += self._write(records, self.end)
        if offsets:
            os.write(self._index, offsets)
        os.fdatasync(self._log)

    def _write(self, data: bytes, at: int) -> int:
        view = memoryview(data)
        while view:
            written = os.pwrite(self._log, view, at)
            at, view = at + written, view[written:]
        return len(data)

    def read(self, offset: int) -> bytes | None:
        """The payload of the prediction at ``offset``, None if there is none."""
        return _prediction_at(self._log, offset)

    def close(self) -> None:
        """Let go of the files: the segment may be sealed from now on."""
        os.close(self._log)
        os.close(self._index)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _prediction_at(log: int, offset: int) -> bytes | None:
    head = os.pread(log, HEAD.size, offset)
    if len(head) < HEAD.size:
        return None
    length, crc, kind = HEAD.unpack(head)
    if kind != PREDICTION or length > LONGEST:
        return None
    payload = os.pread(log, length, offset + HEAD.size)
    return payload if len(payload) == length and crc32(payload, _KINDS[kind]) == crc else None


@dataclass(frozen=True)
class Scan:
    """A whole segment, read.

    predictions, feedback : payloads in order;  end : where the good records end;  torn : bytes after it, dropped
    """

    header: Header
    predictions: list[bytes]
    feedback: list[bytes]
    end: int
    torn: int


def scan(path: Path) -> Scan | None:
    """Read a log up to the first record that is not whole; None when not even the header is.

    A crash may leave the last records half written; nothing of them was acknowledged as durable.
    """
    data = memoryview(path.read_bytes())
    header: Header | None = None
    predictions: list[bytes] = []
    feedback: list[bytes] = []
    end = len(MAGIC)
    for kind, payload in _records(data):
        end += HEAD.size + len(payload)
        if kind == HEADER:
            header = msgspec.json.decode(payload, type=Header)
        else:
            (predictions if kind == PREDICTION else feedback).append(bytes(payload))
    return None if header is None else Scan(header, predictions, feedback, end, len(data) - end)


def _records(data: memoryview) -> Iterator[tuple[int, memoryview]]:
    if data[: len(MAGIC)] != MAGIC:
        return
    at = len(MAGIC)
    while at + HEAD.size <= len(data):
        length, crc, kind = HEAD.unpack_from(data, at)
        payload = data[at + HEAD.size : at + HEAD.size + length]
        if kind not in _KINDS or len(payload) < length or crc32(payload, _KINDS[kind]) != crc:
            return
        yield kind, payload
        at += HEAD.size + length


def read_header(log: int) -> Header | None:
    """The header of an open log."""
    start = len(MAGIC)
    head = os.pread(log, HEAD.size, start)
    if len(head) < HEAD.size:
        return None
    length, crc, kind = HEAD.unpack(head)
    payload = os.pread(log, min(length, LONGEST), start + HEAD.size)
    if kind != HEADER or len(payload) < length or crc32(payload, _KINDS[HEADER]) != crc:
        return None
    return msgspec.json.decode(payload, type=Header)


def read_prediction(path: Path, number: int) -> tuple[Header, bytes] | None:
    """The header and the payload of prediction ``number`` of the log at ``path``: two reads, however long it is.

    None when the segment has no such prediction. Raises FileNotFoundError when there is no such log.
    A crash may have torn the index: then the log, which is what counts, is read whole.
    """
    log = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        header = read_header(log)
        index = os.open(path.with_suffix(".idx"), os.O_RDONLY | os.O_CLOEXEC)
        try:
            entry = os.pread(index, OFFSET.size, number * OFFSET.size)
        finally:
            os.close(index)
        if header is None:
            return None
        if len(entry) == OFFSET.size and (payload := _prediction_at(log, OFFSET.unpack(entry)[0])) is not None:
            return header, payload
    finally:
        os.close(log)
    if is_dead(path) and (found := scan(path)) and number < len(found.predictions):
        return header, found.predictions[number]
    return None


def is_dead(path: Path) -> bool:
    """Whether no living process writes to this log."""
    try:
        log = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(log, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(log)
    return True


def logs(folder: Path) -> Iterable[Path]:
    """The logs in a journal's folder, oldest first."""
    return sorted(folder.glob("*.log")) if folder.is_dir() else []
