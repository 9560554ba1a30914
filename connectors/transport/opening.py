"""What a connector is opened with; the composition root and connectors come in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connectors.transport.pace import Pace
    from social_crm.ports import Clock

TIMEOUT = 10.0


@dataclass(frozen=True, slots=True)
class Opening:
    """How to open a live source.

    `options` and `credentials` are those of domain.platform; `query` names the server where the platform's server is in the
    query. `pace` is shared by all sources with the same credentials. `page_size` 0 means the platform's own largest.
    `timeout` is in seconds, for connecting and between two pieces of an answer.
    """

    clock: Clock
    pace: Pace
    options: Mapping[str, str] = field(default_factory=dict)
    credentials: Mapping[str, str] = field(default_factory=dict, repr=False)
    query: str = ""
    page_size: int = 0
    timeout: float = TIMEOUT

    @property
    def base_url(self) -> str:
        """The address that stands in for the platform's own, without a slash at its end; "" for none."""
        return self.options.get("base_url", "").rstrip("/")

    def size(self, largest: int) -> int:
        """How many items a page holds, at most the platform's `largest`."""
        return min(self.page_size, largest) if self.page_size else largest
