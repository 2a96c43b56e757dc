"""``instar find``."""

from __future__ import annotations

import click

from instar.cli.names import described, short
from instar.cli.render import Table
from instar.cli.shell import Shell, command

EXAMPLE = 'instar find "model learner:LogisticRegression feature:Genre created:<7d by:me"'


@command("find", example=EXAMPLE)
@click.argument("query", nargs=-1, required=True)
@click.option("--limit", default=100, show_default=True, help="At most so many, newest first.")
def find(shell: Shell, query: tuple[str, ...], limit: int) -> None:
    """Find anything that is recorded.

    QUERY is a kind (model, dataset, deployment, run, file, ...) and terms that must all hold:

    \b
      learner:LogisticRegression   the estimator of a model
      feature:Genre target:rating  a column it needs or gives
      name:films tag:gold stage:live status:failed digest:ab12
      by:me created:<7d            author; age (m, h, d, w), or created:today (the UTC day)
      metric.loss<0.3              the last value of a run's metric
      param.lr=0.1                 a parameter of a run
      word                         in the name

    With --project only in that project, else in all. Content (files, chunks, states) belongs to none.
    """
    from instar.store.query import Term, parse

    store = shell.store
    asked = parse(" ".join(query), limit)
    if shell.given_project and not any(isinstance(term, Term) and term.key == "project" for term in asked.terms):
        asked = parse(f'{" ".join(query)} project:"{shell.given_project}"', limit)
    found = described(store, store.nodes.find(asked))
    rows = [[short(node["id"]), node["kind"], node["name"], node["created"], node["by"]] for node in found]
    shell.answer(found, Table(["id", "kind", "name", "created", "by"], rows, empty="nothing found"))
