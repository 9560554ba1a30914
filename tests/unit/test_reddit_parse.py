"""Tests of the parser for Reddit, over hand-made things; nobody comes in."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.reddit.parse import looks_like_reddit, parse_reddit
from social_crm.domain.errors import Invalid
from social_crm.domain.mention import How, Kind, Mention
from tests.builders import NOON, at
from tests.platforms.reddit import comment, comment_data, listing, post, post_data


def mention_of(raw: object) -> Mention:
    (mention,), _, faults = parse_reddit(raw, NOON)
    assert not faults
    return mention


def test_a_comment_stands_under_its_post():
    assert mention_of(comment()) == Mention(
        id="reddit:t1_c1",
        author="reddit:t2_ann",
        posted_at=at("2014-05-13T16:53:20"),
        collected_at=NOON,
        text="acme makes good shoes",
        kind=Kind.COMMENT,
        parent="reddit:t3_p1",
        thread="reddit:t3_p1",
        metrics={"score": -2},
        url="https://www.reddit.com/r/shoes/comments/p1/good_shoes/c1/",
    )


def test_a_post_opens_its_thread_and_says_its_title_first():
    mention = mention_of(post())
    assert (mention.id, mention.kind, mention.parent, mention.thread) == ("reddit:t3_p1", Kind.POST, None, "reddit:t3_p1")
    assert mention.text == "Which shoes?\n\nAsking for a friend"
    assert mention.metrics == {"score": 7, "comments": 3}
    assert mention.edited_at == at("2014-05-13T16:45:00")


def test_a_link_post_is_its_title():
    assert mention_of(post(selftext="")).text == "Which shoes?"


def test_the_author_is_an_account_by_its_full_name():
    _, (account,), _ = parse_reddit(comment(), NOON)
    assert (account.id, account.handle, account.url) == ("reddit:t2_ann", "Ann", "https://www.reddit.com/user/Ann")
    assert account.observed_at == at("2014-05-13T16:53:20")


def test_without_a_full_name_the_account_is_the_name_which_never_changes():
    assert mention_of(comment(author_fullname=None)).author == "reddit:u_ann"


def test_a_thread_of_post_and_nested_replies_addresses_the_authors_of_the_parents():
    deepest = comment("c3", "Cid", "t1_c2")
    reply = comment("c2", "Bob", "t1_c1", replies=listing(deepest))
    thread = [listing(post()), listing(comment(replies=listing(reply)))]
    mentions, accounts, faults = parse_reddit(thread, NOON)
    assert {mention.id: mention.addressed for mention in mentions} == {
        "reddit:t3_p1": (),
        "reddit:t1_c1": ((How.REPLY, "reddit:t2_bob"),),
        "reddit:t1_c2": ((How.REPLY, "reddit:t2_ann"),),
        "reddit:t1_c3": ((How.REPLY, "reddit:t2_bob"),),
    }
    assert [account.id for account in accounts] == ["reddit:t2_bob", "reddit:t2_ann", "reddit:t2_cid"]
    assert not faults


def test_a_parent_that_is_not_in_the_answer_addresses_nobody():
    assert mention_of(comment("c2", "Bob", "t1_c1")).addressed == ()


def test_answering_oneself_addresses_nobody():
    mentions, _, _ = parse_reddit(listing(comment(), comment("c2", "Ann", "t1_c1")), NOON)
    assert mentions[1].addressed == ()


@pytest.mark.parametrize("name", ["[deleted]", None, "", "[removed]"])
def test_what_a_deleted_author_wrote_is_told_and_is_nobodys(name):
    with pytest.raises(Invalid, match="the author is deleted"):
        parse_reddit(comment() | {"data": comment_data() | {"author": name}}, NOON)
    mentions, _, faults = parse_reddit(
        listing(comment(), {"kind": "t1", "data": comment_data("c2") | {"author": name}}), NOON
    )
    assert [mention.id for mention in mentions] == ["reddit:t1_c1"]
    assert [reason for reason, _ in faults] == ["t1_c2: the author is deleted: a mention needs an account"]


@pytest.mark.parametrize(
    "thing",
    [
        comment(body="[removed]"),
        comment(body="[deleted]"),
        post(selftext="[removed]"),
        post(removed_by_category="moderator"),
    ],
)
def test_a_removed_text_is_a_deleted_mention_without_text(thing):
    mention = mention_of(thing)
    assert (mention.text, mention.deleted_at) == ("", NOON)
    assert mention.author


def test_an_edit_has_its_time_and_none_where_reddit_gives_none():
    assert mention_of(comment(edited=1_400_000_060.0)).edited_at == at("2014-05-13T16:54:20")
    assert mention_of(comment(edited=True)).edited_at is None
    assert mention_of(comment(edited=None)).edited_at is None


def test_reddits_entities_are_undone_once():
    assert mention_of(comment(body="AT&amp;T &lt;3 &gt; &amp;lt; &quot;")).text == "AT&T <3 > &lt; &quot;"


def test_dumps_without_envelopes_and_names_are_read():
    bare = {key: value for key, value in comment_data().items() if key not in {"name", "permalink", "replies"}}
    mention = mention_of(bare | {"created_utc": "1400000000"})
    assert (mention.id, mention.posted_at) == ("reddit:t1_c1", at("2014-05-13T16:53:20"))
    assert mention.url == "https://www.reddit.com/comments/p1/_/c1/"
    assert mention_of({key: value for key, value in post_data().items() if key != "name"}).id == "reddit:t3_p1"


def test_an_inbox_item_finds_its_post_in_its_context():
    item = comment(link_id=None, permalink=None, context="/r/shoes/comments/p9/title/c1/?context=3")
    assert mention_of(item).thread == "reddit:t3_p9"
    assert mention_of(item).url == "https://www.reddit.com/r/shoes/comments/p9/title/c1/"


def test_comments_that_were_not_loaded_are_told():
    more = {"kind": "more", "data": {"count": 12, "id": "m", "name": "t1_m", "children": ["a"]}}
    mentions, _, faults = parse_reddit(listing(comment(), more), NOON)
    assert len(mentions) == 1
    assert [reason for reason, _ in faults] == ["12 more comments were not loaded: load them before exporting"]


def test_a_private_message_is_not_a_mention():
    with pytest.raises(Invalid, match="private message"):
        parse_reddit({"kind": "t4", "data": {"body": "psst"}}, NOON)


def test_an_empty_listing_is_empty_and_no_fault():
    assert [list(part) for part in parse_reddit(listing(), NOON)] == [[], [], []]


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ({"kind": "t1", "data": comment_data() | {"name": None, "id": None}}, "without an id"),
        (comment(created_utc=None), "created_utc 'None' is not a time"),
        (comment(created_utc="inf"), "not a time"),
        (comment(body=None), "no text"),
        (comment(link_id=None, permalink=None), "without link_id"),
        ({"kind": "t5", "data": {"display_name": "shoes"}}, "neither a post"),
        ({"some": "object"}, "neither a post"),
        (None, "not a listing"),
        ("text", "neither a post"),
        ([], "not a listing"),
    ],
)
def test_what_is_broken_is_invalid_with_a_reason(raw, reason):
    with pytest.raises(Invalid, match=reason):
        parse_reddit(raw, NOON)


def test_a_thread_nested_deeper_than_python_calls_is_read():
    nested = comment("c5000", parent="t1_c4999")
    for number in range(4_999, 0, -1):
        nested = comment(f"c{number}", parent=f"t1_c{number - 1}", replies=listing(nested))
    assert len(parse_reddit(nested, NOON)[0]) == 5_000


def test_reddits_things_are_recognised():
    assert looks_like_reddit(listing())
    assert looks_like_reddit([listing(post()), listing()])
    assert looks_like_reddit(comment())
    assert looks_like_reddit(comment_data())
    assert not looks_like_reddit({"kind": "LiveUpdate", "data": {}})
    assert not looks_like_reddit({"id": "5", "text": "a row"})
    assert not looks_like_reddit([])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
CHANGED = st.dictionaries(st.sampled_from(sorted(comment_data() | post_data())), JSON)
THINGS = st.builds(
    lambda changes, make: make(**changes), CHANGED.filter(lambda c: not {"name", "author"} & {*c}), st.just(comment)
)


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(
    JSON | THINGS | CHANGED.map(lambda changes: {**post_data(), **changes}) | st.lists(THINGS).map(lambda t: listing(*t))
)
def test_any_json_value_gives_facts_or_invalid(raw):
    looks_like_reddit(raw)
    try:
        mentions, accounts, _ = parse_reddit(raw, NOON)
    except Invalid:
        return
    assert all(mention.id.startswith("reddit:") and isinstance(mention.text, str) for mention in mentions)
    assert {mention.author for mention in mentions} == {account.id for account in accounts}
