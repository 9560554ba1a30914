"""The main job on real mentions: 96,826 go in, the figures that others computed from them come out, on both stores."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli.main import social_crm
from social_crm.storage import open_store

MENTIONS = Path(__file__).parents[2].parent / "shared" / "data" / "mentions"
TWEETS, TICKERS = MENTIONS / "tweets_full_v11.jsonl.gz", MENTIONS / "tweet_ticker.csv.gz"

pytestmark = [
    pytest.mark.real_data,
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(not TWEETS.exists(), reason="the shared data folder is absent"),
]


def run(url: str, *arguments: str) -> Result:
    result = CliRunner().invoke(social_crm, ["--store", url, *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result


def take_in(url: str) -> str:
    given = ("--brand-map", str(TICKERS), "--create-brands", "--covers-until", "2016-04-01", "--no-scoring")
    return run(url, "import", "mentions", str(TWEETS), *given).output


def retention(url: str, *asked: str) -> dict:
    return json.loads(run(url, "report", "retention", "--kind", "all", "--format", "json", *asked).stdout)


def people_by_months(url: str, *asked: str) -> list[int]:
    """In how many months each person was active: from the people of the cells at distance 0."""
    seen: dict[str, int] = {}
    for row in retention(url, *asked)["recurring"]["rows"]:
        listed = run(
            url, "report", "retention", "--kind", "all", "--people", f"{row['label']}:0", "--format", "csv", *asked
        ).stdout
        for one in csv.DictReader(io.StringIO(listed)):
            seen[one["person"]] = seen.get(one["person"], 0) + 1
    return list(seen.values())


def test_the_figures_that_others_computed_come_out_and_a_second_import_changes_nothing(store_url: str):
    url = store_url
    assert "96,826 new" in take_in(url)

    whole = retention(url)
    assert whole["people"] == 35_624
    january = next(row for row in whole["recurring"]["rows"] if row["label"] == "2014-01")
    assert january["size"] == 1_833
    assert [round(cell["rate"], 3) for cell in january["cells"][1:7]] == [0.215, 0.182, 0.164, 0.138, 0.108, 0.106]
    assert [cell["state"] for cell in january["cells"]] == ["complete"] * 27 + ["future"]

    months = people_by_months(url)
    assert len(months) == 35_624
    assert [sum(count >= least for count in months) for least in (2, 6, 12, 27)] == [6_044, 950, 267, 7]
    apple = people_by_months(url, "--brand", "aapl")
    assert len(apple) == 10_249
    assert sum(count >= 6 for count in apple) == 223

    again = take_in(url)
    assert "changed nothing" in again
    assert "96,826 known already" in again
    assert retention(url) == whole
    store = open_store(url)
    try:
        assert store.mentions.count() == 96_826
        assert store.rollups.state(["aapl"]).pending == 0
    finally:
        store.close()
