"""How the seven platforms write accounts and mentions, and how people answer there; the rooms of the demo come in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from social_crm.domain.mention import Kind

SERVER, FORUM = "mastodon.example", "forum.example"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_X_EPOCH = datetime(2010, 11, 4, 1, 42, 54, 657_000, tzinfo=UTC)
_ALPHABET = "234567abcdefghijklmnopqrstuvwxyz"  # of Bluesky's identifiers, in their order


@dataclass(frozen=True, slots=True)
class Custom:
    """How people speak on a platform: what stands alone there, what answers, and how often they rather answer.

    `weight` is how likely somebody has an account there. `flat` threads have two levels, `told` platforms name the language
    of what is said, `tagged` ones are searched for tags and cashtags too.
    """

    weight: int
    answering: float
    answers: tuple[Kind, ...]
    opening: Kind = Kind.POST
    flat: bool = False
    told: bool = False
    tagged: bool = False


CUSTOMS = {
    "x": Custom(6, 0.5, (Kind.REPLY, Kind.REPLY, Kind.QUOTE), told=True, tagged=True),
    "reddit": Custom(3, 0.8, (Kind.COMMENT,)),
    "mastodon": Custom(2, 0.2, (Kind.REPLY,), told=True),
    "bluesky": Custom(3, 0.2, (Kind.REPLY, Kind.REPLY, Kind.QUOTE), told=True),
    "youtube": Custom(5, 0.4, (Kind.REPLY,), Kind.COMMENT, flat=True),
    "hackernews": Custom(1, 0.9, (Kind.COMMENT,)),
    "discourse": Custom(2, 0.9, (Kind.REPLY,), tagged=True),
}
PLATFORMS = tuple(CUSTOMS)


def account_of(platform: str, number: int, handle: str) -> tuple[str, str]:
    """The id of an account in its platform's style, and the handle as it may be written there."""
    plain = handle.replace(".", "_")
    if platform == "bluesky":
        plain = f"{plain.replace('_', '-').lower()}.bsky.social"
    if platform == "discourse":
        plain = plain.lower()
    native = {
        "x": f"{1_000_000 + number}",
        "reddit": f"t2_{number + 46_656:x}",
        "mastodon": f"{SERVER}/{1_000_000 + number}",
        "bluesky": f"did:plc:{_spelled(number, 24)}",
        "youtube": f"UC{number:022}",
        "hackernews": plain,
        "discourse": f"{FORUM}/{plain}",
    }[platform]
    return f"{platform}:{native}", plain


def mention_id(platform: str, number: int, at: datetime, author: str, kind: Kind, *, noise: bool = False) -> str:
    """The id of a mention that opens a thread, or of one that may stand in any: rising with time where numbers must.

    Numbers of mentions rise with time; those of noise have their own row of ids.
    """
    row = 2 * number + noise
    plain = (9 if noise else 5) * 100_000_000 + number
    native = {
        "x": f"{_milliseconds(at, _X_EPOCH) << 22 | row % 2**22}",
        "reddit": f"{'t1' if kind is Kind.COMMENT else 't3'}_{plain:x}",
        "mastodon": f"{SERVER}/{_milliseconds(at, _EPOCH) << 16 | row % 2**16}",
        "bluesky": f"at://{author.partition(':')[2]}/app.bsky.feed.post/{_spelled(_ticks(at, row), 13)}",
        "youtube": f"Ugz{plain:015}4AaABAg",
        "hackernews": f"{plain}",
        "discourse": f"{FORUM}/{plain}/1",
    }[platform]
    return f"{platform}:{native}"


def answer_id(own: str, thread: str, place: int) -> str:
    """The id of an answer, where it tells in which thread it stands: `place` counts the mentions of the thread."""
    platform = own.partition(":")[0]
    if platform == "discourse":
        return f"{thread.rpartition('/')[0]}/{place}"
    if platform == "youtube":
        return f"{thread}.{own.removeprefix('youtube:')}"
    return own


def _ticks(at: datetime, row: int) -> int:
    """Millionths of a second, in which the row tells apart what was said in the same second, and ten bits of a clock."""
    return ((at - _EPOCH) // timedelta(microseconds=1) + row % 1_000_000) << 10


def _milliseconds(at: datetime, since: datetime) -> int:
    return (at - since) // timedelta(milliseconds=1)


def _spelled(number: int, length: int) -> str:
    digits = ""
    for _ in range(length):
        digits, number = _ALPHABET[number % 32] + digits, number // 32
    return digits
