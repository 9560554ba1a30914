"""What platforms look like, for tests: raw objects by hand, with invented people; tests come in."""
