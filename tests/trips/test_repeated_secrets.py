"""What a platform says of us in an error: nothing secret of it comes back anywhere, and nothing that moves a cursor."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from demo.platforms.hackernews import LoopbackHackerNews
from demo.platforms.platform import Answer
from social_crm.domain.span import Span
from social_crm.services import sources
from social_crm.services.sealing import new_key
from tests.sources.stand import START, Place
from tests.sources.stands.bluesky import STAND as BLUESKY
from tests.sources.stands.discourse import STAND as DISCOURSE
from tests.sources.stands.hackernews import STAND
from tests.sources.stands.mastodon import STAND as MASTODON
from tests.sources.stands.reddit import STAND as REDDIT
from tests.sources.stands.x import STAND as X
from tests.sources.stands.youtube import STAND as YOUTUBE
from tests.trips.collecting import Service
from tests.trips.commands import add_brand, refusal, run, settings_for, the_store

if TYPE_CHECKING:
    from pathlib import Path

    from demo.platforms.platform import Request
    from social_crm.ports import Store
    from tests.sources.stand import Stand

ESCAPES = "\x1b[2J\x1b]0;owned\x07\u202e\r\n"
SECRET = {"client_secret", "bearer_token", "app_password", "api_key", "access_token", "password"}
TOKEN = "a-token-that-nobody-may-see"


def shown_of(service: Service) -> str:
    """All that the store shows of a source that failed."""
    shown = [repr(sources.get(service.store, "src")), repr(service.store.events.after(0, 100))]
    return "".join(shown)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 429, 500])
@pytest.mark.parametrize("stand", [X, REDDIT, YOUTUBE, BLUESKY, MASTODON, DISCOURSE], ids=lambda stand: stand.name)
def test_credentials_that_a_platform_repeats_in_an_error_do_not_come_back(
    store: Store, monkeypatch: pytest.MonkeyPatch, stand: Stand, status: int
):
    secrets = {"mastodon": {"access_token": TOKEN}, "discourse": {"api_key": TOKEN, "api_username": "listener"}}
    given = dict(stand.credentials) or secrets[stand.name]
    with Place(replace(stand, credentials=given)) as place:
        service = Service(store, place)

        # Also where we send it in another form: a platform may unpack that before it repeats it.
        secret = [value for name, value in given.items() if name in SECRET]
        said = f"{ESCAPES}nobody knows {' or '.join(secret)}"

        def answer(_request: Request) -> Answer:
            body = {"error": said, "errors": [{"message": said}], "detail": said, "message": said, "reason": said}
            return Answer(status, json.dumps(body).encode(), {"Content-Type": "application/json"})

        monkeypatch.setattr(place.platform, "answer", answer)
        service.add()
        with capture_logs() as logs:
            done = service.run()
        shown = done.trouble + shown_of(service) + repr([{**one, "exc_info": None} for one in logs])
        assert done.trouble
        assert done.trouble.isprintable()
        assert not [one for one in secret if one in shown]


class Escaping(LoopbackHackerNews):
    """Hacker News that answers with what would move the cursor of a terminal."""

    def answer(self, _request: Request) -> Answer:
        """The answer to a request."""
        return Answer(400, f"bad {ESCAPES} request {ESCAPES}".encode(), {"Content-Type": "text/plain"})


def test_escape_characters_reach_neither_the_list_of_sources_nor_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    (tmp_path / "keys").write_text(new_key())
    with settings_for(monkeypatch, tmp_path), Place(replace(STAND, platform=Escaping)) as place:
        add_brand(tmp_path)
        option = f"base_url={place.server.url}"
        run("source", "add", "src", "--platform", "hackernews", "--brand", "acme", "--query", "acme", "--option", option)
        said = refusal(Exception, "collect", "src")
        listed = run("source", "list").stdout
        with the_store(tmp_path) as store:
            trouble = store.sources.progress()["src"].trouble
    assert "does not accept the request (400): bad" in trouble
    assert "does not accept" in listed
    for shown in (said, trouble, listed):
        assert not [letter for letter in shown if not letter.isprintable() and letter != "\n"]


class Mute(LoopbackHackerNews):
    """Hacker News that has nothing to say."""

    def answer(self, _request: Request) -> Answer:
        """The answer to a request."""
        return Answer(200, b"null", {"Content-Type": "application/json"})


def test_an_answer_of_nothing_is_an_outage_and_covers_nothing(store: Store):
    with Place(replace(STAND, platform=Mute)) as place:
        service = Service(store, place)
        place.settle()
        service.add()
        done = service.run(keep=True)
        assert (done.finished, done.pages) == (False, 0)
        assert "Hacker News" in done.trouble
        progress = service.progress()
        assert (progress.failures, progress.covered_to, progress.finished_at) == (1, None, None)
        assert store.coverage.spans("src", Span(START, place.clock())) == ()
