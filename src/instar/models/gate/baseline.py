"""Check ``baseline``: the version knows more than its target's distribution."""

from __future__ import annotations

import msgspec

from instar.models.evaluate import Report, baseline_words
from instar.models.evidence import Check
from instar.models.figures import intervals_svg, report_figures
from instar.models.gate.subject import Subject
from instar.models.intervals import Interval


def baseline(subject: Subject) -> Check:
    """The lower end of the 95 % interval of the area under the ROC curve is above 0.5, or of R² above 0."""
    report = subject.report
    if report is None:
        return Check("baseline", "unknown", "there is no report of an evaluation on record")
    name, judged, bound = _judged(report)
    figures = report_figures(report)
    facts = {"metrics": report.metrics(), "baseline": msgspec.to_builtins(report.baseline)}
    if judged is None:
        text = f"{name} cannot be taken: the {report.rows:,} evaluated rows have one class or value only"
        return Check("baseline", "unknown", text, figures, facts)
    figures["judged.svg"] = intervals_svg(f"{name} against {bound:g}", {name: judged}, bound)
    better = judged.low > bound
    text = f"{name} {judged} ({judged.method}): its lower end is {'' if better else 'not '}above {bound:g}"
    if report.accuracy is not None:
        text += f"; accuracy {report.accuracy} against {baseline_words(report)}"
    elif report.rmse is not None:
        text += f"; RMSE {report.rmse} against {baseline_words(report)}"
    return Check("baseline", "passed" if better else "failed", text, figures, facts)


def _judged(report: Report) -> tuple[str, Interval | None, float]:
    return ("R²", report.r2, 0.0) if report.task == "regression" else ("ROC AUC", report.roc_auc, 0.5)
