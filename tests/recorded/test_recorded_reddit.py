"""Recorded answers of Reddit: every post and comment is told, every failure is one of our errors; nobody comes in."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import orjson
import pytest

from connectors.reddit.answers import Shown
from connectors.reddit.client import open_source
from connectors.reddit.parse import looks_like_reddit, parse_answer
from connectors.reddit.session import Session
from connectors.transport.envelopes import sealed
from demo.platforms.platform import Answer, LoopbackPlatform, answer_json
from demo.platforms.shelf import Shelf
from social_crm.domain.errors import (
    CredentialsRejected,
    Invalid,
    NotFound,
    PlatformUnavailable,
    RateLimited,
    SocialCrmError,
)
from tests.builders import NOON
from tests.recorded.cassettes import Interaction, interactions, needs_recordings, walk
from tests.sources.stand import Place
from tests.sources.stands.reddit import STAND

if TYPE_CHECKING:
    from collections.abc import Iterator

    from demo.platforms.platform import Request

pytestmark = [pytest.mark.real_data, pytest.mark.slow, needs_recordings]

_TOKEN = "/api/v1/access_token"
_UNFIT = {"content-length", "content-encoding", "transfer-encoding", "connection", "date"}


def is_mention_like(one: dict[str, Any]) -> bool:
    """A post or a comment by its full name, that says something: whatever our parser makes of it."""
    name = one.get("name")
    return isinstance(name, str) and name.startswith(("t1_", "t3_")) and ("body" in one or "title" in one)


def pieces(value: Any) -> Iterator[Any]:
    """What may be handed to our parser: the outermost things and listings of an answer."""
    waiting = [value]
    while waiting:
        now = waiting.pop()
        if isinstance(now, dict):
            if looks_like_reddit(now):
                yield now
            else:
                waiting += now.values()
        elif isinstance(now, list):
            waiting += now


def tell(value: Any, counts: Counter[str]) -> Counter[str]:
    """The full names that our parser tells of an answer; `counts` learns what they became."""
    names: Counter[str] = Counter()
    for piece in pieces(value):
        gone: list[str] = []
        mentions, _, faults = parse_answer({"answer": piece, "parents": {}}, NOON, gone)
        names.update(one.id.removeprefix("reddit:") for one in mentions)
        names.update(own.removeprefix("reddit:") for own in gone)
        counts["parsed: mention"] += len(mentions)
        counts["parsed: deletion"] += len(gone)
        for reason, data in faults:
            if is_mention_like(dict(data)):
                names[data["name"]] += 1
                counts[f"rejected: {reason.partition('_')[2].partition(': ')[2] or reason}"] += 1
    return names


@pytest.mark.parametrize("archive", ["praw", "prawcore"])
def test_every_recorded_post_and_comment_is_a_fact_or_a_reject_with_a_reason(archive: str) -> None:
    counts: Counter[str] = Counter()
    failed = []
    for interaction in interactions(archive):
        value = interaction.json()
        there = Counter(one["name"] for one in walk(value) if is_mention_like(one))
        try:
            untold = there - tell(value, counts)
        except Invalid as error:
            counts[f"rejected: {error.message}"] += there.total()
        except Exception as error:  # noqa: BLE001 - what else comes is the failure that is counted
            failed.append((interaction.file, repr(error)))
        else:
            failed += [(interaction.file, name) for name in untold.elements()]
        counts["posts and comments"] += there.total()
    for what, count in sorted(counts.items()):
        print(f"{archive}: {count:6} {what}")  # noqa: T201 - to be read
    print(f"{archive}: {len(failed):6} failed")  # noqa: T201 - to be read
    assert failed == []
    told = sum(count for what, count in counts.items() if what.startswith(("parsed", "rejected")))
    assert told == counts["posts and comments"] > {"praw": 18_000, "prawcore": 50}[archive]


def test_what_is_left_out_of_the_count_is_neither_a_post_nor_a_comment() -> None:
    """Whatever else has an author, a time and words is a private message or an update of a live thread."""
    others: Counter[str] = Counter()
    for archive in ("praw", "prawcore"):
        for interaction in interactions(archive):
            for one in walk(interaction.json()):
                if {"author", "created_utc"} <= one.keys() and {"body", "title"} & one.keys() and not is_mention_like(one):
                    others[str(one.get("name")).partition("_")[0]] += 1
    assert set(others) == {"t4", "LiveUpdate"}


def test_a_recorded_listing_reads_from_the_archive_as_it_was_parsed() -> None:
    with Place(STAND) as place:
        source = open_source(place.opening())
        compared = 0
        for interaction in interactions("prawcore"):
            value = interaction.json()
            if isinstance(value, dict) and value.get("kind") == "Listing":
                text = orjson.dumps({"parents": {}, "answer": value})
                page = source.read(sealed("listing;raw_json=1", text), NOON)
                mentions, accounts, _ = parse_answer({"parents": {}, "answer": value}, NOON, [])
                assert (page.mentions, page.accounts) == (tuple(mentions), tuple(accounts))
                compared += len(mentions)
        source.close()
    assert compared > 50


FAILURES: dict[str, type[SocialCrmError]] = {
    "TestAuthorizer.test_authorize__with_invalid_code": CredentialsRejected,
    "TestAuthorizer.test_refresh__with_invalid_token": CredentialsRejected,
    "TestDeviceIDAuthorizer.test_refresh__with_short_device_id": CredentialsRejected,
    "TestScriptAuthorizer.test_refresh__with_invalid_otp": CredentialsRejected,
    "TestScriptAuthorizer.test_refresh__with_invalid_username_or_password": CredentialsRejected,
    "TestSession.test_request__bad_gateway": PlatformUnavailable,
    "TestSession.test_request__bad_json": PlatformUnavailable,
    "TestSession.test_request__bad_request": Invalid,
    "TestSession.test_request__cloudflare_connection_timed_out": PlatformUnavailable,
    "TestSession.test_request__cloudflare_unknown_error": PlatformUnavailable,
    "TestSession.test_request__conflict": Invalid,
    "TestSession.test_request__forbidden": CredentialsRejected,
    "TestSession.test_request__gateway_timeout": PlatformUnavailable,
    "TestSession.test_request__internal_server_error": PlatformUnavailable,
    "TestSession.test_request__no_content": PlatformUnavailable,
    "TestSession.test_request__not_found": NotFound,
    "TestSession.test_request__okay_with_0_byte_content": PlatformUnavailable,
    "TestSession.test_request__redirect": PlatformUnavailable,
    "TestSession.test_request__redirect_301": PlatformUnavailable,
    "TestSession.test_request__service_unavailable": PlatformUnavailable,
    "TestSession.test_request__too__many_requests__with_retry_headers": RateLimited,
    "TestSession.test_request__too__many_requests__without_retry_headers": RateLimited,
    "TestSession.test_request__too_large": Invalid,
    "TestSession.test_request__unavailable_for_legal_reasons": Invalid,
    "TestSession.test_request__unexpected_status_code": PlatformUnavailable,
    "TestSession.test_request__unsupported_media_type": Invalid,
    "TestSession.test_request__uri_too_long": Invalid,
    "TestSession.test_request__with_insufficient_scope": CredentialsRejected,
    "TestSession.test_request__with_invalid_access_token": CredentialsRejected,
    "TestSession.test_request__with_invalid_access_token__retry": CredentialsRejected,
}
RENEWED = "TestSession.test_request__with_invalid_access_token__retry"


class Recorded(LoopbackPlatform):
    """Answers as it was recorded: tokens and the rest each in their order, the last one over and over."""

    name = "reddit"
    usual_window = (1_000_000, 600)

    def __init__(self, answers: list[Interaction], place: Place) -> None:
        super().__init__(Shelf(), place.clock)
        self._tokens = [one for one in answers if urlsplit(one.url).path == _TOKEN]
        self._others = [one for one in answers if urlsplit(one.url).path != _TOKEN]

    def counts(self, request: Request) -> bool:
        return False

    def answer(self, request: Request) -> Answer:
        left = self._tokens if request.path == _TOKEN else self._others
        if not left:
            token = {"access_token": "acme-token", "expires_in": 3600, "scope": "*", "token_type": "bearer"}
            return answer_json(token if request.path == _TOKEN else {})
        now = left.pop(0) if len(left) > 1 else left[0]
        return Answer(now.status, now.body, {name: text for name, text in now.headers.items() if name not in _UNFIT})


def is_failure(one: Interaction) -> bool:
    value = one.json()
    return one.status not in {200, 201, 202} or value is None or (_TOKEN in one.url and "error" in value)


@cache
def cassettes() -> dict[str, list[Interaction]]:
    found: dict[str, list[Interaction]] = defaultdict(list)
    for one in interactions("prawcore"):
        if "revoke_token" not in one.url:
            found[one.file.rpartition("/")[2].removesuffix(".json")].append(one)
    return found


def ask(place: Place, answers: list[Interaction]) -> None:
    """Ask through praw for what was asked for when the answers were recorded, and read it as a listing."""
    place.server.platform = Recorded(answers, place)
    place.server.log.clear()
    session = Session(place.opening())
    path = next((urlsplit(one.url).path for one in answers if _TOKEN not in one.url), "/r/acme/new")
    try:
        Shown.of(session.ask(path, {}).value)
    finally:
        session.close()


def test_every_recorded_failure_is_known() -> None:
    assert {name for name, answers in cassettes().items() if any(map(is_failure, answers))} == FAILURES.keys()


@pytest.mark.parametrize("name", FAILURES)
def test_a_recorded_failure_is_one_of_our_errors_after_one_request(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda seconds: pytest.fail(f"slept for {seconds} s"))
    answers = cassettes()[name]
    with Place(STAND) as place:
        if name == RENEWED:
            ask(place, answers)  # signed in anew, the same question is answered
            assert [entry.status for entry in place.server.log] == [200, 401, 200, 200]
            return
        with pytest.raises(SocialCrmError) as caught:
            ask(place, answers)
        asked = [entry for entry in place.server.log if entry.path != _TOKEN]
        signs_in_vain = not any(_TOKEN not in one.url for one in answers)
        assert len(asked) == (0 if signs_in_vain else 2 if 401 in {one.status for one in answers} else 1)
        assert type(caught.value) is FAILURES[name]
        if name.endswith("with_retry_headers"):
            assert getattr(caught.value, "retry_at", None) == place.clock() + timedelta(seconds=4)
        assert len(caught.value.message.splitlines()) == 1


def test_whatever_praw_was_refused_is_one_of_our_errors() -> None:
    seen: Counter[str] = Counter()
    with Place(STAND) as place:
        for one in interactions("praw"):
            if one.status >= 300:
                with pytest.raises(SocialCrmError) as caught:
                    ask(place, [one])
                seen[f"{one.status} {type(caught.value).__name__}"] += 1
    print(dict(seen))  # noqa: T201 - to be read
    assert seen.total() > 40
