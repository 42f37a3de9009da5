"""What the first values of a column say about what it can be: dates, amounts, whole numbers, ids, closed lists, people's own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ecoperf_desktop.importing import times
from ecoperf_desktop.importing.binding import iso_currency
from ecoperf_desktop.importing.convert import folded
from ecoperf_desktop.importing.text import Cells, unguarded

_NOTHING = frozenset({"", "-", "--", "—", "n/a", "na", "nan", "null", "none", "#n/a", "nat", "\\n"})
_NUMBER = re.compile(r"\(?[-+]?\s?(\d{1,3}([,. \u00a0'’]\d{3})+|\d+)([.,]\d+)?\)?")
_WHOLE = re.compile(r"[-+]?(\d{1,3}([, ]\d{3})+|\d+)(\.0+)?")
_CODES = "CNY|RMB|USD|EUR|GBP|JPY|HKD|TWD|AUD|CAD|SGD|KRW|INR|BRL|MXN|CHF|SEK|NOK|DKK|PLN|CZK|TRY|THB|VND|PHP|MYR|IDR|ZAR|AED|SAR|ILS|NZD"
_CURRENCY_AROUND = re.compile(rf"^({_CODES}|[A-Z]{{0,2}}[$€£¥￥₹₩])\s?|\s?({_CODES}|[€£¥￥$]|元|zł|kr)$")
_DURATION = re.compile(r"(\d+[:：]\d\d([:：]\d\d)?|(\d+\s?(h|m|s|min|sec|小时|时|分钟|分|秒)\s?)+)", re.IGNORECASE)
_MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}")
_PHONE = re.compile(r"(\+\d[\d\s().-]{7,17}\d|1[3-9][\d*]{9}|\(?\d{3}\)?[-.\s]\d{3}[-.\s]\d{4})")
_CITIZEN = re.compile(r"\d{6}(19|20)\d{2}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])\d{3}[\dXx]")
_FLAGS = frozenset({"yes", "no", "true", "false", "y", "n", "t", "f", "是", "否", "0", "1"})
_ON = frozenset({"up", "ok", "success", "successful", "online", "active", "passed", "正常", "成功"})
_OFF = frozenset({"down", "fail", "failed", "failure", "error", "offline", "inactive", "timeout", "异常", "失败", "故障"})
_MOST = 0.95  # of the values have to speak for something
_CLOSED = 16  # different words, up to which a list may be a closed one
_DATED = re.compile(
    r"\s*(\d{4}\s?[-/.年]\s?\d{1,2}|\d{1,2}\s?[-/.]\s?(\d{1,2}|[A-Za-z]{3,9})\s?[-/.]\s?\d{2,4}|(19|20)\d{6}(\D|$)|[A-Za-z]{3,9}\.? \d{1,2},? \d{4}|\d{1,2} [A-Za-z]{3,9} \d{4})"
)
_ZONED = re.compile(r"(Z|UTC|GMT|[+-]\d{2}:?\d{2})$", re.IGNORECASE)
_CLOCK = re.compile(r"\d[:：]\d\d|T\d{4}")
# Tried singly, so that a draft can name the one format that reads them all.
_FORMATS = (*(name for name in times.USUAL if name != "iso"), "YYYY/MM/DD HH:mm:ss", "YYYY-MM-DD HH:mm", "YYYY-MM-DD H:mm", "DD-MM-YYYY", "iso")


@dataclass(frozen=True)
class Evidence:
    """What a column's values look like.

    ``count`` of them are not blank.  ``formats`` are those of dates that read all of them, ``order_open`` is True where
    day and month could change places.  ``words`` are the different values where these are few.
    """

    shown: tuple[str, ...] = ()
    count: int = 0
    blanks: int = 0
    different: int = 0
    is_number: bool = False
    is_whole: bool = False
    is_percent: bool = False
    is_money: bool = False
    is_duration: bool = False
    is_flag: bool = False
    is_currency: bool = False
    is_mail: bool = False
    is_phone: bool = False
    is_citizen: bool = False
    has_clock: bool = False
    is_zoned: bool = False
    order_open: bool = False
    formats: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    length: float = 0.0
    smallest: float | None = None
    largest: float | None = None

    @property
    def is_time(self) -> bool:
        return bool(self.formats)

    @property
    def is_contact(self) -> bool:
        return self.is_mail or self.is_phone

    def fits(self, kind: str) -> float:
        """Return how well the values can be cells of that type: 1 well, 0 not at all."""
        if not self.count:
            return 0.85  # an empty column speaks for nothing
        if kind in ("date", "datetime"):
            return 1.0 if self.is_time else 0.0
        if kind in ("integer", "number", "ratio", "percent", "money", "duration"):
            return self._fits_number(kind)
        if kind == "flag":
            return 1.0 if self.is_flag else 0.8 if self.on_and_off else 0.0
        if kind == "currency":
            return 1.0 if self.is_currency else 0.0
        if self.is_time:
            return 0.25
        if kind == "enum":
            return 1.0 if self.words and not self.is_number else 0.5 if not self.is_number else 0.35
        if kind == "hash":
            return 0.3 if self.is_money or (self.is_number and not self.is_whole) else 1.0
        if kind == "id":
            return 0.35 if self.length > 60 or (self.is_number and not self.is_whole) or self.is_money else 1.0
        return 0.35 if self.is_money or (self.is_number and not self.is_whole) else 0.75 if self.is_number else 1.0

    def _fits_number(self, kind: str) -> float:
        if kind == "duration" and self.is_duration:
            return 1.0
        if not self.is_number or (self.is_time and not self.is_whole):
            return 0.0
        if kind == "integer":
            return 0.9 if self.is_whole and self.is_money else 1.0 if self.is_whole else 0.1
        if kind == "ratio":
            return 1.0 if self.is_percent or (self.largest or 0) <= 1.5 else 0.4
        if self.is_percent:
            return 0.3
        return 1.0

    @property
    def on_and_off(self) -> dict[str, bool]:
        """Return what the words of an on-and-off column mean, nothing where some of them are unknown."""
        known = {word: word in _ON for word in map(folded, self.words) if word in _ON | _OFF}
        return known if known and len(known) == len({folded(word) for word in self.words}) else {}


def evidence(cells: Sequence[str]) -> Evidence:
    """Look at the first values of a column."""
    values = [bare for cell in cells if folded(bare := unguarded(cell)) not in _NOTHING]
    if not values:
        return Evidence(blanks=len(cells))
    different = list(dict.fromkeys(values))
    plain = [_CURRENCY_AROUND.sub("", value).strip() for value in values]
    number = _share(_NUMBER, [value.rstrip("% ") for value in plain])
    whole = _share(_WHOLE, values)
    formats, order_open = _time_formats(different)
    numbers = _numbers(plain) if number else []
    few = len(different) <= _CLOSED and len(different) * 2 <= len(values)
    return Evidence(
        shown=tuple(different[:5]),
        count=len(values),
        blanks=len(cells) - len(values),
        different=len(different),
        is_number=number,
        is_whole=whole,
        is_percent=number and all(value.endswith("%") for value in values),
        is_money=number and any(was != value for was, value in zip(values, plain, strict=True)),
        is_duration=_share(_DURATION, values),
        is_flag=len(different) <= 2 and {folded(value) for value in different} <= _FLAGS,
        is_currency=all(iso_currency(value) is not None for value in different) and few | (len(different) <= 3),
        is_mail=_share(_MAIL, values, 0.5),
        is_phone=not formats and _share(_PHONE, values, 0.5),
        is_citizen=_share(_CITIZEN, values, 0.5) and sum(map(_is_citizen, values)) * 2 > len(values),
        has_clock=bool(formats) and any(_CLOCK.search(value) for value in values),
        is_zoned=bool(formats) and all(_ZONED.search(value) for value in values),
        order_open=order_open,
        formats=formats,
        words=tuple(different) if few or len(different) <= 3 else (),
        length=sum(map(len, values)) / len(values),
        smallest=min(numbers, default=None),
        largest=max(numbers, default=None),
    )


def is_value(cell: str) -> bool:
    """Return whether a cell is a number, a date, a time or an address rather than a name."""
    bare = _CURRENCY_AROUND.sub("", unguarded(cell)).strip("% ")
    return bool(_NUMBER.fullmatch(bare) or _DATED.match(bare) or _DURATION.fullmatch(bare) or _MAIL.fullmatch(bare))


def _share(pattern: re.Pattern[str], values: Sequence[str], least: float = _MOST) -> bool:
    return sum(1 for value in values if pattern.fullmatch(value)) >= least * len(values)


def _numbers(values: Sequence[str]) -> list[float]:
    found = []
    for value in values:
        try:
            found.append(float(value.rstrip("% ").replace(",", "").replace(" ", "")))
        except ValueError:
            continue
    return found


def _time_formats(different: Sequence[str]) -> tuple[tuple[str, ...], bool]:
    """Return the formats that read all values, and whether both orders of day and month do."""
    tried = different[:120]
    if sum(1 for value in tried if _DATED.match(value)) < _MOST * len(tried) or max(map(len, tried)) > 40:
        return (), False
    if all(value.replace(".", "").lstrip("-").isdigit() for value in tried) and not all(_is_compact_day(value) for value in tried):
        return (), False
    cells = Cells.of(tried)
    whole = [name for name in _FORMATS if not _bad(cells, (name,)).any()]
    if whole:
        with_clock = any(_CLOCK.search(value) for value in tried)
        # The usual form is read by any format; the first that says as much as the values do is meant.
        whole = [name for name in whole if name == "iso" or ("m" in name) == with_clock] or whole
        if whole[0].startswith("YYYY") or whole[0] == "iso":
            return (whole[0],), False
        orders = {_order(name) for name in whole} - {""}
        return tuple(whole[:1]) if len(orders) < 2 else tuple(whole), len(orders) > 1
    # No one format reads all: some have seconds, some a zone.
    left, needed = np.ones(len(tried), np.bool_), []
    for name in _FORMATS:
        read = left & ~_bad(cells, (name,))
        if read.any():
            needed.append(name)
            left &= ~read
        if not left.any():
            break
    return (tuple(needed), False) if left.sum() <= (1 - _MOST) * len(tried) and len(needed) <= 3 else ((), False)


def _bad(cells: Cells, formats: Sequence[str]) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    read, bad = times.read_times(cells, formats)
    return bad if read.missing is None else bad | read.missing


def _order(name: str) -> str:
    day, month = name.find("D"), name.find("M")
    return "" if name.startswith("Y") or "MMM" in name or name == "iso" else "dmy" if day < month else "mdy"


def _is_compact_day(value: str) -> bool:
    return bool(re.fullmatch(r"(19|20)\d{2}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])", value))


def _is_citizen(value: str) -> bool:
    """Return whether the last sign of a citizen's number is the check sign of the others."""
    if not _CITIZEN.fullmatch(value):
        return False
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(int(digit) * weight for digit, weight in zip(value, weights, strict=False))
    return "10X98765432"[total % 11] == value[-1].upper()
