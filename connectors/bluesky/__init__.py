"""Bluesky, through its search and its threads: a session with an app password; the composition root comes in."""
