"""Formats of estimators, by name. Ours and others' enter by the same table (entry points of ``instar.formats``)."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Protocol

from instar.base.errors import BadInput, NotFound

BUILT_IN = {"sklearn": "instar.models.formats.sklearn:SklearnFormat"}


class Format(Protocol):
    """How one library's estimators are kept. A format never falls back to another one, least of all to pickle."""

    name: str
    trusted: Sequence[str]  # types that load besides those the library itself calls safe
    executes: bool  # whether reading back can run code, as pickle does; ``canonical`` covers all that decides what runs

    def takes(self, estimator: Any) -> bool:
        """Whether ``estimator`` is of this library."""

    def save(self, estimator: Any, folder: Path) -> None:
        """Write ``estimator`` into the empty ``folder``. Raises CannotSave."""

    def load(self, folder: Path, trusted: Sequence[str] = ()) -> Any:
        """Read it back. ``trusted`` names further types the caller vouches for. Raises Untrusted naming the others."""

    def canonical(self, folder: Path) -> str:
        """The digest of what the estimator is, not of its bytes: two dumps of one model, anywhere, give one digest."""


class CannotSave(BadInput):
    """An estimator holds something its format cannot keep."""


class Untrusted(BadInput):
    """A saved estimator holds types that nobody vouched for; nothing was loaded."""

    status = 403

    def __init__(self, format: str, types: Sequence[str]) -> None:
        super().__init__(
            f"{format}: the saved estimator holds types that are not trusted: {', '.join(types)}; nothing was loaded. "
            f"If you trust them, load with trusted={tuple(types)!r}"
        )


def formats() -> dict[str, str]:
    """The known formats: name to ``module:class``."""
    others = {point.name: point.value for point in entry_points(group="instar.formats")}
    return others | BUILT_IN


def format_named(name: str) -> Format:
    """The format ``name``. Raises NotFound."""
    known = formats()
    if name not in known:
        raise NotFound("model format", name, known)
    module, _, attribute = known[name].partition(":")
    made: Format = getattr(import_module(module), attribute)()
    return made


def format_of(estimator: Any) -> Format:
    """The first format that takes ``estimator``. Raises BadInput naming the known ones."""
    for name in formats():
        if (candidate := format_named(name)).takes(estimator):
            return candidate
    kind = f"{type(estimator).__module__}.{type(estimator).__qualname__}"
    raise BadInput(
        f"no format keeps a {kind}; known formats: {', '.join(sorted(formats()))}. "
        "Give a fitted scikit-learn estimator, or add a format (entry point group instar.formats)"
    )
