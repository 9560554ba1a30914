"""A loopback X that answers oddly; the tests of X come in."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import orjson

from demo.platforms.platform import Answer, answer_json
from demo.platforms.x import LoopbackX

if TYPE_CHECKING:
    from demo.platforms.platform import Request
    from tests.sources.stand import Place


class Odd(LoopbackX):
    """Answers everything in one odd way."""

    told = answer_json({})

    def answer(self, request: Request) -> Answer:
        return self.told


class WithoutThreads(LoopbackX):
    """Does not let threads be searched."""

    def answer(self, request: Request) -> Answer:
        if "conversation_id:" in request.query.get("query", ""):
            return answer_json({"title": "Invalid Request", "detail": "no such operator"}, status=400)
        return super().answer(request)


class Endless(LoopbackX):
    """Sends the first page again and again, always with the same token."""

    def answer(self, request: Request) -> Answer:
        query = {name: value for name, value in request.query.items() if name != "next_token"}
        found = super().answer(replace(request, query=query))
        body = orjson.loads(found.body)
        if "next_token" in body.get("meta", ()):
            body["meta"]["next_token"] = "always-the-same"
        return answer_json(body, found.items, found.headers)


def odd(place: Place, answer: Answer) -> None:
    place.platform.__class__ = Odd
    place.platform.told = answer
