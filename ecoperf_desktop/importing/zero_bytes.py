"""Which form of Unicode the zero bytes of a text show, where no byte order mark says so."""

from __future__ import annotations

import codecs

_PLANES = 16  # the highest value of a character's third byte
_FEWEST = 4  # signs; fewer are strays
_LEAST = 0.02  # of all signs are line ends, digits and delimiters at the very least


def wide_form(opening: bytes) -> str:
    """Return ``utf-16-le``, ``utf-16-be``, ``utf-32-le`` or ``utf-32-be``; nothing where the zero bytes prove none of them.

    ASCII signs, of which every table has some, are zero in all bytes but one, and always on the same side.
    """
    whole = len(opening) // 4
    zeros = [opening[place : 4 * whole : 4].count(0) for place in range(4)]
    if whole >= _FEWEST and zeros[3] == whole and max(opening[2 : 4 * whole : 4]) <= _PLANES and _decodes(opening, "utf-32-le"):
        return "utf-32-le"
    if whole >= _FEWEST and zeros[0] == whole and max(opening[1 : 4 * whole : 4]) <= _PLANES and _decodes(opening, "utf-32-be"):
        return "utf-32-be"
    first, second = opening[0::2], opening[1::2]
    little = sum(1 for low, high in zip(first, second, strict=False) if not high and 0 < low < 128)
    big = sum(1 for high, low in zip(first, second, strict=False) if not high and 0 < low < 128)
    name, signs, others = ("utf-16-le", little, big) if little > big else ("utf-16-be", big, little)
    proven = signs >= max(_FEWEST, _LEAST * len(second)) and others * 10 <= signs
    return name if proven and _decodes(opening, name) else ""


def _decodes(opening: bytes, name: str) -> bool:
    try:
        codecs.getincrementaldecoder(name)("strict").decode(opening)
    except UnicodeDecodeError:
        return False
    return True
