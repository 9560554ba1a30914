"""The forms that a query of YouTube has: one video, one channel, or a search for videos; the client comes in."""

from __future__ import annotations

import re

from social_crm.domain.errors import Invalid

VIDEO, CHANNEL = "videoId", "allThreadsRelatedToChannelId"
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_SEARCH = "search:"
_FORMS = {"video": VIDEO, "channel": CHANNEL}
_HELP = "write video:<id>, channel:<id> or search:<words>"


def is_search(query: str) -> bool:
    """Whether a query is a search, which is dear."""
    return query.startswith(_SEARCH)


def search_words(query: str) -> str:
    """The words of a search. Raises Invalid when there are none."""
    words = query.removeprefix(_SEARCH).strip()
    if not words:
        raise Invalid(f"{query!r:.80} searches for nothing: {_HELP}")
    return words


def listing_of(query: str) -> str:
    """What a query lists, as `<parameter>:<id>`. Raises Invalid when it is neither a video nor a channel."""
    form, _, own = query.partition(":")
    if form not in _FORMS:
        raise Invalid(f"{query!r:.80} is not a query of YouTube: {_HELP}")
    if not _ID.fullmatch(own.strip()):
        raise Invalid(
            f"{own!r:.80} is not the id of a {form}: a video's stands behind v= in its address, a channel's begins with UC"
        )
    return f"{_FORMS[form]}:{own.strip()}"


def listing_of_video(own: str) -> str:
    """What lists the threads of a video."""
    return f"{VIDEO}:{own}"
