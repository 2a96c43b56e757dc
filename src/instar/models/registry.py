"""Publishing: a trained model gets a name and a number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from instar.base import clock
from instar.base.errors import BadInput
from instar.base.ids import event_id, named_id, version_id
from instar.base.names import check_name
from instar.base.settings import author_setting, project_setting
from instar.models.model import Model
from instar.models.predictions import Prepares
from instar.models.version import ModelVersion, version, version_from
from instar.store.records import Edge, Feature, Node, Record

if TYPE_CHECKING:
    from instar.models.script import RunLike
    from instar.store import Store

__all__ = ["ModelVersion", "publish", "version"]


def publish(
    model: Any,
    name: str,
    *,
    run: RunLike | None = None,
    inputs: Any = None,
    target: Any = None,
    evaluated_on: Any = None,
    preparation: Prepares | None = None,
    store: Store | None = None,
    project: str | None = None,
) -> ModelVersion:
    """Publish ``model`` under ``name``; the same model again is no new version (``.new`` says which).

    model : what a dataflow trained, or a fitted estimator of a script. For the latter:
      inputs : the training rows, any frame or array, with or without the target's column; the signature follows from it
      target : the name of the target, or a pair (name, true values of the training rows)
      evaluated_on : rows with the target's column, or a pair (rows, true values): evaluated, and compared with ``inputs``
      run : the run that trained it;  preparation : applied to raw rows before the estimator
    A script's model has no split on record, so the leak check says ``unknown``.
    Raises BadInput naming what is missing.
    """
    check_name("model", name)
    if isinstance(model, Model):
        if inputs is not None or target is not None or evaluated_on is not None or preparation is not None:
            raise BadInput(
                "publish: a model from a dataflow knows its inputs, target and evaluation; leave out "
                "inputs=, target=, evaluated_on= and preparation="
            )
        return publish_model(model, name)
    from instar.models.script import record_script
    from instar.store import open_store

    if store is None:
        store = run.store if run is not None else open_store()
    project = project_setting(project or getattr(run, "project", None))
    recorded = record_script(store, project, model, inputs, target, evaluated_on, preparation, run)
    return publish_model(recorded, name)


def publish_model(model: Model, name: str) -> ModelVersion:
    """Record ``model`` as the next version of ``name`` in its project."""
    store = model.store
    named = named_id(model.project, "model", name)
    id = version_id(model.project, "model_version", name, model.digest, model.activity)
    if store.nodes.has([id]):
        return version_from(store, store.nodes.get([id])[0], store.nodes.numbers([id])[id])
    description = model.bundle().description
    signature = description.signature
    at, by = clock.now(), author_setting()
    doc = {
        "learner": description.learner,
        "format": description.format,
        "task": signature.task,
        "target": signature.target.name,
        "parameters": description.parameters,
        "bundle": model.id,
        "training": model.activity,
    }
    activity = event_id()
    done = {"verb": "publish", "step": f"publish as {name}"}
    nodes = (
        Node(named, "model", "", model.project, name, at, by),
        Node(id, "model_version", model.digest, model.project, name, at, by, doc),
        Node(activity, "activity", "", model.project, "publish", at, by, done),
    )
    edges = (
        Edge(activity, "used", model.id, "model"),
        Edge(activity, "informed", model.activity, "model:model"),
        Edge(id, "generated", activity, "version"),
        Edge(id, "specialization", named),
    )
    fields = (*signature.features, signature.target)
    features = tuple(Feature(id, field.name, field.type, field.unit, field.role) for field in fields)
    store.nodes.put([Record(nodes, edges, features)])
    return version_from(store, store.nodes.get([id])[0], store.nodes.numbers([id])[id], new=True)
