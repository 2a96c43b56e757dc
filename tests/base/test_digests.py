"""Digests of plain values."""

from __future__ import annotations

import msgspec
import pytest

from instar.base.digests import canonical_json, digest_value
from instar.base.errors import BadInput


class Pair(msgspec.Struct):
    first: float
    second: float | None = None


@pytest.mark.parametrize(
    "value", [float("nan"), [1.0, float("inf")], {"a": {"b": (float("-inf"),)}}, Pair(float("nan"))]
)
def test_what_json_would_turn_into_null_is_refused(value: object) -> None:
    with pytest.raises(BadInput, match="has no form in JSON"):
        digest_value(value)


def test_null_is_a_value() -> None:
    assert canonical_json([None, Pair(1.0), "nan"]) == b'[null,{"first":1.0,"second":null},"nan"]'
