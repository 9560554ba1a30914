"""The decorator `operation`, single source of what a route takes, gives and needs; the handlers come in."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec

from pydantic import BaseModel, ValidationError
from typing_extensions import TypeVar

from api.auth import GATE, PUBLIC, authorization
from api.body import read_json
from api.bridge import BRIDGE, ORDINARY, Bridge
from api.shapes import Nothing
from social_crm.domain.errors import Invalid
from social_crm.services.access import PERMISSIONS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from aiohttp import web
    from multidict import MultiMapping

    from api.wire import Answer
    from social_crm.ports import Store

P = ParamSpec("P")
T = TypeVar("T")
Query = TypeVar("Query", bound=BaseModel, default=Nothing)
Body = TypeVar("Body", bound=BaseModel, default=Nothing)


@dataclass(frozen=True, slots=True)
class Call(Generic[Query, Body]):
    """A request that was let in and found right; `deadline` is in the time of the loop."""

    request: web.Request
    query: Query
    body: Body
    bridge: Bridge
    deadline: float

    def part(self, name: str) -> str:
        """A variable part of the path."""
        return self.request.match_info[name]

    async def ask(self, function: Callable[Concatenate[Store, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `function(store, ...)` over the bridge, within what is left of the time of this request."""
        left = self.deadline - asyncio.get_running_loop().time()
        return await self.bridge.ask_within(left, function, *args, **kwargs)


@dataclass(frozen=True, slots=True)
class Operation:
    """A route with all that there is to say about it.

    `answers` maps a status to its shapes: a type for JSON, a media type for anything else. `headers` are the request
    headers that it reads beside the usual ones. `limit` is in seconds.
    """

    method: str
    path: str
    handler: Callable[[Call[Any, Any]], Awaitable[Answer]]
    query: type[BaseModel]
    body: type[BaseModel]
    answers: Mapping[int, tuple[Any, ...]]
    headers: Mapping[str, str]
    permission: str | None
    limit: float

    @property
    def name(self) -> str:
        """The name of its handler, unique in the document."""
        return self.handler.__name__

    @property
    def needs_body(self) -> bool:
        """Whether a body must be sent: one whose every field has a default may be left out."""
        return any(field.is_required() for field in self.body.model_fields.values())

    async def answer(self, request: web.Request) -> web.Response:
        """Let the caller in, read what was sent, run the handler and write its answer. Raises what the middleware reads."""
        now = asyncio.get_running_loop().time
        started = now()
        if self.permission != PUBLIC:
            await request.app[GATE].admit(authorization(request), str(self.permission))
        left = self.limit - (
            now() - started
        )  # what admission took is gone; what the caller takes to send a body is not ours
        query = _validated(self.query, _parameters(request.query, self.query), "query")
        body: BaseModel = Nothing()
        if self.body is not Nothing:
            sent = await read_json(request) if self.needs_body or request.body_exists else {}
            body = _validated(self.body, sent, "body")
        return (await self.handler(Call(request, query, body, request.app[BRIDGE], now() + left))).response()


def operation(
    method: str,
    path: str,
    *,
    permission: str | None = None,
    query: type[Query] | None = None,
    body: type[Body] | None = None,
    answers: Mapping[int, tuple[Any, ...]],
    headers: Mapping[str, str] | None = None,
    limit: float = ORDINARY,
) -> Callable[[Callable[[Call[Query, Body]], Awaitable[Answer]]], Operation]:
    """Make a handler an operation; `check` refuses it at start-up when it has no permission."""

    def decorate(handler: Callable[[Call[Query, Body]], Awaitable[Answer]]) -> Operation:
        shapes = (query or Nothing, body or Nothing)
        return Operation(method, path, handler, *shapes, answers, headers or {}, permission, limit)

    return decorate


def check(operations: tuple[Operation, ...]) -> None:
    """Refuse to start with a route that anyone may use by oversight. Raises Invalid."""
    names = [item.name for item in operations]
    for item in operations:
        if item.permission not in (*PERMISSIONS, PUBLIC):
            raise Invalid(
                f"{item.method} {item.path}: permission {item.permission!r} is none of {', '.join((*PERMISSIONS, PUBLIC))}"
            )
        if {item.query.model_config.get("extra"), item.body.model_config.get("extra")} != {"forbid"}:
            raise Invalid(f"{item.method} {item.path}: its models must forbid what they do not name")
        if names.count(item.name) > 1 or not item.handler.__doc__:
            raise Invalid(f"{item.method} {item.path}: {item.name} needs a name of its own and a docstring")


@cache
def several(model: type[BaseModel]) -> frozenset[str]:
    """The parameters of a model that may be given more than once."""
    fields = model.model_json_schema()["properties"] if model.model_fields else {}
    return frozenset(name for name, shape in fields.items() if shape.get("type") == "array")


def _parameters(given: MultiMapping[str], model: type[BaseModel]) -> dict[str, object]:
    many = several(model)
    repeated = [name for name in dict.fromkeys(given) if name not in many and len(given.getall(name)) > 1]
    if repeated:
        issues = tuple((f"query.{name}", "give this parameter once") for name in repeated)
        raise Invalid("a parameter is given more than once", issues)
    return {name: given.getall(name) if name in many else given[name] for name in given}


def _validated(model: type[BaseModel], given: object, where: str) -> BaseModel:
    try:
        return model.model_validate(given)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        issues = tuple((_place(where, item["loc"]), item["msg"].removeprefix("Value error, ")) for item in found)
        raise Invalid(f"the {where} is not right: {len(issues)} to correct, see errors", issues) from error


def _place(where: str, loc: tuple[int | str, ...]) -> str:
    return ".".join([where, *map(str, loc)])
