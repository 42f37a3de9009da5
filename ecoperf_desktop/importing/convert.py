"""Whole columns of text into whole columns of values; what cannot be read is named by a mask, never guessed.

Every converter returns the column and a mask of the cells that hold something it could not
read.  An empty cell, or one of the words for nothing, is missing and not bad.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ecoperf_desktop.errors import FileRefused
from ecoperf_desktop.importing import limits
from ecoperf_desktop.importing.text import Bool, Cells, Int64, Word, recoded, unguarded
from ecoperf_desktop.importing.times import DateOrder as DateOrder
from ecoperf_desktop.importing.times import day as day
from ecoperf_desktop.importing.times import duration as duration
from ecoperf_desktop.importing.times import moment as moment
from ecoperf_desktop.importing.times import undecided_order as undecided_order
from ecoperf_desktop.model.columns import Coded, Numbers, Reals
from ecoperf_desktop.model.money import exponent

Mark = Literal[".", ","]

# What numbers and dates write for "nothing here".  Text is only missing when it is empty: NA is a country.
NOTHING = frozenset(
    (
        "",
        "-",
        "--",
        "- -",
        "—",
        "–",
        "——",
        "N/A",
        "n/a",
        "NA",
        "#N/A",
        "nan",
        "NaN",
        "null",
        "NULL",
        "None",
        "none",
        "无",
        "暂无",
        "not stocked",
        "(not set)",
        "#DIV/0!",
        "#VALUE!",
        "#REF!",
        "#NUM!",
        "#NAME?",
    )
)

_POWERS = 10 ** np.arange(19, dtype=np.int64)
_MOST = np.int64(9_223_372_036_854_775_807)


# ---------------------------------------------------------------- numbers


@dataclass(frozen=True)
class Scaled:
    """Exact decimal numbers: ``values[i] / 10 ** decimals[i]``, every decimal of the text kept."""

    values: Int64
    decimals: NDArray[np.int8]
    missing: Bool | None = None

    def __len__(self) -> int:
        return len(self.values)

    def rounded(self, decimals: int) -> tuple[Int64, Bool]:
        """Return the numbers in units of ``10 ** -decimals``, rounded half up (away from zero), and which do not fit."""
        shift = decimals - self.decimals.astype(np.int64)
        least, most = (int(shift.min()), int(shift.max())) if len(shift) else (0, 0)
        none = np.zeros(len(self.values), np.bool_)
        if least == most == 0:
            return self.values, none
        up = np.clip(shift, 0, 18)
        power = _POWERS.take(up)
        too_big = np.abs(self.values) > _MOST // power
        values = np.where(too_big, 0, self.values) * power
        if least < 0:
            down = _POWERS.take(np.clip(-shift, 0, 18))
            whole, rest = np.divmod(np.abs(values), down)
            whole += rest * 2 >= down
            values = np.where(values < 0, -whole, whole)
        if most > 18:
            too_big |= (shift > 18) & (self.values != 0)
        return values, too_big


class DecimalMark:
    """Decides once for a column, from all of its values, whether ``.`` or ``,`` is the decimal mark.

    Show it every block of the column (``look``).  ``mark`` is the answer, None while values speak for both or
    for neither; ``matters`` tells whether any value would be another number under the other mark.
    """

    def __init__(self) -> None:
        self._points = False  # a value that only makes sense with a decimal point
        self._commas = False
        self._lone: set[str] = set()  # marks that stand once, with three digits behind them
        self._uneven: set[str] = set()  # those of them whose three digits are not 000
        self.matters = False

    def look(self, cells: Cells) -> None:
        """Take the values of ``cells`` into account."""
        if not len(cells):
            return
        point, comma = ord("."), ord(",")
        span = cells.buffer[int(cells.start.min()) : int(cells.end.max())]
        if not ((span == point).any() or (span == comma).any()):
            return
        value, decimals, read = _plain(cells, ".")
        with_decimals = read & (decimals > 0)
        if with_decimals.any():
            self.matters = True
            self._points |= bool((decimals[with_decimals] != 3).any())
        unread = np.flatnonzero((~read | (decimals == 3)) & ~cells.empty)
        if not len(unread):
            return
        others = cells.take(unread)
        _, first = others.distinct()
        for text in others.texts(first):
            self._weigh(text)

    @property
    def mark(self) -> Mark | None:
        if self._points == self._commas:
            return None if self.matters else "."
        return "." if self._points else ","

    @property
    def lone(self) -> frozenset[str]:
        """Return the marks that stand once in a value with three digits behind them: thousands or decimals."""
        return frozenset(self._lone)

    @property
    def mark_of_whole(self) -> Mark | None:
        """Return the mark of a column known to hold whole numbers: whatever stands in it groups thousands."""
        if self.mark is not None or len(self._lone) != 1 or self.contradictory:
            return self.mark
        return "," if self._lone == {"."} else "."

    @property
    def mark_of_integer(self) -> Mark | None:
        """Return the mark of a column of whole numbers: what would leave a fraction, as in 1,051, groups thousands."""
        if self.mark is not None or len(self._uneven) != 1 or self.contradictory:
            return self.mark
        return "," if self._uneven == {"."} else "."

    @property
    def contradictory(self) -> bool:
        """Return whether some values need a point and others a comma."""
        return self._points and self._commas

    def _weigh(self, text: str) -> None:
        digits = re.sub(r"[^0-9.,]", "", text).strip(".,") if re.search(r"\d", text) else ""
        marks = [sign for sign in digits if sign in ".,"]
        if not marks:
            return
        if "." in marks and "," in marks:
            self.matters = True
            if marks.count(marks[-1]) == 1:
                self._speak_for(marks[-1])
            return
        sign = marks[0]
        if len(marks) > 1:
            # The same mark twice groups thousands, so the other one is decimal.
            if all(len(group) == 3 for group in digits.split(sign)[1:]):
                self.matters = True
                self._speak_for("," if sign == "." else ".")
            return
        before, behind = digits.split(sign)
        self.matters = True
        if len(behind) != 3 or len(before) > 3 or (before.startswith("0")):
            self._speak_for(sign)
        else:
            self._lone.add(sign)
            if behind != "000":
                self._uneven.add(sign)

    def _speak_for(self, sign: str) -> None:
        if sign == ".":
            self._points = True
        else:
            self._commas = True


def undecided_decimal(column: str, file: str) -> FileRefused:
    """Return the refusal of a file in which nothing decides a column's decimal mark."""
    return FileRefused("reading.decimal_undecided", column=column, file=file)


