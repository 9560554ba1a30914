"""The documentation page: the OpenAPI document as plain HTML without any outside part; the application comes in."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from html import escape
from typing import TYPE_CHECKING, Any

from api.errors import TROUBLES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_STYLE = """
:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
code,pre{font:14px/1.4 ui-monospace,monospace}
pre{padding:.75rem;border:1px solid #8886;border-radius:.4rem;overflow:auto}
table{border-collapse:collapse;width:100%;margin:.5rem 0}
th,td{text-align:left;vertical-align:top;padding:.3rem .8rem .3rem 0;border-bottom:1px solid #8884}
section{margin:2.5rem 0}
.method{font-weight:700;margin-right:.5rem}
"""

_INTRODUCTION = """
<p>JSON over HTTP; times in UTC (RFC 3339). The same for machines: <a href="/openapi.json">/openapi.json</a>.</p>
<p>Send a key with every request, except where it says that none is needed:</p>
<pre>curl -H "Authorization: Bearer $KEY" "$URL/v1/brands"</pre>
<p>Parameters and fields that are not named here are refused. Lists go on where <code>next_cursor</code> leads, also in
the <code>Link</code> header. Errors are <code>application/problem+json</code>; every answer has an
<code>X-Request-Id</code>.</p>
"""

# Nothing may be loaded, run or framed; the one style sheet is the one above.
POLICY = (
    f"default-src 'none'; style-src 'sha256-{b64encode(sha256(_STYLE.encode()).digest()).decode()}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def page(document: Mapping[str, Any]) -> str:
    """The page for an OpenAPI document."""
    methods = [(path, method, item) for path, found in document["paths"].items() for method, item in found.items()]
    operations = [(method.upper(), path, item) for path, method, item in methods]
    title = escape(f"{document['info']['title']} API {document['info']['version']}")
    parts = [
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>',
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body><h1>{title}</h1>',
        _INTRODUCTION,
        "<ul>",
        *(_entry(*operation) for operation in operations),
        '<li><a href="#errors">Errors</a></li></ul>',
        *(_section(*operation) for operation in operations),
        "<h2>Shapes</h2>",
        *(_shape(name, schema) for name, schema in sorted(document["components"]["schemas"].items())),
        _errors(),
        "</body></html>",
    ]
    return "".join(parts)


def _entry(method: str, path: str, item: Mapping[str, Any]) -> str:
    return f'<li><a href="#{escape(item["operationId"])}">{_code(f"{method} {path}")}</a> {escape(item["summary"])}</li>'


def _section(method: str, path: str, item: Mapping[str, Any]) -> str:
    scopes = [scope for need in item["security"] for scope in need["key"]]
    needs = f"Needs the scope {_code(scopes[0])}." if scopes else "Needs no key."
    body = item.get("requestBody", {}).get("content", {}).items()
    return "".join(
        [
            f'<section id="{escape(item["operationId"])}"><h2><span class="method">{method}</span>{_code(path)}</h2>',
            f"<p>{escape(_says(item))} {needs}</p>",
            _table(("parameter", "in", "what", ""), [_parameter(parameter) for parameter in item["parameters"]]),
            *(f"<p>Body: {_code(media)} {_type(content['schema'])}</p>" for media, content in body),
            _table(("status", "answer"), [_response(status, answer) for status, answer in item["responses"].items()]),
            "</section>",
        ]
    )


def _says(item: Mapping[str, Any]) -> str:
    return " ".join(dict.fromkeys((item["summary"], item["description"])))  # where there is no more to say, both are one


def _parameter(parameter: Mapping[str, Any]) -> tuple[str, ...]:
    schema = parameter["schema"]
    note = "required" if parameter.get("required") else f"default {schema['default']}" if "default" in schema else ""
    says = escape(parameter.get("description", ""))
    return _code(parameter["name"]), parameter["in"], f"{_type(schema)} {says}", escape(note)


def _response(status: str, answer: Mapping[str, Any]) -> tuple[str, ...]:
    if "$ref" in answer:
        codes = [trouble for trouble in TROUBLES if trouble.status == int(status)]
        return status, ", ".join(f'<a href="{trouble.type.removeprefix("/docs")}">{trouble.code}</a>' for trouble in codes)
    given = [f"{_code(media)} {_type(content['schema'])}" for media, content in answer["content"].items()]
    return status, " or ".join(given)


def _shape(name: str, schema: Mapping[str, Any]) -> str:
    fields = schema.get("properties", {})
    rows = [(_code(field), _type(shape), escape(shape.get("description", ""))) for field, shape in fields.items()]
    values = ", ".join(_code(str(value)) for value in schema.get("enum", []))
    says = f"<p>{escape(schema.get('description', ''))} {values}</p>"
    table = _table(("field", "type", "what"), rows)
    return f'<section id="shape-{escape(name)}"><h3>{escape(name)}</h3>{says}{table}</section>'


def _type(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#shape-{name}">{name}</a>'
    if "anyOf" in schema:
        return " or ".join(_type(kind) for kind in schema["anyOf"])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    if "enum" in schema:
        return " | ".join(_code(str(value)) for value in schema["enum"])
    return escape(" ".join(filter(None, [schema.get("format"), schema.get("type", "anything")])))


def _errors() -> str:
    rows = [
        (f'<span id="error-{item.code}">{_code(item.code)}</span>', str(item.status), escape(item.says))
        for item in TROUBLES
    ]
    return f'<section id="errors"><h2>Errors</h2>{_table(("code", "status", "what it means"), rows)}</section>'


def _table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    if not rows:
        return ""
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><tr>{''.join(f'<th>{head}</th>' for head in heads)}</tr>{body}</table>"


def _code(text: str) -> str:
    return f"<code>{escape(text)}</code>"
