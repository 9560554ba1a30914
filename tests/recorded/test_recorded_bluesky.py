"""Recorded answers of Bluesky: every post in them becomes a fact, or a reject that says why."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import pytest

from connectors.bluesky.client import BlueskySource, open_source, pace
from connectors.bluesky.parse import latest_times, parse_post
from connectors.transport.envelopes import sealed
from connectors.transport.opening import Opening
from social_crm.domain.errors import Invalid
from social_crm.domain.mention import Kind
from tests.recorded.cassettes import Interaction, interactions, needs_recordings, walk

pytestmark = [pytest.mark.real_data, pytest.mark.slow, needs_recordings]

NOW = datetime(2026, 11, 1, tzinfo=UTC)
POST = "app.bsky.feed.post"
KINDS = {"app.bsky.feed.searchPosts": "posts", "app.bsky.feed.getPosts": "posts", "app.bsky.feed.getPostThread": "thread"}


def looks_like_a_post(value: dict[str, Any]) -> bool:
    """The address of a post, beside words with a time or beside the word that it cannot be shown; no bare reference."""
    said = [held for held in value.values() if isinstance(held, dict) and {"text", "createdAt"} <= held.keys()]
    withheld = any(value.get(name) is True for name in ("notFound", "blocked", "detached"))
    return f"/{POST}/" in str(value.get("uri")) and bool(said or withheld)


@pytest.fixture(scope="module")
def recorded() -> list[Interaction]:
    return list(interactions("bskyr"))


@pytest.fixture
def source() -> BlueskySource:
    return open_source(Opening(clock=lambda: NOW, pace=pace(lambda: NOW)))


def test_every_recorded_post_is_a_fact_or_a_counted_reject(
    recorded: list[Interaction], capsys: pytest.CaptureFixture[str]
) -> None:
    parsed, kinds = 0, Counter[Kind]()
    rejected, failed = Counter[str](), Counter[str]()
    for interaction in recorded:
        for value in filter(looks_like_a_post, walk(interaction.json())):
            try:
                mention, _ = parse_post(value, NOW)
            except Invalid as error:
                rejected[error.message] += 1
            except Exception as error:  # noqa: BLE001 - what the parser may not raise is what is counted here
                failed[f"{type(error).__name__} {error}"[:100]] += 1
            else:
                parsed += 1
                kinds[mention.kind] += 1
                assert mention.id == f"bluesky:{value['uri']}"
    with capsys.disabled():
        print(f"\nbskyr: parsed {parsed}, rejected {rejected.total()}, failed {failed.total()}")  # noqa: T201
        for reason, count in rejected.most_common():
            print(f"  rejected {count}: {reason}")  # noqa: T201
    assert not failed
    assert (parsed, rejected.total()) == (351, 6)
    assert {Kind.POST, Kind.REPLY, Kind.QUOTE} <= kinds.keys()
    assert all("nothing that was said" in reason for reason in rejected), "only what Bluesky itself says is gone"


def test_no_recorded_record_of_a_post_is_passed_over(recorded: list[Interaction]) -> None:
    for interaction in recorded:
        found = list(walk(interaction.json()))
        held = {id(part) for value in found if looks_like_a_post(value) for part in value.values()}
        assert not [value for value in found if value.get("$type") == POST and id(value) not in held]


def test_whole_recorded_answers_are_read_as_pages(recorded: list[Interaction], source: BlueskySource) -> None:
    read = Counter[str]()
    for interaction in recorded:
        kind, answer = KINDS.get(urlsplit(interaction.url).path.rpartition("/")[2]), interaction.json()
        if kind is None or interaction.status != 200:
            continue
        page = source.read(sealed(kind, interaction.body), NOW)
        posts = answer["posts"] if kind == "posts" else [answer["thread"]["post"]]
        assert [mention.id for mention in page.mentions] == [f"bluesky:{post['uri']}" for post in posts]
        assert {mention.author for mention in page.mentions} == {account.id for account in page.accounts}
        assert page.rejects == ()
        read[kind] += 1
    assert read == {"posts": 2, "thread": 1}


def test_the_recorded_search_is_sorted_within_the_bounds_that_walks_rest_on(recorded: list[Interaction]) -> None:
    """No post stands above the later of its two times: below the lowest of them, nothing is passed over."""
    (search,) = [one for one in recorded if "app.bsky.feed.searchPosts" in one.url and one.status == 200]
    answer = search.json()
    bounds = latest_times(answer)
    assert len(bounds) == len(answer["posts"]) == 25
    assert answer["cursor"] == "25", "it counts from the top"
    last = parse_post(answer["posts"][-1], NOW)[0].posted_at
    assert last <= min(bounds)


def test_recorded_limits_are_read_and_signing_in_has_a_ration_of_its_own(recorded: list[Interaction]) -> None:
    told = [one for one in recorded if "ratelimit-policy" in one.headers]
    policies = Counter(("createSession" in one.url, one.headers["ratelimit-policy"]) for one in told)
    assert policies[False, "3000;w=300"] > 100
    assert {policy for signing_in, policy in policies if not signing_in} == {"3000;w=300"}
    assert {policy for signing_in, policy in policies if signing_in} - {"3000;w=300"}
