"""Homologation: the gate makes evidence, a person signs it, and it can be revoked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from instar.base import clock
from instar.base.digests import digest_bytes
from instar.base.ids import content_id, event_id
from instar.base.settings import author_setting
from instar.models.dossier import FILE
from instar.models.evidence import Check, Evidence
from instar.models.gate import run_checks
from instar.models.gate.subject import Subject
from instar.models.published import Published
from instar.models.recording import keep_file
from instar.store.keeping.invalidation import AGAINST, record_against
from instar.store.records import Edge, Node, Record

if TYPE_CHECKING:
    from rich.console import RenderableType

    from instar.store import Store


@dataclass(frozen=True)
class Homologation:
    """What the gate found about ``version``. id : of the evidence node;  digest : what a person signs"""

    version: Published
    id: str
    digest: str
    evidence: Evidence

    @property
    def checks(self) -> tuple[Check, ...]:
        return self.evidence.checks

    @property
    def passed(self) -> bool:
        """Whether every check passed; a signature is still missing."""
        return self.evidence.passed

    def __str__(self) -> str:
        return f"{self.version}, evidence {self.digest[:12]}, {self.evidence.judged}\n{self.evidence}"

    def show(self) -> None:
        """Print it, in colour where the terminal has it."""
        from rich.console import Console

        Console().print(self)

    def __rich__(self) -> RenderableType:
        from instar.models.show import evidence_table

        return evidence_table(str(self.version), self.digest, self.evidence)

    def save(self, folder: Path) -> list[Path]:
        """Write the evidence and its figures into ``folder``; their paths."""
        folder.mkdir(parents=True, exist_ok=True)
        texts = {FILE: self.evidence.to_bytes().decode()}
        texts |= {f"{check.name}-{name}": svg for check in self.checks for name, svg in check.figures.items()}
        for name, text in texts.items():
            (folder / Path(name).name).write_text(text)
        return [folder / Path(name).name for name in texts]


def homologate(
    version: Published,
    scope: Mapping[str, Any] | None = None,
    checks: Sequence[str] | None = None,
    evaluation: str = "",
) -> Homologation:
    """Run the gate on ``version`` and record the evidence.

    scope : the contexts it is asked for;  checks : names, all when none are given (what is left out counts as missing)
    evaluation : id of the evaluation to judge by; else the newest one without a leak, else the newest
    """
    subject = Subject(version, evaluation)
    found = run_checks(subject, checks)
    evidence = Evidence(
        version=version.id,
        project=version.project,
        model=version.name,
        digest=version.digest,
        training=version.training,
        checks=found,
        evaluation=subject.evaluation.id if subject.evaluation else "",
        scope=dict(scope or {}),
        rows=subject.evaluated_rows,
    )
    return _record(version, subject, evidence)


def _record(version: Published, subject: Subject, evidence: Evidence) -> Homologation:
    data = evidence.to_bytes()
    digest = digest_bytes(data)
    id, gate = content_id("evidence", digest), event_id()
    verdicts = {check.name: check.verdict for check in evidence.checks}
    doc = {"verb": "gate", "step": f"gate of {version.name}", "verdicts": verdicts}
    edges = [
        Edge(gate, "used", version.id, "version"),
        Edge(id, "generated", gate, "evidence"),
        *([Edge(gate, "informed", version.activity, "version:version")] if version.activity else []),
    ]
    if subject.evaluation is not None:
        edges.append(Edge(gate, "informed", subject.evaluation.id, "report:report"))
        if subject.report_id:
            edges.append(Edge(gate, "used", subject.report_id, "report"))
    record = Record(
        (
            Node(gate, "activity", "", version.project, "gate", clock.now(), author_setting(), doc),
            Node(id, "evidence", digest),
        ),
        tuple(edges),
        files=(keep_file(version.store, id, FILE, data),),
    )
    version.store.nodes.put([record])
    return Homologation(version, id, digest, Evidence.from_bytes(data))


def revoke(store: Store, subject: str, reason: str, by: str | None = None) -> str:
    """Take back a version or a signature (its id): it counts no more until this is lifted. The revocation's id."""
    kinds = ("model_version", "signature")
    return record_against(store, "revocation", [subject], reason, by or "", kinds=kinds).id


def lift(store: Store, revocation: str, reason: str, by: str | None = None) -> str:
    """Take back a revocation (or invalidation) by its id; the lifting's id."""
    return record_against(store, "lifting", [revocation], reason, by or "", kinds=AGAINST).id
