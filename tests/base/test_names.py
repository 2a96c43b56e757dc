"""One rule for the names that people give."""

from __future__ import annotations

import pytest

from instar.base.errors import BadInput
from instar.base.names import LONGEST, check_name
from instar.base.settings import project_setting


@pytest.mark.parametrize("name", ["a", "movie-rating", "películas 2024", "映画", "v1.2_final", "..x", "a" * LONGEST])
def test_what_can_be_printed_is_a_name(name: str) -> None:
    check_name("model", name)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", " is empty"),
        ("..", "nothing but dots and spaces"),
        ("  ", "nothing but dots and spaces"),
        (" a", "spaces around it"),
        ("a@2", "has '@'"),
        ("a:b", "has ':'"),
        ("a/b", "has '/'"),
        ("a\\b", r"has '\\\\'"),
        ("a\nb", r"U\+000A"),
        ("a\x00b", r"U\+0000"),
        ("a\u202egnp", r"U\+202E"),
        ("a" * (LONGEST + 1), "has 201 characters; 200 are the most"),
        (7, "is a int, not a text"),
    ],
)
def test_anything_else_is_refused_with_the_cause_and_a_name_to_use(name: object, said: str) -> None:
    with pytest.raises(BadInput, match=f"model name.*{said}.*; use one such as '") as refused:
        check_name("model", name)
    assert len(str(refused.value)) < 250
    assert str(refused.value).isprintable()


def test_the_name_proposed_is_one() -> None:
    for name in ("a@2", "../../etc", "\u202e", "x" * 300, "", "…"):
        with pytest.raises(BadInput) as refused:
            check_name("run", name, reserved="…")
        check_name("run", str(refused.value).split("such as '")[1].rstrip("'"))


def test_a_place_can_reserve_more_letters() -> None:
    with pytest.raises(BadInput, match=r"has '\?'"):
        check_name("deployment", "rating?", reserved="?#%")


def test_a_project_is_named_by_the_same_rule() -> None:
    assert project_setting("films") == "films"
    with pytest.raises(BadInput, match="project name 'a/b'"):
        project_setting("a/b")
