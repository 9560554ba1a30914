"""Logging: one JSON line an event on standard error, without secrets and without what people said; the commands come in."""

from __future__ import annotations

import logging
import sys

import structlog


def configure(level: str) -> None:
    """Log from a level (debug, info, warning, error) on; lines of libraries too, from warning on."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(name)s %(levelname)s %(message)s")
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
