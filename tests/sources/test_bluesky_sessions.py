"""Sessions with Bluesky: signed in seldom, renewed quietly, kept to the platform's own servers and out of every log."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from connectors.bluesky.client import pace
from demo.platforms.bluesky import APP_PASSWORD, HANDLE, LoopbackBluesky
from demo.platforms.faults import Fault
from demo.platforms.platform import Answer, Window
from social_crm.domain.errors import CredentialsRejected, Invalid, PlatformUnavailable, RateLimited
from tests.sources.stand import Place, ids
from tests.sources.stands.bluesky import STAND

if TYPE_CHECKING:
    from collections.abc import Iterator

    from demo.platforms.platform import Request


@pytest.fixture
def place() -> Iterator[Place]:
    with Place(STAND) as place:
        yield place


def calls(place: Place, name: str) -> int:
    return sum(entry.path.endswith(name) for entry in place.server.log)


def test_the_end_of_the_window_is_when_to_come_again() -> None:
    with Place(STAND, window=Window(limit=4, seconds=300)) as place:
        place.fill(30)
        place.settle()
        with pytest.raises(RateLimited) as caught:
            place.walk(page_size=2)
        assert caught.value.retry_at is not None
        late = caught.value.retry_at - place.platform.window.resets_at()
        assert timedelta(0) <= late <= timedelta(seconds=1)
        assert place.platform.window.overrun == 0


def test_a_session_serves_all_sources_of_an_account(place: Place) -> None:
    place.fill(5)
    shared = pace(place.clock)
    for _ in range(3):
        assert list(place.source(pace=shared).pull(place.query, None))
    assert calls(place, "createSession") == 1


def test_a_session_is_renewed_without_the_password_before_it_ends(place: Place) -> None:
    place.fill(5)
    source = place.source()
    list(source.pull(place.query, None))
    place.clock.forward(timedelta(hours=1, minutes=50))
    list(source.pull(place.query, None))
    assert (calls(place, "createSession"), calls(place, "refreshSession")) == (1, 1)


def test_a_session_that_was_ended_is_begun_again_once(place: Place) -> None:
    posted = place.fill(5)
    source = place.source()
    list(source.pull(place.query, None))
    place.platform.end_sessions()
    assert set(ids(list(source.pull(place.query, None)))) == {mention.id for mention in posted}
    assert calls(place, "createSession") == 2


def test_a_session_whose_renewal_is_refused_is_begun_again(place: Place) -> None:
    place.fill(5)
    source = place.source()
    list(source.pull(place.query, None))
    place.platform.end_sessions()
    place.clock.forward(timedelta(hours=1, minutes=50))
    assert list(source.pull(place.query, None))
    assert (calls(place, "createSession"), calls(place, "refreshSession")) == (2, 1)


@pytest.mark.parametrize("given", [{"handle": HANDLE, "app_password": "wrong"}, {"handle": HANDLE}, {}])
def test_a_wrong_or_missing_password_is_told_and_not_tried_again(place: Place, given: dict[str, str]) -> None:
    source = place.source(credentials=given)
    with pytest.raises(CredentialsRejected):
        list(source.pull(place.query, None))
    assert len(place.server.log) <= 1
    probe = source.probe(place.query)
    assert probe.works == ()
    assert len(probe.missing) == 1


def test_the_ration_of_signing_in_says_when_and_leaves_the_pace_alone() -> None:
    with Place(STAND, most=1) as place:
        place.fill(5)
        list(place.source().pull(place.query, None))
        paced = pace(place.clock)
        with pytest.raises(RateLimited) as caught:
            list(place.source(pace=paced).pull(place.query, None))
        assert caught.value.retry_at is not None
        assert place.clock() < caught.value.retry_at <= place.clock() + timedelta(seconds=302)
        with paced.turn():
            pass


@pytest.mark.parametrize(
    "pds", ["https://pds.example.org", "http://127.0.0.1:9", "https://puffball.host.bsky.network.example"]
)
def test_no_token_goes_to_a_server_that_is_not_the_platforms_own(pds: str) -> None:
    with Place(STAND, pds=pds) as place:
        place.fill(3)
        with pytest.raises(CredentialsRejected, match="none of Bluesky's own"):
            list(place.source().pull(place.query, None))
        assert [entry.path for entry in place.server.log] == ["/xrpc/com.atproto.server.createSession"]


class Redirecting(LoopbackBluesky):
    """A search that sends its visitors elsewhere."""

    elsewhere = ""

    def answer(self, request: Request) -> Answer:
        if request.path.endswith("searchPosts"):
            return Answer(302, b"", {"Location": self.elsewhere})
        return super().answer(request)


@pytest.mark.parametrize(
    "elsewhere", ["https://example.org/xrpc/x", "http://127.0.0.1:9/xrpc/x", "https://bsky.social/xrpc/x"]
)
def test_a_redirect_to_another_host_is_refused(elsewhere: str) -> None:
    with Place(replace(STAND, platform=Redirecting)) as place:
        place.platform.elsewhere = elsewhere
        with pytest.raises(Invalid, match="only that server"):
            list(place.source().pull(place.query, None))


class Records(logging.Handler):
    """Keeps every record as a log would show it, with the errors in it."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record) + repr(record.__dict__))


def test_neither_password_nor_token_is_in_any_log(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    records, root = Records(), logging.getLogger()
    monkeypatch.setattr(root, "level", logging.DEBUG)
    root.addHandler(records)
    try:
        place.fill(20)
        place.settle()
        shared = pace(place.clock)
        source = place.source(7, pace=shared)
        stored = [mention for page in source.pull(place.query, None) for mention in page.mentions]
        secrets = {APP_PASSWORD, *shared.session.split(":::")[2:4]}
        list(source.revisit(stored))
        place.clock.forward(timedelta(hours=1, minutes=50))
        place.server.faults.plan(Fault.NONE, Fault.BROKEN)
        with pytest.raises(PlatformUnavailable) as caught:
            list(source.pull(place.query, None))
        logging.getLogger("test").error("in trouble", exc_info=caught.value)
        place.server.faults.plan(Fault.UNAUTHORIZED, Fault.UNAUTHORIZED)
        with pytest.raises(CredentialsRejected) as refused:
            list(source.pull(place.query, None))
        logging.getLogger("test").error("refused", exc_info=refused.value)
    finally:
        root.removeHandler(records)
    assert any("searchPosts" in line for line in records.lines), "the libraries do log"
    secrets |= set(shared.session.split(":::")[2:4])
    assert not [line for line in records.lines for secret in secrets if secret and secret in line]
    assert APP_PASSWORD not in repr(shared) + repr(source) + repr(vars(source))
