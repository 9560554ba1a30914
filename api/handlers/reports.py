"""Reports: answers with their evidence; the route table comes in."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from api import wire
from api.bridge import LONG
from api.operation import Call, operation
from api.shapes import Day, Line, Several, Strict
from api.wire import CSV, Answer
from social_crm.analytics.definition import Rule, TableKind
from social_crm.analytics.periods import Period
from social_crm.domain.errors import Invalid
from social_crm.domain.mention import Kind
from social_crm.services import reports
from social_crm.services.exports import retention_csv
from social_crm.services.reports import RetentionQuestion

ALL_BRANDS = "all"


class RetentionQuery(Strict):
    """What is asked of retention; what is left out has the default of the report."""

    model_config = ConfigDict(use_enum_values=True)  # the question holds plain values

    brand: Annotated[tuple[Line, ...], Several, Field(min_length=1, max_length=100, description="ids, or `all` alone")]
    period: Period = Period.MONTH
    rule: Rule = Rule.ON
    kinds: Annotated[tuple[Kind, ...], Several, Field(description="what counts as activity; none: all but reposts")] = ()
    minimum: Annotated[int, Field(ge=1, le=1000, description="mentions that make a person active in a period")] = 1
    horizon: Annotated[int, Field(ge=0, le=1000, description="the largest distance: 30 days, 26 weeks or all")] | None = (
        None
    )
    first: Day | None = Field(default=None, description="no cohort before the period of this local day")
    last: Day | None = Field(default=None, description="no cohort after the period of this local day")

    def question(self) -> RetentionQuestion:
        """The same for the service. Raises Invalid when `all` stands beside ids."""
        if ALL_BRANDS in self.brand and len(self.brand) > 1:
            raise Invalid("brand: `all` stands alone", (("query.brand", "give ids, or `all` alone"),))
        given: dict[str, Any] = self.model_dump(include={"period", "rule", "kinds", "minimum", "horizon", "first", "last"})
        return RetentionQuestion(brands=() if ALL_BRANDS in self.brand else self.brand, **given)


class RetentionReportQuery(RetentionQuery):
    """What is asked, and how to write the answer."""

    format: Literal["json", "csv"] = "json"


class CellQuery(RetentionQuery):
    """What is asked, and which cell of the answer is meant."""

    table: TableKind = TableKind.RECURRING
    cohort: Annotated[Line, Field(description="the label of a row, such as 2025-01")]
    k: Annotated[int, Field(ge=0, le=1000, description="periods after the cohort's own")]


@operation(
    "GET",
    "/v1/reports/retention",
    permission="reports:read",
    query=RetentionReportQuery,
    answers={200: (wire.ReportShape, CSV)},
    limit=LONG,
)
async def report_retention(call: Call[RetentionReportQuery]) -> Answer:
    """How many of a period's people come back, of all of them and of those who were new in it."""
    saved = await call.ask(reports.retention, call.query.question(), call.bridge.clock())
    if call.query.format == "json":
        return Answer(wire.report(saved))
    name = {"Content-Disposition": f'attachment; filename="{saved.id}.csv"'}
    return Answer(retention_csv(saved.body), headers=name, media=CSV)


@operation(
    "GET",
    "/v1/reports/retention/people",
    permission="reports:read",
    query=CellQuery,
    answers={200: (wire.PersonList,)},
    limit=LONG,
)
async def list_retention_people(call: Call[CellQuery]) -> Answer:
    """The people of one cell: who was in the cohort, and whether they came back."""
    asked = call.query
    return Answer({"items": await call.ask(reports.retention_people, asked.question(), asked.table, asked.cohort, asked.k)})


@operation("GET", "/v1/reports/{report_id}", permission="reports:read", answers={200: (wire.ReportShape,)})
async def read_report(call: Call) -> Answer:
    """A report as it was given."""
    return Answer(wire.report(await call.ask(reports.saved, call.part("report_id"))))
