"""What every implementation of Metrics promises. A subclass gives the ``metrics`` fixture: an empty one."""

from __future__ import annotations

import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from instar.base.errors import BadInput
from instar.base.ids import event_id
from instar.store.protocols import Metrics
from instar.store.records import Metric


class MetricsContract:
    """Points of metrics, and the last value of each."""

    def test_points_come_back_by_step_then_time(self, metrics: Metrics) -> None:
        run = event_id()
        points = [Metric(run, "loss", step, at, value) for step, at, value in ((2, 1, 0.2), (1, 5, 0.5), (1, 3, 0.9))]
        metrics.append(points)
        metrics.append(points)
        assert metrics.history(run, "loss") == sorted(points, key=lambda p: (p.step, p.at))
        assert metrics.last([run])[run]["loss"] == points[0]
        assert metrics.history(run, "accuracy") == []
        assert metrics.last(["0" * 32]) == {"0" * 32: {}}

    def test_the_same_point_again_with_another_value_changes_neither_the_history_nor_the_last(
        self, metrics: Metrics
    ) -> None:
        run = event_id()
        first, again = Metric(run, "loss", 1, 1, 0.5), Metric(run, "loss", 1, 1, 0.9)
        metrics.append([first, again])
        metrics.append([again])
        assert metrics.history(run, "loss") == [first]
        assert metrics.last([run])[run]["loss"] == first

    @pytest.mark.parametrize("value", [math.inf, -math.inf, 0.0, 5e-324, 1.7976931348623157e308])
    def test_extreme_values_are_kept(self, metrics: Metrics, value: float) -> None:
        run = event_id()
        metrics.append([Metric(run, "loss", 0, 0, value)])
        assert metrics.history(run, "loss")[0].value == value

    def test_a_nan_is_kept_as_a_nan(self, metrics: Metrics) -> None:
        run = event_id()
        metrics.append([Metric(run, "loss", 0, 0, math.nan)])
        assert math.isnan(metrics.history(run, "loss")[0].value)
        assert math.isnan(metrics.last([run])[run]["loss"].value)

    def test_a_step_beyond_64_bits_is_refused_and_nothing_is_kept(self, metrics: Metrics) -> None:
        run = event_id()
        with pytest.raises(BadInput, match="64 bits"):
            metrics.append([Metric(run, "loss", 1, 0, 1.0), Metric(run, "loss", 2**63, 0, 1.0)])
        assert metrics.history(run, "loss") == []

    @settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
    @given(
        points=st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), st.floats(allow_nan=False)), min_size=1),
        cut=st.integers(0, 20),
    )
    def test_the_last_value_is_that_of_the_greatest_step_however_the_points_arrive(
        self, metrics: Metrics, points: list[tuple[int, int, float]], cut: int
    ) -> None:
        run = event_id()
        unique = {(step, at): Metric(run, "loss", step, at, value) for step, at, value in reversed(points)}
        rows = list(unique.values())
        metrics.append(rows[cut:])
        metrics.append(rows[:cut])
        assert metrics.last([run])[run]["loss"] == max(rows, key=lambda p: (p.step, p.at))
