"""``instar deploy`` and ``instar undeploy``: what is live under a name."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any, cast

import click

from instar.base.errors import BadInput, suggestion
from instar.cli.parameters import Pair
from instar.cli.shell import Shell, command

if TYPE_CHECKING:
    from instar.serve.policies import Policy


@command("deploy", example="instar deploy rating movie-rating@1 --policy thompson --set forget=86400")
@click.argument("name")
@click.argument("versions", nargs=-1, required=True)
@click.option("--policy", default="static", show_default=True, help="How to choose among several: static, thompson.")
@click.option(
    "--set",
    "settings",
    type=Pair("forget=86400"),
    multiple=True,
    metavar="KEY=JSON",
    help='Of the policy, such as by=["region"].',
)
@click.option("--latency-ms", default=20.0, show_default=True, help="The objective that batches are cut for.")
@click.option("--timeout-ms", default=1000.0, show_default=True, help="After this a waiting request is refused.")
@click.option("--durable", is_flag=True, help="Answer only when the prediction's record is on disk.")
@click.option("--experimental", is_flag=True, help="Serve also what is not homologated; it stays on record.")
def deploy(
    shell: Shell,
    name: str,
    versions: tuple[str, ...],
    policy: str,
    settings: tuple[tuple[str, str], ...],
    latency_ms: float,
    timeout_ms: float,
    durable: bool,
    experimental: bool,
) -> None:
    """Make model versions answer under NAME. Running servers take it over within two seconds.

    VERSIONS are NAME@NUMBER or ids. Each must be homologated, unless --experimental. The same specification again
    makes nothing new.
    """
    from instar.serve.deployment import deploy as make_live

    rule = _policy(policy, settings)
    made = make_live(
        name,
        versions,
        rule,
        latency_ms,
        timeout_ms=timeout_ms,
        durable=durable,
        experimental=experimental,
        store=shell.store,
        project=shell.project,
    )
    data = {"id": made.id, "name": made.name, "number": made.number, "new": made.new, "versions": made.spec.versions}
    news = "" if made.new else " (as before)"
    shell.answer(data, f"{made} is live{news}: {', '.join(versions)}, policy {policy}", "next: instar serve")


@command("undeploy", example="instar undeploy rating")
@click.argument("name")
def undeploy(shell: Shell, name: str) -> None:
    """Serve NAME no longer. What it answered stays on record."""
    from instar.serve.deployment import undeploy as withdraw

    withdraw(name, shell.store, shell.project)
    shell.answer({"name": name, "live": False}, f"{name} is not served any more")


def _policy(name: str, settings: tuple[tuple[str, str], ...]) -> Policy:
    """The policy of this name with its settings. Raises NotFound, or BadInput for a setting that it does not have."""
    from instar.serve.policies import POLICIES, policy_from_doc

    given = _settings(settings)
    known = [field.name for field in fields(cast(Any, POLICIES[name]))]
    for key in given:
        if key not in known:
            raise BadInput(f"--set {key}=...: policy {name!r} has no such setting; {suggestion(key, known)}")
    return policy_from_doc({"name": name, **given})


def _settings(pairs: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    """``forget=86400`` and ``by=["region"]``; what is no JSON is text."""
    import msgspec

    settings: dict[str, Any] = {}
    for key, value in pairs:
        try:
            settings[key] = msgspec.json.decode(value)
        except msgspec.DecodeError:
            settings[key] = value
    return settings
