"""Joins the parts: which store, which clock; the commands come in, and nothing else does."""

from __future__ import annotations

import os
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cli.reading import now
from social_crm.storage import open_store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cli.settings import Settings
    from social_crm.ports import Store

__all__ = ["holder", "now", "the_store"]


def holder() -> str:
    """How this process names itself in its leases."""
    return f"{socket.gethostname()}:{os.getpid()}"


@contextmanager
def the_store(settings: Settings) -> Iterator[Store]:
    """The store of the settings, closed at the end. Raises StoreUnavailable or Invalid when it cannot be opened."""
    store = open_store(settings.store)
    try:
        yield store
    finally:
        store.close()
