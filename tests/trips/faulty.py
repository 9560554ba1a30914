"""The real store behind a door that fails now and then: it raises what a store raises that went away; the trips come in."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from social_crm.domain.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from social_crm.ports import Store


class Faulty:
    """A store of which one method fails when `fails` says so, by the number of the call (from 1 on) and what was given."""

    def __init__(self, store: Store, method: str, fails: Callable[..., bool]) -> None:
        self._store, (self._room, name) = store, method.split(".")
        self._faulty = _Room(getattr(store, self._room), name, fails)

    def __getattr__(self, name: str) -> Any:
        return self._faulty if name == self._room else getattr(self._store, name)


class _Room:
    def __init__(self, room: Any, method: str, fails: Callable[..., bool]) -> None:
        self._room, self._method, self._fails = room, method, fails
        self._calls = 0
        self._guard = threading.Lock()

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._room, name)
        return self._wrapped(found) if name == self._method else found

    def _wrapped(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any) -> Any:
            with self._guard:
                self._calls += 1
                number = self._calls
            if self._fails(number, *given):
                message = "the store went away"
                raise StoreUnavailable(message)
            return method(*given)

        return call