def numbers(
    cells: Cells,
    *,
    mark: Mark = ".",
    nothing: Collection[str] = NOTHING,
    units: Sequence[str] = (),
    percent: bool = False,
) -> tuple[Scaled, Bool]:
    """Read decimal numbers exactly.

    Understood besides plain ones: thousands (the other mark, blanks, apostrophes), currency signs and
    codes, ``(1.00)`` and ``1.00-`` as negative, U+2212, ``1.2万``, ``3亿``, ``units`` behind the number, and,
    with ``percent``, ``12 %`` as 0.12.
    """
    values, decimals, read = _plain(cells, mark)
    missing = cells.empty
    bad = ~(read | missing)
    if bad.any():
        rows = np.flatnonzero(bad)
        others = cells.take(rows)
        codes, first = others.distinct()
        found: list[tuple[int, int, int]] = [
            _scaled_text(text, mark, nothing, units, percent) for text in others.texts(first)
        ]
        table = np.array(found, np.int64).reshape(-1, 3)
        values[rows] = table[:, 0].take(codes)
        decimals[rows] = table[:, 1].take(codes)
        kinds = table[:, 2].take(codes)
        missing = missing.copy()
        missing[rows] = kinds == _MISSING
        bad[rows] = kinds == _BAD
    missing = missing | bad
    if missing.any():
        values[missing] = 0
        decimals[missing] = 0
        return Scaled(values, decimals, missing), bad
    return Scaled(values, decimals, None), bad


def integer(
    cells: Cells, *, mark: Mark = ".", nothing: Collection[str] = NOTHING, units: Sequence[str] = ()
) -> tuple[Numbers, Bool]:
    """Read whole numbers; ``3.0`` is 3 and ``3.5`` is bad."""
    scaled, bad = numbers(cells, mark=mark, nothing=nothing, units=units)
    if not scaled.decimals.any():
        return Numbers(scaled.values, scaled.missing), bad
    power = _POWERS.take(scaled.decimals)
    whole, rest = np.divmod(scaled.values, power)
    broken = rest != 0
    if broken.any():
        bad = bad | broken
        whole = np.where(broken, 0, whole)
    return Numbers(whole, _also_missing(scaled.missing, broken)), bad


