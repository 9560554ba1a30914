"""The documents are true: every room is on the map, every word is defined once, every link leads somewhere."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

import pytest

from cli.main import COMMANDS
from tests.house.tree import ROOMS, ROOT, files, name, python_files, tree

if TYPE_CHECKING:
    from pathlib import Path

ARCHITECTURE = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
GLOSSARY = (ROOT / "docs/glossary.md").read_text(encoding="utf-8")
DOCUMENTS = [path for path in files() if path.suffix == ".md"]
# What the ports add to the words of the domain.
PORT_WORDS = {"Heard", "Mark", "Page", "Reject", "Source", "Store"}


def rooms() -> set[str]:
    """The packages that hold more than their front door."""
    folders = {path.parent for path in python_files(*ROOMS) if path.name != "__init__.py"}
    return {name(folder) for folder in folders} - {"social_crm"}


def test_every_room_is_on_the_map_and_no_other() -> None:
    on_the_map = set(re.findall(r"^\| `([a-z_/]+)` \|", ARCHITECTURE, re.MULTILINE))
    assert rooms() <= on_the_map
    assert all((ROOT / room).is_dir() for room in on_the_map)


def test_the_floors_of_the_map_are_those_that_are_kept() -> None:
    kept = re.search(
        r"^layers = \[\n(.*?)^\]", (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    assert kept
    drawn = re.search(r"```\n(6 .*?)```", ARCHITECTURE, re.DOTALL)
    assert drawn
    for layer in re.findall(r'"(.*)"', kept.group(1)):
        paths = [part.strip().replace(".", "/") for part in layer.split("|")]
        assert any(all(path in line for path in paths) for line in drawn.group(1).splitlines()), layer


def test_every_decision_is_numbered_and_linked_from_the_map() -> None:
    records = sorted((ROOT / "docs/decisions").glob("*.md"))
    assert [record.name[:4] for record in records] == [f"{number:04}" for number in range(1, len(records) + 1)]
    for record in records:
        text = record.read_text(encoding="utf-8")
        assert f"decisions/{record.name}" in ARCHITECTURE, record.name
        assert text.startswith(f"# {int(record.name[:4])}. "), record.name
        parts = ("**Context.**", "**Decision.**", "**Consequences.**", "**Measured")
        assert [part for part in parts if part not in text] == [], record.name


def test_every_fact_of_the_domain_is_in_the_glossary() -> None:
    classes = {
        node.name
        for path in python_files("social_crm")
        if path.parent.name == "domain" and path.name != "errors.py"
        for node in tree(path).body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    }
    assert "Mention" in classes
    assert {word for word in classes | PORT_WORDS if f"`{word}`" not in GLOSSARY} == set()


def test_the_glossary_defines_each_word_once_and_no_class_that_is_gone() -> None:
    words = re.findall(r"^- \*\*(.+?)\*\*", GLOSSARY, re.MULTILINE)
    assert len(words) > 40
    assert sorted(words) == sorted(set(words))
    known = {node.name for path in python_files(*ROOMS) for node in ast.walk(tree(path)) if isinstance(node, ast.ClassDef)}
    assert {word for word in re.findall(r"`([A-Z]\w+)`", GLOSSARY) if word not in known} == set()


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_every_link_between_documents_leads_somewhere(document: Path) -> None:
    text = re.sub(r"```.*?```", "", document.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        place, _, anchor = target.partition("#")
        linked = (document.parent / place).resolve() if place else document
        assert linked.exists(), f"{name(document)} links to {target}"
        assert not anchor or linked.suffix != ".md" or anchor in _anchors(linked.read_text(encoding="utf-8")), target


def _anchors(text: str) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}


def test_every_file_and_folder_that_a_document_names_exists() -> None:
    tops = {path.relative_to(ROOT).parts[0] for path in files()}
    missing = [
        f"{name(document)}: {named}"
        for document in DOCUMENTS
        for named in re.findall(r"`((?:[\w.-]+/)+[\w.-]*)`", document.read_text(encoding="utf-8"))
        if named.split("/")[0] in tops and not (ROOT / named).exists()
    ]
    assert missing == []


def test_every_command_that_a_document_names_exists() -> None:

    named = {
        (name(document), word)
        for document in DOCUMENTS
        for word in re.findall(r"social-crm ([a-z][a-z-]+)", document.read_text(encoding="utf-8"))
    }
    assert named
    assert {(document, word) for document, word in named if word not in COMMANDS} == set()
