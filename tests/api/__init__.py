"""The API, tested from outside: a real server over a real SQLite file."""