def money(
    cells: Cells,
    currency: str,
    *,
    mark: Mark = ".",
    fine: int = 0,
    nothing: Collection[str] = NOTHING,
    units: Sequence[str] = (),
) -> tuple[Numbers, Bool]:
    """Read amounts as minor units of ``currency``, rounded half up once.

    ``fine`` asks for more decimals behind them.
    """
    scaled, bad = numbers(cells, mark=mark, nothing=nothing, units=units)
    values, too_big = scaled.rounded(exponent(currency) + fine)
    too_big |= np.abs(values) >= limits.MONEY_MINOR * 10**fine
    if too_big.any():
        bad = bad | too_big
        values = np.where(too_big, 0, values)
    return Numbers(values, _also_missing(scaled.missing, too_big)), bad


def product_money(price: Scaled, quantity: Numbers, currency: str, *, fine: int = 0) -> tuple[Numbers, Bool]:
    """Return price times quantity in minor units, rounded half up once; missing where either is."""
    counts = quantity.values
    near = np.abs(price.values.astype(np.float64)) * np.abs(counts.astype(np.float64))
    wide = near > 4e18
    values = np.where(wide, 0, price.values) * counts
    amounts, too_big = Scaled(values, price.decimals).rounded(exponent(currency) + fine)
    if wide.any():
        amounts = amounts.copy()
        scale = exponent(currency) + fine
        for row in np.flatnonzero(wide).tolist():
            exact = Fraction(
                int(price.values[row]) * int(counts[row]) * 10**scale, 10 ** int(price.decimals[row])
            )
            amount = (abs(exact) * 2 + 1) // 2
            too_big[row] = amount > int(_MOST)
            amounts[row] = 0 if too_big[row] else int(amount) * (-1 if exact < 0 else 1)
    too_big |= np.abs(amounts) >= limits.MONEY_MINOR * 10**fine
    missing = _also_missing(_also_missing(price.missing, quantity.missing), too_big)
    return Numbers(np.where(too_big, 0, amounts), missing), too_big


def real(
    cells: Cells, *, mark: Mark = ".", nothing: Collection[str] = NOTHING, units: Sequence[str] = ()
) -> tuple[Reals, Bool]:
    """Read floating numbers."""
    scaled, bad = numbers(cells, mark=mark, nothing=nothing, units=units)
    return Reals(scaled.values / (10.0 ** scaled.decimals.astype(np.float64)), scaled.missing), bad


def ratio(
    cells: Cells, *, mark: Mark = ".", nothing: Collection[str] = NOTHING, in_percent: bool = False
) -> tuple[Reals, Bool]:
    """Read fractions: ``45 %`` is 0.45.

    A number without the sign is taken as it is, or as percent with ``in_percent``.
    """
    if in_percent:
        scaled, bad = numbers(cells, mark=mark, nothing=nothing, units=("%", "％"))
        return Reals(scaled.values / (10.0 ** (scaled.decimals.astype(np.float64) + 2)), scaled.missing), bad
    scaled, bad = numbers(cells, mark=mark, nothing=nothing, percent=True)
    return Reals(scaled.values / (10.0 ** scaled.decimals.astype(np.float64)), scaled.missing), bad


_READ, _MISSING, _BAD = 0, 1, 2

