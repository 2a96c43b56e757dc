"""Rows on the wire: decoders made from a signature, so that a wrong type is refused with the path of its field.

A request is JSON with names; behind the data plane a row is its values in the order of the columns, as msgpack: the
same bytes go to the model host and into the journal.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from typing import Annotated, Any

import msgspec

from instar.base.errors import BadInput
from instar.base.schema import Field
from instar.serve.errors import BadJson, WrongField

_PLAIN: dict[str, Any] = {
    "float32": float,
    "float64": float,
    "bool": bool,
    "string": str,
    "binary": bytes,
    "date": dt.date,
    "time": dt.time,
    "datetime": Annotated[dt.datetime, msgspec.Meta(tz=False)],
    "duration": dt.timedelta,
    "null": None,
}
_INTEGER = re.compile(r"^(u?)int(8|16|32|64)$")
_ARRAY = re.compile(r"^array\[(.+),(\d+)\]$")
_AT = re.compile(r"^(.*?)(?: - at `(.*)`)?$", re.DOTALL)
Scalar = str | int | float | bool | None


def python_type(name: str) -> Any:
    """What msgspec decodes a value of the column type ``name`` to. Raises BadInput for a type JSON cannot carry.

    >>> python_type("list[string]"), msgspec.json.decode(b"[1, null]", type=python_type("list[int8]"))
    (list[str | None], [1, None])
    """
    if name in _PLAIN:
        return _PLAIN[name]
    if match := _INTEGER.match(name):
        bits = int(match[2])
        low, high = (0, 2**bits - 1) if match[1] else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
        return int if name == "uint64" else Annotated[int, msgspec.Meta(ge=low, le=high)]
    if match := _ARRAY.match(name):
        width = int(match[2])
        return Annotated[list[python_type(match[1])], msgspec.Meta(min_length=width, max_length=width)]  # type: ignore[misc]
    if name.startswith("list[") and name.endswith("]"):
        return list[python_type(name[5:-1]) | None]  # type: ignore[misc]
    if name.startswith("datetime["):
        return Annotated[dt.datetime, msgspec.Meta(tz=True)]
    raise BadInput(f"a column of type {name} cannot be sent as JSON; cast it in the preparation's input first")


class Predict(msgspec.Struct, forbid_unknown_fields=True):
    """The parts of a predict request that are the same for every deployment.

    context : what the policy's choice may depend on;  id : the client's own, given back as ``request_id``
    timeout_ms : after which the answer is of no use;  scores : whether the scores of all classes are wanted
    """

    context: dict[str, Scalar] = {}
    id: str | None = None
    timeout_ms: Annotated[float, msgspec.Meta(gt=0, le=600_000)] | None = None
    scores: bool = False


class Codec:
    """Reads the requests of one deployment and packs their rows.

    >>> codec = Codec([Field("Year", "int64"), Field("Title", "string")])
    >>> request, rows = codec.read(b'{"row": {"Title": "Up", "Year": 2009}}')
    >>> msgspec.msgpack.decode(rows[0])
    [2009, 'Up']
    >>> codec.read(b'{"row": {"Title": "Up", "Year": "2009"}}')
    Traceback (most recent call last):
    instar.serve.errors.WrongField: Expected `int | null`, got `str`, at $.row.Year
    """

    def __init__(self, columns: Sequence[Field]) -> None:
        self.columns = tuple(columns)
        places = [f"column_{place}" for place in range(len(self.columns))]
        names = {place: field.name for place, field in zip(places, self.columns)}
        types = [(place, python_type(field.type) | None) for place, field in zip(places, self.columns)]
        row = msgspec.defstruct("Row", types, rename=names, gc=False)
        one = msgspec.defstruct(
            "PredictRows",
            [("row", row | msgspec.UnsetType, msgspec.UNSET), ("rows", list[row] | msgspec.UnsetType, msgspec.UNSET)],  # type: ignore[valid-type]
            bases=(Predict,),
            kw_only=True,
            forbid_unknown_fields=True,
        )
        self._decode = msgspec.json.Decoder(one).decode
        self._pack = msgspec.msgpack.Encoder().encode

    def read(self, body: bytes | bytearray) -> tuple[Predict, list[bytes]]:
        """The request and its packed rows. Raises BadJson, WrongField."""
        request: Any = decode(self._decode, body)
        if request.row is not msgspec.UNSET:
            if request.rows is not msgspec.UNSET:
                raise WrongField("give either `row` or `rows`, not both", "$.rows")
            return request, [self._pack(msgspec.structs.astuple(request.row))]
        if not request.rows:  # none given, or an empty list
            raise WrongField(
                "nothing to predict: give `row`, an object with the columns, or `rows`, a list of them", "$"
            )
        return request, [self._pack(msgspec.structs.astuple(row)) for row in request.rows]

    def nulls(self, row: bytes) -> list[str]:
        """The columns of a packed row that are null."""
        return [field.name for field, value in zip(self.columns, msgspec.msgpack.decode(row)) if value is None]


def decode(decoder: Any, body: bytes | bytearray) -> Any:
    """Decode, and turn msgspec's two errors into ours. Raises BadJson, WrongField."""
    try:
        return decoder(body)
    except msgspec.ValidationError as error:
        raise wrong_field(error) from None
    except msgspec.DecodeError as error:
        raise BadJson(f"the body is not JSON: {error}") from None
    except UnicodeDecodeError as error:
        raise BadJson(f"the body is not UTF-8: {error}") from None


def wrong_field(error: msgspec.ValidationError) -> WrongField:
    """The message of msgspec with the path set apart; the struct's own field names never show."""
    match = _AT.match(str(error))
    assert match is not None
    message, path = match[1], match[2] or "$"
    return WrongField(f"{message}, at {path}", path)


def united(features: Iterable[Sequence[Field]]) -> tuple[Field, ...]:
    """The columns that rows need so that every candidate can answer, in order of first naming.

    Raises BadInput when two candidates want one column in different types.
    """
    columns: dict[str, Field] = {}
    for fields in features:
        for field in fields:
            known = columns.setdefault(field.name, field)
            if (known.type, known.unit) != (field.type, field.unit):
                raise BadInput(
                    f"column {field.name!r} is {known.type} [{known.unit}] for one candidate "
                    f"and {field.type} [{field.unit}] for another; deploy versions that agree"
                )
    return tuple(columns.values())
