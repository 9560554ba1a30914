"""Reports: asking a question of the stored tables and keeping the answer with its evidence; the doors come in."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl

from social_crm.analytics import retention as analysis
from social_crm.domain.errors import Invalid, NotFound
from social_crm.domain.identifier import new_id
from social_crm.domain.report import SavedReport
from social_crm.services import brands as brand_service
from social_crm.services.people import people

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from social_crm.domain.brand import Brand
    from social_crm.ports import Store

RETENTION = "retention"
# Part of every fingerprint: rises when the same input would give another answer, so that no old one is passed off as new.
FORMULA_VERSION = 1
# How far a report looks ahead unless told: all months and quarters, but not a thousand days by a thousand days.
HORIZONS = {"day": 30, "week": 26}


@dataclass(frozen=True, slots=True)
class RetentionQuestion:
    """What is asked of retention.

    `brands` are ids, none means all of them together; `period` is day, week, month or quarter; `rule` on or on_or_after;
    `kinds` are kinds of mention, none means all but reposts; `minimum` is how many mentions make a person active in a
    period; `horizon` the largest distance in periods (unless given, HORIZONS); `first` and `last` limit the cohorts by
    local date. The calendar is that of the brands, because days are rolled up in their zone.
    """

    brands: tuple[str, ...] = ()
    period: str = "month"
    rule: str = "on"
    kinds: tuple[str, ...] = ()
    minimum: int = 1
    horizon: int | None = None
    first: date | None = None
    last: date | None = None


@dataclass(frozen=True, slots=True)
class _Input:
    """The tables that a question is answered from, and what they rest on."""

    activity: pl.DataFrame
    people: pl.DataFrame
    definition: analysis.RetentionDefinition
    watermark: datetime | None
    excluded: frozenset[str]


def retention(store: Store, question: RetentionQuestion, now: datetime) -> SavedReport:
    """Answer a question about retention: the saved answer when nothing that it rests on has changed, else a new one.

    Raises NotFound for a brand, Invalid for a question that cannot be asked (no brand at all, brands in different zones).
    """
    chosen = _chosen(store, question)
    basis = _basis(store, question, chosen)
    known = store.reports.find(basis["fingerprint"])
    if known is not None:
        return known
    given = _input(store, question, chosen)
    found = analysis.retention(given.activity, given.people, given.definition, given.watermark, given.excluded)
    body = {
        **analysis.as_json(found),
        "input": {name: basis[name] for name in ("pending", "generation", "identity_version")},
    }
    report = SavedReport(
        new_id("rep"), RETENTION, basis["fingerprint"], _parameters(question, chosen), given.watermark, now, body
    )
    store.reports.save(report)
    return report


def retention_people(
    store: Store, question: RetentionQuestion, table: str, cohort: str, distance: int
) -> list[dict[str, Any]]:
    """The people of a cell: who was in the cohort, by which accounts, how active, and whether they returned.

    `cohort` is the label of a row. Raises Invalid for what is no label, and NotFound when nothing is known of its period.
    """
    given = _input(store, question, _chosen(store, question))
    _within_history(given, cohort, distance)
    cell = analysis.cell_people(
        given.activity, given.people, given.definition, cohort, distance, analysis.TableKind(table), given.excluded
    )
    people: list[dict[str, Any]] = cell.to_dicts()
    return people


def _within_history(given: _Input, cohort: str, distance: int) -> None:
    calendar = given.definition.calendar
    wanted = calendar.parse(cohort)
    first, last = given.activity["day"].min(), given.activity["day"].max()
    if not isinstance(first, date) or not isinstance(last, date):
        raise NotFound(f"there is no cohort {cohort}: nothing was taken in yet")
    if not calendar.index(first) <= wanted <= calendar.index(last):
        raise NotFound(f"there is no cohort {cohort}: what was taken in goes from {first} to {last}")
    known = calendar.index(last)
    if given.watermark is not None:
        known = max(known, calendar.last_before(given.watermark))
    if wanted + distance > known:
        raise NotFound(f"nothing is known yet of the cell {distance} periods after {cohort}")


def saved(store: Store, report_id: str) -> SavedReport:
    """A report as it was given. Raises NotFound."""
    return store.reports.get(report_id)


def _chosen(store: Store, question: RetentionQuestion) -> tuple[Brand, ...]:
    chosen = brand_service.chosen(store, question.brands)
    if not chosen:
        raise Invalid("there is no brand yet: add one with `social-crm brand add`")
    if question.minimum > 1 and len(chosen) > 1:
        raise Invalid("a minimum above 1 is for one brand at a time: a mention about two of them would count twice")
    zones = sorted({brand.time_zone for brand in chosen})
    if len(zones) > 1:
        raise Invalid(
            f"these brands keep different calendars ({', '.join(zones)}): report on brands of one time zone at a time"
        )
    return chosen


def _basis(store: Store, question: RetentionQuestion, chosen: Sequence[Brand]) -> dict[str, Any]:
    state = store.rollups.state([brand.id for brand in chosen])
    basis: dict[str, Any] = {
        "pending": state.pending,
        "generation": state.generation,
        "identity_version": store.links.version(),
    }
    left_out = sorted(_excluded(store, chosen))
    rests_on = [
        basis,
        _parameters(question, chosen),
        str(_watermark(store, chosen)),
        left_out,
        str(_definition(question, chosen[0])),
    ]
    text = json.dumps([RETENTION, FORMULA_VERSION, *rests_on], sort_keys=True)
    return {**basis, "fingerprint": hashlib.sha256(text.encode()).hexdigest()}


def _parameters(question: RetentionQuestion, chosen: Sequence[Brand]) -> dict[str, Any]:
    asked = {name: str(value) if name in ("first", "last") and value else value for name, value in asdict(question).items()}
    return {**asked, "brands": [brand.id for brand in chosen], "kinds": list(question.kinds)}


def _input(store: Store, question: RetentionQuestion, chosen: Sequence[Brand]) -> _Input:
    activity = store.rollups.activity([brand.id for brand in chosen])
    return _Input(
        activity, people(store), _definition(question, chosen[0]), _watermark(store, chosen), _excluded(store, chosen)
    )


def _definition(question: RetentionQuestion, brand: Brand) -> analysis.RetentionDefinition:
    given = {name: value for name in ("first", "last") if (value := getattr(question, name)) is not None}
    given["horizon"] = HORIZONS.get(question.period) if question.horizon is None else question.horizon
    if question.kinds:
        given["kinds"] = question.kinds
    return analysis.RetentionDefinition(
        period=analysis.Period(question.period),
        rule=analysis.Rule(question.rule),
        time_zone=brand.time_zone,
        week_start=brand.week_start,
        minimum=question.minimum,
        **given,
    )


def _watermark(store: Store, chosen: Sequence[Brand]) -> datetime | None:
    """The time up to which every source of every brand is complete: the earliest of their latest ends (methods.md 1.2).

    A brand that no source vouches for has no say: it has no mentions either.
    """
    vouched = store.coverage.table().filter(pl.col("brand").is_in([brand.id for brand in chosen]))
    ends = vouched.group_by("source", "brand").agg(pl.col("end").max())["end"]
    earliest: datetime | None = ends.min()  # type: ignore[assignment] # a datetime column has a datetime minimum
    return earliest


def _excluded(store: Store, chosen: Sequence[Brand]) -> frozenset[str]:
    own = {entry for brand in chosen for entry in brand.own_accounts}
    handles = sorted(entry for entry in own if ":@" in entry)
    return frozenset(own) | {account.id for account in store.accounts.with_handles(handles)}
