"""Wishes, bytes and refusals that all summaries share."""

from __future__ import annotations

import polars as pl
import pytest

from instar.base.errors import BadInput, ColumnMissing, Conflict
from instar.data.summaries import (
    SUMMARIES,
    Contingency,
    Counts,
    DocumentFrequency,
    Extremes,
    Frequencies,
    Moments,
    Of,
    QuantileGrid,
)


def test_equal_wishes_are_one_wish() -> None:
    assert Of(QuantileGrid, "x", m=8) == Of(QuantileGrid, "x", m=8)
    assert len({Of(Moments, "x"), Of(Moments, "x"), Of(Moments, "y"), Of(Counts, "x")}) == 3


def test_bytes_of_another_layout_are_refused() -> None:
    with pytest.raises(BadInput, match="summary counts: bytes are layout 9, layout 1 is read here"):
        Counts.from_bytes(b"\x09\x00")


def test_a_missing_column_is_named_with_the_nearest() -> None:
    with pytest.raises(ColumnMissing, match="no column 'Yaer'; did you mean 'Year'"):
        Counts.of(pl.DataFrame({"Year": [1]}), "Yaer")


def test_summaries_of_other_types_do_not_add() -> None:
    words, numbers = pl.DataFrame({"x": ["a"]}), pl.DataFrame({"x": [1]})
    for wish in (Of(Frequencies, "x"), Of(Extremes, "x"), Of(Contingency, "x")):
        with pytest.raises(Conflict, match=r"'string'.*'int64'.*do not add"):
            wish.of(words) | wish.of(numbers)
    with pytest.raises(Conflict, match="do not add"):
        DocumentFrequency.of(words, "x", separator=",") | DocumentFrequency.of(words, "x")


def test_a_chunk_without_any_value_adds_to_every_type() -> None:
    nothing, words = pl.DataFrame({"x": [None]}), pl.DataFrame({"x": ["b", "a"]})
    for wish in (Of(Frequencies, "x"), Of(Extremes, "x")):
        merged = wish.of(nothing) | wish.of(words)
        assert merged.to_bytes() == wish.of(words).to_bytes()


def test_the_table_knows_each_by_its_name() -> None:
    assert SUMMARIES["quantile_grid"] is QuantileGrid
    assert "moments" in SUMMARIES.names()


def test_the_top_values_break_ties_by_value() -> None:
    frame = pl.DataFrame({"x": ["b", "a", "c", "c"]})
    assert Frequencies.of(frame, "x").top(2) == [("c", 2), ("a", 1)]


def test_document_frequency_counts_a_term_once_a_text() -> None:
    found = DocumentFrequency.of(pl.DataFrame({"x": ["to be or not to be", "be", None, ""]}), "x")
    assert (found.documents, found.counts["be"], found.counts["to"]) == (3, 2, 1)
