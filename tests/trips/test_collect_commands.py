"""The commands that collect: one source by hand, replaying, the ledger, and a worker that is told to stop."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from demo.platforms.faults import Fault
from social_crm.domain.errors import Conflict, NotFound
from social_crm.services.sealing import new_key
from tests.builders import a_brand
from tests.trips.commands import POSTED, add, add_brand, hackernews, refusal, run, settings_for, the_store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.sources.stand import Place


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


def test_collecting_by_hand_says_what_became_of_it_and_the_second_time_changes_nothing(place: Place):
    add(place, "--option", "revisit_days=0")
    assert f"{POSTED} new, 0 changed, 0 known already" in run("collect", "src").stdout
    assert "0 new, 0 changed" in run("collect", "src").stdout
    listed = run("source", "list").stdout
    assert "not yet" not in listed
    assert f"{datetime.now(UTC):%Y}" in listed


def test_collecting_that_fails_says_why_and_the_list_shows_it(place: Place):
    add(place)
    place.server.faults.plan(Fault.HTML)
    said = refusal(Conflict, "collect", "src")
    assert "out of order" in said
    assert "out of order" in run("source", "list").stdout
    run("collect", "src")
    assert "out of order" not in run("source", "list").stdout


def test_collecting_what_another_worker_has_is_refused(place: Place, tmp_path: Path):
    add(place)
    with the_store(tmp_path) as store:
        now = datetime.now(UTC)
        store.leases.claim("source:src", "another", now, now + timedelta(minutes=5))
    assert "another worker" in refusal(Conflict, "collect", "src")


def test_collecting_a_source_that_is_not_there_is_refused():
    for command in (["collect"], ["replay"], ["source", "test"], ["source", "pause"], ["source", "coverage"]):
        assert "none" in refusal(NotFound, *command, "none")


def test_the_calendar_strip_shows_what_was_covered_and_what_was_not(place: Place):
    add(place)
    run("collect", "src")
    said = run("source", "coverage", "src", "--days", "2").stdout
    lines = said.splitlines()
    assert re.match(r"day +0 {5}6", lines[0])
    assert len([line for line in lines if re.match(r"\d{4}-\d\d-\d\d ", line)]) == 2
    assert "█" in said
    assert "x missed" in said
    assert "Spent: " in said
    hours = [json.loads(line) for line in run("source", "coverage", "src", "--days", "2", "--json").stdout.splitlines()]
    assert {hour["seen"] for hour in hours} == {"covered", "unknown"}
    strip = "".join(line[12:36] for line in lines if re.match(r"\d{4}-", line))
    assert strip.count("█") == sum(hour["seen"] == "covered" for hour in hours)


def test_archived_pages_are_replayed_without_asking_the_platform(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    add(place)
    run("collect", "src")
    assert "set SOCIAL_CRM_ARCHIVE_DAYS" in run("replay", "src").stdout
    monkeypatch.setenv("SOCIAL_CRM_ARCHIVE_DAYS", "30")
    add(place, "--option", "revisit_days=1", own="kept")
    run("collect", "kept")
    asked = len(place.server.log)
    with the_store(tmp_path) as store:
        store.brands.put(a_brand(terms=("acme", "zoë")))
    said = run("replay", "kept").stdout
    assert f"0 new, 0 changed, {POSTED} as they were" in said
    assert len(place.server.log) == asked


def test_working_once_collects_what_is_due_and_ends(place: Place, tmp_path: Path):
    add(place)
    run("work", "--once")
    with the_store(tmp_path) as store:
        assert store.mentions.count() == POSTED
        assert store.rollups.marks(10) == ()
    place.server.faults.plan(*[Fault.BROKEN] * 5)
    add(place, own="second")
    refusal(Conflict, "work", "--once")


@pytest.mark.slow
def test_a_worker_that_is_told_to_stop_finishes_its_page_and_lets_go(place: Place, tmp_path: Path):
    """A process of its own, SIGTERM: it ends by itself, well, and another can collect at once."""
    add(place)
    command = [sys.executable, "-m", "cli", "work"]
    worker = subprocess.Popen(
        command, env={**os.environ, "SOCIAL_CRM_LOG_LEVEL": "info"}, stderr=subprocess.PIPE, text=True
    )
    try:
        _wait_for(tmp_path, worker)
        worker.send_signal(signal.SIGTERM)
        _, said = worker.communicate(timeout=60)
    finally:
        worker.kill()
        worker.wait()
    assert worker.returncode == 0, said
    assert "Traceback" not in said
    assert [json.loads(line)["event"] for line in said.splitlines()].count("source.collected") >= 1
    assert "0 new" in run("collect", "src").stdout


def _wait_for(tmp_path: Path, worker: subprocess.Popen[str]) -> None:
    """Until the source has come to its end once."""
    with the_store(tmp_path) as store:
        for _ in range(600):
            assert worker.poll() is None
            standing = store.sources.progress().get("src")
            if standing is not None and standing.finished_at is not None:
                return
            time.sleep(0.1)
    pytest.fail("the worker has not collected anything in a minute")
