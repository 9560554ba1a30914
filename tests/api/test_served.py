"""The API as `social-crm serve` joins it: credentials sealed with the keys of a file, this machine by leave only."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import orjson
import pytest

from social_crm.services import brands
from social_crm.services.sealing import Sealer, new_key
from tests.builders import a_brand

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from social_crm.ports import Store

PLANTED = "pl4nted-t0ken"
SOURCE = {"platform": "x", "brand": "acme", "query": "acme", "credentials": {"bearer_token": PLANTED}}


@contextmanager
def served(database: Path, secrets: Path, log: Path, **settings: str) -> Iterator[str]:
    """A server of its own, told by settings alone; its address, until it is told to stop."""
    given = {"STORE": f"sqlite:///{database}", "SECRETS_FILE": str(secrets), "LOG_LEVEL": "debug", **settings}
    environment = os.environ | {f"SOCIAL_CRM_{name}": value for name, value in given.items()}
    command = [sys.executable, "-m", "cli", "serve", "--port", "0"]
    with (
        log.open("w+", encoding="utf-8") as lines,
        subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process,
    ):
        assert process.stderr is not None
        said = process.stderr.readline()
        address = re.search(r"http://[\d.:]+", said)
        assert address, said
        try:
            yield address[0]
        finally:
            process.send_signal(signal.SIGTERM)
            lines.write(said + process.stderr.read())


def put(address: str, key: str, source_id: str, **changes: object) -> tuple[int, str]:
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    body = orjson.dumps({**SOURCE, **changes})
    try:
        with urlopen(Request(f"{address}/v1/sources/{source_id}", body, headers, method="PUT")) as answer:  # noqa: S310 - ours
            return answer.status, answer.read().decode()
    except HTTPError as error:
        with error:
            return error.code, error.read().decode()


@pytest.mark.parametrize(("leave", "status"), [("0", 422), ("1", 201)])
def test_the_server_seals_with_the_keys_of_the_secrets_file_and_needs_leave_for_this_machine(
    store: Store, database: Path, tmp_path: Path, master: str, leave: str, status: int
) -> None:
    key, secrets, log = new_key(), tmp_path / "keys", tmp_path / "log"
    secrets.write_text(f"{key}\n", encoding="utf-8")
    brands.put(store, a_brand())
    with served(database, secrets, log, LOOPBACK_SOURCES=leave) as address:
        answers = [put(address, master, "acme-x"), put(address, master, "broken", credentials={PLANTED: 1})]
        answers.append(put(address, master, "near", options={"base_url": "http://127.0.0.1:9"}))
    assert [code for code, _ in answers] == [201, 422, status]
    assert Sealer([key]).open(store.sources.get("acme-x").sealed) == {"bearer_token": PLANTED}
    said = log.read_text(encoding="utf-8")
    assert '"route": "/v1/sources/{source_id}"' in said
    assert PLANTED not in f"{answers}{said}"
