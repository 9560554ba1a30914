"""The door through which we call databases: `open_store` picks one by its URL; only the composition root comes in."""
