"""A small blocking client of the data plane, for scripts, tests and the tour."""

from __future__ import annotations

import http.client
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urlsplit

import msgspec

from instar.serve.errors import Busy, RemoteError
from instar.serve.tokens import local_token
from instar.store import Store


class Client:
    """One kept-alive connection to a server. Not for use by several threads at once.

    >>> client = Client("http://127.0.0.1:7071", token="0123")
    >>> client.deployment_path("rating")
    '/v1/deployments/rating'
    """

    def __init__(
        self,
        url: str = "http://127.0.0.1:7071",
        token: str | None = None,
        store: Store | None = None,
        timeout: float = 30.0,
    ) -> None:
        """token : else, the private one of ``store``, for a server on this machine;  timeout : seconds of a call"""
        parts = urlsplit(url)
        self._connection = http.client.HTTPConnection(parts.hostname or "127.0.0.1", parts.port or 80, timeout=timeout)
        found = token or (local_token(store.folder, create=False) if store is not None else None)
        self._headers = {"Content-Type": "application/json"}
        if found:
            self._headers["Authorization"] = f"Bearer {found}"

    def predict(
        self, deployment: str, row: Mapping[str, Any], context: Mapping[str, Any] | None = None, **options: Any
    ) -> dict[str, Any]:
        """The answer for one row: ``id``, ``value``, ``score``, ``version``, ``durable``. Raises RemoteError, Busy."""
        return self._predict(deployment, {"row": row, "context": context or {}, **options})

    def predict_many(
        self,
        deployment: str,
        rows: Iterable[Mapping[str, Any]],
        context: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> list[dict[str, Any]]:
        """The answers for several rows, in their order; a row that failed has ``error`` in its place."""
        answer = self._predict(deployment, {"rows": list(rows), "context": context or {}, **options})
        found: list[dict[str, Any]] = answer["predictions"]
        return found

    def _predict(self, deployment: str, body: dict[str, Any]) -> dict[str, Any]:
        return self.call("POST", f"{self.deployment_path(deployment)}/predict", body)

    def feedback(self, id: str, *, value: Any = None, reward: float | None = None) -> dict[str, Any]:
        """Say what turned out to be true, or how good the answer was (0 to 1); durable when this returns."""
        given = {"value": value, "reward": reward}
        return self.call("POST", "/v1/feedback", {"id": id, **{k: v for k, v in given.items() if v is not None}})

    def prediction(self, id: str) -> dict[str, Any]:
        """The whole decision behind a prediction."""
        return self.call("GET", f"/v1/predictions/{quote(id)}")

    def deployments(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.call("GET", "/v1/deployments")["deployments"]
        return found

    def deployment(self, name: str) -> dict[str, Any]:
        return self.call("GET", self.deployment_path(name))

    def health(self) -> dict[str, Any]:
        return self.call("GET", "/v1/health")

    @staticmethod
    def deployment_path(name: str) -> str:
        return f"/v1/deployments/{quote(name, safe='')}"

    def call(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """One request. Raises RemoteError for an error's answer, Busy when no server answers."""
        data = None if body is None else msgspec.json.encode(body, enc_hook=_plain)
        try:
            try:
                response = self._exchange(method, path, data)
            except http.client.RemoteDisconnected:  # the server closed an idle connection: once more on a new one
                response = self._exchange(method, path, data)
        except ConnectionRefusedError as error:
            raise Busy(f"no server on {self._connection.host}:{self._connection.port}; `instar serve`") from error
        answer: dict[str, Any] = msgspec.json.decode(response[1])
        if response[0] >= 400:
            error_doc = answer["error"]
            raise RemoteError(response[0], error_doc["type"], error_doc["message"], error_doc.get("path"))
        return answer

    def _exchange(self, method: str, path: str, data: bytes | None) -> tuple[int, bytes]:
        try:
            self._connection.request(method, path, data, self._headers)
            response = self._connection.getresponse()
            return response.status, response.read()
        except (http.client.HTTPException, OSError):
            self._connection.close()  # it connects anew at the next request
            raise

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _plain(value: Any) -> Any:
    """Numbers of numpy, as rows of a frame have them. Raises TypeError for anything else that JSON does not know."""
    if hasattr(value, "item"):
        return value.item()
    raise TypeError(
        f"a {type(value).__name__} cannot be sent as JSON; give text, numbers, truth values, dates or lists"
    )
