"""The graph: steps, what they do (verbs), and how they hang together. Nothing here runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from instar.base.digests import digest_value
from instar.base.schema import Schema

if TYPE_CHECKING:
    import polars as pl

OUT = "out"  # the port of a step that gives one thing


class Graph:
    """What the handles of one dataflow share; two of them go together only when it is the same one."""

    name: str
    project: str


class Verb:
    """What a step does. A subclass is a frozen dataclass with the step's parameters."""

    name: ClassVar[str]

    def parameters(self) -> dict[str, Any]:
        """The parameters as plain values, for people and for the record."""
        return {}

    def fingerprint(self) -> str | None:
        """What decides the result beside the inputs; None when that cannot be determined: then it runs each time."""
        return digest_value([self.name, self.parameters()])

    @property
    def calls_python(self) -> bool:
        """Whether a function of the user runs in it: what that looks at cannot be seen, so the leak check is told."""
        return False


class RowVerb(Verb):
    """A verb that treats each row by itself: it runs inside the pass of whoever needs its rows, and writes nothing."""

    lazy: ClassVar[bool] = True  # neighbours fuse into one query of Polars

    def rows(self, frame: pl.LazyFrame, port: str) -> pl.LazyFrame:
        """The rows of one chunk, lazily."""
        raise TypeError(f"{type(self).__name__} does not work on a query; it works on a frame")

    def frame(self, frame: pl.DataFrame, port: str, given: dict[str, Any]) -> pl.DataFrame:
        """The rows of one chunk, at once. given : values of the step's other inputs, by name"""
        return self.rows(frame.lazy(), port).collect()


@dataclass(frozen=True, eq=False)
class Input:
    """What a step reads: a port of a step before it, under a name (``table``, ``left``, ``preparation`` …)."""

    name: str
    step: Step
    port: str = OUT

    @property
    def role(self) -> str:
        return f"{self.name}:{self.port}"

    @property
    def schema(self) -> Schema:
        """Of the table behind the port."""
        return self.step.schema_of(self.port)


@dataclass(frozen=True, eq=False)
class Step:
    """One activity of a dataflow.

    schema : of the table it gives, when it gives one;  label : for people
    schemas : by port, of a step whose tables differ
    """

    verb: Verb
    inputs: tuple[Input, ...] = ()
    schema: Schema = field(default_factory=Schema)
    label: str = ""
    schemas: Mapping[str, Schema] = field(default_factory=dict)

    def schema_of(self, port: str) -> Schema:
        return self.schemas.get(port, self.schema)

    def key(self, keys: dict[Step, str | None]) -> str | None:
        """What identifies this step with all that is before it; None as soon as one of them cannot be determined.

        Equal keys: the same verbs with the same parameters on the same sources, so the same activity.
        """
        if self not in keys:
            for step in self.lineage():
                keys.setdefault(step, step._key(keys))
        return keys[self]

    def _key(self, keys: dict[Step, str | None]) -> str | None:
        mine = self.verb.fingerprint()
        before = [(each.name, keys[each.step], each.port) for each in self.inputs]
        known = mine is not None and all(key is not None for _, key, _ in before)
        return digest_value([self.verb.name, mine, before]) if known else None

    def lineage(self) -> Iterator[Step]:
        """This step and all before it, each once, those before it first."""
        seen: set[Step] = set()
        stack: list[tuple[Step, bool]] = [(self, False)]
        while stack:
            step, ready = stack.pop()
            if ready:
                yield step
            elif step not in seen:
                seen.add(step)
                stack.append((step, True))
                stack += [(each.step, False) for each in reversed(step.inputs)]
