"""Schema, merging, time, settings and errors."""

from __future__ import annotations

import pytest

from instar.base import clock
from instar.base.digests import canonical_json, digest_value
from instar.base.errors import BadInput, ColumnMissing, NotFound, suggestion
from instar.base.merge import fold
from instar.base.schema import Field, Schema
from instar.base.settings import author_setting, project_setting
from instar.data.summaries import Counts


def test_a_missing_column_names_the_step_and_the_nearest_name() -> None:
    schema = Schema.of(Field("Runtime", "float64", "minute"), Field("Year", "int64"))
    with pytest.raises(ColumnMissing, match="scale: the input has no column 'Runtme'; did you mean 'Runtime'"):
        schema.select(["Year", "Runtme"], "scale")
    assert schema.select(["Year"]).names == ("Year",)
    assert schema["Runtime"].unit == "minute"


def test_an_unknown_role_is_refused() -> None:
    with pytest.raises(BadInput, match="unknown role 'key'; use one of id, feature"):
        Field("ID", "int64", role="key")  # type: ignore[arg-type]


def test_folding_nothing_is_an_error() -> None:
    with pytest.raises(ValueError, match="at least one"):
        fold(iter(()))
    assert fold([Counts(1, 0), Counts(2, 1)]) == Counts(3, 1)


def test_equal_values_have_equal_digests_whatever_their_order() -> None:
    assert canonical_json({"b": 1, "a": 2}) == canonical_json({"a": 2, "b": 1})
    assert digest_value([1, 2]) != digest_value([2, 1])


def test_time_never_goes_back_behind_what_was_seen() -> None:
    ahead = clock.now() + clock.HOUR
    assert clock.later(ahead) == ahead + 1
    assert clock.later(0) >= clock.now() - clock.SECOND
    assert clock.as_text(None) == "-"


def test_a_long_list_of_names_is_cut_and_the_rest_is_counted() -> None:
    assert suggestion("zzz", [f"name{number:02}" for number in range(20)]).endswith("name11, and 8 more")
    assert suggestion("x", []) == "there is none yet"
    assert "instar find" in str(NotFound("node", "x", next_step="`instar find` lists them"))


def test_settings_come_from_the_argument_then_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INSTAR_PROJECT", "rain")
    assert (project_setting("films"), project_setting(), author_setting()) == ("films", "rain", "ana")
    monkeypatch.delenv("INSTAR_PROJECT")
    monkeypatch.delenv("INSTAR_AUTHOR")
    assert project_setting() == "default"
