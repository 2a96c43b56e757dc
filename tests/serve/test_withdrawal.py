"""Which predictions rest on something bad."""

from __future__ import annotations

from tests.serve.running import versions
from tests.serve.test_seal import COLUMNS, prediction
from tests.serve.test_segment import write

from instar.base.ids import event_id
from instar.serve.deployment import deploy
from instar.serve.policies import Thompson
from instar.serve.seal import record_segment, seal
from instar.serve.segment import Header, SegmentFile
from instar.serve.spec import live_deployments
from instar.serve.withdrawal import withdrawals
from instar.store import Store


def test_only_answers_of_versions_in_doubt_are_counted_before_and_after_sealing(store: Store) -> None:
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
    for sealed in (False, True):
        if sealed:
            file.close()
            seal(store, file.path)
        [mine], [others] = withdrawals(store, second.id), withdrawals(store, first.id)
        assert (mine.predictions, mine.of, mine.sealed) == (5, 5, sealed)
        assert (others.predictions, others.of) == (0, 5)
        assert [each.predictions for each in withdrawals(store, live.id)] == [5]


def test_what_nobody_serves_has_nothing_to_withdraw(store: Store) -> None:
    [version] = versions(store, 1)
    assert withdrawals(store, version.id) == []
