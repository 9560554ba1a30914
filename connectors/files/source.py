"""A file as a source of mentions: opened, recognised, read a page at a time; the composition root comes in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from connectors.files.formats import CSV, JSON_LINES, MAPPED, PARQUET, columns_of, sniff
from connectors.files.lines import json_rows, shown
from connectors.files.opening import existing, opened, verify
from connectors.files.tables import ParquetRows, csv_rows
from social_crm.domain.errors import Invalid
from social_crm.ports import Page, Reject

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from connectors.files.formats import Format, Parse
    from connectors.files.lines import Row
    from connectors.files.mapping import ColumnMapping
    from connectors.files.opening import Progress
    from social_crm.domain.account import Account
    from social_crm.domain.mention import Mention
    from social_crm.ports import Clock

_PAGE = 5_000
_FIRST_TIME = datetime(1990, 1, 1, tzinfo=UTC)
_CLOCKS_DIFFER = timedelta(days=1)
_HEADER_FROM = 1_000  # records of JSON lines whose names count as the header


class _Progressing(Protocol):
    @property
    def done(self) -> int: ...
    @property
    def total(self) -> int: ...


class _Pile:
    """What a page will hold."""

    def __init__(self, cursor: int) -> None:
        self.cursor = cursor
        self.mentions: list[Mention] = []
        self.accounts: dict[str, Account] = {}
        self.rejects: list[Reject] = []
        self.brands: dict[str, tuple[str, ...]] = {}

    def __len__(self) -> int:
        return len(self.mentions) + len(self.rejects)

    def see(self, accounts: Iterable[Account]) -> None:
        """Keep the newest face of each account: the rest would only be overwritten."""
        for account in accounts:
            known = self.accounts.get(account.id)
            if known is None or known.observed_at <= account.observed_at:
                self.accounts[account.id] = account

    def page(self, progress: _Progressing) -> Page:
        """The page, as far as the file was read by now."""
        return Page(
            tuple(self.mentions),
            tuple(self.accounts.values()),
            str(self.cursor),
            tuple(self.rejects),
            self.brands,
            progress.done,
            progress.total,
        )


class FileSource:
    """Reads files of mentions: any of `formats`, and with a `mapping` CSV, JSON lines and Parquet. A `ports.Source`.

    `format_name` names the format where it is not to be recognised. `brand_map` gives the brands of native ids. While a
    packed file is checked, before its first page, `checking` is told (bytes read, bytes in all).
    """

    def __init__(
        self,
        formats: Sequence[Format],
        clock: Clock,
        *,
        format_name: str | None = None,
        mapping: ColumnMapping | None = None,
        brand_map: Mapping[str, tuple[str, ...]] | None = None,
        page_size: int = _PAGE,
        checking: Progress = lambda _done, _total: None,
    ) -> None:
        self._formats = {known.name: known for known in formats}
        self._clock = clock
        self._mapping = mapping
        self._brand_map = brand_map or {}
        self._page_size = page_size
        self._checking = checking
        self._format_name = format_name
        if format_name is not None and format_name not in (*self._formats, *MAPPED):
            raise Invalid(f"no format {format_name!r}: the formats are {', '.join((*self._formats, *MAPPED))}")

    def pull(self, query: str, cursor: str | None) -> Iterator[Page]:
        """The pages of the file `query`; `cursor` is the number of lines (of Parquet: rows) that were taken in before.

        Raises NotFound without the file; Invalid when it cannot be read, is cut short or damaged (told before the first
        page), when its format is not recognised, and when a mapped column is not there. A bad row is a reject of its page.
        """
        path, skip = existing(query), _position(cursor)
        verify(path, self._checking)
        name = self.format_of(path)
        if name == PARQUET:
            yield from self._parquet(path, skip)
        elif name == CSV:
            yield from self._csv(path, skip)
        else:
            yield from self._json(path, skip, name)

    def format_of(self, path: Path) -> str:
        """The format of a file: the one that was named, or is recognised; one with a mapping where there is a mapping.

        Raises Invalid when a mapping is needed and missing, or there and of no use.
        """
        name = self._format_name or sniff(path, tuple(self._formats.values()))
        if self._mapping is not None and name in self._formats:
            if self._format_name is not None:
                raise Invalid(f"{name} says itself what is what: leave the mapping out")
            return JSON_LINES
        if self._mapping is None and name in MAPPED:
            known = ", ".join(self._formats)
            raise Invalid(
                f"{path}: {name} needs a mapping of its columns, such as id=tweet_id,author=user (or is it {known}?)"
            )
        return name

    def _parquet(self, path: Path, skip: int) -> Iterator[Page]:
        mapping = self._needed()
        table = ParquetRows(path)
        mapping.check(table.header)
        yield from self._pages(table.rows(sorted(set(mapping.columns.values())), skip), table, mapping.parse, skip)

    def _csv(self, path: Path, skip: int) -> Iterator[Page]:
        mapping = self._needed()
        with opened(path) as file:
            rows = csv_rows(file, skip)
            mapping.check(next(rows).value)  # type: ignore[arg-type] # the first row is the header
            yield from self._pages(rows, file, mapping.parse, skip)

    def _json(self, path: Path, skip: int, name: str) -> Iterator[Page]:
        if name == JSON_LINES:
            self._needed().check(columns_of(path, _HEADER_FROM))
        parse = self._needed().parse if name == JSON_LINES else self._formats[name].parse
        with opened(path) as file:
            yield from self._pages(json_rows(file, skip), file, parse, skip)

    def _needed(self) -> ColumnMapping:
        if self._mapping is None:
            raise Invalid("a mapping of the columns is needed, such as id=tweet_id,author=user")
        return self._mapping

    def _pages(self, rows: Iterable[Row], progress: _Progressing, parse: Parse, skip: int) -> Iterator[Page]:
        collected_at = self._clock()
        pile = _Pile(skip)
        for row in rows:
            pile.cursor = row.end
            if row.fault:
                pile.rejects.append(Reject(row.line, row.fault, shown(row.raw)))
            else:
                self._take(pile, row, parse, collected_at)
            if len(pile) >= self._page_size:
                yield pile.page(progress)
                pile = _Pile(row.end)
        if len(pile):
            yield pile.page(progress)

    def _take(self, pile: _Pile, row: Row, parse: Parse, collected_at: datetime) -> None:
        try:
            mentions, accounts, faults = parse(row.value, collected_at)
            _check_times(mentions, collected_at)
            self._tell_brands(pile, row, mentions)
        except Invalid as error:
            pile.rejects.append(Reject(row.line, error.message, shown(row.raw)))
            return
        pile.mentions += mentions
        pile.see(accounts)
        pile.rejects += [Reject(row.line, reason, shown(piece)) for reason, piece in faults]

    def _tell_brands(self, pile: _Pile, row: Row, mentions: Sequence[Mention]) -> None:
        """What the row says itself, and what the brand map says of each native id."""
        said = self._mapping.brands(row.value) if self._mapping is not None else ()
        for mention in mentions:
            mapped = self._brand_map.get(mention.id.partition(":")[2], ())
            brands = mapped if not said else tuple(sorted({*said, *mapped}))
            if brands:
                pile.brands[mention.id] = brands


def _check_times(mentions: Sequence[Mention], collected_at: datetime) -> None:
    """Nobody has said anything tomorrow, nor on a network before there were any: such a time is another number misread."""
    for mention in mentions:
        if not _FIRST_TIME <= mention.posted_at <= collected_at + _CLOCKS_DIFFER:
            raise Invalid(f"posted_at {mention.posted_at.isoformat()} cannot be: it must be between 1990 and now")


def _position(cursor: str | None) -> int:
    if cursor is None:
        return 0
    if not (cursor.isascii() and cursor.isdecimal() and len(cursor) <= 18):
        raise Invalid(f"cursor {cursor[:40]!r} is not a number of lines: leave it out to begin anew")
    return int(cursor)
