"""Invented names, made of syllables so that nobody real is meant; the rooms of the demo come in."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random

_HEADS = ("Ba", "Ce", "Do", "Fi", "Gu", "Ja", "Ke", "Li", "Mo", "Nu", "Pa", "Re", "So", "Ti", "Vu", "Ya", "Ze")
_MIDDLES = ("ba", "do", "fe", "ki", "lo", "mu", "na", "ri", "su", "va", "zo")
_TAILS = ("lix", "mir", "nol", "rax", "sen", "tik", "vor", "wen", "zam")


def invent(random: Random) -> tuple[str, str]:
    """A given name and a family name, such as ("Lorisen", "Vunazam")."""
    return _word(random), _word(random)


def _word(random: Random) -> str:
    return random.choice(_HEADS) + random.choice(_MIDDLES) + random.choice(_TAILS)


def handle(name: tuple[str, str], number: int, style: int) -> str:
    """A handle of somebody with that name: the number keeps it unique, the style makes it look like its owner's habit."""
    given, family = name
    plain = (f"{given}{family}", f"{given}_{family}".lower(), f"{family}.{given[0]}".lower())
    return f"{plain[style % len(plain)]}{number}"
