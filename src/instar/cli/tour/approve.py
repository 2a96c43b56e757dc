"""Stages 4 and 5: judge the three models on rows they have not seen, and homologate those that deserve it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from instar.cli.render import Table
from instar.cli.tour.films import Trained
from instar.cli.tour.say import Say, short
from instar.models.evaluate import Report, baseline_words
from instar.models.evidence import Check
from instar.models.figures import confusion_svg, roc_svg
from instar.models.keys import SigningKey, create_key, open_key, register_key
from instar.models.registry import publish
from instar.models.signing import sign
from instar.models.version import ModelVersion
from instar.store import Store

SCOPE = {"region": "US"}
SIGNER = "instar-tour"


def evaluate(say: Say, trained: list[Trained], folder: Path) -> None:
    """Stage 4: figures with intervals beside the baseline, and pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for each in trained:
        report: Report = each.result["report"]
        rows.append((each.letter, report.rows, str(report.accuracy), str(report.f1), str(report.roc_auc)))
        say.tell(**{each.letter: report.metrics()})
        (folder / f"confusion-{each.letter}.svg").write_text(confusion_svg(report))
        (folder / f"roc-{each.letter}.svg").write_text(roc_svg(report))
    report = trained[0].result["report"]
    say.tell(
        f"on {report.rows:,} unseen films ({report.rows_without_target} without Meter left out), 95 % intervals in brackets",
        Table(("", "rows", "accuracy", "F1", "ROC AUC"), rows),
        f"baseline, {baseline_words(report)}",
        *_confusion(report),
        f"pictures: confusion-A.svg, roc-A.svg and those of B and C in {folder}",
        "C looks best by far. It has seen these films.",
        folder=str(folder),
        baseline=report.baseline.accuracy,
    )


def _confusion(report: Report) -> list[Table | str]:
    names = [str(label) for label in report.classes]
    rows = [(f"really {name}", *line) for name, line in zip(names, report.confusion)]
    return ["confusion matrix of A:", Table(("", *(f"said {name}" for name in names)), rows)]


def homologate(say: Say, store: Store, trained: list[Trained]) -> dict[str, ModelVersion]:
    """Stage 5: publish, run the gate, sign A and B. C is refused, with the evidence."""
    key = _key(store)
    versions = {}
    for each in trained:
        version = versions[each.letter] = publish(each.result["model"], "movie-rating")
        known = version.evidence()
        evidence = known[-1] if known else version.homologate(scope=SCOPE).evidence
        if evidence.passed and not version.is_homologated():
            sign(version, key, expires=timedelta(days=365))
        standing = version.is_homologated()
        say.tell(
            "",
            f"{each.letter} = {version}  {short(version.id)}: "
            + ("the gate was passed" if evidence.passed else "REFUSED")
            + ("  (evidence of an earlier run)" if known else ""),
            *(f"  {_mark(check)} {check.name}: {check.text.splitlines()[0]}" for check in evidence.checks),
            **{
                each.letter: {
                    "version": version.id,
                    "passed": evidence.passed,
                    "homologated": bool(standing),
                    "verdicts": {check.name: check.verdict for check in evidence.checks},
                }
            },
        )
        if standing:
            say.tell(f"  {standing}")
        else:
            _refused(say, evidence.checks, str(standing))
    return versions


def _refused(say: Say, checks: tuple[Check, ...], standing: str) -> None:
    [leak] = [check for check in checks if check.name == "leak"]
    say.tell(
        "  the evidence of the leak check:",
        *(f"    {line}" for line in leak.text.splitlines()),
        f"  {standing}",
        leak=leak.text,
    )


def _mark(check: Check) -> str:
    return {"passed": "✓", "failed": "✗"}.get(check.verdict, "?")


def _key(store: Store) -> SigningKey:
    """The tour's own key, made at the first tour and kept with its store: yours stays out of it."""
    folder = store.folder / "tour"
    exists = (folder / f"{SIGNER}.json").exists()
    key = open_key(SIGNER, folder=folder) if exists else create_key(SIGNER, folder=folder)
    if key.id not in {known.id for known in store.access.keys()}:
        register_key(store.access, key.owner, key.public)
    return key
