"""How alike two headers are: by their words, by their Chinese characters, and by spelling."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache

from ecoperf_desktop.importing.descriptor import normal

ALIKE = 0.72  # from here on a header is taken for another name of the same thing

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_WORD = re.compile(r"[^\W_]+")
_ASIDE = re.compile(r"[(（\[【][^)）\]】]*[)）\]】]")
_CHINESE = re.compile(r"[\u3400-\u9fff]")
# Words that say little about what a column is.
_LIGHT = frozenset({"the", "of", "in", "for", "a", "an", "at", "on", "by", "is", "per", "to", "and", "usd", "eur", "gbp", "cny", "total", "value", "local"})
_MIDDLING = frozenset({"id", "no", "code", "name", "date", "time", "type", "day", "count"})
_SAME = {
    "number": "no", "num": "no", "nr": "no", "#": "no", "identifier": "id", "amt": "amount", "quantity": "qty", "shipping": "ship", "shipment": "ship",
    "shipped": "ship", "delivery": "deliver", "delivered": "deliver", "cancelled": "cancel", "canceled": "cancel", "datetime": "time", "timestamp": "time",
    "fulfilment": "fulfil", "fulfillment": "fulfil", "colour": "color", "centre": "center", "country/region": "country",
}


@dataclass(frozen=True)
class Spelled:
    """A header taken apart.  ``plain`` is it without signs, ``words`` its words, ``pairs`` its pairs of Chinese characters."""

    plain: str
    words: frozenset[str]
    pairs: frozenset[str]


@lru_cache(maxsize=20_000)
def spelled(header: str) -> Spelled:
    """Take a header apart; what stands in brackets is an aside, unless nothing else is there."""
    bare = _ASIDE.sub(" ", header)
    name = _HUMP.sub(" ", bare if normal(bare) else header)
    known = normal(name)
    words = [_stem(word) for word in _WORD.findall(known) if not _CHINESE.search(word)]
    chinese = "".join(_CHINESE.findall(known))
    pairs = {chinese[place : place + 2] for place in range(len(chinese) - 1)} or ({chinese} if chinese else set())
    return Spelled("".join(_WORD.findall(known)), frozenset(words), frozenset(pairs))


def likeness(first: str, second: str) -> float:
    """Return how alike two headers are: 1 for the same name, 0 for nothing in common."""
    return alike(spelled(first), spelled(second))


def alike(one: Spelled, other: Spelled) -> float:
    """Return how alike two headers are that were taken apart."""
    if one.plain == other.plain:
        return 1.0 if one.plain else 0.0
    if one.pairs and other.pairs:
        return _of_pairs(one, other)
    if not one.words or not other.words:
        return 0.0
    if one.words == other.words:
        return 0.97
    both = _weight(one.words & other.words)
    score = 0.95 * 2 * both / (_weight(one.words) + _weight(other.words)) if both else 0.0
    if score < ALIKE and abs(len(one.plain) - len(other.plain)) <= 2 and len(one.plain) >= 5 and one.plain[0] == other.plain[0]:
        close = SequenceMatcher(None, one.plain, other.plain).ratio()
        score = max(score, 0.9 * close) if close >= 0.84 else score
    return score


def renames(lacking: Sequence[str], unknown: Iterable[str]) -> dict[str, str]:
    """Return which of the unknown headers is likely the new name of which lacking one, each used once."""
    pairs = sorted(((likeness(old, new), place, old, new) for place, old in enumerate(lacking) for new in unknown), key=lambda pair: (-pair[0], pair[1]))
    found: dict[str, str] = {}
    for score, _, old, new in pairs:
        if score >= 0.5 and old not in found and new not in found.values():
            found[old] = new
    return found


def _of_pairs(one: Spelled, other: Spelled) -> float:
    both = len(one.pairs & other.pairs)
    if not both:
        return 0.0
    score = 0.95 * 2 * both / (len(one.pairs) + len(other.pairs))
    if one.words and other.words and not one.words & other.words:
        score *= 0.8
    return score


@lru_cache(maxsize=20_000)
def _weight(words: frozenset[str]) -> float:
    return sum(0.35 if word in _LIGHT else 0.6 if word in _MIDDLING else 1.0 for word in words)


def _stem(word: str) -> str:
    word = _SAME.get(word, word)
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    return _SAME.get(word, word)
