"""Tests of opening files and reading their lines; nobody comes in."""

from __future__ import annotations

import gzip
import lzma
import os
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.files.lines import LONGEST, TOO_LONG, Head, json_rows, physical_lines, shown
from connectors.files.opening import existing, opened, verify
from social_crm.domain.errors import Invalid, NotFound


@pytest.fixture
def lines_of(tmp_path):
    def read(content: bytes) -> list[tuple[int, bytes]]:
        path = tmp_path / "file"
        path.write_bytes(content)
        with opened(path) as file:
            return list(physical_lines(file))

    return read


@pytest.fixture
def rows_of(tmp_path):
    def read(content: bytes, skip: int = 0) -> list[tuple[int, object, str]]:
        path = tmp_path / "file.jsonl"
        path.write_bytes(content)
        with opened(path) as file:
            return [(row.line, row.value, row.fault) for row in json_rows(file, skip)]

    return read


@pytest.mark.parametrize("pack", [bytes, gzip.compress, lzma.compress])
def test_lines_are_numbered_from_one_whatever_the_packing_and_the_line_ends(lines_of, pack):
    assert lines_of(pack(b"\xef\xbb\xbfone\r\ntwo\n\nfour")) == [(1, b"one"), (2, b"two"), (3, b""), (4, b"four")]


def test_a_gzip_of_several_members_is_one_file(lines_of):
    assert lines_of(gzip.compress(b"a\nb") + gzip.compress(b"c\nd\n")) == [(1, b"a"), (2, b"bc"), (3, b"d")]


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(st.lists(st.binary(max_size=30).map(lambda b: b.replace(b"\n", b"").replace(b"\r", b"")), max_size=20))
def test_lines_split_where_python_splits_them(tmp_path_factory, written):
    path = tmp_path_factory.mktemp("lines") / "file"
    path.write_bytes(b"x\n" + b"\n".join(written))
    with opened(path) as file:
        read = [content for _, content in physical_lines(file)]
    assert read == path.read_bytes().removesuffix(b"\n").split(b"\n") or read == path.read_bytes().split(b"\n")


def test_a_line_across_many_pieces_is_whole(lines_of):
    long = random.Random(1).randbytes(5 * 2**20).replace(b"\n", b" ").replace(b"\r", b" ")
    assert lines_of(b"a\n" + long + b"\nb") == [(1, b"a"), (2, long), (3, b"b")]


def test_a_line_that_is_too_long_is_told_and_the_next_is_read(rows_of):
    rows = rows_of(b'{"a": 1}\n' + b"x" * (LONGEST + 1) + b'\n{"a": 2}\n' + b"y" * (LONGEST + 5))
    assert rows == [(1, {"a": 1}, ""), (2, None, TOO_LONG), (3, {"a": 2}, ""), (4, None, TOO_LONG)]


def test_of_a_line_that_is_too_long_only_the_head_is_kept(lines_of):
    ((_, head),) = lines_of(b"z" * (LONGEST + 1))
    assert isinstance(head, Head)
    assert head == b"z" * 2_000


def test_a_longest_line_is_still_read(lines_of):
    assert lines_of(b"z" * LONGEST) == [(1, b"z" * LONGEST)]


def test_blank_lines_are_no_records_and_still_count_as_lines(rows_of):
    assert rows_of(b'\n  \n{"a":1}\n\r\n2') == [(3, {"a": 1}, ""), (5, 2, "")]


