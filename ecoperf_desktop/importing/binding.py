"""Which columns of a file a format takes, and how well the two fit."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ecoperf_desktop.importing.descriptor import ColumnRule, Format, normal, numbered


@dataclass(frozen=True)
class Bound:
    """The columns of one table that a format takes.

    ``places`` gives each value's column its place in the header and its rule.  ``lacking``
    are the required columns no header answers to, as the format writes them; ``unmapped``
    the headers nobody takes; ``currency`` what a header says.
    """

    header: tuple[str, ...]
    places: Mapping[str, tuple[int, ColumnRule]]
    lacking: tuple[str, ...]
    unmapped: tuple[str, ...]
    currency: str | None

    @property
    def headers(self) -> dict[str, str]:
        """Return the header of each value, dates under the names of the values they make too."""
        shown = {}
        for field, (place, rule) in self.places.items():
            shown[field] = self.header[place]
            shown.update(dict.fromkeys(rule.produces, self.header[place]))
        return shown


def bind(form: Format, header: Sequence[str]) -> Bound:
    """Give each column of the format the first header that answers to it."""
    names = numbered(header)
    place_of: dict[str, int] = {}
    for place, name in enumerate(names):
        place_of.setdefault(name, place)
    places: dict[str, tuple[int, ColumnRule]] = {}
    taken: set[int] = set()
    currency: str | None = None
    for rule in form.columns:
        if rule.field in places:
            continue
        found_at = _place(rule, header, place_of, taken)
        if found_at is None:
            continue
        places[rule.field] = (found_at, rule)
        taken.add(found_at)
        found = _currency(rule, header[found_at])
        currency = currency or found
    required = {rule.field: rule for rule in reversed(form.columns) if rule.required}
    lacking = tuple(rule.shown for field, rule in required.items() if field not in places)
    unmapped = tuple(name for place, name in enumerate(header) if place not in taken and name.strip())
    return Bound(tuple(header), places, lacking, unmapped, currency)


def _place(rule: ColumnRule, header: Sequence[str], place_of: Mapping[str, int], taken: set[int]) -> int | None:
    if rule.position is not None:
        return rule.position - 1 if rule.position <= len(header) else None
    for alias in rule.aliases:
        place = place_of.get(alias)
        if place is not None and place not in taken:
            return place
    for path in rule.paths:
        place = place_of.get(normal(".".join(path)))
        if place is not None and place not in taken:
            return place
    if rule.match is not None:
        for place, name in enumerate(header):
            if place not in taken and _matched(rule.match, name):
                return place
    return None


def _matched(pattern: re.Pattern[str], header: str) -> re.Match[str] | None:
    """Return where the pattern matches a header as it stands, else one in full-width forms."""
    spaced = " ".join(header.split())
    found = pattern.search(spaced)
    if found is None and not spaced.isascii():
        found = pattern.search(" ".join(unicodedata.normalize("NFKC", header).split()))
    return found


def _currency(rule: ColumnRule, header: str) -> str | None:
    if rule.match is None or "currency" not in rule.match.groupindex:
        return None
    match = _matched(rule.match, header)
    return None if match is None else iso_currency(match["currency"])


_SIGNS = {
    "€": "EUR", "£": "GBP", "￥": "CNY", "元": "CNY", "人民币": "CNY", "rmb": "CNY", "cn¥": "CNY", "us$": "USD", "hk$": "HKD", "a$": "AUD",
    "ca$": "CAD", "c$": "CAD", "s$": "SGD", "nt$": "TWD", "r$": "BRL", "mx$": "MXN", "nz$": "NZD", "jp¥": "JPY", "₩": "KRW", "₹": "INR",
    "₽": "RUB", "₺": "TRY", "zł": "PLN", "kč": "CZK", "฿": "THB", "₫": "VND", "₱": "PHP", "₴": "UAH", "₪": "ILS", "chf": "CHF",
    "美元": "USD", "欧元": "EUR", "英镑": "GBP", "日元": "JPY", "港币": "HKD", "港元": "HKD", "澳元": "AUD", "加元": "CAD", "韩元": "KRW",
    "新加坡元": "SGD", "瑞士法郎": "CHF", "新台币": "TWD",
}


def iso_currency(text: str | None) -> str | None:
    """Return the ISO 4217 code that a currency's name or sign means, None when it does not say."""
    word = (text or "").strip()
    if re.fullmatch(r"[A-Za-z]{3}", word) and word.casefold() != "rmb":
        return word.upper()
    return _SIGNS.get(word.casefold())
