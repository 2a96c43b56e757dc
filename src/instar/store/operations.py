"""The protocols of the store as a table of operations: what the server routes and the HTTP client calls."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, get_origin, get_type_hints

import msgspec

from instar.store.protocols import FACETS, Role
from instar.store.store import Store

PREFIX = "/api/v1"
BLOBS = f"{PREFIX}/blobs/"  # below it each blob's bytes, by digest


@dataclass(frozen=True)
class Operation:
    """One method of one facet, as it goes over the wire.

    parameters : a Struct with a field for each, unknown ones refused;  result : the type of the answer
    role : who may call it;  changes : whether it writes;  audited : whether the server notes each call in the audit
    repeatable : whether a call whose answer was lost may be sent again
    doc : the whole docstring, empty when there is none
    """

    facet: str
    method: str
    names: tuple[str, ...]
    parameters: type[msgspec.Struct]
    result: Any
    role: Role
    changes: bool
    audited: bool
    repeatable: bool
    doc: str

    @property
    def name(self) -> str:
        return f"{self.facet}.{self.method}"

    @property
    def path(self) -> str:
        return f"{PREFIX}/{self.facet}/{self.method}"

    @property
    def joins(self) -> bool:
        """Whether calls that wait at the same time can be one call with all their items."""
        if not self.changes or self.audited or self.result is not None or len(self.names) != 1:
            return False
        return get_origin(get_type_hints(self.parameters)[self.names[0]]) is Sequence


def struct_of(
    name: str, function: Any, skip: Collection[str] = ("self",), more: Sequence[Any] = ()
) -> type[msgspec.Struct]:
    """The parameters of ``function`` as a Struct that refuses unknown fields.

    skip : parameters that are not sent;  more : further fields, as ``msgspec.defstruct`` takes them

    >>> def add(a: int, b: int = 2) -> int: ...
    >>> msgspec.json.decode(b'{"a": 1}', type=struct_of("add", add))
    add(a=1, b=2)
    """
    hints = hints_of(function)
    fields: list[Any] = []
    for parameter in inspect.signature(function).parameters.values():
        if parameter.name in skip:
            continue
        field = (parameter.name, hints[parameter.name])
        fields.append(field if parameter.default is inspect.Parameter.empty else (*field, parameter.default))
    return msgspec.defstruct(name, [*fields, *more], kw_only=True, forbid_unknown_fields=True)


def hints_of(function: Any) -> dict[str, Any]:
    """The types of a function's parameters and of what it returns; Store may be imported for the type checker alone."""
    return get_type_hints(function, localns={"Store": Store}, include_extras=True)


@cache
def operations() -> dict[str, Operation]:
    """All operations by name, in the order of their declaration.

    >>> operations()["nodes.put"].path
    '/api/v1/nodes/put'
    """
    found = {}
    for facet, protocol in FACETS.items():
        for method, function in vars(protocol).items():
            if hasattr(function, "changes"):
                found[f"{facet}.{method}"] = _operation(facet, method, function)
    return found


def _operation(facet: str, method: str, function: Any) -> Operation:
    parameters = struct_of(f"{facet}.{method}", function)
    return Operation(
        facet,
        method,
        parameters.__struct_fields__,
        parameters,
        _nothing(get_type_hints(function)["return"]),
        function.role,
        function.changes,
        function.audited,
        function.repeatable,
        inspect.cleandoc(function.__doc__ or ""),
    )


def _nothing(hint: Any) -> Any:
    return None if hint is type(None) else hint