_CURRENCY = re.compile(
    r"(?:US|CA|A|AU|HK|NT|S|NZ|R|MX|C)?\$|[€£¥￥₩₹₽₺₴₫฿₱₪]|zł|Kč|kr\.?|RM|Rp|CN¥|JP¥|元|圆|人民币"
    r"|\b(?:USD|EUR|GBP|CNY|RMB|JPY|HKD|TWD|KRW|SGD|AUD|CAD|NZD|CHF|SEK|NOK|DKK|PLN|CZK|HUF|RON|BGN|TRY|RUB|UAH|INR|IDR|MYR|THB|VND|PHP"
    r"|BRL|MXN|ARS|CLP|COP|PEN|ZAR|AED|SAR|EGP|ILS|NGN|KES|KWD|BHD|ISK)\b"
)
_UNITS = re.compile(r"(?:件|个|單|单|笔|次|人|位|张|份|pcs|units?)$", re.IGNORECASE)
_BLANKS = dict.fromkeys(map(ord, " \u00a0\u202f\u2009\u2007\u3000\t"), " ")
_FULL_WIDTH = {
    ord(wide): plain
    for wide, plain in zip("０１２３４５６７８９．，－＋％（）", "0123456789.,-+%()", strict=True)
}
_SCIENTIFIC = re.compile(r"[+-]?\d+(?:[.,]\d+)?[eE][+-]?\d{1,2}")
_GROUPED = {
    ".": re.compile(r"(?:\d+|\d{1,3}(?:([,' ’])\d{3})(?:\1\d{3})*|\d{1,2}(?:,\d{2})+,\d{3})?(?:\.(\d*))?"),
    ",": re.compile(r"(?:\d+|\d{1,3}(?:([.' ’])\d{3})(?:\1\d{3})*)?(?:,(\d*))?"),
}


def _scaled_text(
    text: str, mark: Mark, nothing: Collection[str], units: Sequence[str], percent: bool
) -> tuple[int, int, int]:
    """Return value, decimals and whether the text is read, missing or bad."""
    bare = unguarded(text)
    if bare in nothing:
        return 0, 0, _MISSING
    number = decimal_of(bare, mark, units=units, percent=percent)
    if number is None:
        return 0, 0, _BAD
    sign, digits, power = number.as_tuple()
    if not isinstance(power, int):
        return 0, 0, _BAD
    value = int("".join(map(str, digits)) or "0")
    while power < -18 and value % 10 == 0 and value:
        value, power = value // 10, power + 1
    if power > 0:
        value, power = value * 10 ** min(power, 40), 0
    if power < -18 or value > int(_MOST):
        return 0, 0, _BAD
    return -value if sign else value, -power, _READ


def decimal_of(
    text: str, mark: Mark = ".", *, units: Sequence[str] = (), percent: bool = False
) -> Decimal | None:
    """Return the number that ``text`` writes, None when it is none."""
    bare = text.translate(_BLANKS).translate(_FULL_WIDTH).strip().replace("\u2212", "-").replace("–", "-")
    negative = False
    if bare.startswith("(") and bare.endswith(")"):
        negative, bare = True, bare[1:-1].strip()
    for unit in units:
        bare = bare.removesuffix(unit).rstrip()
    scale = Decimal(1)
    if bare.endswith("%"):
        if not percent:
            return None
        bare, scale = bare[:-1].rstrip(), Decimal("0.01")
    bare, signs = _CURRENCY.subn("", bare, count=1)
    bare = _UNITS.sub("", bare.strip()).rstrip()
    for word, factor in (("万亿", 10**12), ("亿", 10**8), ("億", 10**8), ("万", 10**4), ("萬", 10**4)):
        if bare.endswith(word):
            bare, scale = bare[: -len(word)].rstrip(), scale * factor
            break
    if bare.endswith("-"):
        negative, bare = not negative, bare[:-1].rstrip()
    if bare[:1] in ("-", "+"):
        negative, bare = negative != (bare[0] == "-"), bare[1:].lstrip()
    if _SCIENTIFIC.fullmatch(bare):
        try:
            number = Decimal(bare.replace(mark, "."))
        except InvalidOperation:
            return None
        return (-number if negative else number) * scale
    match = _GROUPED[mark].fullmatch(bare)
    if match is None or not any(sign.isdigit() for sign in bare) or not bare.isascii() and "’" not in bare:
        return None
    whole = bare.split(mark)[0] if mark in bare else bare
    plain = re.sub(r"\D", "", whole) or "0"
    decimals = match[2] or ""
    number = Decimal(f"{plain}.{decimals}" if decimals else plain)
    return (-number if negative else number) * scale


_ZEROS = np.uint64(0x3030_3030_3030_3030)
_HIGH = np.uint64(0x8080_8080_8080_8080)
_ONES = np.uint64(0x0101_0101_0101_0101)
_TEN_UP = np.uint64(0x7676_7676_7676_7676)
_BELOW = np.array([(1 << (8 * n)) - 1 for n in range(8)] + [0xFFFF_FFFF_FFFF_FFFF], dtype=np.uint64)


