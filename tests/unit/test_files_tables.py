"""Tests of reading CSV and Parquet a row at a time; nobody comes in."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.files.lines import LONGEST, TOO_LONG
from connectors.files.opening import opened
from connectors.files.tables import ParquetRows, csv_rows
from social_crm.domain.errors import Invalid


@pytest.fixture
def csv_of(tmp_path):
    def read(content: bytes, skip: int = 0):
        path = tmp_path / "file.csv"
        path.write_bytes(content)
        with opened(path) as file:
            return list(csv_rows(file, skip))

    return read


def test_the_header_comes_first_and_names_the_cells(csv_of):
    header, row = csv_of(b"\xef\xbb\xbfid, text\r\n1,hello\r\n")
    assert header.value == ["id", "text"]
    assert (row.line, row.end, row.value, row.fault) == (2, 2, {"id": "1", "text": "hello"}, "")


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_the_delimiter_is_told_by_the_header(csv_of, mark):
    _, row = csv_of(f'id{mark}text\n1{mark}"a, b; c"\n'.encode())
    assert row.value == {"id": "1", "text": "a, b; c"}


def test_a_record_stands_on_the_line_where_it_begins(csv_of):
    rows = csv_of(b'id,text\n1,"two\nlines ""quoted"""\n\n2,x\n')
    assert [(row.line, row.end, row.value) for row in rows[1:]] == [
        (2, 3, {"id": "1", "text": 'two\nlines "quoted"'}),
        (5, 5, {"id": "2", "text": "x"}),
    ]


def test_a_header_may_follow_blank_lines_and_span_two(csv_of):
    header, row = csv_of(b'\n\n"the\nid",text\n1,x\n')
    assert (header.line, header.end, header.value) == (3, 4, ["the\nid", "text"])
    assert (row.line, row.value) == (5, {"the\nid": "1", "text": "x"})


def test_rows_that_were_taken_in_before_are_passed_over_but_for_the_header(csv_of):
    content = b'id,text\n1,"a\nb"\n2,b\n3,c\n'
    everything = csv_of(content)
    for taken in everything:
        rest = [row for row in everything[1:] if row.line > taken.end]
        assert csv_of(content, taken.end)[1:] == rest


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"2", "1 cells where the header names 2"),
        (b"2,b,c", "3 cells where the header names 2"),
        (b"2,\xff", "line 2 is not UTF-8"),
        (b'2,"b"x', "not CSV, line 2"),
        (b"2,a\rb", "not CSV, line 2"),
    ],
)
def test_a_bad_row_says_why_and_the_next_is_read(csv_of, line, reason):
    _, bad, good = csv_of(b"id,text\n" + line + b"\n3,fine\n")
    assert bad.fault.startswith(reason)
    assert (bad.line, bad.value) == (2, None)
    assert (good.line, good.value, good.fault) == (3, {"id": "3", "text": "fine"}, "")


def test_a_quotation_mark_that_is_never_closed_is_told_with_its_lines(csv_of):
    rows = csv_of(b'id,text\n1,"open\n2,b\n3,c\n')
    assert [row.line for row in rows] == [1, 2]
    assert rows[1].fault.startswith("not CSV, lines 2 to 4: unexpected end of data")


def test_an_open_quotation_mark_does_not_swallow_a_large_file(csv_of):
    rows = csv_of(b'id,text\n1,"open\n' + b"2,bbbbbbbb\n" * 50_000)
    assert "field larger than field limit" in rows[1].fault
    assert len(rows) > 30_000
    assert rows[-1].value == {"id": "2", "text": "bbbbbbbb"}


def test_a_line_that_is_too_long_is_a_bad_row(csv_of):
    _, bad, good = csv_of(b"id,text\n1," + b"x" * LONGEST + b"\n2,b\n")
    assert (bad.line, bad.fault) == (2, TOO_LONG)
    assert good.value == {"id": "2", "text": "b"}


@pytest.mark.parametrize(("content", "reason"), [(b"", "empty"), (b"\n\n", "empty"), (b"i\xff,b\n1,2\n", "not UTF-8")])
def test_a_file_without_a_readable_header_is_invalid(csv_of, content, reason):
    with pytest.raises(Invalid, match=reason):
        csv_of(content)


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(st.binary(max_size=200))
def test_any_bytes_give_rows_or_reasons(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("any") / "file.csv"
    path.write_bytes(gzip.compress(b"a,b\n" + content))
    with opened(path) as file:
        header, *rows = csv_rows(file)
    assert header.value == ["a", "b"]
    assert all((row.value is None) == bool(row.fault) for row in rows)
    assert [row.line for row in rows] == sorted({row.line for row in rows})


def test_parquet_gives_the_wanted_columns_by_row_number(tmp_path):
    path = tmp_path / "table [1].parquet"
    times = [datetime(2025, 1, 1, tzinfo=UTC)] * 25_000
    pl.DataFrame({"id": range(25_000), "at": times, "unused": "x"}).write_parquet(path)
    table = ParquetRows(path)
    assert (table.header, table.total, table.done) == (["id", "at", "unused"], 25_000, 0)
    rows = list(table.rows(["at", "id"], skip=9_998))
    assert (rows[0].line, rows[0].value) == (9_999, {"at": times[0], "id": 9_998})
    assert [row.value["id"] for row in rows] == list(range(9_998, 25_000))
    assert table.done == 25_000


def test_a_file_that_only_begins_like_parquet_is_invalid(tmp_path):
    path = tmp_path / "broken"
    path.write_bytes(b"PAR1" + b"\0" * 100)
    with pytest.raises(Invalid, match="not a readable Parquet file"):
        ParquetRows(path)


def test_a_damaged_parquet_file_is_invalid_and_says_after_which_row(tmp_path):
    path = tmp_path / "damaged.parquet"
    pl.DataFrame({"id": [str(number * 7919) for number in range(50_000)]}).write_parquet(path, row_group_size=10_000)
    content = bytearray(path.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 2_000] = b"\xff" * 2_000
    path.write_bytes(content)
    with pytest.raises(Invalid, match=r"damaged after row \d+"):
        list(ParquetRows(path).rows(["id"]))
