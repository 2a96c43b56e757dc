"""Engines run the tasks of a plan. The local one is a pool of threads; others enter the table by name."""

from instar.flow.engines.engine import ENGINES, Engine, Progress
from instar.flow.engines.local import LocalEngine

__all__ = ["ENGINES", "Engine", "LocalEngine", "Progress"]