def _plain(cells: Cells, mark: Mark) -> tuple[Int64, NDArray[np.int8], Bool]:
    """Return value, decimals and whether it was read, for digits with at most a sign and one decimal mark."""
    count = len(cells)
    if not count:
        return np.empty(0, np.int64), np.empty(0, np.int8), np.empty(0, np.bool_)
    ready = cells.readable()
    first = ready.buffer.take(ready.start)
    negative = first == 45
    start = ready.start
    signed = negative | (first == 43)
    if signed.any():
        start = start + signed
    lengths = ready.end - start
    longer = lengths > 8
    if not longer.any():
        values, decimals, read = _plain_short(ready, start, lengths, mark)
    elif longer.all():
        values, decimals, read = _plain_long(ready, start, lengths, mark)
    else:
        values, decimals, read = _plain_short(ready, start, np.minimum(lengths, 8), mark)
        rows = np.flatnonzero(longer)
        part = Cells(ready.buffer, start[rows], ready.end[rows])
        values[rows], decimals[rows], read[rows] = _plain_long(part, part.start, lengths[rows], mark)
    if negative.any():
        np.negative(values, out=values, where=negative)
    return values, decimals, read


def _plain_short(
    cells: Cells, start: Int64, lengths: Int64, mark: Mark
) -> tuple[Int64, NDArray[np.int8], Bool]:
    """Read up to eight characters at once, held in one 64-bit number with the last character highest."""
    missing = _BELOW.take(8 - np.maximum(lengths, 0))
    word: Word = Cells(cells.buffer, cells.end - 8, cells.end).last_word()
    word = (word & ~missing) | (_ZEROS & missing)
    marks = word ^ (_ONES * np.uint64(ord(mark)))
    marks = (marks - _ONES) & ~marks & _HIGH
    has_mark = marks != 0
    decimals = np.zeros(len(word), np.int8)
    if has_mark.any():
        # The lowest byte that is the mark; the digits below it move up by one and close the gap.
        lowest = (marks & (~marks + np.uint64(1))) >> np.uint64(7)
        below = lowest - np.uint64(1)
        through = (lowest << np.uint64(8)) - np.uint64(1)
        closed = (word & ~through) | ((word & below) << np.uint64(8)) | np.uint64(0x30)
        word = np.where(has_mark, closed, word)
        places = np.bitwise_count(below) >> 3
        decimals = np.where(has_mark, 7 - places.astype(np.int8), 0).astype(np.int8)
    digits = word - _ZEROS
    read = ((digits | (digits + _TEN_UP)) & _HIGH) == 0
    read &= lengths > has_mark
    digits = digits * np.uint64(10) + (digits >> np.uint64(8))
    pairs = np.uint64(0x0000_00FF_0000_00FF)
    high = (digits & pairs) * np.uint64(0x000F_4240_0000_0064)
    low = ((digits >> np.uint64(16)) & pairs) * np.uint64(0x0000_2710_0000_0001)
    return ((high + low) >> np.uint64(32)).astype(np.int64), decimals, read


def _plain_long(
    cells: Cells, start: Int64, lengths: Int64, mark: Mark
) -> tuple[Int64, NDArray[np.int8], Bool]:
    """Read up to 19 characters, one place after the other."""
    count = len(lengths)
    values = np.zeros(count, np.int64)
    decimals = np.zeros(count, np.int8)
    seen = np.zeros(count, np.bool_)
    read = lengths <= 19
    most = int(lengths[read].max()) if read.any() else 0
    for place in range(most):
        inside = place < lengths
        byte = cells.buffer.take(start + place, mode="clip")
        digit = byte - np.uint8(48)
        is_digit = (digit <= 9) & inside & read
        is_mark = (byte == ord(mark)) & inside & ~seen
        values = np.where(is_digit, values * 10 + digit, values)
        decimals += is_digit & seen
        seen |= is_mark
        read &= is_digit | is_mark | ~inside
    read &= lengths - seen <= 18
    return np.where(read, values, 0), np.where(read, decimals, 0).astype(np.int8), read


def _also_missing(missing: Bool | None, more: Bool | None) -> Bool | None:
    if more is None or not more.any():
        return missing
    return more.copy() if missing is None else missing | more


# ---------------------------------------------------------------- text


