"""What can go wrong between the network and the store, and the one shape in which every error is told."""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from instar.base.errors import InstarError
from instar.serve.errors import BadJson, TooLarge, WrongField

RETRY_AFTER = 1  # seconds that a client waits when the server says "busy"


class WrongMethod(InstarError):
    """A known path with a method it does not have. allowed : those it has"""

    status = 405

    def __init__(self, method: str, allowed: str) -> None:
        super().__init__(f"{method} is not possible here; use {allowed}")
        self.allowed = allowed


class WrongMediaType(InstarError):
    """A body in a form that is not read here."""

    status = 415

    def __init__(self, given: str, taken: str) -> None:
        super().__init__(f"a body of type {given or 'that is not named'} is not read here; send {taken}")


class BadMessage(InstarError):
    """The body is not MessagePack."""

    status = 400


class BadHeader(InstarError):
    """A header that says two things."""

    status = 400


class Mistake(InstarError):
    """A mistake of the server's own."""

    status = 500


# What a request may come to, whatever it asks: the document of the API names them.
ALWAYS = (BadJson, WrongField, TooLarge, WrongMediaType, WrongMethod)


def doc_of(error: InstarError) -> dict[str, dict[str, str]]:
    """``{"error": {"type": …, "message": …}}``, with the path of a wrong field."""
    doc = {"type": type(error).__name__, "message": str(error)}
    path = getattr(error, "path", None)
    return {"error": {**doc, "path": path} if isinstance(path, str) else doc}


def answer_of(error: InstarError) -> Response:
    """The answer that tells an error, always in JSON."""
    headers = {}
    if isinstance(error, WrongMethod):
        headers["Allow"] = error.allowed
    elif error.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    elif error.status == 413:
        headers["Connection"] = "close"  # the rest of the body is not read
    elif error.status == 503:
        headers["Retry-After"] = str(RETRY_AFTER)
    return Response(msgspec.json.encode(doc_of(error)), error.status, headers, "application/json")
