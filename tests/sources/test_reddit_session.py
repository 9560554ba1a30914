"""The session with Reddit: signing in, closed doors, limits, praw's habits, and no word to others; nobody comes in."""

from __future__ import annotations

import base64
import logging
import time
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from praw.config import Config

from demo.platforms.faults import Fault
from demo.platforms.platform import Answer, Window, answer_json
from demo.platforms.reddit import LoopbackReddit
from social_crm.domain.errors import CredentialsRejected, Invalid, NotFound, PlatformUnavailable, RateLimited
from tests.sources.reddit_world import PERSONAL, Subreddit
from tests.sources.stand import ids
from tests.sources.stands.reddit import STAND

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from demo.platforms.platform import Request


@pytest.fixture
def acme() -> Iterator[Subreddit]:
    with Subreddit() as place:
        yield place


@pytest.fixture
def no_sleep(monkeypatch: pytest.MonkeyPatch) -> None:
    def sleep(seconds: float) -> None:
        pytest.fail(f"slept for {seconds} s")

    monkeypatch.setattr(time, "sleep", sleep)


@pytest.mark.parametrize(
    ("reason", "error", "words"),
    [
        ("private", Invalid, "r/acme is private: let the account"),
        ("banned", Invalid, "r/acme is banned: Reddit has closed it"),
        ("quarantined", Invalid, "r/acme is quarantined: opt in"),
        ("", NotFound, "there is no such subreddit"),
    ],
)
def test_a_closed_subreddit_says_nothing_of_the_credentials(
    reason: str, error: type[Exception], words: str, acme: Subreddit
) -> None:
    acme.platform.refused["acme"] = reason
    with pytest.raises(error, match=words):
        next(acme.source().pull("posts:acme", None))
    assert words in acme.source().probe("posts:acme").missing[0]


def test_a_token_that_ran_out_is_renewed_once(acme: Subreddit) -> None:
    posted = [acme.post() for _ in range(10)]
    acme.settle()
    walk = acme.source(4).pull("posts:acme", None)
    pages = [next(walk)]
    acme.platform.expire_tokens()
    pages += walk
    assert set(ids(pages)) == {one.id for one in posted}
    assert acme.asked("/api/v1/access_token") == 2


def test_a_token_that_is_rejected_again_is_the_end(acme: Subreddit) -> None:
    source = acme.source()
    next(source.pull("posts:acme", None))
    before = len(acme.server.log)
    acme.server.faults.plan(Fault.UNAUTHORIZED, Fault.NONE, Fault.UNAUTHORIZED)
    with pytest.raises(CredentialsRejected, match="rejects a fresh token"):
        next(source.pull("posts:acme", None))
    assert len(acme.server.log) == before + 3


@pytest.mark.parametrize("wrong", ["client_id", "client_secret", "username", "password"])
def test_wrong_credentials_are_rejected(wrong: str, acme: Subreddit) -> None:
    source = acme.source(credentials={**PERSONAL, wrong: "wrong"})
    with pytest.raises(CredentialsRejected, match="does not sign us in"):
        next(source.pull("posts:acme", None))
    assert "does not sign us in" in source.probe("posts:acme").missing[0]


@pytest.mark.parametrize("missing", ["client_id", "client_secret", "username", "password"])
def test_credentials_that_are_not_whole_are_told_before_anything_is_asked(missing: str, acme: Subreddit) -> None:
    given = {name: value for name, value in PERSONAL.items() if name != missing}
    with pytest.raises(Invalid, match="Reddit needs"):
        acme.source(credentials=given)


@pytest.mark.usefixtures("no_sleep")
@pytest.mark.parametrize("fault", [Fault.BROKEN, Fault.HTML, Fault.RESET, Fault.BAD_JSON])
def test_what_fails_is_asked_once_and_nobody_sleeps(fault: Fault, acme: Subreddit) -> None:
    source = acme.source()
    next(source.pull("posts:acme", None))
    before = len(acme.server.log)
    acme.server.faults.plan(fault)
    with pytest.raises(PlatformUnavailable):
        next(source.pull("posts:acme", None))
    assert len(acme.server.log) == before + 1


