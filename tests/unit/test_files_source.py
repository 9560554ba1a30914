"""Tests of a file as a source: formats, pages, rejects, brands and going on where it stopped; nobody comes in."""

from __future__ import annotations

import gzip
import lzma
import tracemalloc
from datetime import timedelta

import orjson
import polars as pl
import pytest

from connectors.files.formats import Format
from connectors.files.mapping import parse_mapping
from connectors.files.rejects import RejectsFile
from connectors.files.source import FileSource
from connectors.reddit.parse import looks_like_reddit, parse_reddit
from connectors.x.parse import looks_like_v1, looks_like_v2, parse_v1, parse_v2
from social_crm.domain.errors import Invalid, NotFound
from social_crm.ports import Page, Reject
from tests.builders import NOON
from tests.platforms import reddit, x_v1, x_v2

LATER = NOON + timedelta(days=400)  # than anything that is said here

FORMATS = (
    Format("x-v1", looks_like_v1, parse_v1),
    Format("x-v2", looks_like_v2, parse_v2),
    Format("reddit", looks_like_reddit, parse_reddit),
)
MAPPING = parse_mapping("platform:=shop,id=no,author=who,posted_at=when,text=words")
ROWS = [{"no": str(n), "who": "ann", "when": "2025-01-31T10:00:00Z", "words": "fine"} for n in range(1, 6)]


def a_source(**changes) -> FileSource:
    return FileSource(FORMATS, lambda: LATER, **changes)


def json_lines(*values) -> bytes:
    return b"".join(orjson.dumps(value) + b"\n" for value in values)


@pytest.fixture
def a_file(tmp_path):
    def write(content: bytes) -> str:
        path = tmp_path / "input"
        path.write_bytes(content)
        return str(path)

    return write


def ids(pages: list[Page]) -> list[str]:
    return [mention.id for page in pages for mention in page.mentions]


@pytest.mark.parametrize("pack", [bytes, gzip.compress, lzma.compress])
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (x_v1.a_tweet(), "x:100"),
        (x_v2.a_tweet(), "x:100"),
        (x_v2.answer(x_v2.a_tweet(7)), "x:7"),
        (reddit.comment(), "reddit:t1_c1"),
        ([reddit.listing(reddit.post())], "reddit:t3_p1"),
    ],
)
def test_a_file_says_itself_what_it_is(a_file, pack, value, expected):
    assert ids(list(a_source().pull(a_file(pack(json_lines(value))), None))) == [expected]


def test_notices_before_the_first_tweet_do_not_hide_the_format(a_file):
    name = a_file(json_lines({"limit": {"track": 5}}, x_v1.a_tweet()))
    (page,) = a_source().pull(name, None)
    assert (len(page.mentions), [reject.line for reject in page.rejects]) == (1, [1])


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_tables_are_read_by_their_mapping(tmp_path, form):
    path = tmp_path / "table"
    frame = pl.DataFrame(ROWS)
    {"csv": frame.write_csv, "jsonl": frame.write_ndjson, "parquet": frame.write_parquet}[form](path)
    pages = list(a_source(mapping=MAPPING, page_size=2).pull(str(path), None))
    assert ids(pages) == ["shop:1", "shop:2", "shop:3", "shop:4", "shop:5"]
    assert (pages[-1].done, pages[-1].total) == (pages[-1].total, 5 if form == "parquet" else path.stat().st_size)


def test_a_mapping_comes_before_a_format_that_would_be_recognised(a_file):
    mapping = parse_mapping("platform:=other,id=id_str,author=user.id_str,posted_at=created_at,text=text")
    assert ids(list(a_source(mapping=mapping).pull(a_file(json_lines(x_v1.a_tweet())), None))) == ["other:100"]


def test_a_page_holds_the_newest_face_of_each_account_once(a_file):
    old = x_v1.a_tweet(1, created_at="Wed Aug 20 13:08:45 +0000 2014") | {"user": x_v1.a_user(1, "before")}
    new = x_v1.a_tweet(2) | {"user": x_v1.a_user(1, "after")}
    (page,) = a_source().pull(a_file(json_lines(new, old)), None)
    assert [account.handle for account in page.accounts] == ["after"]


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet", "x"])
def test_going_on_from_any_page_gives_the_rest_exactly(tmp_path, form):
    path = tmp_path / "table"
    frame = pl.DataFrame([{**row, "words": "two\nlines"} for row in ROWS])
    tweets = json_lines(*(x_v1.a_tweet(number) for number in range(1, 6)))
    writers = {"csv": frame.write_csv, "jsonl": frame.write_ndjson, "parquet": frame.write_parquet}
    writers.get(form, lambda target: target.write_bytes(tweets))(path)
    source = a_source(mapping=None if form == "x" else MAPPING, page_size=1)
    pages = list(source.pull(str(path), None))
    assert len(pages) == 5
    for taken, page in enumerate(pages, start=1):
        assert list(source.pull(str(path), page.cursor)) == pages[taken:]


