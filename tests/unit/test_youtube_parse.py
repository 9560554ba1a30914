"""YouTube's answers as facts: threads, comments, what is missing in them, and whatever else may come."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.transport.walk import Walk
from connectors.youtube.course import OVERLAP, Course, in_order
from connectors.youtube.lookups import first_looks, told_top
from connectors.youtube.parse import Thread, Top, parse_comments, parse_threads, parse_videos, threads_of
from connectors.youtube.videos import found_videos
from social_crm.domain.errors import Invalid
from social_crm.domain.mention import How, Kind
from tests.builders import NOON, a_mention

TOP, REPLY = "UgzA1b2C3d4E5f6G7h8I4AaABAg", "UgzA1b2C3d4E5f6G7h8I4AaABAg.9xY8wV7uT6s"


def a_comment(own: str = TOP, **snippet: Any) -> dict[str, Any]:
    told = {
        "textDisplay": "I love acme <3 & more",
        "authorDisplayName": "@zoë-9",
        "authorChannelId": {"value": "UC1"},
        "likeCount": 4,
        "publishedAt": "2025-01-15T10:00:00Z",
        "updatedAt": "2025-01-15T10:00:00Z",
    }
    return {"kind": "youtube#comment", "id": own, "snippet": {**told, **snippet}}


def a_reply(**snippet: Any) -> dict[str, Any]:
    return a_comment(REPLY, **{"parentId": TOP, "authorChannelId": {"value": "UC2"}, **snippet})


def a_thread(*replies: dict[str, Any], top: dict[str, Any] | None = None, **snippet: Any) -> dict[str, Any]:
    told = {"videoId": "vid1", "topLevelComment": top or a_comment(), "totalReplyCount": len(replies)}
    item = {"kind": "youtube#commentThread", "id": TOP, "snippet": {**told, **snippet}}
    return {**item, "replies": {"comments": list(replies)}} if replies else item


def threads(*items: Any, later: tuple[str, ...] = ()) -> dict[str, Any]:
    return {"page": {"kind": "youtube#commentThreadListResponse", "items": list(items)}, "later": list(later)}


def comments(*items: Any, **tops: tuple[str, str]) -> dict[str, Any]:
    return {"page": {"kind": "youtube#commentListResponse", "items": list(items)}, "tops": tops}


def test_a_thread_is_a_comment_and_its_replies() -> None:
    (top, reply), accounts, faults = parse_threads(threads(a_thread(a_reply())), NOON)
    assert faults == []
    assert (top.id, top.author, top.kind, top.parent, top.thread) == (
        f"youtube:{TOP}",
        "youtube:UC1",
        Kind.COMMENT,
        None,
        f"youtube:{TOP}",
    )
    assert top.text == "I love acme <3 & more"
    assert (top.posted_at, top.collected_at, top.edited_at) == (datetime(2025, 1, 15, 10, tzinfo=UTC), NOON, None)
    assert top.metrics == {"likes": 4, "replies": 1}
    assert top.url == f"https://www.youtube.com/watch?v=vid1&lc={TOP}"
    assert (reply.kind, reply.parent, reply.thread) == (Kind.REPLY, top.id, top.id)
    assert reply.addressed == ((How.REPLY, "youtube:UC1"),)
    assert reply.url == f"https://www.youtube.com/watch?v=vid1&lc={REPLY}"
    first = accounts[0]
    assert (first.id, first.handle, first.name, first.url) == (
        "youtube:UC1",
        "zoë-9",
        "@zoë-9",
        "https://www.youtube.com/channel/UC1",
    )


def test_one_who_answers_herself_addresses_nobody() -> None:
    (_, reply), _, _ = parse_threads(threads(a_thread(a_reply(authorChannelId={"value": "UC1"}))), NOON)
    assert reply.addressed == ()


def test_an_edit_is_what_was_updated_after_it_was_published() -> None:
    (top,), _, _ = parse_threads(threads(a_thread(top=a_comment(updatedAt="2025-01-15T11:30:00Z"))), NOON)
    assert top.edited_at == datetime(2025, 1, 15, 11, 30, tzinfo=UTC)


def test_the_replies_of_a_thread_that_is_read_later_are_left_to_its_own_pages() -> None:
    found, _, _ = parse_threads(threads(a_thread(a_reply(), totalReplyCount=9), later=(TOP,)), NOON)
    assert [one.id for one in found] == [f"youtube:{TOP}"]
    assert found[0].metrics["replies"] == 9


def test_comments_by_themselves_are_told_of_their_thread() -> None:
    (known, unknown), _, _ = parse_comments(
        comments(a_reply(), a_comment("Ugother.9a", parentId="Ugother"), **{TOP: ("UC1", "vid1")}), NOON
    )
    assert (known.addressed, known.url) == (
        ((How.REPLY, "youtube:UC1"),),
        f"https://www.youtube.com/watch?v=vid1&lc={REPLY}",
    )
    assert (unknown.addressed, unknown.url, unknown.thread) == ((), None, "youtube:Ugother")


def test_what_answers_a_reply_stands_in_the_thread_of_its_top_comment() -> None:
    (deep,), _, _ = parse_comments(comments(a_comment(f"{TOP}.9z.1", parentId=REPLY)), NOON)
    assert (deep.parent, deep.thread) == (f"youtube:{REPLY}", f"youtube:{TOP}")


@pytest.mark.parametrize("gone", [None, {}, {"value": None}, {"value": ""}, {"value": 7}, "UC1"])
def test_a_comment_without_an_author_is_a_fault_and_its_replies_are_not(gone: Any) -> None:
    found, accounts, faults = parse_threads(threads(a_thread(a_reply(), top=a_comment(authorChannelId=gone))), NOON)
    assert [one.id for one in found] == [f"youtube:{REPLY}"]
    assert [one.id for one in accounts] == ["youtube:UC2"]
    assert [reason.partition(":")[0] for reason, _ in faults] == ["no author"]


@pytest.mark.parametrize(
    "changes",
    [
        {"publishedAt": None},
        {"publishedAt": "yesterday"},
        {"publishedAt": 5},
        {"publishedAt": "9999-99-99T00:00:00Z"},
        {"publishedAt": "0001-01-01T00:00:00+14:00"},
        {"updatedAt": ["2025"]},
        {"textDisplay": None},
        {"textDisplay": {"a": 1}},
        {"textDisplay": "half \ud83d of a character"},
        {"authorDisplayName": 5},
        {"authorChannelId": {"value": "UC\ud800"}},
        {"parentId": 7},
    ],
)
def test_a_comment_that_cannot_be_is_one_fault_and_takes_no_other_with_it(changes: dict[str, Any]) -> None:
    found, accounts, faults = parse_comments(comments(a_comment("Ugbad", **changes), a_comment()), NOON)
    assert [one.id for one in found] == [f"youtube:{TOP}"]
    assert len(accounts) == len(faults) == 1


@pytest.mark.parametrize("count", [True, -1, 2**63, 1e9, "4", None])
def test_a_count_that_is_none_is_left_out(count: Any) -> None:
    (found,), _, _ = parse_comments(comments(a_comment(likeCount=count)), NOON)
    assert found.metrics == {}


def test_a_name_that_is_missing_is_the_channel() -> None:
    _, (account,), _ = parse_comments(comments(a_comment(authorDisplayName=None)), NOON)
    assert account.handle == "UC1"


def test_text_as_written_stands_in_where_none_is_shown() -> None:
    item = a_comment(textOriginal="as written")
    del item["snippet"]["textDisplay"]
    (found,), _, _ = parse_comments(comments(item), NOON)
    assert found.text == "as written"


@pytest.mark.parametrize("parse", [parse_threads, parse_comments, parse_videos])
@pytest.mark.parametrize(
    "answer", [None, [], "x", {}, {"page": None}, {"page": {"items": []}}, {"page": {"kind": "ListResponse", "items": {}}}]
)
def test_what_is_no_list_of_youtube_is_refused(parse: Any, answer: Any) -> None:
    with pytest.raises(Invalid, match="not a list"):
        parse(answer, NOON)


def test_a_list_that_leaves_its_items_out_is_empty() -> None:
    assert parse_threads({"page": {"kind": "youtube#commentThreadListResponse"}}, NOON) == ([], (), [])


KEYS = [
    *("id", "snippet", "replies", "comments", "topLevelComment", "totalReplyCount", "videoId", "parentId"),
    *("authorChannelId", "value", "publishedAt", "updatedAt", "textDisplay", "likeCount"),
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just("\ud800"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS) | st.text(), inner, max_size=4),
    max_leaves=12,
)


@settings(deadline=None, derandomize=True, database=None)
@given(st.lists(JSON, max_size=4), st.sampled_from(KEYS), JSON)
def test_whatever_comes_is_a_fact_or_a_fault(items: list[Any], key: str, value: Any) -> None:
    mine = [a_thread(a_reply(**{key: value}), **{key: value}), a_thread(top=a_comment(**{key: value}))]
    found, _, faults = parse_threads(threads(*items, *mine), NOON)
    assert len(found) + len(faults) >= len(items) + len(mine)
    alone, _, wrong = parse_comments(comments(*items, a_comment(**{key: value})), NOON)
    assert len(alone) + len(wrong) == len(items) + 1
    threads_of(threads(*items, *mine)["page"])
    found_videos(threads(*items)["page"], full=True)


# -- where a walk stands -----------------------------------------------------------------------------------------------


def a_place(minutes: int, *, untold: bool = False) -> Thread:
    return Thread(f"Ug{minutes}", Top("UC1", "vid1"), NOON - timedelta(minutes=minutes), untold)


def test_a_thread_that_is_pinned_above_younger_ones_ends_no_walk() -> None:
    pinned = a_place(100_000)
    assert in_order([pinned, a_place(1), a_place(2)]) == [a_place(1).posted_at, a_place(2).posted_at]
    course = Course(until=NOON - timedelta(hours=1), known={"videoId:v": NOON - timedelta(hours=1)})
    course = course.under_way(NOON, ("videoId:v",)).threads_taken([pinned, a_place(1), a_place(2)], "more")
    assert course.walk is not None
    assert course.walk.token == "more"
    assert course.threads_taken([a_place(95)], "more").is_over


def test_threads_that_are_known_wait_for_no_replies() -> None:
    until = NOON - timedelta(hours=1)
    course = Course(until=until, known={"videoId:v": until}).under_way(NOON, ("videoId:v",))
    old = replace(a_place(0, untold=True), posted_at=until - OVERLAP - timedelta(seconds=1))
    assert course.untold([a_place(1, untold=True), a_place(2), old]) == [a_place(1, untold=True)]


def test_a_cursor_says_all_that_a_walk_knows() -> None:
    course = Course(
        until=NOON,
        known={"videoId:v": NOON, "videoId:w": NOON - timedelta(days=1)},
        begun=NOON + timedelta(hours=1),
        listings=("videoId:v", "videoId:w"),
        walk=Walk(NOON, NOON, "token", 3, NOON),
        waiting=(("Ug1", Top("UC1", "v")), ("Ug2", Top())),
        token="page",
        low=NOON,
        shown_from=NOON,
    )
    for one in (course, Course(), replace(course, listings=None, walk=None), replace(course, listings=())):
        assert Course.of(one.cursor()) == one


@pytest.mark.parametrize(
    "cursor",
    [
        "{",
        "[]",
        "{}",
        "7",
        '{"listings":5,"known":{},"walk":null,"waiting":[],"token":""}',
        '{"listings":[],"known":[1],"walk":null,"waiting":[],"token":""}',
        '{"listings":[],"known":{"a":"x"},"walk":null,"waiting":[],"token":""}',
        '{"listings":[],"known":{},"walk":"{","waiting":[],"token":""}',
        '{"listings":[],"known":{},"walk":5,"waiting":[],"token":""}',
        '{"listings":[],"known":{},"walk":null,"waiting":[[1]],"token":""}',
    ],
)
def test_a_cursor_of_something_else_is_refused(cursor: str) -> None:
    with pytest.raises(Invalid, match="cursor"):
        Course.of(cursor)


@settings(deadline=None, derandomize=True, database=None)
@given(JSON)
def test_no_cursor_breaks_it(raw: Any) -> None:
    try:
        cursor = orjson.dumps(raw).decode()
    except TypeError:
        return
    try:
        Course.of(cursor)
    except Invalid as error:
        assert "cursor" in error.message  # noqa: PT017 - it may as well be one


def test_look_ups_ask_for_at_most_fifty_ids_and_for_each_thread_once() -> None:
    tops = [a_mention(f"youtube:Ugtop4AaABAg{n}", kind=Kind.COMMENT, thread=f"youtube:Ugtop4AaABAg{n}") for n in range(60)]
    replies = [
        a_mention(
            f"youtube:Ugtop4AaABAg1.{n}", kind=Kind.REPLY, parent="youtube:Ugtop4AaABAg1", thread="youtube:Ugtop4AaABAg1"
        )
        for n in range(51)
    ]
    looks = first_looks([*tops, *replies])
    assert [(look.kind, len(look.ids)) for look in looks] == [
        ("threads", 50),
        ("threads", 10),
        ("comments", 50),
        ("comments", 1),
    ]
    assert [len(half.ids) for half in looks[0].halves()] == [25, 25]
    assert looks[3].halves() == ()


def test_a_stored_reply_tells_of_its_thread() -> None:
    reply = a_mention(
        kind=Kind.REPLY, addressed=((How.REPLY, "youtube:UC1"),), url="https://www.youtube.com/watch?v=vid1&lc=x"
    )
    assert told_top(reply) == Top("UC1", "vid1")
    assert told_top(a_mention(kind=Kind.REPLY)) == Top()
