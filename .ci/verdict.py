# ruff: noqa: INP001 - a script beside .ci/run, not a package
"""Reads pytest's XML report and answers whether the suite really ran; prints "N passed, N failed" as its last line."""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ET
from pathlib import Path

# The suite had a third more tests than this when the line was written: far fewer means that some were not found.
FEWEST = 1000
SHARED_DATA = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
ABSENT = "shared data folder is absent"


def main(report: Path) -> int:
    """0 when enough tests ran, none failed and none was skipped that must not be; else 1, with a line for each reason."""
    cases = _cases(report)
    failed = [case for case in cases if case.find("failure") is not None or case.find("error") is not None]
    skipped = [case for case in cases if case.find("skipped") is not None and case not in failed]
    refused = [f"{case.get('name')}: skipped: {_reason(case)}" for case in skipped if not _may_skip(case)]
    passed = len(cases) - len(failed) - len(skipped)
    if passed + len(failed) < FEWEST:
        refused.append(f"only {passed + len(failed)} tests ran, there should be at least {FEWEST}")
    sys.stdout.writelines(f"{line}\n" for line in [*refused, f"{passed} passed, {len(failed)} failed"])
    return 1 if refused or failed else 0


def _cases(report: Path) -> list[ET.Element]:
    try:
        return list(ET.parse(report).iter("testcase"))  # noqa: S314 - pytest has just written it
    except (OSError, ET.ParseError):
        return []


def _reason(case: ET.Element) -> str:
    skipped = case.find("skipped")
    return "" if skipped is None else skipped.get("message", "")


def _may_skip(case: ET.Element) -> bool:
    return ABSENT in _reason(case) and not SHARED_DATA.is_dir()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
