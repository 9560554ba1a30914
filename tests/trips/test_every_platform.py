"""Every platform, from its loopback server through its real client library into a store: the same promises hold for all."""

from __future__ import annotations

import logging
from contextlib import closing
from datetime import timedelta
from importlib import import_module
from typing import TYPE_CHECKING

import pytest

from jobs.replay import replay
from social_crm.domain.coverage import Seen
from social_crm.domain.span import Span
from social_crm.services import sources
from social_crm.storage import open_store
from tests.sources.conftest import platforms
from tests.sources.stand import START, Place
from tests.trips.collecting import Service

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from social_crm.ports import Store
    from tests.sources.stand import Stand

COUNT = 40


@pytest.fixture(params=platforms())
def stand(request: pytest.FixtureRequest) -> Stand:
    found: Stand = import_module(f"tests.sources.stands.{request.param}").STAND
    return found


@pytest.fixture
def service(stand: Stand, tmp_path: Path) -> Iterator[Service]:
    with Place(stand) as place, closing(open_store(f"sqlite:///{tmp_path / 'crm.db'}")) as store:
        yield Service(store, place)


def texts(store: Store) -> dict[str, str]:
    heard = [store.mentions.get(own).mention for own in store.mentions.table("acme")["id"].to_list()]
    return {mention.id: mention.text for mention in heard}


def test_everything_is_stored_once_and_every_hour_is_accounted_for(service: Service):
    place = service.place
    posted = place.fill(COUNT, every=timedelta(minutes=5))
    place.settle()
    service.add(options={"about": "all"})
    done = service.run()
    assert (done.trouble, done.finished, done.taken.new) == ("", True, COUNT)
    new = place.fill(7, first=COUNT + 1)
    place.settle()
    assert service.run().taken.new == 7
    assert texts(service.store) == {mention.id: mention.text for mention in (*posted, *new)}
    span = Span(START + timedelta(hours=1), place.clock() - timedelta(hours=1))
    assert {hour.seen for hour in sources.coverage(service.store, "src", span)} == {Seen.COVERED}


def test_a_deletion_is_in_the_store_within_the_hour_and_its_words_are_nowhere(service: Service, tmp_path: Path):
    place = service.place
    posted = place.fill(COUNT)
    place.settle()
    service.add()
    service.run(keep=True)
    service.run_every(15, times=2, keep=True)
    chosen = posted[11]
    place.shelf.delete(chosen.id, place.clock())
    gone = place.gone([chosen.id], posted)
    service.run_every(15, times=4, keep=True)
    for own in gone:
        heard = service.store.mentions.get(own)
        assert heard.mention.deleted_at is not None
        assert place.clock() - heard.mention.deleted_at <= timedelta(hours=1)
        assert heard.mention.text == ""
    assert service.store.mentions.count() == COUNT, "the counts stay"
    words = [mention.text for mention in posted if mention.id in gone]
    files = b"".join(path.read_bytes() for path in sorted(tmp_path.glob("crm.db*")))
    assert not [text for text in words if text.encode() in files]
    raw = "".join(page.raw for page in service.store.archive.pages("src", START, place.clock() + timedelta(days=1)))
    assert not [text for text in words if text in raw]


def test_replaying_equals_collecting(service: Service, tmp_path: Path):
    place = service.place
    posted = place.fill(COUNT)
    place.settle()
    setup = service.add()
    service.run(keep=True)
    place.shelf.edit(posted[5].id, "Better words on acme", place.clock())
    place.shelf.delete(posted[9].id, place.clock())
    service.run_every(15, times=4, keep=True)
    place.fill(5, first=COUNT + 1)
    place.settle()
    service.run(keep=True)
    span = Span(START, place.clock() + timedelta(days=1))
    with closing(open_store(f"sqlite:///{tmp_path / 'replayed.db'}")) as empty:
        copy = Service(empty, place)
        for page in service.store.archive.pages("src", span.start, span.end):
            empty.archive.keep(page)
        replay(empty, setup, place.source().read, copy.worker().listen, span)
        ids = service.store.mentions.table("acme")["id"].to_list()
        assert ids == empty.mentions.table("acme")["id"].to_list()
        assert [empty.mentions.get(own) for own in ids] == [service.store.mentions.get(own) for own in ids]


def test_no_secret_is_in_any_log_at_any_level_nor_in_the_files(
    service: Service, tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
):
    place = service.place
    place.fill(10)
    place.settle()
    service.add()
    with caplog.at_level(logging.DEBUG):
        service.run(keep=True)
        service.run_every(15, times=3, keep=True)
    told = caplog.text + "".join(capsys.readouterr())
    files = b"".join(path.read_bytes() for path in sorted(tmp_path.glob("crm.db*")))
    public = {"handle", "api_username", "username", "client_id"}
    for name, secret in place.stand.credentials.items():
        if name not in public:
            assert secret not in told, name
            assert secret.encode() not in files, name
