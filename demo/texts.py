"""Little sentences about a brand, in three languages and three moods; the rooms of the demo come in."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from random import Random

# Language, then mood: -1 negative, 0 neutral, 1 positive. `{}` is where the brand's word stands.
_SENTENCES: Mapping[str, Mapping[int, tuple[str, ...]]] = {
    "en": {
        1: (
            "I love my new {}, best thing I bought this year!",
            "Really happy with {}: great service and it works perfectly.",
            "{} fixed my order in ten minutes. Wonderful people!",
            "Third one from {} and still excellent.",
            "My sister got me something from {} and it is beautiful.",
        ),
        0: (
            "Does {} ship to islands?",
            "Just saw the new {} catalogue.",
            "Which size do you take at {}?",
            "Is the {} shop open on Monday?",
            "Comparing {} with two others before I decide.",
        ),
        -1: (
            "My {} broke after two weeks, very disappointed.",
            "Waited an hour for {} support. Terrible.",
            "{} raised the price again, this is annoying.",
            "The last {} parcel arrived damaged and nobody answers.",
            "I regret ordering from {}, awful quality this time.",
        ),
    },
    "es": {
        1: ("Me encanta {}, la mejor compra del año.", "Muy contento con {}, el servicio es excelente."),
        0: ("¿Alguien sabe si {} envía a Canarias?", "Hoy he visto el nuevo catálogo de {}."),
        -1: ("Mi pedido de {} llegó roto y nadie contesta.", "Una hora esperando al soporte de {}, fatal."),
    },
    "de": {
        1: ("Ich bin sehr zufrieden mit {}, das war ein guter Kauf.", "Der Kundendienst von {} ist wirklich großartig."),
        0: ("Weiß jemand, ob {} auch nach Österreich liefert?", "Habe heute den neuen Katalog von {} gesehen."),
        -1: ("Mein Paket von {} kam leider kaputt an.", "Seit einer Stunde in der Warteschleife von {}, furchtbar."),
    },
}
_SHORT = ("{}!", "{}?", "{} :)", "again {}", "hm, {}")
_OFFICE = (
    "News from {}: the new season is here.",
    "{} is hiring, come and see us.",
    "Thank you for writing to {}, we are looking into it.",
    "This week at {}: open doors on Saturday.",
)
_COMPARED = ("{} or {}? I have both and cannot decide.", "Went from {} to {} and back.", "{} is closer, {} is cheaper.")

LANGUAGES = tuple(_SENTENCES)


def sentence(random: Random, language: str, mood: int, word: str) -> str:
    """What a person says about a brand."""
    return random.choice(_SENTENCES[language][mood]).format(word)


def short(random: Random, word: str) -> str:
    """Too short to tell its language."""
    return random.choice(_SHORT).format(word)


def office(random: Random, word: str) -> str:
    """What a brand or its staff say of themselves."""
    return random.choice(_OFFICE).format(word)


def comparison(random: Random, word: str, other: str) -> str:
    """A sentence about two brands."""
    return random.choice(_COMPARED).format(word, other)
