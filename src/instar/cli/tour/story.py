"""Stages 7 and 8: from a prediction down to the source file, from the file up to the deployment, and finding a model."""

from __future__ import annotations

from instar.base import clock
from instar.cli import lineage as show
from instar.cli.render import Table
from instar.cli.shell import Shell
from instar.cli.tour.say import Say, short
from instar.models.version import ModelVersion
from instar.serve.lookup import lookup
from instar.store.find.query import parse
from instar.store.provenance.lineage import impact, title, why


def explain(say: Say, shell: Shell, prediction: str) -> None:
    """Stage 7: why, and impact."""
    store = shell.store
    found = lookup(prediction, store)
    up = why(store, found.version)
    files = up.of_kind("file")
    say.tell(
        f"$ instar why {prediction}",
        show.decision(found, show.tree(shell, up, everything=False)),
        f"in all: {show.total(up)}",
        prediction=prediction,
        ancestors=len(up.nodes),
        files=[node.id for node in files],
    )
    source = files[0].id
    down = impact(store, source)
    reached = [
        node for kind in ("dataset_version", "model_version", "deployment_version") for node in down.of_kind(kind)
    ]
    numbers = store.nodes.numbers([node.id for node in reached])
    lines = [(title(node, numbers.get(node.id)), down.depth[node.id], _live(shell, node.id)) for node in reached]
    say.tell(
        "",
        f"$ instar impact {short(source)}",
        "what came of the source file:",
        Table(("what", "steps away", ""), lines),
        f"in all: {show.total(down)}",
        descendants=len(down.nodes),
        live=[node.id for node in reached if _live(shell, node.id)],
    )


def _live(shell: Shell, id: str) -> str:
    return "live" if any(label.value == id for label in shell.store.labels.where("live")) else ""


def find(say: Say, shell: Shell, wanted: ModelVersion) -> None:
    """Stage 8: "the logistic regression of today that uses Genre"."""
    days = (clock.now() - (wanted.node.created_at or 0)) // (86_400 * clock.SECOND) + 1
    when = (
        "today"
        if clock.now() // (86_400 * clock.SECOND) == (wanted.node.created_at or 0) // (86_400 * clock.SECOND)
        else f"<{days}d"
    )
    query = f"model learner:LogisticRegression feature:Genre created:{when}"
    found = shell.store.nodes.find(parse(query))
    numbers = shell.store.nodes.numbers([node.id for node in found])
    say.tell(
        f'$ instar find "{query}"',
        *(
            f"  {title(node, numbers.get(node.id))}, by {node.created_by}, {clock.as_text(node.created_at)}"
            for node in found
        ),
        f"{len(found)} found",
        query=query,
        found=[node.id for node in found],
    )
