"""The floors bite: import-linter finds a forbidden import wherever it hides, and names it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.house.tree import ROOMS, ROOT

if TYPE_CHECKING:
    from pathlib import Path

INSIDE_A_FUNCTION = "def peek() -> None:\n    from {module} import {thing}\n"
FOR_TYPES_ONLY = "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    from {module} import {thing}\n"
PLAIN = "from {module} import {thing}\n"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for room in ROOMS:
        shutil.copytree(ROOT / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


# The folder of the copy comes first on the path, so that the copy is read and not the installed project.
LINT = """
import sys
sys.path.insert(0, ".")
from importlinter.cli import lint_imports_command
lint_imports_command(["--no-cache", "--no-logo"])
"""


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", LINT], cwd=folder, capture_output=True, text=True, check=False, timeout=120
    )


@pytest.mark.parametrize(
    ("home", "text", "module", "thing"),
    [
        ("social_crm/domain", INSIDE_A_FUNCTION, "social_crm.services", "access"),
        ("social_crm/analytics", FOR_TYPES_ONLY, "social_crm.ports", "Store"),
        ("social_crm/services", FOR_TYPES_ONLY, "jobs", "worker"),
        ("connectors/files", INSIDE_A_FUNCTION, "social_crm.storage", "open_store"),
        ("jobs", PLAIN, "pymongo", "MongoClient"),
        ("social_crm/services", INSIDE_A_FUNCTION, "asyncio", "run"),
    ],
)
def test_an_import_from_the_wrong_floor_is_found_and_named(
    copy: Path, home: str, text: str, module: str, thing: str
) -> None:
    (copy / home / "trespasser.py").write_text(text.format(module=module, thing=thing), encoding="utf-8")
    verdict = lint(copy)
    assert verdict.returncode != 0
    assert f"{home.replace('/', '.')}.trespasser" in verdict.stdout


def test_the_house_as_it_stands_keeps_every_contract(copy: Path) -> None:
    verdict = lint(copy)
    assert verdict.returncode == 0, verdict.stdout
    assert "0 broken" in verdict.stdout
