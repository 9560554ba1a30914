"""Facts that cannot be: counted as rejects, or refused, and nothing behind them stands still."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from connectors.transport.envelopes import NOTHING, read_page, sealed
from jobs.import_mentions import collect, vouch
from jobs.roll_up import roll_up
from social_crm.domain.errors import Invalid, PlatformUnavailable
from social_crm.ports import Page, Taken
from social_crm.services import ingest
from social_crm.storage import open_store
from tests.builders import NOON, a_brand, a_mention

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from social_crm.domain.mention import Mention
    from social_crm.ports import Store

LISTENING = ingest.listen_for([a_brand()])
INSTANT, DAY = timedelta(microseconds=1), timedelta(days=1)
IMPOSSIBLE = [
    datetime.max.replace(tzinfo=UTC),
    datetime.min.replace(tzinfo=UTC),
    datetime(1970, 1, 1, 23, tzinfo=UTC),
    NOON + DAY + INSTANT,
]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(open_store(f"sqlite:///{tmp_path}/store.db")) as opened:
        opened.brands.put(a_brand())
        yield opened


class Pages:
    """A source of given mentions."""

    def __init__(self, *mentions: Mention) -> None:
        self.page = Page(mentions, (), "")

    def pull(self, query: str, cursor: str | None) -> Iterator[Page]:
        return iter([self.page])


@pytest.mark.parametrize("moment", IMPOSSIBLE)
def test_a_mention_of_an_impossible_time_is_a_reject_and_days_are_rolled_up_all_the_same(store: Store, moment: datetime):
    page = Pages(a_mention("x:1"), a_mention("x:2", posted_at=moment)).page
    assert ingest.preview(store, LISTENING, page).taken == Taken(new=1)
    intake = ingest.take_in(store, LISTENING, page, NOON)
    assert (intake.taken, intake.unmatched) == (Taken(new=1), 0)
    (reject,) = intake.rejects
    assert (reject.raw, "impossible time" in reject.reason) == ("x:2", True)
    assert store.mentions.known(["x:1", "x:2"]) == {"x:1"}
    assert roll_up(store, lambda: NOON) == 1
    assert not store.rollups.marks(10)


@pytest.mark.parametrize("moment", [datetime(1970, 1, 2, tzinfo=UTC), NOON + DAY])
def test_a_time_that_can_just_be_is_believed(store: Store, moment: datetime):
    intake = ingest.take_in(store, LISTENING, Pages(a_mention(posted_at=moment)).page, NOON)
    assert (intake.taken, intake.rejects) == (Taken(new=1), ())
    assert roll_up(store, lambda: NOON) == 1


@pytest.mark.parametrize("moment", IMPOSSIBLE)
def test_a_file_vouches_for_no_impossible_time(store: Store, moment: datetime):
    pages = Pages(a_mention("x:1"), a_mention("x:2", posted_at=moment))
    found = collect(store, pages, "", lambda: LISTENING, lambda: NOON, rejects=list)
    assert (found.rejected, found.seen) == (1, 2)
    assert (found.first, found.last) == (NOON, NOON)
    vouch(store, "files", "abc", found, None)
    assert store.coverage.table()["end"].to_list() == [NOON + INSTANT]


@pytest.mark.parametrize("text", [None, 7, b"acme", ["acme"], {"text": "acme"}])
def test_a_mention_whose_text_is_no_text_is_refused(text: Any):
    with pytest.raises(Invalid, match="mention x:100: its text is no text"):
        a_mention(text=text)


def test_an_answer_of_nothing_to_a_search_is_an_outage_and_to_a_look_up_a_deletion():
    parsers = {"list": lambda _answer, _at: ((), (), ())}
    with pytest.raises(PlatformUnavailable, match="A Platform answers with nothing at all"):
        read_page(sealed("list", NOTHING), NOON, parsers, "A Platform")
    page = read_page(sealed("list", NOTHING, [a_mention("x:8")]), NOON, parsers, "A Platform")
    assert [one.mention for one in page.deletions] == ["x:8"]
