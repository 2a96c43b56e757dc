"""Predictions over HTTP: what one came from, and which rest on something bad. Only for tokens of all projects."""

from __future__ import annotations

from collections.abc import Sequence

from instar.base.errors import Forbidden
from instar.serve.lookup import lookup
from instar.serve.prediction_id import is_prediction_id
from instar.serve.tables import Decision
from instar.serve.withdrawal import Withdrawal
from instar.serve.withdrawal import withdrawals as withdrawals_of
from instar.store.provenance import lineage
from instar.store.records import Graph
from instar.store.store import Store
from instar.web.scope import ScopedStore


def why(
    store: Store,
    what: str,
    depth: int | None = None,
    project: str = "",
    kinds: Sequence[str] = (),
    stage: str = "",
    since: int | None = None,
    until: int | None = None,
) -> Graph:
    """Everything that ``what`` (an id, its beginning, or a name) came from, down to the source files.

    Of a prediction's id: what the model version that gave the answer came from; ``prediction`` tells the answer itself.
    depth : only so many edges away;  kinds, stage : only nodes of these kinds, or in this stage
    since, until : only nodes made then (microseconds), and the content that they are tied to
    The graph says how much was left out; edges lead over what was filtered out. Raises NotFound, Conflict, BadInput.
    """
    start = prediction(store, what).version if is_prediction_id(what) else what
    return lineage.why(store, start, depth, project, kinds, stage, since, until)


def prediction(store: Store, id: str) -> Decision:
    """The whole decision behind a prediction. Raises UnknownPrediction with the reason."""
    _need_whole(store)
    return lookup(id, store)


def withdrawals(store: Store, what: str, project: str = "") -> list[Withdrawal]:
    """The predictions to withdraw if ``what`` (an id, its beginning, or a name) is bad, by segment, oldest first."""
    _need_whole(store)
    return withdrawals_of(store, store.nodes.resolve(what, project))


def _need_whole(store: Store) -> None:
    if isinstance(store, ScopedStore):
        raise Forbidden("this token is for one project; to ask about predictions needs one for all projects")