def test_a_bad_row_is_a_reject_with_its_line_its_reason_and_itself(a_file):
    name = a_file(json_lines(x_v1.a_tweet(1)) + b"not json\n\n\xff\n" + json_lines({"id": 5}, x_v1.a_tweet(2)))
    (page,) = a_source().pull(name, None)
    assert ids([page]) == ["x:1", "x:2"]
    assert [(reject.line, reject.raw) for reject in page.rejects] == [(2, "not json"), (4, "\ufffd"), (5, '{"id":5}')]
    assert [reject.reason.partition(":")[0] for reject in page.rejects] == ["not JSON", "not UTF-8", "tweet x"]


def test_rejects_alone_fill_pages_too(a_file):
    name = a_file(json_lines(x_v1.a_tweet(1)) + b"{\n" * 10)
    pages = list(a_source(page_size=3).pull(name, None))
    assert [len(page.mentions) + len(page.rejects) for page in pages] == [3, 3, 3, 2]


def test_a_part_of_a_record_that_is_no_fact_is_a_reject_of_its_line(a_file):
    answer = x_v2.answer(x_v2.a_tweet(1), x_v2.a_tweet(2, text=None))
    (page,) = a_source().pull(a_file(json_lines(answer)), None)
    assert (ids([page]), [(reject.line, reject.reason[:7]) for reject in page.rejects]) == (["x:1"], [(1, "no text")])


def test_what_is_shown_of_a_reject_is_cut(a_file):
    (page,) = a_source().pull(a_file(json_lines(x_v1.a_tweet(1), {"text": "x" * 5_000})), None)
    assert len(page.rejects[0].raw) == 2_000


def test_brands_come_from_the_map_and_from_the_row(tmp_path):
    path = tmp_path / "table"
    pl.DataFrame([{**row, "ticker": "ZNTH" if row["no"] == "1" else None} for row in ROWS]).write_csv(path)
    mapping = parse_mapping("platform:=shop,id=no,author=who,posted_at=when,text=words,brands=ticker")
    (page,) = a_source(mapping=mapping, brand_map={"1": ("acme",), "2": ("bolt",), "x": ("no",)}).pull(str(path), None)
    assert page.brands == {"shop:1": ("acme", "znth"), "shop:2": ("bolt",)}


def test_a_row_with_a_brand_that_is_none_is_a_reject(a_file):
    mapping = parse_mapping("platform:=shop,id=no,author=who,posted_at=when,text=words,brands=ticker")
    (page,) = a_source(mapping=mapping).pull(a_file(json_lines({**ROWS[0], "ticker": "$"})), None)
    assert (page.mentions, page.brands, page.accounts) == ((), {}, ())
    assert "is not a brand" in page.rejects[0].reason


def test_a_cut_file_gives_no_page_at_all(a_file):
    packed = gzip.compress(json_lines(*(x_v1.a_tweet(number) for number in range(1, 2_000))))
    with pytest.raises(Invalid, match="cut short in line"):
        next(a_source(page_size=1).pull(a_file(packed[:-50]), None))


def test_the_check_of_a_packed_file_tells_how_far_it_is(a_file):
    seen: list[tuple[int, int]] = []
    name = a_file(gzip.compress(json_lines(x_v1.a_tweet())))
    list(a_source(checking=lambda done, total: seen.append((done, total))).pull(name, None))
    assert seen[-1][0] == seen[-1][1] > 0


@pytest.mark.parametrize(
    ("content", "changes", "reason"),
    [
        (b"", {}, "empty: nothing to take in"),
        (b"\n\n", {}, "empty: nothing to take in"),
        (b'{\n  "id": 5\n}\n', {}, "not one object a line: convert it with `jq -c .`"),
        (b"[\n1\n]", {"mapping": MAPPING}, "not one object a line"),
        (b"a,b\n1,2\n", {}, "csv needs a mapping of its columns"),
        (b'{"a": 1}\n', {}, "jsonl needs a mapping of its columns"),
        (b"a,b\n1,2\n", {"mapping": MAPPING}, "no column 'no' for id: the columns are a, b"),
        (b'{"a": {"b": 1}}\n', {"mapping": MAPPING}, "no column 'no' for id: the columns are a, a.b"),
        (b"PAR1....", {"mapping": MAPPING}, "not a readable Parquet file"),
        (b"a,b\n", {"format_name": "x-v1", "mapping": MAPPING}, "leave the mapping out"),
    ],
)
def test_a_file_that_cannot_be_read_says_why_in_one_line(a_file, content, changes, reason):
    with pytest.raises(Invalid) as caught:
        list(a_source(**changes).pull(a_file(content), None))
    assert reason in caught.value.message
    assert "\n" not in caught.value.message


