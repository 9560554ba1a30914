"""The invented brands of the demo: zones, words, places, own accounts and staff; the rooms of the demo come in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from demo.places import account_of
from social_crm.domain.brand import Brand, WeekStart

if TYPE_CHECKING:
    from collections.abc import Mapping

HOUSE_FOLLOWERS = 20_000  # of a brand's own account or its staff
_HOUSE = 7_000_000  # where the numbers of the house begin: far above those of people


@dataclass(frozen=True, slots=True)
class Listing:
    """A brand, the ways that people write it, what is not about it, and the (account id, handle) pairs of its house.

    `words` hold the one word that every platform is searched for; `tags` need a platform that is searched for them too. The
    first own account is on x. `subreddit` and `video` are where people talk about the brand on Reddit and YouTube.
    `queries` are what its sources ask of each platform.
    """

    brand: Brand
    words: tuple[str, ...]
    tags: tuple[str, ...]
    noise: tuple[str, ...]
    own: tuple[tuple[str, str], ...]
    staff: tuple[tuple[str, str], ...]
    subreddit: str
    video: str
    queries: Mapping[str, str] = field(default_factory=dict)

    def address(self, platform: str) -> str | None:
        """The web address that says where a mention stands: in which subreddit, under which video."""
        if platform == "reddit":
            return f"https://www.reddit.com/r/{self.subreddit}/"
        return f"https://www.youtube.com/watch?v={self.video}" if platform == "youtube" else None


def _queries(word: str, tag: str, subreddit: str, video: str) -> Mapping[str, str]:
    return {
        "x": f"{word} OR {tag}",
        "reddit": f"posts:{subreddit}",
        "mastodon": f"tag:{word}",
        "bluesky": word,
        "youtube": f"video:{video}",
        "hackernews": word,
        "discourse": "latest",
    }


_LAMPIVO = Listing(
    Brand(
        id="lampivo",
        name="Lampivo",
        terms=("lampivo", "$LMPV", "#lampivolight"),
        handles={"x": ("Lampivo",), "mastodon": ("lampivo",), "bluesky": ("lampivo.bsky.social",)},
        competitors=("saltmoor",),
        staff=("x:9000001", "x:@Light_at_Lampivo"),
        time_zone="UTC",
    ),
    words=("Lampivo", "lampivo", "LAMPIVO"),
    tags=("$LMPV", "#LampivoLight"),
    noise=("Looking for a lamp, any lamp at all.", "No, not Lampivoland, that is an amusement park."),
    own=(
        account_of("x", _HOUSE, "Lampivo"),
        account_of("mastodon", _HOUSE, "lampivo"),
        account_of("bluesky", _HOUSE, "lampivo"),
    ),
    staff=(("x:9000001", "wick_and_wire"), ("x:9000002", "light_at_lampivo")),
    subreddit="lampivo",
    video="lampivo-film",
    queries=_queries("lampivo", "$LMPV", "lampivo", "lampivo-film"),
)

_SALTMOOR = Listing(
    Brand(
        id="saltmoor",
        name="Saltmoor Boots",
        terms=("saltmoor", "$SLTM", "#saltmoorboots"),
        exclusions=('"saltmoor lighthouse"',),
        handles={"x": ("SaltmoorBoots",), "youtube": ("SaltmoorBoots",)},
        competitors=("lampivo",),
        staff=("x:@Boots_at_Saltmoor", "reddit:t2_saltstaff"),
        time_zone="America/New_York",
        week_start=WeekStart.SUNDAY,
    ),
    words=("Saltmoor", "saltmoor", "Saltmoor boots"),
    tags=("$SLTM", "#SaltmoorBoots"),
    noise=("Sunset at the Saltmoor lighthouse, what a view.", "The Saltmoor Lighthouse is closed for repairs again."),
    own=(account_of("x", _HOUSE + 1, "SaltmoorBoots"), account_of("youtube", _HOUSE + 1, "SaltmoorBoots")),
    staff=(("x:9000003", "boots_at_saltmoor"), ("reddit:t2_saltstaff", "saltstaff")),
    subreddit="saltmoorboots",
    video="saltmoor-walk",
    queries=_queries("saltmoor", "$SLTM", "saltmoorboots", "saltmoor-walk"),
)

_KOFFENAU = Listing(
    Brand(
        id="koffenau",
        name="Koffenau",
        terms=("koffenau", '"koffe nau"', "#koffenau"),
        handles={"x": ("Koffenau",), "mastodon": ("koffenau",), "discourse": ("koffenau",)},
        staff=("mastodon:mastodon.example/9000004", "x:9000005"),
        time_zone="Europe/Berlin",
    ),
    words=("Koffenau", "koffenau", "#koffenau"),
    tags=("Koffe Nau", "koffe nau"),
    noise=("Coffee now, please.", "Kaffee, und zwar genau jetzt.", "Koffenaut, noun: somebody who lives on coffee."),
    own=(
        account_of("x", _HOUSE + 2, "Koffenau"),
        account_of("mastodon", _HOUSE + 2, "koffenau"),
        account_of("discourse", _HOUSE + 2, "koffenau"),
    ),
    staff=(("mastodon:mastodon.example/9000004", "roast_desk"), ("x:9000005", "beans_and_all")),
    subreddit="koffenau",
    video="koffenau-cup",
    queries=_queries("koffenau", "koffe nau", "koffenau", "koffenau-cup"),
)

CATALOGUE = (_LAMPIVO, _SALTMOOR, _KOFFENAU)
