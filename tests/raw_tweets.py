"""Seeded raw X API v1.1 objects, as a file of JSON lines: invented people who talk about three tickers."""

from __future__ import annotations

import gzip
import random
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TICKERS = ("ACME", "ZNTH", "BOLT")
FIRST_DAY = datetime(2025, 1, 1, tzinfo=UTC)
OPINIONS = (
    "love it",
    "not my thing",
    "what a mess",
    "great earnings again!",
    "so so",
    "holding",
    "terrible news, sold all",
)
FILLER = "and here is what I think about it after a long week of watching the whole market go up and down"


def raw_tweets(count: int, seed: int = 1, days: int = 365) -> Iterator[dict[str, Any]]:
    """Tweets over some days, in order: posts, replies, reposts, with user mentions; some are about no ticker."""
    chance = random.Random(seed)
    people = max(count // 3, 1)
    for number in range(count):
        author, other = chance.randrange(people), chance.randrange(people)
        posted = FIRST_DAY + timedelta(days=days) * number / count
        ticker = f"${chance.choice(TICKERS)}" if chance.random() < 0.97 else "the market"
        text = f"{ticker} {chance.choice(OPINIONS)} {FILLER[: chance.randrange(len(FILLER))]}"
        tweet = _tweet(10_000_000 + number, author, posted, text)
        turn = chance.random()
        if turn < 0.05:
            tweet |= _reply(chance.randrange(number + 1), other)
        elif turn < 0.25:
            tweet["retweeted_status"] = _tweet(9_000_000 + other, other, posted - timedelta(hours=1), text)
            tweet["text"] = f"RT @user{other}: {text}"
        elif turn < 0.5:
            tweet["entities"]["user_mentions"] = [{"id_str": str(other), "screen_name": f"user{other}", "indices": [0, 5]}]
        yield tweet


def write_tweets(path: Path, count: int, seed: int = 1, days: int = 365) -> Path:
    """Write them as gzipped JSON lines."""
    with gzip.open(path, "wb", compresslevel=1) as file:
        for tweet in raw_tweets(count, seed, days):
            file.write(orjson.dumps(tweet) + b"\n")
    return path


def _tweet(number: int, author: int, posted: datetime, text: str) -> dict[str, Any]:
    return {
        "id_str": str(number), "id": number, "created_at": posted.strftime("%a %b %d %H:%M:%S +0000 %Y"), "text": text,
        "lang": "en", "favorite_count": number % 7, "retweet_count": number % 3, "in_reply_to_status_id_str": None,
        "in_reply_to_user_id_str": None, "entities": {"user_mentions": [], "symbols": [], "hashtags": [], "urls": []},
        "user": {
            "id_str": str(author), "id": author, "screen_name": f"user{author}", "name": f"User {author}",
            "followers_count": author % 1000, "created_at": "Wed Jan 01 00:00:00 +0000 2020", "lang": "en",
        },
    }  # fmt: skip


def _reply(to: int, user: int) -> dict[str, Any]:
    return {
        "in_reply_to_status_id_str": str(10_000_000 + to),
        "in_reply_to_user_id_str": str(user),
        "in_reply_to_screen_name": f"user{user}",
    }
