"""``instar find``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from instar.cli.names import described, short
from instar.cli.render import Table, counted
from instar.cli.shell import Shell, command

if TYPE_CHECKING:
    from instar.store.find.query import Query
    from instar.store.records import Node
    from instar.store.store import Store

EXAMPLE = 'instar find "model learner:LogisticRegression feature:Genre created:<7d by:me"'
PAGE = 1000  # nodes that --all asks for at once


@command("find", example=EXAMPLE)
@click.argument("query", nargs=-1, required=True)
@click.option("--limit", type=int, help="At most so many; 100 when QUERY does not say limit: either.")
@click.option("--order", metavar="KEY", help="created, name, metric.NAME or param.NAME; -KEY begins with the most.")
@click.option("--after", metavar="ID", help="The next page: what follows this last one of the page before.")
@click.option("--all", "every", is_flag=True, help="All pages.")
@click.option("--count", is_flag=True, help="Only how many there are.")
def find(
    shell: Shell,
    query: tuple[str, ...],
    limit: int | None,
    order: str | None,
    after: str | None,
    every: bool,
    count: bool,
) -> None:
    """Find anything that is recorded.

    QUERY is a kind (model, dataset, deployment, run, file, ...) and conditions, which must all hold unless `or` stands
    between them; `not` or - denies one, parentheses group:

    \b
      learner:LogisticRegression     the estimator of a model
      feature:Genre target:rating    a column it needs or gives; feature:Age[type=int64,unit=year]
      name:films tag:gold stage:live status:failed experiment:trial digest:ab12
      by:me created:<7d              author; age (m, h, d, w), 2026-11-01, 2026-11-01..2026-11-20, today
      metric.loss<0.3 param.lr=0.1   the last value of a run's metric; a parameter, as number or text
      from:films.csv used-by:rating  what came of it; what it came from
      word                           in names, notes and other labels, and in what is recorded of a thing

    With --project only in that project, else in all. Content (files, chunks, states) belongs to none.
    """
    store = shell.store
    asked = _asked(shell, " ".join(query), limit, order, after)
    if count:
        number = store.nodes.count(asked)
        shell.answer({"count": number}, str(number))
        return
    nodes = _all(store, asked) if every else store.nodes.find(asked)
    found = described(store, nodes)
    rows = [[short(node["id"]), node["kind"], node["name"], node["created"], node["by"]] for node in found]
    full = not every and len(nodes) == asked.limit
    more = [f"{counted(len(nodes), 'line')}; the next page: --after {nodes[-1].id}, or --all"] if full else []
    shell.answer(found, Table(["id", "kind", "name", "created", "by"], rows, empty="nothing found"), *more)


def _asked(shell: Shell, text: str, limit: int | None, order: str | None, after: str | None) -> Query:
    """What the text asks for, with what the options say more."""
    import msgspec

    from instar.store.find.query import Term, parse

    asked = parse(text)
    if order is not None:
        asked = msgspec.structs.replace(asked, order=parse(f"order:{order}").order)
    if limit is not None:
        asked = msgspec.structs.replace(asked, limit=parse(f"limit:{limit}").limit)
    if after is not None:
        asked = msgspec.structs.replace(asked, after=shell.store.nodes.resolve(after))
    if shell.given_project and not any(isinstance(term, Term) and term.key == "project" for term in asked.terms):
        asked = msgspec.structs.replace(asked, terms=(*asked.terms, Term("project", shell.given_project)))
    return asked


def _all(store: Store, asked: Query) -> list[Node]:
    import msgspec

    found: list[Node] = []
    page: list[Node] = []
    while not found or len(page) == PAGE:
        asked = msgspec.structs.replace(asked, limit=PAGE, after=found[-1].id if found else asked.after)
        page = store.nodes.find(asked)
        found += page
        if not page:
            break
    return found
