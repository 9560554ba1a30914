"""Credentials at rest: sealed under keys that can be renewed one by one, and shown to nobody on the way."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from social_crm.domain.errors import Invalid
from social_crm.services.sealing import Sealer, new_key

OLD, NEW = new_key(), new_key()
SECRET = {"client_id": "abc", "client_secret": "not-for-anyone"}
NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@settings(max_examples=50)
@given(st.dictionaries(NAMES, NAMES, max_size=5))
def test_what_was_sealed_is_opened_as_it_was(credentials: dict[str, str]):
    sealer = Sealer([OLD])
    assert sealer.open(sealer.seal(credentials)) == credentials


def test_what_is_sealed_shows_neither_names_nor_values():
    sealed = Sealer([OLD]).seal(SECRET)
    assert not [word for pair in SECRET.items() for word in pair if word.encode() in sealed]
    assert sealed != Sealer([OLD]).seal(SECRET), "the same credentials twice do not look alike"


def test_no_credentials_need_no_key():
    assert Sealer().seal({}) == b""
    assert Sealer().open(b"") == {}


def test_a_new_key_on_the_first_line_seals_and_the_old_one_still_opens():
    sealed = Sealer([OLD]).seal(SECRET)
    both = Sealer([NEW, OLD])
    assert both.open(sealed) == SECRET
    assert Sealer([NEW]).open(both.seal(SECRET)) == SECRET


def test_a_key_that_was_taken_away_opens_nothing_any_more():
    sealed = Sealer([OLD]).seal(SECRET)
    with pytest.raises(Invalid, match="put it back into the secrets file"):
        Sealer([NEW]).open(sealed)


def test_what_was_tampered_with_is_refused():
    sealed = bytearray(Sealer([OLD]).seal(SECRET))
    sealed[40] ^= 1
    with pytest.raises(Invalid, match="not here"):
        Sealer([OLD]).open(bytes(sealed))


def test_without_a_key_nothing_is_sealed_or_opened_and_the_error_says_how_to_make_one():
    for ask in (lambda: Sealer().seal(SECRET), lambda: Sealer().open(b"sealed")):
        with pytest.raises(Invalid, match=r"social-crm secret new.*SOCIAL_CRM_SECRETS_FILE"):
            ask()


@pytest.mark.parametrize(
    "line",
    ["", "hunter2", "not-a-key-ü", OLD[:-3], OLD[:-1] * 2],
    ids=["empty", "short", "letters", "cut", "double"],
)
def test_a_line_that_is_no_key_is_refused_without_being_repeated(line: str):
    with pytest.raises(Invalid, match="not a key") as caught:
        Sealer([OLD, line])
    assert not line or line not in caught.value.message


def test_every_new_key_is_another():
    assert len({new_key() for _ in range(20)}) == 20
