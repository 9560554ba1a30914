"""The bridge: threads of its own, the caller's context, limits, and nothing started that nobody waits for."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from typing import TYPE_CHECKING

import pytest

from api.bridge import LONG, ORDINARY, Bridge
from social_crm.domain.errors import NotFound, StoreUnavailable
from social_crm.services import brands

if TYPE_CHECKING:
    from collections.abc import Iterator

    from social_crm.ports import Store
    from tests.api.conftest import Watch

WHO: contextvars.ContextVar[str] = contextvars.ContextVar("who", default="nobody")
MOMENT = 0.02  # seconds that hanging calls are waited for in these tests


@pytest.fixture
def small(store: Store, watch: Watch) -> Iterator[Bridge]:
    """A bridge of four threads: three for ordinary calls, one for long ones."""
    built = Bridge(store, watch, threads=4)
    yield built
    built.close()


@pytest.fixture
def release(small: Bridge) -> Iterator[threading.Event]:
    """Lets go of every hanging call, at the latest when the test ends and before the bridge is closed."""
    event = threading.Event()
    yield event
    event.set()


def hang(_: Store, release: threading.Event) -> str:
    release.wait()
    return "late"


async def test_a_service_gets_the_store_and_its_arguments(small: Bridge, store: Store) -> None:
    asked = await small.ask(lambda given, *args, **more: (given is store, args, more), 1, two=2)
    assert asked == (True, (1,), {"two": 2})


async def test_it_runs_on_a_thread_of_the_bridge_with_the_callers_context(small: Bridge) -> None:
    WHO.set("ana")
    who, thread = await small.ask(lambda _: (WHO.get(), threading.current_thread().name))
    assert (who, thread.startswith("bridge")) == ("ana", True)
    await small.ask(lambda _: WHO.set("ben") and None)
    assert WHO.get() == "ana"


async def test_what_a_service_raises_arrives(small: Bridge) -> None:
    with pytest.raises(NotFound, match="nobody"):
        await small.ask(brands.get, "nobody")


async def test_a_call_that_hangs_is_given_up_and_the_loop_goes_on(small: Bridge, release: threading.Event) -> None:
    with pytest.raises(StoreUnavailable, match="in time"):
        await small.ask_within(MOMENT, hang, release)
    assert await small.ask(lambda _: "here") == "here"


async def test_no_time_left_is_no_answer(small: Bridge) -> None:
    with pytest.raises(StoreUnavailable):
        await small.ask_within(-1, lambda _: "here")


async def test_what_nobody_waits_for_any_more_is_never_started(small: Bridge, release: threading.Event) -> None:
    begun: list[int] = []
    hanging = [asyncio.create_task(small.ask_within(MOMENT * 10, hang, release)) for _ in range(3)]
    await asyncio.sleep(0)
    waiting = [small.ask_within(MOMENT, lambda _, n=number: begun.append(n)) for number in range(20)]
    given_up = await asyncio.gather(*waiting, return_exceptions=True)
    assert {type(outcome) for outcome in given_up} == {StoreUnavailable}
    release.set()
    assert await asyncio.gather(*hanging) == ["late"] * 3
    assert (await small.ask(lambda _: list(begun))) == []


async def test_a_caller_who_leaves_takes_the_waiting_call_along(small: Bridge, release: threading.Event) -> None:
    begun: list[str] = []
    hanging = [asyncio.create_task(small.ask(hang, release)) for _ in range(3)]
    await asyncio.sleep(0)
    left = asyncio.create_task(small.ask(lambda _: begun.append("left")))
    await asyncio.sleep(0)
    left.cancel()
    await asyncio.gather(left, return_exceptions=True)
    release.set()
    await asyncio.gather(*hanging)
    assert (left.cancelled(), begun) == (True, [])


async def test_long_calls_do_not_keep_ordinary_ones_waiting(small: Bridge, release: threading.Event) -> None:
    reports = [asyncio.create_task(small.ask_within(LONG, hang, release)) for _ in range(10)]
    for _ in range(20):
        assert await small.ask(lambda _: "here") == "here"
    release.set()
    assert await asyncio.gather(*reports) == ["late"] * 10


async def test_a_long_call_is_not_begun_when_the_store_is_away(small: Bridge, store: Store) -> None:
    await asyncio.to_thread(store.close)
    begun: list[str] = []
    with pytest.raises(StoreUnavailable, match="closed"):
        await small.ask_within(LONG, lambda _: begun.append("begun"))
    assert begun == []


async def test_a_secret_is_asked_for_once_and_is_that_of_the_store(small: Bridge, store: Store) -> None:
    secret = await small.secret("cursor")
    assert secret == await asyncio.to_thread(store.secret, "cursor")
    await asyncio.to_thread(store.close)
    assert await small.secret("cursor") == secret


def test_ordinary_answers_are_there_within_two_seconds() -> None:
    assert ORDINARY < 2 < LONG
