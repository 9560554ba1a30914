"""Tests of mappings from columns to mentions, and of the times in them; nobody comes in."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.files.mapping import parse_mapping
from connectors.files.times import read_time
from social_crm.domain.account import Account
from social_crm.domain.errors import Invalid
from social_crm.domain.mention import How, Kind, Mention
from tests.builders import NOON, at

LEAST = "platform:=trustpilot,id=no,author=who,posted_at=when,text=words"
ROW = {"no": "7", "who": "ann", "when": "2025-01-31T10:00:00Z", "words": "fine shoes"}


def mention_of(mapping: str, **row: Any) -> Mention:
    return parse_mapping(mapping).parse({**ROW, **row}, NOON)[0][0]


def test_the_least_mapping_gives_a_mention_and_its_author():
    mentions, accounts, faults = parse_mapping(LEAST).parse(ROW, NOON)
    assert mentions == (Mention("trustpilot:7", "trustpilot:ann", at("2025-01-31T10:00:00"), NOON, "fine shoes"),)
    assert accounts == (Account("trustpilot:ann", "ann", at("2025-01-31T10:00:00")),)
    assert faults == ()


def test_every_field_can_be_mapped():
    text = (
        f"{LEAST},kind:=review,parent=up,thread=top,reply_to=to,language=lang,url=link,edited_at=changed,metric.stars=stars"
    )
    text += ",handle=nick,name=full,followers=fans"
    row = {**ROW, "up": 5, "top": "4", "to": "bob", "lang": "en", "link": "https://shop.test/7", "changed": 1_738_400_000}
    row |= {"stars": "5", "nick": "@Ann", "full": "Ann A.", "fans": 12}
    mentions, accounts, _ = parse_mapping(text).parse(row, NOON)
    assert mentions == (
        Mention(
            "trustpilot:7",
            "trustpilot:ann",
            at("2025-01-31T10:00:00"),
            NOON,
            "fine shoes",
            Kind.REVIEW,
            parent="trustpilot:5",
            thread="trustpilot:4",
            addressed=((How.REPLY, "trustpilot:bob"),),
            metrics={"stars": 5, "author_followers": 12},
            language="en",
            url="https://shop.test/7",
            edited_at=at("2025-02-01T08:53:20"),
        ),
    )
    assert accounts == (Account("trustpilot:ann", "Ann", at("2025-01-31T10:00:00"), "Ann A.", 12),)


def test_a_column_name_may_hold_commas_and_equals_signs():
    mapping = parse_mapping('platform:=shop,id=no,author=who,posted_at=when,"text=words, all = of them"')
    assert mapping.columns["text"] == "words, all = of them"


def test_nested_columns_are_dotted_and_a_plain_one_of_that_name_comes_first():
    mapping = LEAST.replace("author=who", "author=user.id")
    assert mention_of(mapping, user={"id": 9}).author == "trustpilot:9"
    assert mention_of(mapping, **{"user.id": "8", "user": {"id": 9}}).author == "trustpilot:8"


def test_the_platform_may_stand_in_a_column():
    assert mention_of(LEAST.replace("platform:=trustpilot", "platform=where"), where="Yelp").id == "yelp:7"


def test_an_id_that_already_names_its_platform_is_kept():
    assert mention_of(LEAST, no="trustpilot:7").id == "trustpilot:7"


def test_brands_of_a_row_become_ids():
    mapping = parse_mapping(f"{LEAST},brands=ticker")
    assert mapping.brands({"ticker": "BRK-A|aapl; $AAPL"}) == ("aapl", "brk-a")
    assert mapping.brands({"ticker": ""}) == mapping.brands({}) == parse_mapping(LEAST).brands({"ticker": "x"}) == ()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "platform, id, author, posted_at, text missing"),
        ("id=no", "missing: write platform=<column>, or platform:=<text>"),
        (f"{LEAST},colour=x", "no field 'colour': the fields are platform, id"),
        (f"{LEAST},metric.$x=x", "no field"),
        (f"{LEAST},id=other", "id is given twice"),
        (f"{LEAST},kind", "'kind' is not of the form"),
        (f"{LEAST},kind=", "is not of the form"),
        (f"{LEAST},zone=tz", "write zone:=Europe/Berlin"),
        (f"{LEAST},zone:=Mars/Base", "is not a time zone"),
        (LEAST.replace("trustpilot", "Trust Pilot"), "platform 'Trust Pilot'"),
        (f'{LEAST},"kind', "mapping: unexpected end"),
    ],
)
def test_a_wrong_mapping_says_what_is_wrong(text, reason):
    with pytest.raises(Invalid) as caught:
        parse_mapping(text)
    assert reason in caught.value.message


def test_a_wrong_column_is_named_beside_those_that_there_are():
    with pytest.raises(Invalid) as caught:
        parse_mapping(LEAST).check(["no", "who", "when", "body"])
    assert caught.value.message.startswith("no column 'words' for text: the columns are no, who, when, body;")
    assert "text:=words" in caught.value.message


def test_a_mapped_column_that_is_there_twice_is_invalid_and_others_may_be():
    mapping = parse_mapping(LEAST)
    mapping.check(["no", "who", "when", "words", "", ""])
    with pytest.raises(Invalid, match="'no' for id is there 2 times"):
        mapping.check(["no", "who", "when", "words", "no"])


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"no": ""}, "id is missing: column 'no' is empty"),
        ({"no": None}, "id is missing"),
        ({"who": " "}, "without an id"),
        ({"no": 4.1e17}, "lost digits"),
        ({"no": "4.18157E+17"}, "lost digits"),
        ({"no": "12.0"}, "lost digits"),
        ({"no": ["7"]}, "id is not text"),
        ({"words": "  "}, "text is missing"),
        ({"words": {"a": 1}}, "text is not text"),
        ({"when": None}, "posted_at is missing"),
        ({"when": "soon"}, "is not a time"),
        ({"when": "2025-01-31 10:00"}, "has no zone"),
        ({"how": "shout"}, "is not one of post, comment"),
        ({"stars": "4.5"}, "stars '4.5' is not a whole number"),
        ({"stars": "inf"}, "not a whole number"),
    ],
)
def test_a_bad_row_is_invalid_with_a_reason(row, reason):
    mapping = parse_mapping(f"{LEAST},kind=how,metric.stars=stars")
    with pytest.raises(Invalid) as caught:
        mapping.parse({**ROW, "how": "post", "stars": 5, **row}, NOON)
    assert reason in caught.value.message


def test_what_is_no_row_is_invalid():
    with pytest.raises(Invalid, match="not an object"):
        parse_mapping(LEAST).parse([ROW], NOON)


def test_a_naive_time_stands_in_the_zone_of_the_file():
    assert mention_of(f"{LEAST},zone:=America/New_York", when="2025-01-31 23:30").posted_at == at("2025-02-01T04:30:00")
    assert mention_of(f"{LEAST},zone:=America/New_York", when="2025-01-31T23:30Z").posted_at == at("2025-01-31T23:30:00")


@pytest.mark.parametrize(
    "written",
    [
        "2014-08-27T13:08:45Z",
        "2014-08-27T13:08:45.000+00:00",
        "2014-08-27 15:08:45+0200",
        "20140827T130845Z",
        "Wed, 27 Aug 2014 13:08:45 GMT",
        "Wed, 27 Aug 2014 15:08:45 +0200",
        "Wed Aug 27 13:08:45 +0000 2014",
        " 1409144925 ",
        1409144925,
        1409144925.0,
        "1409144925000",
        1409144925000,
        1409144925000000,
        datetime(2014, 8, 27, 13, 8, 45, tzinfo=UTC),
        datetime(2014, 8, 27, 15, 8, 45, tzinfo=ZoneInfo("Europe/Berlin")),
    ],
)
def test_times_are_read_in_the_forms_that_files_use(written):
    assert read_time(written, None) == at("2014-08-27T13:08:45")


@pytest.mark.parametrize(
    "written", ["2014-08-27", "20140827", 20140827, date(2014, 8, 27), "Wed, 27 Aug 2014 00:00:00 -0000"]
)
def test_a_bare_day_or_a_time_without_zone_needs_one(written):
    assert read_time(written, ZoneInfo("Europe/Berlin")) == at("2014-08-26T22:00:00")
    with pytest.raises(Invalid, match="has no zone"):
        read_time(written, None)


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(st.text() | st.integers() | st.floats() | st.datetimes() | st.from_regex(r"[0-9T:Z+.\- ]{0,30}"))
def test_any_value_is_a_time_in_utc_or_invalid(written):
    try:
        moment = read_time(written, ZoneInfo("Asia/Kolkata"))
    except Invalid:
        return
    assert moment.tzinfo is UTC


CELL = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers(), max_size=2)


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(st.dictionaries(st.sampled_from(["no", "who", "when", "words", "stars", "up", "fans"]), CELL))
def test_any_row_gives_facts_or_invalid(changes):
    try:
        (mention,), _, _ = parse_mapping(f"{LEAST},parent=up,metric.stars=stars,followers=fans").parse(
            {**ROW, **changes}, NOON
        )
    except Invalid:
        return
    assert isinstance(mention.text, str)
    assert mention.id.startswith("trustpilot:")
    assert all(type(count) is int for count in mention.metrics.values())
