"""Stage 9: a second store, as a team has one. Only what is missing travels; what was invalidated there is told there."""

from __future__ import annotations

from instar.base.settings import author_setting
from instar.cli.render import Table
from instar.cli.shell import Shell
from instar.cli.tour.say import Say, short
from instar.models.version import ModelVersion
from instar.store import Store, open_store
from instar.store.keeping.invalidation import invalidate, lift, tainted
from instar.store.provenance.lineage import title, why
from instar.store.sync import push

TEAM = "team"  # below the tour's folder


def share(say: Say, shell: Shell, model: ModelVersion) -> None:
    """Push all to the team's store, and again; then doubt a source file there, see what it reaches, and lift the doubt."""
    folder = shell.store.folder / "tour" / TEAM
    with open_store(folder) as team:
        first, second = push(shell.store, team), push(shell.store, team)
        say.tell(
            f"$ instar push {folder.relative_to(shell.store.folder.parent)}",
            f"  {first.nodes:,} nodes, {first.edges:,} edges, {first.blobs:,} blobs of {first.bytes / 1e6:.1f} MB; "
            f"pushed again: {second.nodes} nodes, {second.blobs} blobs",
            "",
            nodes=first.nodes,
            bytes=first.bytes,
            again=second.nodes + second.blobs,
        )
        _doubt(say, team, model)


def _doubt(say: Say, team: Store, model: ModelVersion) -> None:
    file = why(team, model.id).of_kind("file")[0]
    event = invalidate(team, file.id, "the source withdrew it (only a rehearsal)")
    reached = tainted(team, file.id)
    standing = [*reached.models, *reached.deployments]
    numbers = team.nodes.numbers([node.id for node in standing])
    say.tell(
        f"$ instar invalidate {short(file.id)} --reason … --store .instar/tour/{TEAM}",
        Table(("what stands on it now",), [(title(node, numbers.get(node.id)),) for node in standing]),
        f"{author_setting()} lifts it: the record of both stays, and nothing is flagged any more",
        tainted=[node.id for node in standing],
    )
    lift(team, event.id, "the rehearsal is over")
    say.tell(lifted=not tainted(team, file.id).against)
