"""Brands: whom we listen for; the route table comes in."""

import re
from typing import Annotated

from pydantic import Field, StringConstraints

from api import wire
from api.operation import Call, operation
from api.shapes import Line, Nothing, Platform, Strict
from api.wire import Answer
from social_crm.domain.brand import Brand, WeekStart
from social_crm.domain.errors import Conflict, Invalid, NotFound, Stale
from social_crm.ports import Store
from social_crm.services import brands

_TAG = re.compile(r'(?<!W/)"([0-9]{1,18})"')  # a weak tag never matches (RFC 9110, 8.8.3.2)

Handle = Annotated[str, StringConstraints(pattern=r"^@?[^\s\x00-\x1f\x7f]{1,100}$")]
Lines = Annotated[tuple[Line, ...], Field(max_length=500)]


class BrandBody(Strict):
    """A brand as callers write it: its id is in the path, its version in the ETag."""

    name: Line
    terms: Lines = Field(default=(), description='words, "quoted phrases", $cashtags and #hashtags')
    exclusions: Lines = Field(default=(), description="terms that rule a text out")
    handles: dict[Platform, tuple[Handle, ...]] = Field(default={}, max_length=50, description="own handles by platform")
    competitors: Lines = ()
    staff: Lines = Field(
        default=(), description="account ids (x:123) or handles (x:@name) of people who work for the brand"
    )
    time_zone: Line = Field(default="UTC", description="IANA name, such as Europe/Berlin")
    week_start: WeekStart = WeekStart.MONDAY


@operation("GET", "/v1/brands", permission="brands:read", answers={200: (wire.BrandList,)})
async def list_brands(call: Call) -> Answer:
    """All brands, by id."""
    return Answer({"items": [wire.brand(brand) for brand in await call.ask(brands.list_all)]})


@operation("GET", "/v1/brands/{brand_id}", permission="brands:read", answers={200: (wire.BrandShape,)})
async def read_brand(call: Call) -> Answer:
    """One brand, with its version as ETag."""
    brand = await call.ask(brands.get, call.part("brand_id"))
    return Answer(wire.brand(brand), headers=_tag(brand))


@operation(
    "PUT",
    "/v1/brands/{brand_id}",
    permission="brands:write",
    body=BrandBody,
    answers={200: (wire.BrandShape,), 201: (wire.BrandShape,)},
    headers={
        "If-Match": "the ETag that was read: 412 when the brand was edited since; * for any",
        "If-None-Match": "* when the brand must not exist yet: 412 when it does",
    },
)
async def put_brand(call: Call[Nothing, BrandBody]) -> Answer:
    """Add a brand or replace it; the same again is harmless. Without a precondition the last write wins."""
    match, none_match = call.request.headers.get("If-Match"), call.request.headers.get("If-None-Match")
    brand = await call.ask(_put, call.part("brand_id"), call.body, match, none_match)
    status = 201 if brand.version == 1 else 200
    return Answer(wire.brand(brand), status, _tag(brand))


def _tag(brand: Brand) -> dict[str, str]:
    return {"ETag": f'"{brand.version}"'}


def _put(store: Store, brand_id: str, body: BrandBody, match: str | None, none_match: str | None) -> Brand:
    brand = Brand(id=brand_id, **body.model_dump())
    if none_match is None:
        return brands.put(store, brand, None if match is None else _expected(store, brand_id, match))
    if match is not None or none_match.strip() != "*":
        raise Invalid("send either If-Match with an ETag or If-None-Match with *")
    try:
        return brands.put(store, brand, 0)
    except Conflict as error:
        raise Stale(f"brand {brand_id} exists already: read it, and send its ETag as If-Match to replace it") from error


def _expected(store: Store, brand_id: str, match: str) -> int:
    """The version that If-Match allows. Raises Stale when what is stored is not one of them (RFC 9110, 13.1.1)."""
    try:
        version = brands.get(store, brand_id).version
    except NotFound as error:
        raise Stale(f"brand {brand_id} does not exist: leave If-Match out to add it") from error
    allowed = {int(tag) for tag in _TAG.findall(match)}
    if match.strip() != "*" and version not in allowed:
        raise Stale(f"brand {brand_id} was edited since it was read: read it again")
    return version
