"""Tests of the connectors over real exports, where the shared data is: counts only; nobody comes in."""

from __future__ import annotations

import gzip
import lzma
import tarfile
from collections import Counter
from pathlib import Path
from typing import Any

import orjson
import pytest

from cli.listening import brand_from_ticker
from cli.reading import file_source
from connectors.files.brandmap import read_brand_map
from connectors.files.formats import Format
from connectors.files.source import FileSource
from connectors.reddit.parse import looks_like_reddit, parse_reddit
from connectors.x.parse import looks_like_v1, parse_v1, parse_v2
from social_crm.domain.errors import Invalid
from social_crm.domain.mention import How, Kind
from social_crm.domain.recognition import Recogniser
from tests.builders import NOON, at

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
TWEETS = DATA / "mentions" / "tweets_full_v11.jsonl.gz"
TICKERS = DATA / "mentions" / "tweet_ticker.csv.gz"

pytestmark = [
    pytest.mark.real_data,
    pytest.mark.slow,
    pytest.mark.skipif(not DATA.is_dir(), reason="the shared data folder is absent"),
]


@pytest.fixture(scope="module")
def tweets() -> dict[str, Any]:
    """Aggregates over all 96,826 tweets: one walk, nothing of a person kept."""
    seen: dict[str, Any] = {"kinds": Counter(), "how": Counter(), "rejects": 0, "months": set(), "aapl": set()}
    tickers = read_brand_map(str(DATA / "mentions" / "tweet_ticker.csv.gz"))
    source = FileSource((Format("x-v1", looks_like_v1, parse_v1),), lambda: NOON, brand_map=tickers)
    for page in source.pull(str(TWEETS), None):
        seen["rejects"] += len(page.rejects)
        seen["kinds"].update(mention.kind for mention in page.mentions)
        seen["how"].update(how for mention in page.mentions for how, _ in mention.addressed)
        seen["months"] |= {(mention.author, mention.posted_at.year, mention.posted_at.month) for mention in page.mentions}
        seen["aapl"] |= {mention.author for mention in page.mentions if "aapl" in page.brands[mention.id]}
    seen["page"] = page
    return seen


def test_every_tweet_of_the_archive_is_a_mention(tweets):
    assert tweets["rejects"] == 0
    assert sum(tweets["kinds"].values()) == 96_826
    assert (tweets["page"].cursor, tweets["page"].done) == ("96826", tweets["page"].total)


def test_the_figures_of_the_archive_are_reproduced(tweets):
    assert tweets["kinds"][Kind.REPOST] == 24_186
    assert len({author for author, _, _ in tweets["months"]}) == 35_624
    assert len(tweets["aapl"]) == 10_249


def test_retention_of_the_archives_first_january_is_reproduced(tweets):
    january = {author for author, year, month in tweets["months"] if (year, month) == (2014, 1)}
    later = [len({a for a, y, m in tweets["months"] if (y, m) == (2014, month)} & january) for month in range(2, 8)]
    assert len(january) == 1_833
    assert [round(count / 1_833, 3) for count in later] == [0.215, 0.182, 0.164, 0.138, 0.108, 0.106]


def test_replies_and_mentions_are_counted_as_the_archive_has_them(tweets):
    """4,400 tweets answer someone and 41,170 names stand in the texts; what is addressed is less, and here is why."""
    raw: Counter[str] = Counter()
    for value in map(orjson.loads, lines()):
        named = value["entities"]["user_mentions"]
        others = {name["id_str"] for name in named} - {value["user"]["id_str"]}
        raw["named"] += len(named)
        raw["answers"] += value["in_reply_to_user_id"] is not None
        if "retweeted_status" in value:
            raw["reposts of others"] += value["retweeted_status"]["user"]["id_str"] != value["user"]["id_str"]
            continue
        answered = {value["in_reply_to_user_id_str"]} - {None, value["user"]["id_str"]}
        quoted = {value["quoted_status"]["user"]["id_str"]} if "quoted_status" in value else set()
        raw["replies to others"] += len(answered)
        raw["quotes of others"] += len(quoted - answered - {value["user"]["id_str"]})
        raw["only named"] += len(others - answered - quoted)
    assert (raw["answers"], raw["named"]) == (4_400, 41_170)
    assert tweets["how"] == {
        How.REPLY: raw["replies to others"],
        How.REPOST: raw["reposts of others"],
        How.QUOTE: raw["quotes of others"],
        How.MENTION: raw["only named"],
    }


def lines() -> Any:
    with gzip.open(TWEETS) as file:
        yield from file


