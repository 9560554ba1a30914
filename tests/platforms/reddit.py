"""Posts, comments and listings as Reddit gives them, by hand; tests come in."""

from __future__ import annotations

from typing import Any


def comment_data(name: str = "c1", author: str = "Ann", parent: str = "t3_p1", **changes: Any) -> dict[str, Any]:
    return {
        "id": name,
        "name": f"t1_{name}",
        "author": author,
        "author_fullname": f"t2_{author.lower()}",
        "body": "acme makes good shoes",
        "created_utc": 1_400_000_000.0,
        "edited": False,
        "link_id": "t3_p1",
        "parent_id": parent,
        "permalink": f"/r/shoes/comments/p1/good_shoes/{name}/",
        "score": -2,
        "subreddit": "shoes",
        "replies": "",
        **changes,
    }


def post_data(name: str = "p1", author: str = "Bob", **changes: Any) -> dict[str, Any]:
    return {
        "id": name,
        "name": f"t3_{name}",
        "author": author,
        "author_fullname": f"t2_{author.lower()}",
        "title": "Which shoes?",
        "selftext": "Asking for a friend",
        "created_utc": 1_399_999_000.0,
        "edited": 1_399_999_500.0,
        "permalink": f"/r/shoes/comments/{name}/which_shoes/",
        "score": 7,
        "num_comments": 3,
        "subreddit": "shoes",
        **changes,
    }


def comment(*args: Any, **changes: Any) -> dict[str, Any]:
    return {"kind": "t1", "data": comment_data(*args, **changes)}


def post(*args: Any, **changes: Any) -> dict[str, Any]:
    return {"kind": "t3", "data": post_data(*args, **changes)}


def listing(*things: Any) -> dict[str, Any]:
    return {"kind": "Listing", "data": {"children": list(things), "after": None}}
