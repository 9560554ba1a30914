"""Coverage: what the ledger of a source knows, hour by hour; the route table comes in."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import Field

from api import wire_coverage
from api.bridge import LONG
from api.operation import Call, operation
from api.shapes import Moment, Strict
from api.wire import Answer
from api.wire_coverage import LedgerShape
from social_crm.domain.coverage import ONE_HOUR, hour_of
from social_crm.domain.errors import Invalid
from social_crm.domain.span import Span
from social_crm.ports import Store
from social_crm.services import sources

USUAL = timedelta(days=14)
# Nothing was collected before or will be after: it keeps all arithmetic within the calendar.
_EARLIEST, _LATEST = datetime(1971, 1, 1, tzinfo=UTC), datetime(2999, 1, 1, tzinfo=UTC)


class CoverageQuery(Strict):
    """Which hours are asked for; rounded outwards to full hours, a year at most."""

    start: Annotated[Moment, Field(description="from when on; without it, 14 days before the end")] | None = None
    end: Annotated[Moment, Field(description="up to when; without it, the end of this hour")] | None = None

    def span(self, now: datetime) -> Span:
        """The span that is meant. Raises Invalid, which names the parameter, for one that cannot be."""
        end = hour_of(now) + ONE_HOUR if self.end is None else self.end
        if not _EARLIEST <= end <= _LATEST:
            raise _refusal("end", f"there is no ledger for that time: ask from {_EARLIEST:%Y} to {_LATEST:%Y}")
        start = end - USUAL if self.start is None else self.start
        if not start <= end:
            raise _refusal("start", f"it lies after the end ({end:%Y-%m-%dT%H:%M:%SZ}): give an earlier one")
        return Span(start, end)


@operation(
    "GET",
    "/v1/sources/{source_id}/coverage",
    permission="sources:read",
    query=CoverageQuery,
    answers={200: (wire_coverage.LedgerShape,)},
    limit=LONG,
)
async def read_coverage(call: Call[CoverageQuery]) -> Answer:
    """What is known of each hour, for the query that the source has now, and what the days of these hours have cost.

    An hour is missed when any part of it was missed; hours still to come are unknown. Spend is that of whole UTC days.
    """
    return Answer(await call.ask(_ledger, call.part("source_id"), call.query.span(call.bridge.clock())))


def _ledger(store: Store, source_id: str, span: Span) -> LedgerShape:
    setup = sources.get(store, source_id).setup
    hours = sources.coverage(store, source_id, span)
    spend = sources.spend(store, source_id, span.start.date())
    return wire_coverage.ledger(setup, span, hours, spend)


def _refusal(parameter: str, says: str) -> Invalid:
    return Invalid(f"{parameter}: {says}", ((f"query.{parameter}", says),))
