"""Where we listen: sources as data, and the versions of their edits."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from social_crm.domain.errors import Conflict, NotFound, Stale, StoreUnavailable
from social_crm.domain.source import Progress, SourceSetup, SourceState, Step
from tests.contract.steps import THREADS, claim, together

if TYPE_CHECKING:
    from collections.abc import Callable

    from social_crm.ports import Store


def a_setup(source_id: str = "acme-x", **changes) -> SourceSetup:
    return SourceSetup(**{"id": source_id, "platform": "x", "brand": "acme", "query": "acme lang:en", **changes})


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"options": {"post_price": "5000", "about": "all", "base_url": "http://127.0.0.1:8080/a.b$c"}, "daily_cap": 0},
        {"sealed": bytes(range(256)), "daily_cap": 2**40, "schedule": "0 */2 * * 1-5"},
        {"state": SourceState.PAUSED, "reason": "credentials rejected: “401” \U0001f600", "query": 'acme -"road runner"'},
    ],
    ids=["bare", "options", "sealed", "paused"],
)
def test_a_source_comes_back_as_it_was_put(store: Store, changes):
    setup = a_setup(**changes)
    stored = store.sources.put(setup)
    assert stored == replace(setup, version=1)
    found = store.sources.get("acme-x")
    assert found == stored
    assert store.sources.list() == (stored,)
    assert (type(found.state), type(found.sealed)) == (SourceState, bytes)


def test_an_edit_replaces_all_of_a_source(store: Store):
    store.sources.put(a_setup(options={"about": "all"}, sealed=b"secret", daily_cap=7, reason="was paused"))
    edited = store.sources.put(a_setup("acme-x", platform="hackernews", brand="globex", query="globex"))
    assert edited == SourceSetup("acme-x", "hackernews", "globex", "globex", version=2)
    assert store.sources.get("acme-x") == edited


def test_the_version_counts_the_edits_whatever_the_caller_says(store: Store):
    store.sources.put(a_setup(version=41))
    assert store.sources.put(a_setup(query="acme inc", version=7)).version == 2
    assert store.sources.get("acme-x").query == "acme inc"


def test_sources_are_listed_by_id(store: Store):
    assert store.sources.list() == ()
    for source_id in ("globex-x", "acme-x", "acme-hn"):
        store.sources.put(a_setup(source_id))
    assert [setup.id for setup in store.sources.list()] == ["acme-hn", "acme-x", "globex-x"]


def test_an_unknown_source_is_not_found(store: Store):
    with pytest.raises(NotFound, match="acme-x"):
        store.sources.get("acme-x")


def test_expecting_none_makes_a_source_only_once(store: Store):
    assert store.sources.put(a_setup(), expect=0).version == 1
    with pytest.raises(Conflict, match="source acme-x exists already") as caught:
        store.sources.put(a_setup(query="another"), expect=0)
    assert not isinstance(caught.value, Stale)
    assert store.sources.get("acme-x").query == "acme lang:en"


def test_an_edit_of_the_version_that_is_there_goes_through(store: Store):
    store.sources.put(a_setup())
    assert store.sources.put(a_setup(query="acme inc"), expect=1).version == 2


@pytest.mark.parametrize("expect", [1, 3])
def test_an_edit_of_another_version_is_stale(store: Store, expect: int):
    store.sources.put(a_setup())
    store.sources.put(a_setup(query="acme inc"))
    with pytest.raises(Stale, match="source acme-x"):
        store.sources.put(a_setup(query="too late", sealed=b"too late"), expect=expect)
    assert store.sources.get("acme-x") == a_setup(query="acme inc", version=2)


def test_an_edit_of_a_source_that_is_not_there_is_stale(store: Store):
    with pytest.raises(Stale):
        store.sources.put(a_setup(), expect=1)
    assert store.sources.list() == ()


def test_threads_that_edit_a_source_each_get_a_version_of_their_own(store: Store):
    versions = together(lambda number: store.sources.put(a_setup(query=f"acme {number}")).version)
    assert sorted(versions) == list(range(1, THREADS + 1))


def test_of_threads_that_make_one_source_only_one_does(store: Store):
    def make(number: int) -> int | None:
        try:
            return store.sources.put(a_setup(query=f"acme {number}"), expect=0).version
        except Conflict:
            return None

    assert sorted(together(make), key=str) == [1] + [None] * (THREADS - 1)
    assert store.sources.get("acme-x").version == 1


def test_an_edit_of_a_source_leaves_its_progress(store: Store):
    store.sources.put(a_setup())
    progress = Progress("acme-x", cursor="next")
    store.sources.advance(claim(store), Step(progress))
    store.sources.put(a_setup(query="another"))
    assert dict(store.sources.progress()) == {"acme-x": progress}


def test_a_source_that_one_store_puts_another_one_gets(store: Store, open_again: Callable[[], Store]):
    store.sources.put(a_setup(sealed=b"\x00\xff"))
    assert open_again().sources.get("acme-x") == a_setup(sealed=b"\x00\xff", version=1)


@pytest.mark.parametrize(
    "ask",
    [
        lambda sources: sources.put(a_setup()),
        lambda sources: sources.get("acme-x"),
        lambda sources: sources.list(),
    ],
    ids=["put", "get", "list"],
)
def test_sources_of_a_closed_store_are_unavailable(store: Store, ask):
    store.close()
    with pytest.raises(StoreUnavailable):
        ask(store.sources)
