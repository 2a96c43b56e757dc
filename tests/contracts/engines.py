"""What every engine promises. A subclass gives ``make``: an engine that reports to a progress callback."""

from __future__ import annotations

import threading

import pytest

from instar.flow.engines import Engine, Progress


class EngineContract:
    """Independent tasks, results in order, the first error ends the pass."""

    def make(self, progress: Progress) -> Engine:
        raise TypeError("a subclass makes its engine")

    @pytest.fixture
    def engine(self) -> Engine:
        return self.make(lambda label, done, of: None)

    @pytest.mark.parametrize("number", [0, 1, 2, 50])
    def test_results_come_in_the_order_of_the_items(self, engine: Engine, number: int) -> None:
        waits = threading.Event()

        def task(item: int) -> int:
            waits.wait(0.001 * (number - item))  # the first ones take longest
            return item * item

        assert list(engine.map(task, list(range(number)), "square")) == [item * item for item in range(number)]

    def test_the_first_error_ends_the_pass_and_is_raised(self, engine: Engine) -> None:
        begun: list[int] = []

        def task(item: int) -> int:
            begun.append(item)
            if item == 0:
                raise ZeroDivisionError("chunk 0")
            threading.Event().wait(0.01)
            return item

        with pytest.raises(ZeroDivisionError, match="chunk 0"):
            list(engine.map(task, list(range(500)), "fail"))
        assert len(begun) < 500

    def test_only_a_few_results_are_made_before_they_are_asked_for(self, engine: Engine) -> None:
        begun: list[int] = []
        results = engine.map(begun.append, list(range(500)), "ahead")
        next(results)
        threading.Event().wait(0.05)
        assert len(begun) < 250
        results.close()  # type: ignore[attr-defined]
        ended = len(begun)
        threading.Event().wait(0.05)
        assert len(begun) == ended

    def test_progress_counts_up_to_all(self) -> None:
        told: list[tuple[str, int, int]] = []
        engine = self.make(lambda label, done, of: told.append((label, done, of)))
        assert list(engine.map(lambda item: item, [1, 2, 3], "fit")) == [1, 2, 3]
        assert told == [("fit", 1, 3), ("fit", 2, 3), ("fit", 3, 3)]
