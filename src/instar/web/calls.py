"""Calls of the store from the event loop: in threads, in the name of who asks, and joined where many wait."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from typing import Any, TypeVar

from sqlalchemy.exc import IntegrityError

from instar.base.actor import Actor, acting
from instar.base.errors import BadInput, Conflict

T = TypeVar("T")
READERS, WRITERS = 8, 24  # writers wait for one commit together, so more of them share it


class Calls:
    """Runs what blocks in threads. Reads and writes have their own, so that waiting for a lock delays no reader."""

    def __init__(self) -> None:
        self._readers = ThreadPoolExecutor(READERS, "read")
        self._writers = ThreadPoolExecutor(WRITERS, "write")
        self._joined: dict[tuple[str, str], Joined] = {}

    async def run(self, work: Callable[[], T], actor: Actor | None, changes: bool) -> T:
        """The result of ``work`` in the name of ``actor``."""
        pool = self._writers if changes else self._readers
        return await asyncio.get_running_loop().run_in_executor(pool, as_actor, actor, work)

    async def join(self, key: tuple[str, str], write: Callable[[Sequence[Any]], None], items: Sequence[Any]) -> None:
        """Write ``items`` with what others with the same ``key`` write at the moment; durable on return."""
        joined = self._joined.get(key)
        if joined is None:
            joined = self._joined[key] = Joined(write, self._writers)
        await joined.write(items)

    def close(self) -> None:
        """Wait for what runs."""
        self._readers.shutdown()
        self._writers.shutdown()


def as_actor(actor: Actor | None, work: Callable[[], T]) -> T:
    """Do ``work`` in the name of ``actor``. Raises BadInput for numbers and text that no database takes."""
    try:
        with nullcontext() if actor is None else acting(actor.name, actor.origin):
            return work()
    except OverflowError as error:
        raise BadInput(f"a number does not fit into 64 bits ({error}); send a smaller one") from None
    except IntegrityError as error:
        raise Conflict(
            f"what was sent does not go with what is recorded ({error.orig}); nothing was written. "
            "Put a node before, or with, what names it"
        ) from None
    except UnicodeEncodeError as error:
        raise BadInput(f"text that is not Unicode: {error}; send UTF-8") from None


class Joined:
    """Makes the writes that arrive while one runs into one: no timer, and no thread for each.

    When the joint write fails, each is written alone, so that a mistake is told only to whoever made it.
    """

    def __init__(self, write: Callable[[Sequence[Any]], None], pool: ThreadPoolExecutor) -> None:
        self._write = write
        self._pool = pool
        self._waiting: list[tuple[Sequence[Any], asyncio.Future[None]]] = []
        self._running = False

    async def write(self, items: Sequence[Any]) -> None:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((items, done))
        if not self._running:
            self._start()
        await done

    def _start(self) -> None:
        batch, self._waiting = self._waiting, []
        self._running = True
        loop = asyncio.get_running_loop()
        running = self._pool.submit(self._all, [items for items, _ in batch])
        running.add_done_callback(lambda ended: loop.call_soon_threadsafe(self._finish, batch, ended.result()))

    def _all(self, batch: list[Sequence[Any]]) -> list[Exception | None]:
        """What became of each write."""
        if len(batch) > 1 and self._attempt([item for items in batch for item in items]) is None:
            return [None] * len(batch)
        return [self._attempt(items) for items in batch]

    def _attempt(self, items: Sequence[Any]) -> Exception | None:
        try:
            as_actor(None, lambda: self._write(items))
        except Exception as error:  # noqa: BLE001 - raised where the write was asked for
            return error
        return None

    def _finish(self, batch: list[tuple[Sequence[Any], asyncio.Future[None]]], ended: list[Exception | None]) -> None:
        self._running = False
        if self._waiting:
            self._start()
        for (_, done), error in zip(batch, ended):
            if done.cancelled():  # the client went away; what it sent is written all the same
                continue
            if error is None:
                done.set_result(None)
            else:
                done.set_exception(error)
