"""The demo world keeps its word: its planted answers equal a recount by hand over the mentions that it tells."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from demo.source import DemoSource
from demo.world import World, build
from social_crm.domain.errors import Invalid, NotFound
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
    assert len(reposts) > 100
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


def test_nothing_is_said_before_or_after_what_the_source_vouches_for(world: World) -> None:
    assert {coverage.brand for coverage in world.coverage} == {brand.id for brand in world.brands}
    for coverage in world.coverage:
        assert all(coverage.start <= mention.posted_at < coverage.end for mention in world.mentions)
        assert coverage.end == datetime(2026, 1, 4, tzinfo=UTC)


def test_names_and_handles_are_invented_and_links_are_permitted(world: World) -> None:
    syllables = re.compile(r"[A-Z][aeiou](ba|do|fe|ki|lo|mu|na|ri|su|va|zo)(lix|mir|nol|rax|sen|tik|vor|wen|zam)")
    assert all(syllables.fullmatch(part) for person in world.people for part in person.name.split())
    handles = [handle for person in world.people for handle in person.accounts.values()]
    assert all(str(person.number) in handle for person in world.people for handle in person.accounts.values())
    assert len(set(handles)) == len(handles)
    assert {link.basis for link in world.links} <= {Basis.OPT_IN, Basis.GIVEN}


def test_a_source_tells_everything_out_of_order_and_some_of_it_twice(world: World) -> None:
    pages = list(DemoSource(world).pull("", None))
    told = [mention for page in pages for mention in page.mentions]
    assert set(told_keys(told)) == set(told_keys([*world.mentions, *world.versions, *world.noise]))
    assert len(told) > len(set(told_keys(told)))
    assert [one.posted_at for one in told] != sorted(one.posted_at for one in told)
    assert {account.id for page in pages for account in page.accounts} == {mention.author for mention in told}
    gone = {mention.id for mention in told if mention.deleted_at}
    assert gone
    assert {key for page in pages for key in page.brands} == gone
    assert (pages[-1].done, pages[-1].total) == (len(told), len(told))


def told_keys(mentions: list[Mention]) -> list[tuple[object, ...]]:
    return [(one.id, one.text, one.edited_at, one.deleted_at) for one in mentions]


def test_a_source_goes_on_where_its_cursor_stands(world: World) -> None:
    source = DemoSource(world, page_size=300)
    pages = list(source.pull("saltmoor", None))
    assert list(source.pull("saltmoor", pages[2].cursor)) == pages[3:]
    assert list(source.pull("saltmoor", pages[-1].cursor)) == []
    assert all("saltmoor" in world.about[mention.id] for page in pages for mention in page.mentions)


@pytest.mark.parametrize("cursor", ["-1", "x", "99999999", "²"])
def test_a_source_refuses_a_cursor_that_is_not_its_own(world: World, cursor: str) -> None:
    with pytest.raises(Invalid, match="cursor"):
        DemoSource(world).pull("", cursor)


def test_a_source_knows_no_other_brand(world: World) -> None:
    with pytest.raises(NotFound, match="acme"):
        DemoSource(world).pull("acme", None)


@pytest.mark.parametrize("wrong", [{"brands": 0}, {"brands": 4}, {"people": 0}, {"months": 0}])
def test_a_world_out_of_reach_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(Invalid, match="demo world"):
        build(**wrong)


def test_retention_is_what_one_meets_in_the_field(world: World) -> None:
    for truth in world.planted.values():
        returning = sum(row[1] for row in truth.recurring[:-1]) / sum(row[0] for row in truth.recurring[:-1])
        assert 0.2 < returning < 0.65
        assert min(row[0] for row in truth.recurring) >= 30
