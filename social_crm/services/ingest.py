"""Taking in what a source gives: which brands, which language, which sentiment, then the store; jobs come in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from social_crm.analytics import language, sentiment
from social_crm.domain.errors import Invalid
from social_crm.domain.mention import Kind
from social_crm.domain.reading import Reading
from social_crm.domain.recognition import Recogniser
from social_crm.ports import Heard, Taken

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from social_crm.domain.brand import Brand
    from social_crm.domain.mention import Mention
    from social_crm.domain.reading import Sentiment
    from social_crm.ports import Page, Store


@dataclass(frozen=True, slots=True)
class Listening:
    """What we listen for: how brands are recognised, the zone of each, and whether texts are scored."""

    recogniser: Recogniser
    zones: Mapping[str, str]
    scoring: bool = True


@dataclass(frozen=True, slots=True)
class Intake:
    """What became of a page: stored mentions by outcome, how many were about no brand and so not kept.

    `found` are the (platform, brand) pairs in it.
    """

    taken: Taken
    unmatched: int
    found: frozenset[tuple[str, str]]


def listen_for(brands: Sequence[Brand], *, scoring: bool = True) -> Listening:
    """Make ready to recognise some brands."""
    return Listening(Recogniser(brands), {brand.id: brand.time_zone for brand in brands}, scoring)


def take_in(store: Store, listening: Listening, page: Page, now: datetime) -> Intake:
    """Read a page and store it; taking the same page again changes nothing.

    A mention about no brand is not kept, unless it edits or deletes one that is stored. Raises Invalid when the page names
    a brand that does not exist, and StoreUnavailable; then nothing is lost, because the cursor has not been advanced.
    """
    heard = read(store, listening, page)
    wanted = {account for one in heard for account in _accounts_of(one.mention)}
    accounts = [account for account in page.accounts if account.id in wanted]
    taken = store.mentions.take(heard, accounts, listening.zones, now) if heard else Taken()
    return _intake(taken, page, heard)


def preview(store: Store, listening: Listening, page: Page) -> Intake:
    """What `take_in` would do, without doing it: `same` counts all that are stored already, changed or not."""
    heard = read(store, listening, page)
    known = store.mentions.known([one.mention.id for one in heard])
    new = len({one.mention.id for one in heard} - known)
    return _intake(Taken(new=new, same=len(heard) - new), page, heard)


def read(store: Store, listening: Listening, page: Page) -> list[Heard]:
    """What we make of the mentions of a page that are kept: brands, language and sentiment of each."""
    kept = _recognise(store, listening, page)
    habits = _habits(store, [mention for mention, _ in kept], page)
    return [
        Heard(mention, _reading(mention, brands, habits.get(mention.author, {}), scoring=listening.scoring))
        for mention, brands in kept
    ]


def _intake(taken: Taken, page: Page, heard: Sequence[Heard]) -> Intake:
    found = frozenset((one.mention.platform, brand) for one in heard for brand in one.reading.brands)
    return Intake(taken, len(page.mentions) - len(heard), found)


def _recognise(store: Store, listening: Listening, page: Page) -> list[tuple[Mention, tuple[str, ...]]]:
    brands_of, said = listening.recogniser.brands_of, page.brands
    _all_known(listening, said)
    found = [(one, said.get(one.id) or brands_of(one.text, one.platform)) for one in page.mentions]
    doubtful = [mention.id for mention, brands in found if not brands and (mention.edited_at or mention.deleted_at)]
    known = store.mentions.known(doubtful) if doubtful else frozenset()
    return [(mention, brands) for mention, brands in found if brands or mention.id in known]


def _all_known(listening: Listening, said: Mapping[str, tuple[str, ...]]) -> None:
    unknown = sorted({brand for brands in said.values() for brand in brands} - listening.zones.keys())
    if unknown:
        raise Invalid(f"the source names a brand that does not exist: add it with `social-crm brand add {unknown[0]}`")


def _habits(store: Store, mentions: Sequence[Mention], page: Page) -> Mapping[str, Mapping[str, int]]:
    authors = sorted({m.author for m in mentions if language.needs_habit(m.text, m.language)})
    # The page's own mentions are left out, so that a page that is repeated after a crash is read as it was the first time.
    return store.mentions.languages(authors, [mention.id for mention in page.mentions]) if authors else {}


def _reading(mention: Mention, brands: tuple[str, ...], habit: Mapping[str, int], *, scoring: bool) -> Reading:
    spoken, basis = language.language_of(mention.text, mention.language, habit)
    return Reading(brands, spoken, basis, _sentiment(mention, spoken, scoring=scoring))


def _sentiment(mention: Mention, spoken: str, *, scoring: bool) -> Sentiment:
    if not scoring:
        return sentiment.UNREAD
    # A repost repeats somebody else's words: they say nothing of what the reposter feels.
    if spoken != sentiment.LEXICON_LANGUAGE or mention.kind is Kind.REPOST:
        return sentiment.UNSCORED
    return sentiment.score(mention.text)


def _accounts_of(mention: Mention) -> tuple[str, ...]:
    return (mention.author, *(account for _, account in mention.addressed))
