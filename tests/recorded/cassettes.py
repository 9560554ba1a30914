"""Recorded answers of platforms, read out of the archives of the shared data; the tests of recorded answers come in."""

from __future__ import annotations

import base64
import gzip
import json
import lzma
import tarfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

REPLAY = Path(__file__).resolve().parents[3] / "shared/data/replay"

try:
    from yaml import CSafeLoader as Loader
except ImportError:  # a PyYAML without libyaml: the same, slower
    from yaml import SafeLoader as Loader  # type: ignore[assignment]

needs_recordings = pytest.mark.skipif(not REPLAY.is_dir(), reason="the shared data folder is absent")


@dataclass(frozen=True)
class Interaction:
    """One request and its answer, as they were recorded; header names are in lower case."""

    file: str
    method: str
    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The JSON of the answer, None when it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


def files(archive: str, *endings: str) -> Iterator[tuple[str, bytes]]:
    """The files of an archive that end so, by name."""
    with lzma.open(REPLAY / f"{archive}.tar.xz") as packed, tarfile.open(fileobj=packed) as tar:
        found = {member.name: tar.extractfile(member) for member in tar if member.isfile()}
        contents = {name: opened.read() for name, opened in found.items() if opened and name.endswith(endings)}
    yield from sorted(contents.items())


def interactions(archive: str) -> Iterator[Interaction]:
    """Every recorded interaction of an archive of cassettes (VCR or Betamax, YAML or JSON)."""
    for name, content in files(archive, ".json", ".yaml", ".yml"):
        cassette = json.loads(content) if name.endswith(".json") else yaml.load(content, Loader)
        for entry in cassette.get("interactions") or cassette.get("http_interactions") or ():
            request, response = entry["request"], entry["response"]
            headers = {key.lower(): _one(value) for key, value in (response.get("headers") or {}).items()}
            url = request.get("uri") or request.get("url") or ""
            yield Interaction(name, request["method"], url, _status(response), headers, _body(response.get("body")))


def walk(value: Any) -> Iterator[dict[str, Any]]:
    """Every JSON object inside a JSON value, itself included, each before what it holds."""
    waiting = [value]
    while waiting:
        now = waiting.pop()
        if isinstance(now, dict):
            yield now
            waiting += reversed(list(now.values()))
        elif isinstance(now, list):
            waiting += reversed(now)


def _one(value: Any) -> str:
    return str(value[0]) if isinstance(value, list) and value else str(value)


def _status(response: Mapping[str, Any]) -> int:
    status = response.get("status") or response.get("status_code") or 0
    return int(status["code"]) if isinstance(status, dict) else int(status)


def _body(body: Any) -> bytes:
    if isinstance(body, dict):
        encoded = body.get("base64_string")
        body = base64.b64decode(encoded) if encoded else body.get("string")
    content = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else bytes(body or b"")
    if content[:2] == b"\x1f\x8b":
        return gzip.decompress(content)
    return zlib.decompress(content) if content[:2] in {b"\x78\x9c", b"\x78\xda"} else content
