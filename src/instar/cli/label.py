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
@click.argument("key", required=False, metavar="[KEY]")
@click.argument("value", required=False)
@click.option("--history", is_flag=True, help="Every value that it, or KEY, ever had, oldest first.")
@click.option("--remove", is_flag=True, help="Take it away again; that it was there stays on record.")
def label(shell: Shell, subject: str, key: str | None, value: str | None, history: bool, remove: bool) -> None:
    """Label anything that is recorded; without KEY, show the labels it has.

    \b
      tag gold       one of any number of tags      found by: tag:gold
      stage live     the one stage it is in         found by: stage:live
      note "..."     a remark

    SUBJECT is an id or its beginning, NAME@NUMBER or KIND:NAME. The last value counts; all are kept.
    """
    id = shell.store.nodes.resolve(subject, shell.project)
    if history:
        show_history(shell, id, key)
    else:
        show_labels(shell, subject, id, key, value, remove)


def show_labels(shell: Shell, subject: str, id: str, key: str | None, value: str | None, remove: bool) -> None:
    """The labels that count, after KEY got its new value if there is one."""
    if key is not None:
        if key not in _KEYS:
            raise click.BadParameter(f"{key!r} is not one of {', '.join(_KEYS)}", param_hint="'[KEY]'")
        if value is None and (key == "tag" or not remove):
            raise click.UsageError(f"VALUE is missing: instar label {subject} {key} VALUE")
        name, said = (f"tag.{value}", _TAG) if key == "tag" else (key, value or "")
        put(shell, id, name, "" if remove else said)
    found = {name: each for name, each in sorted(shell.store.labels.of([id])[id].items()) if each.value}
    rows = [[name, shortened(each.value), each.by, clock.as_text(each.at)] for name, each in found.items()]
    data = {name: {"value": each.value, "by": each.by, "at": each.at} for name, each in found.items()}
    table = Table(["label", "value", "by", "since"], rows, empty="no labels")
    shell.answer({"id": id, "labels": data}, f"{subject} ({short(id)})", table)


def show_history(shell: Shell, id: str, key: str | None) -> None:
    """All values of all labels, or of KEY (``tag`` stands for all tags); those of the named thing come with a version's."""
    store = shell.store
    subjects = [id, *(edge.dst for edge in store.nodes.edges([id], "out", "specialization"))]
    known = sorted((each for one in subjects for each in store.labels.history(one)), key=lambda each: each.at)
    found = [each for each in known if key is None or each.key == key or each.key.startswith(f"{key}.")]
    kinds = {node.id: node.kind.replace("_", " ") for node in store.nodes.get(subjects)}
    rows = [[clock.as_text(each.at), kinds[each.subject], each.key, shortened(each.value), each.by] for each in found]
    shell.answer(found, Table(["at", "of", "label", "value", "by"], rows, empty="it never had such a label"))


def put(shell: Shell, id: str, name: str, value: str) -> None:
    """Set a label that people may set. Raises BadInput when there is nothing to take away."""
    from instar.store.records import Label

    labels = shell.store.labels
    if not value and not ((known := labels.of([id])[id].get(name)) and known.value):
        raise BadInput(f"{short(id)} has no label {name!r}; `instar label {short(id)}` shows those it has")
    labels.set([Label(id, name, value)])
