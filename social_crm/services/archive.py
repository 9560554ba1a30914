"""The archive of raw pages: keeping them, reading them again, and taking out of them what was deleted; jobs come in."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson

from social_crm.domain.account import Account
from social_crm.domain.archived import ArchivedPage
from social_crm.domain.mention import How, Kind, Mention
from social_crm.domain.page import Deletion, Page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from social_crm.ports import Store

    # When a mention was deleted, and when that was collected.
    Gone = tuple[datetime, datetime]
    # Reads the raw text of a page again: `LiveSource.read`.
    Read = Callable[[str, datetime], Page]

# A page out of which something was deleted holds facts in place of what the platform said: the raw text would still say it.
_FACTS = '{"kind":"facts",'
_TIMES = ("posted_at", "collected_at", "edited_at", "deleted_at", "observed_at", "created_at")


def keep(store: Store, source_id: str, page: Page, number: int, read: Read) -> None:
    """Keep the raw text of a page, by its number in the run; one that has none, or holds nothing, is not kept.

    What it holds of mentions that are stored as deleted is taken out at once: a slow index may go on showing them.
    """
    if page.fetched_at is None or not page.raw or not (page.mentions or page.deletions or page.rejects):
        return
    # Also what they answer, quote or repost, and what is said to be gone: the raw text may hold that with its words.
    held = {own for mention in page.mentions for own in (mention.id, mention.parent) if own is not None}
    held |= {deletion.mention for deletion in page.deletions} | set(page.shown)
    own = _id(source_id, page.fetched_at, number, page.raw)
    store.archive.keep(ArchivedPage(own, source_id, page.fetched_at, page.raw, tuple(sorted(held))))
    known = [store.mentions.get(one).mention for one in sorted(store.mentions.known(sorted(held)))]
    if gone := {one.id: (one.deleted_at, one.collected_at) for one in known if one.deleted_at is not None}:
        redact(store, gone, read)


def reread(kept: ArchivedPage, read: Read) -> Page:
    """The page that an archived text gives. Raises Invalid when it was not written by us."""
    return _page(kept.raw) if kept.raw.startswith(_FACTS) else read(kept.raw, kept.fetched_at)


def redact(store: Store, deleted: Mapping[str, Gone], read: Read) -> int:
    """Take deleted mentions out of the archive: their words, not the fact that they were there.

    `deleted` says of each when it was deleted and when that was collected. A page that held one keeps facts instead of raw
    text. Answers how many pages were rewritten; again changes nothing. To be called before the store forgets the words, so
    that who dies in between repeats it.
    """
    rewritten = 0
    for kept in store.archive.holding(sorted(deleted)):
        page = reread(kept, read)
        if not _still_says(kept, page, deleted):
            continue
        mentions = tuple(_blanked(mention, deleted, store) for mention in page.mentions)
        blank = [mention.id for mention in mentions if mention.id in deleted]
        # Without its words nothing tells any more what it was about.
        brands = {own: store.mentions.get(own).reading.brands for own in sorted(store.mentions.known(blank))}
        facts = _facts(replace(page, mentions=mentions, brands={**page.brands, **brands}))
        store.archive.replace(kept.id, replace(kept, raw=facts))
        rewritten += 1
    return rewritten


def _still_says(kept: ArchivedPage, page: Page, deleted: Mapping[str, Gone]) -> bool:
    """Whether a page may hold the words of a deleted mention.

    A raw text may in any case: some platforms go on showing a title, or what others have quoted.
    """
    if not kept.raw.startswith(_FACTS):
        return True
    return any(mention.id in deleted and mention.deleted_at is None for mention in page.mentions)


def _blanked(mention: Mention, deleted: Mapping[str, Gone], store: Store) -> Mention:
    """The mention as the store keeps it; one that is not deleted, or was told as deleted, stays as it is."""
    if mention.id not in deleted or mention.deleted_at is not None:
        return mention
    if store.mentions.known([mention.id]):
        stored = store.mentions.get(mention.id).mention
        if stored.deleted_at is not None:
            return stored
    deleted_at, collected_at = deleted[mention.id]
    return replace(mention, text="", url=None, deleted_at=deleted_at, collected_at=max(mention.collected_at, collected_at))


def _id(source_id: str, fetched_at: datetime, number: int, raw: str) -> str:
    """An id that sorts pages of the same instant as they came: they are read again in that order."""
    content = f"{source_id}\n{fetched_at.isoformat()}\n{raw}"
    digest = hashlib.blake2b(content.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
    return f"{number:08}-{digest}"


def _facts(page: Page) -> str:
    """A page as facts; its rejects are left out, since they hold pieces of the raw text."""
    facts = {
        "mentions": [asdict(mention) for mention in page.mentions],
        "accounts": [asdict(account) for account in page.accounts],
        "deletions": [asdict(deletion) for deletion in page.deletions],
        "brands": dict(page.brands),
    }
    return f'{_FACTS}"answer":{orjson.dumps(facts).decode()}}}'


def _page(raw: str) -> Page:
    answer = orjson.loads(raw)["answer"]
    return Page(
        mentions=tuple(_mention(one) for one in answer["mentions"]),
        accounts=tuple(Account(**_timed(one)) for one in answer["accounts"]),
        cursor="",
        brands={own: tuple(brands) for own, brands in answer["brands"].items()},
        deletions=tuple(Deletion(**_timed(one)) for one in answer["deletions"]),
        raw=raw,
    )


def _mention(values: Mapping[str, Any]) -> Mention:
    addressed: Sequence[Iterable[str]] = values["addressed"]
    pairs = tuple((How(how), account) for how, account in addressed)
    return Mention(**{**_timed(values), "kind": Kind(values["kind"]), "addressed": pairs})


def _timed(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: datetime.fromisoformat(value) if name in _TIMES and value is not None else value
        for name, value in values.items()
    }
