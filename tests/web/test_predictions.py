"""Predictions over HTTP: by their id, and those to withdraw."""

from __future__ import annotations

from tests.serve.running import versions
from tests.serve.test_seal import COLUMNS, prediction
from tests.serve.test_segment import write
from tests.web.running import Threaded

from instar.base.ids import event_id
from instar.serve.deployment import deploy
from instar.serve.policies import Thompson
from instar.serve.seal import record_segment
from instar.serve.segment import Header, SegmentFile
from instar.serve.spec import live_deployments
from instar.serve.tokens import create_token
from instar.store import Store


def test_a_prediction_is_asked_by_its_id_with_a_token_for_all_projects(store: Store) -> None:
    first, second = versions(store, 2)
    deploy("rating", [first, second], Thompson(by=["region"]), experimental=True, store=store)
    live = live_deployments(store, "default")["rating"]
    header = Header(
        event_id(), "00c0ffee", "default", "rating", live.id, live.activity, (first.id, second.id), live.names, COLUMNS,
        "bool", 77,
    )  # fmt: skip
    record_segment(store, header)
    file = SegmentFile(store.folder / "journal", header)
    write(file, [prediction(number) for number in range(5)])  # all by the second candidate
    id = f"00c0ffee-{header.segment}-3"
    paths = [f"/api/v1/{each}" for each in (f"why?what={id}", f"prediction?id={id}", f"withdrawals?what={second.id}")]
    whole, scoped = create_token(store, "all", "viewer"), create_token(store, "one", "viewer", "default")
    with Threaded(store) as server:
        why, told, given = (server.ask("GET", path, None, whole)[1] for path in paths)
        assert why["start"] == told["version"] == second.id
        assert told["id"] == id
        assert [each["predictions"] for each in given] == [5]
        assert [server.ask("GET", path, None, scoped)[0] for path in paths] == [403, 403, 403]
        assert server.ask("GET", paths[0].replace("-3", "-9"), None, whole)[0] == 404
    file.close()
