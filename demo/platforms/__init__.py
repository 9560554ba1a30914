"""Loopback platforms: small servers that behave like the real ones as far as we use them; the doors and tests come in."""
