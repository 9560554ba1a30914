"""The OpenAPI document and the page: written from the routes, complete, and true to what the routes do."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from html import escape
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest

from api.app import ROUTES
from api.auth import PUBLIC
from api.errors import TROUBLES
from api.openapi import document
from api.shapes import Nothing
from social_crm.domain import errors

if TYPE_CHECKING:
    from collections.abc import Iterator

    from api.operation import Operation
    from tests.api.conftest import Door

SCHEMA_WORDS = {"object", "array", "string", "integer", "number", "boolean", "null"}


@pytest.fixture(scope="module")
def written() -> dict[str, Any]:
    return document(ROUTES)


def everything(value: Any) -> Iterator[dict[str, Any]]:
    """Every object in the document, however deep."""
    if isinstance(value, dict):
        yield value
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for one in inside:
        yield from everything(one)


async def test_the_document_is_served_as_it_is_written(door: Door, written: dict[str, Any]) -> None:
    answer = await door.get("/openapi.json", key=None)
    assert answer.content_type == "application/json"
    assert await answer.json() == written
    assert (written["openapi"], set(written)) == ("3.1.0", {"openapi", "info", "servers", "paths", "components"})
    assert {"title", "version"} <= set(written["info"])


def test_exactly_the_routes_are_in_it(written: dict[str, Any]) -> None:
    listed = {(method.upper(), path) for path, methods in written["paths"].items() for method in methods}
    assert listed == {(item.method, item.path) for item in ROUTES}
    names = [item["operationId"] for methods in written["paths"].values() for item in methods.values()]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("item", ROUTES, ids=lambda item: item.name)
def test_each_route_says_what_it_takes_gives_and_needs(written: dict[str, Any], item: Operation) -> None:
    said = written["paths"][item.path][item.method.lower()]
    assert said["summary"]
    assert said["security"] == ([] if item.permission == PUBLIC else [{"key": [item.permission]}])
    by_place = {
        place: {one["name"] for one in said["parameters"] if one["in"] == place} for place in ("path", "query", "header")
    }
    assert by_place["path"] == set(re.findall(r"{(\w+)}", item.path))
    assert by_place["query"] == set(item.query.model_fields)
    assert by_place["header"] == set(item.headers)
    assert ("requestBody" in said) == (item.body is not Nothing)
    assert {str(status) for status in item.answers} <= set(said["responses"])
    assert ("401" in said["responses"]) == (item.permission != PUBLIC)


def test_every_parameter_has_a_schema_and_path_parameters_are_required(written: dict[str, Any]) -> None:
    for methods in written["paths"].values():
        for parameter in (one for item in methods.values() for one in item["parameters"]):
            assert "$ref" in parameter["schema"] or parameter["schema"]["type"] in SCHEMA_WORDS
            assert parameter["in"] != "path" or parameter["required"] is True


def test_every_reference_leads_somewhere_and_every_component_is_used(written: dict[str, Any]) -> None:
    references = {one["$ref"] for one in everything(written) if "$ref" in one}
    for reference in references:
        place: Any = written
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]
    there = {
        f"#/components/{kind}/{name}"
        for kind in ("schemas", "responses", "headers")
        for name in written["components"][kind]
    }
    assert there == references


def test_every_answer_is_described_and_every_type_is_one_of_json_schema(written: dict[str, Any]) -> None:
    for one in everything(written["paths"]):
        for answer in one.get("responses", {}).values():
            assert "$ref" in answer or (answer["description"] and answer["content"])
    for schema in written["components"]["schemas"].values():
        for one in everything(schema):
            assert not isinstance(one.get("type"), str) or one["type"] in SCHEMA_WORDS


class Outline(HTMLParser):
    """What a page is made of: its tags, ids, links and style."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.attributes: set[str] = set()
        self.style = re.search(r"<style>(.*)</style>", html, re.DOTALL)
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.tags.add(tag)
        self.attributes |= set(given)
        self.ids += [given["id"]] if "id" in given else []
        self.links += [given["href"]] if "href" in given else []


def test_what_a_field_says_reaches_the_document(written: dict[str, Any]) -> None:
    said = {one["name"]: one for one in written["paths"]["/v1/reports/retention"]["get"]["parameters"]}
    assert said["first"]["description"] == "no cohort before the period of this local day"
    assert said["first"]["schema"] == {"type": "string", "format": "date"}
    assert (said["kinds"]["schema"]["type"], said["kinds"]["explode"]) == ("array", True)
    assert (said["brand"]["required"], said["horizon"]["schema"]["minimum"]) == (True, 0)


async def test_the_page_lists_every_route_and_every_error(door: Door) -> None:
    answer = await door.get("/docs", key=None)
    html = await answer.text()
    assert answer.content_type == "text/html"
    for item in ROUTES:
        assert f"{item.method} {item.path}" in html
        summary = escape((item.handler.__doc__ or "").partition("\n\n")[0])
        assert html.index(f'<section id="{item.name}">') < html.rindex(f"<p>{summary}")
        assert item.permission == PUBLIC or f"Needs the scope <code>{item.permission}</code>" in html
    outline = Outline(html)
    assert {trouble.type.partition("#")[2] for trouble in TROUBLES} <= set(outline.ids)
    assert len(outline.ids) == len(set(outline.ids))
    assert {link.removeprefix("#") for link in outline.links if link.startswith("#")} <= set(outline.ids)


async def test_the_page_loads_and_runs_nothing(door: Door) -> None:
    answer = await door.get("/docs", key=None)
    outline = Outline(await answer.text())
    assert not {"script", "img", "link", "iframe", "object", "form"} & outline.tags
    assert not {name for name in outline.attributes if name.startswith("on") or name in ("src", "style")}
    assert {link for link in outline.links if not link.startswith("#")} == {"/openapi.json"}
    policy = answer.headers["Content-Security-Policy"]
    assert outline.style is not None
    digest = b64encode(sha256(outline.style[1].encode()).digest()).decode()
    assert policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}';")
    assert "unsafe" not in policy


def test_every_error_of_ours_has_a_code_of_its_own_and_is_explained() -> None:
    codes = [trouble.code for trouble in TROUBLES]
    assert len(codes) == len(set(codes))
    assert {errors.Stale.code, errors.StoreUnavailable.code, errors.Invalid.code, "internal"} <= set(codes)
    assert all(trouble.says.endswith(".") for trouble in TROUBLES)
