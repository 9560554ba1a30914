"""The demo world: invented brands and people, a year of mentions and the answers planted in them; the doors come in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from random import Random
from typing import TYPE_CHECKING

from demo.catalogue import CATALOGUE, HOUSE_FOLLOWERS
from demo.places import CUSTOMS, mention_id
from demo.plan import draw_people, draw_plan
from demo.planted import read_off
from demo.telling import Teller
from demo.turns import Calendar, draw_turns
from social_crm.domain.account import Account
from social_crm.domain.errors import Invalid
from social_crm.domain.link import Basis, Link
from social_crm.domain.mention import Mention
from social_crm.domain.span import Span

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from demo.catalogue import Listing
    from demo.plan import Person
    from demo.planted import Planted
    from demo.telling import Told
    from social_crm.domain.brand import Brand

_BEGUN = timedelta(days=3)  # how much of the month after the last complete one is covered: more than the settle lag


@dataclass(frozen=True, slots=True)
class World:
    """A world that knows its own answers; all times are in UTC.

    `mentions` holds each mention as it is now, `versions` what was told of those that were edited or deleted since, `noise`
    what looks like a brand and is about none. `about` maps a mention id to its brands. `links` also holds wrong ones that
    were retracted: those must not join anybody. In `span` something is said; `months` are the first days of the complete
    months. `listings` tell where and how people talk about the brands.
    """

    seed: int
    listings: tuple[Listing, ...]
    people: tuple[Person, ...]
    accounts: tuple[Account, ...]
    links: tuple[Link, ...]
    mentions: tuple[Mention, ...]
    versions: tuple[Mention, ...]
    noise: tuple[Mention, ...]
    about: Mapping[str, tuple[str, ...]]
    span: Span
    months: tuple[date, ...]
    planted: Planted

    @property
    def brands(self) -> tuple[Brand, ...]:
        """The brands that are spoken about."""
        return tuple(listing.brand for listing in self.listings)


def build(seed: int = 7, brands: int = 3, people: int = 600, months: int = 12, ending: date = date(2026, 1, 1)) -> World:
    """Build the world of a seed: the same arguments give the same world.

    It spans `months` whole months up to the month of `ending`, and the first three days of that one. Raises Invalid when a
    number is out of reach.
    """
    if not 1 <= brands <= len(CATALOGUE) or people < 1 or months < 1:
        raise Invalid(f"a demo world has 1 to {len(CATALOGUE)} brands, at least 1 person and at least 1 month")
    random = Random(seed)  # noqa: S311 - a world to be told again, not a secret
    listings = CATALOGUE[:brands]
    calendar = _calendar(months, ending)
    crowd = draw_people(random, people)
    plan = draw_plan(random, tuple(listing.brand.id for listing in listings), crowd, months)
    turns = draw_turns(random, listings, crowd, plan, calendar)
    told = Teller(random, _handles(listings, crowd)).tell(turns)
    start = datetime.combine(calendar.firsts[0], time(0), UTC) - timedelta(days=1)
    return World(
        seed=seed,
        listings=listings,
        people=crowd,
        accounts=tuple(_accounts(listings, crowd, start)),
        links=tuple(_links(random, crowd, start)),
        mentions=tuple(one.last for one in told),
        versions=tuple(one.first for one in told if one.first != one.last),
        noise=tuple(_noise(random, listings, crowd, told)),
        about={one.first.id: one.brands for one in told},
        span=Span(start, calendar.until),
        months=calendar.firsts[:months],
        planted=read_off(plan, months),
    )


def _calendar(months: int, ending: date) -> Calendar:
    last = ending.year * 12 + ending.month - 1
    firsts = tuple(date(month // 12, month % 12 + 1, 1) for month in range(last - months, last + 2))
    return Calendar(firsts, datetime.combine(firsts[months], time(0), UTC) + _BEGUN)


def _handles(listings: Sequence[Listing], people: Sequence[Person]) -> dict[str, str]:
    house = {account: handle for listing in listings for account, handle in (*listing.own, *listing.staff)}
    return house | {account: handle for person in people for account, handle in person.accounts.items()}


def _accounts(listings: Sequence[Listing], people: Sequence[Person], seen: datetime) -> Iterator[Account]:
    for listing in listings:
        for account, handle in (*listing.own, *listing.staff):
            yield Account(account, handle, seen, listing.brand.name, HOUSE_FOLLOWERS)
    for person in people:
        for account, handle in person.accounts.items():
            yield Account(account, handle, seen, person.name, person.followers)


def _links(random: Random, people: Sequence[Person], start: datetime) -> Iterator[Link]:
    """A chain through each person's accounts, or each account to the CRM's customer; and some that were a mistake."""
    for person in people:
        accounts = list(person.accounts)
        pairs = list(pairwise(accounts))
        if person.customer is not None:
            pairs = [(account, person.customer) for account in accounts]
        for place, (left, right) in enumerate(pairs):
            basis = random.choice((Basis.OPT_IN, Basis.GIVEN))
            yield Link(f"link_demo_{person.number}_{place}", left, right, basis, "demo", start)
    for one, two in zip(people[::40], people[1::40], strict=False):
        pair = next(iter(one.accounts)), next(iter(two.accounts))
        yield Link(f"link_demo_wrong_{one.number}", *pair, Basis.GIVEN, "demo", start, start + timedelta(days=90))


def _noise(
    random: Random, listings: Sequence[Listing], people: Sequence[Person], told: Sequence[Told]
) -> Iterator[Mention]:
    """People also say what only looks like a brand, mostly in months in which they are silent about it."""
    for number in range(len(told) // 100):
        account = random.choice(list(random.choice(people).accounts))
        at, listing = random.choice(told).first.posted_at, random.choice(listings)
        platform = account.partition(":")[0]
        kind = CUSTOMS[platform].opening
        yield Mention(
            id=mention_id(platform, number, at, account, kind, noise=True),
            author=account,
            posted_at=at,
            collected_at=at + timedelta(minutes=5),
            text=random.choice(listing.noise),
            kind=kind,
            url=listing.address(platform),
        )
