"""Posts, users and what hangs on them as X's API v2 shows them; the loopback X comes in."""

from __future__ import annotations

import html
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from demo.platforms.shelf import native
from social_crm.domain.mention import How, Kind

if TYPE_CHECKING:
    from datetime import datetime

    from demo.platforms.platform import Request
    from demo.platforms.shelf import Shelf
    from social_crm.domain.account import Account
    from social_crm.domain.mention import Mention

_REFERS = {Kind.REPLY: "replied_to", Kind.QUOTE: "quoted", Kind.REPOST: "retweeted"}
_ALWAYS = frozenset({"id", "text", "edit_history_tweet_ids"})
_COUNTING_BITS = 22


def version_id(mention: Mention) -> str:
    """The id of the version that is shown: an edit has an id of its own, higher by the milliseconds that went by."""
    if mention.edited_at is None:
        return native(mention.id)
    went_by = int((mention.edited_at - mention.posted_at).total_seconds() * 1000)
    return str(int(native(mention.id)) + (max(went_by, 1) << _COUNTING_BITS))


def written_at(mention: Mention) -> datetime:
    """When the version that is shown was written."""
    return mention.edited_at or mention.posted_at


@dataclass(slots=True)
class Answering:
    """Builds one answer out of posts: only with the fields and expansions that were asked for."""

    shelf: Shelf
    now: datetime
    tweet_fields: frozenset[str]
    user_fields: frozenset[str]
    expansions: frozenset[str]
    _users: dict[str, dict[str, Any]] = field(default_factory=dict)
    _tweets: dict[str, dict[str, Any]] = field(default_factory=dict)

    @staticmethod
    def to(request: Request, shelf: Shelf, now: datetime) -> Answering:
        """An answer to a request."""
        asked = {name: frozenset(text.split(",")) for name, text in request.query.items()}
        wanted = [asked.get(name, frozenset()) for name in ("tweet.fields", "user.fields", "expansions")]
        return Answering(shelf, now, wanted[0], wanted[1], wanted[2])

    def post(self, mention: Mention) -> dict[str, Any]:
        """A post under `data`; what hangs on it is noted for `includes`."""
        self._expand(mention)
        return self._tweet(mention)

    def includes(self) -> dict[str, Any]:
        """Users and posts that were asked for beside the posts themselves; nothing where there are none."""
        kinds = {"users": list(self._users.values()), "tweets": list(self._tweets.values())}
        found = {kind: things for kind, things in kinds.items() if things}
        return {"includes": found} if found else {}

    def _expand(self, mention: Mention) -> None:
        if "author_id" in self.expansions:
            self._users[mention.author] = self._user(self.shelf.account(mention.author))
        if "edit_history_tweet_ids" in self.expansions and mention.edited_at is not None:
            first = self.shelf.ever(mention.id)
            if first is not None:
                self._tweets[native(first.id)] = self._tweet(first, history=[native(mention.id), version_id(mention)])
        parent = self.shelf.find(mention.parent, self.now) if mention.parent else None
        if "referenced_tweets.id" in self.expansions and parent is not None:
            self._tweets[version_id(parent)] = self._tweet(parent)

    def _tweet(self, mention: Mention, history: list[str] | None = None) -> dict[str, Any]:
        own, first = version_id(mention), native(mention.id)
        whole = {
            "id": own,
            "text": html.escape(mention.text, quote=False),
            "edit_history_tweet_ids": history or ([first] if own == first else [first, own]),
            "author_id": native(mention.author),
            "conversation_id": native(mention.thread or mention.id),
            "created_at": _stamp(written_at(mention)),
            "lang": mention.language or "und",
            "public_metrics": self._counts(mention),
            **self._pointing(mention),
        }
        return {name: value for name, value in whole.items() if name in self.tweet_fields | _ALWAYS}

    def _pointing(self, mention: Mention) -> dict[str, Any]:
        """What a post answers or quotes and whom it names."""
        found: dict[str, Any] = {}
        if mention.parent is not None and mention.kind in _REFERS:
            found["referenced_tweets"] = [{"type": _REFERS[mention.kind], "id": native(mention.parent)}]
        answered = [account for how, account in mention.addressed if how is How.REPLY]
        if answered:
            found["in_reply_to_user_id"] = native(answered[0])
        named = [account for how, account in mention.addressed if how is How.MENTION]
        if named:
            found["entities"] = {"mentions": [{"start": 0, "end": 1, "id": native(account)} for account in named]}
        return found

    def _counts(self, mention: Mention) -> dict[str, int]:
        counts = mention.metrics
        return {
            "retweet_count": counts.get("reposts", 0),
            "reply_count": len(self.shelf.answers(mention.id, self.now)),
            "like_count": counts.get("likes", 0),
            "quote_count": counts.get("quotes", 0),
        }

    def _user(self, account: Account) -> dict[str, Any]:
        born = {"created_at": _stamp(account.created_at)} if account.created_at else {}
        followers = {"public_metrics": {"followers_count": account.followers or 0}}
        whole = {"id": native(account.id), "username": account.handle, "name": account.name, **born, **followers}
        return {name: value for name, value in whole.items() if name in self.user_fields | {"id", "username", "name"}}


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03}Z"
