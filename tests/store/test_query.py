"""The find language: what it reads, and errors that point at the character."""

from __future__ import annotations

import pytest

from instar.store.query import BadQuery, Term, parse


def test_terms_are_read_in_order() -> None:
    query = parse('model learner:RandomForestClassifier feature:"Box office" metric.auc>=0.7 drama')
    assert query.terms == (
        Term("kind", "model"),
        Term("learner", "RandomForestClassifier"),
        Term("feature", "Box office"),
        Term("metric", "0.7", ">=", "auc"),
        Term("text", "drama"),
    )


def test_nothing_asks_for_everything() -> None:
    assert parse("  ").terms == ()


@pytest.mark.parametrize(
    ("text", "why", "column"),
    [
        ("model lerner:X", "did you mean 'learner'", 6),
        ("model metric.auc>high", "compared with a number", 17),
        ("created:yesterday", "such as <7d", 8),
        ("model feature:", "needs a value", 14),
        ("kind:modle", "did you mean 'model'", 5),
        ("run metric.loss < 0.5", "without spaces", 4),
        ('model feature:"Box', "quote is not closed", 14),
    ],
)
def test_an_error_points_at_the_character(text: str, why: str, column: int) -> None:
    with pytest.raises(BadQuery) as caught:
        parse(text)
    message, shown, pointer = str(caught.value).split("\n")
    assert why in message
    assert shown == f"  {text}"
    assert pointer.index("^") == column + 2
