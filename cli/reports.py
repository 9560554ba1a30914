"""`social-crm report`: ask the questions that the service exists for."""

from __future__ import annotations

import csv
import sys
from datetime import date
from typing import TYPE_CHECKING, Any

import click
import orjson

from cli.compose import now, the_store
from cli.progress import progress
from cli.show import show_retention
from cli.wording import plain
from jobs.roll_up import roll_up
from social_crm.domain.errors import Invalid
from social_crm.domain.mention import Kind
from social_crm.services import reports
from social_crm.services.exports import guarded, retention_csv

if TYPE_CHECKING:
    from cli.settings import Settings
    from social_crm.ports import Store

KINDS = [kind.value for kind in Kind]


@click.group()
def report() -> None:
    """Ask the questions that the service exists for."""


@report.command()
@click.option("--brand", "brands", multiple=True, help="A brand's id. May be repeated; all brands together unless given.")
@click.option("--period", type=click.Choice(["day", "week", "month", "quarter"]), default="month", show_default=True)
@click.option("--rule", type=click.Choice(["on", "on_or_after"]), default="on", show_default=True,
              help="Active again in that period, or in that or any later one.")  # fmt: skip
@click.option("--kind", "kinds", type=click.Choice([*KINDS, "all"]), multiple=True,
              help="What counts as activity: all but reposts unless given. May be repeated.")  # fmt: skip
@click.option("--minimum", type=click.IntRange(1), default=1, show_default=True, help="So many make a person active.")
@click.option("--horizon", type=click.IntRange(1), help="Periods to look ahead; unless given 30 days, 26 weeks, or all.")
@click.option("--first", metavar="DAY", help="First day of the first cohort, as 2026-01-01.")
@click.option("--last", metavar="DAY", help="A day in the last cohort.")
@click.option("--format", "form", type=click.Choice(["table", "json", "csv"]), default="table", show_default=True)
@click.option("--people", metavar="COHORT:K", help="List the people of a cell instead, as 2026-01:2.")
@click.option("--table", "kind", type=click.Choice(["recurring", "first_time"]), default="recurring", show_default=True,
              help="With --people: of which table.")  # fmt: skip
@click.pass_obj
def retention(settings: Settings, /, form: str, people: str | None, kind: str, **asked: Any) -> None:
    """How many of January's people are still with us in February, in March?"""
    question = _question(**asked)
    with the_store(settings) as store:
        bring_up_to_date(store)
        if people is not None:
            cohort, distance = _cell(people)
            _show_people(reports.retention_people(store, question, kind, cohort, distance), form)
        else:
            _show(reports.retention(store, question, now()).body, form)


def bring_up_to_date(store: Store) -> None:
    """Roll up what has changed since the last time, so that the report is of all that was taken in."""
    with progress("Rolling up", "days") as tell:
        roll_up(store, now, lambda done, total: tell(done, total, done))


def _question(
    *, brands: tuple[str, ...], kinds: tuple[str, ...], first: str | None, last: str | None, **rest: Any
) -> reports.RetentionQuestion:
    chosen = tuple(KINDS) if "all" in kinds else kinds
    return reports.RetentionQuestion(brands=brands, kinds=chosen, first=_day(first), last=_day(last), **rest)


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise Invalid(f"{text!r} is not a day: write it as 2026-01-31") from error


def _cell(text: str) -> tuple[str, int]:
    cohort, _, distance = text.rpartition(":")
    if not cohort or not distance.isdecimal():
        raise Invalid(f"{text!r} is not a cell: write the cohort and the distance, as 2026-01:2")
    return cohort, int(distance)


def _show(body: Any, form: str) -> None:
    if form == "table":
        show_retention(body)
    elif form == "csv":
        click.echo(retention_csv(body), nl=False)
    else:
        click.echo(orjson.dumps(body, option=orjson.OPT_INDENT_2))


def _show_people(people: list[dict[str, Any]], form: str) -> None:
    if form == "json":
        click.echo(orjson.dumps(people, option=orjson.OPT_INDENT_2))
        return
    rows = csv.writer(sys.stdout, lineterminator="\n", delimiter="," if form == "csv" else "\t")
    if people:
        rows.writerow(people[0])
    for one in people:
        cells = [guarded(" ".join(cell) if isinstance(cell, list) else cell) for cell in one.values()]
        rows.writerow([_shown(cell) for cell in cells] if form == "table" else cells)


def _shown(cell: Any) -> Any:
    return plain(cell) if isinstance(cell, str) else cell
