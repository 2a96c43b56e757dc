"""Who does what is being done, as far as it was proved: a server sets the owner of the token for each request."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from instar.base.settings import author_setting


@dataclass(frozen=True)
class Actor:
    """name : of the token, or of the author here;  origin : from where, as ``10.0.0.7``; empty on this machine

    proved : whether a token said so; an author's name alone is a claim
    """

    name: str
    origin: str = ""
    proved: bool = False


_actor: ContextVar[Actor | None] = ContextVar("instar_actor", default=None)


def actor() -> Actor:
    """Who acts now: whoever a server named for this request, else the author on this machine.

    >>> with acting("ci", "10.0.0.7"):
    ...     actor()
    Actor(name='ci', origin='10.0.0.7', proved=True)
    """
    return _actor.get() or Actor(author_setting())


@contextmanager
def acting(name: str, origin: str = "") -> Iterator[Actor]:
    """Do what is inside in the name of the owner of a token."""
    proved = Actor(name, origin, proved=True)
    token = _actor.set(proved)
    try:
        yield proved
    finally:
        _actor.reset(token)
