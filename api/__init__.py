"""The HTTP API: operations over services, and nothing else; the composition root comes in."""