def text(cells: Cells, *, nothing: Collection[str] = ("",), guards: bool = True) -> tuple[Coded, Bool]:
    """Read text, each distinct one once; ``guards`` takes off what is around it to keep it text."""
    codes, first = cells.distinct()
    words = cells.texts(first)
    return _coded(cells.take(first), codes, words, nothing, guards), np.zeros(len(cells), np.bool_)


def identifier(
    cells: Cells, *, nothing: Collection[str] = ("", "-", "--"), strip_point_zero: bool = False
) -> tuple[Coded, Bool]:
    """Read ids as they stand, leading zeros kept.

    Bad are those a spreadsheet has damaged (``2.026E+27``): their digits are gone and two orders could become one.
    ``strip_point_zero`` takes the ``.0`` off that tools put behind whole numbers.
    """
    codes, first = cells.distinct()
    shown = cells.take(first)
    if strip_point_zero:
        shown, codes = _without_point_zero(shown, codes)
    words = shown.texts()
    coded = _coded(shown, codes, words, nothing, True)
    damaged = np.zeros(len(cells), np.bool_)
    suspects = np.flatnonzero(_may_be_damaged(shown))
    broken = [place for place in suspects.tolist() if is_damaged_id(unguarded(words[place]))]
    if broken:
        table = np.zeros(len(words), np.bool_)
        table[broken] = True
        damaged = table.take(codes)
        coded = Coded(np.where(damaged, np.int32(-1), coded.codes), coded.words)
    return coded, damaged


_DAMAGED = re.compile(r"[+-]?\d(?:[.,]\d+)?[eE]\+?\d{1,3}")


def is_damaged_id(text: str) -> bool:
    """Return whether ``text`` is what a spreadsheet makes of a long number: ``1.23457E+15``."""
    return bool(_DAMAGED.fullmatch(text)) and ("+" in text or "." in text or "," in text)


def _may_be_damaged(cells: Cells) -> Bool:
    """Return which cells have a plus or an E near their end, cheaply."""
    found = np.zeros(len(cells), np.bool_)
    for back in (2, 3, 4, 5):
        byte = cells.buffer.take(cells.end - back, mode="clip")
        found |= (byte == 43) | (byte == 69) | (byte == 101)
    return found & (cells.lengths >= 4)


def _without_point_zero(shown: Cells, codes: NDArray[np.int32]) -> tuple[Cells, NDArray[np.int32]]:
    """Return the distinct cells without the ``.0`` behind whole numbers, and the codes joined where two become one."""
    tails = (shown.buffer.take(shown.end - 1, mode="clip") == 48) & (
        shown.buffer.take(shown.end - 2, mode="clip") == 46
    )
    tails &= shown.lengths > 2
    rows = np.flatnonzero(tails)
    if not len(rows):
        return shown, codes
    bare = Cells(shown.buffer, shown.start[rows], shown.end[rows] - 2)
    _, decimals, read = _plain(bare, ".")
    end = shown.end.copy()
    end[rows[read & (decimals == 0)]] -= 2
    shorter = Cells(shown.buffer, shown.start, end)
    joined, first = shorter.distinct()
    return shorter.take(first), joined.take(codes)


# First and last bytes of what may have to be taken off: ASCII blanks, = ' ` and the lead bytes of NBSP,
# narrow blanks, U+3000, BOM.
_GUARD_FIRST = np.zeros(256, np.bool_)
_GUARD_FIRST[[*range(33), 0x27, 0x3D, 0x60, 0xC2, 0xE2, 0xE3, 0xEF]] = True
_GUARD_LAST = np.zeros(256, np.bool_)
_GUARD_LAST[[*range(33), 0xA0, 0xAF, 0x87, 0x80, 0xBF, 0x8B]] = True


