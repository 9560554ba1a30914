"""Tests of brand maps: which brands an item is about, from a table beside the data; nobody comes in."""

from __future__ import annotations

import gzip

import pytest

from connectors.files.brandmap import brand_id, read_brand_map
from social_crm.domain.brand import Brand
from social_crm.domain.errors import Invalid, NotFound


@pytest.fixture
def a_map(tmp_path):
    def write(content: str, pack=bytes) -> str:
        path = tmp_path / "map.csv"
        path.write_bytes(pack(content.encode()))
        return str(path)

    return write


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_several_rows_of_an_id_are_its_brands(a_map, pack):
    name = a_map("tweet_id,ticker\n1,AAPL\n2,BRK-A\n1,GOOG\n1,AAPL\n", pack)
    assert read_brand_map(name) == {"1": ("aapl", "goog"), "2": ("brk-a",)}


def test_the_columns_can_be_named(a_map):
    name = a_map("brand,note,id\nacme,x,7\n")
    assert read_brand_map(name, "id", "brand") == {"7": ("acme",)}


def test_equal_brands_are_kept_once(a_map):
    brands = read_brand_map(a_map("id,brand\n1,A\n2,a\n"))
    assert brands["1"] is brands["2"]


@pytest.mark.parametrize("written", ["BRK-A", "$AAPL", "Acme Shoes", "a_b.c", "#acme"])
def test_what_a_file_calls_a_brand_is_a_brand_id(written):
    assert Brand(id=brand_id(written), name="x", terms=("x",)).id == brand_id(written)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("id,brand\n1,a\n2\n", "line 3: 1 cells"),
        ("id,brand\n1,$\n", "line 2: '\\$' is not a brand"),
        ("id\n1\n", "an id column and a brand column are needed: the columns are id"),
        ("", "empty"),
    ],
)
def test_a_broken_map_says_where(a_map, content, reason):
    with pytest.raises(Invalid, match=reason):
        read_brand_map(a_map(content))


def test_a_wrong_column_is_named_beside_those_that_there_are(a_map):
    with pytest.raises(Invalid, match="no column 'ticker': the columns are id, brand"):
        read_brand_map(a_map("id,brand\n1,a\n"), "id", "ticker")


def test_a_missing_or_cut_map_is_told(a_map, tmp_path):
    with pytest.raises(NotFound):
        read_brand_map(str(tmp_path / "none.csv"))
    name = a_map("id,brand\n1,a\n", lambda content: gzip.compress(content)[:-5])
    with pytest.raises(Invalid, match="cut short"):
        read_brand_map(name)
