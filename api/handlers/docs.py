"""The documents of the API itself; the route table comes in."""

from aiohttp import web

from api.auth import PUBLIC
from api.operation import Call, operation
from api.wire import HTML, JSON, Answer

# Rendered once at start-up: the document, and the page with its Content-Security-Policy.
DOCUMENT = web.AppKey("document", bytes)
PAGE = web.AppKey("page", tuple[str, str])


@operation("GET", "/openapi.json", permission=PUBLIC, answers={200: (JSON,)})
async def read_openapi(call: Call) -> Answer:
    """The OpenAPI 3.1 document of this API."""
    return Answer(call.request.app[DOCUMENT])


@operation("GET", "/docs", permission=PUBLIC, answers={200: (HTML,)})
async def read_docs(call: Call) -> Answer:
    """The documentation page: all of this API for people."""
    html, policy = call.request.app[PAGE]
    return Answer(html, headers={"Content-Security-Policy": policy}, media=HTML)
