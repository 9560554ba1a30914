"""Bytes of a feed made into text that is safe to parse: no entities, no depths, no half documents; its client comes in."""

from __future__ import annotations

import re
from xml.parsers import expat

from social_crm.domain.errors import Invalid, PlatformUnavailable

LARGEST = 5 * 2**20  # characters; parsing takes about 3 s a million
_LARGEST_BROKEN = 2**20
_DEEPEST, _DEEPEST_BROKEN = 500, 5000
_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe\x00\x00", "utf-32"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_DECLARED = re.compile(rb"""^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._:-]{1,40})["']""")
_DECLARATION = re.compile(r"^\s*<\?xml[^>]{0,300}\?>")
_CHARSET = re.compile(r"""charset\s*=\s*["']?([A-Za-z0-9._:-]{1,40})""", re.IGNORECASE)
_ROOT = re.compile(r"<([A-Za-z_][\w.:-]{0,60})")
_TAG = re.compile(r"<(/?)[A-Za-z_]")


def text_of(content: bytes, content_type: str) -> str:
    """The text of a feed: by its byte order mark, the answer's charset, its own declaration, UTF-8, or Windows' Latin."""
    marked = next((name for mark, name in _BOMS if content.startswith(mark)), "")
    told, declared = _CHARSET.search(content_type), _DECLARED.search(content[:500])
    names = [marked, told.group(1) if told else "", declared.group(1).decode() if declared else "", "utf-8", "cp1252"]
    for name in filter(None, names):
        try:
            text = content.decode(name)
        except (LookupError, UnicodeError):
            continue
        # What no encoding of text can carry further is of no use to anybody.
        return _DECLARATION.sub("", text.lstrip("\ufeff").encode("utf-8", "replace").decode())
    return content.decode("latin-1")


def check_text(text: str, address: str) -> None:
    """Refuse what is no use or no good.

    Raises PlatformUnavailable for an empty or half document, Invalid for one that declares entities (a few lines of them
    can grow to gigabytes, or name files), nests too deep or is too large.
    """
    if not text.strip():
        raise PlatformUnavailable(f"{address} sends an empty answer: try again later")
    if len(text) > LARGEST:
        raise Invalid(f"{address} is larger than {LARGEST // 2**20} MB: look for a feed of its newest entries only")
    root = _ROOT.search(text)
    if "<!ENTITY" in text[: root.start() if root else None]:
        raise Invalid(f"{address} declares entities, which no feed needs: it is refused")
    if _is_deep(text):
        raise Invalid(f"{address} nests deeper than any feed does: it is refused")
    if root and root.group(1).lower() != "html" and not _is_whole(text, root.group(1)):
        raise PlatformUnavailable(f"{address} sends half a document: try again later")


def is_well_formed(text: str) -> bool:
    """Whether the text is XML without a fault."""
    try:
        expat.ParserCreate().Parse(text.encode(), True)  # noqa: FBT003 - the library's signature
    except expat.ExpatError:
        return False
    return True


def _is_whole(text: str, root: str) -> bool:
    return f"</{root}" in text[-2000:] or is_well_formed(text)


class _TooDeepError(Exception):
    """Stops the parser."""


def _is_deep(text: str) -> bool:
    depth = 0

    def begin(_name: str, _attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _DEEPEST:
            raise _TooDeepError

    def end(_name: str) -> None:
        nonlocal depth
        depth -= 1

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = begin, end
    try:
        parser.Parse(text.encode(), True)  # noqa: FBT003 - the library's signature
    except _TooDeepError:
        return True
    except expat.ExpatError:
        return len(text) > _LARGEST_BROKEN or _is_deep_and_broken(text)
    return False


def _is_deep_and_broken(text: str) -> bool:
    """The same of a text that is not well-formed: by counting tags, with room for those that nobody closes."""
    depth = 0
    for tag in _TAG.finditer(text):
        depth += -1 if tag.group(1) else 1
        if depth > _DEEPEST_BROKEN:
            return True
    return False
