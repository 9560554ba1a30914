"""Tests of reading ahead, with real processes: what crosses over, and that nobody is left behind."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from itertools import count, islice, pairwise
from pathlib import Path

import pytest

from cli import reading as composed
from cli.reading import file_source, reading
from connectors.files.mapping import parse_mapping
from connectors.files.source import FileSource
from jobs.read_ahead import ReadAhead
from social_crm.domain import errors
from social_crm.domain.errors import Invalid, NotFound, PlatformUnavailable, SocialCrmError, Transient
from social_crm.ports import Page
from tests.builders import NOON
from tests.raw_tweets import write_tweets

ROOT = Path(__file__).parents[2]
EVERY_ERROR = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, SocialCrmError)]
FAT = "x" * 1_000_000  # more than any pipe takes without somebody who reads


class Endless:
    """Gives pages for ever; the cursor of each is the process that made it. Notes in the file `query` how many it made."""

    def __init__(self, checking) -> None:
        self.checking = checking

    def pull(self, query, cursor):
        for number in count():
            if query:
                Path(query).write_text(str(number + 1))
            yield Page((), (), str(os.getpid()), brands={FAT: ()}, done=number)


class Failing:
    """Gives one page and raises."""

    def __init__(self, error, checking) -> None:
        self.error = error

    def pull(self, query, cursor):
        yield Page((), (), "1")
        raise self.error


def as_of_noon(checking, **given):
    return FileSource(composed.FORMATS, at_noon, checking=checking, **given)


def at_noon():
    return NOON + timedelta(days=400)


def is_gone(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    return False


def test_the_pages_are_those_that_reading_here_gives(tmp_path: Path):
    file = write_tweets(tmp_path / "tweets.jsonl.gz", 250)
    given = {"page_size": 40, "brand_map": {"10000007": ("acme", "bolt")}}
    here = list(as_of_noon(lambda _done, _total: None, **given).pull(str(file), None))
    ahead = list(ReadAhead(as_of_noon, given).pull(str(file), None))
    assert ahead == here
    assert sum(len(page.mentions) for page in ahead) == 250


def test_rejects_and_a_mapping_cross_over_and_it_goes_on_from_a_cursor(tmp_path: Path):
    file = tmp_path / "reviews.csv"
    file.write_text(
        "no,who,when,words\n1,ann,2025-01-01T10:00:00Z,\ud7ff fine\n2,ann,never,bad\n3,bob,2025-01-02T10:00:00Z,x\n"
    )
    given = {"mapping": parse_mapping("platform:=shop,id=no,author=who,posted_at=when,text=words"), "page_size": 1}
    here = list(as_of_noon(lambda _done, _total: None, **given).pull(str(file), "2"))
    ahead = list(ReadAhead(as_of_noon, given).pull(str(file), "2"))
    assert ahead == here
    assert [len(page.rejects) for page in ahead] == [1, 0]


@pytest.mark.parametrize("kind", EVERY_ERROR)
def test_every_error_of_ours_survives_the_way_between_processes(kind):
    come = pickle.loads(pickle.dumps(kind("what to do")))  # noqa: S301 - we wrote it ourselves
    assert type(come) is kind
    assert (come.message, str(come)) == ("what to do", "what to do")


def test_what_an_error_knows_besides_its_message_crosses_over():
    wrong = Invalid("wrong", (("body.id", "is missing"),))
    with pytest.raises(Invalid, match=r"^wrong$") as raised:
        list(ReadAhead(Failing, {"error": wrong}).pull("", None))
    assert raised.value.issues == wrong.issues
    later = Transient("later", datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=1))
    with pytest.raises(Transient, match=r"^later$") as raised_later:
        list(ReadAhead(Failing, {"error": later}).pull("", None))
    assert raised_later.value.retry_at == later.retry_at


def test_the_pages_before_an_error_are_given_first():
    pages = ReadAhead(Failing, {"error": Invalid("wrong")}).pull("", None)
    assert next(pages).cursor == "1"
    with pytest.raises(Invalid, match="wrong"):
        next(pages)


def test_a_missing_file_is_said_as_if_it_were_read_here(tmp_path: Path):
    with pytest.raises(NotFound, match="no such file"):
        list(ReadAhead(file_source, {}).pull(str(tmp_path / "none.jsonl"), None))


def test_a_format_that_does_not_exist_is_said_as_if_it_were_read_here():
    with pytest.raises(Invalid, match="no format 'telex'"):
        list(ReadAhead(file_source, {"format_name": "telex"}).pull("any", None))


def test_the_progress_of_the_check_crosses_over(tmp_path: Path):
    file = write_tweets(tmp_path / "tweets.jsonl.gz", 4_000)
    told: list[tuple[int, int]] = []
    pages = ReadAhead(file_source, {}, lambda done, total: told.append((done, total))).pull(str(file), None)
    next(pages)
    pages.close()
    size = file.stat().st_size
    assert len(told) > 1
    assert {total for _, total in told} == {size}
    assert all(earlier <= later for earlier, later in pairwise(told))
    assert told[-1][0] == size


def test_a_pull_that_is_closed_early_leaves_no_process_behind():
    pages = ReadAhead(Endless, {}).pull("", None)
    reader = int(next(pages).cursor)
    assert reader != os.getpid()
    assert not is_gone(reader)
    pages.close()
    assert is_gone(reader)


def test_an_error_in_the_block_leaves_no_process_behind_though_somebody_holds_the_pull():
    with pytest.raises(KeyboardInterrupt), ReadAhead(Endless, {}) as ahead:  # noqa: PT012 - the block is what is tested
        pages = ahead.pull("", None)
        reader = int(next(pages).cursor)
        raise KeyboardInterrupt
    assert is_gone(reader)


def children() -> list[str]:
    """The processes that this one has started; the server of another test may be among them."""
    listed = subprocess.run(
        ["ps", "-o", "pid=,args=", "--ppid", str(os.getpid())], capture_output=True, text=True, check=False
    )
    return sorted(line for line in listed.stdout.splitlines() if "ps -o" not in line)


def test_a_pull_to_the_end_leaves_no_process_behind(tmp_path: Path):
    file = write_tweets(tmp_path / "tweets.jsonl.gz", 10)
    before = children()
    list(ReadAhead(file_source, {}).pull(str(file), None))
    assert children() == before


def test_no_more_than_one_page_waits(tmp_path: Path):
    made = tmp_path / "made"
    pages = ReadAhead(Endless, {}).pull(str(made), None)
    for page in islice(pages, 20):
        given = page.done + 1
        assert int(made.read_text() or given) <= given + 1
    pages.close()


def test_a_reader_that_is_killed_is_a_clear_error():
    pages = ReadAhead(Endless, {}).pull("", None)
    os.kill(int(next(pages).cursor), signal.SIGKILL)
    with pytest.raises(PlatformUnavailable, match=r"ended unexpectedly \(SIGKILL\)"):
        list(pages)


def test_a_reader_that_cannot_even_begin_is_a_clear_error(capfd: pytest.CaptureFixture[str]):
    with pytest.raises(PlatformUnavailable, match="exit code 1"):
        list(ReadAhead(Endless, {"unknown": 1}).pull("", None))
    assert "unknown" in capfd.readouterr().err


def test_ctrl_c_is_not_for_the_reader():
    pages = ReadAhead(Endless, {}).pull("", None)
    reader = int(next(pages).cursor)
    os.kill(reader, signal.SIGINT)
    assert [page.cursor for page in islice(pages, 3)] == [str(reader)] * 3
    assert os.getpgid(reader) != os.getpgid(0)
    pages.close()


PARENT = """
import sys
from test_read_ahead import Endless
from jobs.read_ahead import ReadAhead

