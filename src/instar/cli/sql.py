"""``instar sql``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from instar.cli.names import short
from instar.cli.render import Table, counted
from instar.cli.shell import Shell, command

if TYPE_CHECKING:
    import polars as pl

EXAMPLE = 'instar sql "SELECT Year, count(*) AS films FROM films GROUP BY Year ORDER BY Year"'
SHOWN = 100
WRITERS = {".csv": "write_csv", ".parquet": "write_parquet", ".json": "write_json", ".jsonl": "write_ndjson"}


@command("sql", example=EXAMPLE)
@click.argument("question")
@click.option("--to", metavar="NAME", help="Keep the answer as a version of this dataset, with its lineage.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write all rows to a file, by its name.")
@click.option("--limit", type=click.IntRange(min=1), help=f"Rows of the answer; {SHOWN} are shown unless said.")
@click.option("--memory", default="2GB", show_default=True, help="Beyond this, spill to disk.")
@click.option("--seconds", type=click.FloatRange(min=0, min_open=True), default=600.0, help="End it after so long.")
def sql(
    shell: Shell, question: str, to: str | None, out: Path | None, limit: int | None, memory: str, seconds: float
) -> None:
    """Ask in SQL over datasets.

    QUESTION is one SELECT in DuckDB's SQL. A table is a dataset (films), one of its versions ("films@2"), or
    catalogue.node, catalogue.edge and the other tables of the record. Nothing else can be read or written.
    """
    from instar.data.sql import sql as ask

    options: dict[str, Any] = {"memory": memory, "seconds": seconds, "store": shell.store, "project": shell.project}
    if to is not None:
        if out is not None:
            raise click.UsageError("give --to or --out, not both: a dataset is written out by a second question")
        version = ask(question, to, limit=limit, **options)
        plain = {"id": version.id, "name": version.name, "number": version.number, "rows": version.rows}
        shell.answer(plain, f"dataset {version} {short(version.id)}: {counted(version.rows, 'row')}")
        return
    if out is not None:
        if out.suffix not in WRITERS:
            raise click.UsageError(f"--out {out}: its name must end in one of {', '.join(WRITERS)}")
        frame = ask(question, limit=limit, **options)
        getattr(frame, WRITERS[out.suffix])(out)
        shell.answer({"file": str(out), "rows": frame.height}, f"{out}: {counted(frame.height, 'row')}")
        return
    frame = ask(question, limit=limit or SHOWN + 1, **options)
    cut = limit is None and frame.height > SHOWN
    frame = frame[:SHOWN] if cut else frame
    more = [f"the first {SHOWN} rows; more with --limit, all with --out FILE or --to NAME"] if cut else []
    shell.answer(plain_rows(frame), Table(frame.columns, _cells(frame), empty="no row"), *more)


def plain_rows(frame: pl.DataFrame) -> list[dict[str, Any]]:
    """Rows as JSON has them: times as text."""
    rows: list[dict[str, Any]] = json.loads(frame.write_json())
    return rows


def _cells(frame: pl.DataFrame) -> list[list[object]]:
    return [["" if cell is None else cell for cell in row] for row in frame.rows()]
