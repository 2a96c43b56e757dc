"""The OpenAPI 3.1 document of the control plane, made from the same declarations as its routes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from typing import Any

import msgspec

from instar.store.operations import BLOBS, PREFIX, Operation, operations
from instar.web.questions import Question, questions
from instar.web.wire import JSON

Doc = dict[str, Any]
_REF = "#/components/schemas/{name}"
# By status: what every route may answer instead.
ERRORS = {
    400: "The body is not JSON or MessagePack.",
    401: "No token, or one that counts for nothing.",
    403: "The token's role is too low, it is for another project, or a page of another site asks.",
    404: "Nothing here has this name or id.",
    405: "The path is right, the method is not; `Allow` says which is.",
    409: "The same id has another content already, or somebody else's work forbids it.",
    413: "The body is too large.",
    415: "The body is in another form than JSON or MessagePack.",
    421: "The server is not called by this name.",
    422: "A parameter is missing, unknown, of a wrong type, at `path`; or what it says cannot be done.",
    500: "Stored bytes are corrupt, or the disk or database fails; the message says which.",
    503: "Another writer is in the way, or the store does not answer: try again after `Retry-After` seconds.",
}
_EXAMPLES: dict[str, Doc] = {
    "nodes.has": {"ids": ["0123456789abcdef0123456789abcdef"]},
    "nodes.find": {"query": {"terms": [{"type": "term", "key": "kind", "value": "run"}], "limit": 10}},
    "metrics.append": {"points": [["0123456789abcdef0123456789abcdef", "loss", 1, 1700000000000000, 0.5]]},
    "metrics.history": {"run": "0123456789abcdef0123456789abcdef", "key": "loss", "points": 1000},
    "labels.where": {"key": "stage", "value": "live"},
    "blobs.has": {"digests": ["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"]},
}


@cache
def document() -> bytes:
    """The document, as JSON. It is made once, when somebody first asks for it."""
    types = [*_types()]
    schemas, components = msgspec.json.schema_components(types, ref_template=_REF)
    tuples: dict[str, Doc] = {}
    components = _hoisted(components, tuples)
    schema = {id(type): _hoisted(found, tuples) for type, found in zip(types, schemas)}
    paths: dict[str, Doc] = {}
    for operation in operations().values():
        paths[operation.path] = {"post": _operation(operation, schema)}
    for question in questions().values():
        paths[question.path] = {question.method.lower(): _question(question, schema, components)}
    doc = {
        "openapi": "3.1.0",
        "info": {
            "title": "Instar",
            "version": version("instar"),
            "description": "The store: everything of the life cycle, and where it came from. "
            "In JSON NaN is `null` and bytes are base64; MessagePack carries both as they are.",
        },
        "security": [{"token": []}],
        "paths": {**paths, **_others()},
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": {**components, **tuples, "Error": _ERROR},
            "responses": {f"E{status}": _error(said, status) for status, said in ERRORS.items()},
        },
    }
    return msgspec.json.encode(doc)


def _hoisted(schema: Any, tuples: dict[str, Doc]) -> Any:
    """The schema with its tuples as components of their own: tools stumble over one that lies in a list."""
    if isinstance(schema, list):
        return [_hoisted(each, tuples) for each in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: _hoisted(value, tuples) for key, value in schema.items()}
    if "prefixItems" not in found or "title" in found:
        return found
    name = "-".join(["Tuple", *(each.get("type") or each["$ref"].rpartition("/")[2] for each in found["prefixItems"])])
    tuples[name] = found
    return {"$ref": _REF.format(name=name)}


def _types() -> Iterator[Any]:
    for operation in operations().values():
        yield from (operation.parameters, operation.result)
    for question in questions().values():
        yield from (question.parameters, question.result)


def _operation(operation: Operation, schema: dict[int, Doc]) -> Doc:
    body: Doc = {"schema": schema[id(operation.parameters)]}
    if operation.name in _EXAMPLES:
        body["example"] = _EXAMPLES[operation.name]
    return {
        "operationId": operation.name,
        "tags": [operation.facet],
        "summary": _first(operation.doc) or operation.name,
        "description": f"{operation.doc}\n\nRole: {operation.role}.".strip(),
        "requestBody": {"required": _needs_any(operation.parameters), "content": {JSON: body}},
        "responses": {"200": _answer(schema[id(operation.result)]), **_ALWAYS},
    }


def _needs_any(parameters: type[msgspec.Struct]) -> bool:
    return any(field.required for field in msgspec.structs.fields(parameters))


def _question(question: Question, schema: dict[int, Doc], components: dict[str, Any]) -> Doc:
    answer = _answer(schema[id(question.result)])
    if question.draws:
        answer["content"] |= {"image/svg+xml": {}, "text/plain": {}}
        answer["content"][JSON] = {"schema": {"type": "object"}}  # as a graph, or as PROV-JSON
    doc = {
        "operationId": question.parameters.__name__,
        "tags": ["questions"],
        "summary": _first(question.doc) or question.name,
        "description": f"{question.doc}\n\nRole: {question.role}.",
        "responses": {"200": answer, **_ALWAYS},
    }
    if question.method == "POST":
        return {
            **doc,
            "requestBody": {
                "required": _needs_any(question.parameters),
                "content": {JSON: {"schema": schema[id(question.parameters)]}},
            },
        }
    parameters = components[question.parameters.__name__]
    required = parameters.get("required", ())
    return {
        **doc,
        "parameters": [
            {"name": name, "in": "query", "required": name in required, "schema": of}
            for name, of in parameters["properties"].items()
        ],
    }


def _others() -> dict[str, Doc]:
    digest = {
        "name": "digest",
        "in": "path",
        "required": True,
        "schema": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
    }
    bytes_ = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
    put = {"type": "object", "properties": {"digest": {"type": "string"}, "size": {"type": "integer"}}}
    health = {"type": "object", "properties": {"status": {"type": "string"}, "store": {"type": "string"}}}
    only_read = {status: _ALWAYS[status] for status in ("405", "421", "500", "503")}
    return {
        BLOBS + "{digest}": {
            "parameters": [digest],
            "head": {
                "operationId": "blobs.head",
                "tags": ["blobs"],
                "summary": "Whether the blob is there and whole: it is read and checked.",
                "responses": {"200": {"description": "It is."}, **{status: _bare(status) for status in _ALWAYS}},
            },
            "get": {
                "operationId": "blobs.get",
                "tags": ["blobs"],
                "summary": "The bytes, checked against their digest; `Range` gives a part.",
                "responses": {
                    "200": {"description": "The bytes.", "content": bytes_},
                    "206": {"description": "The part that was asked for.", "content": bytes_},
                    "416": {"description": "There is no such part."},
                    **_ALWAYS,
                },
            },
            "put": {
                "operationId": "blobs.put",
                "tags": ["blobs"],
                "summary": "Keep bytes under their sha-256; durable when answered.",
                "requestBody": {"required": True, "content": bytes_},
                "responses": {"200": {"description": "Kept.", "content": {JSON: {"schema": put}}}, **_ALWAYS},
            },
        },
        f"{PREFIX}/health": {
            "get": {
                "operationId": "health",
                "security": [],
                "summary": "Whether the store answers.",
                "responses": {"200": {"description": "It does.", "content": {JSON: {"schema": health}}}, **only_read},
            }
        },
    }


def _bare(status: str) -> Doc:
    return {"description": ERRORS[int(status)]}


def _answer(schema: Doc) -> Doc:
    return {"description": "Done.", "content": {JSON: {"schema": schema}}}


def _first(text: str) -> str:
    """The first sentence, or the first line."""
    line = text.partition("\n")[0]
    return line.partition(". ")[0].rstrip(".")


_ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["type", "message"],
            "properties": {
                "type": {"type": "string", "description": "The class of the error."},
                "message": {"type": "string", "description": "The thing, the cause, the next step."},
                "path": {"type": "string", "description": "Of the field that is wrong."},
            },
        }
    },
}
_ALWAYS: dict[str, Doc] = {str(status): {"$ref": f"#/components/responses/E{status}"} for status in ERRORS}


def _error(said: str, status: int) -> Doc:
    doc: Doc = {"description": said, "content": {JSON: {"schema": {"$ref": "#/components/schemas/Error"}}}}
    header = {405: "Allow", 503: "Retry-After"}.get(status)
    if header is not None:
        doc["headers"] = {header: {"schema": {"type": "string"}}}
    return doc
