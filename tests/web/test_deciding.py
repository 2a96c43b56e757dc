"""What decides is for those who may decide, by whatever call it comes; and whose code runs is not the sender's word."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from tests.web.running import Threaded

from instar.base import clock
from instar.base.errors import Forbidden
from instar.base.ids import event_id
from instar.serve.tokens import create_token
from instar.store import Store, open_store
from instar.store.keeping.check import check
from instar.store.keeping.invalidation import NEEDED, invalidate, lift, standing_against
from instar.store.records import Edge, Label, Node, Record
from instar.store.sync import pull, push
from instar.store.trust import UntrustedCode, need_trust, strangers, trust
from instar.web.questions import questions

Opened = Callable[..., AbstractContextManager[Store]]


@pytest.fixture
def through(store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[Opened]:
    """The store as a token of a role and a project sees it; the token has the name of its role."""
    with Threaded(store) as server:

        @contextmanager
        def opened(role: str, project: str = "") -> Iterator[Store]:
            monkeypatch.setenv("INSTAR_TOKEN", create_token(store, role, role, project))
            server.server.guard.refresh()
            with open_store(server.url) as remote:
                yield remote

        yield opened


@pytest.fixture
def laptop(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path / "laptop") as opened:
        yield opened


def run(project: str = "p") -> Node:
    return Node(event_id(), "run", "", project, "r", clock.now(), "ana")


def decision(kind: str, of: Node, **doc: object) -> Record:
    node = Node(event_id(), kind, "", "p", "d", clock.now(), "mallory", {"reason": "because", **doc})
    return Record((node,), (Edge(node.id, "invalidated", of.id, kind),))


def test_the_verbs_ask_for_the_role_that_what_they_write_needs() -> None:
    assert {verb: questions()[name].role for verb, name in (("lifting", "lift"), ("erasure", "erase"))} == NEEDED


def test_whoever_may_not_lift_or_erase_does_not_do_it_by_writing_the_node(store: Store, through: Opened) -> None:
    wrong = run()
    store.nodes.put([Record((wrong,))])
    against = invalidate(store, wrong.id, "wrong year")
    with through("contributor") as contributor:
        for kind, of in (("lifting", against), ("erasure", wrong)):
            with pytest.raises(Forbidden, match=f"a decision of the role {NEEDED[kind]}.*contributor; nothing of this"):
                contributor.nodes.put([Record((run(),)), decision(kind, of)])
        contributor.nodes.put([decision("invalidation", wrong)])
    with through("approver") as approver:
        with pytest.raises(Forbidden, match="role admin"):
            approver.nodes.put([decision("erasure", wrong)])
        approver.nodes.put([decision("lifting", against)])
    with through("admin") as admin:
        admin.nodes.put([decision("erasure", wrong)])
    assert len(store.nodes.since().record.nodes) == 5, "nothing came with what was refused"


def test_a_decision_that_was_made_is_not_turned_against_something_else(store: Store, through: Opened) -> None:
    first, second = run(), run()
    store.nodes.put([Record((first, second))])
    lifting = lift(store, invalidate(store, first.id, "wrong").id, "right after all")
    stays = invalidate(store, second.id, "wrong too")
    with through("contributor") as contributor:
        with pytest.raises(Forbidden):
            contributor.nodes.put([Record(edges=(Edge(lifting.id, "invalidated", stays.id, "lifting"),))])
        with pytest.raises(Forbidden):
            contributor.nodes.put([Record((Node(lifting.id, "lifting", created_at=1, created_by="mallory"),))])
    assert [each.event for each in standing_against(store.nodes, [first.id, second.id])] == [stays.id]
    assert store.nodes.get([lifting.id]) == [lifting]


def test_an_admin_of_a_project_erases_nothing_everywhere(store: Store, through: Opened) -> None:
    own = run()
    store.nodes.put([Record((own,))])
    with through("admin", "p") as admin:
        with pytest.raises(Forbidden, match="is for all projects, and this token is for p"):
            admin.nodes.put([decision("erasure", own, everywhere=True)])
        admin.nodes.put([decision("erasure", own)])


def test_a_push_with_a_lifting_waits_for_who_may_lift_and_then_goes_on_for_everyone(
    store: Store, through: Opened, laptop: Store
) -> None:
    """Nothing is left out on the way: stores that were pushed to in another order are equal again."""
    wrong = run()
    laptop.nodes.put([Record((wrong,))])
    lift(laptop, invalidate(laptop, wrong.id, "wrong").id, "right after all")
    laptop.labels.set([Label(wrong.id, "tag", "gold")])
    with through("contributor") as contributor, pytest.raises(Forbidden, match="by the same command"):
        push(laptop, contributor)
    assert store.nodes.has([wrong.id]) == set()
    with through("approver") as approver:
        push(laptop, approver)
    after = run()
    laptop.nodes.put([Record((after,))])
    store.access.revoke_token("contributor")
    with through("contributor") as contributor:
        push(laptop, contributor)
        again = pull(laptop, contributor)
    assert again.nodes == 0
    assert store.nodes.has([wrong.id, after.id]) == {wrong.id, after.id}
    assert standing_against(store.nodes, [wrong.id]) == []
    assert check(store).clean


def test_another_store_that_has_known_decisions_is_pushed_by_a_contributor(
    store: Store, through: Opened, laptop: Store
) -> None:
    wrong = run()
    store.nodes.put([Record((wrong,))])
    lift(store, invalidate(store, wrong.id, "wrong").id, "right after all")
    own = run()
    with through("contributor") as contributor:
        pull(laptop, contributor)
        laptop.nodes.put([Record((own,))])
        push(laptop, contributor)
    assert store.nodes.has([own.id]) == {own.id}


def test_a_token_makes_no_code_trusted_by_naming_a_trusted_store_or_none(store: Store, through: Opened) -> None:
    """A store's id is no secret and proves nothing: who came by a token is known by the token alone."""
    friend = event_id()
    trust(store, friend)
    sent, claimed, synced = run(), run(), run()
    store.nodes.put([Record((synced,))], {}, friend)
    with through("contributor") as contributor:
        contributor.nodes.put([Record((sent,))])
        contributor.nodes.put([Record((claimed,))], {}, friend)
        contributor.nodes.put([Record((synced,))], {}, event_id())
    by = "contributor, by a token"
    assert strangers(store, [sent.id, claimed.id, synced.id]) == {sent.id: by, claimed.id: by}
    with pytest.raises(UntrustedCode, match=r"came from contributor, by a token.*then somebody signs it$"):
        need_trust(store, claimed.id, "the bundle", how="somebody signs it")
