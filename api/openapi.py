"""The OpenAPI 3.1 document, written from the operations; the application comes in."""

from __future__ import annotations

import inspect
import re
from http import HTTPStatus
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Literal

from pydantic import TypeAdapter

from api.auth import PUBLIC
from api.errors import MEDIA, TROUBLES
from api.log import REQUEST_ID
from api.shapes import Nothing
from api.wire import JSON, Problem

if TYPE_CHECKING:
    from api.operation import Operation

Json = dict[str, Any]
Mode = Literal["validation", "serialization"]

_REFERENCE = "#/components/schemas/{model}"
_PART = re.compile(r"\{(\w+)\}")
_SAYS = {200: "The answer.", 201: "It is new."}


def document(operations: tuple[Operation, ...]) -> Json:
    """The document of all operations, as plain JSON values."""
    schemas: Json = {}
    paths: dict[str, Json] = {}
    for item in operations:
        paths.setdefault(item.path, {})[item.method.lower()] = _operation(item, schemas)
    _component(Problem, "serialization", schemas)
    statuses = sorted({status for item in operations for status in _troubles(item)})
    key = {"type": "http", "scheme": "bearer", "description": "A key `sk_<prefix>_<secret>`; its scopes are permissions."}
    identity = {"description": "The id of the request, as in our log.", "schema": {"type": "string"}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Social CRM", "version": version("social-crm"), "description": "Explained for people at /docs."},
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": {str(status): _problem(status) for status in statuses},
            "headers": {"RequestId": identity},
            "securitySchemes": {"key": key},
        },
    }


def _operation(item: Operation, schemas: Json) -> Json:
    says, _, more = (inspect.getdoc(item.handler) or "").partition("\n\n")
    written: Json = {
        "operationId": item.name,
        "summary": says.replace("\n", " "),
        "description": more or says.replace("\n", " "),
        "tags": [item.handler.__module__.rpartition(".")[2]],
        "parameters": _parameters(item, schemas),
        "responses": _responses(item, schemas),
        "security": [] if item.permission == PUBLIC else [{"key": [item.permission]}],
    }
    if item.body is not Nothing:
        shape = _component(item.body, "validation", schemas)
        written["requestBody"] = {"required": item.needs_body, "content": {JSON: {"schema": shape}}}
    return written


def _parameters(item: Operation, schemas: Json) -> list[Json]:
    text = {"type": "string"}
    parts = [{"name": name, "in": "path", "required": True, "schema": text} for name in _PART.findall(item.path)]
    headers = [{"name": name, "in": "header", "description": says, "schema": text} for name, says in item.headers.items()]
    if item.query is Nothing:
        return [*parts, *headers]
    shape = _inline(item.query, "validation", schemas)
    required = shape.get("required", [])
    return [*parts, *(_parameter(name, field, name in required) for name, field in shape["properties"].items()), *headers]


def _parameter(name: str, field: Json, required: bool) -> Json:  # noqa: FBT001 - as the document has it
    schema = {key: value for key, value in field.items() if key not in ("description", "title")}
    plain = [kind for kind in schema.get("anyOf", ()) if kind != {"type": "null"}]
    if len(plain) == 1:  # null is how Python says "left out"; a parameter cannot say null
        schema = {key: value for key, value in schema.items() if key not in ("anyOf", "default")} | plain[0]
    says = field.get("description") or schema.pop("description", "")
    written = {"name": name, "in": "query", "required": required, "description": says, "schema": schema}
    return written | ({"style": "form", "explode": True} if schema.get("type") == "array" else {})


def _responses(item: Operation, schemas: Json) -> Json:
    identity = {REQUEST_ID: {"$ref": "#/components/headers/RequestId"}}
    answers: Json = {
        str(status): {"description": _SAYS[status], "headers": identity, "content": _content(shapes, schemas)}
        for status, shapes in item.answers.items()
    }
    return answers | {str(status): {"$ref": f"#/components/responses/{status}"} for status in _troubles(item)}


def _content(shapes: tuple[Any, ...], schemas: Json) -> Json:
    content: Json = {}
    for shape in shapes:
        if isinstance(shape, str):  # a media type; JSON without a shape is any object
            content[shape] = {"schema": {"type": "object" if shape == JSON else "string"}}
        else:
            content[JSON] = {"schema": _component(shape, "serialization", schemas)}
    return content


def _troubles(item: Operation) -> list[int]:
    keyed, sends = item.permission != PUBLIC, item.body is not Nothing
    when = {
        400: sends,
        401: keyed,
        403: keyed,
        404: keyed,
        408: sends,
        412: bool(item.headers),
        413: sends,
        415: sends,
        422: True,
        500: True,
        503: True,
    }
    return [status for status, applies in when.items() if applies]


def _problem(status: int) -> Json:
    codes = ", ".join(trouble.code for trouble in TROUBLES if trouble.status == status)
    content = {MEDIA: {"schema": {"$ref": _REFERENCE.format(model="Problem")}}}
    headers = {REQUEST_ID: {"$ref": "#/components/headers/RequestId"}}
    return {"description": f"{HTTPStatus(status).phrase}; code: {codes}", "headers": headers, "content": content}


def _component(shape: Any, mode: Mode, schemas: Json) -> Json:
    """A reference to a shape under components, written there the first time."""
    schemas.setdefault(shape.__name__, _inline(shape, mode, schemas))
    return {"$ref": _REFERENCE.format(model=shape.__name__)}


def _inline(shape: Any, mode: Mode, schemas: Json) -> Json:
    """The schema of a shape; the shapes that it names go under components."""
    schema = TypeAdapter(shape).json_schema(ref_template=_REFERENCE, mode=mode)
    schemas.update(schema.pop("$defs", {}))
    return schema
