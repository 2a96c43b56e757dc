"""Fingerprints: the digest of what a step does, so that a step that would do the same again is skipped.

A Python function is what its source says, with its defaults, its closure, the globals it names, and the modules of the
project it calls. Where that cannot be determined, the fingerprint is None and the step runs each time, unless the user
gives it a ``version=``.
"""

from __future__ import annotations

import dis
import functools
import importlib.metadata
import inspect
import sys
import sysconfig
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np
import polars as pl

from instar.base.digests import canonical_json, digest_bytes, digest_value
from instar.base.errors import BadInput
from instar.data.rows.rowwise import calls_python

_LIBRARIES = tuple({sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")})


class Unknown(Exception):
    """The fingerprint of something cannot be determined."""


def fingerprint(value: Any) -> str | None:
    """The digest of ``value`` (plain values, expressions, functions, estimators, arrays), or None."""
    try:
        return digest_value(_describe(value, frozenset()))
    except Unknown:
        return None


@functools.cache
def libraries() -> dict[str, str]:
    """Versions of the libraries whose change may change a result, and the digest of our own code for data."""
    names = ("polars", "numpy", "scikit-learn", "scipy")
    return {name: importlib.metadata.version(name) for name in names} | {"instar": _own_code()}


def _own_code() -> str:
    root = Path(__file__).parents[1]
    files = sorted(path for layer in ("base", "data", "models", "flow") for path in (root / layer).rglob("*.py"))
    return digest_value([[str(path.relative_to(root)), digest_bytes(path.read_bytes())] for path in files])


def _describe(value: Any, seen: frozenset[int]) -> Any:
    """A plain value that says all there is to say about ``value``."""
    if value is None or isinstance(value, bool | int | float | str):
        return [type(value).__name__, repr(value)]
    if id(value) in seen:
        return "again"
    seen |= {id(value)}
    if isinstance(value, pl.Expr):
        return _expression(value)
    if isinstance(value, np.ndarray):
        return ["array", value.dtype.str, list(value.shape), digest_bytes(np.ascontiguousarray(value).tobytes())]
    if isinstance(value, Mapping):
        return ["mapping", [[_describe(key, seen), _describe(item, seen)] for key, item in value.items()]]
    if isinstance(value, list | tuple):
        return [type(value).__name__, [_describe(item, seen) for item in value]]
    if isinstance(value, set | frozenset):
        return ["set", sorted(digest_value(_describe(item, seen)) for item in value)]
    if isinstance(value, functools.partial):
        return ["partial", [_describe(part, seen) for part in (value.func, value.args, value.keywords)]]
    if isinstance(value, FunctionType):
        return _function(value, seen)
    if isinstance(value, type) or inspect.isbuiltin(value):
        return _named(value)
    if isinstance(value, ModuleType):
        return _module(value)
    if hasattr(value, "get_params"):
        return ["estimator", _named(type(value)), _describe(value.get_params(deep=False), seen)]
    if isinstance(value, np.generic):
        return _describe(value.item(), seen)
    raise Unknown


def _expression(expression: pl.Expr) -> Any:
    """The expression's own form. One that calls Python does not show the function's helpers, so it stays unknown."""
    if calls_python(expression):
        raise Unknown
    return ["expression", expression.meta.serialize(format="json")]


def _function(function: Callable[..., Any], seen: frozenset[int]) -> Any:
    try:
        source = inspect.getsource(function)
    except (OSError, TypeError):
        raise Unknown from None
    variables = inspect.getclosurevars(function)
    reached = {**variables.nonlocals, **variables.globals}
    return [
        "function",
        function.__qualname__,
        source,
        _describe(getattr(function, "__defaults__", None), seen),
        _describe(getattr(function, "__kwdefaults__", None), seen),
        [[name, _reached(reached[name], _attributes(function, name), seen)] for name in sorted(reached)],
    ]


def _reached(value: Any, attributes: Sequence[str], seen: frozenset[int]) -> Any:
    """What a function names: of a module of the project its whole file, since helpers call helpers."""
    if isinstance(value, ModuleType):
        return [_module(value), list(attributes)]
    if isinstance(value, FunctionType) and not _is_library(value.__module__):
        return [_describe(value, seen), _module(sys.modules[value.__module__])]
    if isinstance(value, FunctionType):
        return _named(value)
    return _describe(value, seen)


def _attributes(function: Callable[..., Any], name: str) -> list[str]:
    """The names that the function takes from the global ``name``."""
    code: CodeType = function.__code__
    instructions = list(dis.get_instructions(code))
    after = [b.argval for a, b in pairwise(instructions) if a.argval == name and b.opname.startswith("LOAD")]
    return sorted({str(attribute) for attribute in after})


def _named(thing: Any) -> Any:
    """Something of a library is known by its name and the library's version; of the project by its file."""
    module = getattr(thing, "__module__", None) or "builtins"
    if not _is_library(module):
        return [module, thing.__qualname__, _module(sys.modules[module])]
    return [module, thing.__qualname__, _version(module)]


def _module(module: ModuleType) -> Any:
    if _is_library(module.__name__):
        return [module.__name__, _version(module.__name__)]
    file = getattr(module, "__file__", None)
    if file is None:  # an interactive session: the function's own source is all there is
        return [module.__name__]
    return [module.__name__, digest_bytes(Path(file).read_bytes())]


def _is_library(name: str) -> bool:
    module = sys.modules.get(name)
    file = getattr(module, "__file__", None)
    if file is None:
        return name.split(".")[0] in sys.stdlib_module_names
    return name.split(".")[0] == "instar" or str(file).startswith(_LIBRARIES)


def _version(module: str) -> str:
    top = module.split(".")[0]
    if top in sys.stdlib_module_names:
        return sys.version.split()[0]
    for name in importlib.metadata.packages_distributions().get(top, [top]):
        try:
            return importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    raise Unknown


def plain(value: Any) -> Any:
    """``value`` for the record: as it is when JSON can hold it, else as text."""
    try:
        canonical_json(value)
    except (TypeError, BadInput):
        return str(value)
    return value
