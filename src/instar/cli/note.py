"""``instar note``: a remark about several things at once."""

from __future__ import annotations

import click

from instar.cli.names import short
from instar.cli.shell import Shell, command


@command("note", example='instar note "trained on what was there before the repair" omdb@1 movie-rating@1')
@click.argument("text")
@click.argument("subjects", nargs=-1, required=True)
def note(shell: Shell, text: str, subjects: tuple[str, ...]) -> None:
    """Note something about one thing or several. A note stays as it is; `instar find` finds it, and `instar impact` shows
    it below each of its subjects.

    SUBJECTS are ids or their beginnings, NAME@NUMBER, or KIND:NAME.
    """
    from instar.store.provenance.questions import note as put

    made = put(shell.store, text, subjects, shell.project)
    shell.answer(made, f"note {short(made.id)} about {', '.join(subjects)}")
