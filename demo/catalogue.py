"""The invented brands of the demo, with their zones, words, own accounts and staff; the rooms of the demo come in."""

from __future__ import annotations

from dataclasses import dataclass

from social_crm.domain.brand import Brand, WeekStart

HOUSE_FOLLOWERS = 20_000  # of a brand's own account or its staff


@dataclass(frozen=True, slots=True)
class Listing:
    """A brand, the ways that people write it, what is not about it, and the (account id, handle) pairs of its house.

    `words` work on every platform, `tags` where people use tags. The first own account is on x, the second on mastodon.
    """

    brand: Brand
    words: tuple[str, ...]
    tags: tuple[str, ...]
    noise: tuple[str, ...]
    own: tuple[tuple[str, str], ...]
    staff: tuple[tuple[str, str], ...]


_LAMPIVO = Listing(
    Brand(
        id="lampivo",
        name="Lampivo",
        terms=("lampivo", "$LMPV", "#lampivolight"),
        handles={"x": ("Lampivo",), "mastodon": ("lampivo",)},
        competitors=("saltmoor",),
        staff=("x:7100001", "x:@Light_at_Lampivo"),
        time_zone="UTC",
    ),
    words=("Lampivo", "lampivo", "LAMPIVO"),
    tags=("$LMPV", "#LampivoLight"),
    noise=("Looking for a lamp, any lamp at all.",),
    own=(("x:7000001", "Lampivo"), ("mastodon:7000001", "lampivo")),
    staff=(("x:7100001", "wick_and_wire"), ("x:7100002", "light_at_lampivo")),
)

_SALTMOOR = Listing(
    Brand(
        id="saltmoor",
        name="Saltmoor Boots",
        terms=("saltmoor", "$SLTM", "#saltmoorboots"),
        exclusions=('"saltmoor lighthouse"',),
        handles={"x": ("SaltmoorBoots",)},
        competitors=("lampivo",),
        staff=("x:@Boots_at_Saltmoor", "reddit:t2_saltstaff"),
        time_zone="America/New_York",
        week_start=WeekStart.SUNDAY,
    ),
    words=("Saltmoor", "saltmoor", "Saltmoor boots"),
    tags=("$SLTM", "#SaltmoorBoots"),
    noise=("Sunset at the Saltmoor lighthouse, what a view.", "The Saltmoor Lighthouse is closed for repairs again."),
    own=(("x:7000002", "SaltmoorBoots"),),
    staff=(("x:7100003", "boots_at_saltmoor"), ("reddit:t2_saltstaff", "saltstaff")),
)

_KOFFENAU = Listing(
    Brand(
        id="koffenau",
        name="Koffenau",
        terms=("koffenau", '"koffe nau"', "#koffenau"),
        handles={"x": ("Koffenau",), "mastodon": ("koffenau",)},
        staff=("mastodon:7100004", "x:7100005"),
        time_zone="Europe/Berlin",
    ),
    words=("Koffenau", "koffenau", "Koffe Nau"),
    tags=("#koffenau", "#Koffenau"),
    noise=("Coffee now, please.", "Kaffee, und zwar genau jetzt."),
    own=(("x:7000003", "Koffenau"), ("mastodon:7000003", "koffenau")),
    staff=(("mastodon:7100004", "roast_desk"), ("x:7100005", "beans_and_all")),
)

CATALOGUE = (_LAMPIVO, _SALTMOOR, _KOFFENAU)
