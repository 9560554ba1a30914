"""The worker: does the repeated work in turn until it is told to stop; only `social-crm work` comes in."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from jobs.retry import Retry, decide
from social_crm.domain.errors import SocialCrmError

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from social_crm.ports import Clock

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Worker:
    """Runs each job every `every`; one that fails waits as `jobs.retry` decides and never stops the others.

    `wait(seconds)` sleeps and answers whether to stop; it is the only place where a worker rests. `failed` tells whether
    any turn of any job has failed.
    """

    jobs: Mapping[str, Callable[[], int]]
    clock: Clock
    wait: Callable[[float], bool]
    chance: random.Random
    every: timedelta = timedelta(seconds=10)
    failed: bool = False
    _due: dict[str, datetime] = field(default_factory=dict)
    _failures: dict[str, int] = field(default_factory=dict)

    def run(self) -> None:
        """Work until `wait` says stop; the job under way is finished first."""
        stop = False
        while not stop:
            for name in self.jobs:
                if self._due.get(name, self.clock()) <= self.clock():
                    self._turn(name)
            next_due = min(self._due.values())
            stop = self.wait(max((next_due - self.clock()).total_seconds(), 0.0))

    def _turn(self, name: str) -> None:
        try:
            done = self.jobs[name]()
        except SocialCrmError as error:
            self._failed(name, error)
        except Exception:  # the one broad except: a defect in one job must not end the others
            self.failed = True
            log.exception("job.crashed", job=name)
            self._due[name] = self.clock() + self.every
        else:
            self._failures[name] = 0
            self._due[name] = self.clock() + self.every
            log.info("job.done", job=name, items=done)

    def _failed(self, name: str, error: SocialCrmError) -> None:
        self.failed = True
        self._failures[name] = attempt = self._failures.get(name, 0) + 1
        decision = decide(error, attempt, self.clock(), self.chance)
        self._due[name] = decision.at if isinstance(decision, Retry) else self.clock() + self.every
        log.warning("job.failed", job=name, code=error.code, reason=error.message, attempt=attempt)
