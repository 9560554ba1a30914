"""The bridge from the event loop to the services, the only place where sync meets async; the operations come in."""

from __future__ import annotations

import asyncio
import contextvars
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

from aiohttp import web

from social_crm.domain.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from social_crm.ports import Clock, Store

P = ParamSpec("P")
T = TypeVar("T")

# Seconds that an answer may take: ordinary ones leave the door within 2 s, with what is left for the way out.
ORDINARY = 1.8
LONG = 30.0


class Bridge:
    """Runs services on threads of its own, so that no database ever blocks the loop.

    A quarter of the threads is set apart for what may take long: reports cannot keep ordinary reads waiting. What nobody
    waits for any more is not started; what runs already runs on, and the thread comes back when its database call ends.
    """

    def __init__(self, store: Store, clock: Clock, threads: int = 16) -> None:
        self.clock = clock
        self._store = store
        self._secrets: dict[str, bytes] = {}
        slow = max(1, threads // 4)
        self._slow = ThreadPoolExecutor(slow, thread_name_prefix="bridge-slow")
        self._quick = ThreadPoolExecutor(max(1, threads - slow), thread_name_prefix="bridge")

    async def ask(self, function: Callable[Concatenate[Store, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `function(store, ...)` with the caller's context variables.

        Raises what it raises, and StoreUnavailable when there is no answer within ORDINARY seconds.
        """
        return await self._run(self._quick, ORDINARY, partial(function, self._store, *args, **kwargs))

    async def ask_within(
        self, seconds: float, function: Callable[Concatenate[Store, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Like `ask`, with a limit of its own; a long one first makes sure that the store is there at all."""
        call = partial(function, self._store, *args, **kwargs)
        if seconds <= ORDINARY:
            return await self._run(self._quick, seconds, call)
        await self.ask(_ping)
        return await self._run(self._slow, seconds, call)

    async def secret(self, name: str) -> bytes:
        """The store's secret of that name; asked for once, because it never changes."""
        if name not in self._secrets:
            self._secrets[name] = await self.ask(_secret, name)
        return self._secrets[name]

    async def _run(self, pool: ThreadPoolExecutor, seconds: float, call: Callable[[], T]) -> T:
        running = asyncio.get_running_loop().run_in_executor(pool, contextvars.copy_context().run, call)
        try:
            async with asyncio.timeout(seconds):
                return await running
        except TimeoutError as error:
            raise StoreUnavailable("the database does not answer in time: try again in a moment") from error

    def close(self) -> None:
        """Take no more work, and wait for the calls that run: after this the store may be closed. Not for the loop."""
        for pool in (self._quick, self._slow):
            pool.shutdown(wait=True, cancel_futures=True)


BRIDGE = web.AppKey("bridge", Bridge)


def _ping(store: Store) -> None:
    store.ping()


def _secret(store: Store, name: str) -> bytes:
    return store.secret(name)
