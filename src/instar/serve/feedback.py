"""Feedback: from a request to what the policy learns, durable in between."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Annotated, Any

import msgspec

from instar.base import clock
from instar.serve.counted import Counted
from instar.serve.errors import UnknownDeployment, UnknownPrediction, WrongField
from instar.serve.lookup import feedback_of_deployment, find_record
from instar.serve.policies import Policy, PolicyState
from instar.serve.prediction_id import PredictionId
from instar.serve.segment import Feedback, Header, Prediction
from instar.serve.served import Served
from instar.serve.tables import prediction_of
from instar.serve.wire import decode, wrong_field
from instar.store import Store


class Given(msgspec.Struct, forbid_unknown_fields=True):
    """The body of POST /v1/feedback. value : what turned out to be true;  reward : how good the answer was"""

    id: str
    value: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    reward: Annotated[float, msgspec.Meta(ge=0, le=1)] | msgspec.UnsetType = msgspec.UNSET


_given = msgspec.json.Decoder(Given).decode


class Feedbacks:
    """Takes feedback for the deployments in ``served`` (by name), and remembers what was counted."""

    def __init__(
        self, store: Store, project: str, served: dict[str, Served], journals: Callable[[], list[Any]]
    ) -> None:
        """journals : all that are open, also of deployment versions that were replaced"""
        self._store = store
        self._project = project
        self._served = served
        self._journals = journals
        self._counted: dict[str, Counted] = {}
        self._open: dict[str, asyncio.Event] = {}
        self._busy: Counter[str] = Counter()
        self._encode = msgspec.msgpack.Encoder().encode

    async def take(self, body: bytes | bytearray) -> dict[str, Any]:
        """Write one feedback down, durably; then let the policy learn from it, if it is the first for its prediction.

        Raises WrongField, UnknownPrediction, UnknownDeployment, JournalFailed.
        """
        given: Given = decode(_given, body)
        if given.value is msgspec.UNSET and given.reward is msgspec.UNSET:
            raise WrongField("give `value`, what turned out to be true, or `reward`, from 0 to 1", "$")
        id = PredictionId.parse(given.id)
        header, record = await self._find(id)
        name = header.deployment
        if header.project != self._project:
            raise UnknownPrediction(given.id, f"it belongs to the project {header.project!r}, served elsewhere")
        await self._open_for(name)
        self._busy[name] += 1
        try:
            return await self._keep(given, id, header, record)
        finally:
            self._busy[name] -= 1

    async def _find(self, id: PredictionId) -> tuple[Header, Prediction]:
        for journal in self._journals():
            if (found := journal.read(id.segment, id.number)) is not None:
                return found[0], prediction_of(found[1])
        header, record, _ = await asyncio.to_thread(find_record, self._store, id)
        return header, record

    async def _keep(self, given: Given, id: PredictionId, header: Header, record: Prediction) -> dict[str, Any]:
        served = self._served.get(header.deployment)
        if served is None:
            raise UnknownDeployment(header.deployment, self._served)
        value, reward = _judged(given, record, served)
        counted = self._counted[header.deployment]
        first = counted.add(id.segment, id.number)
        feedback = Feedback(
            given.id, clock.now(), record.at, header.arms[record.arm], record.key,
            record.propensities[record.arm], value, reward, first,
        )  # fmt: skip
        try:
            await served.journal.feedback(self._encode(feedback))
        except BaseException:
            if first:
                counted.discard(id.segment, id.number)
            raise
        if first:
            _observe(served.policy, served.state, feedback)
        return {"id": given.id, "reward": reward, "counted": first, "durable": True}

    async def _open_for(self, name: str) -> None:
        event = self._open.get(name)
        if event is not None:
            await event.wait()

    async def recall(self, name: str, policy: Policy) -> PolicyState:
        """What ``policy`` knows after all feedback that was ever kept for ``name``.

        Until ``resume`` new feedback waits, so that none is missed between reading the journals and serving on.
        """
        self._open[name] = asyncio.Event()
        while self._busy[name]:
            await asyncio.sleep(0.002)
        state, counted = await asyncio.to_thread(recalled, self._store, self._project, name, policy)
        self._counted[name] = counted
        return state

    def resume(self, name: str) -> None:
        """Let the feedback that waited go on."""
        if (event := self._open.pop(name, None)) is not None:
            event.set()


def _judged(given: Given, record: Prediction, served: Served) -> tuple[Any, float]:
    """The true value, None when it is not given, and the reward."""
    value = None
    if given.value is not msgspec.UNSET:
        try:
            value = served.truth(bytes(given.value))
        except msgspec.ValidationError as error:
            wrong = wrong_field(error)
            at = "$.value" + wrong.path.removeprefix("$")
            raise WrongField(str(wrong).replace(f"at {wrong.path}", f"at {at}"), at) from None
    if given.reward is not msgspec.UNSET:
        return value, given.reward
    if served.signatures[0].task == "regression":
        raise WrongField(
            "a regression's value is never exactly right: give `reward`, from 0 to 1, beside it", "$.reward"
        )
    return value, float(value == record.value)


def _observe(policy: Policy, state: PolicyState, feedback: Feedback) -> None:
    policy.observe(state, feedback.key, feedback.arm, feedback.propensity, feedback.reward, feedback.predicted_at)


def recalled(store: Store, project: str, name: str, policy: Policy) -> tuple[PolicyState, Counted]:
    """The state that the journals of a deployment give, an origin for each segment, and what was counted."""
    state = policy.init("now")
    counted = Counted()
    for segment, records in feedback_of_deployment(store, project, name):
        part = policy.init(segment)
        for record in records:
            if record.counted:
                _observe(policy, part, record)
                id = PredictionId.parse(record.prediction)
                counted.add(id.segment, id.number)
        state = state | part
    return state, counted
