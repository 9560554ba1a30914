"""What connectors share on the way to a platform: the guard, the pace, errors, walks; only connectors come in."""
