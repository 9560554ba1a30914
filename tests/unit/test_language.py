"""The language of a mention, by the rule of methods.md 4.4."""

from __future__ import annotations

import pytest

from social_crm.analytics.language import language_of, needs_habit, normalise
from social_crm.domain.reading import LanguageBasis


def test_the_platforms_word_is_preferred():
    assert language_of("das ist wirklich sehr gut gemacht", "en", {}) == ("en", LanguageBasis.PLATFORM)


@pytest.mark.parametrize(
    ("tag", "code"),
    [
        ("en", "en"),
        ("en-GB", "en"),
        ("pt_BR", "pt"),
        ("in", "id"),
        ("iw", "he"),
        ("und", ""),
        ("zxx", ""),
        ("", ""),
        ("EN", "en"),
    ],
)
def test_a_platforms_tag_becomes_an_iso_code(tag: str, code: str):
    assert normalise(tag) == code


def test_a_text_of_four_words_is_detected():
    assert language_of("I really love this coffee so much", "", {}) == ("en", LanguageBasis.DETECTED)
    assert language_of("Ich liebe diesen Kaffee wirklich sehr", "und", {}) == ("de", LanguageBasis.DETECTED)


def test_links_handles_and_tags_are_not_words():
    assert needs_habit("nice one @acme #coffee $ACME https://acme.example/a/very/long/path", "")


def test_a_short_text_inherits_the_most_frequent_language_of_its_author():
    assert language_of("super!", "", {"de": 4, "en": 2}) == ("de", LanguageBasis.INHERITED)


def test_a_short_text_inherits_nothing_from_fewer_than_five_mentions():
    assert language_of("super!", "", {"de": 4}) == ("", LanguageBasis.UNKNOWN)


def test_a_tie_of_habits_is_always_broken_the_same_way():
    assert language_of("super!", "", {"fr": 3, "de": 3}) == language_of("super!", "", {"de": 3, "fr": 3})
