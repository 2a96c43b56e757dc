"""Approval holds while serving: what is revoked stops, and what is approved for one scope does not answer outside of it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from tests.serve.running import ROW, Threaded, versions

from instar.base import clock
from instar.base.errors import BadInput
from instar.models.gate import BUILT_IN
from instar.models.homologate import lift, revoke
from instar.models.keys import create_key, register_key
from instar.models.signing import sign
from instar.models.version import ModelVersion
from instar.serve.client import Client
from instar.serve.deployment import Withdrawn, deploy, deployment, need_servable
from instar.serve.errors import RemoteError
from instar.store import Store
from instar.store.keeping.invalidation import invalidate

SCOPE = {"region": ["US", "CA"], "age": {"min": 18}}


@pytest.fixture
def approved(store: Store) -> ModelVersion:
    """A script's model, whose unknowns a person accepts by name, for a scope."""
    [version] = versions(store)
    evidence = version.homologate(scope=SCOPE).evidence
    key = create_key("ana")
    register_key(store.access, key.owner, key.public)
    unknown = [name for name in BUILT_IN if evidence.verdict_of(name) == "unknown"]
    sign(version, key, exceptions=unknown, expires=timedelta(hours=1))
    assert version.is_homologated(), str(version.is_homologated())
    deploy("sign", [version], store=store)
    return version


@pytest.fixture
def client(store: Store, approved: ModelVersion) -> Iterator[Client]:
    with Threaded(store) as threaded, threaded.client() as client:
        yield client


def refused(client: Client, context: dict[str, object] | None = None) -> RemoteError:
    with pytest.raises(RemoteError) as caught:
        client.predict("sign", ROW, context)
    return caught.value


def answers(client: Client, name: str = "sign") -> bool:
    try:
        client.predict(name, ROW)
    except RemoteError as error:
        if error.status_code != 503 and error.type != "UnknownDeployment":
            raise
        return False
    return True


def becomes(client: Client, wanted: bool, within: float, name: str = "sign") -> None:
    """Wait until the deployment answers, or does not."""
    until = time.monotonic() + within
    while answers(client, name) != wanted:
        assert time.monotonic() < until, f"after {within:.0f} s it still {'does not answer' if wanted else 'answers'}"
        time.sleep(0.05)


def test_a_revoked_version_answers_no_more_and_says_why_until_that_is_lifted(
    store: Store, approved: ModelVersion, client: Client
) -> None:
    assert answers(client)
    revocation = revoke(store, approved.id, "the labels were wrong")
    becomes(client, False, within=30)
    error = refused(client)
    assert error.type == "Withheld"
    assert "the labels were wrong" in str(error)
    lift(store, revocation, "they were right after all")
    becomes(client, True, within=60)


def test_what_came_from_something_invalid_is_withheld_and_what_is_experimental_is_flagged(
    store: Store, approved: ModelVersion, client: Client
) -> None:
    deploy("trial", [approved], experimental=True, store=store)
    becomes(client, True, within=60, name="trial")
    event = invalidate(store, approved.training, "the sensor was broken").id
    becomes(client, False, within=30)
    assert "the sensor was broken" in str(refused(client))
    until = time.monotonic() + 30
    while not (flagged := client.deployment("trial")["flagged"]):
        assert time.monotonic() < until
        time.sleep(0.05)
    assert "was invalidated by ana" in flagged[0]
    assert client.predict("trial", ROW)["version"] == "sign@1"
    lift(store, event, "another sensor was meant")
    becomes(client, True, within=60)


def test_a_deployment_that_was_itself_invalidated_is_not_servable(store: Store, approved: ModelVersion) -> None:
    live = deployment("sign", store)
    event = invalidate(store, live.id, "the wrong policy")
    with pytest.raises(Withdrawn, match=rf"deployment version sign.* the wrong policy .*`instar lift {event.id}"):
        need_servable(store, live.id)


def test_a_request_from_outside_the_signed_scope_is_refused(client: Client) -> None:
    outside: list[dict[str, object]] = [{"region": "BR"}, {"region": "US", "age": 17}, {"age": "old"}]
    for context in outside:
        error = refused(client, context)
        assert (error.status_code, error.type) == (403, "OutOfScope")
        assert "sign@1 is not approved for this request" in str(error)
    for inside in ({"region": "CA", "age": 30}, {"region": "US"}, {"device": "phone"}, {}):
        assert client.predict("sign", ROW, inside)["version"] == "sign@1"


def test_an_approval_that_expires_ends_the_serving(store: Store, approved: ModelVersion, client: Client) -> None:
    assert answers(client)
    [signed] = approved.signatures()
    revoke(store, signed.id, "signed for too long")
    key = create_key("eva")
    register_key(store.access, key.owner, key.public)
    sign(approved, key, expires=clock.now() + 4 * clock.SECOND, exceptions=signed.exceptions)
    becomes(client, True, within=60)
    becomes(client, False, within=60)
    assert "expired" in str(refused(client))


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf")])
def test_a_latency_that_is_none_is_refused(store: Store, value: float) -> None:
    with pytest.raises(BadInput, match="milliseconds above 0"):
        deploy("sign", versions(store), latency_ms=value, experimental=True, store=store)
