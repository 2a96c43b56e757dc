"""Group commit: what is appended while a commit runs shares the next one."""

from __future__ import annotations

import asyncio
from array import array
from concurrent.futures import Executor

from instar.serve.errors import JournalFailed
from instar.serve.segment import FEEDBACK, PREDICTION, SegmentFile, frame

COMMIT_WITHIN = 0.04  # seconds; with the sync itself well inside the 100 ms that `durable: false` stands for


class Writer:
    """Appends to one segment from the event loop; writes and syncs on another thread.

    Predictions are given a number at once and are durable within about 40 ms plus one sync; who needs it at once waits
    on ``durable()``. When a write fails, everything not yet durable is lost as in a crash: waiters get JournalFailed,
    ``failed`` says why, and the journal opens another segment.
    """

    def __init__(self, file: SegmentFile, thread: Executor) -> None:
        self.file = file
        self.count = 0  # predictions, durable or not
        self.durable_count = 0
        self.commits = 0
        self.failed: OSError | None = None
        self._thread = thread
        self._loop = asyncio.get_running_loop()
        self._records: list[bytes] = []
        self._offsets = array("Q")  # of every prediction, durable or not
        self._indexed = 0  # predictions handed to a commit
        self._end = file.end
        self._tail: dict[int, bytes] = {}  # payloads of predictions that are not yet durable
        self._waiters: list[asyncio.Future[None]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._running: asyncio.Future[None] | None = None

    @property
    def length(self) -> int:
        """The length of the log, with what is not yet written."""
        return self._end

    def predicted(self, payload: bytes) -> int:
        """Append a prediction; its number in the segment."""
        number = self.count
        self._tail[number] = payload
        self._offsets.append(self._end)
        self.count = number + 1
        self._append(frame(PREDICTION, payload))
        if self._timer is None and self._running is None:
            self._timer = self._loop.call_later(COMMIT_WITHIN, self._commit)
        return number

    async def feedback(self, payload: bytes) -> None:
        """Append feedback; durable on return. Raises JournalFailed."""
        self._append(frame(FEEDBACK, payload))
        await self.durable()

    def _append(self, record: bytes) -> None:
        self._records.append(record)
        self._end += len(record)

    def durable(self) -> asyncio.Future[None]:
        """Done when everything appended so far is on disk."""
        waiter: asyncio.Future[None] = self._loop.create_future()
        if self.failed:
            waiter.set_exception(_failed(self.failed))
        elif not self._records and self._running is None:
            waiter.set_result(None)
        else:
            self._waiters.append(waiter)
            self._commit_soon()
        return waiter

    def _commit_soon(self) -> None:
        """After this turn of the loop, so that what the other connections just sent is in the same commit."""
        if self._running is None:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = self._loop.call_later(0, self._commit)

    def _commit(self) -> None:
        self._timer = None
        if self._running is not None or self.failed:
            return
        if not self._records:  # what the waiters asked for was in the commit before
            _resolve(self._waiters, None)
            self._waiters = []
            return
        records, self._records = b"".join(self._records), []
        offsets = self._offsets[self._indexed :].tobytes()
        self._indexed = upto = self.count
        waiters, self._waiters = self._waiters, []
        done = self._loop.run_in_executor(self._thread, self.file.write, records, offsets)
        self._running = done
        done.add_done_callback(lambda done: self._committed(done, waiters, upto))

    def _committed(self, done: asyncio.Future[None], waiters: list[asyncio.Future[None]], upto: int) -> None:
        self._running = None
        self.commits += 1
        error = done.exception()
        if error is not None:
            if not isinstance(error, OSError):
                raise error
            self.failed = error
            waiters += self._waiters
            self._waiters = []
        else:
            for number in range(self.durable_count, upto):
                del self._tail[number]
            self.durable_count = upto
        _resolve(waiters, error)
        if self._waiters:
            self._commit_soon()
        elif self._records and not self.failed:
            self._timer = self._loop.call_later(COMMIT_WITHIN, self._commit)

    def read(self, number: int) -> bytes | None:
        """The payload of prediction ``number``, durable or not; None when there is none."""
        if number >= self.count or (self.failed and number >= self.durable_count):
            return None
        return self._tail.get(number) or self.file.read(self._offsets[number])

    async def close(self) -> None:
        """Write what is left, then let go of the file."""
        while (self._records or self._running) and not self.failed:
            await asyncio.gather(self.durable(), return_exceptions=True)
        if self._timer is not None:
            self._timer.cancel()
        self.file.close()


def _resolve(waiters: list[asyncio.Future[None]], error: OSError | None) -> None:
    for waiter in waiters:
        if waiter.done():  # its client is gone
            continue
        if error is None:
            waiter.set_result(None)
        else:
            waiter.set_exception(_failed(error))


def _failed(error: BaseException) -> JournalFailed:
    return JournalFailed(
        f"the journal could not be written ({error}); nothing of this was kept, make room and try again"
    )
