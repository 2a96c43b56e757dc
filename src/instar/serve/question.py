"""One row that waits for its answer, and who is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import msgspec

from instar.base.errors import InstarError
from instar.serve.connection import Exchange, error_doc
from instar.serve.policies.base import Answer, Choice


class Receiver(Protocol):
    """Who wants the answers of a request's rows. place : of the row in the request"""

    def answered(self, place: int, body: bytes) -> None: ...

    def failed(self, place: int, error: InstarError) -> None: ...


class Question:
    """One row of a request, asked of the candidates that the policy chose.

    When the last of them has answered or failed, ``finish`` is called with the answers there are; without any, the
    receiver gets the last failure.
    """

    __slots__ = (
        "answers", "arrived", "at", "choice", "context", "deadline", "done", "finish", "key", "open", "place",
        "receiver", "request_id", "row", "scores",
    )  # fmt: skip

    def __init__(
        self,
        finish: Callable[[Question], None],
        receiver: Receiver,
        place: int,
        row: bytes,
        context: dict[str, Any],
        key: str,
        at: int,
        choice: Choice,
        arrived: float,
        deadline: float,
        scores: bool,
        request_id: str | None,
    ) -> None:
        self.finish = finish
        self.receiver = receiver
        self.place = place
        self.row = row
        self.context = context
        self.key = key
        self.at = at
        self.choice = choice
        self.arrived = arrived
        self.deadline = deadline
        self.scores = scores
        self.request_id = request_id
        self.answers: list[Answer] = []
        self.open = len(choice.asked)
        self.done = False

    def answered(self, answer: Answer) -> None:
        if self.done:
            return
        self.answers.append(answer)
        self.open -= 1
        if not self.open:
            self.done = True
            self.finish(self)

    def failed(self, arm: int, error: InstarError) -> None:
        """A candidate will not answer. Those that did in time are combined, and the answer says who is missing."""
        if self.done:
            return
        self.open -= 1
        if self.open:
            return
        self.done = True
        if self.answers:
            self.finish(self)
        else:
            self.receiver.failed(self.place, error)


class OneRow:
    """The receiver of a request with ``row``."""

    __slots__ = ("_exchange",)

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def answered(self, place: int, body: bytes) -> None:
        self._exchange.reply(body)

    def failed(self, place: int, error: InstarError) -> None:
        self._exchange.fail(error)


class ManyRows:
    """The receiver of a request with ``rows``: one answer with all, each row's answer or error in its place."""

    def __init__(self, exchange: Exchange, rows: int) -> None:
        self._exchange = exchange
        self._parts: list[bytes] = [b""] * rows
        self._open = rows
        self._answered = 0
        self._error: InstarError | None = None

    def answered(self, place: int, body: bytes) -> None:
        self._answered += 1
        self._put(place, body)

    def failed(self, place: int, error: InstarError) -> None:
        self._error = error
        self._put(place, msgspec.json.encode({"error": error_doc(error)}))

    def _put(self, place: int, body: bytes) -> None:
        self._parts[place] = body
        self._open -= 1
        if self._open:
            return
        if self._error is not None and not self._answered:  # nothing to give: the request as a whole failed
            self._exchange.fail(self._error)
        else:
            self._exchange.reply(b'{"predictions":[' + b",".join(self._parts) + b"]}")
