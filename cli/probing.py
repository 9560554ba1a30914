"""Trying a source with one cheap call, which is charged like any other; `social-crm source test` comes in."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING

from cli.compose import holder, now
from cli.wording import cost
from jobs.collectors import lease_name
from social_crm.domain.errors import CapReached, Conflict, PlatformUnavailable, SocialCrmError
from social_crm.domain.platform import platform

if TYPE_CHECKING:
    from collections.abc import Callable

    from social_crm.domain.lease import Lease
    from social_crm.domain.probe import Probe
    from social_crm.domain.source import SourceSetup
    from social_crm.ports import LiveSource, Store

SMALL_PAGE = 10  # items: the smallest page of the platform that charges by the item
TERM = timedelta(minutes=2)  # longer than any call: nothing renews this lease


def try_out(store: Store, setup: SourceSetup, open_source: Callable[[SourceSetup], LiveSource]) -> Probe:
    """Make one cheap call under the lease of the source, and note what it cost.

    Raises Conflict when a worker is collecting the source, CapReached when the call could pass the daily cap, Invalid when
    it cannot be opened, and PlatformUnavailable or RateLimited.
    """
    with closing(open_source(setup)) as source:
        begun = now()
        lease = store.leases.claim(lease_name(setup.id), holder(), begun, begun + TERM)
        if lease is None:
            raise Conflict(f"{setup.id} is being collected by a worker at the moment: test it when that is done")
        try:
            return _charged(store, setup, source, lease)
        finally:
            store.leases.release(lease)


def _charged(store: Store, setup: SourceSetup, source: LiveSource, lease: Lease) -> Probe:
    """Charge the most that the call may cost before it is made, as pages are, and settle the difference after it."""
    day, most = now().date(), source.page_cost
    spent = sum(one.units for one in store.sources.spend(setup.id, day) if one.day == day)
    if setup.daily_cap is not None and spent + most > setup.daily_cap:
        unit = platform(setup.platform).unit
        raise CapReached(
            f"{setup.id} was not tested: that may cost {cost(most, unit)}, {cost(spent, unit)} are spent today, and the "
            f"daily cap is {cost(setup.daily_cap, unit)}"
        )
    store.sources.charge(lease, setup.id, day, most)
    try:
        probe = source.probe(setup.query)
    except SocialCrmError as error:
        # An answer that never came may have been billed, one that refused was not.
        if error.refused or not isinstance(error, PlatformUnavailable):
            store.sources.charge(lease, setup.id, day, -most)
        raise
    store.sources.charge(lease, setup.id, day, probe.cost - most)
    return probe
