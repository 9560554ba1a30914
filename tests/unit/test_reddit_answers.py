"""Tests of what our client reads of Reddit's answers, by hand and by chance; nobody comes in."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.reddit.answers import Shown, Stubs, next_token, strangers, without_letters, written
from connectors.reddit.parse import authors_of, parse_answer, parse_reddit
from connectors.reddit.refusals import number
from social_crm.domain.errors import Invalid, PlatformUnavailable
from social_crm.domain.mention import How
from tests.builders import NOON
from tests.platforms.reddit import comment, comment_data, listing, post, post_data


def read(answer: Any, parents: dict[str, str] | None = None) -> tuple[list[Any], list[Any], list[str]]:
    gone: list[str] = []
    mentions, _, faults = parse_answer({"answer": answer, "parents": parents or {}}, NOON, gone)
    return list(mentions), list(faults), gone


@pytest.mark.parametrize(
    "thing",
    [
        comment(author="[deleted]", author_fullname=None),
        comment(author="[deleted]", author_fullname=None, body="[deleted]"),
        comment(author="x") | {"data": comment_data() | {"author": None, "body": "[removed]"}},
        post(author="[deleted]", author_fullname=None, selftext=""),
    ],
)
def test_what_is_shown_as_deleted_is_gone_and_no_reject(thing: dict[str, Any]) -> None:
    assert read(listing(thing, comment("c9"))) == ([*read(comment("c9"))[0]], [], [f"reddit:{thing['data']['name']}"])


@pytest.mark.parametrize(
    "changes", [{"author": None}, {"author": ""}, {"author": 5}, {"author": "[deleted]", "name": None, "id": None}]
)
def test_what_is_only_broken_is_a_reject_and_nothing_is_called_gone(changes: dict[str, Any]) -> None:
    mentions, faults, gone = read({"kind": "t1", "data": comment_data() | changes})
    assert (mentions, len(faults), gone) == ([], 1, [])


def test_a_text_that_was_removed_under_its_author_is_a_deleted_mention() -> None:
    (mention,), faults, gone = read(comment(body="[removed]"))
    assert (mention.text, mention.deleted_at, faults, gone) == ("", NOON, [], [])


def test_texts_that_were_asked_for_raw_stand_as_they_are() -> None:
    body = "AT&amp;amp;T &lt;3 & <b>"
    assert read(comment(body=body))[0][0].text == body
    assert read(post(title=body, selftext=body))[0][0].text == f"{body}\n\n{body}"
    assert parse_reddit(comment(body=body), NOON)[0][0].text == "AT&amp;T <3 & <b>"


def test_who_wrote_the_parent_is_known_from_the_envelope_or_the_answer_itself() -> None:
    answer = listing(comment("c1"), comment("c2", "Bob", "t1_c1"))
    first, second = read(answer, {"t3_p1": "reddit:t2_poster", "t1_c1": "reddit:t2_wrong"})[0]
    assert first.addressed == ((How.REPLY, "reddit:t2_poster"),)
    assert second.addressed == ((How.REPLY, "reddit:t2_ann"),)


def test_stubs_are_no_rejects_and_the_original_of_a_crosspost_is_one() -> None:
    more = {"kind": "more", "data": {"count": 2, "id": "m", "name": "t1_m", "parent_id": "t1_c1", "children": ["m", "n"]}}
    crosspost = post("p2", crosspost_parent_list=[post_data("p0", "Cid")])
    mentions, faults, gone = read([listing(crosspost), listing(comment(), more)])
    assert [mention.id for mention in mentions] == ["reddit:t3_p2", "reddit:t1_c1"]
    assert [reason for reason, _ in faults] == [
        "the original of a crosspost was posted elsewhere: only the crosspost itself is taken"
    ]
    assert gone == []


def test_answers_of_changes_hold_their_things_deeper() -> None:
    mentions, faults, _ = read({"json": {"errors": [], "data": {"things": [comment(), comment("c2")]}}})
    assert [mention.id for mention in mentions] == ["reddit:t1_c1", "reddit:t1_c2"]
    assert not faults


@pytest.mark.parametrize("raw", [None, [], {}, "text", {"answer": []}, {"parents": {}}, {"answer": [], "parents": [1]}])
def test_what_our_client_did_not_write_is_refused(raw: object) -> None:
    with pytest.raises(Invalid, match="archive"):
        parse_answer(raw, NOON, [])


def test_a_page_tells_names_times_and_where_it_goes_on() -> None:
    broken = comment("c3") | {"data": {"name": 5, "created_utc": "never"}}
    shown = Shown.of({"kind": "Listing", "data": {"children": [comment(), broken, post()], "after": "t3_p1"}})
    assert shown.names == ("t1_c1", "t3_p1")
    assert [int(moment.timestamp()) for moment in shown.posted] == [1_400_000_000, 1_399_999_000]
    assert shown.after == "t3_p1"


def page(*names: str, after: str = "") -> Shown:
    return Shown(names, (), after)


@pytest.mark.parametrize(
    ("token", "shown", "expected"),
    [
        ("", page("a", "b", "c", after="c"), "c,b,a"),
        ("", page(*"abcdefgh", after="h"), "h,g,f,e,d"),
        ("c,b,a", page("d", "e", after="e"), "e,d,c,b,a"),
        ("c,b,a", page("d", "e"), ""),
        ("", page(), ""),
        ("c,b,a", page(), "b,a"),
        ("a", page(), None),
        ("c,b,a", page(after="z"), "z,c,b,a"),
    ],
)
def test_a_walk_falls_back_on_earlier_items_when_nothing_comes_behind_one(
    token: str, shown: Shown, expected: str | None
) -> None:
    assert next_token(token, shown) == expected


@pytest.mark.parametrize("shown", [page(after="c"), page("d", after="c"), page("c", "b", "a", after="a")])
def test_a_page_that_leads_back_is_trouble_and_no_end(shown: Shown) -> None:
    with pytest.raises(PlatformUnavailable, match="the same page again"):
        next_token("c,b,a", shown)


def test_stubs_name_what_to_load_and_what_stands_deeper() -> None:
    some = {"kind": "more", "data": {"children": ["a1", "b2", "../x", 5], "parent_id": "t1_c1"}}
    deeper = {"kind": "more", "data": {"id": "_", "count": 0, "children": [], "parent_id": "t1_c2"}}
    strange = {"kind": "more", "data": {"children": None, "parent_id": "t1_a/b"}}
    assert Stubs.of([listing(post()), listing(comment(), some, deeper, strange)]) == Stubs(("a1", "b2"), ("c2",))


def test_strangers_are_what_is_answered_and_not_there() -> None:
    assert strangers(listing(comment("c1"), comment("c2", parent="t1_c1"), comment("c3", parent="t1_c0"))) == [
        "t1_c0",
        "t3_p1",
    ]
    assert strangers(listing(post(), comment("c1", parent="odd"))) == []


def test_letters_are_left_out() -> None:
    letter = {"kind": "t4", "data": {"name": "t4_1", "created_utc": 1.0, "body": "secret", "author": "Eve", "subject": "s"}}
    text = without_letters(listing(comment(), letter))
    assert b"secret" not in text
    assert b"Eve" not in text
    assert b"acme makes good shoes" in text


def test_half_of_a_pair_is_written_as_a_question_mark() -> None:
    assert written({"a": "\ud83d", "b": "😀"}) == '{"a":"?","b":"😀"}'.encode()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("598.0", 598.0),
        ("0", 0.0),
        ("-3", 0.0),
        ("1e9", 172_800.0),
        ("", None),
        (None, None),
        ("nan", None),
        ("inf", None),
        ("x", None),
    ],
)
def test_numbers_of_headers_are_bounded(text: str | None, value: float | None) -> None:
    assert number(text) == value


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.sampled_from(["t1_a", "[deleted]"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["kind", "data", "children", "name", "author", "more", "replies"]), inner)
        | st.fixed_dictionaries({"kind": st.sampled_from(["t1", "t3", "more", "Listing"]), "data": inner})
    ),
    max_leaves=12,
)
CHANGED = st.dictionaries(st.sampled_from(sorted(comment_data() | post_data() | {"crosspost_parent_list": 1})), JSON)
THINGS = st.builds(
    lambda kind, changes: {"kind": kind, "data": comment_data() | changes}, st.sampled_from(["t1", "t3"]), CHANGED
)


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(JSON | THINGS | st.lists(THINGS).map(lambda things: listing(*things)))
def test_any_answer_gives_facts_faults_or_our_own_errors(answer: Any) -> None:
    mentions, faults, gone = read(answer)
    assert all(mention.id.startswith("reddit:") for mention in mentions)
    assert all(reason for reason, _ in faults)
    assert all(own.startswith(("reddit:t1_", "reddit:t3_")) for own in gone)
    authors_of(answer)
    strangers(answer)
    Stubs.of(answer)
    try:
        shown = Shown.of(answer)
    except PlatformUnavailable:
        return
    without_letters(answer)
    next_token("a,b", Shown(shown.names, shown.posted, ""))
