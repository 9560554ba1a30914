"""The embedded store: one SQLite file, no server; only `open_store` comes in."""
