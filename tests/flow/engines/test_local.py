"""The local engine keeps the contract, with one worker and with several."""

from __future__ import annotations

from tests.contracts.engines import EngineContract

from instar.flow.engines import Engine, LocalEngine, Progress


class TestLocalEngine(EngineContract):
    def make(self, progress: Progress) -> Engine:
        return LocalEngine(progress)


class TestLocalEngineWithOneWorker(EngineContract):
    def make(self, progress: Progress) -> Engine:
        return LocalEngine(progress, workers=1)
