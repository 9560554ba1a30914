"""Limits and refusals of X: whose clock counts, what every odd answer becomes, and that no token leaves or is logged."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from connectors.transport.pace import Pace
from demo.platforms.platform import Window, answer_json
from demo.platforms.x import BEARER_TOKEN
from social_crm.domain.errors import CredentialsRejected, Invalid, PlatformUnavailable, RateLimited
from tests.sources.odd_x import odd
from tests.sources.stand import Place, ids
from tests.sources.stands.x import STAND

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def x() -> Iterator[Place]:
    with Place(STAND) as place:
        yield place


def test_the_limit_is_waited_for_by_the_clock_of_x(x: Place):
    """X's clock is an hour late: what it says of its window is read by its own header Date."""
    x.fill(3)
    there = int(x.clock().timestamp()) - 3600
    date = (x.clock() - timedelta(hours=1)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    headers = {"x-rate-limit-remaining": "0", "x-rate-limit-reset": str(there + 600), "Date": date}
    odd(x, answer_json({"title": "Too Many Requests"}, headers=headers, status=429))
    with pytest.raises(RateLimited) as caught:
        x.walk()
    assert timedelta(seconds=600) <= caught.value.retry_at - x.clock() <= timedelta(seconds=602)


def test_a_spent_day_is_waited_for_and_not_only_the_quarter_of_an_hour(x: Place):
    x.fill(3)
    now = int(x.clock().timestamp())
    headers = {"x-rate-limit-remaining": "40", "x-rate-limit-reset": str(now + 600)}
    headers |= {"x-app-limit-24hour-remaining": "0", "x-app-limit-24hour-reset": str(now + 40_000)}
    odd(x, answer_json({"title": "Too Many Requests"}, headers=headers, status=429))
    source = x.source()
    with pytest.raises(RateLimited) as caught:
        next(source.pull(x.query, None))
    assert caught.value.retry_at - x.clock() >= timedelta(seconds=40_000)
    asked = len(x.server.log)
    with pytest.raises(RateLimited):
        next(source.pull(x.query, None))
    assert len(x.server.log) == asked, "nothing is asked before the window ends"


@pytest.mark.parametrize("reset", ["", "soon", "-5", "9" * 40, "1e9"])
def test_limit_headers_that_make_no_sense_are_not_believed(x: Place, reset: str):
    headers = {"x-rate-limit-remaining": "0", "x-rate-limit-reset": reset}
    odd(x, answer_json({"title": "Too Many Requests"}, headers=headers, status=429))
    with pytest.raises(RateLimited) as caught:
        x.walk()
    assert caught.value.retry_at is None


def test_searching_and_looking_up_have_windows_of_their_own():
    with Place(STAND, window=Window(limit=3, seconds=900)) as x:
        posted = x.fill(20)
        x.settle()
        source = x.source(7)
        list(source.pull(x.query, None))
        with pytest.raises(RateLimited, match="limit is reached"):
            next(source.pull(x.query, None))
        assert list(source.revisit(posted[:1])), "looking up is not held up by searching"
        assert x.platform.window.overrun == 0


def test_a_pace_without_kinds_stands_for_all(x: Place):
    posted = x.fill(3)
    x.settle()
    source = x.source(pace=Pace(x.clock))
    assert set(ids(list(source.pull(x.query, None)))) == {mention.id for mention in posted}


def test_used_up_credits_are_told_and_stop_the_account(x: Place):
    odd(x, answer_json({"title": "CreditsDepleted"}, status=402))
    with pytest.raises(CredentialsRejected, match="credits"):
        x.walk()


@pytest.mark.parametrize("credentials", [{}, {"bearer_token": "wrong"}, {"bearer_token": "wr\nong"}])
def test_a_wrong_token_is_told(x: Place, credentials: dict[str, str]):
    x.fill(3)
    with pytest.raises(CredentialsRejected):
        next(x.source(credentials=credentials).pull(x.query, None))


def test_a_probe_says_what_is_missing(x: Place):
    x.fill(3)
    probe = x.source(credentials={"bearer_token": "wrong"}).probe(x.query)
    assert (probe.works, probe.cost) == ((), 0)
    assert "credentials" in probe.missing[0]


@pytest.mark.parametrize("body", [[], "words", 5, None, {"data": 5}, {"data": [5]}, {"errors": [{"title": "Odd"}]}])
def test_an_answer_of_the_wrong_shape_is_an_error_of_ours_or_a_reject(x: Place, body: object):
    odd(x, answer_json(body))
    try:
        (page,) = x.walk()
    except (Invalid, PlatformUnavailable):
        return
    assert page.rejects


def test_an_account_that_does_not_exist_is_an_invalid_query_and_trouble_inside_x_is_not(x: Place):
    odd(x, answer_json({"errors": [{"title": "Not Found Error", "detail": "Could not find user with id: [5]."}]}))
    with pytest.raises(Invalid, match="Could not find user"):
        next(x.source().pull("mentions:5", None))
    odd(x, answer_json({"errors": [{"title": "Service Unavailable", "detail": "later"}]}))
    with pytest.raises(PlatformUnavailable, match="later"):
        x.walk()


@pytest.mark.parametrize("status", [400, 401, 403, 404, 500, 503])
@pytest.mark.parametrize("body", [[], "words", {"errors": 5}, {"errors": [5], "error": {}}])
def test_none_of_tweepys_errors_leaks_whatever_a_refusal_looks_like(x: Place, status: int, body: object):
    odd(x, answer_json(body, status=status))
    expected = {400: Invalid, 401: CredentialsRejected, 403: CredentialsRejected, 404: Exception}
    with pytest.raises(expected.get(status, PlatformUnavailable)) as caught:
        x.walk()
    assert type(caught.value).__module__.split(".")[0] in {"social_crm", "connectors"}


@pytest.mark.parametrize("place", ["http://elsewhere.example/", "//elsewhere.example/2/tweets", "http://127.0.0.1:1/"])
def test_a_redirect_is_not_followed(x: Place, place: str):
    odd(x, answer_json({}, headers={"Location": place}, status=302))
    with pytest.raises(PlatformUnavailable, match="elsewhere"):
        x.walk()
    assert len(x.server.log) == 1


def test_no_other_host_is_asked_even_if_an_option_names_it(x: Place):
    with pytest.raises(Invalid, match="own hosts"):
        next(x.source(options={"base_url": "https://elsewhere.example"}).pull(x.query, None))
    assert x.server.log == []


class Records(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.name} {self.format(record)} {record.__dict__}")


def test_the_token_is_in_no_log_at_any_level(x: Place):
    x.fill(20)
    x.settle()
    root, records = logging.getLogger(), Records()
    levels = {name: logging.getLogger(name).level for name in ("", "tweepy", "tweepy.client", "urllib3")}
    root.addHandler(records)
    try:
        for name in levels:
            logging.getLogger(name or None).setLevel(logging.DEBUG)
        source = x.source(7)
        list(source.revisit([m for page in source.pull(x.query, None) for m in page.mentions]))
    finally:
        root.removeHandler(records)
        for name, level in levels.items():
            logging.getLogger(name or None).setLevel(level)
    assert [line for line in records.lines if line.startswith("urllib3")], "the handler hears DEBUG"
    assert not [line for line in records.lines if BEARER_TOKEN in line]
