"""Reports over the API: the same body as the service gives, kept as it was given, as CSV, and the people of a cell."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import pytest
from pydantic import TypeAdapter

from api import wire
from jobs.roll_up import roll_up
from social_crm.domain.coverage import Coverage
from social_crm.services import brands, reports
from social_crm.services.exports import RETENTION_COLUMNS
from social_crm.services.reports import RetentionQuestion
from tests.builders import NOON, a_brand, a_mention, at, heard

if TYPE_CHECKING:
    from social_crm.ports import Store
    from tests.api.conftest import Door

# V1 of methods.md 1.3: who spoke in which month of 2025, January being 0.
MONTHS = {"ana": "0123", "ben": "02", "cy": "0", "dee": "01", "eli": "123", "fay": "13", "gus": "2"}
RECURRING = [[4, 2, 2, 1], [4, 2, 3], [4, 2], [3]]
RETENTION = "/v1/reports/retention"


@pytest.fixture(autouse=True)
def spoken(store: Store) -> None:
    """V1, told and rolled up, all months complete."""
    for brand_id in ("acme", "zenith"):
        brands.put(store, a_brand(brand_id), None)
    told = [(person, int(month)) for person, months in MONTHS.items() for month in months]
    mentions = [
        heard(a_mention(f"x:{person}{month}", f"x:{person}", at(f"2025-0{month + 1}-09"))) for person, month in told
    ]
    store.mentions.take(mentions, [], {"acme": "UTC"}, NOON)
    roll_up(store, lambda: NOON)
    store.coverage.record(Coverage("c", "x", "acme", at("2025-01-01"), at("2025-05-01")))


async def test_the_report_is_that_of_the_service_and_stays_as_it_was_given(door: Door) -> None:
    given = await (await door.get(f"{RETENTION}?brand=acme")).json()
    of_service = await door.on_a_thread(reports.retention, door.store, RetentionQuestion(brands=("acme",)), NOON)
    assert given["body"] == of_service.body
    assert (given["id"], given["fingerprint"]) == (of_service.id, of_service.fingerprint)
    assert await (await door.get(f"/v1/reports/{given['id']}")).json() == given
    TypeAdapter(wire.ReportShape).validate_python(given)


async def test_the_figures_are_those_of_the_published_vector(door: Door) -> None:
    body = (await (await door.get(f"{RETENTION}?brand=acme")).json())["body"]
    counts = [[cell["n"] for cell in row["cells"] if cell["n"] is not None] for row in body["recurring"]["rows"]]
    assert counts == RECURRING
    assert [row["label"] for row in body["first_time"]["rows"]] == ["2025-01", "2025-02", "2025-03", "2025-04"]


async def test_every_parameter_reaches_the_question(door: Door) -> None:
    asked = "period=week&rule=on_or_after&kinds=post,reply&kinds=quote&minimum=2&horizon=3&first=2025-01-01&last=2025-03-31"
    given = (await (await door.get(f"{RETENTION}?brand=acme&{asked}")).json())["parameters"]
    assert given == {
        "brands": ["acme"],
        "period": "week",
        "rule": "on_or_after",
        "kinds": ["post", "reply", "quote"],
        "minimum": 2,
        "horizon": 3,
        "first": "2025-01-01",
        "last": "2025-03-31",
    }


@pytest.mark.parametrize("asked", ["brand=acme&brand=zenith", "brand=acme,zenith", "brand=all"])
async def test_brands_are_named_in_any_of_three_ways(door: Door, asked: str) -> None:
    given = (await (await door.get(f"{RETENTION}?{asked}")).json())["parameters"]
    assert given["brands"] == ["acme", "zenith"]


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ("", 422),
        ("brand=", 422),
        ("brand=acme,,zenith", 422),
        ("brand=all,acme", 422),
        ("brand=nobody", 404),
        ("brand=acme&period=year", 422),
        ("brand=acme&rule=maybe", 422),
        ("brand=acme&kinds=shout", 422),
        ("brand=acme&minimum=0", 422),
        ("brand=acme&horizon=-1", 422),
        ("brand=acme&first=20250101", 422),
        ("brand=acme&first=2025-02-30", 422),
        ("brand=acme&first=2025-03-01&last=2025-01-01", 422),
        ("brand=acme&format=xml", 422),
        ("brand=acme&format=csv&format=json", 422),
    ],
)
async def test_a_question_that_cannot_be_asked_is_refused(door: Door, asked: str, status: int) -> None:
    assert (await door.get(f"{RETENTION}?{asked}")).status == status


async def test_the_csv_holds_every_cell_and_every_pooled_rate(door: Door) -> None:
    answer = await door.get(f"{RETENTION}?brand=acme&format=csv")
    assert (answer.content_type, answer.charset) == ("text/csv", "utf-8")
    body = (await (await door.get(f"{RETENTION}?brand=acme")).json())["body"]
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="rep_')
    lines = list(csv.DictReader(io.StringIO(await answer.text(), newline="")))
    assert tuple(lines[0]) == RETENTION_COLUMNS
    cells = [line for line in lines if line["cohort"] != "pooled"]
    pooled = [line for line in lines if line["cohort"] == "pooled"]
    for kind in ("recurring", "first_time"):
        expected = [
            (row["label"], str(cell["k"]), "" if cell["n"] is None else str(cell["n"]), cell["state"])
            for row in body[kind]["rows"]
            for cell in row["cells"]
        ]
        assert [
            (line["cohort"], line["k"], line["n"], line["state"]) for line in cells if line["table"] == kind
        ] == expected
        rates = [float(line["rate"]) for line in pooled if line["table"] == kind]
        assert rates == [cell["rate"] for cell in body[kind]["pooled"]]


async def test_the_people_of_a_cell_are_those_who_were_there(door: Door) -> None:
    people = (await (await door.get(f"{RETENTION}/people?brand=acme&cohort=2025-01&k=1")).json())["items"]
    assert [one["person"] for one in people] == ["x:ana", "x:ben", "x:cy", "x:dee"]
    assert [one["person"] for one in people if one["returned"]] == ["x:ana", "x:dee"]
    new = (await (await door.get(f"{RETENTION}/people?brand=acme&cohort=2025-02&k=0&table=first_time")).json())["items"]
    assert [one["person"] for one in new] == ["x:eli", "x:fay"]


@pytest.mark.parametrize(
    "asked", ["cohort=2025-01", "k=1", "cohort=January&k=1", "cohort=2025-01&k=1&table=both", "cohort=x&k=x"]
)
async def test_a_cell_that_there_is_not_is_refused(door: Door, asked: str) -> None:
    assert (await door.get(f"{RETENTION}/people?brand=acme&{asked}")).status == 422
