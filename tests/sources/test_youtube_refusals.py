"""YouTube's refusals: look-ups that fail, the quota of a day, keys that are no good; and a key that stays secret."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from connectors.transport.guard import open_session
from connectors.transport.pace import DRIFT, Pace
from connectors.youtube.client import LIMIT, open_source
from connectors.youtube.refusals import quota_day_ends
from demo.platforms.platform import Answer, Window, error
from demo.platforms.youtube import API_KEY, SIGNED_IN, TOKEN, LoopbackYouTube, refusal
from social_crm.domain.clock import ONE_DAY
from social_crm.domain.errors import CredentialsRejected, Invalid, PlatformUnavailable, RateLimited
from social_crm.domain.mention import How, Kind, Mention
from tests.builders import at
from tests.sources.stand import START, Place, ids
from tests.sources.stands.youtube import STAND, served_by

if TYPE_CHECKING:
    from collections.abc import Iterator

    from demo.platforms.platform import Request
    from social_crm.ports import LiveSource

SECRET = "AIza-a-very-secret-key"


@pytest.fixture
def place() -> Iterator[Place]:
    with Place(STAND) as place:
        yield place


# -- looking up again --------------------------------------------------------------------------------------------------


def test_look_ups_that_fail_whole_for_one_that_is_gone_are_halved(place: Place) -> None:
    place.platform.strict = True
    posted = place.fill(40)
    place.settle()
    stored = [one for page in place.walk() for one in page.mentions]
    deleted = {posted[7].id, posted[30].id}
    for own in deleted:
        place.shelf.delete(own, place.clock())
    place.server.log.clear()
    pages = list(place.source().revisit(stored))
    assert {one.mention for page in pages for one in page.deletions} == place.gone(deleted, posted)
    assert sum(page.spent for page in pages) == len(place.server.log)


def test_a_comment_whose_author_is_gone_is_a_counted_reject_and_not_deleted() -> None:
    class Orphaning(LoopbackYouTube):
        orphan = ""

        def _comment(self, mention: Mention) -> dict[str, Any]:
            item = super()._comment(mention)
            if mention.id == self.orphan:
                del item["snippet"]["authorChannelId"]
            return item

    with served_by(Orphaning) as place:
        posted = place.fill(8)
        place.settle()
        stored = [one for page in place.walk() for one in page.mentions]
        place.platform.orphan = posted[0].id
        pages = list(place.source().revisit(stored))
        assert not [one for page in pages for one in page.deletions]
        assert {reject.reason.partition(":")[0] for page in pages for reject in page.rejects} == {"no author"}


@pytest.mark.parametrize(
    ("answer", "raised"),
    [
        (error(404, "Not Found"), PlatformUnavailable),
        (Answer(404, b"<html>no</html>"), PlatformUnavailable),
        (Answer(410, b"<html>no</html>"), PlatformUnavailable),
        (Answer(302, b"", {"Location": "/elsewhere"}), PlatformUnavailable),
        (Answer(200, b"{}"), PlatformUnavailable),
        (Answer(200, b"[]"), PlatformUnavailable),
        (Answer(200, b'{"kind":"youtube#commentListResponse","items":3}'), PlatformUnavailable),
        (refusal(400, "processingFailure", "The API server failed."), PlatformUnavailable),
    ],
)
def test_an_answer_that_says_nothing_of_a_comment_deletes_none(answer: Answer, raised: type[Exception]) -> None:
    class Odd(LoopbackYouTube):
        is_odd = False

        def answer(self, request: Request) -> Answer:
            return answer if self.is_odd else super().answer(request)

    with served_by(Odd) as place:
        place.fill(8)
        stored = [one for page in place.walk() for one in page.mentions]
        place.platform.is_odd = True
        with pytest.raises(raised):
            list(place.source().revisit(stored))


def test_what_is_shown_to_some_only_is_not_called_deleted() -> None:
    class Private(LoopbackYouTube):
        def answer(self, request: Request) -> Answer:
            if "id" in request.query:
                return refusal(403, "forbidden", "Insufficient permissions.", "youtube.commentThread")
            return super().answer(request)

    with served_by(Private) as place:
        place.fill(8)
        stored = [one for page in place.walk() for one in page.mentions]
        pages = list(place.source().revisit(stored))
        assert pages
        assert not [one for page in pages for one in (*page.deletions, *page.mentions)]


# -- quota and refusals ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "ends"),
    [
        ("2026-03-02T11:00:00", "2026-03-03T08:00:00"),
        ("2026-03-02T07:59:59", "2026-03-02T08:00:00"),
        ("2026-03-08T08:00:00", "2026-03-09T07:00:00"),  # clocks go forward: a day of 23 hours
        ("2026-07-01T07:00:00", "2026-07-02T07:00:00"),
        ("2026-11-01T07:00:00", "2026-11-02T08:00:00"),  # and back: one of 25
    ],
)
def test_a_day_of_quota_ends_at_midnight_in_california(now: str, ends: str) -> None:
    assert quota_day_ends(at(now)) == at(ends)


def test_a_quota_that_is_used_up_is_waited_for_without_asking_again(place: Place) -> None:
    place.fill(30)
    place.platform.window.take(place.clock() - timedelta(hours=8), LIMIT)
    source = place.source(4)
    with pytest.raises(RateLimited, match="California") as caught:
        list(source.pull(place.query, None))
    assert caught.value.retry_at == at("2026-03-03T08:00:01")
    asked = len(place.server.log)
    with pytest.raises(RateLimited):
        list(source.pull(place.query, None))
    assert len(place.server.log) == asked
    place.clock.forward(ONE_DAY)
    assert len(ids(list(source.pull(place.query, None)))) >= 30


def test_a_limit_of_searches_holds_up_nothing_else() -> None:
    class Searched(LoopbackYouTube):
        def answer(self, request: Request) -> Answer:
            return self.limited(says_when=True) if request.path.endswith("search") else super().answer(request)

    with served_by(Searched) as place:
        place.fill(3)
        source = place.source()
        with pytest.raises(RateLimited):
            list(source.pull("search:acme", None))
        assert len(ids(list(source.pull(place.query, None)))) == 3


def test_too_many_requests_at_once_are_waited_for_shortly() -> None:
    class Hurried(LoopbackYouTube):
        def answer(self, request: Request) -> Answer:
            return refusal(403, "userRateLimitExceeded", "Slower.", "usageLimits")

    with served_by(Hurried) as place:
        with pytest.raises(RateLimited) as caught:
            place.walk()
        assert caught.value.retry_at == START + timedelta(minutes=1)


def walks_until_limited(source: LiveSource, query: str, most: int = 20) -> int:
    """How many searches are walked through before our own count stops the next one."""
    for number in range(most):
        try:
            list(source.pull(query, None))
        except RateLimited:
            return number
    return most


def test_our_own_count_keeps_below_the_quota_at_the_price_of_each_request() -> None:
    window = Window(limit=350, seconds=86_400)
    with Place(replace(STAND, query="search:acme"), window=window) as place:
        place.fill(40)
        place.settle()
        mine = Pace(place.clock, 350, ONE_DAY, quota_day_ends)
        source, done = place.source(4, pace=mine), 0
        for _ in range(3):
            done += walks_until_limited(source, place.query)
            place.clock.forward(quota_day_ends(place.clock()) - place.clock() + DRIFT)
        assert done == 9, "three searches a day, and what they find"
        assert window.overrun == 0


@pytest.mark.parametrize(
    "answer",
    [
        refusal(400, "badRequest", "API key not valid.", detail="API_KEY_INVALID"),
        refusal(400, "keyInvalid", "Bad Request", "usageLimits"),
        refusal(403, "accessNotConfigured", "The API is not enabled.", "usageLimits"),
        refusal(403, "forbidden", f"Consumer 'api_key:{SECRET}' has been suspended."),
        refusal(401, "authError", f"Invalid: {SECRET}"),
        error(403, SECRET),
    ],
)
def test_a_key_that_is_rejected_is_told_and_never_repeated(answer: Answer) -> None:
    class Strict(LoopbackYouTube):
        def answer(self, request: Request) -> Answer:
            return answer

    with served_by(Strict, credentials={"api_key": SECRET}) as place:
        with pytest.raises(CredentialsRejected, match="API key") as caught:
            place.walk()
        probe = place.source().probe(place.query)
        assert SECRET not in f"{caught.value!r} {probe!r}"
        assert probe.missing != ()


@pytest.mark.parametrize("key", ["", "  ", "schlüssel", "a\nb"])
def test_a_key_that_cannot_be_is_refused_before_anything_is_asked(place: Place, key: str) -> None:
    with pytest.raises(CredentialsRejected, match="api_key"):
        open_source(place.opening(credentials={"api_key": key}))


# -- what leaves, and where to -----------------------------------------------------------------------------------------


def test_the_key_is_in_no_log_no_cursor_and_no_raw_page(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    place.fill(30)
    with caplog.at_level(logging.DEBUG):
        pages = place.walk(page_size=4)
        list(place.source().revisit([one for page in pages for one in page.mentions]))
    told = [f"{record.getMessage()} {record.__dict__}" for record in caplog.records]
    assert told, "the library says at this level what it asks"
    assert not [line for line in [*told, *(page.raw + page.cursor for page in pages)] if API_KEY in line]
    assert API_KEY not in repr(place.opening())


def test_a_redirect_leads_nowhere() -> None:
    with Place(STAND) as elsewhere:

        class Leading(LoopbackYouTube):
            def answer(self, request: Request) -> Answer:
                return Answer(302, b"", {"Location": f"{elsewhere.server.url}/youtube/v3/commentThreads"})

        with served_by(Leading) as place, pytest.raises(PlatformUnavailable, match="302"):
            place.walk()
        assert elsewhere.server.log == []


def test_a_foreign_address_is_refused_before_anything_is_asked(place: Place) -> None:
    opening = place.opening(options={"base_url": "https://example.org"})
    with pytest.raises(Invalid, match="own hosts"):
        list(open_source(opening).pull(place.query, None))


def test_a_reply_that_is_posted_is_found_with_its_thread(place: Place) -> None:
    top = next(one for one in place.fill(6) if one.kind is Kind.COMMENT)
    place.settle()
    body = {"snippet": {"parentId": top.id.partition(":")[2], "textOriginal": "Thank you, from acme"}}
    session = open_session((), place.server.url, 2.0)
    address = f"{place.server.url}/youtube/v3/comments"
    refused = session.post(address, params={"part": "snippet"}, json=body)
    answer = session.post(address, params={"part": "snippet"}, json=body, headers={"Authorization": f"Bearer {TOKEN}"})
    session.close()
    assert refused.status_code == 401
    assert answer.status_code == 200
    (stored,) = [one for page in place.walk() for one in page.mentions if one.id == top.id]
    pages = list(place.source().revisit([stored]))
    (reply,) = [one for page in pages for one in page.mentions if one.id == f"youtube:{answer.json()['id']}"]
    assert (reply.author, reply.text, reply.parent) == (SIGNED_IN.id, "Thank you, from acme", top.id)
    assert reply.addressed == ((How.REPLY, top.author),)
