"""What the house tests look at: the files of the project, as they stand on the disk."""

from __future__ import annotations

import ast
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
ROOMS = ("social_crm", "connectors", "jobs", "api", "cli", "demo")


@cache
def files() -> tuple[Path, ...]:
    """Every file that git keeps or would keep; without git, every file that is not hidden or made by a tool."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode == 0:
        return tuple(sorted(ROOT / line for line in listed.stdout.splitlines() if (ROOT / line).is_file()))
    made = (".venv", "__pycache__", "build", "dist", ".git", ".mypy_cache", ".ruff_cache", ".import_linter_cache")
    return tuple(sorted(path for path in ROOT.rglob("*") if path.is_file() and not set(made) & set(path.parts)))


def python_files(*folders: str) -> list[Path]:
    """The Python files of some folders, or of all."""
    tops = set(folders)
    return [path for path in files() if path.suffix == ".py" and (not tops or path.relative_to(ROOT).parts[0] in tops)]


def text_files() -> list[tuple[Path, str]]:
    """Every file that is text, and its text."""
    return [(path, text) for path in files() if (text := _text(path)) is not None]


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None


@cache
def tree(path: Path) -> ast.Module:
    """The syntax tree of a Python file."""
    return ast.parse(path.read_text(encoding="utf-8"))


def name(path: Path) -> str:
    """A path as a person writes it."""
    return path.relative_to(ROOT).as_posix()
