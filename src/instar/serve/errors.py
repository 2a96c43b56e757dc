"""What can go wrong when serving. One function of the data plane turns these into answers."""

from __future__ import annotations

from collections.abc import Iterable

from instar.base.errors import BadInput, InstarError, NotFound, suggestion
from instar.base.errors import Forbidden as Forbidden
from instar.base.errors import Unauthorized as Unauthorized


class WrongField(BadInput):
    """A field of a request has a wrong type or is missing. path : where, as ``$.row.Year``"""

    def __init__(self, message: str, path: str) -> None:
        super().__init__(message)
        self.path = path


class BadJson(InstarError):
    """The body is not JSON."""

    status = 400


class TooLarge(InstarError):
    """A body or head above the limit of the server."""

    status = 413

    def __init__(self, what: str, limit: int) -> None:
        super().__init__(
            f"{what} is larger than {limit} bytes; send less at a time, or start the server with a larger limit"
        )


class WrongHost(InstarError):
    """A request for another host: a page of another site may be behind it (DNS rebinding)."""

    status = 421


class WrongMethod(InstarError):
    """A known path with a method it does not have."""

    status = 405


class UnknownDeployment(NotFound):
    """No deployment of this name is live here."""

    def __init__(self, name: str, live: Iterable[str]) -> None:
        live = sorted(live)
        names = f"live here: {', '.join(live)}" if live else "none is live here; `instar deploy` makes one"
        near = suggestion(name, live) if live else ""
        super().__init__("deployment", name, next_step=names + (f"; {near}" if near.startswith("did") else ""))


class Withheld(InstarError):
    """A deployment is live and may not be served: an approval was revoked or expired, or its models do not start."""

    status = 503

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"deployment {name!r} is not served: {why}")


class OutOfScope(InstarError):
    """A request from outside what the deployment's models are approved for."""

    status = 403

    def __init__(self, name: str, why: str) -> None:
        super().__init__(
            f"{name} is not approved for this request: {why}; ask where it is, or have it homologated for this scope"
        )


class UnknownPrediction(NotFound):
    """No journal knows this prediction."""

    def __init__(self, id: str, why: str) -> None:
        super().__init__("prediction", id, next_step=why)


class DeadlinePassed(InstarError):
    """The time of a request ended before its row was computed."""

    status = 504

    def __init__(self, waited_ms: float) -> None:
        super().__init__(
            f"the deadline passed after {waited_ms:.0f} ms in the queue, nothing was computed; "
            "send fewer requests at once, or give a longer `timeout_ms`"
        )


class Busy(InstarError):
    """Too much is waiting, or the model host is not there: try again."""

    status = 503


class HostDied(Busy):
    """The process of the model ended while requests were in it."""


class JournalFailed(Busy):
    """The journal could not be written; what was to be kept is not kept."""


class RowFailed(InstarError):
    """The model raised an error on this row."""

    status = 500


class RemoteError(InstarError):
    """The server refused.

    status_code : of the answer;  type : the error's class there;  path : of the wrong field, if one is
    """

    def __init__(self, status_code: int, type: str, message: str, path: str | None = None) -> None:
        super().__init__(f"{status_code} {type}: {message}")
        self.status_code = status_code
        self.type = type
        self.path = path
