"""What X says, as facts: the parsers of its API v1.1 and v2 and how to recognise them; the composition root comes in."""

from __future__ import annotations

from connectors.x.v1 import looks_like_v1, parse_v1
from connectors.x.v2 import looks_like_v2, parse_v2, parse_v2_page

__all__ = ["looks_like_v1", "looks_like_v2", "parse_v1", "parse_v2", "parse_v2_page"]
