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
    """List and show published models; revoke them."""


@command("list", example="instar models list")
@click.argument("name", required=False)
def list_(shell: Shell, name: str | None) -> None:
    """List the published versions of the project, newest first; only those of NAME if it is given."""
    from instar.models.version import version_from
    from instar.store.query import Query, Term

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


def plain(version: ModelVersion) -> dict[str, Any]:
    from instar.store.invalidation import invalidations

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


for each in (list_, show, evidence, revoke, lift):
    models.add_command(each)
