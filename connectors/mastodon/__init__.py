"""Mastodon: hashtags, searches and mentions of one server, through Mastodon.py; the composition root comes in."""
