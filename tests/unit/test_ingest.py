"""Taking a page in: what is kept, what is read into it, and what is left alone."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import pytest

from jobs.import_mentions import Collected, collect, vouch
from social_crm.domain.errors import Invalid
from social_crm.domain.mention import How, Kind
from social_crm.domain.reading import Label, LanguageBasis
from social_crm.ports import Page, Reject, Taken
from social_crm.services import ingest
from social_crm.storage import open_store
from tests.builders import NOON, a_brand, a_mention, an_account, at

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from social_crm.domain.mention import Mention
    from social_crm.domain.reading import Reading
    from social_crm.ports import Store

BRANDS = (a_brand("acme"), a_brand("zenith"))
LISTENING = ingest.listen_for(BRANDS)


class Pages:
    """A source of given pages."""

    def __init__(self, *pages: Page) -> None:
        self.pages = pages

    def pull(self, query: str, cursor: str | None) -> Iterator[Page]:
        return iter(self.pages)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(open_store(f"sqlite:///{tmp_path}/store.db")) as opened:
        for brand in BRANDS:
            opened.brands.put(brand)
        yield opened


def page(*mentions: Mention, **changes: object) -> Page:
    return Page(mentions, **{"accounts": (), "cursor": "1", **changes})


def reading_of(store: Store, **mention: object) -> Reading:
    return ingest.read(store, LISTENING, page(a_mention(**mention)))[0].reading


def test_what_is_about_no_brand_is_counted_and_not_kept(store: Store):
    intake = ingest.take_in(store, LISTENING, page(a_mention("x:1"), a_mention("x:2", text="nothing")), NOON)
    assert (intake.taken, intake.unmatched, intake.found) == (Taken(new=1), 1, {("x", "acme")})
    assert store.mentions.known(["x:1", "x:2"]) == {"x:1"}


def test_where_the_source_names_the_brands_the_text_is_not_searched(store: Store):
    both = page(a_mention("x:1"), a_mention("x:2"), brands={"x:1": ("zenith",)})
    assert [one.reading.brands for one in ingest.read(store, LISTENING, both)] == [("zenith",), ("acme",)]


def test_a_brand_that_the_source_names_and_nobody_knows_is_refused_before_anything_is_stored(store: Store):
    with pytest.raises(Invalid, match="brand add nobody"):
        ingest.take_in(store, LISTENING, page(a_mention("x:1"), a_mention("x:2"), brands={"x:2": ("nobody",)}), NOON)
    assert store.mentions.count() == 0


def test_english_is_scored(store: Store):
    read = reading_of(store, text="I love acme", language="en")
    assert (read.language, read.basis, read.sentiment.label) == ("en", LanguageBasis.PLATFORM, Label.POSITIVE)


@pytest.mark.parametrize(
    "mention",
    [
        {"text": "No me gusta acme para nada", "language": "es"},
        {"text": "die beste Marke acme der ganzen Welt"},
        {"text": "acme great"},
        {"text": "RT @ann: I love acme", "language": "en", "kind": Kind.REPOST},
    ],
    ids=["another language", "another language by detection", "too short to tell", "somebody else's words"],
)
def test_what_the_lexicon_cannot_judge_is_unscored_and_not_zero(store: Store, mention: dict):
    sentiment = reading_of(store, **mention).sentiment
    assert (sentiment.compound, sentiment.label) == (None, Label.UNSCORED)


def test_without_scoring_nothing_is_judged_and_scoring_later_changes_it(store: Store):
    mentions = page(a_mention(language="en"))
    silent = ingest.listen_for(BRANDS, scoring=False)
    assert ingest.take_in(store, silent, mentions, NOON).taken == Taken(new=1)
    assert ingest.take_in(store, LISTENING, mentions, NOON).taken == Taken(changed=1)
    assert store.mentions.get("x:100").reading.sentiment.label is Label.POSITIVE


def test_a_short_text_has_the_language_in_which_its_author_mostly_writes(store: Store):
    earlier = page(*(a_mention(f"x:{n}", language="de", text=f"acme {n}") for n in range(5)))
    ingest.take_in(store, LISTENING, earlier, NOON)
    assert reading_of(store, mention_id="x:9", text="acme!!").basis is LanguageBasis.INHERITED
    assert reading_of(store, mention_id="x:9", text="acme!!", author="x:2").basis is LanguageBasis.UNKNOWN


def test_a_page_that_was_half_taken_in_is_read_as_it_was_the_first_time(store: Store):
    mentions = [*(a_mention(f"x:{n}", language="de", text=f"acme {n}") for n in range(5)), a_mention("x:9", text="acme!!")]
    first = ingest.read(store, LISTENING, page(*mentions))
    ingest.take_in(store, LISTENING, page(*mentions[:5]), NOON)
    assert ingest.read(store, LISTENING, page(*mentions)) == first


def test_only_accounts_of_kept_mentions_are_kept(store: Store):
    kept = a_mention("x:1", "x:1", addressed=((How.MENTION, "x:2"),))
    accounts = tuple(an_account(f"x:{n}") for n in (1, 2, 3))
    ingest.take_in(store, LISTENING, page(kept, a_mention("x:5", "x:3", text="nothing"), accounts=accounts), NOON)
    assert [account.id for account in store.accounts.get(["x:1", "x:2", "x:3"])] == ["x:1", "x:2"]


def test_a_dry_run_says_what_would_happen_and_stores_nothing(store: Store):
    ingest.take_in(store, LISTENING, page(a_mention("x:1")), NOON)
    source = Pages(page(a_mention("x:1"), a_mention("x:2"), a_mention("x:3", text="nothing")))
    found = collect(store, source, "", lambda: LISTENING, lambda: NOON, rejects=list, dry_run=True)
    assert (found.taken, found.unmatched) == (Taken(new=1, same=1), 1)
    assert store.mentions.count() == 1


def test_every_record_of_a_source_is_accounted_for(store: Store):
    refused: list[Reject] = []
    one, odd = a_mention("x:1", posted_at=at("2025-01-02")), a_mention("x:3", posted_at=at("9999-12-31"))
    last = a_mention("x:4", posted_at=at("2025-03-04"), collected_at=at("2025-03-05"))
    pages = Pages(page(one, a_mention("x:2", text="nothing"), odd, rejects=(Reject(3, "bad", "{"),)), page(one, last))
    found = collect(store, pages, "", lambda: LISTENING, lambda: NOON, rejects=refused.extend)
    assert found == Collected(Taken(new=2, same=1), 1, 2, frozenset({("x", "acme")}), at("2025-01-02"), at("2025-03-04"))
    assert found.seen == 6
    assert [(reject.line, reject.raw) for reject in refused] == [(3, "{"), (0, "x:3")]


FOUND = Collected(first=at("2025-01-02"), last=at("2025-03-04"), found=frozenset({("x", "acme")}))


def ends(store: Store) -> list[datetime]:
    return sorted(store.coverage.table()["end"].to_list())


def test_a_file_vouches_for_what_is_in_it_up_to_its_last_mention_unless_told_more(store: Store):
    vouch(store, "files", "abc", FOUND, None)
    vouched = ("files:x", "acme", at("2025-01-02"), at("2025-03-04T00:00:00.000001"), "covered", "")
    assert store.coverage.table().rows() == [vouched]
    vouch(store, "files", "abc", FOUND, at("2025-04-01"))
    assert ends(store)[-1] == at("2025-04-01")


def test_what_was_said_of_a_files_end_is_not_taken_back_by_saying_nothing(store: Store):
    vouch(store, "files", "abc", FOUND, at("2025-04-01"))
    vouch(store, "files", "abc", FOUND, None)
    assert ends(store)[-1] == at("2025-04-01")


def test_a_day_up_to_which_a_file_is_complete_is_the_brands_own(store: Store):
    store.brands.put(a_brand("acme", time_zone="America/New_York"))
    vouch(store, "files", "abc", FOUND, date(2025, 4, 1))
    assert ends(store) == [at("2025-04-01T04:00:00")]


def test_each_platform_of_a_file_vouches_for_itself(store: Store):
    both = replace(FOUND, found=frozenset({("x", "acme"), ("reddit", "acme")}))
    vouch(store, "files", "abc", both, None)
    assert store.coverage.table()["source"].to_list() == ["files:reddit", "files:x"]


def test_a_source_that_gave_nothing_vouches_for_nothing(store: Store):
    vouch(store, "files", "abc", Collected(), at("2025-04-01"))
    assert store.coverage.table().is_empty()
