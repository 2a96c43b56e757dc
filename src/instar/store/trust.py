"""Whether code that is kept in a store may run here: pickles, Python functions, rules in SQL.

What was written on this machine runs, and what one's own token sent. What was pulled runs when the store it came from is
trusted. What somebody else's token sent runs only when somebody whose key is registered here signed it: which store it came
from is then that somebody's word, which proves nothing. Whoever would run it says whether it was signed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from instar.base.actor import actor
from instar.base.errors import InstarError
from instar.store.protocols import reads, writes
from instar.store.records import Received
from instar.store.store import Store

BY_TOKEN = "by a token"


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
        id: words for id, received in store.nodes.received(ids).items() if (words := _stranger(received, trusted, me))
    }


def _stranger(received: Received, trusted: Collection[str], me: str) -> str:
    """In words where it came from; empty when that is no stranger.

    >>> _stranger(Received(0, "mallory", "trusted"), {"trusted"}, "ana")
    'mallory, by a token'
    >>> _stranger(Received(0, "", "trusted"), {"trusted"}, "ana")
    ''
    """
    if received.by not in ("", me):
        return f"{received.by}, {BY_TOKEN}"
    return f"the store {received.peer}" if received.peer and received.peer not in trusted else ""


def need_trust(store: Store, id: str, what: str, signed: Callable[[], bool] = lambda: False, how: str = "") -> None:
    """Raises UntrustedCode unless the node ``id`` may run code here.

    what : it is, for the error;  signed : whether a registered key vouches for it, asked only when nothing else does
    how : somebody signs it, for the error
    """
    origin = strangers(store, [id]).get(id)
    if origin is not None and not signed():
        ways = [] if origin.endswith(BY_TOKEN) else ["trust all that comes from there: `instar pull SOURCE --trust`"]
        raise UntrustedCode(what, origin, f"Look at it first; then {', or '.join([*ways, *([how] if how else [])])}")
