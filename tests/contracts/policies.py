"""What every policy promises. A subclass gives the ``policy`` fixture."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

import pytest

from instar.serve.policies import POLICIES, Answer, Policy, PolicyState, policy_from_doc, policy_to_doc

ARMS = ("m1", "m2", "m3")
HOUR = 3_600_000_000
Event = tuple[str, str, float, int]  # key, arm, reward, at


def events(seed: int, count: int = 60) -> list[Event]:
    """Feedback on ``ARMS`` in two contexts over some hours, in no order of time."""
    random = Random(seed)
    keys = ("region=US", "region=DE")
    return [
        (random.choice(keys), random.choice(ARMS), random.choice([0.0, 0.5, 1.0]), random.randrange(100) * HOUR)
        for _ in range(count)
    ]


def learned(policy: Policy, origin: str, seen: Sequence[Event]) -> PolicyState:
    state = policy.init(origin)
    for key, arm, reward, at in seen:
        policy.observe(state, key, arm, 0.5, reward, at)
    return state


class PolicyContract:
    """Subclass it with a fixture ``policy``."""

    @pytest.fixture
    def policy(self) -> Policy:
        pytest.fail("the subclass gives the policy")

    def test_it_is_in_the_table_and_comes_back_from_its_doc(self, policy: Policy) -> None:
        assert POLICIES[policy.name] is type(policy)
        assert policy_from_doc(policy_to_doc(policy)) == policy

    def test_merging_commutes_and_associates(self, policy: Policy) -> None:
        a, b, c = (learned(policy, origin, events(seed)) for seed, origin in enumerate("abc"))
        assert (a | b).to_bytes() == (b | a).to_bytes()
        assert ((a | b) | c).to_bytes() == (a | (b | c)).to_bytes()

    def test_merging_the_same_origin_twice_counts_nothing_twice(self, policy: Policy) -> None:
        a, b = learned(policy, "a", events(1)), learned(policy, "b", events(2))
        both = a | b
        assert (both | a | b | both).to_bytes() == both.to_bytes()
        assert both.count == a.count + b.count

    def test_of_one_origin_the_later_state_counts(self, policy: Policy) -> None:
        seen = events(3)
        early, late = learned(policy, "a", seen[:20]), learned(policy, "a", seen)
        assert (early | late).to_bytes() == (late | early).to_bytes() == late.to_bytes()

    def test_bytes_come_back_as_the_same_state(self, policy: Policy) -> None:
        state = learned(policy, "a", events(4)) | learned(policy, "b", events(5))
        again = PolicyState.from_bytes(state.to_bytes())
        assert again.to_bytes() == state.to_bytes()
        assert again.count == state.count
        with pytest.raises(ValueError, match="layout"):
            PolicyState.from_bytes(b"\xff" + state.to_bytes())

    def test_a_choice_has_a_probability_for_each_candidate_and_asks_a_possible_one(self, policy: Policy) -> None:
        state = learned(policy, "a", events(6))
        random = Random(1)
        for step in range(200):
            choice = policy.select(state, ARMS, "region=US", 100 * HOUR + step, random)
            assert len(choice.propensities) == len(ARMS)
            assert all(0 <= each <= 1 for each in choice.propensities)
            assert choice.asked
            assert all(choice.propensities[arm] > 0 for arm in choice.asked)

    def test_the_same_seed_and_feedback_give_the_same_choices(self, policy: Policy) -> None:
        def run() -> list[Any]:
            state, random, given = policy.init("a"), Random(9), []
            for step, (key, arm, reward, _) in enumerate(events(7)):
                given.append(policy.select(state, ARMS, key, step * HOUR, random))
                policy.observe(state, key, arm, 0.5, reward, step * HOUR)
            return given

        assert run() == run()

    def test_it_chooses_without_any_feedback_and_for_an_unseen_context(self, policy: Policy) -> None:
        assert policy.select(policy.init("a"), ARMS, policy.key({}), 0, Random(0)).asked
        assert policy.select(learned(policy, "a", events(8)), ARMS, "region=XX", 0, Random(0)).asked

    def test_one_answer_is_combined_to_itself(self, policy: Policy) -> None:
        answer = Answer(1, "yes", 0.75)
        assert policy.combine([answer]) == answer
