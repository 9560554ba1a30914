"""Statuses in the shape of Mastodon's API, invented: every argument has a plain default; tests of its parser come in."""

from __future__ import annotations

from typing import Any


def an_account(number: int = 7, **changes: Any) -> dict[str, Any]:
    account = {
        "id": str(number),
        "username": f"person{number}",
        "acct": f"person{number}@elsewhere.example",
        "display_name": f"Person {number}",
        "followers_count": 12,
        "created_at": "2020-05-06T00:00:00.000Z",
        "url": f"https://elsewhere.example/@person{number}",
    }
    return {**account, **changes}


def a_status(number: int = 100, **changes: Any) -> dict[str, Any]:
    status = {
        "id": str(number),
        "created_at": "2026-03-01T10:11:12.345Z",
        "edited_at": None,
        "in_reply_to_id": None,
        "in_reply_to_account_id": None,
        "spoiler_text": "",
        "visibility": "public",
        "language": "en",
        "uri": f"https://elsewhere.example/users/person7/statuses/{number}",
        "url": f"https://elsewhere.example/@person7/{number}",
        "replies_count": 1,
        "reblogs_count": 2,
        "favourites_count": 3,
        "content": "<p>I like acme</p>",
        "reblog": None,
        "quote": None,
        "account": an_account(),
        "mentions": [],
    }
    return {**status, **changes}
