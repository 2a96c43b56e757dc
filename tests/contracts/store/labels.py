"""What every implementation of Labels promises. A subclass gives ``labels``, which knows the node SUBJECT."""

from __future__ import annotations

import pytest

from instar.base import clock
from instar.base.errors import BadInput, NotFound
from instar.store.protocols import Labels
from instar.store.records import Label

SUBJECT = "a" * 32
OTHER = "b" * 32  # not recorded


class LabelsContract:
    """What may change about a node; its history stays."""

    def test_last_write_wins_in_whatever_order_the_writes_arrive(self, labels: Labels) -> None:
        early = Label(SUBJECT, "stage", "trial", at=1, by="ana", id="1" * 32)
        late = Label(SUBJECT, "stage", "live", at=2, by="eva", id="2" * 32)
        labels.set([late])
        labels.set([early])
        assert labels.of([SUBJECT])[SUBJECT]["stage"] == late
        assert labels.history(SUBJECT, "stage") == [early, late]
        assert labels.where("stage", "live") == [late]
        assert labels.where("stage", "trial") == []

    def test_a_tie_of_times_goes_by_label_id(self, labels: Labels) -> None:
        first = Label(SUBJECT, "note", "x", at=7, by="ana", id="1" * 32)
        second = Label(SUBJECT, "note", "y", at=7, by="ana", id="2" * 32)
        labels.set([second, first])
        assert labels.of([SUBJECT])[SUBJECT]["note"] == second

    def test_a_label_without_a_time_is_later_than_anything_seen(self, labels: Labels) -> None:
        ahead = clock.now() + clock.HOUR // 2
        labels.set([Label(SUBJECT, "stage", "trial", at=ahead, by="eva")])
        (written,) = labels.set([Label(SUBJECT, "stage", "live")])
        assert written.at > ahead
        assert labels.of([SUBJECT])[SUBJECT]["stage"].value == "live"

    def test_a_label_from_more_than_an_hour_ahead_is_not_accepted(self, labels: Labels) -> None:
        with pytest.raises(BadInput, match="clock"):
            labels.set([Label(SUBJECT, "stage", "live", at=clock.now() + 2 * clock.HOUR)])
        assert labels.history(SUBJECT, "stage") == []

    def test_unknown_subject_is_refused_and_nothing_is_kept(self, labels: Labels) -> None:
        with pytest.raises(NotFound, match=f"no node '{OTHER}'"):
            labels.set([Label(SUBJECT, "note", "a"), Label(OTHER, "note", "b")])
        assert labels.history(SUBJECT, "note") == []

    def test_writing_the_same_label_twice_keeps_one(self, labels: Labels) -> None:
        (written,) = labels.set([Label(SUBJECT, "note", "a")])
        labels.set([written])
        assert labels.history(SUBJECT, "note") == [written]

    def test_labels_of_another_store_are_taken_over_as_they_are_and_those_from_the_future_are_handed_back(
        self, labels: Labels
    ) -> None:
        now = clock.now()
        mine = Label(SUBJECT, "stage", "trial", at=now, by="eva", id="1" * 32)
        future = Label(SUBJECT, "stage", "live", at=now + 2 * clock.HOUR, by="eva", id="2" * 32)
        assert labels.merge([mine, future]) == [future]
        assert labels.merge([mine]) == []
        assert labels.history(SUBJECT) == [mine]
        with pytest.raises(NotFound, match="no node"):
            labels.merge([Label(OTHER, "note", "b", at=now, by="eva", id="3" * 32)])

    def test_labels_are_handed_out_in_the_order_they_came(self, labels: Labels) -> None:
        late = Label(SUBJECT, "stage", "live", at=9, by="eva", id="1" * 32)
        early = Label(SUBJECT, "stage", "trial", at=2, by="eva", id="2" * 32)
        labels.merge([late])
        labels.merge([early])
        first = labels.since(limit=1)
        assert (first.labels, first.more) == ((late,), True)
        second = labels.since(first.cursor)
        assert (second.labels, second.more) == ((early,), False)
        assert labels.since(second.cursor).labels == ()
        with pytest.raises(BadInput, match="cursor"):
            labels.since("x")
