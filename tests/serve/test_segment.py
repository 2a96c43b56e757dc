from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from instar.base.ids import event_id
from instar.serve.segment import (
    FEEDBACK,
    PREDICTION,
    Header,
    Prediction,
    SegmentFile,
    frame,
    is_dead,
    logs,
    read_prediction,
    scan,
)


def header() -> Header:
    return Header(
        event_id(), "00c0ffee", "default", "rating", "d1", "a1", ("m1",), ("rating@1",), (("x", "float64"),), "bool", 1
    )


def payload(number: int) -> bytes:
    row = msgspec.Raw(msgspec.msgpack.encode([float(number)]))
    return msgspec.msgpack.encode(Prediction(number, 0, (0,), (1.0,), "", True, 0.5, None, (), row))


def write(file: SegmentFile, payloads: list[bytes], kind: int = PREDICTION) -> None:
    records, offsets, end = b"", b"", file.end
    for each in payloads:
        record = frame(kind, each)
        if kind == PREDICTION:
            offsets += end.to_bytes(8, "little")
        records, end = records + record, end + len(record)
    file.write(records, offsets)


@pytest.fixture
def file(tmp_path: Path) -> SegmentFile:
    return SegmentFile(tmp_path, header())


def test_what_was_written_is_read_in_order(file: SegmentFile) -> None:
    write(file, [payload(0), payload(1)])
    write(file, [b"feedback"], FEEDBACK)
    write(file, [payload(2)])
    found = scan(file.path)
    assert found is not None
    assert (found.header, found.torn) == (file.header, 0)
    assert found.predictions == [payload(0), payload(1), payload(2)]
    assert found.feedback == [b"feedback"]


def test_a_prediction_is_found_by_its_number(file: SegmentFile) -> None:
    write(file, [payload(number) for number in range(50)])
    write(file, [b"feedback"], FEEDBACK)
    write(file, [payload(50)])
    for number in (0, 7, 50):
        assert read_prediction(file.path, number) == (file.header, payload(number))
    assert read_prediction(file.path, 51) is None


def test_a_prediction_is_found_after_a_crash_that_lost_the_index(file: SegmentFile) -> None:
    write(file, [payload(0), payload(1)])
    file.close()
    file.path.with_suffix(".idx").write_bytes(b"\x01")
    assert read_prediction(file.path, 1) == (file.header, payload(1))


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_wherever_the_tail_is_torn_what_came_before_is_kept(data: st.DataObject) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        file = SegmentFile(Path(name), header())
        ends = []
        for number in range(4):
            write(file, [payload(number)])
            ends.append(file.end)
        file.close()
        cut = data.draw(st.integers(ends[0], ends[-1]))
        os.truncate(file.path, cut)
        found = scan(file.path)
        assert found is not None
        whole = sum(end <= cut for end in ends)
        assert found.predictions == [payload(number) for number in range(whole)]
        assert found.torn == cut - ends[whole - 1]


def test_a_changed_byte_ends_the_segment_before_its_record(file: SegmentFile) -> None:
    write(file, [payload(0), payload(1)])
    data = bytearray(file.path.read_bytes())
    data[-3] ^= 0xFF
    file.path.write_bytes(data)
    found = scan(file.path)
    assert found is not None
    assert found.predictions == [payload(0)]
    assert found.torn > 0


def test_bytes_that_are_no_segment_hold_nothing(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    for data in (b"", b"INSTARJ1", b"something else entirely"):
        path.write_bytes(data)
        assert scan(path) is None


def test_a_log_is_dead_only_when_its_writer_is_gone(file: SegmentFile) -> None:
    assert not is_dead(file.path)
    file.close()
    assert is_dead(file.path)


def test_a_log_has_its_name_only_when_it_is_locked(tmp_path: Path) -> None:
    seen: list[bool] = []
    with ThreadPoolExecutor(2) as pool:
        making = pool.submit(lambda: [SegmentFile(tmp_path, header()) for _ in range(30)])
        while not making.done():
            seen += [is_dead(path) for path in logs(tmp_path)]
    assert not any(seen)
    for file in making.result():
        file.close()
