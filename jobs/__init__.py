"""Slow or repeated work, given a store and a clock by the composition root."""
