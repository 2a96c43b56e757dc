from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from instar.base.errors import InstarError
from instar.serve.batcher import Batcher, Waiting
from instar.serve.errors import Busy, DeadlinePassed
from instar.serve.latency import LatencyModel


class Row:
    """A waiting row that remembers what happened to it."""

    def __init__(self, name: str, deadline: float = 10.0) -> None:
        loop = asyncio.get_running_loop()
        self.name = name
        self.arrived = loop.time()
        self.deadline = self.arrived + deadline
        self.error: InstarError | None = None

    @property
    def done(self) -> bool:
        return self.error is not None

    def failed(self, arm: int, error: InstarError) -> None:
        self.error = error


class Sent:
    """The batches a batcher released, as (arm, names)."""

    def __init__(self) -> None:
        self.batches: list[tuple[int, list[str]]] = []

    def __call__(self, arm: int, batch: Sequence[Waiting]) -> None:
        self.batches.append((arm, [row.name for row in batch if isinstance(row, Row)]))


async def turn() -> None:
    """Let the loop run what is due."""
    for _ in range(3):
        await asyncio.sleep(0)


def test_a_row_goes_at_once_when_the_host_is_idle_with_all_of_the_same_turn() -> None:
    async def scenario() -> None:
        sent = Sent()
        batcher = Batcher(1, 0.02, sent, 100)
        for name in "abc":
            batcher.add(0, Row(name))
        await turn()
        assert sent.batches == [(0, ["a", "b", "c"])]

    asyncio.run(scenario())


def test_what_arrives_while_a_batch_runs_is_the_next_one() -> None:
    async def scenario() -> None:
        sent = Sent()
        batcher = Batcher(1, 0.02, sent, 100)
        batcher.add(0, Row("a"))
        await turn()
        for name in "bcd":
            batcher.add(0, Row(name))
        await turn()
        assert len(sent.batches) == 1
        batcher.finished(0.001)
        assert sent.batches == [(0, ["a"]), (0, ["b", "c", "d"])]

    asyncio.run(scenario())


def test_the_earliest_deadline_goes_first_whatever_the_candidate() -> None:
    async def scenario() -> None:
        sent = Sent()
        batcher = Batcher(2, 0.02, sent, 100)
        for arm, name, deadline in [(0, "late", 9.0), (1, "soon", 2.0), (0, "later", 10.0), (1, "next", 3.0)]:
            batcher.add(arm, Row(name, deadline))
        await turn()
        batcher.finished(0.001)
        assert sent.batches == [(1, ["soon", "next"]), (0, ["late", "later"])]

    asyncio.run(scenario())


def test_a_row_whose_time_is_over_is_shed_before_it_costs_anything() -> None:
    async def scenario() -> None:
        sent = Sent()
        batcher = Batcher(1, 0.02, sent, 100)
        late, fine = Row("late", -0.001), Row("fine")
        batcher.add(0, fine)
        batcher.add(0, late)
        await turn()
        assert sent.batches == [(0, ["fine"])]
        assert isinstance(late.error, DeadlinePassed)
        assert batcher.expired == 1

    asyncio.run(scenario())


def test_a_host_that_does_not_answer_holds_nobody_beyond_the_deadline() -> None:
    async def scenario() -> None:
        sent = Sent()
        batcher = Batcher(1, 0.02, sent, 100)
        running, waiting = Row("running", 0.02), Row("waiting", 0.02)
        batcher.add(0, running)
        await turn()
        batcher.add(0, waiting)
        await asyncio.sleep(0.1)
        assert isinstance(running.error, DeadlinePassed)
        assert isinstance(waiting.error, DeadlinePassed)
        assert sent.batches == [(0, ["running"])]

    asyncio.run(scenario())


def test_too_many_waiting_rows_are_refused() -> None:
    async def scenario() -> None:
        batcher = Batcher(1, 0.02, Sent(), 2)
        batcher.add(0, Row("a"))
        batcher.add(0, Row("b"))
        with pytest.raises(Busy, match="2 rows wait already"):
            batcher.add(0, Row("c"))

    asyncio.run(scenario())


def test_when_the_host_dies_everybody_is_told_and_the_queue_is_usable_again() -> None:
    async def scenario() -> None:
        sent = Sent()
        batcher = Batcher(1, 0.02, sent, 100)
        running, waiting = Row("running"), Row("waiting")
        batcher.add(0, running)
        await turn()
        batcher.add(0, waiting)
        batcher.fail_all(Busy("gone"))
        assert isinstance(running.error, Busy)
        assert isinstance(waiting.error, Busy)
        batcher.add(0, Row("after"))
        await turn()
        assert sent.batches[-1] == (0, ["after"])

    asyncio.run(scenario())


def test_after_a_long_call_it_waits_a_millisecond_for_those_who_come_back_together() -> None:
    async def scenario() -> None:
        sent = Sent()
        batcher = Batcher(1, 0.5, sent, 100)
        for name in "abcd":
            batcher.add(0, Row(name))
        await turn()
        batcher.finished(0.05)
        batcher.add(0, Row("first back"))
        await turn()
        assert len(sent.batches) == 1
        batcher.add(0, Row("second back"))
        await asyncio.sleep(0.01)
        assert sent.batches[1:] == [(0, ["first back", "second back"])]
        assert batcher.released["waited"] == 1

    asyncio.run(scenario())


def test_a_single_client_of_a_slow_model_never_waits_for_others() -> None:
    async def scenario() -> None:
        sent = Sent()
        batcher = Batcher(1, 0.5, sent, 100)
        for name in ("a", "b"):
            batcher.add(0, Row(name))
            await turn()
            batcher.finished(0.05)
        assert sent.batches == [(0, ["a"]), (0, ["b"])]

    asyncio.run(scenario())


def test_the_cap_keeps_a_batch_inside_half_of_the_objective() -> None:
    model = LatencyModel(objective=0.1)
    for size in [1, 4, 16, 64, 256] * 10:
        model.saw(size, 0.010 + 0.001 * size)
    assert model.fixed == pytest.approx(0.010, rel=0.01)
    assert model.cap == 40


def test_one_slow_call_in_eight_does_not_move_the_fit() -> None:
    model = LatencyModel(objective=0.1)
    for call in range(400):
        size = [1, 8, 64][call % 3]
        model.saw(size, 0.5 if call % 8 == 0 else 0.001 + 0.0001 * size)
    assert model.fixed == pytest.approx(0.001, rel=0.05)
    assert model.each == pytest.approx(0.0001, rel=0.05)


def test_larger_batches_that_are_faster_give_no_negative_slope() -> None:
    model = LatencyModel(objective=0.1)
    for size, seconds in [(1, 0.02), (64, 0.01)] * 20:
        model.saw(size, seconds)
    assert model.each == 0.0
    assert model.fixed > 0
    assert model.cap == 128  # twice what was seen


def test_a_model_slower_than_its_objective_is_asked_one_row_at_a_time() -> None:
    model = LatencyModel(objective=0.01)
    for size in [1, 2, 4] * 10:
        model.saw(size, 0.05 * size)
    assert model.cap == 1
