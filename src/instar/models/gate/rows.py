"""Checks ``leak`` and ``disjoint``: were the evaluated rows apart from those the model learned from?"""

from __future__ import annotations

import numpy as np

from instar.models.evidence import Check
from instar.models.gate.subject import Subject
from instar.models.recording import FEATURE_ROWS, ROWS, read_digests

_NEXT = {
    False: "before the split remove what is there twice, with .distinct(on=[…]) on the columns that say what a row is, "
    "or split by them",
    True: "evaluate on rows that it was not trained on: evaluated_on=",
}


def leak(subject: Subject) -> Check:
    """By the record of activities: see ``instar.models.leak``."""
    found = subject.leak
    if found is None:
        return Check("leak", "unknown", "there is no evaluation on record, so nothing says which rows were kept apart")
    facts = {"split": found.split, "side": found.side, "offenders": list(found.offenders)}
    return Check("leak", found.verdict, found.text, facts=facts)


def disjoint(subject: Subject) -> Check:
    """By digests of the rows over all columns but ids. Equal features and target alone are counted, not judged.

    Of a script's rows only the columns it gave are known. Equal ones may be different rows that look the same, so that
    some of them are ``unknown``; if every evaluated row is among the training rows it is no coincidence.
    """
    if subject.evaluation is None:
        return Check("disjoint", "unknown", "there is no evaluation on record")
    read = [read_digests(subject.store, activity, ROWS) for activity in (subject.training.id, subject.evaluation.id)]
    if read[0] is None or read[1] is None:
        which = "training" if read[0] is None else "evaluation"
        return Check("disjoint", "unknown", f"the {which} recorded no row digests")
    trained, evaluated = read[0], read[1]
    shared = int(np.isin(evaluated, trained).sum())
    script = bool(subject.training.doc.get("script"))
    compared = "all columns given" if script else "all columns but ids"
    text = f"{shared:,} of {evaluated.size:,} evaluated rows are among the {trained.size:,} training rows ({compared})"
    facts: dict[str, object] = {"shared": shared, "evaluated": evaluated.size, "trained": trained.size}
    of_model = [
        read_digests(subject.store, each, FEATURE_ROWS) for each in (subject.training.id, subject.evaluation.id)
    ]
    if of_model[0] is not None and of_model[1] is not None and of_model[1].size:
        fraction = float(np.isin(of_model[1], of_model[0]).mean())
        text += f"; {fraction:.1%} are equal to one in the model's own features and target (not judged)"
        facts["equal_in_features"] = fraction
    if not shared:
        return Check("disjoint", "passed", text, facts=facts)
    if script and shared < evaluated.size:
        text += (
            "; they may be different rows that look the same in the columns of inputs= and evaluated_on=: give every "
            "column that tells one row from another, or a person accepts the check disjoint by name"
        )
        return Check("disjoint", "unknown", text, facts=facts)
    return Check("disjoint", "failed", f"{text}; {_NEXT[script]}", facts=facts)
