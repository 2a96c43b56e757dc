"""``instar label``: what people say about what is recorded, and may change."""

from __future__ import annotations

import click

from instar.base import clock
from instar.base.errors import BadInput
from instar.cli.names import short
from instar.cli.render import Table, shortened
from instar.cli.shell import Shell, command

_KEYS = ("tag", "stage", "note")  # others are the program's: status, live, error, experiment
_TAG = "yes"


@command("label", example="instar label movie-rating@1 tag gold")
@click.argument("subject")
@click.argument("key", required=False, type=click.Choice(_KEYS), metavar="[KEY]")
@click.argument("value", required=False)
@click.option("--remove", is_flag=True, help="Take it away again; that it was there stays on record.")
def label(shell: Shell, subject: str, key: str | None, value: str | None, remove: bool) -> None:
    """Label anything that is recorded; without KEY, show the labels it has.

    \b
      tag gold       one of any number of tags      found by: tag:gold
      stage live     the one stage it is in         found by: stage:live
      note "..."     a remark

    SUBJECT is an id or its beginning, NAME@NUMBER or KIND:NAME. The last value counts; all are kept.
    """
    store = shell.store
    id = store.nodes.resolve(subject, shell.project)
    if key is not None:
        if value is None and (key == "tag" or not remove):
            raise click.UsageError(f"VALUE is missing: instar label {subject} {key} VALUE")
        name, said = (f"tag.{value}", _TAG) if key == "tag" else (key, value or "")
        put(shell, id, name, "" if remove else said)
    found = {name: each for name, each in sorted(store.labels.of([id])[id].items()) if each.value}
    rows = [[name, shortened(each.value), each.by, clock.as_text(each.at)] for name, each in found.items()]
    data = {name: {"value": each.value, "by": each.by, "at": each.at} for name, each in found.items()}
    table = Table(["label", "value", "by", "since"], rows, empty="no labels")
    shell.answer({"id": id, "labels": data}, f"{subject} ({short(id)})", table)


def put(shell: Shell, id: str, name: str, value: str) -> None:
    """Set a label that people may set. Raises BadInput when there is nothing to take away."""
    from instar.store.records import Label

    labels = shell.store.labels
    if not value and not ((known := labels.of([id])[id].get(name)) and known.value):
        raise BadInput(f"{short(id)} has no label {name!r}; `instar label {short(id)}` shows those it has")
    labels.set([Label(id, name, value)])
