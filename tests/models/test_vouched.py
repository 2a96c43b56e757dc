"""A bundle that runs code on load: made here it loads, pulled it does not, until its store is trusted or it is signed."""

from __future__ import annotations

import os
import pickle
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.models.graphs import Graph
from tests.models.published import Publishing, bundle

from instar.models.bundle import NotABundle
from instar.models.formats import BUILT_IN
from instar.models.formats.sklearn import SklearnFormat
from instar.models.keys import create_key, register_key
from instar.models.registry import ModelVersion
from instar.models.version import version
from instar.store import Store, open_store
from instar.store.records import File, Record
from instar.store.sync import pull
from instar.store.trust import UntrustedCode, strangers, trust

MARK = "INSTAR_TEST_MARK"  # names the folder that loading makes


class Loud:
    """Leaves a trace when it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.makedirs, (os.environ[MARK], 0o700, True)


class PickleFormat(SklearnFormat):
    """Keeps an estimator as its parent does, with a pickle beside it that is loaded first."""

    name = "pickled"
    executes = True

    def save(self, estimator: Any, folder: Path) -> None:
        super().save(estimator, folder)
        (folder / "hook.pkl").write_bytes(pickle.dumps(Loud()))

    def load(self, folder: Path, trusted: Sequence[str] = ()) -> Any:
        pickle.loads((folder / "hook.pkl").read_bytes())  # noqa: S301 - the question is who gets here
        return super().load(folder, trusted)


@pytest.fixture
def mark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(MARK, str(tmp_path / "it-ran"))
    monkeypatch.delitem(BUILT_IN, "sklearn")
    monkeypatch.setitem(BUILT_IN, "pickled", "tests.models.test_vouched:PickleFormat")
    return tmp_path / "it-ran"


@pytest.fixture
def made(store: Store, mark: Path) -> ModelVersion:
    published = Publishing(Graph(store), of=bundle.__wrapped__()).publish()
    forget(mark)
    return published


def forget(mark: Path) -> None:
    """What was made here may have been loaded here."""
    if mark.exists():
        mark.rmdir()


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path / "other") as opened:
        yield opened


def test_what_was_made_here_loads(made: ModelVersion, mark: Path) -> None:
    made.load()
    assert mark.exists()


def test_what_was_pulled_is_refused_until_its_store_is_trusted(
    made: ModelVersion, mark: Path, store: Store, other: Store
) -> None:
    pull(other, store, str(made))
    pulled = version(str(made), other)
    assert strangers(other, [pulled.bundle_id]) == {pulled.bundle_id: f"the store {store.id}"}
    with pytest.raises(UntrustedCode, match=r"format pickled.*--trust.*instar sign"):
        pulled.load()
    with pytest.raises(UntrustedCode):
        pulled.homologate(checks=["loads"])
    assert not mark.exists(), "nothing was run"
    trust(other, store.id)
    pulled.load()
    assert mark.exists()
    trust(other, store.id, trusted=False)
    with pytest.raises(UntrustedCode):
        pulled.load()
    assert [each.action for each in other.access.audited(action="peer")] == ["peer.distrust", "peer.trust"]


def test_a_registered_keys_signature_vouches_for_this_very_bundle(
    made: ModelVersion, mark: Path, store: Store, other: Store
) -> None:
    key = create_key("eva")
    made.homologate(checks=["leak"])
    made.sign(key)
    forget(mark)
    pull(other, store, str(made))
    pulled = version(str(made), other)
    with pytest.raises(UntrustedCode):
        pulled.load()
    assert not mark.exists()
    register_key(other.access, "eva", key.public)
    pulled.load()
    assert mark.exists()
    other.access.revoke_key(key.id)
    with pytest.raises(UntrustedCode):
        pulled.load()


def test_code_that_was_put_beside_a_signed_bundle_does_not_run(
    made: ModelVersion, mark: Path, store: Store, other: Store
) -> None:
    """The files of a node may come from anywhere: the signature is for the digest of what lies in them."""
    key = create_key("eva")
    register_key(other.access, "eva", key.public)
    made.homologate(checks=["leak"])
    made.sign(key)
    forget(mark)
    node = store.nodes.get([made.bundle_id])[0]
    first = other.blobs.put(b"{}")
    other.nodes.put([Record((node,), files=(File(node.id, "bundle.json", first, 2),))], peer=store.id)
    pull(other, store, str(made))
    with pytest.raises(NotABundle, match="cannot be read"):
        version(str(made), other).load()
    assert not mark.exists()
