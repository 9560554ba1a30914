"""Hacker News, through its search: read-only and without a key; the composition root comes in."""
