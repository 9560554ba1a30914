"""One file a promise about speed; each prints a table beside a rival or a limit of the same run, and never fails a test."""
