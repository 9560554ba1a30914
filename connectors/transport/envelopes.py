"""Raw answers on their way to the archive and into a page: what kind of answer, and what was asked; connectors come in."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import orjson

from connectors.transport.rejecting import rejects
from social_crm.domain.errors import Invalid, PlatformUnavailable
from social_crm.domain.page import Deletion, Page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime
    from typing import TypeAlias

    from social_crm.domain.account import Account
    from social_crm.domain.mention import Mention

    # What one answer becomes: mentions, accounts, and (reason, piece) for each part that could not become a fact.
    Parsed: TypeAlias = tuple[Sequence[Mention], Sequence[Account], Sequence[tuple[str, Any]]]
    Parse: TypeAlias = Callable[[Any, datetime], Parsed]

NOTHING = b"null"


def sealed(kind: str, answer: bytes, asked: Iterable[Mention] = ()) -> str:
    """An answer that is JSON as the raw text of a page: `{"kind": ..., "asked": ..., "answer": ...}`.

    `asked` are the stored mentions that were looked up again: their ids, with digests of the texts as we knew them, so that
    reading the answer later tells the same edits and deletions. NOTHING is the answer of a platform that has none of them.
    """
    known = orjson.dumps({mention.id: _digest(mention.text) for mention in asked})
    return f'{{"kind":"{kind}","asked":{known.decode()},"answer":{answer.decode()}}}'


def read_page(raw: str, fetched_at: datetime, parsers: Mapping[str, Parse], title: str) -> Page:
    """The page that a raw text gives: each kind of answer has its parser; an answer of NOTHING needs none.

    Of mentions that were asked for, those that did not come (not even as a fault) are deletions as of `fetched_at`, and
    one whose text has changed without the platform saying when was edited then. Raises Invalid when the text was not
    sealed here.
    """
    kind, asked, answer = _opened(raw, title)
    if answer is None and not asked:
        raise PlatformUnavailable(f"{title} answers with nothing at all: try again later")
    if kind not in parsers:
        raise Invalid(f"the archive holds an answer of kind {kind!r:.40}, which {title} never gives")
    mentions, accounts, faults = ((), (), ()) if answer is None else parsers[kind](answer, fetched_at)
    there = {mention.id for mention in mentions}
    return Page(
        mentions=tuple(_as_edited(mention, asked, fetched_at) for mention in mentions),
        accounts=tuple(accounts),
        cursor="",
        rejects=rejects(faults),
        deletions=tuple(Deletion(one, fetched_at) for one in asked if one not in there and not _among(faults, one)),
        raw=raw,
        fetched_at=fetched_at,
    )


def _among(faults: Sequence[tuple[str, Any]], asked: str) -> bool:
    """Whether what was asked for came and could not be read: then it is still there."""
    native = asked.partition(":")[2]
    return any(native in str(piece) for _, piece in faults)


def _opened(raw: str, title: str) -> tuple[str, Mapping[str, str], Any]:
    try:
        envelope = orjson.loads(raw)
        return str(envelope["kind"]), dict(envelope["asked"]), envelope["answer"]
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise Invalid(f"not a page of the archive that {title} gave: it was written by something else") from error


def _as_edited(mention: Mention, asked: Mapping[str, str], now: datetime) -> Mention:
    known = asked.get(mention.id)
    if known is None or mention.edited_at or mention.deleted_at or known == _digest(mention.text):
        return mention
    return replace(mention, edited_at=now)


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
