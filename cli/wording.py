"""How a line is worded for a terminal: made harmless, counted, priced; the commands come in."""

from __future__ import annotations

import unicodedata
from decimal import Decimal

import click

# Whoever can turn the direction of a text around can make it say something else.
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_HARMFUL = frozenset({"Cc", "Cs", "Zl", "Zp"})
_MICROS = 1_000_000


def plain(text: str) -> str:
    """The text on one line, with all that could command a terminal or turn its direction written as an escape."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_harmless, text))


def tell(line: str, *, err: bool = False) -> None:
    """Print one line, whatever platforms and people have put into it."""
    click.echo(plain(line), err=err)


def counted(count: int, noun: str) -> str:
    """`1 page`, `2 pages`: for a noun, given in the singular, that takes an s."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def cost(units: int, unit: str) -> str:
    """What something cost, from a platform's unit: `3 requests`, and dollars for usd_micros: `$0.60`, `$0.005`."""
    if unit != "usd_micros":
        return counted(units, unit.removesuffix("s"))
    whole, _, cents = f"{Decimal(units) / _MICROS:,.6f}".partition(".")
    return f"${whole}.{cents.rstrip('0'):0<2}"


def _harmless(char: str) -> str:
    if char in "\t\n\r":
        return " "
    if char in _BIDI or unicodedata.category(char) in _HARMFUL:
        return ascii(char)[1:-1]
    return char
