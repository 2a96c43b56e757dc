"""``instar models``: what is published, and how each version stands."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from instar.base import clock
from instar.base.digests import digest_bytes
from instar.base.errors import NotFound
from instar.cli.names import short
from instar.cli.render import Table
from instar.cli.shell import HELP, Shell, command

if TYPE_CHECKING:
    from instar.models.evidence import Evidence
    from instar.models.version import ModelVersion


@click.group(context_settings=HELP)
def models() -> None:
    """List, show and compare published models; revoke them."""


@command("list", example="instar models list")
@click.argument("name", required=False)
def list_(shell: Shell, name: str | None) -> None:
    """List the published versions of the project, newest first; only those of NAME if it is given."""
    from instar.models.version import version_from
    from instar.store.find.query import Query, Term

    store = shell.store
    terms = [Term("kind", "model_version"), Term("project", shell.project)]
    nodes = store.nodes.find(Query((*terms, *([Term("name", name)] if name else [])), 10_000))
    numbers = store.nodes.numbers([node.id for node in nodes])
    found = [plain(version_from(store, node, numbers[node.id])) for node in nodes]
    rows = [
        [each["name"], each["learner"], each["task"], each["target"], each["created"], _yes(each), short(each["id"])]
        for each in found
    ]
    columns = ["version", "learner", "task", "target", "published", "homologated", "id"]
    shell.answer(found, Table(columns, rows, empty="no models"))


@command("show", example="instar models show movie-rating@1")
@click.argument("version")
def show(shell: Shell, version: str) -> None:
    """Show a version: signature, parameters, evidence, signatures, and whether it may be served.

    VERSION is NAME@NUMBER, NAME (its newest), or an id.
    """
    from instar.models.version import version as find_version

    found = find_version(version, shell.store, shell.project)
    features = [feature for feature in found.store.nodes.features([found.id])]
    data = plain(found)
    data["features"] = [
        {"name": each.name, "type": each.type, "unit": each.unit, "role": each.role} for each in features
    ]
    data["parameters"] = found.node.doc.get("parameters", {})
    data["checks"] = {check.name: check.verdict for evidence in found.evidence()[-1:] for check in evidence.checks}
    data["signatures"] = [
        {"id": each.id, "by": each.by, "verdict": each.verdict, "at": each.at, "expires": each.expires}
        for each in found.signatures()
    ]
    signed = [
        [each["by"], each["verdict"], clock.as_text(each["at"]), clock.as_text(each["expires"])]
        for each in data["signatures"]
    ]
    shell.answer(
        data,
        f"model {found} {found.id}",
        f"{data['learner']}, {data['task']}, published {data['created']}",
        f"homologated: {_yes(data)}" + "".join(f"\n  {reason}" for reason in data["reasons"]),
        Table(["column", "type", "unit", "role"], [list(each.values()) for each in data["features"]]),
        Table(["parameter", "value"], sorted(data["parameters"].items()), empty="no parameters"),
        Table(
            ["check", "verdict"], list(data["checks"].items()), empty="no evidence yet: instar homologate " + str(found)
        ),
        Table(["signed by", "verdict", "at", "expires"], signed, empty="no signatures"),
    )


@command("evidence", example="instar models evidence movie-rating@1")
@click.argument("version")
@click.option("--save", type=click.Path(file_okay=False), help="Write the evidence's figures (SVG) into this folder.")
def evidence(shell: Shell, version: str, save: str | None) -> None:
    """Show the newest evidence about a version: what each check of the gate found."""
    from instar.cli.homologate import Shown
    from instar.cli.homologate import plain as plain_evidence
    from instar.models.version import version as find_version

    found = find_version(version, shell.store, shell.project)
    known = found.evidence()
    if not known:
        raise NotFound("evidence about", str(found), next_step=f"make it with `instar homologate {found}`")
    if save is not None:
        _save_figures(Path(save), known[-1])
    data = {"version": str(found), "passed": known[-1].passed, **plain_evidence(known[-1])}
    shell.answer(data, Shown(str(found), digest_bytes(known[-1].to_bytes()), known[-1]))


def _save_figures(folder: Path, known: Evidence) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for check in known.checks:
        for name, svg in check.figures.items():
            (folder / f"{check.name}-{Path(name).name}").write_text(svg)


@command("revoke", example='instar models revoke movie-rating@1 --reason "the source file was wrong"')
@click.argument("subject")
@click.option("--reason", required=True, help="Why.")
def revoke(shell: Shell, subject: str, reason: str) -> None:
    """Take back a version (or a signature, by its id): it may not be served any more until this is lifted."""
    from instar.models.homologate import revoke as take_back

    store = shell.store
    id = take_back(store, store.nodes.resolve(subject, shell.project), reason)
    undo = f"`instar models lift {subject} --reason ...` undoes it"
    shell.answer({"id": id, "subject": subject}, f"{subject} is revoked; {undo}")


@command("lift", example='instar models lift movie-rating@1 --reason "the file was right after all"')
@click.argument("subject")
@click.option("--reason", required=True, help="Why.")
def lift(shell: Shell, subject: str, reason: str) -> None:
    """Take back a revocation by its id, or all that stand against a version or signature."""
    from instar.models.homologate import lift as take_back

    store = shell.store
    id = store.nodes.resolve(subject, shell.project)
    against = {edge.src for edge in store.nodes.edges([id], "in", "invalidated")} or {id}
    lifted = {edge.dst for edge in store.nodes.edges(sorted(against), "in", "invalidated")}
    made = [take_back(store, each, reason) for each in sorted(against - lifted)]
    if not made:
        raise NotFound("unlifted revocation of", subject, next_step="nothing stands against it")
    shell.answer({"ids": made, "subject": subject}, f"{len(made)} revocation of {subject} lifted")


@command("compare", example="instar models compare movie-rating@1 movie-rating")
@click.argument("a")
@click.argument("b")
def compare(shell: Shell, a: str, b: str) -> None:
    """Show where two versions differ: learner, task, target, hyper-parameters, features."""
    from instar.models.comparing import compare as beside

    found = beside(shell.store, a, b, shell.project)
    rows = [
        [each.name, *("-" if value is None else str(value) for value in (each.a, each.b))]
        for each in (*found.about, *found.parameters, *found.features)
    ]
    table = Table(
        ["differs", found.a, found.b], rows, empty=f"{found.a} and {found.b} differ in nothing that is recorded"
    )
    shell.answer(found, table, f"features of both: {', '.join(found.equal) or 'none'}")


@command("similar", example="instar models similar movie-rating@1")
@click.argument("version")
@click.option("--limit", default=10, show_default=True, help="At most so many, most alike first.")
def similar(shell: Shell, version: str, limit: int) -> None:
    """Show the versions most like one: the mean of the shares of features, learner, parameters and source data alike."""
    from instar.models.comparing import similar as alike

    found = alike(shell.store, version, limit, shell.project)
    rows = [[each.version, each.likeness, each.features, each.learner, each.parameters, each.data] for each in found]
    columns = ["version", "likeness", "features", "learner", "parameters", "data"]
    shell.answer(found, Table(columns, rows, empty="no other model"))


@command("rank", example="instar models rank roc_auc")
@click.argument("metric")
@click.option("--name", default="", help="Only versions of this model.")
@click.option("--limit", default=100, show_default=True, help="At most so many, the best first.")
@click.option("--ascending/--descending", default=None, help="Whether less is better; else so for errors and losses.")
def rank(shell: Shell, metric: str, name: str, limit: int, ascending: bool | None) -> None:
    """Order the versions by a METRIC of their evaluations (accuracy, f1, roc_auc, mae, rmse, r2), with 95 % intervals, or
    by one that a run logged."""
    from instar.models.comparing import rank as ranked

    found = ranked(shell.store, metric, name, limit, ascending, shell.project)
    rows = [[each.version, each.value, each.low, each.high, each.rows or None, short(each.source)] for each in found]
    shell.answer(found, Table(["version", metric, "low", "high", "rows", "source"], rows))


@command("features", example="instar models features movie-rating@1")
@click.argument("version")
def features(shell: Shell, version: str) -> None:
    """Show the raw columns of the source datasets behind each feature of a version, and what is not known of them."""
    from instar.models.origins import original_features

    found = original_features(shell.store, version, shell.project)
    rows = [
        [each.feature, ", ".join(f"{raw.dataset}: {raw.column}" for raw in each.columns), each.unknown]
        for each in found
    ]
    shell.answer(found, Table(["feature", "comes from", "not known"], rows))


def plain(version: ModelVersion) -> dict[str, Any]:
    from instar.store.keeping.invalidation import invalidations

    doc = version.node.doc
    standing = version.is_homologated()
    return {
        "id": version.id,
        "name": str(version),
        "project": version.project,
        "digest": version.digest,
        "learner": doc.get("learner", ""),
        "task": doc.get("task", ""),
        "target": doc.get("target", ""),
        "created_at": version.node.created_at,
        "created": clock.as_text(version.node.created_at),
        "by": version.node.created_by,
        "homologated": bool(standing),
        "reasons": list(standing.reasons),
        "invalid": invalidations(version.store.nodes, version.id),
    }


def _yes(version: dict[str, Any]) -> str:
    return "invalid" if version["invalid"] else "yes" if version["homologated"] else "no"


for each in (list_, show, evidence, compare, similar, rank, features, revoke, lift):
    models.add_command(each)