def test_lines_that_were_taken_in_before_are_passed_over(rows_of):
    assert rows_of(b"1\nnot json\n3\n4", skip=2) == [(3, 3, ""), (4, 4, "")]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"a": ', "not JSON: "),
        (b'{"a": 1} x', "not JSON: "),
        (b'{"a": NaN}', "not JSON: "),
        (b'{"a": "\xe9"}', "not UTF-8: byte 8 of the line is 0xe9"),
        (b"[" * 5_000, "not JSON: "),
    ],
)
def test_a_line_that_is_no_json_says_why(rows_of, line, reason):
    ((_, value, fault),) = rows_of(line)
    assert value is None
    assert fault.startswith(reason)


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(st.lists(st.binary(max_size=60), max_size=5))
def test_any_bytes_give_values_or_reasons(tmp_path_factory, written):
    path = tmp_path_factory.mktemp("any") / "file"
    path.write_bytes(b"1\n" + b"\n".join(written))
    with opened(path) as file:
        rows = list(json_rows(file))
    expected = sum(bool(line.strip()) for line in path.read_bytes().split(b"\n"))
    assert len(rows) == expected
    assert all(row.fault or row.value is not None or row.raw.strip() == b"null" for row in rows)
    assert all(isinstance(shown(row.raw), str) for row in rows)


def test_progress_is_in_bytes_as_they_lie_on_the_disk(tmp_path):
    path = tmp_path / "packed"
    path.write_bytes(gzip.compress(os.urandom(400_000)))
    seen: list[tuple[int, int]] = []
    verify(path, lambda done, total: seen.append((done, total)))
    assert seen == sorted(seen)
    assert seen[-1] == (path.stat().st_size, path.stat().st_size)


@pytest.mark.parametrize(("pack", "name"), [(gzip.compress, "gzip"), (lzma.compress, "xz")])
def test_a_packed_file_that_is_cut_short_says_in_which_line(tmp_path, pack, name):
    path = tmp_path / "cut"
    content = b"".join(b"%d %s\n" % (number, random.Random(number).randbytes(50).hex().encode()) for number in range(2_000))
    path.write_bytes(pack(content)[:-20_000])
    with pytest.raises(Invalid, match=rf"{name} file is cut short in line \d+: copy or download it again") as caught:
        verify(path, lambda _done, _total: None)
    delivered: list[int] = []
    with opened(path) as file, pytest.raises(Invalid, match=r"cut short"):
        delivered.extend(number for number, _ in physical_lines(file))
    assert f"in line {len(delivered) + 1}:" in caught.value.message
    assert delivered == list(range(1, len(delivered) + 1))
    assert len(delivered) > 500


def test_a_packed_file_without_its_trailer_is_cut_short(tmp_path):
    path = tmp_path / "cut"
    path.write_bytes(gzip.compress(b"one\ntwo\n")[:-4])
    with pytest.raises(Invalid, match="cut short in line 3"):
        verify(path, lambda _done, _total: None)


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress])
def test_a_damaged_file_is_told(tmp_path, pack):
    path = tmp_path / "damaged"
    content = bytearray(pack(os.urandom(10_000)))
    content[5_000] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(Invalid, match=r"unreadable from line|cut short"):
        verify(path, lambda _done, _total: None)


def test_utf_16_says_how_to_convert_it(lines_of):
    with pytest.raises(Invalid, match="UTF-16: convert it with `iconv"):
        lines_of("id,text\n".encode("utf-16"))


def test_what_is_no_file_is_told_in_one_line(tmp_path):
    with pytest.raises(NotFound, match="no such file"):
        existing(str(tmp_path / "missing"))
    with pytest.raises(Invalid, match="a folder: name one file"):
        existing(str(tmp_path))
    with pytest.raises(Invalid, match="cannot be read"):
        existing("null\0byte")
    with pytest.raises(Invalid, match="cannot be read"):
        existing(str(tmp_path / ("x" * 5_000)))
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(Invalid, match="not a plain file"):
        existing(str(tmp_path / "pipe"))
    assert existing(__file__)


def test_what_is_shown_of_a_record_is_cut_and_always_text():
    assert shown("x" * 5_000) == "x" * 2_000
    assert shown("é".encode() * 5_000) == "é" * 2_000
    assert shown(b"\xff{") == "\ufffd{"
    assert shown("\udcff{") == "\ufffd{"
    assert shown({"a": [1, None]}) == '{"a":[1,null]}'
    assert shown({"n": 2**80}) == "(a dict that cannot be shown)"
