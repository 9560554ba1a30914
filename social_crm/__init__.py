"""The core of the service: facts, mathematics, verbs and stores; the doors to the world stand beside it."""
