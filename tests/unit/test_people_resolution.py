"""Who is one person: the connected parts of the links."""

from __future__ import annotations

from itertools import permutations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from social_crm.analytics.people import attach, resolve
from social_crm.tables import PEOPLE
from tests.retention_oracle import STEADY, links

IDS = st.sampled_from(["crm:1", "crm:2", "mastodon:a", "reddit:b", "x:1", "x:2", "x:10"])


def people(*pairs: tuple[str, str]) -> dict[str, str]:
    return dict(resolve(links(*pairs)).iter_rows())


def test_links_in_a_chain_are_one_person_named_after_the_smallest_id():
    found = people(("x:2", "x:1"), ("x:2", "reddit:b"), ("mastodon:a", "crm:7"))
    assert found == {
        "reddit:b": "reddit:b", "x:1": "reddit:b", "x:2": "reddit:b", "crm:7": "crm:7", "mastodon:a": "crm:7",
    }  # fmt: skip


def test_no_links_are_no_rows():
    assert resolve(links()).equals(pl.DataFrame(schema=dict(PEOPLE)))


def test_the_order_and_the_direction_of_links_do_not_matter():
    pairs = [("x:2", "x:1"), ("x:2", "reddit:b"), ("x:9", "crm:7")]
    expected = resolve(links(*pairs))
    assert expected["account"].is_sorted()
    for order in permutations(pairs):
        assert resolve(links(*order)).equals(expected)
        assert resolve(links(*((right, left) for left, right in order))).equals(expected)


@STEADY
@given(pairs=st.lists(st.tuples(IDS, IDS), max_size=8))
def test_two_ids_are_one_person_exactly_when_links_lead_from_one_to_the_other(pairs: list[tuple[str, str]]):
    parts = {one: {one} for pair in pairs for one in pair}
    for left, right in pairs:
        together = parts[left] | parts[right]
        for one in together:
            parts[one] = together
    assert people(*pairs) == {one: min(part) for one, part in parts.items()}


def test_an_account_without_a_link_is_a_person_of_its_own():
    rows = pl.DataFrame({"account": ["x:3", "x:1", "x:2"], "n": [1, 2, 3]})
    known = resolve(links(("x:1", "crm:7")))
    assert attach(rows.lazy(), known).collect().rows() == [("x:3", 1, "x:3"), ("x:1", 2, "crm:7"), ("x:2", 3, "x:2")]
    assert attach(rows.lazy(), resolve(links())).collect()["person"].to_list() == ["x:3", "x:1", "x:2"]
