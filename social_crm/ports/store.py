"""The store: the bundle of everything that the core asks of a database; only the front of the ports comes in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from social_crm.ports.collecting import Archive, Events, Leases, Sources
    from social_crm.ports.storing import Accounts, Brands, CoverageLedger, Keys, Links, Mentions, Reports, RollUps


class Store(Protocol):
    """The database: a bundle of the protocols above, safe to use from several threads at once."""

    @property
    def brands(self) -> Brands:
        """The brands that we listen for."""
        ...

    @property
    def mentions(self) -> Mentions:
        """What was said."""
        ...

    @property
    def accounts(self) -> Accounts:
        """Who said it."""
        ...

    @property
    def rollups(self) -> RollUps:
        """Daily activity and exchanges."""
        ...

    @property
    def links(self) -> Links:
        """Which identities are one person."""
        ...

    @property
    def coverage(self) -> CoverageLedger:
        """What each source vouches for."""
        ...

    @property
    def sources(self) -> Sources:
        """Where we listen, and how far each source has come."""
        ...

    @property
    def leases(self) -> Leases:
        """Who works on what."""
        ...

    @property
    def events(self) -> Events:
        """The outbox."""
        ...

    @property
    def archive(self) -> Archive:
        """Raw pages, for a while."""
        ...

    @property
    def reports(self) -> Reports:
        """Answers, kept as they were given."""
        ...

    @property
    def keys(self) -> Keys:
        """Who may call the API."""
        ...

    def ping(self) -> None:
        """Come back quickly when the database answers. Raises StoreUnavailable."""
        ...

    def secret(self, name: str) -> bytes:
        """32 random bytes under a name, made at the first call and the same ever after, in every process."""
        ...

    def close(self) -> None:
        """Let go of files and connections."""
        ...
