from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression
from tests.serve.running import versions

from instar.base.errors import BadInput, NotFound
from instar.models.registry import publish
from instar.models.standing import NotHomologated
from instar.serve.deployment import deploy, deployment, undeploy
from instar.serve.policies import Static, Thompson
from instar.serve.spec import live_deployments
from instar.store import Store


def test_a_version_that_is_not_homologated_is_refused_unless_it_is_an_experiment(store: Store) -> None:
    made = versions(store)
    with pytest.raises(NotHomologated, match=r"sign@1 .* there is no evidence"):
        deploy("sign", made, store=store)
    assert live_deployments(store, "default") == {}
    assert deploy("sign", made, experimental=True, store=store).spec.experimental


def test_the_same_specification_again_is_no_new_version(store: Store) -> None:
    made = versions(store, 2)
    first = deploy("sign", made, Thompson(by=["region"]), experimental=True, store=store)
    again = deploy("sign", ["sign@1", "sign@2"], Thompson(by=["region"]), experimental=True, store=store)
    assert (first.new, again.new) == (True, False)
    assert again.id == first.id
    assert (again.number, str(again)) == (1, "sign@1")


def test_going_back_to_an_earlier_specification_makes_that_version_live_again(store: Store) -> None:
    made = versions(store, 2)
    first = deploy("sign", made[:1], experimental=True, store=store)
    second = deploy("sign", made[1:], experimental=True, store=store)
    assert deployment("sign", store=store).id == second.id
    deploy("sign", made[:1], experimental=True, store=store)
    assert deployment("sign", store=store).id == first.id
    undeploy("sign", store=store)
    with pytest.raises(NotFound, match="no live deployment 'sign'; there is none yet"):
        undeploy("sign", store=store)


def test_a_deployment_came_from_its_candidates_and_their_training(store: Store) -> None:
    made = versions(store, 2)
    live = deploy("sign", made, experimental=True, store=store)
    above = {node.id for node in store.nodes.ancestors(live.id).nodes}
    assert {each.id for each in made} <= above
    assert {each.training for each in made} <= above
    assert live.id in {node.id for node in store.nodes.descendants(made[0].training).nodes}


def test_versions_that_cannot_answer_alike_are_refused(store: Store) -> None:
    (one,) = versions(store)
    frame = pl.DataFrame({"a": np.arange(20.0), "b": np.ones(20)})
    a = frame["a"].to_numpy()
    number = publish(LinearRegression().fit(frame.to_numpy(), a), "n", inputs=frame, target=("y", a), store=store)
    with pytest.raises(BadInput, match="answer in different types"):
        deploy("sign", [one, number], experimental=True, store=store)
    whole = frame.with_columns(pl.col("a").cast(pl.Int64))
    fitted = LogisticRegression().fit(whole.to_numpy(), a > 9)
    other = publish(fitted, "o", inputs=whole, target=("positive", a > 9), store=store)
    with pytest.raises(BadInput, match="column 'a' is float64"):
        deploy("sign", [one, other], experimental=True, store=store)


@pytest.mark.parametrize("name", ["", "a/b", "a b ", "a@1", "a?x"])
def test_a_name_that_cannot_stand_in_an_address_is_refused(store: Store, name: str) -> None:
    with pytest.raises(BadInput, match="deployment name"):
        deploy(name, ["x@1"], store=store)


def test_what_cannot_be_served_is_refused_when_it_is_deployed(store: Store) -> None:
    made = versions(store)
    with pytest.raises(BadInput, match="has no version"):
        deploy("sign", [], store=store)
    with pytest.raises(BadInput, match="names a version twice"):
        deploy("sign", [made[0], made[0]], experimental=True, store=store)
    with pytest.raises(BadInput, match="candidates 0 to 0"):
        deploy("sign", made, Static(3), experimental=True, store=store)
    with pytest.raises(BadInput, match="milliseconds above 0"):
        deploy("sign", made, latency_ms=0, experimental=True, store=store)
    with pytest.raises(NotFound, match="no model 'nobody'"):
        deploy("sign", ["nobody@1"], experimental=True, store=store)
