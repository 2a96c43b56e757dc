"""``instar data``: import tables, and look at them."""

from __future__ import annotations

import errno
import re
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

import click

from instar.base import clock
from instar.base.errors import InstarError
from instar.cli.names import short
from instar.cli.parameters import Letter, Pair
from instar.cli.progress import bar
from instar.cli.render import Table, counted
from instar.cli.shell import HELP, Shell, command

if TYPE_CHECKING:
    from instar.base.schema import Role
    from instar.data.datasets.dataset import DatasetVersion

NONE = "none"
_OPTION = re.compile(r"(?:^|(?<= ))(separator|encoding|quote|nulls|format|table|query|variables|hdu|broken)=(['N]?)")


@click.group(context_settings=HELP)
def data() -> None:
    """Import tables, list datasets, show what is in them."""


@command("import", example="instar data import films.csv --name films --role ID=id --unit Runtime=minute")
@click.argument("source")
@click.option("--name", required=True, help="The dataset's name.")
@click.option("--table", help="The table of a database.")
@click.option("--query", help="A query on a database, instead of a table.")
@click.option("--format", "format_", help="Such as csv, json, sqlite, images or texts (else told by the file).")
@click.option("--separator", type=Letter(), help="Of a CSV file: between two fields (else told by the first line).")
@click.option("--encoding", help="Of a CSV, JSON or text file (else utf-8), such as latin-1.")
@click.option("--quote", type=Letter(NONE), help='Of a CSV file: around a field (else "); none when no letter quotes.')
@click.option("--nulls", multiple=True, metavar="TEXT", help="Of a CSV file: a text that means nothing is known.")
@click.option("--variables", multiple=True, metavar="NAME", help="Of a NetCDF or HDF5 file: a variable to read.")
@click.option("--hdu", help="Of a FITS file: the number or name of the part to read.")
@click.option(
    "--broken", help="Of a folder of images: stop at one that does not decode (the default), or keep its row."
)
@click.option(
    "--role",
    "roles",
    type=Pair("ID=id", last=True),
    multiple=True,
    metavar="COLUMN=ROLE",
    help="id, feature, target, context or time.",
)
@click.option(
    "--unit",
    "units",
    type=Pair("Runtime=minute", last=True),
    multiple=True,
    metavar="COLUMN=UNIT",
    help="The unit of a column.",
)
@click.option("--chunk-rows", type=click.IntRange(min=1), help="Rows of a chunk.")
def import_(
    shell: Shell,
    source: str,
    name: str,
    table: str | None,
    query: str | None,
    format_: str | None,
    separator: str | None,
    encoding: str | None,
    quote: str | None,
    nulls: tuple[str, ...],
    variables: tuple[str, ...],
    hdu: str | None,
    broken: str | None,
    roles: tuple[tuple[str, str], ...],
    units: tuple[tuple[str, str], ...],
    chunk_rows: int | None,
) -> None:
    """Import a table as a version of a dataset.

    SOURCE is a file (CSV, JSON, Parquet, Arrow, SQLite, DuckDB, NetCDF, HDF5, FITS), a folder of files, a pattern such as
    "films-*.csv", or the URL of a database, of which the password is not recorded.
    The same content again makes no new version.
    """
    from instar.data.datasets.dataset import import_data

    options: dict[str, Any] = {"separator": separator, "encoding": encoding, "nulls": nulls or None}
    options |= {"variables": variables or None, "hdu": hdu, "broken": broken}
    options |= {"chunk_rows": chunk_rows} if chunk_rows else {}
    options |= {"quote": None if quote == NONE else quote} if quote else {}
    try:
        version = import_data(
            name,
            source,
            table=table,
            query=query,
            format=format_,
            roles=cast("dict[str, Role]", dict(roles)),
            units=dict(units),
            store=lambda: shell.new_store,
            project=shell.project,
            progress=_progress(name),
            **options,
        )
    except OSError as error:
        if error.filename is None and error.errno not in (errno.ENOSPC, errno.EDQUOT):  # reading names no file
            error.filename = source
        raise
    except InstarError as error:
        error.args = (as_options(str(error)),)
        raise
    news = "new" if version.new else "known already, nothing was added"
    shell.answer(
        {**plain(version), "new": version.new},
        f"dataset {version} {short(version.id)}: {counted(version.rows, 'row')}, "
        f"{counted(len(version.schema), 'column')}, "
        f"{counted(len(version.chunks), 'chunk')} ({news})",
    )


