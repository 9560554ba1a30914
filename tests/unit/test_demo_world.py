"""The demo world keeps its word: its planted answers equal a recount by hand over the mentions that it tells."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from demo import changes
from demo.places import CUSTOMS, PLATFORMS
from demo.town import Town
from demo.world import World, build
from social_crm.domain.errors import Invalid
from social_crm.domain.link import Basis, Link
from social_crm.domain.mention import Kind, Mention
from social_crm.domain.recognition import Recogniser

if TYPE_CHECKING:
    from social_crm.domain.brand import Brand

# A recount that shares nothing with the plan: words, zones, links and sets only.


def about(text: str, brand: Brand) -> bool:
    words = [term.strip('"') for term in brand.terms] + [f"@{name}" for names in brand.handles.values() for name in names]
    ruled_out = any(term.strip('"').lower() in text.lower() for term in brand.exclusions)
    return not ruled_out and any(re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text, re.IGNORECASE) for word in words)


def outsiders(world: World, brand: Brand) -> set[str]:
    own = set(brand.own_accounts)
    return {a.id for a in world.accounts if a.id not in own and f"{a.platform}:@{a.handle.lower()}" not in own}


def persons(links: tuple[Link, ...]) -> dict[str, str]:
    """Join what is linked, by painting until nothing changes."""
    colour = {end: end for link in links for end in (link.left, link.right)}
    changed = True
    while changed:
        changed = False
        for link in links:
            low = min(colour[link.left], colour[link.right])
            if (colour[link.left], colour[link.right]) != (low, low):
                colour[link.left] = colour[link.right] = low
                changed = True
    return colour


def recount(world: World, brand: Brand, links: tuple[Link, ...], zone: str | None = None) -> dict[str, set[int]]:
    """The complete months in which each person said something about a brand that is still there and is not a repost."""
    who, people = outsiders(world, brand), persons(links)
    active: dict[str, set[int]] = {}
    for mention in world.mentions:
        if mention.author not in who or mention.deleted_at or mention.kind is Kind.REPOST or not about(mention.text, brand):
            continue
        local = mention.posted_at.astimezone(ZoneInfo(zone or brand.time_zone))
        month = (local.year - world.months[0].year) * 12 + local.month - world.months[0].month
        if month < len(world.months):
            active.setdefault(people.get(mention.author, mention.author), set()).add(month)
    return active


def recurring(active: dict[str, set[int]], months: int) -> tuple[tuple[int, ...], ...]:
    at = [{person for person, when in active.items() if month in when} for month in range(months)]
    return tuple(tuple(len(at[cohort] & at[month]) for month in range(cohort, months)) for cohort in range(months))


def first_time(active: dict[str, set[int]], months: int) -> tuple[tuple[int, ...], ...]:
    born = [{person for person, when in active.items() if min(when) == month} for month in range(months)]
    at = [{person for person, when in active.items() if month in when} for month in range(months)]
    return tuple(tuple(len(born[cohort] & at[month]) for month in range(cohort, months)) for cohort in range(months))


def active_links(world: World) -> tuple[Link, ...]:
    return tuple(link for link in world.links if link.retracted_at is None)


@pytest.fixture(scope="module")
def world() -> World:
    return build()


def test_the_same_seed_tells_the_same_world(world: World) -> None:
    assert build() == world


def test_another_seed_tells_another_world(world: World) -> None:
    other = build(seed=8)
    assert other.mentions != world.mentions
    assert other.planted != world.planted


@pytest.mark.parametrize(
    ("seed", "people", "months", "ending"),
    [
        (7, 600, 12, date(2026, 1, 1)),
        (1, 200, 3, date(2025, 4, 1)),
        (2, 90, 14, date(2025, 11, 30)),
        (3, 1, 1, date(2025, 12, 1)),
    ],
)
def test_planted_answers_equal_a_recount_by_hand(seed: int, people: int, months: int, ending: date) -> None:
    world = build(seed, 3, people, months, ending)
    assert len(world.months) == months
    for brand in world.brands:
        active, truth = recount(world, brand, active_links(world)), world.planted[brand.id]
        assert truth.recurring == recurring(active, months)
        assert truth.first_time == first_time(active, months)
        assert truth.people == len(active)


def test_links_zones_retractions_exclusions_and_deletions_all_bite(world: World) -> None:
    months = len(world.months)
    for brand in world.brands:
        truth = world.planted[brand.id].recurring
        assert recurring(recount(world, brand, ()), months) != truth
        assert recurring(recount(world, brand, world.links), months) != truth
        elsewhere = "Asia/Tokyo" if brand.time_zone == "UTC" else "UTC"
        assert recurring(recount(world, brand, active_links(world), elsewhere), months) != truth
    original = {version.id: version for version in world.versions}
    undeleted = [original[one.id] if one.deleted_at else one for one in world.mentions]
    saltmoor = world.brands[1]
    truth = world.planted[saltmoor.id].recurring
    assert recurring(recount(_with(world, undeleted), saltmoor, active_links(world)), months) != truth
    noisy = _with(world, [*world.mentions, *world.noise])
    assert recurring(recount(noisy, saltmoor, active_links(world)), months) == truth
    assert recurring(recount(noisy, replace(saltmoor, exclusions=()), active_links(world)), months) != truth


def _with(world: World, mentions: list[Mention]) -> World:
    return replace(world, mentions=tuple(mentions))


def test_counting_reposts_too_changes_nothing(world: World) -> None:
    reposts = [one for one in world.mentions if one.kind is Kind.REPOST]
    assert len(reposts) > 50
    counted = [replace(one, kind=Kind.POST) for one in world.mentions]
    for brand in world.brands:
        assert (
            recurring(recount(_with(world, counted), brand, active_links(world)), 12) == world.planted[brand.id].recurring
        )


def test_everything_said_is_recognisable_and_the_noise_is_not(world: World) -> None:
    for mention in (*world.mentions, *world.versions):
        if mention.deleted_at is None:
            found = tuple(brand.id for brand in world.brands if about(mention.text, brand))
            assert found == tuple(brand.id for brand in world.brands if brand.id in world.about[mention.id]), mention
    recogniser = Recogniser(world.brands)
    for mention in world.mentions:
        if mention.deleted_at is None:
            assert recogniser.brands_of(mention.text, mention.platform) == world.about[mention.id], mention
    assert world.noise
    assert not any(recogniser.brands_of(one.text, one.platform) for one in world.noise)
    assert not any(about(one.text, brand) for one in world.noise for brand in world.brands)


def test_the_house_of_a_brand_speaks_and_is_nobody(world: World) -> None:
    crowd = {account for person in world.people for account in person.accounts}
    for brand in world.brands:
        house = {account.id for account in world.accounts} - outsiders(world, brand)
        assert len(house) == len(brand.own_accounts)
        assert house <= {mention.author for mention in world.mentions}
        assert not house & crowd


def test_ids_are_unique_and_every_thread_is_whole(world: World) -> None:
    known = {mention.id: mention for mention in (*world.mentions, *world.noise)}
    assert len(known) == len(world.mentions) + len(world.noise)
    answers = [mention for mention in world.mentions if mention.parent]
    assert {mention.kind for mention in answers} == {Kind.REPLY, Kind.COMMENT, Kind.QUOTE, Kind.REPOST}
    for mention in answers:
        parent = known[mention.parent or ""]
        assert parent.posted_at <= mention.posted_at
        assert mention.thread == (parent.thread or parent.id)
        assert parent.author in {account for _, account in mention.addressed}
        assert mention.platform == parent.platform


def test_nothing_is_said_before_or_after_the_span_of_the_world(world: World) -> None:
    assert all(world.span.start <= mention.posted_at < world.span.end for mention in world.mentions)
    assert world.span.end == datetime(2026, 1, 4, tzinfo=UTC)


def test_people_speak_on_all_platforms_as_one_does_there(world: World) -> None:
    assert {mention.platform for mention in world.mentions} == set(PLATFORMS)
    known = {mention.id: mention for mention in world.mentions}
    for mention in world.mentions:
        custom = CUSTOMS[mention.platform]
        alone = mention.parent is None
        assert mention.kind in ((custom.opening,) if alone else (*custom.answers, Kind.REPOST))
        if custom.flat and not alone:
            assert known[mention.parent or ""].parent is None


def test_numbers_of_mentions_rise_with_time_where_platforms_sort_by_them(world: World) -> None:
    for platform, number in {
        "x": lambda own: int(own.partition(":")[2]),
        "mastodon": lambda own: int(own.rpartition("/")[2]),
        "bluesky": lambda own: own.rpartition("/")[2],
        "hackernews": lambda own: int(own.partition(":")[2]),
    }.items():
        told = [mention for mention in world.mentions if mention.platform == platform]
        assert sorted(told, key=lambda one: (one.posted_at, number(one.id))) == sorted(told, key=lambda one: number(one.id))


def test_mentions_change_after_anybody_could_have_collected_them_and_before_the_last_look(world: World) -> None:
    first = {version.id: version for version in world.versions}
    changed = [mention for mention in world.mentions if mention.id in first]
    assert {mention.platform for mention in changed if mention.deleted_at} == set(PLATFORMS)
    for mention in changed:
        at = mention.deleted_at or mention.edited_at
        assert at is not None
        if mention.platform == "x" and mention.edited_at:
            assert at - mention.posted_at <= timedelta(minutes=30)
            continue
        step, looked = changes.STEPS[mention.platform], changes.LOOKED_AGAIN[mention.platform]
        assert timedelta(days=step) + changes.RETRY < at - mention.posted_at < timedelta(days=looked - step) - changes.RETRY


def test_no_step_of_a_town_is_longer_than_what_changes_were_drawn_for(world: World) -> None:
    days = Town(world).days()
    for platform in PLATFORMS:
        due = [day for day in days if day.day in changes.DAYS[platform]]
        assert max(late - early for early, late in pairwise(due)).days <= changes.STEPS[platform]
    assert changes.STEPS["x"] < 7, "X's search reaches back seven days"
    assert days[-1] - world.span.end >= timedelta(days=max(changes.STEPS.values()))


def test_a_town_tells_everything_on_its_shelves(world: World) -> None:
    told = {own for server in Town(world).servers.values() for own in server.platform.shelf.ids()}
    assert told == {mention.id for mention in (*world.mentions, *world.noise)}


def test_names_and_handles_are_invented_and_links_are_permitted(world: World) -> None:
    syllables = re.compile(r"[A-Z][aeiou](ba|do|fe|ki|lo|mu|na|ri|su|va|zo)(lix|mir|nol|rax|sen|tik|vor|wen|zam)")
    assert all(syllables.fullmatch(part) for person in world.people for part in person.name.split())
    handles = [handle for person in world.people for handle in person.accounts.values()]
    assert all(str(person.number) in handle for person in world.people for handle in person.accounts.values())
    assert len(set(handles)) == len(handles)
    assert {link.basis for link in world.links} <= {Basis.OPT_IN, Basis.GIVEN}


@pytest.mark.parametrize("wrong", [{"brands": 0}, {"brands": 4}, {"people": 0}, {"months": 0}])
def test_a_world_out_of_reach_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(Invalid, match="demo world"):
        build(**wrong)


def test_retention_is_what_one_meets_in_the_field(world: World) -> None:
    for truth in world.planted.values():
        returning = sum(row[1] for row in truth.recurring[:-1]) / sum(row[0] for row in truth.recurring[:-1])
        assert 0.2 < returning < 0.65
        assert min(row[0] for row in truth.recurring) >= 30
