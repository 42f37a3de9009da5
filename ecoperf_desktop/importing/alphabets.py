"""How much a text looks written by people: its words in one alphabet, their capitals where capitals stand, its signs usual ones.

One byte a letter fits any such encoding; what it reads as tells them apart, though never for certain.
"""

from __future__ import annotations

import re
from collections import Counter

# Letters beyond ASCII, small ones, by language; a wrong encoding gives letters that no language has together.
_LATIN = tuple(
    frozenset(letters)
    for letters in (
        "àâæçéèêëîïôœùûüÿ", "äöüß", "áéíñóúü", "áâãàçéêíóôõúü", "àèéìíîòóùú", "áéëïóöüè", "åäöé", "æøåéäö", "áðéíóúýþæö",
        "ąćęłńóśźż", "áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýž", "áéíóöőúüű", "čćđšž", "ăâîşţșț", "çğıöşüâîû\u0307",
        "āčēģīķļņšūž", "ąčęėįšųūž", "äõöüšž",
    )
)  # fmt: skip
_SCRIPTS = tuple(
    frozenset(chr(code) for first, last in spans for code in range(first, last + 1))
    for spans in (
        ((0x430, 0x44F), (0x451, 0x451)),
        ((0x430, 0x44F), (0x451, 0x45F), (0x491, 0x491)),
        ((0x3AC, 0x3CE), (0x390, 0x390), (0x3B0, 0x3B0)),
        ((0x5D0, 0x5EA), (0x5B0, 0x5C2)),
        ((0x621, 0x652), (0x67E, 0x67E), (0x686, 0x686), (0x698, 0x698), (0x6AF, 0x6AF)),
        ((0xE01, 0xE3A), (0xE40, 0xE5B)),
    )
)
_SIGNS = frozenset("\u00a0–—‘’‚“”„…€£¥§©®™°·•«»‹›±½¼¾×÷´№¹²³ºª¿¡†‡‰µ")
_LAST_LATIN = "\u024f"
_LETTERS = re.compile(r"[^\W\d_]+")


def likelihood(text: str) -> float:
    """Return 0 to 1; 1 for a text in which nothing speaks against it."""
    letters: Counter[str] = Counter()
    fair = strange = 0
    for word, count in Counter(word for word in _LETTERS.findall(text) if not word.isascii()).items():
        own = [letter for letter in word.lower() if letter > "\x7f"]
        letters.update({letter: count * own.count(letter) for letter in own})
        mixed = len(own) < len(word) and max(own, default="") > _LAST_LATIN  # ASCII letters beside those of another script
        if not mixed and (word.istitle() or word.isupper() or word == word.lower()):
            fair += count * len(own)
        else:
            strange += count * len(own)
    signs = Counter(sign for sign in text if sign > "\x7f" and not sign.isalpha() and not _is_mark(sign))
    total = fair + strange + signs.total()
    if not total:
        return 1.0
    usual = sum(count for sign, count in signs.items() if sign in _SIGNS)
    known = max(sum(letters[letter] for letter in alphabet) for alphabet in (*_LATIN, *_SCRIPTS))
    return (fair * known / max(letters.total(), 1) + usual) / total


def _is_mark(sign: str) -> bool:
    return "\u0e31" <= sign <= "\u0e4e" or "\u064b" <= sign <= "\u0652" or "\u05b0" <= sign <= "\u05c2"
