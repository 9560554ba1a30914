"""The demo world through its platforms and the whole pipeline, on both stores: the reports are what was planted."""

from __future__ import annotations

import os
import re
import secrets
import signal
import subprocess
import sys
import urllib.request
from contextlib import closing
from datetime import timedelta
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

import orjson
import pymongo
import pytest
from click.testing import CliRunner

from cli.demo import verdict
from cli.main import social_crm
from cli.town import Year
from demo import changes
from demo.places import PLATFORMS
from demo.town import BROKEN, Town
from demo.world import build
from jobs.roll_up import roll_up
from social_crm.domain.clock import ONE_DAY
from social_crm.domain.coverage import Seen
from social_crm.domain.span import Span
from social_crm.services import reports, sources
from social_crm.storage import open_store
from tests.conftest import NAMED_SERVER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from demo.world import World
    from social_crm.domain.mention import Mention
    from social_crm.ports import Store


@pytest.fixture(scope="module")
def world() -> World:
    return build(seed=11, people=60, months=2)


@pytest.fixture(scope="module", params=["sqlite", pytest.param("mongo", marks=pytest.mark.slow)])
def year(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, world: World) -> Iterator[Year]:
    """The time of that world, collected into a store and rolled up: made once, the last test alone takes something away."""
    url = f"sqlite:///{tmp_path_factory.mktemp('demo')}/demo.db"
    if request.param == "mongo":
        parts = urlsplit(request.getfixturevalue("mongo_url"))
        url = urlunsplit(parts._replace(path=f"/social_crm_test_{secrets.token_hex(6)}"))
    with closing(open_store(url)) as store, Town(world) as town:
        year = Year(store, town)
        year.collect()
        roll_up(store, town.clock)
        yield year
        if request.param == "mongo" and NAMED_SERVER:
            with pymongo.MongoClient[Any](url) as client:
                client.drop_database(urlsplit(url).path.strip("/"))


def ask(year: Year, brand_id: str) -> Any:
    question = reports.RetentionQuestion(brands=(brand_id,))
    return reports.retention(year.store, question, year.town.clock()).body


def stored(store: Store, world: World) -> dict[str, Mention]:
    ids = {own for brand in world.brands for own in store.mentions.table(brand.id)["id"].to_list()}
    return {own: store.mentions.get(own).mention for own in ids}


def test_collecting_through_the_platforms_brings_the_planted_answers_and_every_mention_as_it_is_now(
    year: Year, world: World
):
    for brand in world.brands:
        cells = len(world.months) * (len(world.months) + 1)
        body = ask(year, brand.id)
        assert verdict(brand.name, body, world.planted[brand.id]) == (
            f"{brand.name}: {cells} of {cells} cells equal the planted truth."
        )
        assert [row["state"] for row in body["growth"]] == ["complete"] * len(world.months) + ["partial"]
    found = stored(year.store, world)
    assert year.taken.new == len(world.mentions)
    assert found.keys() == {mention.id for mention in world.mentions}
    for mention in world.mentions:
        kept = found[mention.id]
        facts = (kept.author, kept.posted_at, kept.kind, kept.text)
        assert facts == (mention.author, mention.posted_at, mention.kind, mention.text)
        assert (kept.deleted_at is None, kept.edited_at is None) == (mention.deleted_at is None, mention.edited_at is None)
    gone = [mention.id for mention in world.mentions if mention.deleted_at]
    assert gone
    assert {found[own].text for own in gone} == {""}
    assert year.unmatched > 0


def test_an_outage_is_caught_up_and_every_source_vouches_for_the_whole_world(year: Year, world: World):
    outage = year.town.outage
    assert outage is not None
    log = year.town.servers[BROKEN].log
    assert {entry.status for entry in log if outage.start <= entry.at < outage.end} == {503}
    assert any("out of order" in trouble for trouble in year.troubles)
    setups = year.store.sources.list()
    assert {(setup.brand, setup.platform) for setup in setups} == {
        (brand.id, platform) for brand in world.brands for platform in PLATFORMS
    }
    for setup in setups:
        noted = sources.coverage(year.store, setup.id, Span(world.span.start + ONE_DAY, world.span.end))
        assert {hour.seen for hour in noted} == {Seen.COVERED}, setup.id


def test_another_round_meets_what_is_known_and_changes_nothing(year: Year, world: World):
    before = stored(year.store, world)
    year.town.clock.move(year.town.clock() + timedelta(days=changes.STEPS[BROKEN]))
    again = Year(year.store, year.town)
    again.collect()
    assert again.taken.same > 0
    assert (again.taken.new, again.taken.changed) == (0, 0)
    assert roll_up(year.store, year.town.clock) == 0
    assert stored(year.store, world) == before
    for brand in world.brands:
        assert "WRONG" not in verdict(brand.name, ask(year, brand.id), world.planted[brand.id])


def test_the_credentials_of_the_demo_lie_sealed_in_the_store(year: Year):
    asked = [words for listing in year.town.world.listings for _, words in year.town.sources(listing)]
    given = [value for words in asked for value in words.values()]
    kept = b"".join(setup.sealed for setup in year.store.sources.list())
    assert kept
    assert not [value for value in given if value.encode() in kept]


def test_without_its_links_the_world_has_other_answers(year: Year, world: World):
    brand = world.brands[0]
    joined = ask(year, brand.id)
    for link in world.links:
        year.store.links.retract(link.id, year.town.clock())
    parted = ask(year, brand.id)
    assert parted["people"] > joined["people"]
    assert "WRONG" in verdict(brand.name, parted, world.planted[brand.id])


@pytest.mark.slow
def test_the_demo_prints_the_report_beside_the_truth():
    result = CliRunner().invoke(social_crm, ["demo", "--no-serve", "--people", "50"], catch_exceptions=False)
    assert result.exit_code == 0
    assert result.output.count("cells equal the planted truth.") == 3
    assert "WRONG" not in result.output
    for words in ("Hacker News", "out of order", "covered", "as they are now"):
        assert words in result.output


@pytest.mark.slow
def test_the_demo_serves_the_api_with_the_key_that_it_prints():
    command = [sys.executable, "-m", "cli", "demo", "--people", "60", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ})
    try:
        told = (re.search(r"http://\S+", line) for line in iter(process.stderr.readline, ""))
        place = next(found.group() for found in told if found)
        curls = [line for line in iter_until(process.stdout, "/docs") if "curl" in line]
        answers = [fetch(line, place) for line in curls]
        assert len(orjson.loads(answers[0])["items"]) == 3
        assert len(answers[1].splitlines()) > 12 * 13
        assert {hour["seen"] for hour in orjson.loads(answers[2])["hours"]} == {"covered"}
    finally:
        process.send_signal(signal.SIGTERM)
        output, errors = process.communicate(timeout=20)
    assert process.returncode == 0, (output, errors)


def iter_until(lines: IO[str], end: str) -> Iterator[str]:
    for line in iter(lines.readline, ""):
        yield line
        if end in line:
            return


def fetch(curl: str, place: str) -> bytes:
    """What a line that the demo prints gets, asked at the port that it really serves on."""
    key, path = re.search(r"(Bearer \S+?)\"", curl), re.search(r"127\.0\.0\.1:\d+(/[^\"]+)", curl)
    assert key
    assert path
    request = urllib.request.Request(place + path[1], headers={"Authorization": key[1]})  # noqa: S310 - loopback
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - loopback
        return answer.read()
