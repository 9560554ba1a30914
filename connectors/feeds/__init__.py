"""Feeds, RSS and Atom, from any address: read-only and without a key; the composition root comes in."""
