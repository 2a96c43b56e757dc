"""Checks ``leak`` and ``disjoint``: were the evaluated rows apart from those the model learned from?"""

from __future__ import annotations

import numpy as np

from instar.models.evidence import Check
from instar.models.gate.subject import Subject
from instar.models.recording import FEATURE_ROWS, ROWS, read_digests


def leak(subject: Subject) -> Check:
    """By the record of activities: see ``instar.models.leak``."""
    found = subject.leak
    if found is None:
        return Check("leak", "unknown", "there is no evaluation on record, so nothing says which rows were kept apart")
    facts = {"split": found.split, "side": found.side, "offenders": list(found.offenders)}
    return Check("leak", found.verdict, found.text, facts=facts)


def disjoint(subject: Subject) -> Check:
    """By digests of the rows over all columns but ids. Equal features and target alone are counted, not judged."""
    if subject.evaluation is None:
        return Check("disjoint", "unknown", "there is no evaluation on record")
    read = [read_digests(subject.store, activity, ROWS) for activity in (subject.training.id, subject.evaluation.id)]
    if read[0] is None or read[1] is None:
        which = "training" if read[0] is None else "evaluation"
        return Check("disjoint", "unknown", f"the {which} recorded no row digests")
    trained, evaluated = read[0], read[1]
    shared = int(np.isin(evaluated, trained).sum())
    text = (
        f"{shared:,} of {evaluated.size:,} evaluated rows are among the {trained.size:,} training rows "
        "(all columns but ids)"
    )
    facts: dict[str, object] = {"shared": shared, "evaluated": evaluated.size, "trained": trained.size}
    of_model = [
        read_digests(subject.store, each, FEATURE_ROWS) for each in (subject.training.id, subject.evaluation.id)
    ]
    if of_model[0] is not None and of_model[1] is not None and of_model[1].size:
        fraction = float(np.isin(of_model[1], of_model[0]).mean())
        text += f"; {fraction:.1%} are equal to one in the model's own features and target (not judged)"
        facts["equal_in_features"] = fraction
    return Check("disjoint", "failed" if shared else "passed", text, facts=facts)
