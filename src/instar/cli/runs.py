"""``instar runs``: list and show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from instar.base import clock
from instar.cli.names import short
from instar.cli.render import Table
from instar.cli.shell import HELP, Shell, command

if TYPE_CHECKING:
    from instar.track.runs import TrackedRun


@click.group(context_settings=HELP)
def runs() -> None:
    """List and show runs."""


@command("list", example='instar runs list "metric.loss<1" --status finished')
@click.argument("query", nargs=-1)
@click.option("--experiment", help="Only runs of this experiment.")
@click.option("--status", type=click.Choice(["running", "finished", "failed"]), help="Only runs in this state.")
@click.option("--limit", default=20, show_default=True, help="At most so many, newest first.")
def list_(shell: Shell, query: tuple[str, ...], experiment: str | None, status: str | None, limit: int) -> None:
    """List the runs of the project, newest first; QUERY as in `instar find`."""
    from instar.track.runs import runs as find_runs

    found = find_runs(
        " ".join(query), experiment=experiment, status=status, limit=limit, store=shell.store, project=shell.project
    )
    rows = [
        [
            short(run.id),
            run.name,
            run.experiment,
            run.status,
            clock.as_text(run.started),
            _time(run),
            _some(run.metrics),
        ]
        for run in found
    ]
    columns = ["id", "name", "experiment", "status", "started", "seconds", "metrics"]
    shell.answer([plain(run) for run in found], Table(columns, rows, empty="no runs"))


@command("show", example="instar runs show baseline --history loss")
@click.argument("run")
@click.option("--history", metavar="METRIC", help="Also every point of this metric.")
def show(shell: Shell, run: str, history: str | None) -> None:
    """Show a run: parameters, last metrics, artifacts.

    RUN is an id or its beginning, or a name (then the newest run of that name).
    """
    from instar.track.runs import get_run

    found = get_run(run, shell.store, shell.project)
    data = plain(found)
    parts: list[Table | str] = [
        f"run {found.name} {found.id}",
        f"{found.status}, started {clock.as_text(found.started)} by {found.by}, {_time(found)} s"
        + (f", experiment {found.experiment}" if found.experiment else ""),
    ]
    if found.error:
        parts.append(f"error: {found.error}")
    parts += [
        Table(["parameter", "value"], sorted(found.params.items()), empty="no parameters"),
        Table(["metric", "last"], sorted(found.metrics.items()), empty="no metrics"),
        Table(["artifact", "bytes"], [[path, file.size] for path, file in sorted(found.artifacts.items())], empty=""),
    ]
    if history is not None:
        points = found.history(history)
        data["history"] = [{"step": point.step, "at": point.at, "value": point.value} for point in points]
        parts.append(Table(["step", history], [[point.step, point.value] for point in points]))
    shell.answer(data, *(part for part in parts if not (isinstance(part, Table) and not part.rows and not part.empty)))


runs.add_command(list_)
runs.add_command(show)


def plain(run: TrackedRun) -> dict[str, Any]:
    return {
        "id": run.id,
        "name": run.name,
        "project": run.project,
        "experiment": run.experiment,
        "status": run.status,
        "error": run.error,
        "started_at": run.started,
        "ended_at": run.ended,
        "by": run.by,
        "parent": run.parent,
        "params": run.params,
        "metrics": run.metrics,
        "artifacts": {path: {"digest": file.digest, "size": file.size} for path, file in run.artifacts.items()},
    }


def _time(run: TrackedRun) -> str:
    return "-" if run.seconds is None else f"{run.seconds:.2f}"


def _some(metrics: dict[str, float]) -> str:
    shown = [f"{key}={value:.4g}" for key, value in sorted(metrics.items())[:4]]
    return " ".join(shown) + (" …" if len(metrics) > 4 else "")
