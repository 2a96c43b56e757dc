"""``instar why`` and ``instar impact``."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

import click

from instar.base import clock
from instar.cli.names import described, short
from instar.cli.render import Tree, cell, counted, shortened
from instar.cli.shell import Shell, command

if TYPE_CHECKING:
    from instar.serve.tables import Decision
    from instar.store.lineage import Branch
    from instar.store.records import Graph

_PREDICTION = re.compile(r"[0-9a-f]{8}-[0-9a-f]{32}-\d+")
depth_option = click.option("--depth", type=click.IntRange(min=1), help="Only so many steps away.")
all_option = click.option("--all", "everything", is_flag=True, help="Also chunks, code and environments.")


@command("why", example="instar why movie-rating@1")
@click.argument("what")
@depth_option
@all_option
def why(shell: Shell, what: str, depth: int | None, everything: bool) -> None:
    """Show what something came from: activities, data, models, down to the source files.

    WHAT is an id or its beginning, NAME, NAME@NUMBER, KIND:NAME, the name of an imported
    file, or the id of a prediction.
    """
    from instar.store import lineage

    if _PREDICTION.fullmatch(what):
        show_prediction(shell, what, depth, everything)
    else:
        show(shell, lineage.why(shell.store, what, depth, shell.project), everything)


@command("impact", example="instar impact films")
@click.argument("what")
@depth_option
@all_option
def impact(shell: Shell, what: str, depth: int | None, everything: bool) -> None:
    """Show what came of something: data, models, up to the deployments that use it.

    WHAT is an id or its beginning, NAME, NAME@NUMBER, KIND:NAME, or the name of an imported file.
    """
    from instar.store import lineage

    show(shell, lineage.impact(shell.store, what, depth, shell.project), everything)


def show(shell: Shell, graph: Graph, everything: bool) -> None:
    """The graph as a tree from its start, and how much there is of each kind."""
    shell.answer(plain(shell, graph), tree(shell, graph, everything), f"in all: {total(graph)}")


def show_prediction(shell: Shell, id: str, depth: int | None, everything: bool) -> None:
    """The decision behind an answer, then what the model that gave it came from."""
    from instar.serve.lookup import lookup
    from instar.store import lineage

    found = lookup(id, shell.store)
    graph = lineage.why(shell.store, found.version, depth)
    data = {"prediction": found, **plain(shell, graph)}
    shell.answer(data, decision(found, tree(shell, graph, everything)), f"in all: {total(graph)}")


def decision(found: Decision, origin: Tree) -> Tree:
    """What was asked, who chose, what became known, and below it where the model came from."""
    score = "" if found.score is None else f", score {found.score:.4g}"
    chances = ", ".join(f"{each['name']} {each['propensity']:.3g}" for each in found.candidates)
    context = f" in context {shortened(str(found.context), 1000)}" if found.context else ""
    root = Tree(f"prediction {found.id}: {found.value}{score}")
    root.below = [
        Tree(f"asked {clock.as_text(found.at)}: {shortened(str(found.row), 1000)}" + context),
        Tree(f"by deployment {found.deployment} ({short(found.deployment_version)}), which chose among {chances}"),
        *(Tree(said(each)) for each in found.feedback),
        origin,
    ]
    return root


def said(feedback: dict[str, Any]) -> str:
    """Feedback as words.

    >>> said({"at": 0, "value": True, "reward": 1.0, "counted": False})
    'feedback 1970-01-01 00:00:00Z: True, reward 1, not counted (an earlier one was)'
    """
    learned = "counted" if feedback["counted"] else "not counted (an earlier one was)"
    value = shortened(str(feedback["value"]))
    return f"feedback {clock.as_text(feedback['at'])}: {value}, reward {cell(feedback['reward'])}, {learned}"


def plain(shell: Shell, graph: Graph) -> dict[str, Any]:
    return {
        "start": graph.start,
        "nodes": [{**node, "depth": graph.depth[node["id"]]} for node in described(shell.store, graph.nodes)],
        "edges": [{"src": edge.src, "rel": edge.rel, "dst": edge.dst, "role": edge.role} for edge in graph.edges],
    }


def tree(shell: Shell, graph: Graph, everything: bool) -> Tree:
    from instar.store import lineage

    labels = {node["id"]: label(node) for node in described(shell.store, graph.nodes)}
    return drawn(lineage.tree(graph, hide=frozenset()) if everything else lineage.tree(graph), labels)


def total(graph: Graph) -> str:
    counts = Counter(node.kind.replace("_", " ") for node in graph.nodes if node.id != graph.start)
    return ", ".join(counted(count, kind) for kind, count in sorted(counts.items())) or "nothing"


def label(node: dict[str, Any]) -> str:
    """One line of the tree: kind, name, what an activity did, short id."""
    doc = node["doc"]
    what = str(doc.get("step") or doc.get("verb") or "") if not node["name"] else node["name"]
    if node["name"] and doc.get("step") and doc["step"] != node["name"]:
        what = f"{node['name']} ({doc['step']})"
    return " ".join(part for part in (node["kind"].replace("_", " "), what, short(node["id"])) if part)


def drawn(root: Branch, labels: dict[str, str]) -> Tree:
    """The tree of branches as one of lines; what was shown above is named, not unfolded again."""
    from instar.store.lineage import walk

    unfolded = {branch.node.id for _, branch in walk(root) if branch.below}
    top = Tree(labels[root.node.id])
    stack = [(root, top)]
    while stack:
        branch, tree = stack.pop()
        for twig in branch.below:
            role = f"{twig.role}: " if twig.role else ""
            above = " (see above)" if twig.again and twig.node.id in unfolded else ""
            line = Tree(f"{role}{labels[twig.node.id]}{above}")
            tree.below.append(line)
            stack.append((twig, line))
    return top
