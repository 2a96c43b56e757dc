"""``instar invalidate`` and ``instar lift``: what was found to be wrong, and what stands on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from instar.cli.names import described, short
from instar.cli.render import counted
from instar.cli.shell import Shell, command

if TYPE_CHECKING:
    from instar.store.keeping.invalidation import Tainted
    from instar.store.records import Node


@command("invalidate", example='instar invalidate films.csv --reason "the years are wrong"')
@click.argument("what", nargs=-1, required=True)
@click.option("--reason", required=True, help="Why.")
def invalidate(shell: Shell, what: tuple[str, ...], reason: str) -> None:
    """Say that something is wrong: a file, a dataset version, a run, a model, anything recorded.

    Nothing is removed. What came of it is named; none of it counts as homologated any more, and servers
    withhold it, until the invalidation is lifted. WHAT is an id or its beginning, NAME@NUMBER, KIND:NAME,
    or the name of an imported file.
    """
    from instar.store.keeping.invalidation import invalidate as record
    from instar.store.keeping.invalidation import tainted

    store = shell.store
    event = record(store, what[0], reason, shell.project, what[1:])
    found = [tainted(store, each, shell.project) for each in what]
    data = {"id": event.id, "reason": reason, "tainted": [plain(shell, each) for each in found]}
    lines = [line for name, each in zip(what, found) for line in lines_of(shell, name, each)]
    shell.answer(data, *lines, f"`instar lift {short(event.id)} --reason ...` undoes it")


@command("lift", example='instar lift films.csv --reason "it was another file"')
@click.argument("event")
@click.option("--reason", required=True, help="Why.")
def lift(shell: Shell, event: str, reason: str) -> None:
    """Take back an invalidation, a revocation or an erasure, by its id; or all that stand against something.

    What was erased does not come back by itself: it may be imported again.
    """
    from instar.base.errors import NotFound
    from instar.store.keeping.invalidation import AGAINST, standing_against
    from instar.store.keeping.invalidation import lift as take_back

    store = shell.store
    node = store.nodes.get([store.nodes.resolve(event, shell.project)])[0]
    kinds = (*AGAINST, "erasure")
    events = (
        [node.id] if node.kind in kinds else [each.event for each in standing_against(store.nodes, [node.id], kinds)]
    )
    if not events:
        raise NotFound("invalidation of", event, next_step="nothing stands against it")
    made = [take_back(store, each, reason).id for each in dict.fromkeys(events)]
    shell.answer({"ids": made, "lifted": events}, f"{', '.join(map(short, events))} lifted")


def plain(shell: Shell, found: Tainted) -> dict[str, Any]:
    return {
        "start": found.start,
        "against": [
            {"event": each.event, "kind": each.kind, "subject": each.subject, "reason": each.reason, "by": each.by}
            for each in found.against
        ],
        "counts": found.counts,
        "deployments": described(shell.store, found.deployments),
        "models": described(shell.store, found.models),
        "homologations": described(shell.store, found.homologations),
        "segments": described(shell.store, found.segments),
    }


def lines_of(shell: Shell, name: str, found: Tainted) -> list[str]:
    """What stands on something invalid, in lines: what is live first."""
    came = ", ".join(counted(count, kind.replace("_", " ")) for kind, count in found.counts.items())
    lines = [f"tainted by {name}: {came or 'nothing came of it'}"]
    groups = (("live now", found.deployments), ("models", found.models))
    lines += [f"  {group}: {_names(shell, nodes)}" for group, nodes in groups if nodes]
    if found.homologations:
        lines.append(f"  approvals that count no more: {counted(len(found.homologations), 'homologation')}")
    if found.segments:
        lines.append(f"  predictions to withdraw lie in {counted(len(found.segments), 'segment')}")
    return lines


def _names(shell: Shell, nodes: tuple[Node, ...]) -> str:
    return ", ".join(f"{node['name']} ({short(node['id'])})" for node in described(shell.store, nodes))