def _coded(
    shown: Cells, codes: NDArray[np.int32], words: list[str], nothing: Collection[str], guards: bool
) -> Coded:
    """Return the column of ``words`` after unguarding and without the words for nothing.

    Only suspects are looked at.
    """
    if not words:
        return Coded(codes, words)
    changed: dict[int, str | None] = {}
    if guards:
        first = shown.buffer.take(shown.start, mode="clip")
        last = shown.buffer.take(shown.end - 1, mode="clip")
        for place in np.flatnonzero(_GUARD_FIRST.take(first) | _GUARD_LAST.take(last)).tolist():
            bare = unguarded(words[place])
            if bare != words[place]:
                changed[place] = None if bare in nothing else bare
    for word in nothing:
        for place in np.flatnonzero(shown.equal(word)).tolist():
            changed[place] = None
    if not changed:
        return Coded(codes, words)
    kept = [word for place, word in enumerate(words) if place not in changed]
    table = np.full(len(words), -1, np.int32)
    untouched = np.ones(len(words), np.bool_)
    untouched[list(changed)] = False
    table[untouched] = np.arange(len(kept), dtype=np.int32)
    if any(new is not None for new in changed.values()):
        known = {word: place for place, word in enumerate(kept)}
        for place, new in changed.items():
            if new is not None:
                table[place] = known.setdefault(new, len(known))
        kept = list(known)
    return Coded(table.take(codes), kept)


def mapped(coded: Coded, change: Callable[[str], str | None]) -> Coded:
    """Return the column after ``change`` of each distinct word; None is missing."""
    codes, words = recoded(coded.codes, coded.words, change)
    return Coded(codes, words)


def enum(
    cells: Cells,
    values: Mapping[str, str],
    *,
    other: Literal["keep", "reject"] = "reject",
    nothing: Collection[str] = ("",),
) -> tuple[Coded, Bool]:
    """Read words of a fixed set and say ours for them; matching ignores case, width and blanks around.

    With ``other="keep"`` unknown words stay as they are, otherwise they are bad.  A word
    mapped to the empty text is missing; ``values`` may map the empty text itself.
    """
    plain = {folded(word): value for word, value in values.items()}
    column, _ = text(cells, nothing=() if "" in plain else nothing)
    unknown: set[int] = set()

    def ours(word: str) -> str | None:
        key = folded(word)
        if key in plain:
            return plain[key] or None
        if word in nothing:
            return None
        return word if other == "keep" else None

    if other == "reject":
        unknown = {
            place
            for place, word in enumerate(column.words)
            if folded(word) not in plain and word not in nothing
        }
    bad = np.zeros(len(cells), np.bool_)
    if unknown:
        table = np.zeros(len(column.words) + 1, np.bool_)
        table[list(unknown)] = True
        bad = table.take(column.codes, mode="wrap")
    return mapped(column, ours), bad


YES = frozenset(("true", "yes", "y", "t", "1", "on", "是", "有", "已", "√", "✓", "ja", "oui", "si", "sí"))
NO = frozenset(("false", "no", "n", "f", "0", "off", "否", "无", "未", "×", "✗", "nein", "non"))


def flag(
    cells: Cells,
    *,
    yes: Collection[str] = YES,
    no: Collection[str] = NO,
    nothing: Collection[str] = ("", "-", "--", "N/A", "null"),
) -> tuple[Numbers, Bool]:
    """Read yes and no as 1 and 0."""
    plain_yes, plain_no = {folded(word) for word in yes}, {folded(word) for word in no}
    codes, first = cells.distinct()
    kinds = []
    for word in map(unguarded, cells.texts(first)):
        key = folded(word)
        kinds.append(1 if key in plain_yes else 0 if key in plain_no else -1 if word in nothing else -2)
    found = np.array(kinds, np.int64).take(codes) if kinds else np.empty(0, np.int64)
    missing = found < 0
    return Numbers(np.maximum(found, 0), missing if missing.any() else None), found == -2


def folded(word: str) -> str:
    """Return ``word`` for comparing: compatibility forms joined, case folded, blanks collapsed."""
    import unicodedata

    return " ".join(unicodedata.normalize("NFKC", word).casefold().split())


def hashed(
    cells: Cells, secret: bytes, *, nothing: Collection[str] = ("", "-", "--", "null"), fold: bool = True
) -> tuple[Coded, Bool]:
    """Read personal ids and keep only a keyed hash of each (128 bits, hexadecimal).

    ``fold`` ignores case, so that one e-mail address written in two ways is one buyer.
    """
    column, bad = text(cells, nothing=nothing)
    key = secret if len(secret) <= 64 else hashlib.sha256(secret).digest()

    def hidden(word: str) -> str:
        return hashlib.blake2b((folded(word) if fold else word).encode(), digest_size=16, key=key).hexdigest()

    return mapped(column, hidden), bad
