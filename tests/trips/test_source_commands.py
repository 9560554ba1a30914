"""The commands that set sources up: adding, listing, pausing, testing, and what they do with credentials."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from cli.main import social_crm
from social_crm.domain.errors import Conflict, Invalid, NotFound
from social_crm.services.sealing import Sealer, new_key
from tests.sources.stand import Place
from tests.sources.stands.x import STAND as X
from tests.trips.commands import add, add_brand, hackernews, refusal, run, settings_for, the_store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TOKEN = "a-token-that-nobody-sees"


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    (tmp_path / "keys").write_text(new_key())
    with settings_for(monkeypatch, tmp_path):
        yield


@pytest.fixture
def brand(tmp_path: Path) -> None:
    add_brand(tmp_path)


@pytest.fixture
def place(brand: None) -> Iterator[Place]:
    with hackernews() as opened:
        yield opened


def test_a_source_is_added_listed_paused_and_resumed(place: Place):
    assert "source add" in run("source", "list").stdout
    add(place, "--daily-cap", "500", "--schedule", "0 6 * * 1-5")
    (row,) = [line for line in run("source", "list").stdout.splitlines() if line.startswith("src")]
    assert re.split(r"\s{2,}", row.strip()) == [
        "src",
        "hackernews",
        "acme",
        "acme",
        "active",
        "500 requests",
        "not yet",
        "at once",
        "none",
    ]
    run("source", "pause", "src", "--reason", "holidays")
    paused = run("source", "list").stdout
    assert "paused" in paused
    assert "holidays" in paused
    run("source", "resume", "src")
    assert "holidays" not in run("source", "list").stdout


def test_a_source_is_not_added_twice_but_replaced_where_that_is_said(place: Place):
    add(place)
    command = ["source", "add", "src", "--platform", "hackernews", "--brand", "acme", "--query", "acme bikes"]
    assert "src" in refusal(Conflict, *command)
    run(*command, "--replace")
    assert "acme bikes" in run("source", "list").stdout


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (["--brand", "zenith"], "zenith"),
        (["--option", "colour=red"], "has no option 'colour'"),
        (["--option", "about"], "write name=value"),
        (["--option", "base_url=https://evil.example"], "evil.example is not one of hn.algolia.com"),
        (["--schedule", "daily"], "cron"),
        (["--query", " "], "the query is empty"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_stored(brand: None, tmp_path: Path, changes: list[str], says: str):
    command = ["source", "add", "src", "--platform", "hackernews", "--brand", "acme", "--query", "acme", *changes]
    assert says in refusal((NotFound, Invalid), *command)
    with the_store(tmp_path) as store:
        assert store.sources.list() == ()


def test_a_source_on_this_machine_needs_the_setting_that_allows_it(place: Place, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SOCIAL_CRM_LOOPBACK_SOURCES", "0")
    option = f"base_url={place.server.url}"
    command = ["source", "add", "src", "--platform", "hackernews", "--brand", "acme", "--query", "acme", "--option", option]
    assert "SOCIAL_CRM_LOOPBACK_SOURCES=1" in refusal(Invalid, *command)


X_COMMAND = ("source", "add", "acme-x", "--platform", "x", "--brand", "acme", "--query", "acme")


def test_credentials_come_from_a_file_or_from_standard_input_and_are_shown_nowhere(brand: None, tmp_path: Path):
    file = tmp_path / "x.json"
    file.write_text(json.dumps({"bearer_token": TOKEN}))
    said = run(*X_COMMAND, "--credentials", str(file)).stdout
    said += run(*X_COMMAND, "--replace", "--credentials", "-", given=json.dumps({"bearer_token": TOKEN})).stdout
    said += run("source", "list").stdout + run("check-config").stdout
    file.unlink()
    assert TOKEN not in said
    assert not [kept.name for kept in tmp_path.iterdir() if TOKEN.encode() in kept.read_bytes()]


@pytest.mark.parametrize("text", ["{", '["a"]', '{"bearer_token": 7}', "", "\udcff"])
def test_credentials_that_cannot_be_read_are_refused_without_repeating_them(brand: None, tmp_path: Path, text: str):
    file = tmp_path / "x.json"
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    assert '{"api_key": "..."}' in refusal(Invalid, *X_COMMAND, "--credentials", str(file))
    assert "FileNotFoundError" in refusal(Invalid, *X_COMMAND, "--credentials", str(tmp_path / "none.json"))


def test_without_a_secrets_file_no_credentials_are_taken(brand: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    given = json.dumps({"bearer_token": TOKEN})
    monkeypatch.setenv("SOCIAL_CRM_SECRETS_FILE", "")
    assert "social-crm secret new" in refusal(Invalid, *X_COMMAND, "--credentials", "-", given=given)
    monkeypatch.setenv("SOCIAL_CRM_SECRETS_FILE", str(tmp_path / "none"))
    assert "SOCIAL_CRM_SECRETS_FILE" in refusal(Invalid, *X_COMMAND, "--credentials", "-", given=given)


def test_a_key_is_renewed_without_giving_the_credentials_again(brand: None, tmp_path: Path):
    run(*X_COMMAND, "--credentials", "-", given=json.dumps({"bearer_token": TOKEN}))
    old, new = (tmp_path / "keys").read_text(), run("secret", "new").stdout.strip()
    (tmp_path / "keys").write_text(f"{new}\n{old}\n")
    assert "of 1 source." in run("secret", "renew").stdout
    (tmp_path / "keys").write_text(new)
    with the_store(tmp_path) as store:
        assert Sealer([new]).open(store.sources.get("acme-x").sealed) == {"bearer_token": TOKEN}
    (tmp_path / "keys").write_text(old)
    assert "put it back" in refusal(Invalid, "secret", "renew")


def test_testing_a_source_makes_a_call_and_says_what_works(place: Place):
    add(place)
    said = run("source", "test", "src").stdout
    assert "works:   Hacker News answers" in said
    assert "It cost 1 request." in said
    assert len(place.server.log) == 1


def test_testing_a_source_with_wrong_credentials_says_what_is_missing(brand: None):
    with Place(X) as x:
        option = f"base_url={x.server.url}"
        given = json.dumps({"bearer_token": TOKEN})
        run(*X_COMMAND, "--option", option, "--credentials", "-", given=given)
        done = CliRunner().invoke(social_crm, ["source", "test", "acme-x"])
        assert isinstance(done.exception, Conflict)
        assert "missing: " in done.output
        assert TOKEN not in done.output + str(done.exception)
