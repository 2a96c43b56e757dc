"""Instar: the whole machine-learning life cycle in one package.

Names are imported when they are first used, so that ``import instar`` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from instar import models, prep, rules, steps
    from instar.base.errors import InstarError
    from instar.data.datasets.dataset import DatasetVersion, dataset, import_data
    from instar.data.sql import sql
    from instar.flow.dataflow import Dataflow
    from instar.models.registry import publish
    from instar.models.standing import NotHomologated
    from instar.models.version import ModelVersion
    from instar.models.version import version as model
    from instar.serve.deployment import deploy
    from instar.serve.policies import Static, Thompson
    from instar.store import open_store
    from instar.store.find.found import find
    from instar.store.keeping.erasure import erase
    from instar.store.keeping.invalidation import invalidate, lift
    from instar.store.provenance.diff import diff
    from instar.store.provenance.lineage import impact, why
    from instar.store.sync import pull, push
    from instar.track import current_run, get_run, run, runs

__version__ = "0.1.0"
__all__ = [
    "Dataflow",
    "DatasetVersion",
    "InstarError",
    "ModelVersion",
    "NotHomologated",
    "Static",
    "Thompson",
    "current_run",
    "dataset",
    "deploy",
    "diff",
    "erase",
    "find",
    "get_run",
    "impact",
    "import_data",
    "invalidate",
    "lift",
    "model",
    "models",
    "open_store",
    "prep",
    "publish",
    "pull",
    "push",
    "rules",
    "run",
    "runs",
    "sql",
    "steps",
    "why",
]

# Where each name comes from, and what it is called there when that is something else.
_HOME = {
    "Dataflow": "instar.flow.dataflow",
    "DatasetVersion": "instar.data.datasets.dataset",
    "InstarError": "instar.base.errors",
    "ModelVersion": "instar.models.version",
    "NotHomologated": "instar.models.standing",
    "Static": "instar.serve.policies",
    "Thompson": "instar.serve.policies",
    "current_run": "instar.track",
    "dataset": "instar.data.datasets.dataset",
    "deploy": "instar.serve.deployment",
    "diff": "instar.store.provenance.diff",
    "erase": "instar.store.keeping.erasure",
    "find": "instar.store.find.found",
    "get_run": "instar.track",
    "impact": "instar.store.provenance.lineage",
    "import_data": "instar.data.datasets.dataset",
    "invalidate": "instar.store.keeping.invalidation",
    "lift": "instar.store.keeping.invalidation",
    "model": "instar.models.version:version",
    "open_store": "instar.store",
    "publish": "instar.models.registry",
    "pull": "instar.store.sync",
    "push": "instar.store.sync",
    "run": "instar.track",
    "runs": "instar.track",
    "sql": "instar.data.sql",
    "why": "instar.store.provenance.lineage",
}
_MODULES = frozenset({"models", "prep", "rules", "steps"})


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"instar.{name}")
    if name not in _HOME:
        from instar.base.errors import suggestion

        raise AttributeError(f"module 'instar' has no attribute {name!r}; {suggestion(name, __all__)}")
    module, _, original = _HOME[name].partition(":")
    value = getattr(import_module(module), original or name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*__all__, *globals()})
