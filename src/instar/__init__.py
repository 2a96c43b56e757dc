"""Instar: the whole machine-learning life cycle in one package.

Names are imported when they are first used, so that ``import instar`` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from instar import models, prep
    from instar.data.datasets import DatasetVersion, dataset, import_data
    from instar.flow.dataflow import Dataflow
    from instar.models.registry import publish, version
    from instar.models.version import ModelVersion
    from instar.serve.deployment import deploy, undeploy
    from instar.serve.policies import Static, Thompson
    from instar.store import open_store
    from instar.track import current_run, run, runs

__version__ = "0.1.0"
__all__ = [
    "Dataflow",
    "DatasetVersion",
    "ModelVersion",
    "Static",
    "Thompson",
    "current_run",
    "dataset",
    "deploy",
    "import_data",
    "models",
    "open_store",
    "prep",
    "publish",
    "run",
    "runs",
    "undeploy",
    "version",
]

# Where each name comes from; one that is a module itself stands for itself.
_HOME = {
    "Dataflow": "instar.flow.dataflow",
    "ModelVersion": "instar.models.version",
    "deploy": "instar.serve.deployment",
    "publish": "instar.models.registry",
    "undeploy": "instar.serve.deployment",
    "version": "instar.models.registry",
    "DatasetVersion": "instar.data.datasets",
    "Static": "instar.serve.policies",
    "Thompson": "instar.serve.policies",
    "current_run": "instar.track",
    "dataset": "instar.data.datasets",
    "import_data": "instar.data.datasets",
    "open_store": "instar.store",
    "run": "instar.track",
    "runs": "instar.track",
}
_MODULES = frozenset({"models", "prep"})


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"instar.{name}")
    if name not in _HOME:
        from instar.base.errors import suggestion

        raise AttributeError(f"module 'instar' has no attribute {name!r}; {suggestion(name, __all__)}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*__all__, *globals()})
