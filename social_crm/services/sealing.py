"""Secrets at rest: sealed with Fernet under keys that can be renewed; other services and the composition root come in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from social_crm.domain.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_HOW = "make one with `social-crm secret new`"


class Sealer:
    """Seals the credentials of sources; the first key seals, all of them open, so that keys can be renewed one by one.

    Each key is 32 bytes in URL-safe base 64. Without any key nothing can be sealed or opened. Raises Invalid for what is
    not a key, without repeating it.
    """

    def __init__(self, keys: Sequence[str] = ()) -> None:
        try:
            self._keys = MultiFernet([Fernet(key) for key in keys]) if keys else None
        except (ValueError, TypeError) as error:
            raise Invalid(f"a line of the secrets file is not a key: {_HOW}") from error

    def seal(self, credentials: Mapping[str, str]) -> bytes:
        """Encrypt credentials; none at all are b"". Raises Invalid when there is no key."""
        if not credentials:
            return b""
        return self._with_keys().encrypt(json.dumps(dict(credentials), sort_keys=True).encode())

    def open(self, sealed: bytes) -> dict[str, str]:
        """Decrypt credentials. Raises Invalid when there is no key, or none of them fits."""
        if not sealed:
            return {}
        try:
            opened: dict[str, str] = json.loads(self._with_keys().decrypt(sealed))
        except InvalidToken as error:
            raise Invalid(
                "the credentials were sealed with a key that is not here: put it back into the secrets file, or give the "
                "credentials again with `social-crm source add --replace`"
            ) from error
        return opened

    def _with_keys(self) -> MultiFernet:
        if self._keys is None:
            raise Invalid(
                f"credentials are kept encrypted, and there is no key: {_HOW} and name the file in SOCIAL_CRM_SECRETS_FILE"
            )
        return self._keys


def new_key() -> str:
    """A fresh key, to be put on the first line of the secrets file."""
    return Fernet.generate_key().decode()
