"""What was said: taking in twice, edits, deletions, brands, and what all this marks."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from social_crm.domain.errors import Invalid, NotFound
from social_crm.domain.mention import How, Kind
from social_crm.domain.reading import LanguageBasis
from social_crm.ports import MentionFilter, Taken
from tests.builders import NOON, a_mention, a_reading, at, heard
from tests.contract.steps import marked, settle, take

if TYPE_CHECKING:
    from social_crm.ports import Store

HOUR = timedelta(hours=1)


def a_rich_mention(**changes):
    values = {
        "posted_at": at("2025-01-15T12:34:56.789012"),
        "collected_at": at("2025-01-16T00:00:00.000001"),
        "text": "I love acme \U0001f600\nand 'quotes' \"too\" \u202eright to left",
        "kind": Kind.REPLY,
        "parent": "x:99",
        "thread": "x:90",
        "addressed": ((How.MENTION, "x:3"), (How.REPLY, "x:2")),
        "metrics": {"likes": 3, "views": 2**40, "a.dotted$name": 1},
        "language": "en",
        "url": "https://x.example/100",
        "edited_at": at("2025-01-15T13:00:00.5"),
    }
    return a_mention(**{**values, **changes})


def test_a_mention_comes_back_as_it_was_taken(store: Store):
    told = heard(a_rich_mention(), "acme", "globex", compound=-0.1234, language="de", basis=LanguageBasis.INHERITED)
    take(store, told)
    assert store.mentions.get("x:100") == told


def test_a_bare_mention_comes_back_as_it_was_taken(store: Store):
    told = heard(a_mention(), compound=None, language="", basis=LanguageBasis.UNKNOWN)
    take(store, told)
    assert store.mentions.get("x:100") == told


def test_an_unknown_mention_is_not_found(store: Store):
    with pytest.raises(NotFound):
        store.mentions.get("x:100")


def test_the_same_again_changes_nothing_and_marks_nothing(store: Store):
    told = heard(a_rich_mention(), "acme", "globex")
    assert take(store, told) == Taken(new=1)
    settle(store)
    assert take(store, told) == Taken(same=1)
    assert store.mentions.get("x:100") == told
    assert store.mentions.count() == 1
    assert marked(store) == []


def test_the_same_collected_again_later_is_the_same(store: Store):
    take(store, heard())
    assert take(store, heard(a_mention(collected_at=NOON + HOUR))) == Taken(same=1)


def test_the_order_of_metrics_is_no_change(store: Store):
    take(store, heard(a_mention(metrics={"likes": 1, "views": 2})))
    assert take(store, heard(a_mention(metrics={"views": 2, "likes": 1}))) == Taken(same=1)


def test_another_language_read_into_it_is_no_change(store: Store):
    take(store, heard(language="en"))
    assert take(store, heard(language="de", basis=LanguageBasis.INHERITED)) == Taken(same=1)


@pytest.mark.parametrize(
    "change",
    [
        {"metrics": {"likes": 4}},
        {"text": "I hate acme"},
        {"author": "x:2"},
        {"kind": Kind.QUOTE},
        {"addressed": ((How.MENTION, "x:9"),)},
        {"edited_at": NOON + HOUR},
        {"posted_at": NOON - HOUR},
        {"parent": "x:1"},
        {"thread": "x:1"},
        {"url": "https://x.example/1"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_other_content_replaces_what_is_stored(store: Store, change):
    take(store, heard())
    changed = heard(replace(a_mention(), **change))
    assert take(store, changed) == Taken(changed=1)
    assert store.mentions.get("x:100") == changed
    assert store.mentions.count() == 1


def test_another_scorer_replaces_the_reading(store: Store):
    take(store, heard())
    again = heard()
    rescored = replace(again, reading=replace(again.reading, sentiment=replace(again.reading.sentiment, scorer="other-1")))
    assert take(store, rescored) == Taken(changed=1)
    assert store.mentions.get("x:100") == rescored


def test_an_older_edit_is_left_out(store: Store):
    newest = heard(a_mention(text="third", edited_at=NOON + 2 * HOUR))
    take(store, newest)
    settle(store)
    assert take(store, heard(a_mention(text="second", edited_at=NOON + HOUR))) == Taken(same=1)
    assert take(store, heard(a_mention(text="first"))) == Taken(same=1)
    assert store.mentions.get("x:100") == newest
    assert marked(store) == []


def test_a_newer_edit_replaces_an_older_one(store: Store):
    take(store, heard(a_mention(text="second", edited_at=NOON + HOUR)))
    newest = heard(a_mention(text="third", edited_at=NOON + HOUR + timedelta(microseconds=1)))
    assert take(store, newest) == Taken(changed=1)
    assert store.mentions.get("x:100") == newest


def test_a_deletion_removes_the_text_and_keeps_the_rest(store: Store):
    take(store, heard(a_rich_mention()))
    settle(store)
    assert take(store, heard(a_rich_mention(deleted_at=NOON + HOUR))) == Taken(changed=1)
    assert store.mentions.get("x:100").mention == a_rich_mention(deleted_at=NOON + HOUR, text="", url=None)
    assert store.mentions.count() == 1
    assert marked(store) == [("acme", "2025-01-15")]


def test_a_mention_that_was_deleted_before_we_saw_it_is_stored_without_its_text(store: Store):
    assert take(store, heard(a_mention(deleted_at=NOON + HOUR))) == Taken(new=1)
    assert store.mentions.get("x:100").mention.text == ""


def test_a_deletion_survives_the_undeleted_copy_later_edits_and_other_brands(store: Store):
    deleted = a_mention(deleted_at=NOON + HOUR)
    take(store, heard(deleted))
    settle(store)
    assert take(store, heard(a_mention())) == Taken(same=1)
    assert take(store, heard(a_mention(text="edited", edited_at=NOON + 5 * HOUR))) == Taken(same=1)
    assert take(store, heard(replace(deleted, deleted_at=NOON + 2 * HOUR))) == Taken(same=1)
    assert take(store, heard(deleted, "acme", "globex")) == Taken(same=1)
    kept = store.mentions.get("x:100")
    assert (kept.mention.text, kept.mention.deleted_at, kept.reading.brands) == ("", NOON + HOUR, ("acme",))
    assert marked(store) == []


def test_a_deletion_that_knows_nothing_of_an_edit_still_deletes(store: Store):
    take(store, heard(a_mention(edited_at=NOON + HOUR)))
    assert take(store, heard(a_mention(deleted_at=NOON + 2 * HOUR))) == Taken(changed=1)
    assert store.mentions.get("x:100").mention.text == ""


def test_brands_are_only_added_and_only_theirs_is_marked(store: Store):
    take(store, heard(a_mention(), "globex"))
    settle(store)
    assert take(store, heard(a_mention(), "acme")) == Taken(changed=1)
    assert store.mentions.get("x:100").reading.brands == ("acme", "globex")
    assert marked(store) == [("acme", "2025-01-15")]
    assert take(store, heard(a_mention(), "globex")) == Taken(same=1)
    assert take(store, heard(a_mention(text="neither", edited_at=NOON + HOUR), "acme")) == Taken(changed=1)
    assert store.mentions.get("x:100").reading.brands == ("acme", "globex")


def test_a_mention_of_no_brand_is_stored_and_marks_nothing(store: Store):
    told = replace(heard(), reading=replace(a_reading(), brands=()))
    assert take(store, told) == Taken(new=1)
    assert store.mentions.get("x:100").reading.brands == ()
    assert marked(store) == []


def test_days_are_those_of_the_brands_own_zone(store: Store):
    take(store, heard(a_mention(posted_at=at("2025-02-01T04:30:00")), "acme", "globex"))
    assert marked(store) == [("acme", "2025-01-31"), ("globex", "2025-02-01")]


def test_a_mention_that_moves_in_time_marks_the_day_it_leaves_and_the_day_it_enters(store: Store):
    take(store, heard(a_mention(posted_at=at("2025-01-10T12:00:00"))))
    settle(store)
    take(store, heard(a_mention(posted_at=at("2025-01-20T12:00:00"))))
    assert marked(store) == [("acme", "2025-01-10"), ("acme", "2025-01-20")]
    assert [one.mention.posted_at.day for one in store.mentions.page(MentionFilter(brand="acme"), None, 10)] == [20]


def test_a_mention_twice_in_a_page_is_as_if_it_came_in_two_pages(store: Store):
    first, second = heard(a_mention(text="first")), heard(a_mention(text="second", edited_at=NOON + HOUR), "globex")
    assert take(store, first, second, first, second) == Taken(new=1, changed=1, same=2)
    assert store.mentions.get("x:100").mention.text == "second"
    assert store.mentions.get("x:100").reading.brands == ("acme", "globex")
    assert marked(store) == [("acme", "2025-01-15"), ("globex", "2025-01-15")]


def test_an_empty_page_changes_nothing(store: Store):
    assert take(store) == Taken()
    assert store.mentions.count() == 0


def test_a_page_with_a_brand_without_a_zone_is_refused_whole(store: Store):
    with pytest.raises(Invalid, match="globex"):
        store.mentions.take([heard(), heard(a_mention("x:101"), "globex")], [], {"acme": "UTC"}, NOON)
    assert store.mentions.count() == 0
    assert marked(store) == []


@pytest.mark.parametrize(
    "change", [{"text": "half a character \ud83d"}, {"metrics": {"likes": 2**70}}], ids=["text", "metrics"]
)
def test_a_page_with_what_no_store_can_keep_is_refused_whole(store: Store, change):
    with pytest.raises(Invalid, match="x:101"):
        take(store, heard(), heard(a_mention("x:101", **change)))
    assert store.mentions.count() == 0


def test_which_ids_are_known_and_how_many_there_are(store: Store):
    take(store, *(heard(a_mention(f"x:{n}")) for n in range(5)))
    assert store.mentions.known(["x:1", "x:4", "x:9", "reddit:1"]) == {"x:1", "x:4"}
    assert store.mentions.known([]) == frozenset()
    assert store.mentions.count() == 5


def test_languages_are_counted_by_author_where_there_is_evidence(store: Store):
    told = [
        ("x:1", "x:a", "en", LanguageBasis.PLATFORM),
        ("x:2", "x:a", "en", LanguageBasis.DETECTED),
        ("x:3", "x:a", "de", LanguageBasis.DETECTED),
        ("x:4", "x:a", "fr", LanguageBasis.INHERITED),
        ("x:5", "x:a", "", LanguageBasis.UNKNOWN),
        ("x:6", "x:b", "fr", LanguageBasis.INHERITED),
        ("x:7", "x:c", "en", LanguageBasis.PLATFORM),
    ]
    take(store, *(heard(a_mention(key, author), language=spoken, basis=basis) for key, author, spoken, basis in told))
    assert store.mentions.languages(["x:a", "x:b"], []) == {"x:a": {"en": 2, "de": 1}}
    assert store.mentions.languages(["x:a", "x:c"], ["x:1", "x:3", "x:99"]) == {"x:a": {"en": 1}, "x:c": {"en": 1}}
    assert store.mentions.languages([], []) == {}
