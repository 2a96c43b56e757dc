"""What every implementation of Metrics promises. A subclass gives the ``metrics`` fixture: an empty one."""

from __future__ import annotations

import math

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from instar.base.errors import BadInput
from instar.base.ids import event_id
from instar.store.protocols import Metrics
from instar.store.records import Metric, Series

FIXTURES = [HealthCheck.function_scoped_fixture, HealthCheck.differing_executors]  # one suite, several stores


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

    def test_of_two_values_of_one_point_the_smaller_counts_in_whatever_order_they_arrive(
        self, metrics: Metrics
    ) -> None:
        small, large, none = (Metric("", "loss", 1, 1, value) for value in (0.5, 0.9, math.nan))
        for points in ([small, large], [large, small], [none, large, small], [small, none]):
            run = event_id()
            for point in points:
                metrics.append([msgspec.structs.replace(point, run=run)])
            assert [point.value for point in metrics.history(run, "loss")] == [0.5]
            assert metrics.last([run])[run]["loss"].value == 0.5
            together = event_id()
            metrics.append([msgspec.structs.replace(point, run=together) for point in points])
            assert metrics.last([together])[together]["loss"].value == 0.5

    def test_what_changed_after_a_cursor_is_named_and_equal_points_have_equal_states(self, metrics: Metrics) -> None:
        one, other = event_id(), event_id()
        metrics.append([Metric(one, "loss", step, 0, step) for step in range(5)])
        page = metrics.since()
        assert page.series == (Series(one, "loss"),)
        metrics.append([Metric(other, "loss", step, 0, step) for step in reversed(range(9))])
        assert metrics.since(page.cursor).series == (Series(other, "loss"),)
        both = [Series(one, "loss"), Series(other, "loss")]
        whole, longer = metrics.states(both)
        assert (whole.count, whole.step, longer.count) == (5, 4, 9)
        assert metrics.states(both, {f"{other}/loss": (4, 0)}) == [whole, whole]
        assert [point.step for point in metrics.history(other, "loss", after=(6, 0))] == [7, 8]

    def test_a_sample_of_a_long_history_keeps_its_ends_and_its_peak(self, metrics: Metrics) -> None:
        run = event_id()
        metrics.append([Metric(run, "loss", step, 0, 9.0 if step == 617 else 1.0) for step in range(1000)])
        some = metrics.history(run, "loss", points=50)
        assert len(some) <= 50
        assert (some[0].step, some[-1].step) == (0, 999)
        assert 617 in {point.step for point in some}

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

    @settings(max_examples=20, suppress_health_check=FIXTURES, deadline=None)
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

    def test_points_of_several_metrics_come_one_metric_after_the_other_up_to_a_limit(self, metrics: Metrics) -> None:
        points = [Metric("r", key, step, step, float(step)) for key in ("loss", "auc") for step in (-1, 0, 3)]
        metrics.append(points)
        loss, auc = Series("r", "loss"), Series("r", "auc")
        assert metrics.points([loss, auc, Series("r", "none")]) == points
        assert metrics.points([loss, auc], limit=4) == points[:4]
        assert metrics.points([auc], {"r/auc": (0, 0), "r/loss": (9, 9)}) == points[-1:]
