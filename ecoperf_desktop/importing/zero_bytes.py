"""Which form of Unicode the zero bytes of a text show, where no byte order mark says so."""

from __future__ import annotations

import codecs


def wide_form(opening: bytes) -> str:
    """Return ``utf-16-le``, ``utf-16-be``, ``utf-32-le`` or ``utf-32-be``; nothing where the zero bytes prove none of them.

    ASCII signs, of which every table has some, are zero in all bytes but one, and always on the same side.
    """
    whole = len(opening) // 4
    zeros = [opening[place : 4 * whole : 4].count(0) for place in range(4)]
    if whole and zeros[3] == whole and zeros[0] * 10 <= whole and max(opening[2 : 4 * whole : 4]) <= 16:
        return _decoding(opening, "utf-32-le")
    if whole and zeros[0] == whole and zeros[3] * 10 <= whole and max(opening[1 : 4 * whole : 4]) <= 16:
        return _decoding(opening, "utf-32-be")
    even, odd = opening[0::2].count(0), opening[1::2].count(0)
    half = max(1, len(opening) // 2)
    if odd > half * 0.3 and even < half * 0.05:
        return "utf-16-le"
    if even > half * 0.3 and odd < half * 0.05:
        return "utf-16-be"
    if even + odd > max(2, len(opening) // 50) and 0 in (even, odd):  # more than strays, and all on one side
        return _decoding(opening, "utf-16-le" if odd else "utf-16-be")
    return ""


def _decoding(opening: bytes, name: str) -> str:
    try:
        codecs.getincrementaldecoder(name)("strict").decode(opening)
    except UnicodeDecodeError:
        return ""
    return name
