"""The production store: MongoDB through mongoengine; only `open_store` comes in."""
