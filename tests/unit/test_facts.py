"""Rules about single facts."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from social_crm.domain import errors
from social_crm.domain import key as keys
from social_crm.domain.clock import day_start, local_day, parse_time, zone
from social_crm.domain.coverage import Coverage
from social_crm.domain.errors import Invalid, SocialCrmError, Unauthenticated
from social_crm.domain.identifier import new_id
from social_crm.domain.mention import How, address, natural_id
from social_crm.domain.purchase import Purchase
from tests.builders import NOON, a_brand, at


@pytest.mark.parametrize(
    ("change", "advice"),
    [
        ({"id": "Acme Inc"}, "a-z"),
        ({"name": " "}, "name is empty"),
        ({"terms": ()}, "at least one term or handle"),
        ({"terms": ("$",)}, "empty term"),
        ({"time_zone": "Mars/Olympus"}, "Europe/Berlin"),
        ({"time_zone": "../etc/passwd"}, "IANA"),
    ],
)
def test_a_brand_that_cannot_be_says_why(change: dict, advice: str):
    with pytest.raises(Invalid, match=advice):
        a_brand(**{"brand_id": "acme", **{("brand_id" if k == "id" else k): v for k, v in change.items()}})


def test_own_accounts_are_handles_and_staff():
    brand = a_brand(handles={"x": ("@Acme",)}, staff=("x:77", "x:@Ann"))
    assert brand.own_accounts == ("x:77", "x:@acme", "x:@ann")


def test_an_account_is_addressed_once_in_the_strongest_way_and_never_by_itself():
    pairs = [(How.MENTION, "x:2"), (How.REPLY, "x:2"), (How.MENTION, "x:1"), (How.MENTION, "x:3")]
    assert address(pairs, "x:1") == ((How.MENTION, "x:3"), (How.REPLY, "x:2"))


@pytest.mark.parametrize("native", [None, "", "  ", "a\nb"])
def test_an_item_without_an_id_is_refused(native: object):
    with pytest.raises(Invalid, match="without an id"):
        natural_id("x", native)


def test_a_purchase_needs_a_currency_and_a_zone():
    with pytest.raises(Invalid, match="ISO 4217"):
        Purchase("shop:1", "crm:1", NOON, 100, "euro")
    with pytest.raises(Invalid, match="no zone"):
        Purchase("shop:1", "crm:1", NOON.replace(tzinfo=None), 100, "EUR")


def test_coverage_does_not_end_before_it_starts():
    with pytest.raises(Invalid, match="ends"):
        Coverage("f", "files", "acme", NOON, NOON - timedelta(seconds=1))


def test_local_days_begin_at_local_midnight_also_when_clocks_change():
    assert day_start(local_day(NOON, "UTC"), "UTC") == at("2025-01-15")
    spring = local_day(at("2025-03-09T12:00:00"), "America/New_York")
    assert day_start(spring + timedelta(days=1), "America/New_York") - day_start(spring, "America/New_York") == timedelta(
        hours=23
    )
    autumn = local_day(at("2025-11-02T12:00:00"), "America/New_York")
    assert day_start(autumn + timedelta(days=1), "America/New_York") - day_start(autumn, "America/New_York") == timedelta(
        hours=25
    )


def test_a_date_that_comes_twice_is_one_day_where_clocks_went_back_past_midnight():
    first_midnight = day_start(date(2010, 11, 7), "America/St_Johns")
    assert local_day(first_midnight, "America/St_Johns") == date(2010, 11, 7)
    assert local_day(first_midnight + timedelta(minutes=31), "America/St_Johns") == date(2010, 11, 7)
    assert local_day(first_midnight - timedelta(seconds=1), "America/St_Johns") == date(2010, 11, 6)


def test_a_time_is_read_with_its_zone_or_refused():
    assert parse_time("2025-01-31") == datetime(2025, 1, 31, tzinfo=UTC)
    assert parse_time("2025-01-31T23:30:00+01:00") == datetime(2025, 1, 31, 22, 30, tzinfo=UTC)
    for wrong in ("2025-02-30", "yesterday", "2025-01-31T10:00:00", "0001-01-01T00:00:00+23:00"):
        with pytest.raises(Invalid):
            parse_time(wrong)


def test_an_unknown_zone_says_what_a_zone_looks_like():
    with pytest.raises(Invalid, match="IANA name such as Europe/Berlin"):
        zone("Berlin")


def test_ids_of_ours_sort_by_time_and_never_repeat():
    made = [new_id("run") for _ in range(2_000)]
    assert len(set(made)) == 2_000
    assert all(one.startswith("run_") and len(one) == 30 for one in made)
    assert made[0][:12] <= made[-1][:12]


def test_a_key_opens_only_with_its_own_secret_and_only_in_time():
    key, text = keys.mint("crm", ("reports:read",), NOON, NOON + timedelta(days=1))
    prefix, secret = keys.split(text)
    assert prefix == key.prefix
    assert secret not in repr(key)
    keys.verify(key, secret, NOON)
    with pytest.raises(Unauthenticated, match="wrong"):
        keys.verify(key, secret + "x", NOON)
    with pytest.raises(Unauthenticated, match="expired"):
        keys.verify(key, secret, NOON + timedelta(days=1))
    assert key.allows("reports:read")
    assert not key.allows("brands:write")


@pytest.mark.parametrize("text", ["", "sk_", "sk_abc", "pk_abc_def", "Bearer sk_a_b"])
def test_what_is_not_a_key_is_refused(text: str):
    with pytest.raises(Unauthenticated, match="sk_<prefix>_<secret>"):
        keys.split(text)


def test_every_error_has_a_code_of_its_own_and_a_place_in_the_drawing():
    classes = [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, SocialCrmError)]
    codes = [one.code for one in classes]
    assert len(set(codes)) == len(codes)
    assert all(one.__name__ in (errors.__doc__ or "") for one in classes)
