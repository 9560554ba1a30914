"""Recorded answers of X: every mention-like object in them becomes a fact or a counted reject with a reason."""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from connectors.x.parse import parse_v1, parse_v2, parse_v2_page
from social_crm.domain.errors import Invalid
from tests.builders import NOON
from tests.recorded.cassettes import files, interactions, needs_recordings, walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from social_crm.domain.mention import Mention

pytestmark = [pytest.mark.real_data, pytest.mark.slow, needs_recordings]

PAGES, INCLUDED, DISTINCT, ANSWERS = 9_130, 2_416, 9_416, 3_473
_NAMES = re.compile(r"x:\d+|'[^']*'$")


def is_mention_like(piece: dict[str, Any]) -> bool:
    """Whether an object says something under an id of its own, whatever a parser thinks of it."""
    says = isinstance(piece.get("full_text"), str) or isinstance(piece.get("text"), str)
    return says and ("id" in piece or "id_str" in piece)


def fate(piece: dict[str, Any], url: str, body: Any) -> str:
    """What becomes of a mention-like object: "" for a fact, the reason of a reject, or `failed: ...`."""
    try:
        if "/2/" in url:
            mentions, _, faults = parse_v2_page({**body, "data": [piece]}, NOON)
        else:
            mentions, _, faults = parse_v1(piece, NOON)
    except Invalid as error:
        return error.message
    except Exception as error:  # noqa: BLE001 - that there is none is what is tested
        return f"failed: {type(error).__name__}"
    if [mention.id for mention in mentions] == [f"x:{piece.get('id_str') or piece['id']}"]:
        return "" if not faults else "failed: a fact and a fault"
    return faults[0][0] if faults and not mentions else "failed: neither fact nor fault"


def test_every_recorded_tweet_of_tweepy_is_a_fact_or_a_reject_with_a_reason():
    fates, answers = Counter[str](), 0
    for interaction in interactions("tweepy"):
        body = interaction.json()
        answers += body is not None
        for piece in walk(body):
            if is_mention_like(piece):
                why = _NAMES.sub("...", fate(piece, interaction.url, body))
                assert not why or not ("author_id" in piece or "user" in piece), f"{why}: what names its author is a fact"
                fates[why] += 1
    parsed, failed = fates.pop("", 0), sum(count for why, count in fates.items() if why.startswith("failed"))
    rejected = sum(fates.values()) - failed
    sys.stdout.write(f"\ntweepy: {answers} answers of JSON, {parsed} parsed, {rejected} rejected, {failed} failed\n")
    for why, count in fates.most_common():
        sys.stdout.write(f"  {count:5}  {why}\n")
    assert failed == 0, fates
    assert (answers, parsed, rejected) == (229, 190, 794), "all of them are counted"
    assert all(len(why) > 10 for why in fates)


def test_every_recorded_answer_as_a_whole_gives_facts_or_invalid():
    facts = 0
    for interaction in interactions("tweepy"):
        parse = parse_v2 if "/2/" in interaction.url else parse_v1
        try:
            facts += len(parse(interaction.json(), NOON)[0])
        except Invalid:
            continue
    assert facts > 100


def pages() -> Iterator[tuple[list[Any], dict[str, Any]]]:
    """The full-archive pages: tweets, and what came beside them."""
    read = dict(files("academictwitter_v2", ".json"))
    for name, content in read.items():
        if "/data_" in name:
            yield json.loads(content), json.loads(read[name.replace("/data_", "/users_")])


def test_all_tweets_of_the_archive_parse_and_answers_link_to_their_parents():
    """9,416 is how many different tweets there are: 8,424 in the pages, and 992 more that only came beside them."""
    listed: dict[str, Mention] = {}
    beside: dict[str, Mention] = {}
    raw: dict[str, Any] = {}
    rows = Counter[str]()
    for tweets, includes in pages():
        mentions, _, faults = parse_v2({"data": tweets, "includes": includes}, NOON)
        assert not faults
        assert [mention.id for mention in mentions] == [f"x:{tweet['id']}" for tweet in tweets]
        listed |= {mention.id: mention for mention in mentions}
        shown = includes.get("tweets") or []
        others, _, faults = parse_v2({"data": shown, "includes": includes}, NOON)
        assert not faults
        beside |= {mention.id: mention for mention in others}
        raw |= {f"x:{tweet['id']}": tweet for tweet in (*tweets, *shown)}
        rows["pages"] += len(tweets)
        rows["beside"] += len(shown)
    known = {**beside, **listed}
    linked = [one for one in known.values() if one.parent in known and answered(raw[one.id]) == one.parent]
    sys.stdout.write(
        f"\nacademictwitter: {rows['pages']} rows in pages ({len(listed)} tweets), {rows['beside']} beside them\n"
    )
    sys.stdout.write(f"  {len(known)} tweets parsed, 0 failed; {len(linked)} answers link to a parent that is there\n")
    assert (rows["pages"], rows["beside"], len(listed), len(known)) == (PAGES, INCLUDED, 8_424, DISTINCT)
    assert known.keys() == raw.keys()
    assert len(linked) == ANSWERS
    assert len(linked) == sum(answered(tweet) in raw for tweet in raw.values()), "none that could link is missing"


def answered(tweet: dict[str, Any]) -> str | None:
    """The tweet that a raw tweet says it answers."""
    points_at = {other["type"]: other["id"] for other in tweet.get("referenced_tweets", [])}
    return f"x:{points_at['replied_to']}" if "replied_to" in points_at else None
