"""What a query of a Reddit source asks for: which listing, with what, and how far back it goes; our client comes in."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from social_crm.domain.errors import Invalid
from social_crm.domain.platform import PLATFORMS

if TYPE_CHECKING:
    from collections.abc import Mapping

_NAMES = re.compile(r"[A-Za-z0-9_]{2,24}(?:\+[A-Za-z0-9_]{2,24})*")
# Words before a colon that belong to a search, and are no subreddit.
_FIELDS = frozenset(
    {"author", "flair", "flair_text", "nsfw", "over18", "self", "selftext", "site", "subreddit", "title", "url"}
)
# Listings end near 1,000 items and searches near 250; what was removed counts there and is not shown. An end so far down
# that reaches nothing known is taken for that: better a gap that is none than one that nobody knows of.
_DEEP, _SEARCH_DEEP = 500, 150


@dataclass(frozen=True, slots=True)
class Listing:
    """A newest-first listing: `path` and `asked` of its question, and how many items down an end means that it was cut.

    `personal` ones need an account.
    """

    path: str
    asked: Mapping[str, str] = field(default_factory=dict)
    cut: int = _DEEP
    personal: bool = False


def listing_of(query: str) -> Listing:
    """The listing that a query names. Raises Invalid."""
    kind, _, rest = query.strip().partition(":")
    rest = rest.strip()
    if query.strip() == "inbox":
        return Listing("message/inbox", {"mark": "false"}, personal=True)
    if kind == "search" and rest:
        return _search(rest)
    if kind in {"posts", "comments"} and _NAMES.fullmatch(name := rest.removeprefix("r/")):
        return Listing(f"r/{name}/{'new' if kind == 'posts' else 'comments'}")
    raise Invalid(f"{query!r:.80} is not a query for Reddit: write {PLATFORMS['reddit'].query}")


def _search(rest: str) -> Listing:
    name, colon, words = (part.strip() for part in rest.partition(":"))
    asked = {"sort": "new", "t": "all", "type": "link"}
    if colon and words and _NAMES.fullmatch(name) and name.lower() not in _FIELDS:
        return Listing(f"r/{name}/search", {**asked, "q": words, "restrict_sr": "1"}, _SEARCH_DEEP)
    return Listing("search", {**asked, "q": rest}, _SEARCH_DEEP)
