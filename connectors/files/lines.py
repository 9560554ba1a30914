"""Physical lines of a file and the JSON values on them, as a stream that stays small; this room comes in."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import orjson

from social_crm.domain.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connectors.files.opening import OpenFile

LONGEST = 10 * 2**20
TOO_LONG = f"the line is longer than {LONGEST // 2**20} MB"
_SHOWN = 2_000
_BOM = b"\xef\xbb\xbf"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


class Row(NamedTuple):
    """One record: the line it begins on, the line it ends on, its value, what it was read from, and why it is none."""

    line: int
    end: int
    value: object
    raw: object
    fault: str = ""


class Head(bytes):
    """The beginning of a line that is too long to be read."""

    __slots__ = ()


def physical_lines(file: OpenFile) -> Iterator[tuple[int, bytes]]:
    """Each line with its number from 1 on, without its end; of one above `LONGEST` bytes only the Head.

    Raises Invalid when the file is UTF-16, cut short or damaged.
    """
    pieces: list[bytes] = []
    number = size = 0
    while chunk := file.read():
        *whole, rest = chunk.split(b"\n")
        for piece in whole:
            number += 1
            if pieces or number == 1:
                yield number, _line(number, pieces, piece, size + len(piece), file)
                pieces, size = [], 0
            else:  # whole in what was read at once: much shorter than LONGEST
                yield number, piece.removesuffix(b"\r")
        if size <= LONGEST:
            pieces.append(rest)
        size += len(rest)
    if size:
        yield number + 1, _line(number + 1, pieces, b"", size, file)


def _line(number: int, pieces: list[bytes], last: bytes, size: int, file: OpenFile) -> bytes:
    if size > LONGEST:
        return Head((pieces[0] if pieces else last)[:_SHOWN])
    content = b"".join((*pieces, last)) if pieces else last
    if number == 1:
        if content.startswith(_UTF_16):
            raise Invalid(f"{file.path}: written in UTF-16: convert it with `iconv -f UTF-16 -t UTF-8`")
        content = content.removeprefix(_BOM)
    return content.removesuffix(b"\r")


def json_rows(file: OpenFile, skip: int = 0) -> Iterator[Row]:
    """The JSON value of each line after the first `skip`; blank lines are no records."""
    for number, content in physical_lines(file):
        if number <= skip or not content or content.isspace():
            continue
        if isinstance(content, Head):
            yield Row(number, number, None, content, TOO_LONG)
            continue
        try:
            yield Row(number, number, orjson.loads(content), content)
        except orjson.JSONDecodeError as error:
            yield Row(number, number, None, content, _why_not(content, error))


def _why_not(content: bytes, error: orjson.JSONDecodeError) -> str:
    try:
        content.decode()
    except UnicodeDecodeError as wrong:
        return f"not UTF-8: byte {wrong.start + 1} of the line is 0x{content[wrong.start]:02x}"
    return f"not JSON: {error.msg} at character {error.pos + 1}"


def shown(raw: object) -> str:
    """What a record was read from, as text of at most 2,000 characters."""
    if isinstance(raw, bytes):
        return raw[: 4 * _SHOWN].decode("utf-8", "replace")[:_SHOWN]
    if isinstance(raw, str):
        return raw[:_SHOWN].encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    try:
        return orjson.dumps(raw, default=str, option=orjson.OPT_NON_STR_KEYS)[: 4 * _SHOWN].decode("utf-8", "replace")[
            :_SHOWN
        ]
    except orjson.JSONEncodeError:  # nested too deeply, or a number that JSON has no room for
        return f"(a {type(raw).__name__} that cannot be shown)"
