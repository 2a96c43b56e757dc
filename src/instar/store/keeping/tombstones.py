"""What an erasure leaves: the node with its digest, and who may not have its bytes any more.

Content has no project; a project has a claim on it by what refers to it. An erasure takes away the claim of its project,
or of all. Bytes that nobody claims any more are gone: here, and in every store that hears of the erasure.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from instar.base.errors import InstarError, NotFound
from instar.store.keeping.invalidation import EVENTS, Objection, recorded_against
from instar.store.protocols import Nodes
from instar.store.records import Record

ERASURE: Final = "erasure"


class Erased(NotFound):
    """Something was erased on purpose: when, by whom, and why."""

    status = 410

    def __init__(self, what: str, erasure: Objection, next_step: str) -> None:
        InstarError.__init__(self, f"{what} was erased {erasure.told}; {next_step}")


def erasures(nodes: Nodes, ids: Collection[str]) -> dict[str, list[Objection]]:
    """The erasures of each of ``ids``, lifted ones too; what was never erased is left out."""
    found: dict[str, list[Objection]] = {}
    for each in recorded_against(nodes, sorted(ids), (ERASURE,)):
        found.setdefault(each.subject, []).append(each)
    return found


def claims(nodes: Nodes, ids: Collection[str]) -> dict[str, set[str]]:
    """The projects that each of ``ids`` belongs to: its own, or those of what refers to it."""
    own = {node.id: node.project for node in nodes.get(sorted(ids))}
    content = sorted(id for id, project in own.items() if not project)
    ends = [(edge.dst, edge.src) for edge in nodes.edges(content, "in")] if content else []
    ends += [(edge.src, edge.dst) for edge in nodes.edges(content, "out")] if content else []
    others = {node.id: node for node in nodes.get(sorted({other for _, other in ends}))}
    found = {id: {project} if project else set[str]() for id, project in own.items()}
    for id, other in ends:
        if others[other].kind not in EVENTS and others[other].project:
            found[id].add(others[other].project)
    return found


def gone(
    nodes: Nodes, digests: Collection[str], lifted: bool = False, planned: Mapping[str, str] = {}
) -> dict[str, Objection | None]:
    """Those of the blobs ``digests`` that nobody claims any more since they were erased, with the erasure that says so.

    lifted : also those whose erasure was lifted since (their bytes come back only when they are imported again)
    planned : ids that would be erased as well, by whose project (``*`` for all); their erasure is None
    """
    holders: dict[str, set[str]] = {}
    for file in nodes.holders(digests):
        holders.setdefault(file.digest, set()).add(file.node)
    everyone = {id for ids in holders.values() for id in ids}
    if not everyone:
        return {}
    stones = erasures(nodes, everyone)
    if not stones and not planned:
        return {}
    claimed = claims(nodes, everyone)
    found: dict[str, Objection | None] = {}
    for digest, ids in holders.items():
        against = [each for id in sorted(ids) for each in stones.get(id, ()) if lifted or not each.lifted]
        taken = {each.project for each in against} | {planned[id] for id in ids if id in planned}
        everywhere = any(each.everywhere for each in against) or "*" in taken
        if taken and (everywhere or set().union(*(claimed[id] for id in ids)) <= taken):
            found[digest] = against[-1] if against else None
    return found


def why_gone(nodes: Nodes, digest: str) -> Erased | None:
    """The error that says why the bytes of a blob are not here, when they were erased."""
    against = gone(nodes, [digest], lifted=True).get(digest)
    if against is None:
        return None
    after = "it was allowed again since: import it again" if against.lifted else "its bytes are gone for good"
    return Erased(f"{against.title} (blob {digest})", against, after)


def refuse_erased(nodes: Nodes, project: str, ids: Sequence[str], digests: Collection[str] = ()) -> None:
    """Raises Erased when ``project`` erased one of the nodes ``ids``, or the bytes of ``digests``: they stay away until a
    lifting names the erasure."""
    wanted = [*ids, *(file.node for file in nodes.holders(digests))] if digests else list(ids)
    known = nodes.has(wanted)
    for against in erasures(nodes, known).values():
        for each in against:
            if not each.lifted and (each.everywhere or each.project == project):
                raise Erased(each.title, each, f"if it may come back: `instar lift {each.event} --reason …`")


def refuse_record(nodes: Nodes, project: str, record: Record) -> None:
    """The same for everything that ``record`` would write."""
    files = {file.digest for file in record.files}
    refuse_erased(nodes, project, [node.id for node in record.nodes if not node.project], files)
