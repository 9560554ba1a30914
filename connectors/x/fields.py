"""The single fields of X's objects - ids, times, texts, counts - read strictly and quickly; this room's parsers come in."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

from social_crm.domain.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from social_crm.domain.account import Account
    from social_crm.domain.mention import Mention

    # What one piece of input becomes: mentions, accounts, and (reason, piece) for each part that could not become a fact.
    Parsed: TypeAlias = tuple[Sequence[Mention], Sequence[Account], Sequence[tuple[str, Any]]]

# What reading a foreign object of the wrong shape raises: each becomes one Invalid with a reason.
MISSHAPEN = (AttributeError, IndexError, KeyError, OverflowError, RecursionError, TypeError, ValueError)

# X's codes for "no language": undetermined, and texts of nothing but mentions, cashtags, hashtags, media, short words.
_NO_LANGUAGE = frozenset({"und", "zxx", "art", "qam", "qct", "qht", "qme", "qst"})
_LARGEST = 2**63 - 1  # what every store can hold; a count above it is not one
_MONTHS = {
    name: f"{number:02}"
    for number, name in enumerate("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), start=1)  # noqa: SIM905 - read as one line
}


def own_id(native: object) -> str | None:
    """Our id `x:<digits>` of a tweet or user, None when it is not one of X's ids: decimal digits, as text or number."""
    if isinstance(native, str):
        return "x:" + native if native.isdecimal() and native.isascii() else None
    return f"x:{native}" if type(native) is int and native > 0 else None


def require_id(native: object, of_what: str) -> str:
    """Our id. Raises Invalid when there is none."""
    found = own_id(native)
    if found is None:
        raise Invalid(f"no {of_what} id: X's ids are decimal digits, found {str(native)[:40]!r}")
    return found


def v1_time(text: str) -> datetime:
    """Read `Wed Aug 27 13:08:45 +0000 2008` into UTC. Raises Invalid when it is not of that form."""
    try:
        moment = datetime.fromisoformat(f"{text[26:]}-{_MONTHS[text[4:7]]}-{text[8:10]}T{text[11:19]}{text[20:25]}")
        return moment if moment.tzinfo is UTC else _in_utc(moment, text)
    except MISSHAPEN as error:
        raise Invalid(f"created_at {str(text)[:40]!r} is not a time such as Wed Aug 27 13:08:45 +0000 2008") from error


def v2_time(text: str) -> datetime:
    """Read `2021-06-22T12:00:00.000Z` into UTC. Raises Invalid when it is not of that form."""
    try:
        moment = datetime.fromisoformat(text)
        return moment if moment.tzinfo is UTC else _in_utc(moment, text)
    except MISSHAPEN as error:
        raise Invalid(f"created_at {str(text)[:40]!r} is not a time such as 2021-06-22T12:00:00.000Z") from error


# Accounts recur far more often than they are born: the same text is read again and again.
v1_birth = lru_cache(maxsize=65_536)(v1_time)


def _in_utc(moment: datetime, text: str) -> datetime:
    if moment.tzinfo is None:
        raise Invalid(f"created_at {text[:40]!r} has no time zone")
    return moment.astimezone(UTC)


def plain(text: object) -> str:
    """The text as its author wrote it: X sends `&`, `<` and `>`, and only those, as HTML entities. Raises Invalid."""
    if not isinstance(text, str):
        raise Invalid("no text: neither full_text nor text holds one")
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&") if "&" in text else text


def text_of(value: object, field: str) -> str:
    """A text field. Raises Invalid when it holds something else."""
    if not isinstance(value, str):
        raise Invalid(f"{field} is not text: {str(value)[:40]!r}")
    return value


def language(code: object) -> str:
    """X's own language code, "" where X says that it knows none."""
    return code if isinstance(code, str) and code not in _NO_LANGUAGE else ""


def counts(raw: Mapping[str, Any], names: Iterable[tuple[str, str]], followers: int | None) -> dict[str, int]:
    """The counts of a tweet under our names, given as (ours, X's), and its author's followers; no count, no entry."""
    found = {ours: n for ours, theirs in names if type(n := raw.get(theirs)) is int and 0 <= n <= _LARGEST}
    if followers is not None:
        found["author_followers"] = followers
    return found


def follower_count(raw: Mapping[str, Any]) -> int | None:
    """`followers_count` where it is a count."""
    n = raw.get("followers_count")
    return n if type(n) is int and 0 <= n <= _LARGEST else None


def each(items: Sequence[object], parse: Callable[[object], Parsed]) -> Parsed:
    """Parse every item by itself; one that is Invalid is told and does not take the others with it."""
    mentions: list[Mention] = []
    accounts: list[Account] = []
    faults: list[tuple[str, Any]] = []
    for item in items:
        try:
            found = parse(item)
        except Invalid as error:
            faults.append((error.message, item))
        else:
            mentions += found[0]
            accounts += found[1]
            faults += found[2]
    return mentions, accounts, faults
