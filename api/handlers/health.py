"""Health: whether the process lives and whether it can answer; the route table comes in."""

from api import wire
from api.auth import PUBLIC
from api.operation import Call, operation
from api.wire import Answer
from social_crm.ports import Store


@operation("GET", "/healthz", permission=PUBLIC, answers={200: (wire.Health,)})
async def healthz(_: Call) -> Answer:
    """Say that the process lives; asks nothing of the database."""
    return Answer({"status": "ok"})


@operation("GET", "/readyz", permission=PUBLIC, answers={200: (wire.Health,)})
async def readyz(call: Call) -> Answer:
    """Say whether requests can be answered; 503 within two seconds when the database is away."""
    await call.ask(_ping)
    return Answer({"status": "ready"})


def _ping(store: Store) -> None:
    store.ping()
