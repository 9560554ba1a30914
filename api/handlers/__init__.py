"""One module a resource: its operations, each a few lines over one service."""
