"""The data plane's end of a model host: starts the process, sends batches, notices its death."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import cast

import msgspec

from instar.models.signature import ModelSignature
from instar.serve.errors import HostDied
from instar.serve.host import ALL_SCORES, REPLY, REQUEST, Greeting, Reply

STOPS_WITHIN = 5.0  # seconds until a host that does not end by itself is killed
# One batch is computed at a time, and small ones: threads of BLAS and Polars only wait for each other.
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS")


class HostLink(asyncio.Protocol):
    """One running host. ``answered(reply, seconds)`` is called for the batch in it, ``ended(error)`` when it dies."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self.signatures: tuple[ModelSignature, ...] = ()
        self.batches = 0
        self.alive = True
        self.answered: Callable[[Reply, float], None] = lambda reply, seconds: None
        self.ended: Callable[[HostDied], None] = lambda error: None
        self._ready: asyncio.Future[Greeting] = asyncio.get_running_loop().create_future()
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._decode = msgspec.msgpack.Decoder(Reply).decode

    @classmethod
    async def start(cls, loader: str, arguments: Sequence[str], secrets: Mapping[str, str]) -> HostLink:
        """Start a host and wait until its candidates are loaded. Raises HostDied with what it said.

        secrets : go to it in its environment; its arguments can be read by everybody on the machine
        """
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        with theirs:
            environment = {**dict.fromkeys(_ONE_THREAD, "1"), **os.environ, **secrets}
            command = [sys.executable, "-m", "instar.serve.host", str(theirs.fileno()), loader, *arguments]
            process = subprocess.Popen(
                command,
                pass_fds=[theirs.fileno()],
                env=environment,
                stdin=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C in the terminal is for the data plane, which ends the host in order
            )
        loop = asyncio.get_running_loop()
        _, link = await loop.create_connection(lambda: cls(process), sock=ours)
        greeting = await link._ready
        if greeting.error:
            await link.stop()
            raise HostDied(f"the model host could not load its candidates: {greeting.error}")
        link.signatures = greeting.signatures
        return link

    def ask(self, arm: int, rows: Sequence[bytes], all_scores: bool) -> None:
        """Send a batch; one is in the host at a time."""
        assert self._transport is not None
        self.batches = batch = self.batches % 0xFFFFFFFF + 1
        body = b"".join(rows)
        flags = ALL_SCORES if all_scores else 0
        head = REQUEST.pack(REQUEST.size - 4 + len(body), batch, arm, flags, len(rows))
        self._transport.write(head + body)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own class, which derives from nothing

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while len(self._buffer) >= REPLY.size:
            length, batch, seconds = REPLY.unpack_from(self._buffer)
            end = 4 + length
            if len(self._buffer) < end:
                return
            body = bytes(memoryview(self._buffer)[REPLY.size : end])
            del self._buffer[:end]
            if batch == 0:
                self._ready.set_result(msgspec.msgpack.decode(body, type=Greeting))
            else:
                self.answered(self._decode(body), seconds)

    def connection_lost(self, error: Exception | None) -> None:
        self.alive = False
        died = HostDied("the model host ended while this was in it and is being started again; try again")
        if not self._ready.done():
            self._ready.set_result(Greeting(error="it ended before it was ready (see its messages above)"))
        self.ended(died)

    def kill(self) -> None:
        """End a host that hangs."""
        self.process.kill()

    async def stop(self) -> int:
        """Let the host end, kill it if it does not; its exit status."""
        if self._transport is not None:
            self._transport.close()
        return await asyncio.get_running_loop().run_in_executor(None, self._reap)

    def _reap(self) -> int:
        try:
            return self.process.wait(STOPS_WITHIN)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()
