"""Builders of facts for tests: every argument has a plain default, so that a test names only what it is about."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from social_crm.domain.account import Account
from social_crm.domain.brand import Brand
from social_crm.domain.mention import Mention
from social_crm.domain.reading import Label, LanguageBasis, Reading, Sentiment
from social_crm.ports import Heard

NOON = datetime(2025, 1, 15, 12, tzinfo=UTC)


def at(text: str) -> datetime:
    """A UTC time from '2025-01-31' or '2025-01-31T23:30:00'."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def a_brand(brand_id: str = "acme", **changes: Any) -> Brand:
    return Brand(**{"id": brand_id, "name": brand_id.title(), "terms": (brand_id,), **changes})


def an_account(account_id: str = "x:1", **changes: Any) -> Account:
    return Account(**{"id": account_id, "handle": account_id.partition(":")[2], "observed_at": NOON, **changes})


def a_mention(mention_id: str = "x:100", author: str = "x:1", posted_at: datetime = NOON, **changes: Any) -> Mention:
    values = {"id": mention_id, "author": author, "posted_at": posted_at, "collected_at": NOON, "text": "I love acme"}
    return Mention(**{**values, **changes})


def a_reading(*brands: str, compound: float | None = 0.6369, **changes: Any) -> Reading:
    label = Label.UNSCORED if compound is None else Label.POSITIVE if compound >= 0.05 else Label.NEUTRAL
    label = Label.NEGATIVE if compound is not None and compound <= -0.05 else label
    sentiment = Sentiment(compound, label, "vader-3.3.2")
    values = {"brands": brands or ("acme",), "language": "en", "basis": LanguageBasis.PLATFORM, "sentiment": sentiment}
    return Reading(**{**values, **changes})


def heard(mention: Mention | None = None, *brands: str, **changes: Any) -> Heard:
    return Heard(mention or a_mention(), a_reading(*brands, **changes))
