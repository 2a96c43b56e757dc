"""The journal of one deployment being served: its open segments, rolled when they are long or old."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path

from instar.serve.errors import JournalFailed
from instar.serve.segment import Header, SegmentFile
from instar.serve.writer import Writer

FOLDER = "journal"
MOST_PREDICTIONS = 1 << 20
MOST_BYTES = 1 << 28
MOST_SECONDS = 3600.0
TRY_AGAIN = 1.0  # seconds between two attempts to open a segment after a failure


class Journal:
    """Predictions and feedback of one deployment version, in order.

    ``new_header`` makes the header of another segment and records its node, on the journal's thread; ``rolled`` is
    called when a segment was let go and may be sealed. When the disk fails, what was not yet durable is lost and told,
    predictions are refused, and another segment is opened as soon as that works.
    """

    def __init__(
        self, folder: Path, thread: Executor, new_header: Callable[[], Header], rolled: Callable[[], None]
    ) -> None:
        self.folder = folder
        self.writers: dict[str, Writer] = {}  # by segment, all that are not closed
        self.prefix = ""  # of the ids that are given now
        self._thread = thread
        self._new_header = new_header
        self._rolled = rolled
        self._current: Writer | None = None
        self._old_at = 0.0
        self._rolling: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Open the first segment. Raises OSError."""
        await self._switch()

    @property
    def segment(self) -> str:
        """The id of the current segment."""
        return self._writer().file.header.segment

    def _writer(self) -> Writer:
        if self._current is None or self._current.failed:
            self._roll()
            raise JournalFailed("the journal cannot be written at the moment; make room on its disk and try again")
        return self._current

    def predicted(self, payload: bytes) -> int:
        """Append a prediction; its number, which with ``prefix`` makes its id. Raises JournalFailed."""
        writer = self._writer()
        if writer.length > MOST_BYTES or writer.count >= MOST_PREDICTIONS or time.monotonic() > self._old_at:
            self._roll()
        return writer.predicted(payload)

    async def feedback(self, payload: bytes) -> None:
        """Append feedback; durable on return. Raises JournalFailed."""
        await self._writer().feedback(payload)

    def durable(self) -> asyncio.Future[None]:
        """Done when everything appended so far is on disk; fails with JournalFailed."""
        return self._writer().durable()

    def read(self, segment: str, number: int) -> tuple[Header, bytes] | None:
        """A prediction of an open segment, durable or not; None when there is no such one."""
        writer = self.writers.get(segment)
        payload = writer.read(number) if writer else None
        return None if writer is None or payload is None else (writer.file.header, payload)

    def _roll(self) -> None:
        if self._rolling is None:
            self._rolling = asyncio.get_running_loop().create_task(self._rolled_over())

    async def _rolled_over(self) -> None:
        old = self._current
        while True:
            try:
                await self._switch()
                break
            except OSError:  # the disk is still full: requests are told, and this is tried again
                await asyncio.sleep(TRY_AGAIN)
        self._rolling = None
        if old is not None:
            await self._let_go(old)
            self._rolled()

    async def _switch(self) -> None:
        loop = asyncio.get_running_loop()
        file = await loop.run_in_executor(self._thread, self._new_file)
        header = file.header
        self._current = self.writers[header.segment] = Writer(file, self._thread)
        self.prefix = f"{header.replica}-{header.segment}-"
        self._old_at = time.monotonic() + MOST_SECONDS

    def _new_file(self) -> SegmentFile:
        return SegmentFile(self.folder, self._new_header())

    async def _let_go(self, writer: Writer) -> None:
        await writer.close()
        del self.writers[writer.file.header.segment]

    async def close(self) -> None:
        """Make everything durable and let go of the segments: they may be sealed from now on."""
        if self._rolling is not None:
            self._rolling.cancel()
            await asyncio.gather(self._rolling, return_exceptions=True)
        self._current = None
        for writer in list(self.writers.values()):
            await self._let_go(writer)
