"""Who is let in: a matrix of all routes and all permissions, made from the route table."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from api.app import ROUTES, create_app
from api.auth import PUBLIC, TRUST, Gate
from api.operation import Call, Operation, operation
from api.wire import Answer
from social_crm.domain import key as keys
from social_crm.domain.errors import Forbidden, Invalid, Unauthenticated
from social_crm.services import access
from social_crm.services.access import PERMISSIONS
from tests.builders import NOON

if TYPE_CHECKING:
    from collections.abc import Callable

    from api.bridge import Bridge
    from social_crm.ports import Store
    from tests.api.conftest import Door, Watch

KEYED = [item for item in ROUTES if item.permission != PUBLIC]
OPEN = [item for item in ROUTES if item.permission == PUBLIC]


def name(item: Operation) -> str:
    return item.name


def some_path(item: Operation) -> str:
    return item.path.format(brand_id="acme", source_id="acme-hn", mention_id="x:1", report_id="rep_1")


def test_the_matrix_covers_every_permission() -> None:
    assert {item.permission for item in KEYED} == set(PERMISSIONS)
    assert {item.path for item in OPEN} == {"/healthz", "/readyz", "/openapi.json", "/docs"}


@pytest.mark.parametrize("item", OPEN, ids=name)
async def test_what_is_public_needs_no_key(door: Door, item: Operation) -> None:
    assert (await door.ask(item.method, item.path, key=None)).status == 200


@pytest.mark.parametrize("item", KEYED, ids=name)
async def test_without_a_good_key_nobody_gets_in(door: Door, bad_keys: dict[str, str], item: Operation) -> None:
    for kind, header in bad_keys.items():
        answer = await door.ask(item.method, some_path(item), key=None, headers={"Authorization": header} if header else {})
        body = await answer.json(content_type="application/problem+json")
        assert (kind, answer.status, body["code"]) == (kind, 401, "unauthenticated")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("item", KEYED, ids=name)
async def test_a_key_with_every_scope_but_the_one_is_refused(
    door: Door, one_scope_missing: dict[str, str], item: Operation
) -> None:
    answer = await door.ask(item.method, some_path(item), key=one_scope_missing[str(item.permission)])
    assert (answer.status, (await answer.json(content_type=None))["code"]) == (403, "forbidden")


@pytest.mark.parametrize("item", KEYED, ids=name)
async def test_a_key_with_just_the_scope_gets_in(door: Door, one_scope: dict[str, str], item: Operation) -> None:
    assert (await door.ask(item.method, some_path(item), key=one_scope[str(item.permission)])).status not in (401, 403)


async def test_two_keys_at_once_are_no_key(door: Door) -> None:
    headers = [("Authorization", f"Bearer {door.key}"), ("Authorization", f"Bearer {door.key}")]
    async with door.client.session.get(door.client.make_url("/v1/brands"), headers=headers) as answer:
        assert answer.status in (400, 401)


async def test_a_revoked_key_is_out_after_the_trust_is_over(
    store: Store, bridge: Bridge, one_scope: dict[str, str]
) -> None:
    time = [0.0]
    gate, text = Gate(bridge, lambda: time[0]), one_scope["brands:read"]
    admitted = await gate.admit([f"Bearer {text}"], "brands:read")
    await asyncio.to_thread(access.revoke, store, keys.split(text)[0], NOON)
    assert await gate.admit([f"Bearer {text}"], "brands:read") == admitted
    time[0] += TRUST
    assert TRUST <= 5
    with pytest.raises(Unauthenticated, match="revoked"):
        await gate.admit([f"Bearer {text}"], "brands:read")


async def test_trust_does_not_outlive_the_expiry_of_a_key(bridge: Bridge, watch: Watch, brief_key: str) -> None:
    gate = Gate(bridge, lambda: 0.0)
    await gate.admit([f"Bearer {brief_key}"], "brands:read")
    watch.pass_by(minutes=2)
    with pytest.raises(Unauthenticated, match="expired"):
        await gate.admit([f"Bearer {brief_key}"], "brands:read")


async def test_trust_in_a_key_gives_it_no_more_scopes(bridge: Bridge, one_scope: dict[str, str]) -> None:
    gate = Gate(bridge)
    await gate.admit([f"Bearer {one_scope['brands:read']}"], "brands:read")
    with pytest.raises(Forbidden, match="brands:write"):
        await gate.admit([f"Bearer {one_scope['brands:read']}"], "brands:write")


@pytest.mark.parametrize("permission", [None, "", "everything:always"])
def test_an_operation_without_a_permission_fails_start_up(bridge: Bridge, permission: str | None) -> None:
    @operation("GET", "/v1/forgotten", permission=permission, answers={})
    async def forgotten(_: Call) -> Answer:
        """Somebody forgot to say who may."""
        return Answer({})

    with pytest.raises(Invalid, match="/v1/forgotten"):
        create_app(bridge, (*ROUTES, forgotten))


@pytest.fixture
def one_scope(issue: Callable[..., str]) -> dict[str, str]:
    return {permission: issue(permission) for permission in PERMISSIONS}


@pytest.fixture
def one_scope_missing(issue: Callable[..., str]) -> dict[str, str]:
    return {out: issue(*(permission for permission in PERMISSIONS if permission != out)) for out in PERMISSIONS}


@pytest.fixture
def brief_key(issue: Callable[..., str]) -> str:
    return issue("*", expires_at=NOON + timedelta(minutes=1))


@pytest.fixture
def bad_keys(store: Store, issue: Callable[..., str]) -> dict[str, str]:
    good, expired, revoked = issue("*"), issue("*", expires_at=NOON), issue("*")
    access.revoke(store, keys.split(revoked)[0], NOON)
    return {
        "none": "",
        "wrong secret": f"Bearer {good[:-1]}{'A' if good[-1] != 'A' else 'B'}",
        "unknown prefix": "Bearer sk_0123456789ab_secret",
        "no key at all": "Bearer let-me-in",
        "another scheme": f"Basic {good}",
        "two in one": f"Bearer {good} {good}",
        "not ASCII": "Bearer sk_\u00e4_\u00f6",
        "expired": f"Bearer {expired}",
        "revoked": f"Bearer {revoked}",
    }