@pytest.fixture(scope="module")
def v2_pages() -> list[dict[str, Any]]:
    """The recorded pages, joined again: the archive keeps the tweets and what is included in two files a page."""
    found: dict[str, dict[str, Any]] = {}
    for name, content in members("academictwitter_v2"):
        folder, _, leaf = name.rpartition("/")
        kind, _, number = leaf.partition("_")
        if leaf.endswith(".json") and kind in {"data", "users"}:
            found.setdefault(f"{folder}/{number}", {})["data" if kind == "data" else "includes"] = orjson.loads(content)
    return list(found.values())


def members(name: str) -> Any:
    with lzma.open(DATA / "replay" / f"{name}.tar.xz") as packed, tarfile.open(fileobj=packed, mode="r|") as archive:
        for member in archive:
            if (file := archive.extractfile(member)) is not None:
                yield member.name, file.read()


def test_every_tweet_of_the_v2_archive_parses(v2_pages):
    ids: set[str] = set()
    replies: dict[str, str | None] = {}
    for page in v2_pages:
        tweets = [*page["data"], *page["includes"].get("tweets", ())]
        mentions, _, faults = parse_v2(tweets, NOON)
        assert not faults
        assert [mention.id for mention in mentions] == [f"x:{tweet['id']}" for tweet in tweets]
        ids |= {mention.id for mention in mentions}
        replies |= {mention.id: mention.parent for mention in mentions if mention.thread != mention.id}
    assert len(ids) == 9_416
    assert sum(parent in ids for parent in replies.values()) == 3_473


def test_whole_v2_answers_give_their_tweets_with_the_faces_of_their_authors(v2_pages):
    collected = total = 0
    threads: Counter[tuple[bool, bool]] = Counter()
    for page in v2_pages:
        mentions, accounts, faults = parse_v2(page, NOON)
        assert not faults
        assert {mention.author for mention in mentions} <= {account.id for account in accounts}
        collected, total = collected + len(mentions), total + len(page["data"])
        pointing = [(tweet["id"], other["type"]) for tweet in page["data"] for other in tweet.get("referenced_tweets", ())]
        answering = {f"x:{tweet_id}" for tweet_id, way in pointing if way == "replied_to"}
        threads.update((mention.id in answering, mention.thread == mention.id) for mention in mentions)
        assert all(mention.parent for mention in mentions if mention.id in answering)
    assert collected == total == 9_130
    assert threads == {(True, False): 4_097, (False, True): 5_033}  # what the threads of v1.1 are modelled on


def test_recorded_answers_of_reddit_are_mentions_or_counted_faults():
    counts: Counter[str] = Counter()
    for name, content in members("praw"):
        if name.endswith(".json"):
            for answer in answers(content):
                count(answer, counts)
    assert counts["fact"] == counts["thing with an author"] > 16_000
    assert counts["fault: the author is deleted"] == counts["thing without an author"] > 300
    assert counts["fault: not a post or comment"] > 0


def answers(cassette: bytes) -> Any:
    for exchange in orjson.loads(cassette)["interactions"]:
        try:
            value = orjson.loads(exchange["response"]["body"].get("string", ""))
        except orjson.JSONDecodeError:
            continue
        if looks_like_reddit(value):
            yield value


def count(answer: Any, counts: Counter[str]) -> None:
    waiting = [answer]
    while waiting:
        piece = waiting.pop()
        waiting += piece if isinstance(piece, list) else piece.values() if isinstance(piece, dict) else ()
        if isinstance(piece, dict) and (piece.get("kind") in {"t1", "t3"} or (piece is answer and "kind" not in piece)):
            has_author = piece.get("data", piece).get("author") not in {"[deleted]", None}
            counts[f"thing {'with' if has_author else 'without'} an author"] += 1
    try:
        mentions, _, faults = parse_reddit(answer, NOON)
    except Invalid as error:
        mentions, faults = (), [(error.message, answer)]
    counts["fact"] += len(mentions)
    assert all(mention.posted_at > at("2005-06-23") for mention in mentions)
    for reason, _ in faults:
        deleted = "the author is deleted" in reason
        counts["fault: the author is deleted" if deleted else "fault: not a post or comment"] += 1


def test_cashtags_in_the_texts_find_the_tickers_that_others_found():
    known = read_brand_map(str(TICKERS))
    recogniser = Recogniser(
        [brand_from_ticker(one) for one in sorted({brand for several in known.values() for brand in several})]
    )
    mentions = (one for page in file_source().pull(str(TWEETS), None) for one in page.mentions)
    found = [(set(recogniser.brands_of(one.text, "x")), set(known[one.id[2:]])) for one in mentions]
    assert len(found) == 96_826
    assert sum(bool(truth - ours) for ours, truth in found) / len(found) < 0.005
    assert sum(bool(ours - truth) for ours, truth in found) / len(found) < 0.005
