"""The model host: a process of its own that loads the candidates of one deployment and predicts batches.

It speaks over a Unix socketpair with the data plane that started it, and dies with it:

    request   length (u32), batch (u32), arm (u16), flags (u8), rows (u32), then the rows as msgpack, back to back
    reply     length (u32), batch (u32), seconds (f64), then ``Reply`` as msgpack; batch 0 is the greeting

Started as ``python -m instar.serve.host FD LOADER ARGUMENT...``; LOADER is ``module:function`` and gives the
candidates. A model runs here, so whatever it raises becomes the error of its row and the host goes on.
"""

from __future__ import annotations

import importlib
import os
import select
import socket
import struct
import sys
import threading
import time
import warnings
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import msgspec
import polars as pl

from instar.base.errors import InstarError
from instar.base.schema import Field
from instar.models.bundle import Bundle
from instar.models.predictions import Predictions, predict_matrix
from instar.models.signature import ModelSignature
from instar.serve.frames import RowFrames
from instar.serve.wire import united

REQUEST = struct.Struct("<IIHBI")
REPLY = struct.Struct("<IId")
LENGTH = struct.Struct("<I")
ALL_SCORES = 1


class Candidate(Protocol):
    """What the host serves; ``instar.models.bundle.Bundle`` is one."""

    @property
    def signature(self) -> ModelSignature: ...

    def predict(self, frame: pl.DataFrame) -> Predictions: ...


class Greeting(msgspec.Struct):
    """The first thing a host says: its candidates' signatures, or why it could not load them."""

    signatures: tuple[ModelSignature, ...] = ()
    error: str = ""


class Reply(msgspec.Struct, array_like=True):
    """Answers of one batch, row by row.

    values : None where the row failed;  scores : of the value;  all_scores : of every class, when asked
    errors : for the rows that failed, what the model said
    """

    values: list[Any]
    scores: list[float] | None = None
    all_scores: list[list[float]] | None = None
    errors: dict[int, str] = {}


class Arm:
    """One candidate, ready to answer packed rows."""

    def __init__(self, candidate: Candidate, columns: Sequence[Field]) -> None:
        self._candidate = candidate
        # without a preparation a frame would only be made to be taken apart again: 0.4 ms a batch
        self._bare = candidate if isinstance(candidate, Bundle) and candidate.preparation is None else None
        self._frames = RowFrames(columns, candidate.signature.names)
        self._places = {value: place for place, value in enumerate(candidate.signature.classes)}

    def answer(self, rows: memoryview, count: int, all_scores: bool) -> Reply:
        reply = Reply([])
        if (predictions := self._of_numbers(rows, count)) is not None:
            self._give(predictions, all_scores, reply)
        else:
            self._answer(self._frames.frame(rows, count), all_scores, reply)
        return reply

    def _of_numbers(self, rows: memoryview, count: int) -> Predictions | None:
        """By the estimator itself, when it takes just the numbers; None when a frame is needed, or a row fails."""
        if self._bare is None or (matrix := self._frames.numbers(rows, count)) is None:
            return None
        try:
            return predict_matrix(self._bare.estimator, self._bare.signature, matrix)
        except Exception:  # noqa: BLE001  # a model is foreign code; `_answer` finds out which row it was
            return None

    def _answer(self, frame: pl.DataFrame, all_scores: bool, reply: Reply) -> None:
        """One bad row must not fail its neighbours: a batch that fails is halved until the row stands alone."""
        try:
            predictions = self._candidate.predict(frame)
        except Exception as error:  # noqa: BLE001  # a model is foreign code and may raise anything
            if frame.height == 1:
                reply.errors[len(reply.values)] = f"{type(error).__name__}: {error}"
                self._extend(reply, [None], [[0.0] * len(self._places)] if self._places else None, all_scores)
                return
            half = frame.height // 2
            self._answer(frame[:half], all_scores, reply)
            self._answer(frame[half:], all_scores, reply)
            return
        self._give(predictions, all_scores, reply)

    def _give(self, predictions: Predictions, all_scores: bool, reply: Reply) -> None:
        scores = None if predictions.scores is None else predictions.scores.tolist()
        self._extend(reply, predictions.values.tolist(), scores, all_scores)

    def _extend(self, reply: Reply, values: list[Any], scores: list[list[float]] | None, all_scores: bool) -> None:
        reply.values += values
        if scores is None:
            return
        reply.scores = (reply.scores or []) + [
            row[self._places[value]] if value in self._places else 0.0 for row, value in zip(scores, values)
        ]
        if all_scores:
            reply.all_scores = (reply.all_scores or []) + scores


def load(loader: str, arguments: Sequence[str]) -> list[Candidate]:
    """Call the function that ``loader`` (``module:function``) names."""
    module, _, name = loader.partition(":")
    function: Callable[..., list[Candidate]] = getattr(importlib.import_module(module), name)
    return function(*arguments)


def serve(plane: socket.socket, candidates: Sequence[Candidate]) -> None:
    """Answer batches until the data plane is gone."""
    columns = united(candidate.signature.features for candidate in candidates)
    arms = [Arm(candidate, columns) for candidate in candidates]
    greet(plane, Greeting(tuple(candidate.signature for candidate in candidates)))
    encode = msgspec.msgpack.Encoder().encode
    while (message := _receive(plane)) is not None:
        batch, arm, flags, count = struct.unpack_from("<IHBI", message)
        start = time.perf_counter()
        reply = arms[arm].answer(memoryview(message)[11:], count, bool(flags & ALL_SCORES))
        body = encode(reply)
        plane.sendall(REPLY.pack(len(body) + 12, batch, time.perf_counter() - start) + body)


def greet(plane: socket.socket, greeting: Greeting) -> None:
    body = msgspec.msgpack.encode(greeting)
    plane.sendall(REPLY.pack(len(body) + 12, 0, 0.0) + body)


def _receive(plane: socket.socket) -> bytes | None:
    head = _exactly(plane, LENGTH.size)
    return None if head is None else _exactly(plane, LENGTH.unpack(head)[0])


def _exactly(plane: socket.socket, size: int) -> bytes | None:
    """``size`` bytes, or None when the other side is gone."""
    data = plane.recv(size, socket.MSG_WAITALL)
    while len(data) < size:
        more = plane.recv(size - len(data), socket.MSG_WAITALL)
        if not more:
            return None
        data += more
    return data


def _die_with(plane: socket.socket) -> None:
    """End at once when the data plane ends, also in the middle of a long prediction."""
    poll = select.poll()
    poll.register(plane.fileno(), 0)  # no event is asked for: only the hang-up is reported
    poll.poll()
    os._exit(0)


def main(arguments: Sequence[str]) -> None:
    plane = socket.socket(fileno=int(arguments[0]))
    # the columns are in the order of the signature, whether or not the estimator knows their names
    warnings.filterwarnings("ignore", "X does not have valid feature names", UserWarning)
    threading.Thread(target=_die_with, args=(plane,), daemon=True).start()
    try:
        candidates = load(arguments[1], arguments[2:])
        united(candidate.signature.features for candidate in candidates)
    except (InstarError, ImportError, AttributeError, OSError, ValueError, TypeError) as error:
        greet(plane, Greeting(error=f"{type(error).__name__}: {error}"))
        raise SystemExit(1) from error
    try:
        serve(plane, candidates)
    except (BrokenPipeError, ConnectionResetError):
        return  # the data plane went away between two batches


if __name__ == "__main__":
    main(sys.argv[1:])
