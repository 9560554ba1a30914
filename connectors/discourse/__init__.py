"""Discourse forums, through their JSON: posts as they come, or by words; the composition root comes in."""
