from __future__ import annotations

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.serve.test_segment import header

from instar.serve.errors import JournalFailed
from instar.serve.journal import Journal
from instar.serve.segment import Header, SegmentFile, scan
from instar.serve.writer import Writer


@pytest.fixture
def thread() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1)


def test_predictions_are_readable_at_once_and_durable_without_waiting_for_more(
    tmp_path: Path, thread: ThreadPoolExecutor
) -> None:
    async def scenario() -> None:
        writer = Writer(SegmentFile(tmp_path, header()), thread)
        assert [writer.predicted(b"p%d" % number) for number in range(3)] == [0, 1, 2]
        assert writer.read(2) == b"p2"
        assert writer.durable_count == 0
        while writer.durable_count < 3:
            await asyncio.sleep(0.001)
        assert writer.read(2) == b"p2"
        assert writer.read(3) is None
        await writer.close()

    asyncio.run(scenario())


def test_feedback_is_on_disk_when_it_returns_with_everything_before_it(
    tmp_path: Path, thread: ThreadPoolExecutor
) -> None:
    async def scenario() -> None:
        writer = Writer(SegmentFile(tmp_path, header()), thread)
        writer.predicted(b"p0")
        await writer.feedback(b"f0")
        found = scan(writer.file.path)
        assert found is not None
        assert (found.predictions, found.feedback) == ([b"p0"], [b"f0"])
        await writer.close()

    asyncio.run(scenario())


def test_feedback_that_comes_together_shares_commits(tmp_path: Path, thread: ThreadPoolExecutor) -> None:
    async def scenario() -> None:
        writer = Writer(SegmentFile(tmp_path, header()), thread)
        await asyncio.gather(*(writer.feedback(b"f%d" % number) for number in range(100)))
        assert writer.commits <= 3
        found = scan(writer.file.path)
        assert found is not None
        assert len(found.feedback) == 100
        await writer.close()

    asyncio.run(scenario())


def test_waiting_for_what_is_just_being_written_ends_with_it(tmp_path: Path, thread: ThreadPoolExecutor) -> None:
    async def scenario() -> None:
        writer = Writer(SegmentFile(tmp_path, header()), thread)
        writer.predicted(b"p0")
        first = writer.durable()
        await asyncio.sleep(0)
        await asyncio.wait_for(asyncio.gather(first, writer.durable(), writer.durable()), 2)
        await asyncio.wait_for(writer.durable(), 2)
        await writer.close()

    asyncio.run(scenario())


def test_closing_makes_the_rest_durable(tmp_path: Path, thread: ThreadPoolExecutor) -> None:
    async def scenario() -> Path:
        writer = Writer(SegmentFile(tmp_path, header()), thread)
        writer.predicted(b"p0")
        await writer.close()
        return writer.file.path

    found = scan(asyncio.run(scenario()))
    assert found is not None
    assert found.predictions == [b"p0"]


class Headers:
    """Gives headers, and keeps those it gave."""

    def __init__(self) -> None:
        self.given: list[Header] = []

    def __call__(self) -> Header:
        self.given.append(header())
        return self.given[-1]


def test_when_a_write_fails_who_waits_is_told_and_another_segment_takes_over(
    tmp_path: Path, thread: ThreadPoolExecutor
) -> None:
    async def scenario() -> None:
        headers = Headers()
        journal = Journal(tmp_path, thread, headers, rolled=lambda: None)
        await journal.open()
        journal.predicted(b"kept")
        await journal.durable()
        broken = journal.writers[journal.segment]
        full = os.open("/dev/full", os.O_RDWR)  # a disk without room
        os.dup2(full, broken.file._log)
        os.close(full)
        with pytest.raises(JournalFailed, match="No space left"):
            await journal.feedback(b"lost")
        with pytest.raises(JournalFailed, match="make room"):
            journal.predicted(b"refused")
        while len(headers.given) < 2:
            await asyncio.sleep(0.005)
        await asyncio.sleep(0.05)
        assert journal.predicted(b"new") == 0
        await journal.feedback(b"kept")
        await journal.close()
        first, second = (scan(tmp_path / f"{each.segment}.log") for each in headers.given)
        assert first is not None
        assert second is not None
        assert (first.predictions, first.feedback) == ([b"kept"], [])
        assert (second.predictions, second.feedback) == ([b"new"], [b"kept"])

    asyncio.run(scenario())


def test_ids_of_two_journals_never_meet(tmp_path: Path, thread: ThreadPoolExecutor) -> None:
    async def scenario() -> None:
        prefixes = set()
        for _ in range(20):
            journal = Journal(tmp_path, thread, header, rolled=lambda: None)
            await journal.open()
            prefixes.add(journal.prefix)
            await journal.close()
        assert len(prefixes) == 20

    asyncio.run(scenario())
