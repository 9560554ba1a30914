"""A door to knock at: the application on a real server, over a real SQLite file, with keys that the service issued."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp.test_utils import TestServer
from blockbuster import blockbuster_ctx

from api.app import SERVER, create_app
from api.bridge import Bridge
from social_crm.domain.errors import StoreUnavailable
from social_crm.services import access
from social_crm.services.sealing import Sealer, new_key
from social_crm.storage import open_store
from tests.builders import NOON

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from pathlib import Path

    from aiohttp import ClientResponse, web
    from aiohttp.test_utils import TestClient

    from social_crm.ports import Store


@dataclass
class Watch:
    """A clock that stands until it is moved."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, **span: float) -> None:
        self.now += timedelta(**span)


class Tap:
    """A real store that can be cut off: whatever is asked of it meanwhile hangs, and breaks when it is open again."""

    def __init__(self, store: Store) -> None:
        self._store, self._opened = store, threading.Event()
        self._opened.set()

    def close_off(self) -> None:
        self._opened.clear()

    def open(self) -> None:
        self._opened.set()

    def __getattr__(self, name: str) -> Any:
        if not self._opened.is_set():
            self._opened.wait()
            raise StoreUnavailable("the connection broke")
        return getattr(self._store, name)


@dataclass
class Door:
    """A client that shows a key: by default one that may do everything."""

    client: TestClient[Any, Any]
    store: Store
    watch: Watch
    key: str
    headers: dict[str, str] = field(default_factory=dict)

    async def ask(self, method: str, path: str, key: str | None = "", **more: Any) -> ClientResponse:
        shown = {} if key is None else {"Authorization": f"Bearer {key or self.key}"}
        return await self.client.request(method, path, headers={**shown, **more.pop("headers", {})}, **more)

    async def get(self, path: str, **more: Any) -> ClientResponse:
        return await self.ask("GET", path, **more)

    async def on_a_thread(self, function: Callable[..., Any], *args: Any) -> Any:
        """Do something to the store meanwhile."""
        return await asyncio.to_thread(function, *args)

    async def put(self, path: str, **more: Any) -> ClientResponse:
        return await self.ask("PUT", path, **more)

    async def post(self, path: str, **more: Any) -> ClientResponse:
        return await self.ask("POST", path, **more)


@pytest.fixture(autouse=True)
def never_blocked() -> Iterator[None]:
    """Any call that blocks the loop raises, in the application and in the tests."""
    with blockbuster_ctx():
        yield


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "crm.db"


@pytest.fixture
def store(database: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{database}")
    yield opened
    opened.close()


@pytest.fixture
def issue(store: Store) -> Callable[..., str]:
    """Issue a key with some scopes and answer its text."""

    def make(*scopes: str, **more: Any) -> str:
        return access.issue(store, "a test", scopes or ("*",), NOON, **more)[1]

    return make


@pytest.fixture
def bridge(store: Store, watch: Watch) -> Iterator[Bridge]:
    built = Bridge(store, watch)
    yield built
    built.close()


@pytest.fixture
def app(bridge: Bridge) -> web.Application:
    return create_app(bridge, sealer=Sealer([new_key()]))


@pytest.fixture
async def door(
    app: web.Application, store: Store, watch: Watch, master: str, aiohttp_client: Callable[..., Awaitable[Any]]
) -> Door:
    server = TestServer(app)
    await server.start_server(**SERVER)
    return Door(await aiohttp_client(server), store, watch, master)


@pytest.fixture
def master(issue: Callable[..., str]) -> str:
    return issue("*")
