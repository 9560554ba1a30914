"""Platforms: where sources can listen, and what each needs; the route table comes in."""

from api import wire_sources
from api.operation import Call, operation
from api.wire import Answer
from social_crm.domain.platform import PLATFORMS


@operation("GET", "/v1/platforms", permission="sources:read", answers={200: (wire_sources.PlatformList,)})
async def list_platforms(_: Call) -> Answer:
    """Every platform with what a source of it needs: enough to draw a form."""
    return Answer({"items": [wire_sources.platform(place) for place in PLATFORMS.values()]})
