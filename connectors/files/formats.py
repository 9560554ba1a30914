"""The formats that files come in, told by what is inside and not by the name; the composition root comes in."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from connectors.files.lines import Head, json_rows, physical_lines
from connectors.files.opening import opened
from social_crm.domain.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from pathlib import Path
    from typing import TypeAlias

    from social_crm.domain.account import Account
    from social_crm.domain.mention import Mention

    # What one piece of input becomes: mentions, accounts, and (reason, piece) for each part that could not become a fact.
    Parsed: TypeAlias = tuple[Sequence[Mention], Sequence[Account], Sequence[tuple[str, Any]]]
    Parse: TypeAlias = Callable[[object, datetime], Parsed]

# Formats that need a mapping: they do not say themselves which column is what.
CSV, JSON_LINES, PARQUET = "csv", "jsonl", "parquet"
MAPPED = (CSV, JSON_LINES, PARQUET)

_PARQUET_MAGIC = b"PAR1"
_LOOKED_AT = 100  # records: a file may begin with notices that are none
_DEEPEST = 5  # levels of nested objects whose names are columns


class Format(NamedTuple):
    """A format of JSON lines that says itself what is what: its name, how to recognise a value, how to read one."""

    name: str
    looks_like: Callable[[object], bool]
    parse: Parse


def sniff(path: Path, formats: Sequence[Format]) -> str:
    """The name of a file's format: one of `formats`, `csv`, `jsonl` or `parquet`.

    Raises Invalid when the file is empty, and when it is JSON spread over lines.
    """
    first = _first_line(path)
    if first.startswith(_PARQUET_MAGIC):
        return PARQUET
    if first[:1] not in {b"{", b"["}:
        return CSV
    with opened(path) as file:
        rows = islice(json_rows(file), _LOOKED_AT)
        values = [row.value for row in rows if not row.fault]
    for value in values:
        for known in formats:
            if known.looks_like(value):
                return known.name
    if any(isinstance(value, dict) for value in values):
        return JSON_LINES
    raise Invalid(f"{path}: JSON, but not one object a line: convert it with `jq -c .`, or name the format with --format")


def columns_of(path: Path, first: int) -> list[str]:
    """The names in the first records of JSON lines, in order of appearance; nested ones are dotted, such as user.id."""
    found: dict[str, None] = {}
    with opened(path) as file:
        for row in islice(json_rows(file), first):
            _note(found, row.value, "", _DEEPEST)
    return list(found)


def _note(found: dict[str, None], value: object, prefix: str, levels: int) -> None:
    if isinstance(value, dict) and levels:
        for name, inside in value.items():
            found[prefix + name] = None
            _note(found, inside, f"{prefix}{name}.", levels - 1)


def _first_line(path: Path) -> bytes:
    with opened(path) as file:
        for _, content in physical_lines(file):
            if content.strip() or isinstance(content, Head):
                return content.lstrip()
    raise Invalid(f"{path}: empty: nothing to take in")
