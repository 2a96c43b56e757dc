"""Parts by name: ours and others' enter by the same table, entry points included."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.metadata import entry_points
from typing import Generic, TypeVar

from instar.base.errors import Conflict, NotFound

T = TypeVar("T")
P = TypeVar("P")


class Table(Generic[T]):
    """A table of parts of one kind. A name that is not there is looked up once among the entry points of ``group``.

    kind : what the parts are, for messages;  group : the entry point group in which other packages offer theirs

    >>> shapes: Table[type] = Table("shape", "instar.shapes")
    >>> shapes.add("circle", int)
    >>> shapes["circle"], shapes.names()
    (<class 'int'>, ('circle',))
    """

    def __init__(self, kind: str, group: str) -> None:
        self.kind = kind
        self.group = group
        self._parts: dict[str, T] = {}
        self._looked_outside = False

    def add(self, name: str, part: T) -> None:
        """Enter ``part``. Raises Conflict when another part has the name."""
        if self._parts.setdefault(name, part) is not part:
            raise Conflict(f"{self.kind} {name!r} is there already ({self._parts[name]!r}); choose another name")

    def register(self, name: str) -> Callable[[P], P]:
        """A decorator that enters what it decorates."""

        def enter(part: P) -> P:
            self.add(name, part)  # type: ignore[arg-type]  # the decorated class is a T; P keeps its own type
            return part

        return enter

    def __getitem__(self, name: str) -> T:
        """The part called ``name``. Raises NotFound with what there is."""
        if name not in self._parts:
            self._look_outside()
        if name not in self._parts:
            raise NotFound(self.kind, name, self._parts)
        return self._parts[name]

    def names(self) -> tuple[str, ...]:
        """All names, sorted, other packages' included."""
        self._look_outside()
        return tuple(sorted(self._parts))

    def __iter__(self) -> Iterator[str]:
        return iter(self.names())

    def _look_outside(self) -> None:
        """Loading an entry point may run a decorator that enters the part itself: then it is there already."""
        if self._looked_outside:
            return
        self._looked_outside = True
        for point in entry_points(group=self.group):
            self._parts.setdefault(point.name, point.load())
