"""Reports: asking a question of the stored tables and keeping the answer with its evidence; the doors come in."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, astuple, dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl

from social_crm.analytics import retention as analysis
from social_crm.domain.clock import day_start, local_day
from social_crm.domain.coverage import Seen
from social_crm.domain.errors import Invalid, NotFound
from social_crm.domain.identifier import new_id
from social_crm.domain.report import SavedReport
from social_crm.domain.source import SourceState
from social_crm.services import brands as brand_service
from social_crm.services.people import people

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from social_crm.domain.brand import Brand
    from social_crm.ports import Store

RETENTION = "retention"
# Part of every fingerprint: rises when the same input would give another answer, so that no old one is passed off as new.
FORMULA_VERSION = 2
# What a live source covered is final only so long after: late replies, edits and deletions come first (methods.md 1.2).
SETTLE_LAG = timedelta(hours=24)
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
class _Ledger:
    """What the sources of the brands say of their input: up to when it is complete, and what they missed."""

    watermark: datetime | None
    gaps: tuple[analysis.Gap, ...]


@dataclass(frozen=True, slots=True)
class _Input:
    """The tables that a question is answered from, and what they rest on."""

    activity: pl.DataFrame
    people: pl.DataFrame
    definition: analysis.RetentionDefinition
    excluded: frozenset[str]


def retention(store: Store, question: RetentionQuestion, now: datetime) -> SavedReport:
    """Answer a question about retention: the saved answer when nothing that it rests on has changed, else a new one.

    Raises NotFound for a brand, Invalid for a question that cannot be asked (no brand at all, brands in different zones).
    """
    chosen = _chosen(store, question)
    ledger = _ledger(store, chosen)
    basis = _basis(store, question, chosen, ledger)
    known = store.reports.find(basis["fingerprint"])
    if known is not None:
        return known
    given = _input(store, question, chosen)
    found = analysis.retention(
        given.activity, given.people, given.definition, ledger.watermark, given.excluded, ledger.gaps
    )
    body = {
        **analysis.as_json(found),
        "input": {name: basis[name] for name in ("pending", "generation", "identity_version")},
    }
    report = SavedReport(
        new_id("rep"), RETENTION, basis["fingerprint"], _parameters(question, chosen), ledger.watermark, now, body
    )
    store.reports.save(report)
    return report


def retention_people(
    store: Store, question: RetentionQuestion, table: str, cohort: str, distance: int
) -> list[dict[str, Any]]:
    """The people of a cell: who was in the cohort, by which accounts, how active, and whether they returned.

    `cohort` is the label of a row. Raises Invalid for what is no label, and NotFound when nothing is known of its period.
    """
    chosen = _chosen(store, question)
    given = _input(store, question, chosen)
    _within_history(given, _ledger(store, chosen).watermark, cohort, distance)
    cell = analysis.cell_people(
        given.activity, given.people, given.definition, cohort, distance, analysis.TableKind(table), given.excluded
    )
    people: list[dict[str, Any]] = cell.to_dicts()
    return people


def _within_history(given: _Input, watermark: datetime | None, cohort: str, distance: int) -> None:
    calendar = given.definition.calendar
    wanted = calendar.parse(cohort)
    first, last = given.activity["day"].min(), given.activity["day"].max()
    if not isinstance(first, date) or not isinstance(last, date):
        raise NotFound(f"there is no cohort {cohort}: nothing was taken in yet")
    if not calendar.index(first) <= wanted <= calendar.index(last):
        raise NotFound(f"there is no cohort {cohort}: what was taken in goes from {first} to {last}")
    known = calendar.index(last)
    if watermark is not None:
        known = max(known, calendar.last_before(watermark))
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


def _basis(store: Store, question: RetentionQuestion, chosen: Sequence[Brand], ledger: _Ledger) -> dict[str, Any]:
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
        str(ledger.watermark),
        [astuple(gap) for gap in ledger.gaps],
        left_out,
        str(_definition(question, chosen[0])),
    ]
    text = json.dumps([RETENTION, FORMULA_VERSION, *rests_on], sort_keys=True, default=str)
    return {**basis, "fingerprint": hashlib.sha256(text.encode()).hexdigest()}


def _parameters(question: RetentionQuestion, chosen: Sequence[Brand]) -> dict[str, Any]:
    asked = {name: str(value) if name in ("first", "last") and value else value for name, value in asdict(question).items()}
    return {**asked, "brands": [brand.id for brand in chosen], "kinds": list(question.kinds)}


def _input(store: Store, question: RetentionQuestion, chosen: Sequence[Brand]) -> _Input:
    activity = store.rollups.activity([brand.id for brand in chosen])
    return _Input(activity, people(store), _definition(question, chosen[0]), _excluded(store, chosen))


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


def _ledger(store: Store, chosen: Sequence[Brand]) -> _Ledger:
    """What the coverage ledger says of the brands, as far as the source has a say.

    A source that was set up is live: while it is active it has a say in how far its brand is complete. One that is paused
    has none, and one that has never run has none either: nothing was promised yet. What either missed stays missed. Any
    other name is a file's; it has a say unless a live source of its platform goes on from where it ends. A brand that no
    source vouches for has no say: it has no mentions either.
    """
    noted = store.coverage.table().filter(pl.col("brand").is_in([brand.id for brand in chosen]))
    setups = store.sources.list()
    known = pl.DataFrame(
        [(one.id, one.brand, one.platform, one.state is SourceState.ACTIVE) for one in setups],
        schema={"source": pl.String, "brand": pl.String, "platform": pl.String, "active": pl.Boolean},
        orient="row",
    )
    ours = noted.join(known, on=["source", "brand"], how="inner")
    files = noted.join(known, on="source", how="anti")
    live = ours.filter(pl.col("active"))
    gaps = analysis.find_gaps(ours.select(noted.columns))
    return _Ledger(_watermark(_not_carried_on(files, live), live.select(noted.columns), chosen[0].time_zone), gaps)


def _not_carried_on(files: pl.DataFrame, live: pl.DataFrame) -> pl.DataFrame:
    """The files whose platform no live source of their brand covers without a break from before their end."""
    covering = live.filter(pl.col("seen") == Seen.COVERED.value).select(
        "brand", ("files:" + pl.col("platform")).alias("source"), from_="start", upto="end"
    )
    ends = files.group_by("source", "brand").agg(pl.col("end").max())
    carried = ends.join(covering, on=["source", "brand"]).filter(
        (pl.col("from_") <= pl.col("end")) & (pl.col("upto") > pl.col("end"))
    )
    return files.join(carried, on=["source", "brand"], how="anti")


def _watermark(files: pl.DataFrame, live: pl.DataFrame, zone: str) -> datetime | None:
    """The time up to which every source of every brand is complete: the earliest of their latest ends (methods.md 1.2).

    Only what was covered counts. Of live sources the last SETTLE_LAG does not, and they count by whole days of the brand: a
    report changes with the day and not with every walk.
    """
    settled = _latest(live.with_columns(pl.col("end") - SETTLE_LAG))
    by_day = None if settled is None else day_start(local_day(settled, zone), zone)
    return min((end for end in (_latest(files), by_day) if end is not None), default=None)


def _latest(noted: pl.DataFrame) -> datetime | None:
    """The earliest of the latest ends of what each source covered."""
    ends = noted.filter(pl.col("seen") == Seen.COVERED.value).group_by("source", "brand").agg(pl.col("end").max())["end"]
    earliest: datetime | None = ends.min()  # type: ignore[assignment] # a datetime column has a datetime minimum
    return earliest


def _excluded(store: Store, chosen: Sequence[Brand]) -> frozenset[str]:
    own = {entry for brand in chosen for entry in brand.own_accounts}
    handles = sorted(entry for entry in own if ":@" in entry)
    return frozenset(own) | {account.id for account in store.accounts.with_handles(handles)}
