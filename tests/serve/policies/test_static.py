from __future__ import annotations

from random import Random

import pytest
from tests.contracts.policies import ARMS, PolicyContract

from instar.base.errors import NotFound
from instar.serve.policies import Policy, Static, policy_from_doc


class TestStatic(PolicyContract):
    @pytest.fixture
    def policy(self) -> Policy:
        return Static(2)

    def test_feedback_changes_nothing(self) -> None:
        rule = Static(1)
        state = rule.init("a")
        for step in range(50):
            rule.observe(state, "", "m2", 1.0, 0.0, step)
            assert rule.select(state, ARMS, "", step, Random(step)).asked == (1,)


def test_an_unknown_policy_names_those_there_are() -> None:
    with pytest.raises(NotFound, match="no policy 'tompson'; did you mean 'thompson'"):
        policy_from_doc({"name": "tompson"})
