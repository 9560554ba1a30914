"""Recorded answers of Mastodon: every status in them becomes a fact, or a reject that says why."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import pytest

from connectors.mastodon.answers import CONTEXT, NOTIFICATIONS, SEARCH, TIMELINE, numbers, parsers
from connectors.mastodon.fields import time_of
from connectors.mastodon.parse import parse_status
from social_crm.domain.clock import parse_time
from social_crm.domain.errors import Invalid
from social_crm.domain.mention import Kind, Mention
from tests.recorded.cassettes import Interaction, interactions, needs_recordings, walk

pytestmark = [pytest.mark.real_data, pytest.mark.slow, needs_recordings]

NOW = datetime(2026, 11, 1, tzinfo=UTC)
SERVER = "mastodon.example"
FORMS = {"content", "text", "spoiler_text", "visibility"}


def looks_like_a_status(value: dict[str, Any]) -> bool:
    """Somebody's account, and at least two of the fields that only what somebody wrote has."""
    return isinstance(value.get("account"), dict) and len(FORMS & value.keys()) >= 2


@pytest.fixture(scope="module")
def recorded() -> list[Interaction]:
    return list(interactions("mastodon_py"))


def test_every_recorded_status_is_a_fact_or_a_counted_reject(
    recorded: list[Interaction], capsys: pytest.CaptureFixture[str]
) -> None:
    parsed, rejected, failed = 0, Counter[str](), Counter[str]()
    kinds = Counter[Kind]()
    for interaction in recorded:
        for value in filter(looks_like_a_status, walk(interaction.json())):
            try:
                mention, accounts = parse_status(value, SERVER, NOW)
            except Invalid as error:
                rejected[error.message] += 1
            except Exception as error:  # noqa: BLE001 - what the parser may not raise is what is counted here
                failed[f"{type(error).__name__} {error}"[:100]] += 1
            else:
                assert mention.author in {account.id for account in accounts}
                parsed += 1
                kinds[mention.kind] += 1
    with capsys.disabled():
        print(f"\nMastodon.py: parsed {parsed}, rejected {rejected.total()}, failed {failed.total()}")  # noqa: T201
        for reason, count in rejected.most_common():
            print(f"  rejected {count}: {reason}")  # noqa: T201
    assert not failed
    assert parsed + rejected.total() > 700
    assert parsed > 650
    assert {Kind.POST, Kind.REPLY, Kind.REPOST, Kind.QUOTE} <= kinds.keys()
    assert all("public" in reason or "an id" in reason or "who may read" in reason for reason in rejected)


def kind_of(interaction: Interaction) -> str | None:
    path, answer = urlsplit(interaction.url).path.rstrip("/"), interaction.json()
    if path.startswith("/api/v1/timelines/") and isinstance(answer, list):
        return TIMELINE
    if path == "/api/v1/notifications" and isinstance(answer, list):
        return NOTIFICATIONS
    if path == "/api/v2/search" and interaction.status == 200:
        return SEARCH
    return CONTEXT if path.endswith("/context") and interaction.status == 200 else None


def test_whole_recorded_answers_are_read_as_their_statuses_are(recorded: list[Interaction]) -> None:
    read, items = Counter[str](), 0
    for interaction in recorded:
        kind = kind_of(interaction)
        if kind is None:
            continue
        answer = interaction.json()
        whole = {"of": "mastodon:mastodon.example/1", "context": answer} if kind == CONTEXT else answer
        mentions, _, faults = parsers(SERVER)[kind](whole, NOW)
        expected = answer["statuses"] if kind == SEARCH else answer
        count = len(answer["ancestors"]) + len(answer["descendants"]) if kind == CONTEXT else len(expected)
        assert len(mentions) + len(faults) == count
        items += count
        read[kind] += 1
        if kind in {TIMELINE, NOTIFICATIONS}:
            assert_newest_first(kind, answer, mentions)
    assert {TIMELINE, NOTIFICATIONS, SEARCH, CONTEXT} <= read.keys()
    assert items > 100


def assert_newest_first(kind: str, answer: Any, mentions: Any) -> None:
    """A page is sorted by number, and the number of a status tells when it came: the climb rests on both."""
    found = [number for number, _ in numbers(kind, answer)]
    assert found == sorted(found, reverse=True)
    assert all(isinstance(mention, Mention) for mention in mentions)


def test_the_number_of_a_recorded_status_tells_when_the_server_got_it(recorded: list[Interaction]) -> None:
    """What the overlap rests on: numbers are snowflakes."""
    late = [
        abs((time_of(int(value["id"])) - parse_time(value["created_at"])).total_seconds())
        for interaction in recorded
        for value in filter(looks_like_a_status, walk(interaction.json()))
        if "visibility" in value and "@" not in value["account"]["acct"] and "localhost" in interaction.url
    ]
    assert len(late) > 500
    assert sorted(late)[len(late) * 95 // 100] < 2
