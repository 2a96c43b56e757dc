"""Types of options: what several commands read the same way. What cannot be read is wrong usage (exit status 2)."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import ClassVar

import click

_AGE = re.compile(r"(\d+)([hdw])")
_UNITS = {"h": "hours", "d": "days", "w": "weeks"}


class Pair(click.ParamType["tuple[str, str]"]):
    """``KEY=VALUE`` as a tuple of two texts; in a column's name there may be a ``=``, so that the last one counts there.

    example : shown when the text is no pair;  last : whether the key ends at the last ``=``
    """

    name = "pair"

    def __init__(self, example: str, last: bool = False) -> None:
        self.example = example
        self.last = last

    def convert(
        self, value: str | tuple[str, str], param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        """
        >>> Pair("region=US").convert("a=b=c", None, None), Pair("ID=id", last=True).convert("a=b=c", None, None)
        (('a', 'b=c'), ('a=b', 'c'))
        """
        if isinstance(value, tuple):
            return value
        key, equals, rest = value.rpartition("=") if self.last else value.partition("=")
        if not equals or not key:
            metavar = (param.metavar if param else None) or "KEY=VALUE"
            self.fail(f"{value!r} is not {metavar}; give one such as {self.example}", param, ctx)
        return key, rest


class Letter(click.ParamType[str]):
    """One letter, or a word that stands for it where the letter itself is hard to type; ``none``, when that is a choice."""

    name = "letter"
    words: ClassVar = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "space": " "}

    def __init__(self, none: str = "") -> None:
        self.none = none

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """
        >>> Letter().convert("tab", None, None)
        '\\t'
        """
        letter = self.words.get(value, value)
        if len(letter) != 1 and not (self.none and letter == self.none):
            choice = f", or {self.none}" if self.none else ""
            self.fail(f"{value!r} is not one letter; give one such as ';' or tab{choice}", param, ctx)
        return letter


class Age(click.ParamType[timedelta]):
    """A length of time: a number and h, d or w."""

    name = "age"

    def convert(self, value: str | timedelta, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """
        >>> Age().convert("90d", None, None)
        datetime.timedelta(days=90)
        """
        if isinstance(value, timedelta):
            return value
        if not (match := _AGE.fullmatch(value)):
            self.fail(f"{value!r}: give a number and a unit, such as 90d (h hours, d days, w weeks)", param, ctx)
        try:
            age = timedelta(**{_UNITS[match[2]]: int(match[1])})
        except OverflowError:
            self.fail(f"{value!r} is longer than time can be counted; leave it out for no end", param, ctx)
        if not age:
            self.fail(f"{value!r} is no time at all; give at least 1h, or leave it out for no end", param, ctx)
        return age
