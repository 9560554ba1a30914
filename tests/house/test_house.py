"""The rules of the house that no linter knows: ceilings, one colour, names, docstrings, nobody's machine."""

from __future__ import annotations

import ast
import re

from tests.house.tree import ROOMS, ROOT, name, python_files, text_files, tree

LONGEST_FILE, LONGEST_FUNCTION = 300, 40
COLOURED = {"api", "cli", "web", "tests", "benchmarks"}
FORBIDDEN_NAMES = ("Manager", "Helper", "Util", "Utils", "Base", "Data", "Info")
Function = ast.FunctionDef | ast.AsyncFunctionDef


def test_no_python_file_is_longer_than_300_lines() -> None:
    assert python_files(*ROOMS)
    assert [
        name(path) for path in python_files() if len(path.read_text(encoding="utf-8").splitlines()) > LONGEST_FILE
    ] == []


def test_no_function_is_longer_than_40_lines() -> None:
    long = [
        f"{name(path)}:{node.lineno} {node.name}"
        for path in python_files()
        for node in ast.walk(tree(path))
        if isinstance(node, Function) and (node.end_lineno or node.lineno) - node.lineno + 1 > LONGEST_FUNCTION
    ]
    assert long == []


def test_every_module_says_in_one_sentence_what_lives_there() -> None:
    written = [path for path in python_files() if path.read_text(encoding="utf-8").strip()]
    assert [name(path) for path in written if not _one_sentence(ast.get_docstring(tree(path)))] == []


def _one_sentence(docstring: str | None) -> bool:
    first = " ".join((docstring or "").split("\n\n")[0].split())
    return first.endswith(".") and not re.search(r"[.!?] [A-Z]", first)


def test_below_the_doors_there_is_one_colour() -> None:
    coloured = [
        f"{name(path)}:{node.lineno}"
        for path in python_files()
        if path.relative_to(ROOT).parts[0] not in COLOURED
        for node in ast.walk(tree(path))
        if isinstance(node, ast.AsyncFunctionDef | ast.Await | ast.AsyncFor | ast.AsyncWith)
    ]
    assert coloured == []


def test_only_the_two_last_stands_swallow_every_error() -> None:
    swallowing = {
        name(path)
        for path in python_files(*ROOMS)
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ExceptHandler) and _is_broad(node.type) and not _raises_again(node)
    }
    assert swallowing <= {"jobs/worker.py", "api/errors.py"}


def _is_broad(caught: ast.expr | None) -> bool:
    if isinstance(caught, ast.Tuple):
        return any(_is_broad(one) for one in caught.elts)
    return caught is None or (isinstance(caught, ast.Name) and caught.id in ("Exception", "BaseException"))


def _raises_again(handler: ast.ExceptHandler) -> bool:
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def test_no_import_is_relative() -> None:
    relative = [
        name(path)
        for path in python_files()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ImportFrom) and node.level
    ]
    assert relative == []


def test_no_class_and_no_module_has_a_name_that_says_nothing() -> None:
    part = re.compile(rf"(?:^|[a-z0-9])(?:{'|'.join(FORBIDDEN_NAMES)})(?![a-z])")
    classes = [
        f"{name(path)} {node.name}"
        for path in python_files(*ROOMS)
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ClassDef) and part.search(node.name)
    ]
    words = {word.lower() for word in FORBIDDEN_NAMES}
    modules = [name(path) for path in python_files(*ROOMS) if words & set(re.split(r"[._]", path.stem))]
    assert (classes, modules) == ([], [])


def test_nothing_of_a_machine_or_a_registry_is_written_down() -> None:
    machine = re.compile(r"(?<![\w.])/(?:home|root|Users)/[a-z]|(?<![\w.])/tmp/[a-z]|(?<![\w./:-])/w[o]rk/")
    registry = re.compile(
        r"https?://[^/\s]*(?:p[y]pi|artifactory|nexus|devpi)[^/\s]*|--index-url [^\s]|files\.pythonh[o]sted", re.IGNORECASE
    )
    found = [
        f"{name(path)}:{number}: {line.strip()[:80]}"
        for path, text in text_files()
        if path.name != "test_house.py"
        for number, line in enumerate(text.splitlines(), 1)
        if machine.search(line) or registry.search(line)
    ]
    assert found == []


def test_the_packages_export_nothing_by_star() -> None:
    stars = [
        name(path)
        for path in python_files()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names)
    ]
    assert stars == []
