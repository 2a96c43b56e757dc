"""Runs: one tracked execution each, with parameters, metrics, artifacts, inputs, outputs, code and environment."""

from instar.track.run import Run, RunEnded, current_run, run
from instar.track.runs import TrackedRun, get_run, runs

__all__ = ["Run", "RunEnded", "TrackedRun", "current_run", "get_run", "run", "runs"]
