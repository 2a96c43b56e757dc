"""Identities."""

from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st

from instar.base.ids import content_id, event_id, is_id, named_id, version_id


@given(st.text(), st.text(), st.text(), st.text())
def test_parts_do_not_run_together(a: str, b: str, c: str, d: str) -> None:
    assert (named_id("p", a, b) == named_id("p", c, d)) == ((a, b) == (c, d))


def test_ids_of_different_sorts_differ() -> None:
    assert (
        len({content_id("x", "y"), named_id("x", "y", ""), version_id("x", "y", "", ""), named_id("", "x", "y")}) == 4
    )


def test_a_model_s_version_depends_on_the_training() -> None:
    assert version_id("p", "model", "m", "d", "one") != version_id("p", "model", "m", "d", "two")


def test_events_sort_by_time_and_are_uuids_of_version_7() -> None:
    ids = []
    for _ in range(5):
        ids.append(event_id())
        time.sleep(0.002)
    assert ids == sorted(ids)
    assert len({event_id() for _ in range(10_000)}) == 10_000
    for id in ids:
        assert is_id(id)
        assert id[12] == "7"
        assert id[16] in "89ab"


def test_what_is_no_id_is_known_as_such() -> None:
    assert not any(map(is_id, ("", "abc", "G" * 32, "A" * 32, "a" * 33)))
