"""Homologation: evidence, signatures, and every reason for which a version is refused."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import msgspec
import polars as pl
import pytest
from rich.console import Console
from sklearn.linear_model import LogisticRegression
from tests.models.graphs import Graph
from tests.models.published import FEATURES, Publishing, bundle, table

from instar.base import clock
from instar.base.errors import BadInput, NotFound
from instar.base.ids import content_id, event_id
from instar.models.dossier import evidence_of
from instar.models.evidence import covers
from instar.models.gate import BUILT_IN
from instar.models.gate.subject import Subject
from instar.models.homologate import _record, lift, revoke
from instar.models.keys import SigningKey, create_key, register_key
from instar.models.registry import ModelVersion, publish
from instar.models.signing import Signature, sign, signatures_of
from instar.models.standing import NotHomologated, need_homologated
from instar.store import Store
from instar.store.records import Edge, Node, Record


@pytest.fixture
def made(store: Store) -> ModelVersion:
    return Publishing(Graph(store)).publish()


@pytest.fixture
def eva(store: Store) -> SigningKey:
    key = create_key("eva")
    register_key(store.access, "eva", key.public)
    return key


def refusal(version: ModelVersion, **context: object) -> str:
    with pytest.raises(NotHomologated) as refused:
        need_homologated([version], context or None)
    assert str(version) in str(refused.value)
    return str(refused.value)


def test_a_clean_model_passes_every_check_and_is_homologated_once_signed(made: ModelVersion, eva: SigningKey) -> None:
    assert "there is no evidence. Next: `instar homologate movie-rating@1`" in refusal(made)
    found = made.homologate(scope={"region": "US"})
    assert {check.name: check.verdict for check in found.checks} == dict.fromkeys(BUILT_IN, "passed")
    assert found.passed
    assert "nobody signed its evidence. Next: `instar sign movie-rating@1`" in refusal(made)
    signed = sign(made, eva)
    assert signed.evidence == found.digest
    need_homologated([made])
    standing = made.is_homologated({"region": "US"})
    assert standing
    assert str(standing).startswith("movie-rating@1")
    assert "signed by eva" in str(standing)
    assert [each.by for each in made.signatures()] == ["eva"]
    assert made.evidence() == [found.evidence]


def test_evidence_is_immutable_content_generated_by_the_gate(made: ModelVersion) -> None:
    found = made.homologate(checks=["leak", "baseline"])
    nodes = made.store.nodes
    assert nodes.get([found.id])[0] == Node(content_id("evidence", found.digest), "evidence", found.digest)
    (generated,) = nodes.edges([found.id], "out", "generated")
    gate = nodes.get([generated.dst])[0]
    assert gate.doc["verdicts"] == {"leak": "passed", "baseline": "passed"}
    above = {node.kind for node in nodes.ancestors(found.id).nodes}
    assert {"model_version", "file", "report"} <= above


def test_evidence_reads_as_text_as_a_table_and_as_figures(made: ModelVersion, tmp_path: Path) -> None:
    found = made.homologate(checks=["leak", "baseline", "disjoint"])
    assert "passed  leak" in str(found)
    judged = found.evidence.evaluation
    assert f"by evaluation {judged[:8]}…{judged[-4:]} of 100 rows" in str(found)
    console = Console(width=100, record=True, force_terminal=False)
    console.print(found)
    text = console.export_text()
    assert "✓ passed" in text
    assert f"{judged[-4:]} of 100 rows" in text
    assert "next: instar sign movie-rating@1" in text
    paths = found.save(tmp_path / "evidence")
    assert {path.name for path in paths} == {
        "evidence.json",
        "baseline-confusion.svg",
        "baseline-roc.svg",
        "baseline-judged.svg",
    }


def test_a_model_trained_on_all_rows_is_refused_by_the_leak_check_and_cannot_be_signed_off(
    store: Store, eva: SigningKey
) -> None:
    made = Publishing(Graph(store), trained_on="all").publish()
    found = made.homologate(checks=[name for name in BUILT_IN if name not in ("loads", "latency")])
    assert found.evidence.verdict_of("leak") == "failed"
    with pytest.raises(BadInput, match="check 'leak' failed; only what is unknown can be accepted"):
        sign(made, eva, exceptions=["leak"])
    with pytest.raises(BadInput, match="check leak failed, and what failed cannot be signed away; nothing was signed"):
        sign(made, eva)
    assert made.signatures() == []
    said = refusal(made)
    assert "check leak failed" in said
    sign(made, eva, verdict="rejected")
    assert "eva rejected it" in refusal(made)


def test_one_duplicated_row_under_another_id_is_refused(store: Store) -> None:
    twin = table()[:1].with_columns(id=pl.lit(9999, dtype=pl.Int64))
    evaluated = table()[300:].vstack(twin.select(table().columns))
    made = Publishing(Graph(store), evaluated=evaluated).publish()
    (check,) = made.homologate(checks=["disjoint"]).checks
    assert check.verdict == "failed"
    assert "1 of 101 evaluated rows are among the 300 training rows" in check.text


def test_equal_features_and_target_are_counted_and_not_judged(store: Store) -> None:
    twin = table()[:1].with_columns(title=pl.lit("another title"))
    made = Publishing(Graph(store), evaluated=table()[300:399].vstack(twin)).publish()
    (check,) = made.homologate(checks=["disjoint"]).checks
    assert check.verdict == "passed"
    assert "1.0% are equal to one in the model's own features and target (not judged)" in check.text


def test_a_model_that_guesses_does_not_pass_the_baseline(store: Store) -> None:
    made = Publishing(Graph(store), of=bundle(noise=True), evaluated=table()[300:]).publish()
    (check,) = made.homologate(checks=["baseline"]).checks
    assert check.verdict == "failed"
    assert "against always" in check.text


def test_a_script_is_unknown_until_a_person_accepts_each_exception_by_name(store: Store, eva: SigningKey) -> None:
    rows = table()[:300]
    estimator = LogisticRegression().fit(rows.select(FEATURES).to_numpy(), rows["good"])
    made = publish(
        estimator,
        "script",
        inputs=rows.select(*FEATURES, "good"),
        target="good",
        evaluated_on=table()[300:].select(*FEATURES, "good"),
        store=store,
    )
    found = made.homologate()
    unknown = [check.name for check in found.checks if check.verdict == "unknown"]
    assert unknown == ["lineage", "leak"]
    sign(made, eva, exceptions=["leak"])
    said = refusal(made)
    assert "check lineage says unknown" in said
    assert "instar sign script@1 --except lineage" in said
    sign(made, eva, exceptions=unknown)
    standing = made.is_homologated()
    assert standing
    assert "accepted without proof: leak, lineage" in str(standing)


def test_checks_left_out_of_the_gate_are_missing(made: ModelVersion, eva: SigningKey) -> None:
    made.homologate(checks=["latency"])
    sign(made, eva)
    assert "check leak was not run" in refusal(made)
    with pytest.raises(NotFound, match="no check 'leek'; did you mean 'leak'"):
        made.homologate(checks=["leek"])


@pytest.fixture
def signed(made: ModelVersion, eva: SigningKey) -> ModelVersion:
    """Signed for US, by eva, on evidence made without a second process (the first test has the whole gate)."""
    found = made.homologate({"region": "US"}, [name for name in BUILT_IN if name not in ("loads", "latency")])
    rest = tuple(msgspec.structs.replace(found.checks[0], name=name) for name in ("loads", "latency"))
    _record(made, Subject(made), msgspec.structs.replace(found.evidence, checks=found.checks + rest))
    sign(made, eva)
    assert made.is_homologated()
    return made


def test_an_unregistered_key_counts_for_nothing(made: ModelVersion) -> None:
    made.homologate(checks=["leak"])
    sign(made, create_key("mallory"))
    said = refusal(made)
    assert "signed by mallory" in said
    assert "not registered" in said
    assert "`instar key add`" in said


def test_a_revoked_key_counts_for_nothing(signed: ModelVersion, eva: SigningKey) -> None:
    signed.store.access.revoke_key(eva.id)
    said = refusal(signed)
    assert "which was revoked on" in said
    assert "with a registered key that was not revoked signs: `instar sign movie-rating@1`" in said


def test_an_expired_signature_counts_for_nothing(made: ModelVersion, eva: SigningKey, signed: ModelVersion) -> None:
    revoke(signed.store, signatures_of(signed)[0].id, "a mistake")
    sign(signed, eva, expires=clock.now() - 1)
    assert "the signature of eva expired on" in refusal(signed)
    sign(signed, eva, expires=timedelta(days=30))
    assert "until 20" in str(signed.is_homologated())


def test_a_signature_for_no_time_is_refused(signed: ModelVersion, eva: SigningKey) -> None:
    with pytest.raises(BadInput, match="the signature would never count"):
        sign(signed, eva, expires=timedelta(0))


def test_the_scope_is_judged_for_a_context(signed: ModelVersion) -> None:
    assert signed.is_homologated({"region": "US", "hour": 3})
    assert "outside the scope that eva signed: region is 'BR', the scope has 'US'" in refusal(signed, region="BR")
    assert "does not say its region" in refusal(signed, hour=3)


def test_a_changed_signature_is_found_out(made: ModelVersion, eva: SigningKey) -> None:
    made.homologate(checks=["leak"])
    honest = sign(made, eva, scope={"region": "US"})
    forged = msgspec.structs.replace(honest, scope={}, id=event_id())
    node = Node(forged.id, "signature", "", "default", made.name, clock.now(), "mallory", forged.doc())
    made.store.nodes.put([Record((node,), (Edge(forged.id, "used", made.id, "version"),))])
    assert "it was changed after it was made" in refusal(made)


def test_a_signature_of_another_version_does_not_count(signed: ModelVersion, store: Store) -> None:
    other = Publishing(Graph(store)).publish("other")
    other.homologate(checks=["leak"])
    honest = signatures_of(signed)[0]
    for borrowed in (honest, msgspec.structs.replace(honest, version=other.id)):
        node = Node(event_id(), "signature", "", "default", "other", clock.now(), "mallory", borrowed.doc())
        store.nodes.put([Record((node,), (Edge(node.id, "used", other.id, "version"),))])
    assert not other.is_homologated()


def test_a_revocation_refuses_until_it_is_lifted(signed: ModelVersion) -> None:
    revocation = revoke(signed.store, signed.id, "wrong units in production", by="eva")
    said = refusal(signed)
    assert "it was revoked by eva" in said
    assert "wrong units in production" in said
    assert f"`instar lift {revocation} --reason …`" in said
    lift(signed.store, revocation, "the units were right")
    assert signed.is_homologated()
    with pytest.raises(BadInput, match="needs a reason"):
        revoke(signed.store, signed.id, " ")
    with pytest.raises(BadInput, match="is a revocation; a revocation is of a model version or signature"):
        revoke(signed.store, revocation, "no")


def test_a_version_signs_and_revokes_by_itself(made: ModelVersion, eva: SigningKey) -> None:
    made.homologate(checks=["leak"])
    signed = made.sign(eva, verdict="rejected")
    assert [each.id for each in made.signatures()] == [signed.id]
    revocation = made.revoke("wrong units", by="eva")
    assert "it was revoked by eva" in refusal(made)
    lift(made.store, revocation, "the units were right")
    assert "eva rejected it" in refusal(made)


def test_a_revoked_signature_says_how_it_is_lifted(signed: ModelVersion) -> None:
    revocation = revoke(signed.store, signatures_of(signed)[0].id, "a mistake")
    assert f"`instar lift {revocation} --reason …`, or sign anew" in refusal(signed)


def test_an_invalidated_source_file_refuses_what_came_from_it(signed: ModelVersion) -> None:
    nodes = signed.store.nodes
    file = nodes.ancestors(signed.id).of_kind("file")[0]
    event = Node(event_id(), "invalidation", "", "default", "", clock.now(), "ana", {"reason": "broken sensor"})
    nodes.put([Record((event,), (Edge(event.id, "invalidated", file.id),))])
    said = refusal(signed)
    assert "which it came from, was invalidated by ana" in said
    assert "broken sensor" in said
    (check,) = signed.homologate(checks=["lineage"]).checks
    assert check.verdict == "failed"


def test_a_rejection_stands_until_the_same_person_approves(signed: ModelVersion, eva: SigningKey) -> None:
    other = create_key("leo")
    register_key(signed.store.access, "leo", other.public)
    sign(signed, other, verdict="rejected")
    assert "leo rejected it" in refusal(signed)
    sign(signed, eva)
    assert "leo rejected it" in refusal(signed)
    sign(signed, other)
    assert signed.is_homologated()


def test_the_authors_own_signature_is_shown_as_such(signed: ModelVersion) -> None:
    assert "author's own" not in str(signed.is_homologated())
    own = create_key("ana")
    register_key(signed.store.access, "ana", own.public)
    sign(signed, own)
    assert "the author's own signature" in str(signed.is_homologated())


def test_there_is_nothing_to_sign_without_evidence(made: ModelVersion, eva: SigningKey) -> None:
    with pytest.raises(BadInput, match="has no evidence to sign"):
        sign(made, eva)
    assert evidence_of(made) == []


def test_what_is_signed_is_everything_but_the_signature(made: ModelVersion, eva: SigningKey) -> None:
    made.homologate(checks=["leak"])
    signed = sign(made, eva)
    doc = made.store.nodes.get([signed.id])[0].doc
    assert set(doc) == {
        "evidence",
        "version",
        "verdict",
        "scope",
        "expires",
        "at",
        "key",
        "signature",
        "by",
        "exceptions",
    }
    for field in ("evidence", "version", "verdict", "scope", "expires", "at", "key", "by", "exceptions"):
        assert f'"{field}"'.encode() in signed.message()
    assert msgspec.convert(doc, Signature).is_by(eva.public)


def test_a_scope_has_values_lists_and_ranges() -> None:
    assert covers({}, {"anything": 1}) == ""
    assert covers({"age": {"min": 18, "max": 65}}, {"age": 17}) != ""
    assert covers({"age": {"min": 18}}, {"age": 90}) == ""
    assert covers({"region": ["US", "CA"]}, {"region": "CA"}) == ""
