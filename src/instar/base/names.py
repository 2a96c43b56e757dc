"""Names that people give: of projects, datasets, models, deployments, runs. One rule, so that each can be said anywhere."""

from __future__ import annotations

from instar.base.errors import BadInput

LONGEST = 200
_RESERVED = "@:/\\"  # they part a name from a number, a project or a place


def check_name(kind: str, name: object, reserved: str = "") -> None:
    """Raises BadInput unless ``name`` can be the name of a ``kind`` (a noun). reserved : more letters it must not have

    A name has 1 to 200 printable characters, none of ``@ : / \\``, no spaces around it, and something beside dots.
    Control characters and those that turn the direction of text are not printable.

    >>> check_name("dataset", "películas 2024")
    >>> check_name("dataset", "films@2")
    Traceback (most recent call last):
    ...
    instar.base.errors.BadInput: dataset name 'films@2' has '@', which names cannot have; use one such as 'films-2'
    """
    if (why := _wrong(name, _RESERVED + reserved)) is not None:
        said = f"{kind} name {_short(name)}" if name != "" else f"the {kind} name"
        raise BadInput(f"{said} {why}; use one such as {_proposed(kind, name)!r}")


def _wrong(name: object, reserved: str) -> str | None:
    """What is wrong with it; None when nothing is."""
    if not isinstance(name, str):
        return f"is a {type(name).__name__}, not a text"
    if not name:
        return "is empty"
    if not name.strip(" ."):
        return "has nothing but dots and spaces"
    if len(name) > LONGEST:
        return f"has {len(name)} characters; {LONGEST} are the most"
    for letter in name:
        if letter in reserved:
            return f"has {letter!r}, which names cannot have"
        if not letter.isprintable():
            return f"has the character U+{ord(letter):04X}, which cannot be printed"
    if name != name.strip():
        return "has spaces around it"
    return None


def _short(name: object) -> str:
    """As Python writes it: what cannot be printed is escaped."""
    shown = repr(name)
    return shown if len(shown) <= 60 else f"{shown[:57]}…"


def _proposed(kind: str, name: object) -> str:
    """A name near the one given that is allowed."""
    if not isinstance(name, str):
        return f"my-{kind}"
    plain = "".join(letter if letter.isalnum() or letter in " ._" else "-" for letter in name[:40])
    return plain.strip(" .-_") or f"my-{kind}"
