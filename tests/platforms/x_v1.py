"""Tweets and users as X's API v1.1 gives them, by hand; tests come in."""

from __future__ import annotations

from typing import Any


def a_user(number: int, handle: str | None = None, **changes: Any) -> dict[str, Any]:
    return {
        "id": number,
        "id_str": str(number),
        "name": f"Person {number}",
        "screen_name": handle or f"person{number}",
        "followers_count": 10 * number,
        "created_at": "Sat Feb 28 23:59:59 +0000 2009",
        **changes,
    }


def a_tweet(number: int = 100, user: int = 1, **changes: Any) -> dict[str, Any]:
    return {
        "created_at": "Wed Aug 27 13:08:45 +0000 2014",
        "id": number,
        "id_str": str(number),
        "text": "acme makes good shoes",
        "user": a_user(user),
        "in_reply_to_status_id_str": None,
        "in_reply_to_user_id_str": None,
        "retweet_count": 3,
        "favorite_count": 5,
        "entities": {"user_mentions": []},
        "lang": "en",
        **changes,
    }
