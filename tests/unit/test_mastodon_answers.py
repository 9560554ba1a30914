"""Mastodon's kinds of answers, ids and queries are read, or refused with a reason."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.mastodon.answers import (
    CONTEXT,
    LOOK_UP,
    NOTIFICATIONS,
    SEARCH,
    TIMELINE,
    numbers,
    parsers,
    without_private,
)
from connectors.mastodon.fields import native_of, number_of, numbered, snowflake, time_of
from connectors.mastodon.query import Query, below, read_query, start_of
from social_crm.domain.errors import Invalid
from tests.raw_statuses import a_status

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
SERVER = "mastodon.example"

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just("\ud83d"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(sorted(a_status())), inner, max_size=4),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from([*sorted(a_status()), "text"]), values, max_size=5))
def test_whatever_comes_is_a_fact_or_a_reason(changes: dict[str, Any]):
    mentions, accounts, faults = parsers(SERVER)[TIMELINE]([{**a_status(), **changes}], NOW)
    assert len(mentions) + len(faults) == 1
    assert {mention.author for mention in mentions} <= {account.id for account in accounts}
    assert all(mention.text.encode() is not None for mention in mentions)


@given(st.sampled_from([TIMELINE, SEARCH, NOTIFICATIONS, LOOK_UP, CONTEXT]), st.lists(values, max_size=4))
def test_whatever_stands_in_an_answer_is_counted(kind: str, items: list[Any]):
    answer: Any = {"statuses": items, "threads": items} if kind in {SEARCH, LOOK_UP} else items
    answer = (
        {"of": "mastodon:mastodon.example/1", "context": {"ancestors": [], "descendants": items}}
        if kind == CONTEXT
        else answer
    )
    numbers(kind, answer)
    without_private(kind, answer)
    mentions, _, faults = parsers(SERVER)[kind](answer, NOW)
    assert len(mentions) + len(faults) == len(items)


@pytest.mark.parametrize("kind", [TIMELINE, SEARCH, NOTIFICATIONS, LOOK_UP, CONTEXT])
@pytest.mark.parametrize("answer", [None, {}, 3, "", {"statuses": {}}, {"context": []}, {"context": {"ancestors": 3}}])
def test_an_answer_of_another_kind_is_refused(kind: str, answer: Any):
    for read in (numbers, without_private, lambda kind, answer: parsers(SERVER)[kind](answer, NOW)):
        with pytest.raises(Invalid, match="not a"):
            read(kind, answer)


def test_one_bad_status_does_not_take_the_others_with_it():
    mentions, accounts, faults = parsers(SERVER)[TIMELINE]([a_status(1), {"id": "2"}, None, a_status(3)], NOW)
    assert [mention.id.rpartition("/")[2] for mention in mentions] == ["1", "3"]
    assert len(accounts) == 1
    assert [reason for reason, _ in faults] == [
        "a status that does not say who may read it",
        "not a status of Mastodon: not a JSON object",
    ]


def test_a_notification_gives_its_status_or_a_reason():
    answer = [{"id": "5", "type": "mention", "status": a_status(1)}, {"id": "4", "type": "mention", "status": None}]
    mentions, _, faults = parsers(SERVER)[NOTIFICATIONS](answer, NOW)
    assert len(mentions) == 1
    assert [reason for reason, _ in faults] == ["a notification without a status: what it told of is gone"]


def test_a_context_tells_the_root_of_the_thread():
    answers = [a_status(2, in_reply_to_id="1"), a_status(3, in_reply_to_id="2")]
    own = "mastodon:mastodon.example/1"
    flat = {"of": own, "context": {"ancestors": [], "descendants": answers}}
    deep = {"of": "mastodon:mastodon.example/2", "context": {"ancestors": [a_status(1)], "descendants": answers[1:]}}
    for answer in (flat, deep):
        mentions, _, faults = parsers(SERVER)[CONTEXT](answer, NOW)
        assert {mention.thread for mention in mentions} == {own}
        assert not faults


def test_a_look_up_keeps_the_threads_that_are_known():
    own, root = "mastodon:mastodon.example/3", "mastodon:mastodon.example/1"
    answer = {"threads": {own: root}, "statuses": [a_status(3, in_reply_to_id="2")]}
    (mention,), _, _ = parsers(SERVER)[LOOK_UP](answer, NOW)
    assert (mention.thread, mention.parent) == (root, "mastodon:mastodon.example/2")


def test_the_words_of_private_statuses_are_taken_out_and_still_counted():
    answer = [a_status(1), a_status(2, visibility="direct", content="<p>a secret</p>")]
    boost = a_status(3, reblog=a_status(4, visibility="private", content="<p>a secret</p>"))
    assert without_private(TIMELINE, [*answer, boost])
    assert "a secret" not in str([*answer, boost])
    _, _, faults = parsers(SERVER)[TIMELINE](answer, NOW)
    assert faults == [("not public: its visibility is 'direct'", {"id": "2", "visibility": "direct"})]
    assert not without_private(TIMELINE, answer), "once taken out, there is nothing left to take"
    inbox = [{"id": "5", "status": a_status(2, visibility="direct", content="a secret")}]
    assert without_private(NOTIFICATIONS, inbox)
    assert "a secret" not in str(inbox)


def test_numbers_are_snowflakes():
    assert time_of(snowflake(NOW)) == NOW
    assert snowflake(NOW) == 116158758912000000 or snowflake(NOW) >> 16 == int(NOW.timestamp() * 1000)
    assert number_of("0123") == 123
    assert [number_of(text) for text in ("", "x1", "9" * 20, None, "٣")] == [None] * 5


def test_ids_of_other_servers_are_not_ours():
    assert native_of("mastodon:mastodon.example/12", SERVER) == "12"
    for own in ("mastodon:other.example/12", "mastodon:12", "x:12", "mastodon:mastodon.example/../12"):
        assert native_of(own, SERVER) is None
    assert [numbered(f"mastodon:mastodon.example/{own}", SERVER) for own in ("12", "row-17", "٣")] == [True, False, False]


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("tag:acme", Query(TIMELINE, "acme")),
        ("tag:#Straße", Query(TIMELINE, "Straße")),
        ("search: acme lamp ", Query(SEARCH, "acme lamp")),
        ("mentions", Query(NOTIFICATIONS)),
    ],
)
def test_a_query_says_how_to_listen(text: str, query: Query):
    assert read_query(text) == query


@pytest.mark.parametrize(
    "text", ["acme", "tag:", "tag:two words", "tag:../home", "search:", "mentions:me", "", "tag:a?b=c"]
)
def test_a_query_that_cannot_be_is_refused(text: str):
    with pytest.raises(Invalid, match="write tag:acme"):
        read_query(text)


def test_a_search_goes_on_a_minute_above_and_counts_within_it():
    number = snowflake(NOW)
    first = below("", number, 40)
    assert (time_of(int(first)) - NOW).total_seconds() == 61
    assert below(first, number, 40) == f"{first}+40"
    assert below(f"{first}+40", number + 5, 40) == f"{first}+80"
    assert below(f"{first}+80", snowflake(NOW) - (70_000 << 16), 40) < first
    assert start_of(f"{first}+80") == (first, 80)
    with pytest.raises(Invalid, match="cursor"):
        start_of("7+x")
