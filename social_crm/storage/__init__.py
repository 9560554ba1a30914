"""The door through which we call databases: `open_store` picks one by its URL; only the composition root comes in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from social_crm.domain.errors import Invalid
from social_crm.storage.sqlite.store import SqliteStore

if TYPE_CHECKING:
    from social_crm.ports import Store

_FORMS = "write sqlite:///file.db, sqlite:////folder/file.db or mongodb://host/database"


def open_store(url: str) -> Store:
    """The store at a URL; three slashes are a path from the current folder, four an absolute one.

    Raises Invalid when the URL names none, Conflict when a newer release has written it, StoreUnavailable when it does
    not answer.
    """
    scheme, _, rest = url.partition("://")
    if scheme in ("mongodb", "mongodb+srv"):
        # Only here: whoever keeps a file should not wait for the drivers of a server.
        from social_crm.storage.mongo.store import open_mongo  # noqa: PLC0415

        return open_mongo(url)
    if scheme != "sqlite":
        raise Invalid(f"the database URL begins with {scheme[:20]!r}, which is no store of ours: {_FORMS}")
    if not rest.startswith("/") or rest in ("/", "/:memory:"):
        raise Invalid(f"the database URL names no file: {_FORMS}")
    return SqliteStore(Path(rest[1:]))
