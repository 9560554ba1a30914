"""What an operator runs into: paused sources, lost leases, costs, defects, and texts that are not what they seem."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from cli import live
from cli.main import social_crm
from demo.platforms.faults import Fault
from demo.platforms.x import BEARER_TOKEN
from social_crm.domain.errors import CapReached, Conflict, Invalid, LeaseLost, NotFound, StoreUnavailable
from social_crm.domain.source import LARGEST_CAP, Progress, SourceState, Step
from social_crm.services import sources
from social_crm.services.sealing import new_key
from tests.sources.stand import Place
from tests.sources.stands.hackernews import STAND as HACKERNEWS
from tests.sources.stands.x import STAND as X
from tests.trips.commands import POSTED, add, add_brand, hackernews, refusal, run, settings_for, the_store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from jobs.collect import Collected
    from tests.trips.collecting import Service

COMMAND = ("source", "add", "src", "--platform", "hackernews", "--brand", "acme", "--query", "acme")


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    (tmp_path / "keys").write_text(new_key())
    with settings_for(monkeypatch, tmp_path):
        yield


@pytest.fixture
def brand(tmp_path: Path) -> None:
    add_brand(tmp_path)


@pytest.fixture
def town(brand: None) -> Iterator[Place]:
    with hackernews() as opened:
        yield opened


def spent(folder: Path, own: str) -> int:
    with the_store(folder) as store:
        return sum(one.units for one in store.sources.spend(own, datetime.now(UTC).date() - timedelta(days=1)))


def test_replacing_a_paused_source_leaves_it_paused_and_says_so(town: Place, tmp_path: Path):
    add(town)
    run("source", "pause", "src", "--reason", "holidays")
    said = run(*COMMAND[:-1], "acme bikes", "--option", f"base_url={town.server.url}", "--replace").stdout
    assert "still paused (holidays)" in said
    assert "social-crm source resume src" in said
    with the_store(tmp_path) as store:
        setup = store.sources.get("src")
    assert (setup.state, setup.reason, setup.query) == (SourceState.PAUSED, "holidays", "acme bikes")


def test_what_is_not_there_cannot_be_replaced(brand: None, tmp_path: Path):
    assert "src" in refusal(NotFound, *COMMAND, "--replace")
    with the_store(tmp_path) as store:
        assert store.sources.list() == ()


def test_a_paused_source_is_not_collected_by_hand(town: Place):
    add(town)
    run("source", "pause", "src", "--reason", "holidays")
    said = refusal(Conflict, "collect", "src")
    assert "holidays" in said
    assert "social-crm source resume src" in said
    assert town.server.log == []


def test_a_run_that_another_worker_takes_over_says_that_and_not_another_thing(service: Service, place: Place):
    place.fill(30)
    place.settle()
    setup = service.add()

    def take_over(_done: Collected) -> None:
        later = place.clock() + timedelta(hours=1)
        service.store.leases.claim("source:src", "another", later, later + timedelta(hours=1))

    with pytest.raises(LeaseLost):
        service.worker(told=take_over).run_one(setup)
    with pytest.raises(Conflict, match="another worker"):
        service.worker().run_one(setup)


def test_a_store_that_goes_away_under_a_run_is_told_by_hand_and_is_a_trouble_of_a_worker(service: Service, place: Place):
    place.fill(30)
    place.settle()
    setup = service.add()

    def away(_done: Collected) -> None:
        raise StoreUnavailable("the store has gone away")

    with pytest.raises(StoreUnavailable, match="gone away"):
        service.worker(told=away).run_one(setup)
    (done,) = service.worker(told=away).run_once()
    assert done.trouble == "the store has gone away"


def test_rejected_credentials_say_how_to_give_new_ones_and_not_to_try_again(town: Place):
    add(town)
    town.server.faults.plan(Fault.UNAUTHORIZED)
    done = CliRunner().invoke(social_crm, ["collect", "src"])
    assert isinstance(done.exception, Conflict)
    assert "src is paused now" in done.exception.message
    assert "`social-crm source add src ... --replace --credentials FILE`" in done.exception.message
    assert "`social-crm source resume src`" in done.exception.message
    assert "run it again" not in done.output


def test_a_first_run_that_finds_nothing_says_that_the_ledger_begins(brand: None):
    with Place(HACKERNEWS) as empty:
        empty.clock.forward(datetime.now(UTC) - empty.clock())
        add(empty)
        assert "1 page:" in (first := run("collect", "src").stdout)
        assert "Nothing was posted" in first
        assert "The ledger begins now" in first
        assert "The ledger begins now" not in run("collect", "src").stdout


def test_a_crashed_source_keeps_no_chore_from_its_turn(town: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    add(town)
    run("collect", "src")
    with the_store(tmp_path) as store:
        assert store.rollups.marks(1)
    add(town, own="broken")
    monkeypatch.setitem(live.CONNECTORS, "hackernews", "json")  # a module without what a connector has
    refusal(Conflict, "work", "--once")
    with the_store(tmp_path) as store:
        assert store.rollups.marks(1) == ()


def add_x(x: Place, *more: str) -> None:
    x.clock.forward(datetime.now(UTC).replace(microsecond=0) - timedelta(hours=3) - x.clock())
    x.fill(20)
    x.clock.forward(timedelta(hours=1))
    given = json.dumps({"bearer_token": BEARER_TOKEN})
    command = ("source", "add", "acme-x", "--platform", "x", "--brand", "acme", "--query", "acme")
    run(*command, "--option", f"base_url={x.server.url}", "--credentials", "-", *more, given=given)


def test_testing_a_source_is_charged_and_told_in_dollars(brand: None, tmp_path: Path):
    with Place(X) as x:
        add_x(x, "--daily-cap", "600000")
        assert "$0.60" in run("source", "list").stdout
        assert "It cost $0.05." in run("source", "test", "acme-x").stdout
        assert spent(tmp_path, "acme-x") == 50_000
        assert "Spent: $0.05 on 1 day." in run("source", "coverage", "acme-x").stdout
        assert "600000" in run("source", "list", "--json").stdout
    assert "$0.05" in run("source", "test", "--help").stdout
    assert "1000000 is $1" in " ".join(run("source", "add", "--help").stdout.split())


def test_a_test_that_could_pass_the_daily_cap_is_not_made(brand: None, tmp_path: Path):
    with Place(X) as x:
        add_x(x, "--daily-cap", "60000")
        run("source", "test", "acme-x")
        asked = len(x.server.log)
        said = refusal(CapReached, "source", "test", "acme-x")
        assert "may cost $0.05, $0.05 are spent today, and the daily cap is $0.06" in said
        assert len(x.server.log) == asked
    assert spent(tmp_path, "acme-x") == 50_000


def test_a_test_that_is_refused_costs_nothing_and_lets_go_of_the_source(brand: None, tmp_path: Path):
    with Place(X) as x:
        add_x(x)
        x.server.faults.plan(Fault.UNAUTHORIZED, Fault.LIMITED)
        for _ in range(2):
            assert CliRunner().invoke(social_crm, ["source", "test", "acme-x"]).exception is not None
        assert spent(tmp_path, "acme-x") == 0
        run("source", "test", "acme-x")


def test_a_source_that_is_being_collected_is_not_tested(town: Place, tmp_path: Path):
    add(town)
    with the_store(tmp_path) as store:
        now = datetime.now(UTC)
        store.leases.claim("source:src", "another", now, now + timedelta(minutes=5))
    assert "by a worker at the moment" in refusal(Conflict, "source", "test", "src")
    assert town.server.log == []


def test_credentials_nested_without_end_are_refused(brand: None, tmp_path: Path):
    for text in ("[" * 100_000, '{"bearer_token": "\\ud800"}'):
        (tmp_path / "deep.json").write_text(text)
        assert '{"api_key": "..."}' in refusal(Invalid, *COMMAND, "--credentials", str(tmp_path / "deep.json"))


def test_a_daily_cap_beyond_what_a_store_holds_names_the_largest(brand: None):
    done = CliRunner().invoke(social_crm, [*COMMAND, "--daily-cap", str(LARGEST_CAP + 1)])
    assert done.exit_code == 2
    assert str(LARGEST_CAP) in done.output
    run(*COMMAND, "--daily-cap", str(LARGEST_CAP))


def test_arguments_that_are_not_utf8_are_refused_wherever_they_stand(brand: None):
    for command in (["collect", "\udcff"], [*COMMAND[:-1], "\udcff"], ["brand", "add", "b", "--name=\udcff"]):
        assert "\\udcff is not text in UTF-8" in refusal(Invalid, *command)


def test_the_list_as_json_says_all_but_the_credentials(town: Place):
    add(town, "--daily-cap", "500")
    run("collect", "src")
    (line,) = run("source", "list", "--json").stdout.splitlines()
    listed = json.loads(line)
    assert (listed["id"], listed["daily_cap"], listed["unit"]) == ("src", 500, "requests")
    assert datetime.fromisoformat(listed["covered_to"]).utcoffset() == timedelta(0)
    assert not {"sealed", "credentials"} & listed.keys()


def test_troubles_of_a_platform_cannot_command_the_terminal_that_lists_them(town: Place, tmp_path: Path):
    add(town)
    with the_store(tmp_path) as store:
        now = datetime.now(UTC)
        lease = store.leases.claim("source:src", "one", now, now + timedelta(minutes=5))
        assert lease is not None
        trouble = "\x1b]0;owned\x07 \x9b2J \u202egnp [red]:smile:[/red]"
        store.sources.advance(lease, Step(Progress("src", "acme", trouble=trouble)))
        assert sources.get(store, "src").progress.trouble == trouble
    shown = run("source", "list").stdout
    assert "\\x1b]0;owned\\x07 \\x9b2J \\u202egnp [red]:smile:[/red]" in shown
    assert all(char.isprintable() or char == "\n" for char in shown)


def test_what_names_no_brand_is_told_as_that(town: Place):
    add(town)
    assert f"{POSTED} new" in (said := run("collect", "src").stdout)
    assert "0 that name no brand of yours" in said
