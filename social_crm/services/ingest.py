"""Taking in what a source gives: which brands, which language, which sentiment, then the store; jobs come in."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from social_crm.analytics import language, sentiment
from social_crm.domain.errors import Invalid
from social_crm.domain.mention import Kind
from social_crm.domain.reading import Reading
from social_crm.domain.recognition import Recogniser
from social_crm.ports import Heard, Reject, Taken

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from social_crm.domain.brand import Brand
    from social_crm.domain.mention import Mention
    from social_crm.domain.reading import Sentiment
    from social_crm.ports import Page, Store


EARLIEST = datetime(1970, 1, 2, tzinfo=UTC)
LATEST = timedelta(days=1)  # how far ahead of ours a platform's clock may be


@dataclass(frozen=True, slots=True)
class Listening:
    """What we listen for: how brands are recognised, the zone of each, and whether texts are scored.

    `own` maps the brands' own handles (`platform:@handle`, lower case) to the brands whose they are: to speak to one of
    them is to speak about the brand, whatever the words.
    """

    recogniser: Recogniser
    zones: Mapping[str, str]
    scoring: bool = True
    own: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Intake:
    """What became of a page: stored mentions by outcome, how many were about no brand and so not kept.

    `found` are the (platform, brand) pairs in it, `rejects` what cannot be a fact though it was read.
    """

    taken: Taken
    unmatched: int
    found: frozenset[tuple[str, str]]
    rejects: tuple[Reject, ...] = ()


def listen_for(brands: Sequence[Brand], *, scoring: bool = True) -> Listening:
    """Make ready to recognise some brands."""
    own: dict[str, tuple[str, ...]] = {}
    for brand in brands:
        for platform, handles in brand.handles.items():
            for handle in handles:
                place = f"{platform}:@{handle.lstrip('@').lower()}"
                own[place] = tuple(sorted({*own.get(place, ()), brand.id}))
    return Listening(Recogniser(brands), {brand.id: brand.time_zone for brand in brands}, scoring, own)


def take_in(store: Store, listening: Listening, page: Page, now: datetime) -> Intake:
    """Read a page and store it; taking the same page again changes nothing.

    A mention about no brand is not kept, unless it edits or deletes one that is stored. What the page says is gone loses
    its words and stays as a fact; a deletion of what is not stored changes nothing. Raises Invalid when the page names a
    brand that does not exist, and StoreUnavailable; then nothing is lost, because the cursor has not been advanced.
    """
    page, odd = possible(page)
    page = _with_deletions(store, _completed(store, page))
    heard = read(store, listening, page)
    wanted = {account for one in heard for account in _accounts_of(one.mention)}
    accounts = [account for account in page.accounts if account.id in wanted]
    taken = store.mentions.take(heard, accounts, listening.zones, now) if heard else Taken()
    return replace(_intake(taken, page, heard), rejects=odd)


def preview(store: Store, listening: Listening, page: Page) -> Intake:
    """What `take_in` would do, without doing it: `same` counts all that are stored already, changed or not."""
    page, odd = possible(page)
    heard = read(store, listening, page)
    known = store.mentions.known([one.mention.id for one in heard])
    new = len({one.mention.id for one in heard} - known)
    return replace(_intake(Taken(new=new, same=len(heard) - new), page, heard), rejects=odd)


def read(store: Store, listening: Listening, page: Page) -> list[Heard]:
    """What we make of the mentions of a page that are kept: brands, language and sentiment of each."""
    kept = _recognise(store, listening, page)
    habits = _habits(store, [mention for mention, _ in kept], page)
    return [
        Heard(mention, _reading(mention, brands, habits.get(mention.author, {}), scoring=listening.scoring))
        for mention, brands in kept
    ]


def possible(page: Page) -> tuple[Page, tuple[Reject, ...]]:
    """The page without mentions of impossible times: one from the year 9999 would stop every calendar behind it."""
    odd = [one for one in page.mentions if not EARLIEST <= one.posted_at <= one.collected_at + LATEST]
    if not odd:
        return page, ()
    wrong = {id(one) for one in odd}
    rejects = tuple(
        Reject(
            0,
            f"it was posted at an impossible time: {one.posted_at:%Y-%m-%d}, collected {one.collected_at:%Y-%m-%d}",
            one.id,
        )
        for one in odd
    )
    return replace(page, mentions=tuple(one for one in page.mentions if id(one) not in wrong)), rejects


def _completed(store: Store, page: Page) -> Page:
    """The page, with whom its answers address and in which thread, where it does not say so and an earlier sighting did.

    A search shows less of a comment than its thread does; what is known once must not come and go.
    """
    silent = [one.id for one in page.mentions if _is_silent(one)]
    known = store.mentions.known(silent) if silent else frozenset()
    if not known:
        return page
    told = {own: store.mentions.get(own).mention for own in known}
    mentions = tuple(
        replace(one, addressed=one.addressed or told[one.id].addressed, thread=one.thread or told[one.id].thread)
        if one.id in told and _is_silent(one)
        else one
        for one in page.mentions
    )
    return replace(page, mentions=mentions)


def _is_silent(mention: Mention) -> bool:
    """Whether an answer does not say whom it addresses, or in which thread it stands."""
    answers = mention.parent is not None or mention.thread is None
    return answers and mention.deleted_at is None and not (mention.addressed and mention.thread)


def _with_deletions(store: Store, page: Page) -> Page:
    """The page with its deletions as deleted mentions, of those that are stored and still there."""
    told = {deletion.mention: deletion.deleted_at for deletion in page.deletions}
    if not told:
        return page
    stored = [store.mentions.get(own) for own in sorted(store.mentions.known(sorted(told)))]
    there = [one for one in stored if one.mention.deleted_at is None]
    return replace(
        page,
        mentions=(
            *(one for one in page.mentions if one.id not in told),
            *(_gone(one.mention, told[one.mention.id]) for one in there),
        ),
        brands={**page.brands, **{one.mention.id: one.reading.brands for one in there}},
    )


def _gone(mention: Mention, at: datetime) -> Mention:
    return replace(mention, text="", url=None, deleted_at=at, collected_at=max(mention.collected_at, at))


def _intake(taken: Taken, page: Page, heard: Sequence[Heard]) -> Intake:
    found = frozenset((one.mention.platform, brand) for one in heard for brand in one.reading.brands)
    return Intake(taken, len(page.mentions) - len(heard), found)


def _recognise(store: Store, listening: Listening, page: Page) -> list[tuple[Mention, tuple[str, ...]]]:
    brands_of, said = listening.recogniser.brands_of, page.brands
    _all_known(listening, said)
    spoken_to = _spoken_to(listening, page)
    found = [(one, said.get(one.id) or _joined(brands_of(one.text, one.platform), one, spoken_to)) for one in page.mentions]
    doubtful = [mention.id for mention, brands in found if not brands and (mention.edited_at or mention.deleted_at)]
    known = store.mentions.known(doubtful) if doubtful else frozenset()
    return [(mention, brands) for mention, brands in found if brands or mention.id in known]


def _spoken_to(listening: Listening, page: Page) -> Mapping[str, tuple[str, ...]]:
    """The brands' own accounts among those that the page shows, by id."""
    if not listening.own:
        return {}
    places = {account.id: f"{account.platform}:@{account.handle.lower()}" for account in page.accounts}
    return {own: listening.own[place] for own, place in places.items() if place in listening.own}


def _joined(named: tuple[str, ...], mention: Mention, spoken_to: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The brands that the words name, and those to whom the mention is addressed."""
    if not spoken_to:
        return named
    reached = {brand for _, account in mention.addressed for brand in spoken_to.get(account, ())}
    return tuple(sorted({*named, *reached})) if reached else named


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
