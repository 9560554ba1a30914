"""The demo world through the whole pipeline, on both stores: the reports are the answers that were planted."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import urllib.request
from typing import TYPE_CHECKING

import orjson
import pytest
from click.testing import CliRunner

from cli.compose import now
from cli.demo import take_world_in, verdict
from cli.main import social_crm
from demo.world import build
from jobs.roll_up import roll_up
from social_crm.services import reports

if TYPE_CHECKING:
    from demo.world import World
    from social_crm.ports import Store


@pytest.fixture(scope="module")
def world() -> World:
    return build(seed=11, people=60)


def ask(store: Store, brand_id: str) -> dict:
    return reports.retention(store, reports.RetentionQuestion(brands=(brand_id,)), now()).body


def test_every_cell_of_every_brand_is_the_planted_one(store: Store, world: World):
    take_world_in(store, world)
    roll_up(store, now)
    for brand in world.brands:
        cells = len(world.months) * (len(world.months) + 1)
        assert verdict(brand.name, ask(store, brand.id), world.planted[brand.id]) == (
            f"{brand.name}: {cells} of {cells} cells equal the planted truth."
        )
        complete = [row for row in ask(store, brand.id)["growth"] if row["state"] == "complete"]
        assert len(complete) == len(world.months)


def test_taking_the_world_in_again_changes_nothing(store: Store, world: World):
    take_world_in(store, world)
    roll_up(store, now)
    before = ask(store, world.brands[0].id)
    again = take_world_in(store, world)
    assert (again.taken.new, again.taken.changed) == (0, 0)
    assert roll_up(store, now) == 0
    assert ask(store, world.brands[0].id) == before


def test_without_its_links_the_world_has_other_answers(store: Store, world: World):
    take_world_in(store, world)
    roll_up(store, now)
    brand = world.brands[0]
    joined = ask(store, brand.id)
    for link in world.links:
        store.links.retract(link.id, now())
    parted = ask(store, brand.id)
    assert parted["people"] > joined["people"]
    assert "WRONG" in verdict(brand.name, parted, world.planted[brand.id])


def test_the_demo_prints_the_report_beside_the_truth():
    result = CliRunner().invoke(social_crm, ["demo", "--no-serve", "--people", "80"], catch_exceptions=False)
    assert result.exit_code == 0
    assert result.output.count("cells equal the planted truth.") == 3
    assert "WRONG" not in result.output


@pytest.mark.slow
def test_the_demo_serves_the_api_with_the_key_that_it_prints():
    command = [sys.executable, "-m", "cli", "demo", "--people", "60", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ})
    try:
        place = re.search(r"http://\S+", process.stderr.readline()).group()
        lines = iter(process.stdout.readline, "")
        key = next(found.group() for line in lines if (found := re.search(r"sk_\w+_[\w-]+", line)))
        request = urllib.request.Request(f"{place}/v1/brands", headers={"Authorization": f"Bearer {key}"})  # noqa: S310 - loopback
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - loopback
            assert len(orjson.loads(answer.read())["items"]) == 3
    finally:
        process.send_signal(signal.SIGTERM)
        output, errors = process.communicate(timeout=20)
    assert process.returncode == 0, (output, errors)
