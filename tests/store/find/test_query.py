"""The find language: what it reads, errors that point at the character, and text that reads back as the same query."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from instar.base import clock
from instar.store.find.conditions import DETAILS, KEYS, KINDS, Condition
from instar.store.find.query import AllOf, AnyOf, BadQuery, Not, Order, Query, Term, parse
from instar.store.find.written import written

DAY = 86_400 * clock.SECOND


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
    assert parse("  ") == Query()


def test_and_binds_tighter_than_or_and_parentheses_tighter_than_both() -> None:
    a, b, c = (Term("tag", name) for name in "abc")
    assert parse("tag:a tag:b or tag:c").terms == (AnyOf((AllOf((a, b)), c)),)
    assert parse("tag:a and (tag:b or tag:c)").terms == (a, AnyOf((b, c)))
    assert parse("not(tag:a tag:b) -tag:c").terms == (Not(AllOf((a, b))), Not(c))
    assert parse("tag:a OR tag:b AND NOT tag:c").terms == (AnyOf((a, AllOf((b, Not(c))))),)


def test_a_kind_may_stand_alone_where_conditions_begin() -> None:
    model, run = Term("kind", "model"), Term("kind", "run")
    assert parse("model or run").terms == (AnyOf((model, run)),)
    assert parse("-run by:ana").terms == (Not(run), Term("by", "ana"))
    assert parse("films run").terms == (Term("text", "films"), Term("text", "run"))
    assert parse('"run" "or"').terms == (Term("text", "run"), Term("text", "or"))


def test_parentheses_inside_a_word_belong_to_it() -> None:
    assert parse("feature:log(Age)").terms == (Term("feature", "log(Age)"),)
    assert parse("(feature:log(Age))").terms == (Term("feature", "log(Age)"),)


def test_brackets_say_more_about_the_same_feature() -> None:
    details = (("type", "int64"), ("unit", "year, old"), ("role", "target"))
    assert parse('feature:Age[type=int64,unit="year, old",role=target]').terms == (
        Term("feature", "Age", details=details),
    )
    assert parse("feature:[unit=year]").terms == (Term("feature", "", details=(("unit", "year"),)),)
    assert parse("feature:Age[years]").terms == (Term("feature", "Age[years]"),)


def test_a_quoted_parameter_is_text_also_where_it_looks_like_a_number() -> None:
    assert parse('param.version="1.10" param.lr=0.10').terms == (
        Term("param", "1.10", "=", "version", exact=True),
        Term("param", "0.10", "=", "lr"),
    )


def test_how_to_show_the_answer_may_stand_anywhere() -> None:
    query = parse("order:-metric.loss run limit:5 by:ana")
    assert (query.terms, query.limit) == ((Term("kind", "run"), Term("by", "ana")), 5)
    assert query.order == Order("metric", "loss", descending=True)
    assert parse("run order:name").order == Order("name", descending=False)
    assert parse("run", limit=7).limit == 7


@pytest.mark.parametrize(
    ("text", "first", "end"),
    [
        ("2026-11-02", 1_793_577_600, 1_793_664_000),
        ("2026-11", 1_793_491_200, 1_796_083_200),
        ("2026-12", 1_796_083_200, 1_798_761_600),
        ("2026", 1_767_225_600, 1_798_761_600),
        ("2026-11-02T10:30", 1_793_615_400, 1_793_615_460),
        ("2026-11-02T10:30:05Z", 1_793_615_405, 1_793_615_406),
        ("2026-11-01..2026-11-02", 1_793_491_200, 1_793_664_000),
    ],
)
def test_a_time_is_the_whole_stretch_that_it_names(text: str, first: int, end: int) -> None:
    after, before = Term("created", str(first * 1_000_000), ">="), Term("created", str(end * 1_000_000), "<")
    assert parse(f"created:{text}").terms == (AllOf((after, before)),)
    if ".." not in text:
        assert parse(f"created:>={text} created:<={text}").terms == (after, before)
        assert parse(f"created:>{text} created:<{text}").terms == (
            Term("created", before.value, ">="),
            Term("created", after.value, "<"),
        )


def test_ages_and_days_count_from_now() -> None:
    (younger,) = parse("created:<7d").terms
    assert isinstance(younger, Term)
    assert younger.op == ">="
    assert 0 <= clock.now() - 7 * DAY - int(younger.value) < DAY
    (day,) = parse("created:yesterday").terms
    assert isinstance(day, AllOf)
    first, end = (int(term.value) for term in day.of if isinstance(term, Term))
    assert (end - first, first % DAY) == (DAY, 0)
    assert end <= clock.now() < end + DAY


def test_me_is_whoever_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INSTAR_AUTHOR", "eva")
    assert parse("by:me").terms == (Term("by", "eva"),)
    assert parse('by:"me"').terms == (Term("by", "me"),)


@pytest.mark.parametrize(
    ("text", "why", "column"),
    [
        ("model lerner:X", "did you mean 'learner'", 6),
        ("model metric.auc>high", "compared with a number", 17),
        ("created:tomorrow", "such as <7d", 8),
        ("created:2026-13-01", "such as <7d", 8),
        ("created:<9999999999999999d", "such as <7d", 8),
        ("model feature:", "needs a value", 14),
        ("kind:modle", "did you mean 'model'", 5),
        ("run metric.loss < 0.5", "without spaces", 4),
        ('model feature:"Box', "quote is not closed", 14),
        ("metric.loss<nan", "with = or !=", 12),
        ("params.lr=0.1", "did you mean 'param'", 0),
        ("run created<7d", "a colon comes after created", 11),
        ("label.note>a", "by = and != only", 10),
        ("feature:Age[unt=year]", "did you mean 'unit'", 12),
        ("feature:Age[unit=a,unit=b]", "said twice", 19),
        ("(tag:a or tag:b", "not closed", 0),
        ("tag:a) tag:b", "not opened", 5),
        ("tag:a or", "a condition is missing", 8),
        ("and tag:a", "missing before 'and'", 0),
        ("()", "missing before ')'", 1),
        ("tag:a - tag:b", "without a space", 7),
        ('tag:a ""', "nothing between these quotes", 6),
        ("order:metric", "needs a name", 6),
        ("order:-nmae", "did you mean 'name'", 7),
        ("limit:0", "a number from 1", 6),
        ("limit:1 limit:2", "said twice", 8),
        ("(run limit:5)", "outside parentheses", 5),
        ("not limit:5 run", "says no condition", 4),
        ("after:abc", "whole id", 6),
        ("name:a\0b", "U+0000", 6),
        ("live:maybe", "yes or no", 5),
        ("model feature:Genre[type=string", "this bracket is not closed", 19),
    ],
)
def test_an_error_points_at_the_character(text: str, why: str, column: int) -> None:
    with pytest.raises(BadQuery) as caught:
        parse(text)
    message, shown, pointer = str(caught.value).split("\n")
    assert why in message
    assert shown == f"  {text}".replace("\0", " ")
    assert pointer.index("^") == column + 2
    assert (caught.value.at, caught.value.exit_status) == (column, 2)


def test_what_is_too_long_or_too_deep_is_refused_and_shown_in_part() -> None:
    for text in ("a" * 20_000, "(" * 100 + "a" + ")" * 100, "not " * 100 + "a", "a " * 500):
        with pytest.raises(BadQuery) as caught:
            parse(text)
        assert len(str(caught.value)) < 400


WORDS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=8)
LIKELY = st.sampled_from(
    [*KEYS, *KINDS, *'()[]-:=<>!"\\. ,', "and", "or", "not", "metric.", "order:", "<7d", "..", "2026"]
)


@given(st.lists(LIKELY | WORDS, max_size=12).map("".join) | st.text(max_size=30))
@settings(max_examples=300, deadline=None)
def test_any_text_is_a_query_that_reads_back_or_an_error_of_its_own(text: str) -> None:
    try:
        query = parse(text)
    except BadQuery:
        return
    assert parse(written(query)) == query


@pytest.mark.parametrize(
    "number", ["+0", "-1", "+1.5e3", ".5", "-.5", "+.5", "-inf", "+inf", "inf", "nan", "1_000", "2E5"]
)
def test_a_number_that_is_written_out_stays_a_number(number: str) -> None:
    query = parse(f"param.lr={number}")
    assert parse(written(query)) == query
    assert parse(written(parse(f'param.lr="{number}"'))) == parse(f'param.lr="{number}"')


def terms() -> st.SearchStrategy[Condition]:
    plain = st.sampled_from(sorted({*KEYS, "text"} - {"kind", "created", "feature", "live"}))
    numbers = st.floats().map(str)
    operators = st.sampled_from(["=", "!=", "<", "<=", ">", ">="])
    equal = st.sampled_from(["=", "!="])
    names = WORDS.filter(lambda name: not name.isspace())
    details = st.dictionaries(st.sampled_from(DETAILS), WORDS, max_size=3).map(lambda of: tuple(of.items()))
    comparable = st.tuples(numbers, operators).filter(lambda pair: pair[0] != "nan" or pair[1] in ("=", "!="))
    return st.one_of(
        st.builds(Term, plain, WORDS),
        st.builds(Term, st.just("kind"), st.sampled_from(sorted(KINDS))),
        st.builds(Term, st.just("live"), st.sampled_from(["yes", "no"])),
        st.builds(Term, st.just("created"), st.integers(-(10**15), 10**16).map(str), st.sampled_from([">=", "<"])),
        st.builds(lambda name, more: Term("feature", name, details=more), WORDS, details),
        st.builds(lambda name, pair: Term("metric", pair[0], pair[1], name), names, comparable),
        st.builds(lambda name, value, op: Term("param", value, op, name), names, WORDS, operators),
        st.builds(lambda name, value, op: Term("label", value, op, name), names, WORDS, equal),
    )


def conditions() -> st.SearchStrategy[Condition]:
    def combined(of: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
        several = st.lists(of, min_size=2, max_size=3).map(tuple)
        return st.one_of(st.builds(Not, of), st.builds(AllOf, several), st.builds(AnyOf, several))

    return st.recursive(terms(), combined, max_leaves=6)


def orders() -> st.SearchStrategy[Order]:
    named = st.builds(Order, st.sampled_from(["metric", "param"]), WORDS, st.booleans())
    return st.builds(Order, st.sampled_from(["created", "name"]), st.just(""), st.booleans()) | named


@given(st.builds(Query, st.lists(conditions(), max_size=4).map(tuple), st.integers(1, 500), orders(), st.just("")))
@settings(max_examples=300, deadline=None)
def test_a_query_that_is_written_out_is_read_as_the_same(query: Query) -> None:
    assert parse(written(query)) == query