@command("list", example="instar data list")
def list_(shell: Shell) -> None:
    """List the datasets of the project, each with its newest version."""
    from instar.data.datasets.dataset import dataset
    from instar.store.find.query import Query, Term

    store = shell.store
    terms = (Term("kind", "dataset_version"), Term("project", shell.project))
    names = sorted({node.name for node in store.nodes.find(Query(terms, 100_000))})
    found = [dataset(name, store=store, project=shell.project) for name in names]
    rows = [[each.name, each.number, each.rows, len(each.schema), len(each.chunks), short(each.id)] for each in found]
    columns = ["name", "version", "rows", "columns", "chunks", "id"]
    shell.answer([plain(each) for each in found], Table(columns, rows, empty="no datasets"))


@command("log", example="instar data log films")
@click.argument("name")
def log(shell: Shell, name: str) -> None:
    """List all versions of a dataset, oldest first, with what made each."""
    from instar.base.ids import named_id
    from instar.data.datasets.dataset import dataset

    store = shell.store
    dataset(name, store=store, project=shell.project)  # an unknown name is an error that says which there are
    rows, plains = [], []
    for number, node in store.nodes.versions(named_id(shell.project, "dataset", name)):
        version = dataset(name, number, store=store, project=shell.project)
        made = store.nodes.get([version.activity])[0]
        step = str(made.doc.get("step", made.name))
        rows.append([number, clock.as_text(node.created_at), node.created_by, version.rows, step, short(node.id)])
        plains.append({**plain(version), "created_at": node.created_at, "by": node.created_by, "step": step})
    shell.answer(plains, Table(["version", "created", "by", "rows", "made by", "id"], rows))


@command("show", example="instar data show films@1")
@click.argument("name")
@click.option("--html", metavar="FILE", help="Write the profile as a page with charts, too.")
def show(shell: Shell, name: str, html: str | None) -> None:
    """Show a dataset's profile: what is in each column, what goes together, and what is suspicious about it.

    NAME is NAME@NUMBER, or NAME (its newest version). Chunks that were profiled before are not read again.
    """
    from instar.data.datasets.dataset import dataset
    from instar.store.keeping.invalidation import objections

    version = dataset(name, store=shell.store, project=shell.project)
    with bar(f"profile {version}", "chunks") as progress:
        profile = version.profile(progress)
    against = [str(each) for each in objections(shell.store.nodes, version.id)]
    flags = [f"INVALID: {each}" for each in against]
    flags += [f"written as a page: {profile.save(html)}"] if html else []
    shell.answer({**plain(version), "invalid": against, "profile": profile.to_dict()}, profile, *flags)


@command("diff", example="instar data diff films@1 films@1")
@click.argument("before")
@click.argument("after")
@click.option("--html", metavar="FILE", help="Write the comparison as a page with charts, too.")
def diff(shell: Shell, before: str, after: str, html: str | None) -> None:
    """Show how far one dataset version has drifted from another: columns, rows, missing values and distributions.

    Each column is compared by PSI (population stability index), Kolmogorov-Smirnov (numbers) and Jensen-Shannon.
    BEFORE and AFTER are NAME@NUMBER, or NAME (its newest version). What made them differ: `instar diff`.
    """
    from instar.data.datasets.dataset import dataset
    from instar.data.drift.drift import drift

    one, two = (dataset(name, store=shell.store, project=shell.project) for name in (before, after))
    with bar(f"compare {one} with {two}", "chunks") as progress:
        found = drift(one, two, progress)
    told = [f"written as a page: {found.save(html)}"] if html else []
    shell.answer(found.to_dict(), found, *told)


for each in (import_, list_, show, diff, log):
    data.add_command(each)


def plain(version: DatasetVersion) -> dict[str, Any]:
    return {
        "id": version.id,
        "name": version.name,
        "number": version.number,
        "project": version.project,
        "rows": version.rows,
        "chunks": len(version.chunks),
        "digest": version.digest,
        "columns": [
            {"name": field.name, "type": field.type, "unit": field.unit, "role": field.role} for field in version.schema
        ],
        "source": dict(version.source),
    }


def as_options(message: str) -> str:
    """The options that an error of a source names, as they are called on the command line.

    >>> as_options("byte 0xe9 is not utf-8 text; say so, e.g. encoding='latin-1'")
    "byte 0xe9 is not utf-8 text; say so, e.g. --encoding 'latin-1'"
    >>> as_options("it is a database; say what to read with table= or query=")
    'it is a database; say what to read with --table or --query'
    """
    first, newline, rest = message.partition("\n")  # a query may follow
    said = _OPTION.sub(lambda found: f"--{found[1]}{' ' if found[2] else ''}{found[2]}", first)
    return said.replace("--quote None", f"--quote {NONE}") + newline + rest


def _progress(name: str) -> Callable[[int, int | None], None] | None:
    """A line that counts rows, where somebody looks."""
    if not sys.stderr.isatty():
        return None

    def show(done: int, total: int | None) -> None:
        print(
            f"\r{name}: {done} of {total or '?'} rows", end="\n" if done == total else "", file=sys.stderr, flush=True
        )

    return show
