"""The leak check: did anything that the model learned come from the rows it is evaluated on?

It is asked of a pair (training activity, evaluation activity) and answered from recorded activities alone.

1. The evaluated table must be, or descend only from, one side of a split S: every way from it up to the sources passes
   that side. Any split on the way may serve, since splits nest.
2. Every activity above the training that fits or computes across rows must have read only other sides of that same S
   (the same activity, not an equal one), or tables that share no source with the evaluated one. Row by row steps,
   joins, selections, distinct, sorting and sampling may lie above the split: they move rows, they learn nothing.

3. A step that runs a Python function (its doc has ``python``) may look across rows, and nobody can see whether it does.
   Where one that reads across rows would be refused, it makes the verdict ``unknown``.

Verdicts: ``passed``; ``failed``; ``unknown`` where the record does not say (no split, rows of unknown origin, a verb
that nobody declared, a Python function).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from instar.models.ancestry import SOURCES, Ancestry, Table, read_ancestry
from instar.store.protocols import Nodes

Verdict = Literal["passed", "failed", "unknown"]
FITS = frozenset(["fit", "train", "tune"])
ACROSS_ROWS = frozenset(["group_by", "reduce", "window"])
BY_ROW = frozenset(
    [
        "map", "filter", "select", "with_columns", "join", "enrich", "union", "distinct", "sort", "sample",
        "split", "predict", "apply", "write", "evaluate", "publish", "gate", "sign", "deploy",
    ]
)  # fmt: skip
_SEVERITY: tuple[Verdict, ...] = ("passed", "unknown", "failed")


@dataclass(frozen=True)
class Leak:
    """The answer. text : for people, with the activities and tables;  split, side : against which it was judged

    offenders : the activities that read what they must not, or of which it is not known
    """

    verdict: Verdict
    text: str
    split: str = ""
    side: str = ""
    offenders: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Finding:
    verdict: Verdict
    activity: str
    table: Table | None
    text: str


def leak_check(nodes: Nodes, training: str, evaluation: str) -> Leak:
    """Judge the model of ``training`` on the table that ``evaluation`` read (ids of activities)."""
    return judge(read_ancestry(nodes, [training, evaluation]), training, evaluation)


def judge(ancestry: Ancestry, training: str, evaluation: str) -> Leak:
    """The same, over what was read already: pure."""
    evaluated = [table for name, table in ancestry.inputs[evaluation] if name == "table" and ancestry.is_table(table)]
    if not evaluated:
        return Leak("unknown", "the evaluation has no recorded table: it was run by a script on rows of its own")
    if not ancestry.tables(training):
        return Leak(
            "unknown",
            f"{ancestry.words(training)} has no recorded table: the model was trained by a script, with no split on record",
            offenders=(training,),
        )
    sides = frozenset.intersection(*(_passed_by(ancestry)[table] for table in evaluated))
    if not sides:
        return _without_side(ancestry, training, evaluated)
    judged = [_judge_side(ancestry, training, evaluated, side) for side in sorted(sides)]
    return min(judged, key=lambda leak: (_SEVERITY.index(leak.verdict), len(leak.offenders), leak.split))


def _passed_by(ancestry: Ancestry) -> dict[Table, frozenset[Table]]:
    """For each table the sides of splits that every way up from it to the sources passes, itself included."""
    through: dict[str, frozenset[Table]] = {}
    found: dict[Table, frozenset[Table]] = {}
    ports: dict[str, set[Table]] = {}
    for inputs in ancestry.inputs.values():
        for _, table in inputs:
            ports.setdefault(table.activity, set()).add(table)
    for activity in ancestry.sources_first:
        above = [found[table] for table in ancestry.tables(activity)]
        through[activity] = frozenset.intersection(*above) if above else frozenset()
        for table in ports.get(activity, ()):
            own = frozenset([table]) if ancestry.verb(activity) == "split" else frozenset()
            found[table] = through[activity] | own
    return found


def _without_side(ancestry: Ancestry, training: str, evaluated: list[Table]) -> Leak:
    """The evaluated table is on no side: a leak for sure when it was trained on, or a way leads round the split."""
    named = " and ".join(ancestry.table_words(table) for table in evaluated)
    if shared := sorted(set(evaluated) & set(ancestry.tables(training))):
        text = f"{ancestry.words(training)} read {ancestry.table_words(shared[0])}, which is the evaluated table itself"
        return Leak("failed", text, offenders=(training,))
    splits = [
        activity
        for table in evaluated
        for activity in ancestry.above(table.activity)
        if ancestry.verb(activity) == "split"
    ]
    if not splits:
        return Leak("unknown", f"no split is recorded above {named}: it is not on record how its rows were set apart")
    text = f"{named} has rows that came round {ancestry.words(splits[0])}, not only through one side of it"
    return Leak("failed", text, split=splits[0])


def _judge_side(ancestry: Ancestry, training: str, evaluated: list[Table], side: Table) -> Leak:
    apart = _apart(ancestry, evaluated, side)
    findings, learned = [], 0
    for activity in ancestry.above(training):
        if (may := _may_learn(ancestry, activity)) is not None:
            learned += may == "failed"
            findings += _findings(ancestry, activity, may, apart, side)
    where = f"side {side.port!r} of {ancestry.words(side.activity)}"
    if not findings:
        text = (
            f"the evaluated table descends only from {where}; "
            f"all {learned} activities that learned something for the model read other sides of it only"
        )
        return Leak("passed", text, side.activity, side.port)
    worst = max((finding.verdict for finding in findings), key=_SEVERITY.index)
    shown = [finding for finding in findings if finding.verdict == worst]
    lines = [f"the evaluated table descends only from {where}, but:"]
    for finding in shown:
        way = " <- ".join(ancestry.words(step) for step in ancestry.path(training, finding.activity))
        lines += [f"- {finding.text}", f"  on the way up from the model: {way}"]
    return Leak(
        worst, "\n".join(lines), side.activity, side.port, tuple(dict.fromkeys(finding.activity for finding in shown))
    )


def _may_learn(ancestry: Ancestry, activity: str) -> Verdict | None:
    """What it means when ``activity`` reads evaluated rows: ``failed`` if it learns from rows, None if it cannot."""
    doc, verb = ancestry.nodes[activity].doc, ancestry.verb(activity)
    if verb in FITS or verb in ACROSS_ROWS or doc.get("fitted") or doc.get("across_rows"):
        return "failed"
    if doc.get("python"):
        return "unknown"
    known = verb in BY_ROW or verb in SOURCES or doc.get("across_rows") is False
    return None if known else "unknown"


def _findings(
    ancestry: Ancestry, activity: str, may: Verdict, apart: dict[Table, Verdict], side: Table
) -> list[_Finding]:
    words = ancestry.words(activity)
    tables = ancestry.tables(activity)
    if not tables and may == "failed":
        return [_Finding("unknown", activity, None, f"{words} has no recorded table: what it read is not known")]
    found = []
    for table in tables:
        if apart[table] == "failed":
            learns = "" if may == "failed" else f"; {_not_known(ancestry, activity)}"
            text = f"{words} read {ancestry.table_words(table)}, which {_why(ancestry, table, side)}{learns}"
            found.append(_Finding(may, activity, table, text))
        elif apart[table] == "unknown":
            text = f"{words} read {ancestry.table_words(table)}, of which the origin is not recorded"
            found.append(_Finding("unknown", activity, table, text))
    return found


def _not_known(ancestry: Ancestry, activity: str) -> str:
    if ancestry.nodes[activity].doc.get("python"):
        return (
            "it calls a Python function, which may look across rows. Write it as expressions, or below the split; "
            "or a person who knows the function accepts the check leak by name"
        )
    return "whether this verb learns from rows is not known"


def _apart(ancestry: Ancestry, evaluated: list[Table], side: Table) -> dict[Table, Verdict]:
    """For each table whether its rows are apart from the evaluated ones.

    ``passed`` : every way up passes another side of the split, or leads to sources the evaluated table does not have
    """
    evaluated_sources = frozenset[str]().union(*(ancestry.sources[table.activity] for table in evaluated))
    of_activity: dict[str, Verdict] = {}
    for activity in ancestry.sources_first:
        own = ancestry.sources[activity]
        above = [
            "passed" if _other_side(table, side) else of_activity[table.activity]
            for table in ancestry.tables(activity)
            if table != side
        ]
        if any(table == side for table in ancestry.tables(activity)):
            above.append("failed")
        if above:
            of_activity[activity] = max(above, key=_SEVERITY.index)
        elif not own:
            of_activity[activity] = "unknown"
        else:
            of_activity[activity] = "failed" if own & evaluated_sources else "passed"
    return {
        table: "failed" if table == side else "passed" if _other_side(table, side) else of_activity[table.activity]
        for inputs in ancestry.inputs.values()
        for _, table in inputs
        if ancestry.is_table(table)
    }


def _other_side(table: Table, side: Table) -> bool:
    return table.activity == side.activity and table.port != side.port


def _why(ancestry: Ancestry, table: Table, side: Table) -> str:
    if table == side:
        return "is the evaluated side itself"
    above_split = set(ancestry.above(side.activity)) - {side.activity}
    if table.activity in above_split:
        return f"lies above the split: its rows are on the evaluated side {side.port!r} too"
    if side.activity in ancestry.above(table.activity):
        return f"descends also from the evaluated side {side.port!r}, or from rows above the split"
    return "shares sources with the evaluated table and does not come from another side of the split"
