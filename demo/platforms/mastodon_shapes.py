"""Statuses and accounts in the shape that Mastodon gives them; the loopback server comes in."""

from __future__ import annotations

import html
import json
import re
from typing import TYPE_CHECKING, Any

from demo.platforms.platform import Answer
from demo.platforms.shelf import native
from social_crm.domain.mention import How, Kind

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from social_crm.domain.account import Account
    from social_crm.domain.mention import Mention

_NAMED = frozenset({How.MENTION, How.REPLY})
_TAG = re.compile(r"#(\w+)")


def status_shape(
    mention: Mention, answers: Account | None, people: Mapping[str, Account], replies: int, host: str
) -> dict[str, Any]:
    """A status that boosts and quotes nothing; `answers` is whom it answers, `people` are its author and whom it names."""
    author = people[mention.author]
    answered = mention.kind in {Kind.REPLY, Kind.COMMENT} and mention.parent
    place = f"https://{host}/@{author.handle}/{number(mention.id)}"
    return {
        "id": number(mention.id),
        "created_at": written(mention.posted_at),
        "in_reply_to_id": number(mention.parent) if answered and mention.parent else None,
        "in_reply_to_account_id": number(answers.id) if answered and answers else None,
        "sensitive": False,
        "spoiler_text": "",
        "visibility": "public",
        "language": mention.language or None,
        "uri": f"https://{host}/users/{author.handle}/statuses/{number(mention.id)}",
        "url": place,
        "replies_count": replies,
        "reblogs_count": mention.metrics.get("reposts", 0),
        "favourites_count": mention.metrics.get("likes", 0),
        "edited_at": written(mention.edited_at) if mention.edited_at else None,
        "content": _html(mention.text),
        "reblog": None,
        "quote": None,
        "account": account_shape(author, host),
        "media_attachments": [],
        "mentions": [_named(people[whom], host) for how, whom in mention.addressed if how in _NAMED],
        "tags": [{"name": tag.lower(), "url": f"https://{host}/tags/{tag.lower()}"} for tag in _TAG.findall(mention.text)],
        "emojis": [],
        "card": None,
        "poll": None,
    }


def account_shape(account: Account, host: str) -> dict[str, Any]:
    """An account."""
    return {
        "id": number(account.id),
        "username": account.handle.partition("@")[0],
        "acct": account.handle,
        "display_name": account.name,
        "locked": False,
        "bot": False,
        "created_at": written(account.created_at) if account.created_at else None,
        "note": "",
        "url": account.url or f"https://{host}/@{account.handle}",
        "uri": f"https://{host}/users/{account.handle}",
        "followers_count": account.followers or 0,
        "following_count": 0,
        "statuses_count": 0,
        "emojis": [],
        "fields": [],
    }


def gone() -> Answer:
    """What a server says of a status that is deleted, or that it does not show us."""
    content = json.dumps({"error": "Record not found"}).encode()
    return Answer(404, content, {"Content-Type": "application/json; charset=utf-8"})


def _named(account: Account, host: str) -> dict[str, str]:
    whole = account_shape(account, host)
    return {name: whole[name] for name in ("id", "username", "url", "acct")}


def _html(text: str) -> str:
    paragraphs = html.escape(text, quote=False).split("\n\n")
    return "".join(f"<p>{said}</p>".replace("\n", "<br />") for said in paragraphs) if text else ""


def number(own_id: str) -> str:
    """The server's own number of a status or an account."""
    return native(own_id).rpartition("/")[2]


def written(when: datetime) -> str:
    """A time as Mastodon writes it."""
    return when.strftime("%Y-%m-%dT%H:%M:%S.") + f"{when.microsecond // 1000:03}Z"
