"""Numbers for /metrics, counted cheaply and rendered only when asked."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from instar.serve.histogram import Histogram

CONTENT_TYPE = "text/plain; version=1.0.0; charset=utf-8"


class Numbers(Collector):
    """Requests by route and status, and how long they took."""

    def __init__(self) -> None:
        self._requests: Counter[tuple[str, int]] = Counter()
        self._seconds: defaultdict[str, Histogram] = defaultdict(Histogram)
        self.sizes: Mapping[str, float] = {}  # what the store holds, as it was last counted

    def saw(self, route: str, status: int, seconds: float) -> None:
        self._requests[route, status] += 1
        self._seconds[route].saw(seconds)

    def collect(self) -> Iterator[Metric]:
        requests = CounterMetricFamily("instar_store_requests", "Requests", labels=["route", "status"])
        for (route, status), count in self._requests.items():
            requests.add_metric([route, str(status)], count)
        latency = HistogramMetricFamily("instar_store_request_seconds", "From request to answer", labels=["route"])
        for route, seen in self._seconds.items():
            latency.add_metric([route], seen.buckets(), seen.total)
        held = GaugeMetricFamily("instar_store_size", "What the store holds", labels=["what"])
        for what, size in self.sizes.items():
            held.add_metric([what], size)
        yield from (requests, latency, held)

    def render(self) -> bytes:
        """All numbers in the text format of Prometheus."""
        registry = CollectorRegistry()
        registry.register(self)
        return generate_latest(registry)
