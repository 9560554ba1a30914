"""Bluesky's posts as facts: each kind of post, what is missing, and what no honest server sends."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.bluesky.parse import is_gone, latest_times, parse_post, parse_posts, parse_thread, reply_counts
from social_crm.domain.errors import Invalid
from social_crm.domain.mention import How, Kind

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
ANNA, BORIS, CLARA = (f"did:plc:{name:2<24}" for name in ("anna", "boris", "clara"))


def uri(did: str = ANNA, key: str = "3kabc") -> str:
    return f"at://{did}/app.bsky.feed.post/{key}"


def a_view(record: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    said = {"$type": "app.bsky.feed.post", "text": "I like acme", "createdAt": "2026-03-01T10:00:00.000Z"}
    view = {
        "uri": uri(),
        "cid": "bafyreihyrpefhacm6kkp4ql6j6udakdit7g3dmkzfriqfykhjw6cad5lrm",
        "author": {"did": ANNA, "handle": "anna.example", "displayName": "Anna", "createdAt": "2024-01-01T00:00:00Z"},
        "record": {**said, **(record or {})},
        "indexedAt": "2026-03-01T10:00:02.000Z",
        "likeCount": 3,
        "repostCount": 2,
        "replyCount": 1,
        "quoteCount": 0,
    }
    return {**view, **changes}


def a_quote(did: str = CLARA) -> dict[str, Any]:
    return {"$type": "app.bsky.embed.record", "record": {"uri": uri(did), "cid": "bafyreiabc"}}


def test_a_post_becomes_a_fact() -> None:
    mention, account = parse_post(a_view({"langs": ["en", "de"]}), NOW)
    assert mention.id == f"bluesky:{uri()}"
    assert mention.author == f"bluesky:{ANNA}"
    assert mention.posted_at == datetime(2026, 3, 1, 10, tzinfo=UTC)
    assert mention.collected_at == NOW
    assert (mention.text, mention.kind, mention.parent, mention.thread) == ("I like acme", Kind.POST, None, mention.id)
    assert mention.metrics == {"likes": 3, "reposts": 2, "replies": 1, "quotes": 0}
    assert mention.language == "en"
    assert mention.url == f"https://bsky.app/profile/{ANNA}/post/3kabc"
    assert account is not None
    assert (account.id, account.handle, account.name) == (f"bluesky:{ANNA}", "anna.example", "Anna")
    assert (account.observed_at, account.created_at) == (NOW, datetime(2024, 1, 1, tzinfo=UTC))


def test_a_reply_names_its_parent_its_thread_and_whom_it_answers() -> None:
    reply = {"parent": {"uri": uri(BORIS, "3p"), "cid": "b"}, "root": {"uri": uri(CLARA, "3r"), "cid": "b"}}
    mention, _ = parse_post(a_view({"reply": reply}), NOW)
    assert mention.kind is Kind.REPLY
    assert (mention.parent, mention.thread) == (f"bluesky:{uri(BORIS, '3p')}", f"bluesky:{uri(CLARA, '3r')}")
    assert mention.addressed == ((How.REPLY, f"bluesky:{BORIS}"),)


@pytest.mark.parametrize("root", [None, {}, {"uri": "at://nowhere"}, {"uri": 7}])
def test_a_reply_without_a_root_stands_in_its_parents_thread(root: Any) -> None:
    mention, _ = parse_post(a_view({"reply": {"parent": {"uri": uri(BORIS, "3p")}, "root": root}}), NOW)
    assert mention.thread == mention.parent == f"bluesky:{uri(BORIS, '3p')}"


@pytest.mark.parametrize(
    "embed", [a_quote(), {"$type": "app.bsky.embed.recordWithMedia", "record": a_quote(), "media": {"images": []}}]
)
def test_a_quote_addresses_whom_it_quotes(embed: dict[str, Any]) -> None:
    mention, _ = parse_post(a_view({"embed": embed}), NOW)
    assert (mention.kind, mention.parent) == (Kind.QUOTE, None)
    assert mention.addressed == ((How.QUOTE, f"bluesky:{CLARA}"),)


def test_a_reply_that_quotes_is_a_reply_and_addresses_both() -> None:
    mention, _ = parse_post(a_view({"reply": {"parent": {"uri": uri(BORIS)}}, "embed": a_quote()}), NOW)
    assert mention.kind is Kind.REPLY
    assert mention.addressed == ((How.QUOTE, f"bluesky:{CLARA}"), (How.REPLY, f"bluesky:{BORIS}"))


@pytest.mark.parametrize("held", [{"uri": f"at://{CLARA}/app.bsky.graph.list/3l"}, {"uri": None}, None, [], 5])
def test_what_is_embedded_and_no_post_is_no_quote(held: Any) -> None:
    mention, _ = parse_post(a_view({"embed": {"$type": "app.bsky.embed.record", "record": held}}), NOW)
    assert (mention.kind, mention.addressed) == (Kind.POST, ())


def test_facets_name_whom_a_text_mentions_by_did() -> None:
    def facet(kind: str, **feature: Any) -> dict[str, Any]:
        return {
            "index": {"byteStart": 0, "byteEnd": 5},
            "features": [{"$type": f"app.bsky.richtext.facet#{kind}", **feature}],
        }

    facets = [
        facet("mention", did=BORIS),
        facet("link", uri="https://a.example"),
        facet("mention", did=ANNA),
        facet("mention"),
        4,
    ]
    mention, _ = parse_post(a_view({"facets": facets}), NOW)
    assert mention.addressed == ((How.MENTION, f"bluesky:{BORIS}"),), "nobody addresses himself"


@pytest.mark.parametrize(
    ("written", "indexed", "posted"),
    [
        ("2099-01-01T00:00:00Z", "2026-03-01T10:00:02Z", datetime(2026, 3, 1, 10, 0, 2, tzinfo=UTC)),
        ("2019-05-01T00:00:00+02:00", "2026-03-01T10:00:02Z", datetime(2019, 4, 30, 22, tzinfo=UTC)),
        ("0001-01-01T00:00:00Z", "2026-03-01T10:00:02Z", datetime(2026, 3, 1, 10, 0, 2, tzinfo=UTC)),
        ("yesterday", "2026-03-01T10:00:02Z", datetime(2026, 3, 1, 10, 0, 2, tzinfo=UTC)),
        ("2026-03-01T10:00:00", "2026-03-01T10:00:02Z", datetime(2026, 3, 1, 10, 0, 2, tzinfo=UTC)),
        ("2026-03-01T10:00:00Z", None, datetime(2026, 3, 1, 10, tzinfo=UTC)),
    ],
)
def test_the_earlier_of_two_times_counts_and_nonsense_does_not(written: str, indexed: Any, posted: datetime) -> None:
    mention, _ = parse_post(a_view({"createdAt": written}, indexedAt=indexed), NOW)
    assert mention.posted_at == posted


def test_what_pictures_show_is_not_the_text() -> None:
    images = {"$type": "app.bsky.embed.images", "images": [{"alt": "acme on a picture", "image": {}}]}
    mention, _ = parse_post(a_view({"text": "", "embed": images}), NOW)
    assert mention.text == ""


def test_a_bare_record_is_a_fact_without_an_account() -> None:
    view = a_view()
    mention, account = parse_post({"uri": view["uri"], "cid": view["cid"], "value": view["record"]}, NOW)
    assert (mention.author, account) == (f"bluesky:{ANNA}", None)


@pytest.mark.parametrize(
    "view",
    [
        None,
        7,
        [],
        {},
        a_view(uri=None),
        a_view(uri=""),
        a_view(uri=f"at://{ANNA}/app.bsky.graph.list/3l"),
        a_view(uri="at://anna.example/app.bsky.feed.post/3kabc"),
        a_view(uri=uri(key="3k\nabc")),
        a_view(uri=uri(key="3" * 600)),
        a_view(uri=f"at://did:plc:{'a' * 9000}/app.bsky.feed.post/3k"),
        a_view(record={"text": None}),
        a_view(record={"text": ["a"]}),
        a_view(record={"text": "half \ud83d a sign"}),
        a_view(record={"createdAt": None}, indexedAt=None),
        a_view(record={"createdAt": 10**400}, indexedAt=-1),
        a_view(record={"reply": []}),
        a_view(record={"reply": {}}),
        a_view(record={"reply": {"parent": {"uri": "at://anna.example/app.bsky.feed.post/3k"}}}),
        a_view(author={"did": BORIS, "handle": "boris.example"}),
        a_view(author={"did": 5}),
        a_view(author={"did": ANNA, "handle": 5}),
        a_view(author={"did": ANNA, "handle": "anna.example", "displayName": "\udc00"}),
        {**a_view(), "record": None},
        {**a_view(), "record": "text"},
    ],
)
def test_what_is_no_post_is_invalid_with_a_reason(view: Any) -> None:
    with pytest.raises(Invalid) as caught:
        parse_post(view, NOW)
    assert 0 < len(caught.value.message) <= 400


@pytest.mark.parametrize("count", [-1, 2**70, "3", 1.5, True, None, {}])
def test_a_count_that_is_none_is_left_out(count: Any) -> None:
    mention, _ = parse_post(a_view(likeCount=count), NOW)
    assert "likes" not in mention.metrics


@pytest.mark.parametrize("langs", [None, [], "en", [None], [["en"]], ["ä" * 9], ["x" * 99], {"a": 1}])
def test_a_language_that_is_none_is_unknown(langs: Any) -> None:
    mention, _ = parse_post(a_view({"langs": langs}), NOW)
    assert mention.language == ""


def test_a_bad_post_does_not_take_the_others_with_it() -> None:
    mentions, accounts, faults = parse_posts({"posts": [a_view(), {"uri": "at://nowhere"}, None]}, NOW)
    assert (len(mentions), len(accounts), len(faults)) == (1, 1, 2)


@pytest.mark.parametrize("answer", [None, [], {}, {"posts": None}, {"posts": {}}, "text", 3])
def test_what_is_no_answer_is_invalid(answer: Any) -> None:
    for parse in (parse_posts, parse_thread):
        with pytest.raises(Invalid):
            parse(answer, NOW)


def test_a_thread_gives_what_is_shown_of_it() -> None:
    hidden = [
        {"$type": "app.bsky.feed.defs#blockedPost", "uri": uri(BORIS), "blocked": True},
        {"$type": "app.bsky.feed.defs#notFoundPost", "uri": uri(BORIS), "notFound": True},
        None,
        7,
    ]
    below = {"post": a_view(uri=uri(key="3b")), "replies": [*hidden, {"post": a_view(uri=uri(key="3c")), "replies": None}]}
    mentions, _, faults = parse_thread({"thread": {"post": a_view(), "replies": [below, {"post": None}]}}, NOW)
    assert [mention.id for mention in mentions] == [f"bluesky:{uri(key=key)}" for key in ("3kabc", "3b", "3c")]
    assert len(faults) == 1


def test_a_thread_may_be_deeper_than_python_calls_may_be() -> None:
    thread: dict[str, Any] = {"post": a_view(), "replies": []}
    for _ in range(5000):
        thread = {"post": a_view(), "replies": [thread]}
    mentions, _, _ = parse_thread({"thread": thread}, NOW)
    assert len(mentions) == 5001
    while thread["replies"]:  # else freeing it would go as deep
        thread = thread["replies"].pop()


def test_only_the_post_that_was_asked_for_is_gone() -> None:
    answer = {"thread": {"$type": "app.bsky.feed.defs#notFoundPost", "uri": uri(), "notFound": True}}
    assert is_gone(answer, uri())
    assert not is_gone(answer, uri(BORIS))
    assert not is_gone({"thread": {"uri": uri(), "blocked": True}}, uri())
    assert not is_gone({"thread": {"uri": uri(), "notFound": "true"}}, uri())
    assert not is_gone({"thread": {"post": a_view()}}, uri())
    assert not is_gone(None, uri())


def test_the_later_time_bounds_where_a_post_can_stand() -> None:
    posts = [a_view({"createdAt": "2099-01-01T00:00:00Z"}), a_view(), a_view({"createdAt": "x"}, indexedAt=None), None, {}]
    assert latest_times({"posts": posts}) == [datetime(2099, 1, 1, tzinfo=UTC), datetime(2026, 3, 1, 10, 0, 2, tzinfo=UTC)]


def test_reply_counts_are_told_by_id() -> None:
    posts = [a_view(), a_view(uri=uri(BORIS), replyCount=0), a_view(uri=uri(CLARA), replyCount=None), None]
    assert reply_counts({"posts": posts}) == {f"bluesky:{uri()}": 1, f"bluesky:{uri(BORIS)}": 0}


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["uri", "record", "did"]), inner, max_size=3)
    ),
    max_leaves=6,
)
PLACES = [
    ("uri",),
    ("author",),
    ("author", "did"),
    ("author", "handle"),
    ("author", "createdAt"),
    ("record",),
    ("record", "text"),
    ("record", "createdAt"),
    ("record", "langs"),
    ("record", "facets"),
    ("record", "facets", 0, "features"),
    ("record", "embed"),
    ("record", "embed", "record"),
    ("record", "reply"),
    ("record", "reply", "parent"),
    ("record", "reply", "root"),
    ("indexedAt",),
    ("replyCount",),
]


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(PLACES), JUNK)
def test_whatever_stands_anywhere_is_a_fact_or_a_counted_fault(place: tuple[Any, ...], junk: Any) -> None:
    features = [{"$type": "app.bsky.richtext.facet#mention", "did": BORIS}]
    whole = {
        "reply": {"parent": {"uri": uri(BORIS)}},
        "embed": a_quote(),
        "facets": [{"features": features}],
        "langs": ["en"],
    }
    view = copy.deepcopy(a_view(whole))
    inside: Any = view
    for step in place[:-1]:
        inside = inside[step]
    inside[place[-1]] = junk
    answer = {"posts": [view, a_view()], "thread": {"post": view, "replies": [{"post": a_view()}]}}
    for parse in (parse_posts, parse_thread):
        mentions, _, faults = parse(answer, NOW)
        assert len(mentions) + len(faults) == 2
        assert all(orjson.dumps(mention.text) and mention.posted_at.tzinfo is UTC for mention in mentions)
    latest_times(answer)
    reply_counts(answer)
