"""Which column of a table becomes which part of a mention, and rows read by that; the composition root comes in."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connectors.files.brandmap import brand_id
from connectors.files.times import read_time
from social_crm.domain.account import Account
from social_crm.domain.clock import zone
from social_crm.domain.errors import Invalid
from social_crm.domain.mention import How, Kind, Mention, address, natural_id

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime
    from typing import TypeAlias
    from zoneinfo import ZoneInfo

    # What one piece of input becomes: mentions, accounts, and (reason, piece) for each part that could not become a fact.
    Parsed: TypeAlias = tuple[Sequence[Mention], Sequence[Account], Sequence[tuple[str, Any]]]

_REQUIRED = ("platform", "id", "author", "posted_at", "text")
_FIELDS = (
    *_REQUIRED,
    *("kind", "parent", "thread", "reply_to", "language", "url", "edited_at", "brands", "zone"),
    *("handle", "name", "followers"),
)
_METRIC = "metric."
_METRIC_FIELD = re.compile(r"metric\.[a-z][a-z0-9_]{0,31}")
_PLATFORM = re.compile(r"[a-z][a-z0-9_-]{0,31}")
# How spreadsheets and data frames write an id that they took for a number: its last digits are lost.
_SPOILT_ID = re.compile(r"\d+(\.\d+)?[eE]\+?\d+|\d+\.0+")
_BETWEEN_BRANDS = re.compile(r"[|;,\s]+")


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """`columns` gives the column of each field, `constants` the text of each field that is the same in every row.

    Times without a zone stand in the constant `zone`; where there is none, such a row cannot become a fact.
    """

    columns: Mapping[str, str]
    constants: Mapping[str, str]

    def __post_init__(self) -> None:
        for field in (*self.columns, *self.constants):
            if field not in _FIELDS and not _METRIC_FIELD.fullmatch(field):
                raise Invalid(f"mapping: no field {field!r}: the fields are {', '.join(_FIELDS)} and metric.<name>")
        missing = [field for field in _REQUIRED if field not in self.columns and field not in self.constants]
        if missing:
            raise Invalid(f"mapping: {', '.join(missing)} missing: write {missing[0]}=<column>, or {missing[0]}:=<text>")
        if "zone" in self.columns:
            raise Invalid("mapping: the zone holds for the whole file: write zone:=Europe/Berlin")
        if "zone" in self.constants:
            zone(self.constants["zone"])
        if "platform" in self.constants:
            _platform(self.constants["platform"])

    def check(self, header: Collection[str]) -> None:
        """Raises Invalid with the columns that there are when one that is mapped is not there, or there twice."""
        there = list(header)
        for field, column in self.columns.items():
            if column not in there:
                constant = f"; for a text that is the same in every row write {field}:={column}"
                raise Invalid(f"no column {column!r} for {field}: the columns are {', '.join(there)}{constant}")
            if there.count(column) > 1:
                raise Invalid(f"the column {column!r} for {field} is there {there.count(column)} times: rename one")

    def parse(self, row: object, collected_at: datetime) -> Parsed:
        """The mention of a row and its author. Raises Invalid with the reason when a field is missing or wrong."""
        if not isinstance(row, dict):
            raise Invalid("not an object with named fields")
        try:
            mention = self._mention(row, collected_at)
            return (mention,), (self._account(row, mention),), ()
        except RecursionError as error:
            raise Invalid("a cell is nested too deeply to be read") from error

    def brands(self, row: object) -> tuple[str, ...]:
        """The brands that the row says it is about; several are written with | ; , or spaces between them."""
        written = self._text(row, "brands") if isinstance(row, dict) else None
        return tuple(sorted({brand_id(part) for part in _BETWEEN_BRANDS.split(written) if part})) if written else ()

    def _mention(self, row: Mapping[str, Any], collected_at: datetime) -> Mention:
        platform = _platform(self._required(row, "platform").lower())
        author = self._id(row, "author", platform)
        edited, answered = self._value(row, "edited_at"), self._maybe_id(row, "reply_to", platform)
        return Mention(
            self._id(row, "id", platform),
            author,
            read_time(self._required(row, "posted_at", as_is=True), self._zone()),
            collected_at,
            self._required(row, "text"),
            _kind(self._text(row, "kind")),
            self._maybe_id(row, "parent", platform),
            self._maybe_id(row, "thread", platform),
            address([(How.REPLY, answered)], author) if answered else (),
            self._metrics(row),
            self._text(row, "language") or "",
            self._text(row, "url"),
            None if edited is None else read_time(edited, self._zone()),
        )

    def _account(self, row: Mapping[str, Any], mention: Mention) -> Account:
        handle = self._text(row, "handle") or mention.author.partition(":")[2]
        followers = mention.metrics.get("author_followers")
        return Account(
            mention.author, handle.removeprefix("@"), mention.posted_at, self._text(row, "name") or "", followers
        )

    def _metrics(self, row: Mapping[str, Any]) -> dict[str, int]:
        names = {field.removeprefix(_METRIC): field for field in self.columns if field.startswith(_METRIC)}
        names |= {"author_followers": "followers"} if "followers" in self.columns else {}
        return {
            name: _count(value, name) for name, field in names.items() if (value := self._value(row, field)) is not None
        }

    def _zone(self) -> ZoneInfo | None:
        return zone(self.constants["zone"]) if "zone" in self.constants else None

    def _value(self, row: Mapping[str, Any], field: str) -> Any:
        """The value of a field; empty cells, nulls and NaN are None."""
        if field in self.constants:
            return self.constants[field]
        value = cell(row, self.columns.get(field))
        return None if value is None or value == "" or value != value else value  # noqa: PLR0124 - only NaN differs from itself

    def _text(self, row: Mapping[str, Any], field: str) -> str | None:
        value = self._value(row, field)
        if value is None or isinstance(value, str):
            return value
        if isinstance(value, bool | int | float):
            return str(value)
        raise Invalid(f"{field} is not text: found {str(value)[:40]!r} in column {self.columns.get(field)!r}")

    def _required(self, row: Mapping[str, Any], field: str, *, as_is: bool = False) -> Any:
        value = self._value(row, field) if as_is else self._text(row, field)
        if value is None or (isinstance(value, str) and not value.strip()):
            raise Invalid(f"{field} is missing: column {self.columns.get(field)!r} is empty")
        return value

    def _id(self, row: Mapping[str, Any], field: str, platform: str) -> str:
        found = self._maybe_id(row, field, platform)
        if found is None:
            raise Invalid(f"{field} is missing: column {self.columns.get(field)!r} is empty")
        return found

    def _maybe_id(self, row: Mapping[str, Any], field: str, platform: str) -> str | None:
        value = self._value(row, field)
        if value is None:
            return None
        if isinstance(value, float) or (isinstance(value, str) and _SPOILT_ID.fullmatch(value.strip())):
            raise Invalid(
                f"{field} {str(value)[:40]!r} was written as a decimal number and lost digits: export ids as text"
            )
        return natural_id(platform, (self._text(row, field) or "").removeprefix(f"{platform}:"))


def parse_mapping(text: str) -> ColumnMapping:
    """Read `id=tweet_id,author=user,posted_at=created,text=body,platform:=x,kind:=review`.

    `field=column` names a column, `field:=text` a constant; quote a pair that holds a comma. Raises Invalid when a field is
    unknown, given twice or missing.
    """
    columns: dict[str, str] = {}
    constants: dict[str, str] = {}
    try:
        pairs = next(csv.reader([text], skipinitialspace=True, strict=True), [])
    except csv.Error as error:
        raise Invalid(f"mapping: {error}: write it as id=tweet_id,author=user") from error
    for pair in pairs:
        left, equals, right = (part.strip() for part in pair.partition("="))
        field = left.removesuffix(":").strip()
        if not equals or not field or not right:
            raise Invalid(f"mapping: {pair!r} is not of the form field=column or field:=text")
        if field in columns or field in constants:
            raise Invalid(f"mapping: {field} is given twice")
        (constants if left.endswith(":") else columns)[field] = right
    return ColumnMapping(columns, constants)


def cell(row: Mapping[str, Any], column: str | None) -> Any:
    """The value under a column, or inside nested objects under a dotted one such as user.id; None where there is none."""
    if column is None or column in row:
        return None if column is None else row[column]
    value: Any = row
    for name in column.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _platform(text: str) -> str:
    if not _PLATFORM.fullmatch(text):
        raise Invalid(f"platform {text[:40]!r}: use 1 to 32 of a-z 0-9 _ - and begin with a letter, such as trustpilot")
    return text


def _kind(text: str | None) -> Kind:
    try:
        return Kind(text.strip().lower()) if text else Kind.POST
    except ValueError as error:
        raise Invalid(f"kind {text!r:.40} is not one of {', '.join(Kind)}") from error


def _count(value: object, name: str) -> int:
    try:
        number = float(str(value))
        if number.is_integer() and abs(number) < 2**63:
            return int(number)
    except ValueError:
        pass
    raise Invalid(f"{name} {str(value)[:40]!r} is not a whole number")
