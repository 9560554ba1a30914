"""Setting sources up, pausing them, and asking what is known of each."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from social_crm.domain.coverage import Coverage, Seen, Why
from social_crm.domain.errors import Conflict, Invalid, NotFound, Stale
from social_crm.domain.source import Progress, SourceSetup, SourceState, Spend, Step
from social_crm.domain.span import Span
from social_crm.services import sources
from social_crm.services.sealing import Sealer, new_key
from social_crm.storage import open_store
from tests.builders import NOON, a_brand

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from social_crm.ports import Store

SEALER = Sealer([new_key()])
KEYS = {"client_id": "abc", "client_secret": "not-for-anyone"}
HOUR = timedelta(hours=1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(open_store(f"sqlite:///{tmp_path}/store.db")) as opened:
        opened.brands.put(a_brand())
        yield opened


def reddit(**changes) -> SourceSetup:
    return SourceSetup(**{"id": "acme-reddit", "platform": "reddit", "brand": "acme", "query": "search:acme", **changes})


def put(store: Store, setup: SourceSetup | None = None, credentials: dict | None = KEYS, **how) -> SourceSetup:
    return sources.put(store, setup or reddit(), credentials, SEALER, **how)


def test_a_source_is_stored_with_its_credentials_sealed(store: Store, tmp_path: Path):
    stored = put(store)
    assert sources.get(store, "acme-reddit").setup == stored
    assert SEALER.open(stored.sealed) == KEYS
    assert "not-for-anyone" not in repr(stored)
    assert not [file for file in tmp_path.iterdir() if b"not-for-anyone" in file.read_bytes()]


def test_a_source_that_has_never_run_stands_at_the_beginning(store: Store):
    put(store)
    assert [one.progress for one in sources.list_all(store)] == [Progress("acme-reddit")]


def test_an_edit_without_credentials_keeps_those_that_are_there(store: Store):
    first = put(store)
    second = put(store, reddit(query="search:acme bikes"), None)
    assert (second.version, SEALER.open(second.sealed)) == (first.version + 1, KEYS)


def test_another_platform_server_or_brand_is_another_source(store: Store):
    first = put(store)
    store.brands.put(a_brand("zenith"))
    put(store, reddit(id="forum", platform="discourse", query="latest", options={"instance": "https://f.example"}), {})
    elsewhere = {"instance": "https://g.example"}
    for changed, credentials in (
        (reddit(platform="x", query="acme"), {"bearer_token": "abc"}),
        (reddit(id="forum", platform="discourse", query="latest", options=elsewhere), {}),
        (reddit(brand="zenith"), KEYS),
    ):
        with pytest.raises(Conflict, match="add it under another id"):
            put(store, changed, credentials)
    assert sources.get(store, "acme-reddit").setup == first


def test_credentials_do_not_follow_a_source_to_another_address(store: Store):
    put(store)
    moved = reddit(options={"base_url": "https://oauth.reddit.com"})
    with pytest.raises(Invalid, match="give its credentials again"):
        put(store, moved, None)
    assert put(store, moved).version == 2


def test_credentials_are_sealed_anew_under_a_new_key_and_the_old_one_can_go(store: Store):
    put(store)
    put(store, reddit(id="forum", platform="discourse", query="latest", options={"instance": "https://f.example"}), {})
    new, old = new_key(), new_key()
    sources.put(store, reddit(id="other"), KEYS, Sealer([old]))
    with pytest.raises(Invalid, match="not here"):
        sources.seal_anew(store, Sealer([new, old]))
    assert sources.get(store, "other").setup.version == 1, "all of them, or none"
    sources.put(store, reddit(), KEYS, Sealer([old]))
    assert sources.seal_anew(store, Sealer([new, old])) == 2
    assert [Sealer([new]).open(one.setup.sealed) for one in sources.list_all(store)] == [KEYS, {}, KEYS]


def test_a_new_source_needs_its_credentials(store: Store):
    for credentials in (None, {}, {"client_id": "abc", "client_secret": ""}):
        with pytest.raises(Invalid, match="client_secret"):
            put(store, None, credentials)
    assert sources.list_all(store) == ()


def test_a_credential_that_the_platform_does_not_know_is_refused_and_not_repeated(store: Store):
    with pytest.raises(Invalid, match="that Reddit does not have: it takes client_id") as caught:
        put(store, None, {**KEYS, "api_key": "hush"})
    assert "hush" not in caught.value.message


def test_a_brand_must_be_there(store: Store):
    with pytest.raises(NotFound):
        put(store, reddit(brand="zenith"))


def test_a_schedule_must_be_one(store: Store):
    with pytest.raises(Invalid, match="cron"):
        put(store, reddit(schedule="every day"))


def test_a_source_is_not_put_over_another_by_mistake(store: Store):
    first = put(store, expect=0)
    with pytest.raises(Conflict):
        put(store, expect=0)
    put(store, expect=first.version)
    with pytest.raises(Stale):
        put(store, expect=first.version)


@pytest.mark.parametrize(
    "setup",
    [
        reddit(options={"base_url": "http://127.0.0.1:8000"}),
        reddit(platform="mastodon", query="tag:acme", options={"instance": "http://localhost:8000"}),
        reddit(platform="feeds", query="http://[::1]:8000/feed"),
    ],
    ids=["base_url", "instance", "query"],
)
def test_a_source_speaks_to_this_machine_only_where_that_is_allowed(store: Store, setup: SourceSetup):
    credentials = KEYS if setup.platform == "reddit" else {}
    with pytest.raises(Invalid, match="SOCIAL_CRM_LOOPBACK_SOURCES=1"):
        put(store, setup, credentials)
    assert put(store, setup, credentials, loopback=True).version == 1


def test_pausing_and_resuming_are_edits_and_doing_them_twice_is_none(store: Store):
    put(store)
    paused = sources.pause(store, "acme-reddit", "holidays")
    assert (paused.state, paused.reason, paused.version) == (SourceState.PAUSED, "holidays", 2)
    assert sources.pause(store, "acme-reddit", "holidays") == paused
    resumed = sources.resume(store, "acme-reddit")
    assert (resumed.state, resumed.reason, resumed.version) == (SourceState.ACTIVE, "", 3)
    assert resumed.sealed == paused.sealed


def test_a_source_that_was_edited_meanwhile_is_not_paused(store: Store):
    read = put(store)
    put(store, reddit(query="inbox"))
    for turn in (lambda: sources.pause(store, read.id, "x", read.version), lambda: sources.resume(store, read.id, 1)):
        with pytest.raises(Stale):
            turn()


def test_what_is_not_there_is_not_found(store: Store):
    span = Span(NOON, NOON + HOUR)
    for ask in (
        lambda: sources.get(store, "none"),
        lambda: sources.pause(store, "none", ""),
        lambda: sources.resume(store, "none"),
        lambda: sources.coverage(store, "none", span),
        lambda: sources.spend(store, "none", NOON.date()),
    ):
        with pytest.raises(NotFound):
            ask()


def noted(start: int, end: int, query: str = "search:acme", seen: Seen = Seen.COVERED) -> Coverage:
    why = Why.OUTAGE if seen is Seen.MISSED else ""
    own = f"{query}{start}{seen}"
    return Coverage(own, "acme-reddit", "acme", NOON + start * HOUR, NOON + end * HOUR, query, seen, why)


def test_the_ledger_is_that_of_the_query_which_the_source_has_now(store: Store):
    put(store)
    for one in (noted(0, 2), noted(2, 3, seen=Seen.MISSED), noted(2, 4, query="inbox")):
        store.coverage.record(one)
    span = Span(NOON, NOON + 4 * HOUR)
    told = [(hour.seen, hour.why) for hour in sources.coverage(store, "acme-reddit", span)]
    assert told == [("covered", ""), ("covered", ""), ("missed", "outage"), ("unknown", "")]
    put(store, reddit(query="inbox"))
    assert [hour.seen for hour in sources.coverage(store, "acme-reddit", span)] == ["unknown"] * 2 + ["covered"] * 2


def test_a_ledger_of_more_than_a_year_is_refused(store: Store):
    put(store)
    year = Span(NOON, NOON + timedelta(days=366))
    assert len(sources.coverage(store, "acme-reddit", year)) == 366 * 24
    with pytest.raises(Invalid, match="a year at most"):
        sources.coverage(store, "acme-reddit", replace(year, end=year.end + HOUR))


def test_what_was_spent_is_told_by_the_day(store: Store):
    put(store)
    lease = store.leases.claim("source:acme-reddit", "me", NOON, NOON + HOUR)
    assert lease is not None
    days = ((NOON.date(), 3), (NOON.date() - timedelta(days=1), 5))
    store.sources.advance(lease, Step(Progress("acme-reddit"), spent=days))
    assert sources.spend(store, "acme-reddit", NOON.date()) == (Spend("acme-reddit", NOON.date(), 3),)
    assert sum(one.units for one in sources.spend(store, "acme-reddit", days[1][0])) == 8
