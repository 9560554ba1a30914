"""Sources: setting up where to listen, pausing, and what the ledger says of each; the doors come in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from social_crm.domain.coverage import Hour, hours
from social_crm.domain.errors import Conflict, Invalid, NotFound
from social_crm.domain.platform import host_of, is_inside, platform
from social_crm.domain.source import Progress, SourceSetup, SourceState, Spend
from social_crm.services import schedules

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from social_crm.domain.span import Span
    from social_crm.ports import Store
    from social_crm.services.sealing import Sealer

LONGEST_LEDGER = 366 * 24


@dataclass(frozen=True, slots=True)
class Standing:
    """A source as it was set up, and how far it has come."""

    setup: SourceSetup
    progress: Progress


def put(
    store: Store,
    setup: SourceSetup,
    credentials: Mapping[str, str] | None,
    sealer: Sealer,
    *,
    expect: int | None = None,
    loopback: bool = False,
) -> SourceSetup:
    """Store a source and answer it with its new version; `credentials` None keeps those that are there.

    `expect` is the version that must be there (0: none may be, else Conflict); raises Stale when another is. Raises
    NotFound for a brand, and Invalid for credentials that are missing or unknown, a schedule that is none, and an address
    on this machine unless `loopback` allows it.
    """
    store.brands.get(setup.brand)
    schedules.check(setup.schedule)
    if not loopback:
        _refuse_loopback(setup)
    known = _known(store, setup.id)
    if known is not None:
        _same_place(known, setup)
    if credentials is None:
        if known is not None and known.sealed and known.options.get("base_url") != setup.options.get("base_url"):
            raise Invalid(f"source {setup.id}: it is to speak to another address: give its credentials again")
        sealed = known.sealed if known is not None else b""
        _require(setup, sealer.open(sealed))
    else:
        _require(setup, credentials)
        sealed = sealer.seal(credentials)
    return store.sources.put(replace(setup, sealed=sealed), expect)


def get(store: Store, source_id: str) -> Standing:
    """One source. Raises NotFound."""
    setup = store.sources.get(source_id)
    return Standing(setup, store.sources.progress().get(source_id, Progress(source_id)))


def list_all(store: Store) -> tuple[Standing, ...]:
    """All sources, by id."""
    progress = store.sources.progress()
    return tuple(Standing(setup, progress.get(setup.id, Progress(setup.id))) for setup in store.sources.list())


def pause(store: Store, source_id: str, reason: str, expect: int | None = None) -> SourceSetup:
    """Stop collecting a source after the page under way. Raises NotFound, Stale."""
    return _turn(store, source_id, SourceState.PAUSED, reason, expect)


def resume(store: Store, source_id: str, expect: int | None = None) -> SourceSetup:
    """Collect a source again from where it was. Raises NotFound, Stale."""
    return _turn(store, source_id, SourceState.ACTIVE, "", expect)


def seal_anew(store: Store, sealer: Sealer) -> int:
    """Seal the credentials of all sources with the first key, and answer how many have any. Raises Invalid, Stale."""
    kept = [setup for setup in store.sources.list() if setup.sealed]
    opened = [(setup, sealer.open(setup.sealed)) for setup in kept]
    for setup, credentials in opened:
        store.sources.put(replace(setup, sealed=sealer.seal(credentials)), setup.version)
    return len(kept)


def coverage(store: Store, source_id: str, span: Span) -> tuple[Hour, ...]:
    """What is known of each hour of a span, for the query that the source has now. Raises NotFound, Invalid."""
    if (span.end - span.start).total_seconds() > LONGEST_LEDGER * 3600:
        raise Invalid("a ledger shows a year at most: ask for a shorter span")
    setup = store.sources.get(source_id)
    noted = [one for one in store.coverage.spans(source_id, span) if one.query == setup.query]
    return tuple(hours(noted, span))


def spend(store: Store, source_id: str, since: date) -> tuple[Spend, ...]:
    """What a source has cost by UTC day, in its platform's unit. Raises NotFound."""
    store.sources.get(source_id)
    return store.sources.spend(source_id, since)


def _turn(store: Store, source_id: str, state: SourceState, reason: str, expect: int | None) -> SourceSetup:
    setup = store.sources.get(source_id)
    if (setup.state, setup.reason) == (state, reason) and expect in {None, setup.version}:
        return setup
    return store.sources.put(replace(setup, state=state, reason=reason), setup.version if expect is None else expect)


def _known(store: Store, source_id: str) -> SourceSetup | None:
    try:
        return store.sources.get(source_id)
    except NotFound:
        return None


def _same_place(known: SourceSetup, wanted: SourceSetup) -> None:
    """Cursor, ledger and credentials belong to one server and one brand: another one is another source."""
    places = [(one.platform, one.options.get("instance"), one.brand) for one in (known, wanted)]
    if places[0] != places[1]:
        raise Conflict(f"source {wanted.id} listens to another platform, server or brand: add it under another id")


def _require(setup: SourceSetup, credentials: Mapping[str, str]) -> None:
    place = platform(setup.platform)
    missing = [name for name in place.credentials if not credentials.get(name)]
    if missing:
        raise Invalid(f"source {setup.id}: {place.title} needs the credentials {', '.join(missing)}")
    unknown = sorted(credentials.keys() - {*place.credentials, *place.optional})
    if unknown:
        allowed = ", ".join((*place.credentials, *place.optional)) or "none"
        raise Invalid(f"source {setup.id}: a credential that {place.title} does not have: it takes {allowed}")


def _refuse_loopback(setup: SourceSetup) -> None:
    """Else whoever may set sources up could make us speak to what runs beside us, or behind the same wall."""
    place = platform(setup.platform)
    addresses = [setup.options[name] for name in ("base_url", "instance") if name in setup.options]
    addresses += [setup.query] if place.by_query else []
    if any(is_inside(host_of(address)) for address in addresses):
        raise Invalid(
            f"source {setup.id}: it speaks to this machine or its network: set SOCIAL_CRM_LOOPBACK_SOURCES=1 if so"
        )
