"""``instar deployments``: what is live."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from instar.base import clock
from instar.cli.moments import When
from instar.cli.names import short
from instar.cli.render import Table
from instar.cli.shell import Shell, command

if TYPE_CHECKING:
    from instar.store import Store


@command("deployments", example="instar deployments")
@click.option("--at", type=When(), help="What was live then, such as 2026-11-20T10:00, and who had approved it.")
def deployments(shell: Shell, at: int | None) -> None:
    """List what is live in the project, and why a server would refuse it (an approval that ended, or was revoked)."""
    if at is None:
        show_now(shell)
    else:
        show_then(shell, at)


def show_now(shell: Shell) -> None:
    """What is live, and what stands against it."""
    from instar.serve.spec import live_deployments

    store = shell.store
    found = live_deployments(store, shell.project)
    refused, flagged = {}, {}
    for live in found.values():
        refused[live.id], flagged[live.id] = _judged(store, live.id)
    data = [
        {
            "id": live.id,
            "name": live.name,
            "number": live.number,
            "versions": live.names,
            "policy": live.spec.policy,
            "latency_ms": live.spec.latency_ms,
            "durable": live.spec.durable,
            "experimental": live.spec.experimental,
            "refused": refused[live.id],
            "flagged": flagged[live.id],
        }
        for live in found.values()
    ]
    rows = [
        [
            f"{live.name}@{live.number}",
            " ".join(live.names),
            live.spec.policy.get("name"),
            live.spec.latency_ms,
            live.spec.durable,
            live.spec.experimental,
            short(live.id),
        ]
        for live in found.values()
    ]
    columns = ["deployment", "versions", "policy", "ms", "durable", "experimental", "id"]
    reasons = [f"{live.name}@{live.number} is not served: {refused[live.id]}" for live in found.values()]
    reasons = [line for line, live in zip(reasons, found.values()) if refused[live.id]]
    served = "is experimental and served all the same"
    reasons += [f"{live.name}@{live.number} {served}: {each}" for live in found.values() for each in flagged[live.id]]
    shell.answer(data, Table(columns, rows, empty="nothing is live; `instar deploy` makes something live"), *reasons)


def show_then(shell: Shell, at: int) -> None:
    """What was live at a moment, since when, by whom, and on whose approval."""
    from instar.serve.then import live_at

    found = live_at(shell.store, at, shell.project)
    rows = [
        [
            f"{each.name}@{each.number}",
            " ".join(each.candidates),
            clock.as_text(each.since),
            each.by,
            ", ".join(sorted({f"{approval.by} (evidence {approval.evidence[:8]})" for approval in each.approvals})),
            short(each.id),
        ]
        for each in found
    ]
    columns = ["deployment", "versions", "live since", "by", "approved by", "id"]
    shell.answer(found, Table(columns, rows, empty=f"nothing was live at {clock.as_text(at)}"))


def _judged(store: Store, id: str) -> tuple[str, list[str]]:
    """Why a server does not serve this deployment version (empty when it does), and what stands against one it serves."""
    from instar.models.standing import NotHomologated
    from instar.serve.deployment import need_servable

    try:
        return "", list(need_servable(store, id).flagged)
    except NotHomologated as error:
        return str(error), []
