"""X: what its API says, turned into facts; the composition root comes in."""