if __name__ == "__main__":
    pages = ReadAhead(Endless, {}).pull("", None)
    print(next(pages).cursor, flush=True)
    sys.stdin.read()
"""


def test_a_parent_that_is_killed_leaves_no_reader_behind():
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(Path(__file__).parent)])}
    with subprocess.Popen(
        [sys.executable, "-c", PARENT],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as parent:
        assert int(parent.stdout.readline()) != parent.pid
        parent.kill()
        # The reader holds the standard error too: it is at its end when both are gone.
        assert parent.communicate(timeout=60) == (b"", b"")
    assert parent.returncode == -signal.SIGKILL


def test_only_a_large_file_is_worth_a_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    file = write_tweets(tmp_path / "tweets.jsonl.gz", 10)
    with reading(file, lambda _done, _total: None) as source:
        assert isinstance(source, FileSource)
    monkeypatch.setattr(composed, "WORTH_A_PROCESS", file.stat().st_size - 1)
    with reading(file, lambda _done, _total: None) as source:
        assert isinstance(source, ReadAhead)
        assert sum(len(page.mentions) for page in source.pull(str(file), None)) == 10


def test_the_reader_of_json_loads_neither_polars_nor_a_database():
    loaded = "import sys, cli.reading; print(sorted({'polars', 'numpy', 'pymongo', 'click'} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", loaded], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
