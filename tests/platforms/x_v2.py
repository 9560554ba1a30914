"""Tweets, users and answers as X's API v2 gives them, by hand; tests come in."""

from __future__ import annotations

from typing import Any


def a_tweet(number: int = 100, author: int = 1, **changes: Any) -> dict[str, Any]:
    return {
        "id": str(number),
        "author_id": str(author),
        "created_at": "2021-06-22T12:00:00.000Z",
        "text": "acme makes good shoes",
        "conversation_id": str(number),
        "public_metrics": {"retweet_count": 1, "reply_count": 2, "like_count": 3, "quote_count": 4},
        "lang": "en",
        **changes,
    }


def a_user(number: int, **changes: Any) -> dict[str, Any]:
    user = {"id": str(number), "username": f"Person{number}", "name": f"Person {number}"}
    return {**user, "created_at": "2009-02-28T23:59:59.000Z", "public_metrics": {"followers_count": 10 * number}, **changes}


def refers(kind: str, number: int) -> dict[str, Any]:
    return {"type": kind, "id": str(number)}


def answer(*tweets: Any, users: tuple[Any, ...] = (), included: tuple[Any, ...] = ()) -> dict[str, Any]:
    return {"data": list(tweets), "includes": {"users": list(users), "tweets": list(included)}, "meta": {"result_count": 1}}
