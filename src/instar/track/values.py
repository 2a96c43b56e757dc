"""Parameters as text and number, and metrics as floats."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, SupportsFloat

import msgspec

from instar.base.digests import canonical_json
from instar.base.errors import BadInput
from instar.store.records import Param

LONGEST = 6_000  # characters of a parameter; longer things are artifacts
LONGEST_KEY = 250  # characters of the name of a parameter, metric or label
STEPS = range(-(2**63), 2**63)
_PASSWORD = re.compile(r"(\w://[^\s/:@]*:)[^\s/]*@")
_SECRET = re.compile(r"([?&][^=&\s]*(?:pass|pwd|secret|token|key|credential|auth|odbc)[^=&\s]*=)[^&\s]+", re.IGNORECASE)


def param(run: str, key: str, value: Any) -> Param:
    """A parameter: text as it is, a number as text and number, a plain structure as JSON, anything else as its repr.

    >>> param("r", "lr", 0.1).value, param("r", "lr", 0.1).number, param("r", "layers", [8, 2]).value
    ('0.1', 0.1, '[8,2]')
    """
    text = as_text(value)
    if len(text) > LONGEST:
        raise BadInput(
            f"parameter {key!r} has {len(text)} characters, at most {LONGEST} are kept; "
            "write it to a file and keep that with log_artifact"
        )
    return Param(run, key, text, as_number(value))


def as_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping | list | tuple):
        try:
            return canonical_json(value).decode()
        except (TypeError, ValueError, msgspec.MsgspecError):
            return repr(value)
    # numpy 2 shows its scalars as np.float64(0.1): item() is the plain number
    return str(value.item()) if hasattr(value, "item") and getattr(value, "ndim", None) == 0 else str(value)


def as_number(value: Any) -> float | None:
    """The number a parameter is, if it is one and finite."""
    if isinstance(value, str | bytes) or not isinstance(value, SupportsFloat):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def check_key(run: str, what: str, key: Any) -> None:
    """Raises BadInput for what cannot name a parameter, metric or label. run, what : how the message names them"""
    if not isinstance(key, str):
        cause = f"is {type(key).__name__}, not text"
    elif not key:
        cause = "is empty"
    elif len(key) > LONGEST_KEY:
        cause = f"has {len(key)} characters, at most {LONGEST_KEY} are kept"
    elif not key.isprintable():
        cause = "has a character that cannot be printed"
    else:
        return
    shown = repr(key) if len(repr(key)) <= 60 else f"{repr(key)[:60]}…"
    raise BadInput(f"{run}: {what} {shown}: the name {cause}; nothing was logged. Use a name such as 'loss/train'")


def check_text(run: str, what: str, text: Any) -> None:
    """Raises BadInput for what is no text, or cannot be written as UTF-8. run, what : how the message names them"""
    if not isinstance(text, str):
        raise BadInput(f"{run}: {what} is {type(text).__name__}, not text; nothing was logged. Give text, as by str()")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise BadInput(
            f"{run}: {what} has {text[error.start]!r} at {error.start}, half of a character, which UTF-8 cannot hold; "
            "nothing was logged. Decode the text with errors='replace' where it is read"
        ) from None


def without_password(text: str) -> str:
    """``text`` with the password of a URL in it hidden, and what its query says that may be secret.

    >>> without_password("postgresql://ana:secret@host/films")
    'postgresql://ana:***@host/films'
    >>> without_password("postgresql://host/films?user=ana&password=secret")
    'postgresql://host/films?user=ana&password=***'
    """
    hidden = _PASSWORD.sub(r"\1***@", text)
    return _SECRET.sub(r"\1***", hidden) if "://" in text else hidden


def escaped(text: str) -> str:
    r"""``text`` as UTF-8 can hold it: half characters, as in undecodable arguments and paths, stand as escapes.

    >>> escaped("caf\udce9")
    'caf\\udce9'
    """
    return text.encode(errors="backslashreplace").decode()


def as_step(run: str, key: str, step: Any) -> int:
    """A step as a whole number within 64 bits. Raises BadInput naming run and metric."""
    if type(step) is not int:
        try:
            if isinstance(step, str | bytes) or step != (whole := int(step)):
                raise ValueError
        except (TypeError, ValueError, OverflowError):
            raise BadInput(
                f"{run}: metric {key!r}: step {step!r} ({type(step).__name__}) is no whole number; "
                "nothing was logged. Count steps with whole numbers from 0"
            ) from None
        step = whole
    if step not in STEPS:
        raise BadInput(
            f"{run}: metric {key!r}: step {step} does not fit into 64 bits; nothing was logged. Use a smaller step"
        )
    number: int = step
    return number


def as_measure(key: str, value: Any) -> float:
    """A metric's value; NaN and the infinities are values too. Raises BadInput for what is not one number."""
    if not isinstance(value, str | bytes):
        try:
            return float(value)
        except (TypeError, ValueError, OverflowError):
            pass  # said below
    raise BadInput(
        f"metric {key!r}: {value!r} ({type(value).__name__}) is not one number; "
        "log a number, or keep it as a parameter (log) or a file (log_artifact)"
    )
