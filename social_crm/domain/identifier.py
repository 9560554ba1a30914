"""Time-ordered random ids with a prefix for the things that are ours; anyone may come in."""

from __future__ import annotations

import secrets
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32: sorts as it counts, no i l o u to misread


def new_id(prefix: str) -> str:
    """A new id such as `run_01k9...`: 48 bits of milliseconds, 80 bits of chance, so that ids sort by time of making."""
    number = (time.time_ns() // 1_000_000) << 80 | secrets.randbits(80)
    letters = [_ALPHABET[number >> shift & 31] for shift in range(125, -1, -5)]
    return f"{prefix}_{''.join(letters)}"
