"""``instar prep``: the operators and table steps of data preparation, shown, fitted and applied."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

import click

from instar.base.errors import BadInput
from instar.cli.data import plain
from instar.cli.names import short
from instar.cli.render import Table, counted
from instar.cli.shell import HELP, Shell, command

if TYPE_CHECKING:
    from instar.flow.prepared import Prepared

STEP = click.option(
    "--step",
    "steps",
    multiple=True,
    required=True,
    metavar="TEXT",
    help="An operator or table step with its columns and options, such as 'impute Runtime strategy=median'.",
)


@click.group(context_settings=HELP)
def prep() -> None:
    """List and show the steps of data preparation; fit and apply them."""


@command("list", example="instar prep list")
@click.option("--family", help="Only of this family, such as missing, text or steps.")
def list_(shell: Shell, family: str | None) -> None:
    """List all operators and table steps by family, with a line on each.

    Operators work row by row and travel with a model into serving; table steps change which rows there are.
    """
    found = sorted(_parts(), key=lambda each: (each["kind"], each["family"], each["name"]))
    families = sorted({each["family"] for each in found})
    if family is not None and family not in families:
        raise BadInput(f"no family {family!r}; there is: {', '.join(families)}")
    shown = [each for each in found if family in (None, each["family"])]
    rows = [[each["name"], each["kind"], each["family"], each["line"]] for each in shown]
    shell.answer(shown, Table(["name", "kind", "family", "what it does"], rows))


@command("show", example="instar prep show impute")
@click.argument("name")
def show(shell: Shell, name: str) -> None:
    """Show what a step does: its definition, options with their defaults, an example, and what it learns.

    NAME is one of `instar prep list`, or the name in Python, such as TfIdf.
    """
    from instar.cli.steptext import part_named
    from instar.data.operators import Operator

    cls = part_named(name)
    part: dict[str, Any] = {**_part(cls), "learns": _learns(cls) if issubclass(cls, Operator) else []}
    learns = [f"{each['summary']} ({each['guarantee']})" for each in part["learns"]]
    options = [[each["name"], each["default"], each["type"]] for each in part["options"]]
    shell.answer(
        part,
        f"{part['python']}{part['signature']}",
        "",
        part["doc"],
        "",
        Table(["option", "default", "type"], options, empty="It has no options."),
        "",
        f"learns from: {'; '.join(learns)}" if learns else "",
        f"on the command line: instar prep apply DATASET --step '{part['usage']}' --to NAME",
    )


@command(
    "fit", example="instar prep fit films --step 'impute Runtime strategy=median' --step 'standardize Runtime Year'"
)
@click.argument("dataset")
@STEP
def fit(shell: Shell, dataset: str, steps: tuple[str, ...]) -> None:
    """Fit operators on a dataset, and tell what they learned. Nothing is written; fitted again, nothing is read again.

    DATASET is NAME@NUMBER, or NAME (its newest version).
    """
    prepared = _prepared(shell, dataset, steps, None)
    result = prepared.run()
    learned = [line for each in result.preparations for line in each.explain().splitlines()]
    names = list(dict.fromkeys(name for each in result.preparations for name in each.feature_names()))
    shell.answer(
        {"learned": learned, "features": names},
        *(learned or ["nothing is learned: there is no operator among the steps"]),
        f"{counted(len(names), 'feature')}: {', '.join(names[:12])}{', …' if len(names) > 12 else ''}" if names else "",
    )


@command(
    "apply",
    example="instar prep apply films --step 'impute Runtime strategy=median' --step 'standardize Runtime Year' --to ready",
)
@click.argument("dataset")
@STEP
@click.option("--to", "name", required=True, metavar="NAME", help="The dataset that is written.")
@click.option("--fit-on", metavar="DATASET", help="Learn from this dataset instead, and apply what was learned.")
def apply(shell: Shell, dataset: str, steps: tuple[str, ...], name: str, fit_on: str | None) -> None:
    """Fit steps on a dataset, in order, apply them, and write the result as a version of another dataset.

    A table step with several results (check: what it sets apart) writes each further one as NAME-RESULT, such as
    ready-quarantine. A second table that a step reads is named: --step 'enrich reference=stations …'.
    It runs as a dataflow, so that the new version knows what it was made from.
    """
    prepared = _prepared(shell, dataset, steps, fit_on)
    result = prepared.run(name)
    learned = [line for each in result.preparations for line in each.explain().splitlines()]
    told = [
        f"dataset {each} {short(each.id)}: {counted(each.rows, 'row')}, {counted(len(each.schema), 'column')}"
        for each in (result.version, *result.others)
        if each is not None
    ]
    answer = {
        "learned": learned,
        "version": plain(result.version) if result.version else None,
        "others": [plain(each) for each in result.others],
    }
    shell.answer(answer, *learned, *told)


for each in (list_, show, fit, apply):
    prep.add_command(each)


def _prepared(shell: Shell, name: str, texts: tuple[str, ...], fit_on: str | None) -> Prepared:
    from instar.cli.steptext import read_step
    from instar.data.datasets.dataset import dataset
    from instar.flow.prepared import Prepared

    read = [read_step(text) for text in texts]
    store, project = shell.store, shell.project

    def found(name: str) -> Any:
        return dataset(name, store=store, project=project)

    steps = [(each.step, {key: found(table) for key, table in each.tables.items()}) for each in read]
    return Prepared(found(name), steps, found(fit_on) if fit_on else None)


def _parts() -> Iterator[dict[str, Any]]:
    from instar.data.operators import OPERATORS
    from instar.data.steps import STEPS

    yield from (_part(OPERATORS[name]) for name in OPERATORS)
    yield from (_part(STEPS[name]) for name in STEPS)


def _part(cls: type[Any]) -> dict[str, Any]:
    """A part as plain values."""
    from instar.data.operators import Operator

    kind = "operator" if issubclass(cls, Operator) else "table step"
    doc = inspect.getdoc(cls) or ""
    signature = inspect.signature(cls).replace(return_annotation=inspect.Signature.empty)
    family = cls.__module__.split(".")[-2]
    options = [
        {"name": each.name, "default": repr(each.default), "type": _spelled(cls, each.annotation)}
        for each in signature.parameters.values()
        if each.default is not each.empty
    ]
    return {
        "name": cls.name,
        "python": f"{'prep' if kind == 'operator' else 'steps'}.{cls.__name__}",
        "kind": kind,
        "family": "plain" if family == "operators" else family,
        "line": " ".join(doc.split("\n\n")[0].split()).split(". ")[0].replace("``", "").rstrip(":."),
        "signature": re.sub(r": '([^']*)'", r": \1", str(signature)),
        "usage": " ".join([cls.name, *_words(signature)]),
        "options": options,
        "doc": doc,
    }


def _spelled(cls: type[Any], annotation: object) -> str:
    """A type in words, in which a name that stands for a few texts gives way to them."""
    known = vars(sys.modules[cls.__module__])

    def texts(name: re.Match[str]) -> str:
        return " | ".join(map(repr, get_args(known[name[0]]))) if get_origin(known.get(name[0])) is Literal else name[0]

    return re.sub(r"\w+", texts, str(annotation))


def _words(signature: inspect.Signature) -> Iterator[str]:
    for each in signature.parameters.values():
        if each.kind is each.VAR_POSITIONAL:
            yield f"{each.name.rstrip('s').upper()} …"
        elif each.default is each.empty:
            yield each.name.upper()
    options = [each for each in signature.parameters.values() if each.default is not each.empty]
    if options:
        yield f"[{options[0].name}=…]"


def _learns(cls: type[Any]) -> list[dict[str, str]]:
    """What the first pass summarises, asked of an operator over one column; nothing where it needs more than that."""
    needed = [each.kind for each in inspect.signature(cls).parameters.values() if each.default is each.empty]
    if len(needed) != 1:
        return []
    try:
        wanted = {of.summary for of in cls("x").needs({}).values()}
    except BadInput:  # it has an option that cannot be left out, or wants several columns
        return []
    found = sorted(wanted, key=lambda each: each.__name__)
    return [{"summary": each.__name__, "guarantee": each.guarantee} for each in found]
