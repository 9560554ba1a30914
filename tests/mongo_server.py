"""A MongoDB server for tests: SecantusDB as a process of its own, which tests may start, kill and start again."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self
from urllib.parse import quote

import pymongo
from pymongo.errors import PyMongoError

if TYPE_CHECKING:
    from types import TracebackType

# The launcher stands beside the interpreter of the environment; the package itself is GPL and never imported.
PROGRAM = Path(sys.executable).with_name("secantusd-py")
MISSING = (
    "the MongoDB server of the tests is not installed: run `pip install --require-hashes -r requirements-mongo-test.lock`, "
    "or set SOCIAL_CRM_TEST_MONGO_URL to a server of yours"
)
_PATIENCE = 60.0  # seconds that a start may take on a busy machine; it takes half of one


def is_installed() -> bool:
    """Whether a server can be started here."""
    return PROGRAM.exists()


class MongoServer:
    """One server with its data in a folder. As a context manager it is started, and stopped at the end.

    With `user` and `password` it asks for them: they are created by a first start without.
    """

    def __init__(self, folder: Path, user: str | None = None, password: str | None = None) -> None:
        self.port = free_port()
        self._folder = folder
        self._login = (user, password) if user and password else None
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        if self._login and not (self._folder / "data").exists():
            self._run()
            client: pymongo.MongoClient[dict[str, object]]
            with pymongo.MongoClient(self._bare_url()) as client:
                client.admin.command("createUser", self._login[0], pwd=self._login[1], roles=["root"])
            self.stop()
        self._run("--auth" if self._login else "")

    def kill(self) -> None:
        """SIGKILL, as if the machine had lost its power."""
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None

    def restart(self) -> None:
        """Kill it and start it again on the same port with the same data."""
        self.kill()
        self._run("--auth" if self._login else "")

    def stop(self) -> None:
        """Ask it to end, and see that it does."""
        if self._process:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=10)
            self.kill()

    def url(self, database: str) -> str:
        """The URL of one database."""
        login = "@".join((":".join(quote(part, safe="") for part in self._login), "")) if self._login else ""
        return f"mongodb://{login}127.0.0.1:{self.port}/{database}{'?authSource=admin' if login else ''}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _bare_url(self) -> str:
        return f"mongodb://127.0.0.1:{self.port}/"

    def _run(self, *extra: str) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        command = [str(PROGRAM), "--host", "127.0.0.1", "--port", str(self.port), "--sync-on-commit"]
        command += ["--storage-path", str(self._folder / "data"), "--log-level", "WARNING", *filter(None, extra)]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, env=_environment())
        self._wait()

    def _wait(self) -> None:
        """Until it answers; its own words when it never does."""
        deadline = time.monotonic() + _PATIENCE
        client: pymongo.MongoClient[dict[str, object]]
        with pymongo.MongoClient(self._bare_url(), serverSelectionTimeoutMS=200, connectTimeoutMS=1000) as client:
            while time.monotonic() < deadline and self._process and self._process.poll() is None:
                with contextlib.suppress(PyMongoError):
                    client.admin.command("ping")
                    return
        self.kill()
        raise RuntimeError(f"the MongoDB server of the tests did not start: {(self._folder / 'log').read_text()[-2000:]}")


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _environment() -> dict[str, str]:
    # A home of its own, so that it finds no settings of the person who runs the tests.
    return {**os.environ, "HOME": "/nonexistent"}
