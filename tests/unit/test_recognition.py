"""Which texts are about which brands."""

from __future__ import annotations

import pytest

from social_crm.domain.recognition import Recogniser
from tests.builders import a_brand


def brands_of(text: str, platform: str = "x", **brand: object) -> tuple[str, ...]:
    return Recogniser([a_brand("acme", **brand)]).brands_of(text, platform)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("I love acme", True),
        ("ACME!", True),
        ("acme's new shop", True),
        ("so #Acme of them", True),
        ("acmeology is not it", False),
        ("not_acme either", False),
        ("ask @acme about it", False),
        ("write to help@acme.com", False),
        ("$ACME rises", False),
        ("", False),
    ],
)
def test_a_word_is_found_at_its_borders_only(text: str, found: bool):
    assert bool(brands_of(text, terms=("acme",))) is found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("$BRK up", True),
        ("buy $brk.", True),
        ("buy $brk, now", True),
        ("$BRK-A up", False),
        ("$BRK.B up", False),
        ("$BRKS up", False),
        ("BRK up", False),
        ("sell$BRK now", True),
        ("$GOOG$BRK$FB", True),
        ("$$BRK", True),
    ],
)
def test_a_cashtag_is_a_whole_ticker(text: str, found: bool):
    assert bool(brands_of(text, terms=("$BRK",))) is found


def test_a_cashtag_with_a_share_class_is_found():
    assert brands_of("holding $BRK-A for ever", terms=("$BRK-A",)) == ("acme",)


def test_a_hashtag_is_found_with_its_mark_only():
    assert brands_of("so good #AcmeDay", terms=("#acmeday",))
    assert not brands_of("so good acmeday", terms=("#acmeday",))
    assert not brands_of("so good #acmedays", terms=("#acmeday",))


def test_a_quoted_phrase_is_found_in_its_order_with_any_space_between():
    assert brands_of("an Iced\n Latte please", terms=('"iced latte"',))
    assert not brands_of("a latte, iced", terms=('"iced latte"',))


def test_several_words_are_found_in_any_order():
    assert brands_of("a latte, iced", terms=("iced latte",))
    assert not brands_of("a latte", terms=("iced latte",))


def test_terms_with_signs_are_found():
    assert brands_of("my AT&T bill", terms=("at&t",))
    assert brands_of("I write C++.", terms=("c++",))
    assert not brands_of("I write C.", terms=("c++",))
    assert brands_of("built on .NET today", terms=(".net",))
    assert not brands_of("see asp.net", terms=(".net",))


def test_a_term_in_a_script_without_spaces_is_found_inside_a_run():
    assert brands_of("我很喜欢可口可乐的味道", terms=("可口可乐",))


@pytest.mark.parametrize(
    ("term", "text"),
    [
        ("mcdonald's", "at McDonald\u2019s again"),
        ("nestl\u00e9", "by Nestle\u0301 of course"),
        ("acme", "\uff21\uff43\uff4d\uff45 in full width"),
        ("acme", "acme\u662f\u6211\u7684\u6700\u7231"),
        ("\uc544\ud06c\uba54", "\uc544\ud06c\uba54\ub294 \uc88b\ub2e4"),
    ],
    ids=[
        "a curly apostrophe",
        "an accent of its own",
        "full width",
        "letters of another script beside it",
        "a Korean ending",
    ],
)
def test_a_name_is_found_however_it_is_written(term: str, text: str):
    assert brands_of(text, terms=(term,)) == ("acme",)


def test_an_exclusion_rules_a_text_out_for_its_brand_alone():
    acme = a_brand("acme", terms=("acme",), exclusions=("roadrunner",))
    other = a_brand("other", terms=("acme",))
    assert Recogniser([acme, other]).brands_of("acme and the Roadrunner", "x") == ("other",)


@pytest.mark.parametrize(
    ("text", "platform", "found"),
    [
        ("hey @AcmeCoffee!", "x", True),
        ("hey @AcmeCoffeeShop", "x", False),
        ("hey @acmecoffee", "mastodon", False),
        ("AcmeCoffee without a mark", "x", False),
        ("thanks u/acme_help", "reddit", True),
        ("thanks /u/Acme_Help", "reddit", True),
        ("thanks u/acme_helper", "reddit", False),
        ("@acme@mastodon.example hello", "mastodon", True),
        ("@acme hello", "mastodon", True),
        ("@acme@elsewhere.example hello", "mastodon", False),
    ],
)
def test_a_handle_is_found_on_its_own_platform(text: str, platform: str, found: bool):
    handles = {"x": ("@AcmeCoffee",), "reddit": ("u/acme_help",), "mastodon": ("@acme@mastodon.example",)}
    assert bool(brands_of(text, platform, terms=(), handles=handles)) is found


def test_many_brands_are_told_apart():
    brands = [a_brand(f"b{n}", terms=(f"$T{n}",)) for n in range(500)]
    assert Recogniser(brands).brands_of("$t7 and $T499 but not t8", "x") == ("b499", "b7")


def test_letters_that_fold_to_two_are_found():
    assert brands_of("Große STRASSE", terms=("straße",)) == ("acme",)
