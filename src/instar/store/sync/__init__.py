"""Push and pull between any two stores: only what is missing travels, and a store is whole at every moment of it.

How far a store has taken over from another is remembered in the one that receives. A page counts as taken over when
everything of it is durable there, so an interrupted push or pull goes on where it was by the same command.
"""

from __future__ import annotations

from instar.base.actor import actor
from instar.base.errors import BadInput
from instar.store.store import Store
from instar.store.sync.closure import send_one
from instar.store.sync.parcel import Parcels
from instar.store.sync.transfer import Progress, Transfer, silent
from instar.store.sync.whole import send_all

__all__ = ["Progress", "Transfer", "pull", "push"]


def push(source: Store, target: Store, progress: Progress = silent) -> Transfer:
    """Bring everything of ``source`` that ``target`` lacks to it; what was moved.

    Commutative and idempotent: whatever is pushed where, in whatever order, equal stores come out. progress : is called
    with what was moved so far. Raises BadInput when both are one store.
    """
    _need_two(source, target)
    transfer = Transfer(source.location, target.location)
    send_all(source, target, transfer, progress)
    return _noted(target, source, "push", transfer)


def pull(target: Store, source: Store, what: str = "", project: str = "", progress: Progress = silent) -> Transfer:
    """Bring everything of ``source`` to ``target``, or only ``what`` (an id, its beginning, or a name) with its ancestry.

    What comes with one thing: all that it came from, what was decided or judged about any of that, and what is needed to
    use it. project : in which the name is looked up. Raises NotFound, and BadInput when both are one store.
    """
    _need_two(source, target)
    transfer = Transfer(source.location, target.location)
    if what:
        send_one(Parcels(source, target, transfer, progress), source.nodes.resolve(what, project))
    else:
        send_all(source, target, transfer, progress)
    return _noted(target, source, "pull", transfer)


def _need_two(source: Store, target: Store) -> None:
    if source.id == target.id:
        raise BadInput(
            f"{source.location} and {target.location} are one store ({source.id[:8]}); name another one. "
            "A copy of a store is made by `instar backup` and `instar restore`, which give it an id of its own"
        )


def _noted(target: Store, source: Store, action: str, transfer: Transfer) -> Transfer:
    if not transfer.empty:
        moved = f"{transfer.nodes} nodes, {transfer.blobs} blobs of {transfer.bytes} bytes"
        target.access.audit(action, source.id, actor().name, f"{moved}, from {source.location}")
    return transfer