def test_what_is_asked_for_must_exist(tmp_path, a_file):
    with pytest.raises(NotFound, match="no such file"):
        list(a_source().pull(str(tmp_path / "missing"), None))
    with pytest.raises(Invalid, match="no format 'xml': the formats are x-v1, x-v2, reddit, csv, jsonl, parquet"):
        a_source(format_name="xml")
    with pytest.raises(Invalid, match="cursor 'five' is not a number of lines"):
        list(a_source().pull(a_file(json_lines(x_v1.a_tweet())), "five"))


def test_a_named_format_is_not_guessed(a_file):
    (page,) = a_source(format_name="x-v2").pull(a_file(json_lines(x_v1.a_tweet())), None)
    assert (page.mentions, len(page.rejects)) == ((), 1)


def test_deeply_nested_lines_are_rejects_whatever_the_format(a_file):
    deep = b'{"id_str": ' + b"[" * 900 + b"]" * 900 + b', "user": 1, "no": ' + b"[" * 900 + b"]" * 900 + b"}\n"
    for name in ("x-v1", "x-v2", "reddit"):
        (page,) = a_source(format_name=name).pull(a_file(deep), None)
        assert len(page.rejects) == 1
    (page,) = a_source(mapping=MAPPING).pull(a_file(json_lines(*ROWS[:1]) + deep), None)
    assert (len(page.mentions), len(page.rejects)) == (1, 1)


def test_memory_does_not_grow_with_the_file(tmp_path):
    def peak_of(lines: int) -> int:
        path = tmp_path / f"{lines}.gz"
        path.write_bytes(gzip.compress(json_lines(x_v1.a_tweet()) * lines, 1))
        tracemalloc.start()
        for _ in a_source(page_size=500).pull(str(path), None):
            pass
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    small = peak_of(5_000)
    assert peak_of(20_000) < 1.5 * small


def test_a_rejects_file_is_made_with_the_first_reject(tmp_path):
    path = tmp_path / "rejects.jsonl"
    with RejectsFile(str(path)) as rejects:
        rejects.write([])
        assert not path.exists()
        rejects.write([Reject(3, "no text", '{"a": "é"}')])
        assert orjson.loads(path.read_bytes()) == {"line": 3, "reason": "no text", "raw": '{"a": "é"}'}
        rejects.write([Reject(4, "no id", "x"), Reject(5, "no id", "y")])
    assert rejects.written == 3
    assert [orjson.loads(line)["line"] for line in path.read_bytes().splitlines()] == [3, 4, 5]


def test_a_rejects_file_starts_anew_or_goes_on(tmp_path):
    path = tmp_path / "rejects.jsonl"
    for append, lines in ((False, [1]), (True, [1, 1]), (False, [1])):
        with RejectsFile(str(path), append=append) as rejects:
            rejects.write([Reject(1, "why", "what")])
        assert [orjson.loads(line)["line"] for line in path.read_bytes().splitlines()] == lines


def test_rejects_that_cannot_be_written_are_told(tmp_path):
    with RejectsFile(str(tmp_path / "no" / "folder")) as rejects, pytest.raises(Invalid, match="cannot be written there"):
        rejects.write([Reject(1, "why", "what")])


@pytest.mark.parametrize(
    "when", ["1904-01-01T00:00:00Z", "2611-10-02T10:00:00Z", "9999-12-31T23:59:59.999999Z", "0", "46027"]
)
def test_a_time_that_cannot_be_is_a_reject_and_not_a_period_of_its_own(tmp_path, when):
    file = tmp_path / "said.csv"
    file.write_text(f"id,who,when,words\n1,ann,{when},hello\n2,ann,2025-01-31T10:00:00Z,hello\n")
    mapping = parse_mapping("id=id,author=who,posted_at=when,text=words,platform:=shop")
    (page,) = FileSource(FORMATS, lambda: LATER, mapping=mapping).pull(str(file), None)
    assert [mention.id for mention in page.mentions] == ["shop:2"]
    assert "between 1990 and now" in page.rejects[0].reason
