"""A seeded world with planted answers, for the demo and for tests; the composition root comes in."""
