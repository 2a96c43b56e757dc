"""Check ``lineage``: everything the version came from is on record, down to source files, and nothing is invalidated."""

from __future__ import annotations

from instar.models.ancestry import Ancestry
from instar.models.evidence import Check
from instar.models.gate.subject import Subject
from instar.store.keeping.invalidation import invalidations


def lineage(subject: Subject) -> Check:
    """Walk up from the training and its evaluation to the files."""
    if against := invalidations(subject.store.nodes, subject.version.id):
        return Check("lineage", "failed", "; ".join(against))
    ancestry = subject.ancestry
    starts = [subject.version.training, *([subject.evaluation.id] if subject.evaluation else [])]
    activities = list(dict.fromkeys(id for start in starts for id in ancestry.above(start)))
    files = _files(subject, ancestry, activities)
    ends = [id for id in activities if not ancestry.tables(id) and id not in files]
    sources = sorted({id for found in files.values() for id in found})
    facts = {"activities": len(activities), "files": sources}
    if ends:
        named = ", ".join(ancestry.words(id) for id in ends[:5]) + (
            f" and {len(ends) - 5} more" if len(ends) > 5 else ""
        )
        text = f"the record does not lead to a source file above {named}"
        return Check("lineage", "unknown", text, facts=facts | {"ends": ends})
    made, read = (
        _counted(len(activities), "activity", "activities"),
        _counted(len(sources), "source file", "source files"),
    )
    text = f"complete: {made}, down to {read}"
    return Check("lineage", "passed", text, facts=facts)


def _counted(number: int, one: str, many: str) -> str:
    """
    >>> _counted(1, "source file", "source files"), _counted(2, "activity", "activities")
    ('1 source file', '2 activities')
    """
    return f"{number} {one if number == 1 else many}"


def _files(subject: Subject, ancestry: Ancestry, activities: list[str]) -> dict[str, list[str]]:
    """The files that each import read."""
    used = {id: ancestry.used[id] for id in activities if ancestry.verb(id) == "import"}
    kinds = {
        node.id: node.kind for node in subject.store.nodes.get(sorted({id for ids in used.values() for id in ids}))
    }
    found = {id: [each for each in ids if kinds[each] == "file"] for id, ids in used.items()}
    return {id: files for id, files in found.items() if files}
