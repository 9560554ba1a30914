"""The shapes of the columnar tables that storage hands to analytics: names, types and units of every column.

Every table is a Polars data frame with exactly these columns in this order. Times are UTC in microseconds; a day is a
calendar day in the brand's time zone; counts are of mentions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Mapping

ColumnType = pl.DataType | type[pl.DataType]

UTC_TIME = pl.Datetime("us", "UTC")

# One row a mention of one brand, in the order of its id: what a roll-up is computed from.
MENTIONS: Mapping[str, ColumnType] = {
    "id": pl.String,
    "author": pl.String,  # account id
    "posted_at": UTC_TIME,
    "kind": pl.String,  # domain.mention.Kind
    "deleted": pl.Boolean,
    "label": pl.String,  # domain.reading.Label
    "compound": pl.Float64,  # -1..1, null when unscored
    "addressed": pl.List(pl.String),  # each "<how> <account id>"
}

# The count columns of ACTIVITY, by the kind of mention that they count.
KIND_COLUMNS: Mapping[str, str] = {
    "post": "posts",
    "comment": "comments",
    "reply": "replies",
    "repost": "reposts",
    "quote": "quotes",
    "review": "reviews",
}

# One row a (brand, local day, account). The kinds count what is not deleted.
ACTIVITY: Mapping[str, ColumnType] = {
    "brand": pl.String,
    "day": pl.Date,
    "account": pl.String,
    **dict.fromkeys(KIND_COLUMNS.values(), pl.UInt32),
    "deleted": pl.UInt32,  # mentions of any kind that were deleted since
    "scored": pl.UInt32,  # mentions, reposts left out, that have a sentiment
    "positive": pl.UInt32,  # of the scored ones
    "negative": pl.UInt32,
    "compound_sum": pl.Float64,  # sum of the compound scores of the scored ones
}

# One row a (brand, local day, source, target, kind): source gave attention to target, n times.
EXCHANGES: Mapping[str, ColumnType] = {
    "brand": pl.String,
    "day": pl.Date,
    "source": pl.String,  # account id
    "target": pl.String,  # account id
    "kind": pl.String,  # domain.mention.How
    "n": pl.UInt32,
}

# One row an active link between two identities (account or customer ids).
LINKS: Mapping[str, ColumnType] = {"left": pl.String, "right": pl.String}

# One row an account that is linked to anything: who it is. An account without a row is a person of its own.
PEOPLE: Mapping[str, ColumnType] = {"account": pl.String, "person": pl.String}

# One row a (brand, local day, customer, currency): orders net of returns, in integer minor units.
SPEND: Mapping[str, ColumnType] = {
    "brand": pl.String,
    "day": pl.Date,
    "customer": pl.String,
    "currency": pl.String,  # ISO 4217
    "orders": pl.UInt32,
    "amount": pl.Int64,
}

# One row a span for which a source vouches for a brand, or which it missed; half-open.
COVERAGE: Mapping[str, ColumnType] = {
    "source": pl.String,
    "brand": pl.String,
    "start": UTC_TIME,
    "end": UTC_TIME,
    "seen": pl.String,  # domain.coverage.Seen: covered or missed
    "why": pl.String,  # why it was missed, else ""
}