@pytest.mark.usefixtures("no_sleep")
def test_a_window_that_runs_out_says_when_it_begins_anew_and_nobody_sleeps() -> None:
    with Subreddit(window=Window(limit=3, seconds=600)) as acme:
        for _ in range(20):
            acme.post()
        walk = acme.source(2).pull("posts:acme", None)
        pages = [next(walk) for _ in range(3)]
        with pytest.raises(RateLimited) as caught:
            next(walk)
        assert len(ids(pages)) == 6
        assert caught.value.retry_at == acme.platform.window.resets_at() + timedelta(seconds=1)
        assert acme.platform.window.overrun == 0


def test_a_refusal_that_says_when_stops_every_source_of_the_same_credentials(acme: Subreddit) -> None:
    shared = STAND.pace(acme.clock)
    source, other = acme.source(pace=shared), acme.source(pace=shared)
    next(source.pull("posts:acme", None))
    acme.server.faults.plan(Fault.LIMITED)
    with pytest.raises(RateLimited) as caught:
        next(source.pull("posts:acme", None))
    assert caught.value.retry_at is not None
    before = len(acme.server.log)
    for one in (source, other):
        with pytest.raises(RateLimited) as again:
            next(one.pull("posts:acme", None))
        assert again.value.retry_at == caught.value.retry_at
    assert len(acme.server.log) == before
    acme.clock.forward(caught.value.retry_at - acme.clock())
    assert next(other.pull("posts:acme", None)).covered is not None


def test_a_planted_praw_ini_changes_nothing(acme: Subreddit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = "oauth_url=https://example.org", "reddit_url=https://example.org", "ratelimit_seconds=600", "username=eve"
    (tmp_path / "praw.ini").write_text("\n".join(["[DEFAULT]", *settings, "password=x", "submission_kind=t9", ""]))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("praw_site", "nowhere")
    monkeypatch.setenv("praw_oauth_url", "https://example.org")
    monkeypatch.setattr(Config, "CONFIG", None)
    post = acme.post()
    acme.settle()
    assert ids(acme.walk()) == [post.id]


def test_a_broken_praw_ini_stops_nobody(acme: Subreddit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "praw.ini").write_text("this is [no settings file")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Config, "CONFIG", None)
    post = acme.post()
    acme.settle()
    assert ids(acme.walk()) == [post.id]


def test_secrets_appear_in_no_log(acme: Subreddit, caplog: pytest.LogCaptureFixture) -> None:
    post = acme.post()
    with caplog.at_level(logging.DEBUG):
        source = acme.source(credentials=PERSONAL)
        list(source.pull("inbox", None))
        acme.platform.expire_tokens()
        list(source.revisit([post]))
        acme.server.faults.plan(Fault.UNAUTHORIZED, Fault.UNAUTHORIZED)
        with pytest.raises(CredentialsRejected):
            next(source.pull("inbox", None))
    basic = base64.b64encode(":".join(LoopbackReddit.CLIENT).encode()).decode()
    lines = [record.getMessage() for record in caplog.records] + [repr(record.args) for record in caplog.records]
    assert any("prawcore" in record.name for record in caplog.records)
    for secret in (LoopbackReddit.CLIENT[1], LoopbackReddit.PERSON[1], "acme-token", basic):
        assert not [line for line in lines if secret in line]


class Leading(LoopbackReddit):
    """A Reddit that sends us elsewhere."""

    elsewhere = "https://example.org/"
    leading = "/api/v1/access_token"

    def answer(self, request: Request) -> Answer:
        if request.path == self.leading:
            return answer_json({}, headers={"Location": self.elsewhere}, status=302)
        return super().answer(request)


class LeadingAway(Leading):
    leading = "/r/acme/new"


@pytest.mark.parametrize(("platform", "error"), [(Leading, PlatformUnavailable), (LeadingAway, PlatformUnavailable)])
def test_a_redirect_to_another_host_is_not_followed(platform: type[Leading], error: type[Exception]) -> None:
    with Subreddit() as acme:
        acme.server.platform = platform(acme.shelf, acme.clock)
        with pytest.raises(error):
            next(acme.source().pull("posts:acme", None))
        assert acme.server.log[-1].path == platform.leading


def test_another_host_is_refused_before_anything_is_asked(acme: Subreddit) -> None:
    source = acme.source(options={"base_url": "https://example.org"})
    with pytest.raises(Invalid, match=r"example\.org is not one of"):
        next(source.pull("posts:acme", None))
