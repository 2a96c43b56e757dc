"""A step of data preparation written in one line: its name, its columns, and its options."""

from __future__ import annotations

import inspect
import json
import re
import shlex
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import click

from instar.base.errors import BadInput, suggestion
from instar.data.operators import OPERATORS, AnyOperator, Operator
from instar.data.rules import RULES
from instar.data.steps import STEPS, Check, TableStep

KINDS = {"int": int, "float": float | int, "bool": bool}
WANTED = {"int": "a whole number", "float": "a number", "bool": "true or false"}
WORDS = {"none": None, "None": None, "null": None, "true": True, "True": True, "false": False, "False": False}


@dataclass(frozen=True)
class Read:
    """What a line says. step : the operator or table step;  tables : name that the step reads -> dataset"""

    step: AnyOperator | TableStep
    tables: dict[str, str] = field(default_factory=dict)


def part_named(name: str) -> type[AnyOperator] | type[TableStep]:
    """The operator or table step of this name, also written as in Python (``prep.TfIdf``). Raises UsageError."""
    bare = name.removeprefix("prep.").removeprefix("steps.")
    for known in (OPERATORS, STEPS):
        for each in known:
            if bare in (each, known[each].__name__):
                return known[each]
    near = suggestion(bare, (*OPERATORS, *STEPS))
    raise click.UsageError(f"no operator or table step {name!r}; {near} `instar prep list` shows all")


def read_step(text: str) -> Read:
    """``impute Runtime strategy=median`` as what it says.

    Words before the first option are columns, or what the step takes first; a word with blanks is quoted. An option's
    value is a number, true, false, none, a text, or a list with commas. ``check RULE …`` asks one rule.
    """
    try:
        written = shlex.split(text)
    except ValueError as error:
        raise click.UsageError(f"--step {text!r}: {error}; give each quotation mark its partner") from None
    if not written:
        raise click.UsageError("--step is empty; give a step, such as 'impute Runtime'. `instar prep list` shows all")
    name, *words = written
    cls = part_named(name)
    try:
        if cls is Check:
            return _check(words)
        return _made(cls, name, words)
    except TypeError as error:
        raise click.UsageError(f"--step {text!r}: {error}; see `instar prep show {name}`") from None


def _made(cls: type[Any], name: str, words: list[str]) -> Read:
    options = _options(cls)
    given, named, tables = list[str](), dict[str, Any](), dict[str, str]()
    for word in words:
        key, equals, value = word.partition("=")
        if equals and key in options:
            named[key] = value_of(value, options[key].annotation, f"{name}: {key}")
        elif equals and key.isidentifier() and issubclass(cls, TableStep):
            tables[key] = value
        elif equals and key.isidentifier() and issubclass(cls, Operator) and (named or given):
            raise click.UsageError(f"{name} has no option {key!r}; {suggestion(key, _named(options))}")
        else:
            given.append(word)
    words = _given(cls, name, options, given, named)
    try:
        step = cls(*words, **named)
    except BadInput as error:
        if len(given) < 2 or "Names" not in str(next(iter(options.values())).annotation):
            raise
        raise BadInput(f"{error}. Several columns are written with commas: {name} {','.join(given)}") from None
    if tables and (unknown := next((key for key in tables if key not in step.others), "")):
        raise click.UsageError(
            f"{name} has no option {unknown!r}; {suggestion(unknown, (*_named(options), *step.others))}"
        )
    return Read(step, tables)


