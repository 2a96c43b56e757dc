"""Whether code that is kept in a store may run here: pickles, Python functions, rules in SQL.

What was made here runs. What came from elsewhere runs only when the store it came from is trusted, or when somebody whose
key is registered here signed it; whoever would run it says whether that is so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from instar.base.actor import actor
from instar.base.errors import InstarError
from instar.store.protocols import reads, writes
from instar.store.records import Received
from instar.store.store import Store


class UntrustedCode(InstarError):
    """Something that runs code came from elsewhere, and nobody here vouches for it. Nothing was run."""

    status = 403

    def __init__(self, what: str, origin: str, next_step: str) -> None:
        super().__init__(
            f"{what} runs code and came from {origin}, which is not trusted here; nothing was run. {next_step}"
        )


@writes("admin")
def trust(store: Store, peer: str, trusted: bool = True) -> None:
    """Let code that came, or will come, from the store with the id ``peer`` run here; or no longer. An admin's decision."""
    store.peers.trust(peer, trusted)


@reads()
def strangers(store: Store, ids: Sequence[str]) -> dict[str, str]:
    """Those of ``ids`` that came from elsewhere and whose origin is not trusted, with where they came from, in words."""
    trusted = set(store.peers.trusted())
    me = actor().name
    return {
        id: _words(received)
        for id, received in store.nodes.received(ids).items()
        if (received.peer and received.peer not in trusted) or (not received.peer and received.by not in ("", me))
    }


def _words(received: Received) -> str:
    return f"the store {received.peer}" if received.peer else f"{received.by}, by a token"


def need_trust(store: Store, id: str, what: str, signed: Callable[[], bool] = lambda: False, how: str = "") -> None:
    """Raises UntrustedCode unless the node ``id`` may run code here.

    what : it is, for the error;  signed : whether a registered key vouches for it, asked only when nothing else does
    how : somebody signs it, for the error
    """
    origin = strangers(store, [id]).get(id)
    if origin is not None and not signed():
        steps = "Look at it first; then trust all that comes from there: `instar pull SOURCE --trust`"
        raise UntrustedCode(what, origin, f"{steps}{f', or {how}' if how else ''}")
