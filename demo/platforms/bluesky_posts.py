"""Posts of the shelf in Bluesky's form: records, views and content ids; its loopback platform comes in."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING, Any

from demo.platforms.shelf import native
from social_crm.domain.mention import How, Kind

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from demo.platforms.shelf import Shelf
    from social_crm.domain.account import Account
    from social_crm.domain.mention import Mention

POST = "app.bsky.feed.post"
_SHA256_OF_CBOR = bytes((0x01, 0x71, 0x12, 0x20))  # version, codec, hash and its length: how a content id begins


def content_id(record: Any) -> str:
    """A content id of the protocol's form: the same record has the same one."""
    digest = hashlib.sha256(json.dumps(record, sort_keys=True).encode()).digest()
    return "b" + base64.b32encode(_SHA256_OF_CBOR + digest).decode().lower().rstrip("=")


def told(moment: datetime) -> str:
    """A time as Bluesky writes it."""
    exact = "microseconds" if moment.microsecond % 1000 else "milliseconds"
    return moment.isoformat(timespec=exact).replace("+00:00", "Z")


def author_of(own_id: str) -> str:
    """The account in whose repository a post lies: its address names it."""
    return f"bluesky:{own_id.split('/')[2]}"


class Posts:
    """Makes records and views of what the shelf holds; `written` are the records that a client put there, as sent.

    An edit on the shelf takes the place of a written record.
    """

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self.written: dict[str, Mapping[str, Any]] = {}

    def record(self, mention: Mention) -> Mapping[str, Any]:
        """The record of a post."""
        written = self.written.get(mention.id)
        if written is not None and written.get("text") == mention.text:
            return written
        return {
            "$type": POST,
            "text": mention.text,
            "createdAt": told(mention.posted_at),
            **({"langs": [mention.language]} if mention.language else {}),
            **self._pointing(mention),
            **_facets(mention),
        }

    def view(self, mention: Mention, now: datetime) -> dict[str, Any]:
        """A post as a search and a thread show it."""
        record = self.record(mention)
        return {
            "uri": native(mention.id),
            "cid": content_id(record),
            "author": _face(self._shelf.account(author_of(mention.id))),
            "record": record,
            "replyCount": len(self._shelf.answers(mention.id, now)),
            "repostCount": mention.metrics.get("reposts", 0),
            "likeCount": mention.metrics.get("likes", 0),
            "quoteCount": mention.metrics.get("quotes", 0),
            "indexedAt": told(mention.posted_at),
            "viewer": {"threadMuted": False, "embeddingDisabled": False},
            "labels": [],
        }

    def _pointing(self, mention: Mention) -> dict[str, Any]:
        """What a record says of the post that it answers or quotes."""
        if mention.parent is None:
            return {}
        parent, root = (self._reference(own) for own in (mention.parent, mention.thread or mention.parent))
        if mention.kind is Kind.QUOTE:
            return {"embed": {"$type": "app.bsky.embed.record", "record": parent}}
        return {"reply": {"root": root, "parent": parent}}

    def _reference(self, own_id: str) -> dict[str, str]:
        """A strong reference: an address, and the content id that was there when it was made."""
        first = self._shelf.ever(own_id)
        return {"uri": native(own_id), "cid": content_id([own_id, first.text if first else ""])}


def _face(account: Account) -> dict[str, Any]:
    return {
        "did": native(account.id),
        "handle": account.handle,
        "displayName": account.name,
        "viewer": {"muted": False, "blockedBy": False},
        "labels": [],
        **({"createdAt": told(account.created_at)} if account.created_at else {}),
    }


def _facets(mention: Mention) -> dict[str, Any]:
    """Whom a text names: the places in it are those of its first sign, as the shelf knows no handles in texts."""
    named = [native(account) for how, account in mention.addressed if how is How.MENTION]
    facets = [
        {
            "index": {"byteStart": 0, "byteEnd": 1},
            "features": [{"$type": "app.bsky.richtext.facet#mention", "did": did}],
        }
        for did in named
    ]
    return {"facets": facets} if facets else {}
