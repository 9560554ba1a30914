"""What CI runs judges rightly: a failing, an empty and a skipped suite all fail, and the last line is plain."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.house.tree import ROOT

if TYPE_CHECKING:
    from pathlib import Path


def verdict(folder: Path, cases: list[str]) -> subprocess.CompletedProcess[str]:
    ci = folder / "project" / ".ci"
    ci.mkdir(parents=True)
    (ci / "verdict.py").write_text((ROOT / ".ci/verdict.py").read_text(encoding="utf-8"), encoding="utf-8")
    (ci / "report.xml").write_text(f"<testsuites><testsuite>{''.join(cases)}</testsuite></testsuites>", encoding="utf-8")
    run = [sys.executable, "verdict.py", "report.xml"]
    return subprocess.run(run, cwd=ci, capture_output=True, text=True, check=False, timeout=60)


PASSED = ['<testcase name="a"/>'] * 1000
FAILED = '<testcase name="b"><failure message="no"/></testcase>'
ABSENT = '<testcase name="c"><skipped message="the shared data folder is absent"/></testcase>'
SKIPPED = '<testcase name="d"><skipped message="no MongoDB"/></testcase>'


@pytest.mark.parametrize(
    ("cases", "code", "last"),
    [
        (PASSED, 0, "1000 passed, 0 failed"),
        ([*PASSED, ABSENT], 0, "1000 passed, 0 failed"),
        ([*PASSED, FAILED], 1, "1000 passed, 1 failed"),
        ([*PASSED, SKIPPED], 1, "1000 passed, 0 failed"),
        (PASSED[:3], 1, "3 passed, 0 failed"),
        ([], 1, "0 passed, 0 failed"),
    ],
)
def test_ci_fails_on_a_failing_an_empty_and_a_skipped_suite(tmp_path: Path, cases: list[str], code: int, last: str) -> None:
    answer = verdict(tmp_path, cases)
    assert (answer.returncode, answer.stdout.splitlines()[-1]) == (code, last)


def test_ci_lets_nothing_skip_where_the_shared_data_is(tmp_path: Path) -> None:
    (tmp_path / "shared" / "data").mkdir(parents=True)
    assert verdict(tmp_path, [*PASSED, ABSENT]).returncode == 1


def test_ci_can_be_called_and_runs_both_commands() -> None:
    script = ROOT / ".ci/run"
    assert os.access(script, os.X_OK)
    lines = script.read_text(encoding="utf-8")
    assert "set -euo pipefail" in lines
    assert lines.index("make check") < lines.rindex("make test")
    assert subprocess.run(["bash", "-n", str(script)], check=False).returncode == 0
