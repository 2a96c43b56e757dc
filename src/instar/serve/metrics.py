"""Numbers for /metrics, cheap to count and rendered only when asked."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from instar.serve.plane import Plane
    from instar.serve.served import Served

BOUNDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)  # seconds


class Histogram:
    """Counts by upper bound. prometheus_client's own costs ten times as much an observation (labels, locks)."""

    __slots__ = ("counts", "total")

    def __init__(self) -> None:
        self.counts = [0] * (len(BOUNDS) + 1)
        self.total = 0.0

    def saw(self, seconds: float) -> None:
        self.counts[bisect_left(BOUNDS, seconds)] += 1
        self.total += seconds

    def buckets(self) -> list[tuple[str, float]]:
        """Cumulative, as Prometheus wants them."""
        sums, so_far = [], 0
        for bound, count in zip([*map(str, BOUNDS), "+Inf"], self.counts):
            so_far += count
            sums.append((bound, float(so_far)))
        return sums


class _Numbers(Collector):
    def __init__(self, plane: Plane) -> None:
        self._plane = plane

    def collect(self) -> Iterator[Metric]:
        requests = CounterMetricFamily("instar_requests", "Requests by route and status", labels=["route", "status"])
        for (route, status), count in self._plane.requests.items():
            requests.add_metric([route, str(status)], count)
        yield requests
        yield GaugeMetricFamily("instar_connections", "Open connections", value=len(self._plane.connections))
        yield from _of_deployments(self._plane.served.values())


def _of_deployments(deployments: Iterable[Served]) -> Iterator[Metric]:
    name = ["deployment"]
    predictions = CounterMetricFamily("instar_predictions", "Answers", labels=[*name, "version"])
    latency = HistogramMetricFamily("instar_prediction_seconds", "From request to answer", labels=name)
    calls = CounterMetricFamily("instar_model_calls", "Batches computed", labels=name)
    released = CounterMetricFamily("instar_batches", "Batches by the reason of release", labels=[*name, "reason"])
    waited = CounterMetricFamily("instar_queue_wait_seconds", "Time rows waited for a batch", labels=name)
    expired = CounterMetricFamily("instar_deadline_missed", "Rows whose deadline passed", labels=name)
    waiting = GaugeMetricFamily("instar_waiting", "Rows that wait now", labels=name)
    caps = GaugeMetricFamily("instar_batch_cap", "Largest batch inside the objective", labels=[*name, "version"])
    restarts = CounterMetricFamily("instar_host_restarts", "Model hosts started again", labels=name)
    for served in deployments:
        label = served.live.name
        for version, count in served.predictions.items():
            predictions.add_metric([label, version], count)
        latency.add_metric([label], served.latency.buckets(), served.latency.total)
        calls.add_metric([label], served.model_calls)
        for reason, count in served.batcher.released.items():
            released.add_metric([label, reason], count)
        waited.add_metric([label], served.batcher.wait_seconds)
        expired.add_metric([label], served.batcher.expired)
        waiting.add_metric([label], served.batcher.waiting)
        for version, model in zip(served.live.names, served.batcher.models):
            caps.add_metric([label, version], model.cap)
        restarts.add_metric([label], served.restarts)
    yield from (predictions, latency, calls, released, waited, expired, waiting, caps, restarts)


def render(plane: Plane) -> bytes:
    """All numbers in the text format of Prometheus."""
    registry = CollectorRegistry()
    registry.register(_Numbers(plane))
    return generate_latest(registry)
