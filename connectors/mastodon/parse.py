"""What a Mastodon server says, as facts: statuses, alone and in its kinds of answers; its client comes in.

What was decided:

- Ids carry the server that told us: `mastodon:<server>/<number>`, such as `mastodon:mastodon.example/112233445566778899`,
  for statuses and for accounts. The numbers are the server's own; another server knows the same status under another one.
  The address of a status (`uri`) is the same everywhere, but a status names what it answers, and whom, by number only, and
  can be looked up or answered by number only. So one status collected through two servers is two mentions.
- Only public and unlisted statuses are mentions. Private and direct ones were said to few: they are rejected, and their
  words are kept nowhere, not even in the raw answer (`without_private`).
- A boost has the words of what it boosts, addresses its author and nobody else, and has none of its counts. The boosted or
  quoted original gives an account but no mention: it was not collected, it only hangs on what was.
- A content warning stands before the text. The line `RE: <link>` that servers put into a quote is not the author's.
- A status knows what it answers but not its root. Of a reply no thread is told until its context was read.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from connectors.mastodon.fields import MISSHAPEN, count_of, moment, natural, text_of
from connectors.transport.words import text_of_html
from social_crm.domain.account import Account
from social_crm.domain.errors import Invalid
from social_crm.domain.mention import How, Kind, Mention, address

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from typing import TypeAlias

    Json: TypeAlias = Mapping[str, Any]

PUBLIC = frozenset({"public", "unlisted"})
_COUNTS = (
    ("likes", "favourites_count"),
    ("reposts", "reblogs_count"),
    ("replies", "replies_count"),
    ("quotes", "quotes_count"),
)
_RE = re.compile(r'<p class="quote-inline">.*?</p>', re.DOTALL)


def parse_status(
    raw: object, server: str, collected_at: datetime, thread: str | None = None
) -> tuple[Mention, tuple[Account, ...]]:
    """One status as a server tells it, with its author and the author whom it boosts or quotes.

    `thread` is our id of its thread where that is known. Raises Invalid with the reason when it is private, or when its id,
    its author, its time or its text is missing or not of Mastodon's form.
    """
    if not isinstance(raw, dict):
        raise Invalid("not a status of Mastodon: not a JSON object")
    try:
        _require_public(raw)
        return _mention(raw, server, collected_at, thread), _faces(raw, server, collected_at)
    except MISSHAPEN as error:
        raise Invalid(f"not a status of Mastodon: {type(error).__name__} {error}"[:200]) from error


def is_private(raw: object) -> bool:
    """Whether a JSON value is a status that was not said to everybody."""
    if not isinstance(raw, dict) or "visibility" not in raw:
        return False
    return not isinstance(raw["visibility"], str) or raw["visibility"] not in PUBLIC


def _require_public(raw: Json) -> None:
    if "visibility" not in raw:
        raise Invalid("a status that does not say who may read it")
    if is_private(raw):
        raise Invalid(f"not public: its visibility is {str(raw['visibility'])[:20]!r}")


def _mention(raw: Json, server: str, collected_at: datetime, thread: str | None) -> Mention:
    own = natural(server, raw.get("id"))
    author = natural(server, raw["account"].get("id"))
    boosted, quoted = raw.get("reblog"), _quoted(raw)
    answered = raw.get("in_reply_to_id")
    # What is answered may be gone: then only whom it answers is left.
    is_root = not answered and not raw.get("in_reply_to_account_id")
    original = boosted or quoted
    parent = answered or (original.get("id") if original else None)
    edited = raw.get("edited_at")
    return Mention(
        id=own,
        author=author,
        posted_at=moment(raw.get("created_at"), "created_at"),
        collected_at=collected_at,
        text=_text(boosted or raw),
        kind=_kind(raw),
        parent=natural(server, parent) if parent else None,
        thread=thread or (own if is_root else None),
        addressed=_addressed(raw, server, author),
        metrics=_metrics(raw),
        language=text_of(raw.get("language") or "", "language"),
        url=text_of(raw.get("url") or raw.get("uri") or "", "url") or None,
        edited_at=moment(edited, "edited_at") if edited else None,
    )


def _text(raw: Json) -> str:
    """What is shown, the warning first. An answer to a deletion holds the source in place of the content."""
    content = raw.get("content")
    if content is None:
        said = text_of(raw.get("text"), "content")
    else:
        said = text_of_html(_RE.sub("", text_of(content, "content")))
    warning = text_of(raw.get("spoiler_text") or "", "spoiler_text").strip()
    return f"{warning}\n\n{said}".strip() if warning else said


def _kind(raw: Json) -> Kind:
    if raw.get("reblog"):
        return Kind.REPOST
    if raw.get("quote"):
        return Kind.QUOTE
    if raw.get("in_reply_to_id") or raw.get("in_reply_to_account_id"):
        return Kind.REPLY
    return Kind.POST


def _quoted(raw: Json) -> Json | None:
    """What is quoted: whole, or just its id; other software puts the status itself there."""
    quote = raw.get("quote")
    if not quote:
        return None
    if quote.get("quoted_status_id"):
        return {"id": quote["quoted_status_id"]}
    found: Json | None = quote if "account" in quote else quote.get("quoted_status")
    return found


def _addressed(raw: Json, server: str, author: str) -> tuple[tuple[How, str], ...]:
    boosted, quoted = raw.get("reblog"), _quoted(raw)
    if boosted:
        return address([(How.REPOST, natural(server, boosted["account"].get("id")))], author)
    pairs = [(How.MENTION, natural(server, person.get("id"))) for person in raw.get("mentions") or ()]
    if raw.get("in_reply_to_account_id"):
        pairs.append((How.REPLY, natural(server, raw["in_reply_to_account_id"])))
    if quoted and quoted.get("account"):
        pairs.append((How.QUOTE, natural(server, quoted["account"].get("id"))))
    return address(pairs, author)


def _metrics(raw: Json) -> dict[str, int]:
    names = () if raw.get("reblog") else _COUNTS
    found = {ours: n for ours, theirs in names if (n := count_of(raw.get(theirs))) is not None}
    followers = count_of(raw["account"].get("followers_count"))
    return found if followers is None else {**found, "author_followers": followers}


def _faces(raw: Json, server: str, seen_at: datetime) -> tuple[Account, ...]:
    original = raw.get("reblog") or _quoted(raw)
    shown = [raw["account"], original["account"]] if original and original.get("account") else [raw["account"]]
    return tuple(_face(account, server, seen_at) for account in shown)


def _face(raw: Json, server: str, seen_at: datetime) -> Account:
    handle = text_of(raw.get("acct") or raw.get("username"), "acct")
    born = raw.get("created_at")
    return Account(
        natural(server, raw.get("id")),
        handle.lstrip("@"),
        seen_at,
        text_of(raw.get("display_name") or "", "display_name"),
        count_of(raw.get("followers_count")),
        moment(born, "created_at") if born else None,
        text_of(raw.get("url") or raw.get("uri") or "", "url") or None,
    )
