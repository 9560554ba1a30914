"""Frozen facts and the rules about one fact; standard library only, and every other room may come in."""
