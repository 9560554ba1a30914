"""What our client must know of an answer besides its facts: names, times, stubs, and letters to leave out; it comes in."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connectors.reddit.parse import authors_of
from connectors.reddit.things import MISSHAPEN, moment, things
from social_crm.domain.errors import Invalid, PlatformUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime


# Page tokens are names of items. Behind one that was removed meanwhile Reddit shows nothing, so we keep some in reserve.
_ANCHORS = 5
_LETTER = "t4"


@dataclass(frozen=True, slots=True)
class Shown:
    """What a page of a listing shows: the full names and the times of its items, and the name behind which it goes on."""

    names: tuple[str, ...]
    posted: tuple[datetime, ...]
    after: str

    @staticmethod
    def of(answer: Any) -> Shown:
        """Raises PlatformUnavailable when it is not a listing."""
        try:
            data = answer["data"]
            children = [child["data"] for child in data["children"]]
            names = tuple(name for child in children if isinstance(name := child.get("name"), str))
            return Shown(names, tuple(_times(children)), str(data.get("after") or ""))
        except MISSHAPEN as error:
            raise PlatformUnavailable("Reddit sends something that is not a listing: try again later") from error


def _times(children: list[Mapping[str, Any]]) -> Iterator[datetime]:
    for child in children:
        try:
            yield moment(child.get("created_utc"), "created_utc")
        except Invalid:
            continue  # the parser makes a reject of it


def next_token(token: str, shown: Shown) -> str | None:
    """Behind which items a walk goes on after a page that was asked for with `token`; "" at the end of the listing.

    A page of nothing behind a token is no proof of an end: its anchor may have been removed since. Then the items before it
    are tried, one a page. None means that none of them is left: begin again at the top. Raises PlatformUnavailable where a
    page leads back to where it began, not to go round for ever.
    """
    tried = token.split(",") if token else []
    if shown.after and shown.after in tried:
        raise PlatformUnavailable("Reddit shows the same page again in place of the next one: try again later")
    if shown.after:
        others = (name for name in (*reversed(shown.names), *tried) if name != shown.after)
        return ",".join([shown.after, *others][:_ANCHORS])
    if shown.names or not tried:
        return ""
    return ",".join(tried[1:]) or None


def without_letters(answer: Any) -> bytes:
    """A listing that Shown has read, without what private messages say: only that there is one, and when, is kept."""
    for child in answer["data"]["children"]:
        if child.get("kind") == _LETTER:
            child["data"] = {name: child["data"].get(name) for name in ("name", "created_utc")}
    return written(answer)


def written(answer: Any) -> bytes:
    """JSON as text; half of a surrogate pair, which no store can keep, becomes "?"."""
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def strangers(answer: Any) -> list[str]:
    """The full names that comments of an answer reply to and whose authors it does not show."""
    parents = (data.get("parent_id") for kind, _, data in things(answer) if kind == "t1")
    answered = {parent for parent in parents if isinstance(parent, str) and _is_name(parent)}
    return sorted(answered - authors_of(answer).keys())


@dataclass(frozen=True, slots=True)
class Stubs:
    """The comments that an answer only hints at: ids to load, and comments whose own replies stand deeper."""

    ids: tuple[str, ...]
    branches: tuple[str, ...]

    @staticmethod
    def of(answer: Any) -> Stubs:
        """The stubs of an answer, in their order."""
        ids: list[str] = []
        branches: list[str] = []
        for kind, _, data in things(answer):
            if kind == "more":
                children = data.get("children")
                ids += [one for one in children if _is_id(one)] if isinstance(children, list) else []
                above = data.get("parent_id")
                if not children and isinstance(above, str) and above.startswith("t1_") and _is_id(above[3:]):
                    branches.append(above[3:])
        return Stubs(tuple(ids), tuple(branches))


def _is_name(value: str) -> bool:
    return value[:3] in {"t1_", "t3_"} and _is_id(value[3:])


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and value.isascii() and value.isalnum()
