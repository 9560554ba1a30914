"""Who may call the API."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from social_crm.domain.errors import Conflict, NotFound
from social_crm.domain.key import Key
from tests.builders import NOON

if TYPE_CHECKING:
    from social_crm.ports import Store

A_KEY = Key("abc123", "0" * 64, "import on Mondays", ("reports:read", "mentions:write"), NOON, NOON + timedelta(days=90))


def test_a_key_comes_back_as_it_was_added(store: Store):
    everlasting = replace(A_KEY, prefix="def456", scopes=("*",), expires_at=None, revoked_at=NOON)
    store.keys.add(A_KEY)
    store.keys.add(everlasting)
    assert store.keys.find("abc123") == A_KEY
    assert store.keys.find("def456") == everlasting
    assert store.keys.find("abc") is None


def test_a_prefix_is_taken_only_once(store: Store):
    store.keys.add(A_KEY)
    with pytest.raises(Conflict):
        store.keys.add(replace(A_KEY, digest="1" * 64))
    assert store.keys.list() == (A_KEY,)


def test_keys_are_listed_by_time_of_making(store: Store):
    for prefix, hours in (("a", 2), ("b", 3), ("c", 1)):
        store.keys.add(replace(A_KEY, prefix=prefix, created_at=NOON + timedelta(hours=hours)))
    assert [key.prefix for key in store.keys.list()] == ["c", "a", "b"]


def test_a_key_is_revoked_once(store: Store):
    store.keys.add(A_KEY)
    store.keys.revoke("abc123", NOON + timedelta(days=1))
    store.keys.revoke("abc123", NOON + timedelta(days=2))
    assert store.keys.find("abc123") == replace(A_KEY, revoked_at=NOON + timedelta(days=1))


def test_an_unknown_key_cannot_be_revoked(store: Store):
    with pytest.raises(NotFound):
        store.keys.revoke("abc123", NOON)
