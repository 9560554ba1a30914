"""Sets of people as packed bits: one row a set, one bit a person; the rest of analytics comes in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    # sets x words: person u is bit u % 64 (little end first) of word u // 64
    Bits = NDArray[np.uint64]

WORD = 64


def pack(flags: NDArray[np.bool_]) -> Bits:
    """Sets from flags (sets x people); the number of people is a multiple of WORD."""
    return np.packbits(flags, axis=1, bitorder="little").view(np.uint64)


def unpack(row: Bits) -> NDArray[np.uint8]:
    """One set as zeros and ones, a place a person."""
    return np.unpackbits(row.view(np.uint8), bitorder="little")


def sizes(bits: Bits) -> NDArray[np.int64]:
    """How many people are in each set."""
    counts: NDArray[np.int64] = np.bitwise_count(bits).sum(axis=-1, dtype=np.int64)
    return counts


def tally(bits: Bits) -> NDArray[np.int64]:
    """In how many of the sets each person is.

    Full adders over whole words (three rows of one weight become one of it and one of the next) leave log2(sets) rows to
    unpack instead of all of them.
    """
    total = np.zeros(bits.shape[1] * WORD, dtype=np.int64)
    weight = 0
    while len(bits):
        bits, carries = _add(bits)
        total += unpack(bits[0]).astype(np.int64) << weight
        bits, weight = carries, weight + 1
    return total


def _add(bits: Bits) -> tuple[Bits, Bits]:
    """Rows of one weight, added up to a single row, and the carries: rows of twice the weight."""
    carries = [bits[:0]]
    while (third := len(bits) // 3) > 0:
        a, b, c = bits[:third], bits[third : 2 * third], bits[2 * third : 3 * third]
        either = a ^ b
        carries.append((a & b) | (c & either))
        bits = np.concatenate([either ^ c, bits[3 * third :]])
    if len(bits) == 2:
        carries.append(bits[:1] & bits[1:])
        bits = bits[:1] ^ bits[1:]
    return bits, np.concatenate(carries)
