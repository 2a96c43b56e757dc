"""One deployment version being served: from a request to its answer."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

import msgspec

from instar.base import clock
from instar.base.errors import BadInput, InstarError
from instar.models.evidence import covers
from instar.models.signature import ModelSignature
from instar.serve.batcher import Batcher, Waiting
from instar.serve.connection import Exchange
from instar.serve.errors import Busy, HostDied, JournalFailed, OutOfScope, RowFailed, WrongField
from instar.serve.histogram import Histogram
from instar.serve.host import Reply
from instar.serve.journal import Journal
from instar.serve.link import HostLink
from instar.serve.policies.base import Answer, Policy, policy_from_doc
from instar.serve.policies.state import PolicyState
from instar.serve.question import ManyRows, OneRow, Question, Receiver
from instar.serve.segment import Prediction
from instar.serve.spec import Live
from instar.serve.wire import Codec, Predict, python_type, united

MOST_WAITING = 4096
HANGS_AFTER = 60.0  # seconds a batch may take until its host is ended
RESTART_WITHIN = (0.1, 5.0)  # seconds between two starts of a host that keeps dying: the first wait, the longest


class Served:
    """A live deployment: its candidates in a host of their own, its policy, its journal.

    ``journal`` and ``state`` are given by the server before the first request (they need what was learned before).
    """

    journal: Journal
    state: PolicyState

    def __init__(self, live: Live, loader: str, arguments: Sequence[str], secrets: Mapping[str, str]) -> None:
        self.live = live
        self.policy: Policy = policy_from_doc(live.spec.policy)
        self.random = Random(live.spec.seed)
        self.link: HostLink | None = None
        self.restarts = 0
        self.flagged: tuple[str, ...] = ()  # what stands against it, when it is experimental and served all the same
        self.model_calls = 0
        self.predictions: Counter[str] = Counter()  # by version
        self.latency = Histogram()
        self._loader, self._arguments, self._secrets = loader, list(arguments), secrets
        self._loop = asyncio.get_running_loop()
        self._timeout = live.spec.timeout_ms / 1000
        self._batcher = Batcher(len(live.arms), live.spec.latency_ms / 1000, self._ask, MOST_WAITING)
        self._encode = msgspec.msgpack.Encoder().encode
        self._json = msgspec.json.Encoder().encode
        durable = b"true" if live.spec.durable else b"false"
        self._ends = [b',"version":' + self._json(name) + b',"durable":' + durable for name in live.names]
        self._asked_at = 0.0
        self._retired = False
        self._restarting: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start the host and read the candidates' signatures. Raises HostDied, BadInput."""
        self.link = await self._new_link()
        signatures = self.link.signatures
        targets = {(signature.target.type, signature.task) for signature in signatures}
        if len(targets) > 1:
            raise BadInput(
                f"deployment {self.live.name!r}: its candidates answer in different types: {sorted(targets)}"
            )
        self.signatures: tuple[ModelSignature, ...] = signatures
        self.columns = united(signature.features for signature in signatures)
        self.codec = Codec(self.columns)
        self.truth = msgspec.json.Decoder(python_type(signatures[0].target.type)).decode

    async def _new_link(self) -> HostLink:
        link = await HostLink.start(self._loader, self._arguments, self._secrets)
        link.answered = self._answered
        link.ended = self._host_ended
        return link

    # a request comes in

    def predict(self, exchange: Exchange, body: bytes | bytearray) -> None:
        """Answer ``exchange`` sooner or later. Raises BadJson, WrongField, OutOfScope, Busy when it cannot even be tried."""
        request, rows = self.codec.read(body)
        if request.context and self.live.scopes:
            self._need_in_scope(request.context)
        if self.link is None or not self.link.alive:
            raise Busy("the model host is being started; try again in a second")
        if len(rows) > MOST_WAITING:
            raise WrongField(f"{len(rows)} rows are too many for one request; send at most {MOST_WAITING}", "$.rows")
        if self._batcher.waiting + len(rows) > MOST_WAITING:
            raise Busy(f"{self._batcher.waiting} rows wait already; try again, or send fewer at once")
        receiver = OneRow(exchange) if len(rows) == 1 and not _is_list(request) else ManyRows(exchange, len(rows))
        self._ask_all(request, rows, receiver)

    def _need_in_scope(self, context: dict[str, Any]) -> None:
        """What is approved for one scope does not answer outside of it. What the context does not say is not judged."""
        for name, scope in zip(self.live.names, self.live.scopes):
            if why := covers({key: allowed for key, allowed in scope.items() if key in context}, context):
                raise OutOfScope(name, why)

    def _ask_all(self, request: Predict, rows: list[bytes], receiver: Receiver) -> None:
        arrived = self._loop.time()
        timeout = self._timeout if request.timeout_ms is None else request.timeout_ms / 1000
        at = clock.now()
        key = self.state.slot(self.policy.key(request.context))
        select, arms, add = self.policy.select, self.live.arms, self._batcher.add
        for place, row in enumerate(rows):
            choice = select(self.state, arms, key, at, self.random)
            question = Question(
                self._finish, receiver, place, row, request.context, key, at, choice,
                arrived, arrived + timeout, request.scores, request.id,
            )  # fmt: skip
            for arm in choice.asked:
                add(arm, question)

    def _ask(self, arm: int, batch: Sequence[Waiting]) -> None:
        """The batcher releases a batch."""
        assert self.link is not None
        self.model_calls += 1
        self._asked_at = self._loop.time()
        rows: list[bytes] = []
        scores = False
        for question in batch:
            assert isinstance(question, Question)
            rows.append(question.row)
            scores = scores or question.scores
        self.link.ask(arm, rows, scores)

    # the host answers

    def _answered(self, reply: Reply, seconds: float) -> None:
        arm, batch = self._batcher.finished(seconds)
        errors, scores, all_scores = reply.errors, reply.scores, reply.all_scores
        for place, question in enumerate(batch):
            assert isinstance(question, Question)
            if place in errors:
                question.failed(arm, self._row_failed(question.row, errors[place]))
                continue
            score = scores[place] if scores else None
            every = all_scores[place] if all_scores and question.scores else None
            question.answered(Answer(arm, reply.values[place], score, every))

    def _row_failed(self, row: bytes, error: str) -> InstarError:
        error = error.partition("\n")[0]
        if nulls := self.codec.nulls(row):
            return BadInput(f"the model cannot take this row ({error}); null in it: {', '.join(nulls)}")
        return RowFailed(f"the model failed on this row: {error}")

    def _finish(self, question: Question) -> None:
        """Every candidate asked has answered or is given up: combine, write down, answer."""
        answer = self.policy.combine(question.answers)
        choice = question.choice
        missing: tuple[int, ...] = ()
        if len(question.answers) < len(choice.asked):
            missing = tuple(sorted({*choice.asked} - {given.arm for given in question.answers}))
        record = Prediction(
            question.at, answer.arm, choice.asked, choice.propensities, question.key, answer.value, answer.score,
            question.context or None, missing, msgspec.Raw(question.row),
        )  # fmt: skip
        receiver, place = question.receiver, question.place
        try:
            number = self.journal.predicted(self._encode(record))
        except JournalFailed as error:
            receiver.failed(place, error)
            return
        self.predictions[self.live.names[answer.arm]] += 1
        self.latency.saw(self._loop.time() - question.arrived)
        body = self._body(number, answer, missing, question)
        if not self.live.spec.durable:
            receiver.answered(place, body)
            return
        self.journal.durable().add_done_callback(lambda done: _when_durable(done, receiver, place, body))

    def _body(self, number: int, answer: Answer, missing: tuple[int, ...], question: Question) -> bytes:
        parts = [b'{"id":"', self.journal.prefix.encode(), b'%d","value":' % number, self._json(answer.value)]
        if answer.score is not None:
            parts += b',"score":', self._json(answer.score)
        if answer.scores is not None:
            classes = self.signatures[answer.arm].classes
            parts += b',"scores":', self._json({_text(value): score for value, score in zip(classes, answer.scores)})
        if question.request_id is not None:
            parts += b',"request_id":', self._json(question.request_id)
        if missing:
            names = [self.live.names[arm] for arm in missing]
            parts += b',"degraded":true,"missing":', self._json(names)
        parts += self._ends[answer.arm], b"}"
        return b"".join(parts)

    # the host and the end

    def _host_ended(self, error: HostDied) -> None:
        self._batcher.fail_all(error)
        if not self._retired and self._restarting is None:
            self._restarting = self._loop.create_task(self._restart())

    async def _restart(self) -> None:
        """Start the host again, waiting longer each time it fails."""
        wait, longest = RESTART_WITHIN
        old = self.link
        if old is not None:
            status = await old.stop()
            print(f"instar: the model host of {self.live.name!r} ended ({status}); starting it again", file=sys.stderr)
        while True:
            try:
                self.link = await self._new_link()
                break
            except HostDied as error:
                print(f"instar: {error}; next try in {wait:.1f} s", file=sys.stderr)
                await asyncio.sleep(wait)
                wait = min(longest, 2 * wait)
        self.restarts += 1
        self._restarting = None

    def look_after(self) -> None:
        """Called every second: a model that never returns must not hold its deployment for ever."""
        if self._batcher.running and self._loop.time() - self._asked_at > HANGS_AFTER and self.link is not None:
            self.link.kill()

    async def retire(self, within: float = 5.0) -> None:
        """Answer what waits, then stop the host. The journal stays open for the server to close."""
        until = self._loop.time() + within
        while (self._batcher.waiting or self._batcher.running) and self._loop.time() < until:
            await asyncio.sleep(0.01)
        self._retired = True
        if self._restarting is not None:
            self._restarting.cancel()
        self._batcher.fail_all(Busy("the server is stopping; ask another one"))
        if self.link is not None:
            await self.link.stop()

    @property
    def batcher(self) -> Batcher:
        return self._batcher

    def doc(self) -> dict[str, Any]:
        """What `GET /v1/deployments/{name}` says."""
        spec = self.live.spec
        return {
            "name": self.live.name,
            "version": self.live.number,
            "id": self.live.id,
            "candidates": [{"id": arm, "name": name} for arm, name in zip(self.live.arms, self.live.names)],
            "policy": spec.policy,
            "latency_ms": spec.latency_ms,
            "timeout_ms": spec.timeout_ms,
            "durable": spec.durable,
            "experimental": spec.experimental,
            "flagged": list(self.flagged),
            "row": {field.name: field.type for field in self.columns},
            "target": {"name": self.signatures[0].target.name, "type": self.signatures[0].target.type},
            "segment": self.journal.segment,
            "model_calls": self.model_calls,
            "predictions": dict(self.predictions),
            "feedback": self.state.count,
            "rewards": self._rewards(),
            "host": {"alive": bool(self.link and self.link.alive), "restarts": self.restarts},
        }

    def _rewards(self) -> dict[str, dict[str, float]]:
        """For each context the expected reward of each candidate, where the policy estimates one."""
        means = getattr(self.policy, "means", None)
        if means is None:
            return {}
        return {
            key: dict(zip(self.live.names, means(self.state, self.live.arms, key, clock.now())))
            for key in self.state.keys
        }


def _is_list(request: Predict) -> bool:
    return getattr(request, "rows", msgspec.UNSET) is not msgspec.UNSET


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _when_durable(done: asyncio.Future[None], receiver: Receiver, place: int, body: bytes) -> None:
    error = done.exception()
    if error is None:
        receiver.answered(place, body)
    elif isinstance(error, InstarError):
        receiver.failed(place, error)
    else:
        raise error
