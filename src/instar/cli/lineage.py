"""``instar why`` and ``instar impact``."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec

import click

from instar.base import clock
from instar.cli.moments import When
from instar.cli.names import described, short
from instar.cli.render import Tree, cell, counted, shortened
from instar.cli.render import plain as render
from instar.cli.shell import Shell, command, to_json

if TYPE_CHECKING:
    from instar.serve.tables import Decision
    from instar.store.provenance.lineage import Branch
    from instar.store.records import Graph

P = ParamSpec("P")
_PREDICTION = re.compile(r"[0-9a-f]{8}-[0-9a-f]{32}-\d+")
depth_option = click.option("--depth", type=click.IntRange(min=1), help="Only so many steps away.")
all_option = click.option("--all", "everything", is_flag=True, help="Also chunks, code and environments.")


FORMS = ("text", "json", "svg", "mermaid", "prov")


def _options(function: Callable[Concatenate[Shell, P], None]) -> Callable[Concatenate[Shell, P], None]:
    for option in reversed(
        (
            depth_option,
            click.option(
                "--kind", "kinds", multiple=True, help="Only this kind and its versions; several are allowed."
            ),
            click.option("--stage", default="", help="Only what is in this stage."),
            click.option("--since", type=When(), help="Only what was made then or later, such as 2026-11-20."),
            click.option("--until", type=When(), help="Only what was made until then."),
            click.option(
                "--as", "form", type=click.Choice(FORMS), default="text", show_default=True, help="In this form."
            ),
            click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Write to this file."),
            all_option,
        )
    ):
        function = option(function)
    return function


@command("why", example="instar why movie-rating@1")
@click.argument("what")
@_options
def why(shell: Shell, /, what: str, form: str, output: Path | None, everything: bool, **filters: Any) -> None:
    """Show what something came from: activities, data, models, down to the source files.

    WHAT is an id or its beginning, NAME, NAME@NUMBER, KIND:NAME, the name of an imported
    file, or the id of a prediction.

    As a picture: --as svg --output why.svg; for a Markdown page --as mermaid; for others --as prov
    (PROV-JSON). What filters leave out is counted, and dotted lines lead over it.
    """
    from instar.store.provenance import lineage

    if _PREDICTION.fullmatch(what):
        show_prediction(shell, what, form, output, everything, filters)
    else:
        show(shell, lineage.why(shell.store, what, project=shell.project, **filters), form, output, everything)


@command("impact", example="instar impact films")
@click.argument("what")
@_options
def impact(shell: Shell, /, what: str, form: str, output: Path | None, everything: bool, **filters: Any) -> None:
    """Show what came of something: data, models, up to the deployments that use it.

    WHAT is an id or its beginning, NAME, NAME@NUMBER, KIND:NAME, or the name of an imported file.
    It ends in the live deployments, and in how many predictions would have to be withdrawn.
    Filters and forms are those of `instar why`.
    """
    from instar.serve.withdrawal import withdrawals
    from instar.store.keeping.invalidation import objections
    from instar.store.provenance import lineage

    graph = lineage.impact(shell.store, what, project=shell.project, **filters)
    live = lineage.live_deployments(shell.store, graph.start)
    answers = withdrawals(shell.store, graph.start)
    told = described(shell.store, live)
    against = [str(each) for each in objections(shell.store.nodes, graph.start)]
    data = {"live": told, "withdraw": answers, "invalid": against}
    lines = [f"INVALID, and so is all that came of it: {each}" for each in against]
    lines += [f"live: {node['name']} ({short(node['id'])})" for node in told] or ["nothing of it is live"]
    lines += [f"to withdraw: {each}" for each in answers]
    show(shell, graph, form, output, everything, data, lines)


def show(
    shell: Shell,
    graph: Graph,
    form: str,
    output: Path | None,
    everything: bool,
    data: dict[str, Any] | None = None,
    lines: Sequence[str] = (),
) -> None:
    """The graph in the form that is asked for. data, lines : what else to say, as JSON and as text"""
    if shell.as_json or form == "json":
        text = to_json({**plain(shell, graph), **(data or {})})
    elif form == "text":
        parts = [tree(shell, graph, everything), f"in all: {total(graph)}", *left_out(graph), *lines]
        if output is None:
            shell.answer(None, *parts)
            return
        text = "\n".join(map(render, parts))
    else:
        text = drawn_as(shell, graph, form, everything)
    if output is None:
        print(text)
    else:
        output.write_text(text + "\n", encoding="utf-8")
        shell.answer({"written": str(output)}, f"written to {output}")


def drawn_as(shell: Shell, graph: Graph, form: str, everything: bool) -> str:
    """The graph as a picture or a document for others. everything : also code and environments"""
    from instar.store.provenance.draw import mermaid, svg
    from instar.store.provenance.filtering import without
    from instar.store.provenance.lineage import title, with_makers
    from instar.store.provenance.prov import prov_text

    if form == "prov":
        return prov_text(shell.store, graph)
    graph = with_makers(shell.store, graph)
    if not everything:
        graph = without(graph, [node.id for node in graph.nodes if node.kind not in ("code", "environment")])
    numbers = shell.store.nodes.numbers([node.id for node in graph.nodes])
    if form == "mermaid":
        return mermaid(graph, numbers)
    start = next(node for node in graph.nodes if node.id == graph.start)
    return svg(graph, numbers, title=f"Lineage of {title(start, numbers.get(start.id))}").rstrip()


def left_out(graph: Graph) -> list[str]:
    """What the answer does not show, in words."""
    lines = [f"{counted(graph.beyond, 'node')} further away: give a greater --depth"] if graph.beyond else []
    hidden = ", ".join(counted(count, kind.replace("_", " ")) for kind, count in graph.hidden.items())
    return lines + ([f"left out by the filters: {hidden}"] if hidden else [])


def show_prediction(
    shell: Shell, id: str, form: str, output: Path | None, everything: bool, filters: dict[str, Any]
) -> None:
    """The decision behind an answer, then what the model that gave it came from."""
    from instar.serve.lookup import lookup
    from instar.store.provenance import lineage

    found = lookup(id, shell.store)
    graph = lineage.why(shell.store, found.version, **filters)
    if form == "text" and not shell.as_json and output is None:
        root = decision(found, tree(shell, graph, everything))
        shell.answer(None, root, f"in all: {total(graph)}", *left_out(graph))
    else:
        show(shell, graph, form, output, everything, {"prediction": found})


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
        "beyond": graph.beyond,
        "hidden": graph.hidden,
        "edges": [{"src": edge.src, "rel": edge.rel, "dst": edge.dst, "role": edge.role} for edge in graph.edges],
    }


def tree(shell: Shell, graph: Graph, everything: bool) -> Tree:
    from instar.store.provenance import lineage

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
    from instar.store.provenance.lineage import walk

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
