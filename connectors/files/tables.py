"""Rows of CSV and Parquet files as a stream that stays small whatever the file's size; this room comes in."""

from __future__ import annotations

import csv
from importlib import import_module
from typing import TYPE_CHECKING, Any

from connectors.files.lines import TOO_LONG, Head, Row, physical_lines
from social_crm.domain.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from connectors.files.opening import OpenFile

_DELIMITERS = ",;\t|"
_AT_A_TIME = 20_000  # rows of a Parquet file: fewer read a row group too often, more fill memory
_SHOWN = 2_000


class _Feed:
    """Lines as text for the csv module, which joins those of a quoted field; remembers where the record under way began."""

    def __init__(self, file: OpenFile) -> None:
        self._lines = physical_lines(file)
        self._waiting: str | None = None
        self.number = 0
        self.begin()

    def begin(self) -> None:
        """Forget the last record: the next line begins a new one."""
        self.start = self.number + 1
        self.fault = ""
        self.text = ""

    def peek(self) -> str:
        """The next line that is not blank, without taking it; "" at the end."""
        while self._waiting is None or not self._waiting.strip():
            self.begin()
            try:
                self._waiting = self._next()
            except StopIteration:
                self._waiting = None
                return ""
        return self._waiting

    def skip_to(self, number: int) -> None:
        """Let the lines up to and with this number go by unread."""
        while self.number < number and next(self._lines, None) is not None:
            self.number += 1
        self.begin()

    def __iter__(self) -> _Feed:
        return self

    def __next__(self) -> str:
        if self._waiting is not None:
            line, self._waiting = self._waiting, None
        else:
            line = self._next()
        self.text += line[: _SHOWN - len(self.text)]
        return line

    def _next(self) -> str:
        self.number, content = next(self._lines)
        line = content.decode("utf-8", "surrogateescape") + "\n"
        if isinstance(content, Head):
            self.fault = TOO_LONG
        elif not line.isascii() and not _is_utf8(content):
            self.fault = f"line {self.number} is not UTF-8"
        return line


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def csv_rows(file: OpenFile, skip: int = 0) -> Iterator[Row]:
    """The header as a list of names, then each record after line `skip` as a dictionary; lines are counted physically.

    The delimiter is the one of , ; tab | that the header holds most often. Raises Invalid when there is no header.
    """
    feed = _Feed(file)
    first = feed.peek()
    delimiter = max(_DELIMITERS, key=first.count)
    reader = csv.reader(feed, delimiter=delimiter, strict=True)
    header = _header(file, reader, feed)
    yield Row(feed.start, feed.number, header, feed.text)
    feed.skip_to(skip)
    while True:
        feed.begin()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield Row(feed.start, feed.number, None, feed.text, feed.fault or _unreadable(feed, error))
            continue
        if cells:
            fault = feed.fault or _wrong_width(cells, header)
            value = None if fault else dict(zip(header, cells, strict=True))
            yield Row(feed.start, feed.number, value, feed.text, fault)


def _header(file: OpenFile, reader: Iterator[list[str]], feed: _Feed) -> list[str]:
    try:
        cells = [name.strip() for name in next(reader)]
    except StopIteration as error:
        raise Invalid(f"{file.path}: empty: there is no header line") from error
    except csv.Error as error:
        raise Invalid(f"{file.path}: line {feed.start}: the header is not CSV: {error}") from error
    if feed.fault:
        raise Invalid(f"{file.path}: line {feed.start}: the header cannot be read: {feed.fault}: convert the file to UTF-8")
    return cells


def _unreadable(feed: _Feed, error: csv.Error) -> str:
    span = f"line {feed.start}" if feed.start == feed.number else f"lines {feed.start} to {feed.number}"
    return f"not CSV, {span}: {error} (a quotation mark that is not closed or not doubled?)"


def _wrong_width(cells: Sequence[str], header: Sequence[str]) -> str:
    return "" if len(cells) == len(header) else f"{len(cells)} cells where the header names {len(header)}"


class ParquetRows:
    """The rows of a Parquet file: only the wanted columns, some thousands at a time. `done` of `total` rows are read.

    Memory holds the wanted columns of one row group as packed on disk, so it depends on how the file was written (writers
    make groups of up to a million rows), not on how large the file is.
    """

    def __init__(self, path: Path) -> None:
        # Loaded only when called: it takes 30 MB, also of a process that reads other files.
        pl: Any = import_module("polars")
        self.path = path
        self.done = 0
        self._unreadable = (pl.exceptions.PolarsError, OSError)
        try:
            self._scan = pl.scan_parquet(path, glob=False)
            self.header: list[str] = self._scan.collect_schema().names()
            self.total = int(self._scan.select(pl.len()).collect().item())
        except self._unreadable as error:
            raise Invalid(f"{path}: not a readable Parquet file: {_first_line(error)}") from error

    def rows(self, columns: Sequence[str], skip: int = 0) -> Iterator[Row]:
        """Each row after the first `skip` as a dictionary, numbered from 1 on. Raises Invalid when a part is damaged."""
        wanted = self._scan.select(columns)
        for start in range(skip, self.total, _AT_A_TIME):
            try:
                frame = wanted.slice(start, _AT_A_TIME).collect()
            except self._unreadable as error:
                raise Invalid(f"{self.path}: damaged after row {start}: {_first_line(error)}") from error
            for number, row in enumerate(frame.iter_rows(named=True), start=start + 1):
                self.done = number
                yield Row(number, number, row, row)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
