"""Brands: whom we listen for; the route table comes in."""

from typing import Annotated

from pydantic import Field, StringConstraints

from api import wire
from api.conditions import Conditions, conditions, tag
from api.operation import Call, operation
from api.shapes import Line, Nothing, Platform, Strict
from api.wire import Answer
from social_crm.domain.brand import Brand, WeekStart
from social_crm.ports import Store
from social_crm.services import brands

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
    return Answer(wire.brand(brand), headers=tag(brand))


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
    brand = await call.ask(_put, call.part("brand_id"), call.body, conditions(call.request))
    return Answer(wire.brand(brand), 201 if brand.version == 1 else 200, tag(brand))


def _put(store: Store, brand_id: str, body: BrandBody, given: Conditions) -> Brand:
    brand = Brand(id=brand_id, **body.model_dump())
    return given.put(
        f"brand {brand_id}", lambda: brands.get(store, brand_id), lambda expect: brands.put(store, brand, expect)
    )
