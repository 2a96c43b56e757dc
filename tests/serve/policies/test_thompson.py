from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.contracts.policies import ARMS, HOUR, Event, PolicyContract, events, learned

from instar.base.errors import BadInput
from instar.serve.policies import Policy, PolicyState, Thompson
from instar.serve.policies.state import MOST_KEYS, OTHER

SECOND = 1_000_000
EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["", "region=US"]),
        st.sampled_from(ARMS),
        st.floats(0, 1),
        st.integers(0, 40).map(lambda h: h * HOUR),
    ),
    max_size=30,
)


class TestThompson(PolicyContract):
    @pytest.fixture
    def policy(self) -> Policy:
        return Thompson(by=["region"], forget=24 * 3600.0)


class TestThompsonThatForgetsNothing(PolicyContract):
    @pytest.fixture
    def policy(self) -> Policy:
        return Thompson(forget=None, seed=3)


def play(rule: Thompson, rates: list[list[float]], switch_every: int, rounds: int, seed: int = 5) -> list[int]:
    """The arms asked, one a second, when arm i earns 1 with probability ``rates[phase][i]``."""
    state, random, world = rule.init("a"), Random(rule.seed), Random(seed)
    asked = []
    for step in range(rounds):
        arm = rule.select(state, ARMS, "", step * SECOND, random).asked[0]
        reward = float(world.random() < rates[step // switch_every][arm])
        rule.observe(state, "", ARMS[arm], 0.5, reward, step * SECOND)
        asked.append(arm)
    return asked


def test_it_finds_the_better_candidate() -> None:
    asked = play(Thompson(), [[0.5, 0.8, 0.6]], 1500, 1500)
    assert asked[-500:].count(1) > 400


def test_it_finds_the_new_best_candidate_when_the_world_changes_only_if_it_forgets() -> None:
    world = [[0.9, 0.6, 0.3], [0.1, 0.6, 0.3]]
    forgetting = play(Thompson(forget=100.0), world, 1500, 2000)
    remembering = play(Thompson(forget=None), world, 1500, 2000)
    assert forgetting[-200:].count(1) > 150
    assert forgetting[-200:].count(1) > remembering[-200:].count(1)


def test_each_context_has_its_own_best_candidate() -> None:
    rule = Thompson(by=["region"])
    state = rule.init("a")
    for at in range(300):
        rule.observe(state, rule.key({"region": "US"}), "m1", 0.5, 1.0, at)
        rule.observe(state, rule.key({"region": "US"}), "m2", 0.5, 0.0, at)
        rule.observe(state, rule.key({"region": "DE"}), "m1", 0.5, 0.0, at)
        rule.observe(state, rule.key({"region": "DE"}), "m2", 0.5, 1.0, at)
    arms = ["m1", "m2"]
    assert rule.select(state, arms, rule.key({"region": "US"}), 300, Random(0)).propensities[0] > 0.99
    assert rule.select(state, arms, rule.key({"region": "DE"}), 300, Random(0)).propensities[1] > 0.99


def test_the_logged_propensities_are_the_shares_of_the_choices() -> None:
    rule = Thompson()
    state, random = learned(rule, "a", [("", arm, reward, 0) for arm in ARMS for reward in (0.0, 1.0)]), Random(2)
    choices = [rule.select(state, ARMS, "", 0, random) for _ in range(6000)]
    expected = choices[0].propensities
    assert sum(expected) == pytest.approx(1)
    assert min(expected) > 0
    for arm, probability in enumerate(expected):
        assert sum(choice.asked == (arm,) for choice in choices) / 6000 == pytest.approx(probability, abs=0.025)


@settings(max_examples=60, deadline=None)
@given(EVENTS, st.randoms(use_true_random=False))
def test_the_order_in_which_feedback_arrives_does_not_matter(seen: list[Event], shuffler: Random) -> None:
    rule = Thompson(forget=3600.0)
    other = list(seen)
    shuffler.shuffle(other)
    one, two = learned(rule, "a", seen), learned(rule, "a", other)
    for key in ("", "region=US"):
        for arm in ARMS:
            expected = one.seen(key, arm, 50 * HOUR, rule.half_life)
            assert two.seen(key, arm, 50 * HOUR, rule.half_life) == pytest.approx(expected, rel=1e-9, abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(EVENTS, st.integers(0, 30))
def test_what_two_origins_saw_adds_up_to_what_one_would_have_seen(seen: list[Event], cut: int) -> None:
    rule = Thompson(forget=7200.0)
    both = learned(rule, "a", seen[:cut]) | learned(rule, "b", seen[cut:])
    alone = learned(rule, "c", seen)
    for key in ("", "region=US"):
        for arm in ARMS:
            expected = alone.seen(key, arm, 41 * HOUR, rule.half_life)
            assert both.seen(key, arm, 41 * HOUR, rule.half_life) == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_evidence_of_one_half_life_ago_weighs_half() -> None:
    state = PolicyState("a")
    state.observe("", "m1", 1.0, at=0, half_life=HOUR)
    assert state.seen("", "m1", HOUR, HOUR) == (0.5, 0.0)
    assert state.seen("", "m1", 2 * HOUR, HOUR) == (0.25, 0.0)


def test_contexts_without_end_share_one_state_beyond_a_limit() -> None:
    state = learned(Thompson(by=["user"]), "a", [(f"user={n}", "m1", 1.0, 0) for n in range(3)])
    state.cache = {f"user={n}": None for n in range(MOST_KEYS)}
    assert state.slot("user=1") == "user=1"
    assert state.slot("user=new") == OTHER


def test_a_late_merge_is_seen_by_the_next_choice() -> None:
    rule = Thompson()
    state = rule.init("a")
    rule.select(state, ARMS, "", 0, Random(0))
    merged = state | learned(
        rule, "b", [("", "m3", 1.0, 0)] * 300 + [("", "m1", 0.0, 0)] * 300 + [("", "m2", 0.0, 0)] * 300
    )
    assert rule.select(merged, ARMS, "", 0, Random(0)).propensities[2] > 0.9


def test_text_for_by_is_refused() -> None:
    with pytest.raises(BadInput, match=r"give a list of names, by=\['region'\]"):
        Thompson(by="region")


def test_a_half_life_must_be_positive() -> None:
    with pytest.raises(BadInput, match="give seconds above 0"):
        Thompson(forget=0)


def test_events_cover_both_contexts() -> None:
    assert {key for key, *_ in events(0)} == {"region=US", "region=DE"}
