"""Commands as processes of their own, on a terminal and under signals: what is shown there, and how they end."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from cli.strip import LEGEND, calendar_strip
from cli.wording import cost, counted, plain
from social_crm.domain.coverage import Hour, Seen
from social_crm.services.sealing import new_key
from tests.trips.commands import add, add_brand, hackernews, run, settings_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.sources.stand import Place

LONG = "acme-news-of-the-whole-wide-world-and-more"
DEFECT = "import sys; from cli import main; main.COMMANDS['work'] = 'json:nothing'; sys.argv[1:] = {}; main.main()"
STUBBORN = """
import os, time
from cli.stopping import stopping
def say(line):
    os.write(1, (line + "\\n").encode())  # in one piece, whoever else is about to write
with stopping(lambda: say("asked"), say, {patience}):
    say("ready")
    time.sleep({seconds})
"""


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    (tmp_path / "keys").write_text(new_key())
    with settings_for(monkeypatch, tmp_path):
        yield


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Place]:
    add_brand(tmp_path)
    with hackernews() as opened:
        yield opened


def python(*arguments: str | bytes, **environment: str | None) -> subprocess.CompletedProcess[str]:
    given = {name: value for name, value in {**os.environ, **environment}.items() if value is not None}
    command = [sys.executable, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=given, check=False)


def on_a_terminal(*arguments: str) -> list[str]:
    """The lines that a command shows on a terminal of 80 columns."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "cli", *arguments]
    given = {**os.environ, "COLUMNS": "80", "TERM": "dumb"}
    with subprocess.Popen(command, stdout=theirs, stderr=subprocess.PIPE, env=given) as running:
        os.close(theirs)
        shown = b""
        while part := _read(ours):
            shown += part
        assert running.wait(60) == 0, running.stderr and running.stderr.read()
    os.close(ours)
    return shown.decode().replace("\r\n", "\n").splitlines()


@contextmanager
def _stubborn(patience: float) -> Iterator[tuple[subprocess.Popen[str], Callable[[], str]]]:
    """A process that does not end when it is asked to, and what it says, line by line."""
    code = STUBBORN.format(patience=patience, seconds=120)
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        lines = running.stdout
        try:
            assert lines.readline() == "ready\n"
            yield running, lambda: lines.readline().rstrip("\n")
        finally:
            running.kill()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65_536)
    except OSError:  # so Linux says that nobody writes any more
        return b""


@pytest.mark.slow
def test_a_terminal_of_80_columns_shows_ids_whole_and_cuts_no_word(town: Place):
    add(town, own=LONG)
    lines = on_a_terminal("source", "list")
    assert max(map(len, lines)) <= 80
    assert lines[0].split() == ["id", "state", "covered", "up", "to", "trouble"]
    assert lines[1].startswith(f"{LONG} ")
    run("collect", LONG)
    assert LEGEND in on_a_terminal("source", "coverage", LONG)


@pytest.mark.slow
def test_an_id_that_leaves_no_room_is_folded_and_not_cut(town: Place):
    longest = "a" * 64
    add(town, own=longest)
    lines = on_a_terminal("source", "list")
    assert "".join(line.split()[0] for line in lines[1:] if line.strip()) == longest


@pytest.mark.slow
def test_collecting_by_hand_writes_no_log_between_its_lines_unless_asked(town: Place):
    add(town)
    command = ("-m", "cli", "collect", "src")
    done = python(*command, SOCIAL_CRM_LOG_LEVEL=None)
    assert (done.returncode, done.stderr) == (0, "")
    asked = python(*command, SOCIAL_CRM_LOG_LEVEL="info")
    assert "source.collected" in [json.loads(line)["event"] for line in asked.stderr.splitlines()]


@pytest.mark.slow
def test_a_defect_of_ours_is_one_line_and_a_traceback_for_those_who_debug():
    done = python("-c", DEFECT.format(["work"]), SOCIAL_CRM_LOG_LEVEL=None)
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "Error: a defect of ours (AttributeError): please report what `social-crm --debug ...` shows"
    ]
    assert "Traceback" in python("-c", DEFECT.format(["--debug", "work"]), SOCIAL_CRM_LOG_LEVEL=None).stderr
    assert "Traceback" in python("-c", DEFECT.format(["work"]), SOCIAL_CRM_LOG_LEVEL="debug").stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "shown", "code"),
    [
        (["collect", "a\x1b[2J\u202e"], "a\\x1b[2J\\u202e", 1),
        (["source", "test", b"\xff\x9b"], "\\udcff\\udc9b is not text in UTF-8", 1),
        (["source", "\x1b[31mlist"], "\\x1b[31mlist", 2),
    ],
)
def test_what_was_typed_comes_back_harmless(arguments: list[str | bytes], shown: str, code: int):
    done = python("-m", "cli", *arguments)
    assert done.returncode == code
    assert shown in done.stderr
    assert all(char.isprintable() or char == "\n" for char in done.stderr)


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_second_signal_ends_at_once(number: signal.Signals, code: int):
    with _stubborn(patience=600) as (stubborn, said):
        stubborn.send_signal(number)
        assert said() == "asked"
        assert said() == "Stopping after the page under way: a second signal ends it at once."
        stubborn.send_signal(number)
        assert stubborn.wait(60) == code


@pytest.mark.slow
def test_a_page_that_never_comes_is_waited_for_no_longer_than_a_while():
    with _stubborn(patience=0.1) as (stubborn, said):
        stubborn.send_signal(signal.SIGTERM)
        assert stubborn.wait(60) == 143
        assert [said(), said()] == ["asked", "Stopping after the page under way: a second signal ends it at once."]
        assert "has not come within 0.1 seconds" in said()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Zoë \U0001f6b2 \u4f60\u597d", "Zoë \U0001f6b2 \u4f60\u597d"),
        ("\x1b[2J\x07\x7f", "\\x1b[2J\\x07\\x7f"),
        ("\x9b2J\x85", "\\x9b2J\\x85"),
        ("\u202egnp.\u2066exe\u2069\u200f", "\\u202egnp.\\u2066exe\\u2069\\u200f"),
        ("one\ntwo\tthree", "one two three"),
        ("\ud800\u2028", "\\ud800\\u2028"),
    ],
)
def test_a_text_is_shown_without_what_could_command_a_terminal(text: str, shown: str):
    assert plain(text) == shown


def test_costs_are_told_in_dollars_and_counts_in_the_right_number():
    dollars = ["$0.60", "$0.005", "$0.00", "$1,234.56789"]
    assert [cost(units, "usd_micros") for units in (600_000, 5_000, 0, 1_234_567_890)] == dollars
    assert [cost(1, "requests"), cost(2, "requests"), cost(1, "quota units")] == ["1 request", "2 requests", "1 quota unit"]
    assert [counted(0, "page"), counted(1, "page"), counted(1_000, "page")] == ["0 pages", "1 page", "1,000 pages"]


def test_the_share_of_a_day_under_way_is_of_the_hours_that_have_passed():
    start = datetime(2026, 3, 2, tzinfo=UTC)
    seen = [Seen.COVERED, Seen.COVERED, Seen.COVERED, Seen.MISSED, Seen.UNKNOWN]
    ledger = [Hour(start + timedelta(hours=number), one) for number, one in enumerate(seen)]
    for now, share in (
        (timedelta(hours=4, minutes=30), "75 %"),
        (timedelta(hours=5), "60 %"),
        (timedelta(minutes=9), "not yet"),
    ):
        assert list(calendar_strip(ledger, start + now).columns[2].cells) == [share]
    assert len(LEGEND) <= 80
