"""What belongs to a project: its own nodes, and content that something of it refers to.

Bytes are seen by who sees a file that lies in them, and by who sent them: knowing a digest alone opens nothing.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterable

from instar.base.errors import Forbidden, NotFound
from instar.store.records import File, Record
from instar.store.store import Store

MOST_SENT = 100_000  # digests of which it is remembered that the project sent them
FURTHEST = 8  # steps from content to what refers to it (a chunk, its table, the activity that used that)


class Sight:
    """Looks at ``store`` with the eyes of ``project``."""

    def __init__(self, store: Store, project: str) -> None:
        self.store = store
        self.project = project
        self._sent: OrderedDict[str, None] = OrderedDict()

    def sees(self, ids: Iterable[str]) -> set[str]:
        """Those of ``ids`` that the project may see."""
        wanted = set(ids)
        seen, content = self._own(wanted)
        origins = {id: {id} for id in content}  # by what is looked at: for whom
        front = origins
        for _ in range(FURTHEST):
            front = {id: whose - seen for id, whose in front.items() if whose - seen}
            if not front:
                break
            front = self._referring(front)
            own, further = self._own(set(front))
            for id in own:
                seen |= front[id]
            front = {id: front[id] for id in further if not front[id] <= origins.get(id, set())}
            for id, whose in front.items():
                origins[id] = origins.get(id, set()) | whose
        return seen & wanted

    def _own(self, ids: set[str]) -> tuple[set[str], set[str]]:
        """Those of the project, and those of none."""
        nodes = self.store.nodes.get(sorted(self.store.nodes.has(ids))) if ids else []
        return {n.id for n in nodes if n.project == self.project}, {n.id for n in nodes if not n.project}

    def _referring(self, front: dict[str, set[str]]) -> dict[str, set[str]]:
        """What refers to the content in ``front``, or made it: for whom it was asked."""
        found: dict[str, set[str]] = {}
        ids = sorted(front)
        for edge in self.store.nodes.edges(ids, "in"):
            found.setdefault(edge.src, set()).update(front[edge.dst])
        for edge in self.store.nodes.edges(ids, "out", "generated"):
            found.setdefault(edge.dst, set()).update(front[edge.src])
        return found

    def need(self, ids: Iterable[str]) -> None:
        """Raises NotFound naming the first that the project does not see: whether it exists is nobody else's matter."""
        wanted = sorted(set(ids))
        seen = self.sees(wanted)
        for id in wanted:
            if id not in seen:
                raise NotFound("node", id, next_step=f"the project {self.project} has none of this id")

    # bytes

    def sent(self, digest: str) -> None:
        """Remember that the project has these bytes: it sent them."""
        self._sent[digest] = None
        while len(self._sent) > MOST_SENT:
            self._sent.popitem(last=False)

    def sees_bytes(self, digests: Collection[str]) -> set[str]:
        """Those of ``digests`` that lie in a file of something visible, or were sent by the project."""
        known = {digest for digest in digests if digest in self._sent}
        files = self.store.nodes.holders(set(digests) - known)
        visible = self.sees({file.node for file in files})
        return known | {file.digest for file in files if file.node in visible}

    def need_bytes(self, digest: str) -> None:
        """Raises NotFound for bytes that the project does not see."""
        if digest not in self.sees_bytes({digest}):
            raise NotFound("blob", digest, next_step=f"nothing of the project {self.project} lies in it; send it again")

    # what may be written

    def need_writable(self, record: Record) -> None:
        """Raises Forbidden, NotFound, when something in ``record`` reaches beyond the project."""
        for node in record.nodes:
            if node.project not in ("", self.project):
                raise Forbidden(f"node {node.id} is of the project {node.project}; this token is for {self.project}")
        given = {node.id for node in record.nodes}
        for known in self.store.nodes.get(sorted(self.store.nodes.has(given))):  # whatever project is claimed for it
            if known.project not in ("", self.project):
                raise NotFound("node", known.id, next_step=f"the project {self.project} has none of this id")
        named = {id for edge in record.edges for id in (edge.src, edge.dst)}
        named |= names_of(record)
        self.need(named - given)
        self._need_possession(record)

    def _need_possession(self, record: Record) -> None:
        """Who names bytes has them; who names content that is known here already has its bytes."""
        digests = {file.digest for file in record.files}
        for digest in sorted(digests - self.sees_bytes(digests)):
            raise Forbidden(f"blob {digest} is not of the project {self.project}; send its bytes first")
        known = self.store.nodes.has([node.id for node in record.nodes])
        unseen = sorted(known - self.sees(known))
        files: dict[str, list[File]] = {}
        for file in self.store.nodes.files(unseen):
            files.setdefault(file.node, []).append(file)
        for id, held in files.items():
            if not self.sees_bytes({file.digest for file in held}):
                raise Forbidden(
                    f"node {id} is known here with bytes that the project {self.project} never sent; send them first"
                )


def names_of(record: Record) -> set[str]:
    """The nodes whose features, files and parameters are in ``record``."""
    features, files = {each.node for each in record.features}, {each.node for each in record.files}
    return features | files | {each.run for each in record.params}
