"""The composition root: reads settings, chooses the parts, joins them, starts them."""
