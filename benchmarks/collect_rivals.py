"""The bare client library of each platform, walking the pages that we walk; the benchmark of collecting comes in.

Each rival yields how many items each page holds. It keeps nothing: what a library makes of a page is let go at once.
"""

from __future__ import annotations

import json
from itertools import islice
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import praw
import requests
import tweepy
from atproto_client import Client
from mastodon import Mastodon
from requests.adapters import HTTPAdapter

from demo.platforms.bluesky import APP_PASSWORD, HANDLE
from demo.platforms.mastodon import TOKEN
from demo.platforms.reddit import LoopbackReddit
from demo.platforms.x import BEARER_TOKEN
from demo.platforms.youtube import API_KEY, VIDEO

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_TWEET_FIELDS = (
    "author_id,conversation_id,created_at,edit_history_tweet_ids,entities,in_reply_to_user_id,lang,note_tweet,"
    "public_metrics,referenced_tweets"
)
_EXPANSIONS = "author_id,referenced_tweets.id,edit_history_tweet_ids"
_USER_FIELDS = "created_at,name,public_metrics,username"
_HITS = 1000


class Elsewhere(HTTPAdapter):
    """Sends what is meant for a platform to a loopback server."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url

    def send(self, request: requests.PreparedRequest, *given: Any, **options: Any) -> requests.Response:
        """Send one request."""
        parts = urlsplit(request.url or "")
        request.url = f"{self._url}{parts.path}?{parts.query}"
        return super().send(request, *given, **options)


def x(url: str) -> Iterator[int]:
    """Recent search by tweepy, with the fields and expansions that we ask for."""
    client = tweepy.Client(BEARER_TOKEN)
    client.session.mount("https://", Elsewhere(url))
    asked = {"tweet_fields": _TWEET_FIELDS, "expansions": _EXPANSIONS, "user_fields": _USER_FIELDS}
    for response in tweepy.Paginator(client.search_recent_tweets, "acme", max_results=100, **asked):
        yield len(response.data or ())


def reddit(url: str) -> Iterator[int]:
    """The newest posts of a subreddit by praw, which asks for 100 at a time.

    Its rate limiter sleeps by the headers: it never does here, as they say that nearly all of 10**9 requests are left.
    """
    client_id, client_secret = LoopbackReddit.CLIENT
    client = praw.Reddit(
        client_id=client_id,
        client_secret=client_secret,
        user_agent="python:benchmark:1",
        reddit_url=url,
        oauth_url=url,
        check_for_updates=False,
        check_for_async=False,
    )
    posts = client.subreddit("acme").new(limit=None)
    while page := list(islice(posts, 100)):
        yield len(page)


def mastodon(url: str) -> Iterator[int]:
    """A hashtag by Mastodon.py, upwards as we walk it."""
    client = Mastodon(access_token=TOKEN, api_base_url=url, ratelimit_method="throw", version_check_mode="none")
    page: Any = client.timeline_hashtag("acme", min_id="1", limit=40)
    while page:
        yield len(page)
        page = client.fetch_previous(page)


def bluesky(url: str) -> Iterator[int]:
    """A search by atproto, with its cursor."""
    client = Client(base_url=url)
    client.login(HANDLE, APP_PASSWORD, fetch_bsky_profile=False)
    asked: dict[str, Any] = {"q": "acme", "sort": "latest", "limit": 100}
    while True:
        found = client.app.bsky.feed.search_posts(params=asked)
        yield len(found.posts)
        if not found.cursor:
            return
        asked["cursor"] = found.cursor


def youtube(url: str) -> Iterator[int]:
    """The comment threads of a video by requests and json: the answers are all there is to it."""
    asked = {"part": "snippet,replies", "order": "time", "textFormat": "plainText", "videoId": VIDEO, "maxResults": "100"}
    with requests.Session() as session:
        session.headers["X-Goog-Api-Key"] = API_KEY
        while True:
            page = json.loads(session.get(f"{url}/youtube/v3/commentThreads", params=asked, timeout=10).content)
            yield sum(1 + len(item.get("replies", {}).get("comments", ())) for item in page["items"])
            if "nextPageToken" not in page:
                return
            asked["pageToken"] = page["nextPageToken"]


def hackernews(url: str) -> Iterator[int]:
    """The search by date by requests and json, each page from the oldest second of the last one down."""
    asked = {"query": "acme", "tags": "(story,comment)", "hitsPerPage": str(_HITS)}
    with requests.Session() as session:
        while True:
            hits = json.loads(session.get(f"{url}/api/v1/search_by_date", params=asked, timeout=10).content)["hits"]
            yield len(hits)
            if len(hits) < _HITS:
                return
            asked["numericFilters"] = f"created_at_i<={hits[-1]['created_at_i']}"


def discourse(url: str) -> Iterator[int]:
    """All posts of a forum by requests and json."""
    asked: dict[str, str] = {}
    with requests.Session() as session:
        while True:
            posts = json.loads(session.get(f"{url}/posts.json", params=asked, timeout=10).content)["latest_posts"]
            yield len(posts)
            low = min((post["id"] for post in posts), default=0)
            if low <= 1:
                return
            asked["before"] = str(low)


RIVALS: dict[str, tuple[str, Callable[[str], Iterator[int]]]] = {
    "x": ("tweepy", x),
    "reddit": ("praw", reddit),
    "mastodon": ("Mastodon.py", mastodon),
    "bluesky": ("atproto", bluesky),
    "youtube": ("requests, json", youtube),
    "hackernews": ("requests, json", hackernews),
    "discourse": ("requests, json", discourse),
}