def _given(
    cls: type[Any], name: str, options: dict[str, inspect.Parameter], given: list[str], named: dict[str, Any]
) -> list[Any]:
    """The words without a name, for the parameters in their order. Raises UsageError when there are too many or too few."""
    operator = issubclass(cls, Operator)
    free = [
        each
        for each in options.values()
        if each.kind is each.POSITIONAL_OR_KEYWORD
        and each.name not in named
        and not (operator and each.default is not each.empty)
    ]
    several = any(each.kind is each.VAR_POSITIONAL for each in _parameters(cls))
    needed = [each.name for each in options.values() if each.default is each.empty and each.name not in named]
    named_only = [each for each in needed if options[each].kind is inspect.Parameter.KEYWORD_ONLY]
    if named_only:
        wanted = ", ".join(f"{each}=…" for each in named_only)
        raise click.UsageError(f"{name} needs {wanted}; see `instar prep show {name}`")
    if len(given) < len(needed):
        raise click.UsageError(f"{name} needs {', '.join(needed[len(given) :])}; see `instar prep show {name}`")
    if len(given) > len(free) and not several:
        takes = ", ".join(each.name for each in free) or "no word without a name"
        raise click.UsageError(
            f"{name} takes {takes}; {given[len(free)]!r} is one too many (an option is written NAME=VALUE)"
        )
    if operator:
        return given
    read = [value_of(word, each.annotation, f"{name}: {each.name}") for word, each in zip(given, free)]
    return read + given[len(free) :]


def _check(words: list[str]) -> Read:
    """``between Runtime 1 600 on_violation=quarantine``: one rule, and what Check itself takes."""
    if not words:
        raise click.UsageError(f"check needs a rule; there is: {', '.join(RULES)}")
    kinds = {key: RULES[key] for key in RULES}
    name = next((key for key, cls in kinds.items() if words[0] in (key, cls.__name__)), "")
    if not name:
        raise click.UsageError(f"check: no rule {words[0]!r}; {suggestion(words[0], kinds)}")
    own = {
        key: value for key, _, value in (word.partition("=") for word in words[1:]) if key in ("on_violation", "origin")
    }
    rest = [word for word in words[1:] if word.partition("=")[0] not in own]
    cls, rule_words = kinds[name], rest
    options = _options(cls)
    named = {
        key: value_of(value, options[key].annotation, f"check {name}: {key}")
        for key, equals, value in (word.partition("=") for word in rule_words)
        if equals and key in options
    }
    given = [word for word in rule_words if word.partition("=")[0] not in named]
    rule = cls(*_given(cls, f"check {name}", options, given, named), **named)
    check = Check(rule, **own)
    tables = {key: key for key in check.others}
    return Read(check, tables)


def value_of(text: str, annotation: object, what: str) -> Any:
    """An option's value, of the type that it wants. Raises UsageError.

    >>> value_of("7", "int | None", "k"), value_of("none", "int | None", "k"), value_of("1,5,9", "tuple[float, ...]", "at")
    (7, None, [1, 5, 9])
    >>> value_of("median", "str", "strategy"), value_of("7", "str", "into")
    ('median', '7')
    """
    kinds = set(re.findall(r"\w+", str(annotation)))
    if kinds == {"str"}:
        return text
    read = _plain(text)
    if read is None and not kinds & {"None", "Any"}:
        read = text  # a word that it may well be, as in keep=none
    if isinstance(read, str) and "," in text and kinds & {"tuple", "list", "Sequence", "Names", "Iterable"}:
        read = [_plain(part.strip()) for part in text.split(",")]
    elif (
        isinstance(read, int | float)
        and not isinstance(read, bool)
        and kinds <= {"Names", "str", "tuple", "list", "Sequence"}
    ):
        read = text
    only = sorted(kinds - {"None"})
    if not only or not set(only) <= set(KINDS) or (read is None and "None" in kinds):
        return read
    if not any(isinstance(read, KINDS[kind]) and isinstance(read, bool) == (kind == "bool") for kind in only):
        raise click.UsageError(f"{what}={text}: give {' or '.join(WANTED[kind] for kind in only)}")
    return read


def _plain(text: str) -> Any:
    if text in WORDS:
        return WORDS[text]
    try:
        return json.loads(text, parse_constant=str)
    except ValueError:
        return text


def _parameters(cls: type[Any]) -> Iterable[inspect.Parameter]:
    return inspect.signature(cls).parameters.values()


def _options(cls: type[Any]) -> dict[str, inspect.Parameter]:
    """What can be given by name."""
    return {
        each.name: each for each in _parameters(cls) if each.kind in (each.POSITIONAL_OR_KEYWORD, each.KEYWORD_ONLY)
    }


def _named(options: dict[str, inspect.Parameter]) -> list[str]:
    return [each.name for each in options.values() if each.default is not each.empty]
