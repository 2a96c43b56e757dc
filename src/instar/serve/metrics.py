"""Numbers for /metrics, counted elsewhere and rendered only when asked."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from instar.serve.served import Served


class _Numbers(Collector):
    def __init__(self, requests: Mapping[tuple[str, int], int], connections: int, served: Collection[Served]) -> None:
        self._requests = requests
        self._connections = connections
        self._served = served

    def collect(self) -> Iterator[Metric]:
        requests = CounterMetricFamily("instar_requests", "Requests by route and status", labels=["route", "status"])
        for (route, status), count in self._requests.items():
            requests.add_metric([route, str(status)], count)
        yield requests
        yield GaugeMetricFamily("instar_connections", "Open connections", value=self._connections)
        yield from _of_deployments(self._served)


def _of_deployments(deployments: Collection[Served]) -> Iterator[Metric]:
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


def render(requests: Mapping[tuple[str, int], int], connections: int, served: Collection[Served]) -> bytes:
    """All numbers in the text format of Prometheus. requests : by route and status"""
    registry = CollectorRegistry()
    registry.register(_Numbers(requests, connections, served))
    return generate_latest(registry)
