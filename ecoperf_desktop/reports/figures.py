"""How numbers and days are written: the only place that rounds.

Half up, U+2212 for minus, an en dash for what is missing.  A ``Form`` is chosen once for all numbers that stand
together (a column, a chart), so that they share their decimals and their unit.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from functools import cache

from ecoperf_desktop.language import sentence
from ecoperf_desktop.model.days import Bucket, Day, Grain, Period, date_of
from ecoperf_desktop.model.money import exponent
from ecoperf_desktop.model.value import Number
from ecoperf_desktop.records import dataclass

MISSING = "–"
MINUS = "−"
DAGGER = "†"

_SIGNS = {
    "AUD": "A$", "BRL": "R$", "CAD": "C$", "CNY": "¥", "EUR": "€", "GBP": "£", "HKD": "HK$", "INR": "₹",
    "JPY": "¥", "KRW": "₩", "MXN": "MX$", "NZD": "NZ$", "PHP": "₱", "SGD": "S$", "THB": "฿", "TWD": "NT$",
    "USD": "$", "VND": "₫",
}  # fmt: skip
_SHARED = {"CNY": "CN¥", "JPY": "JP¥"}


def rounded(number: Number, decimals: int = 0) -> Decimal:
    """Return ``number`` rounded half up (away from zero) to ``decimals`` places."""
    return Decimal(_units(number, 1, 1, decimals)).scaleb(-decimals)


def rounded_together(parts: Sequence[Number], total: int) -> list[int]:
    """Round ``parts`` to whole numbers that sum to ``total``, by largest remainder; ties go to the earlier part."""
    exact = [_exact(part) for part in parts]
    whole = [math.floor(part) for part in exact]
    order = sorted(range(len(exact)), key=lambda index: (whole[index] - exact[index], index))
    left = total - sum(whole)
    for turn in range(abs(left)):
        index = order[turn % len(order)] if left > 0 else order[-1 - turn % len(order)]
        whole[index] += 1 if left > 0 else -1
    return whole


def grouped(number: Decimal, *, is_signed: bool = False, before: str = "") -> str:
    """Write a rounded number with thousands separators; ``before`` stands between sign and digits."""
    digits = f"{abs(number):,f}"
    if number < 0:
        return f"{MINUS}{before}{digits}"
    return f"+{before}{digits}" if is_signed and number else f"{before}{digits}"


def currency_sign(currency: str | None, *, is_shared: bool = False) -> str:
    """Return the sign before an amount; ``is_shared`` when another currency on the page has the same one."""
    if not currency:
        return ""
    if is_shared and currency in _SHARED:
        return _SHARED[currency]
    return _SIGNS.get(currency, f"{currency} ")


@dataclass(frozen=True)
class Form:
    """How the numbers of one metric are written.

    ``kind`` is amount, rate or measured: it says whether a change is a percentage, a difference of rates or a
    difference in the unit.  ``divide`` leads from the stored number to the shown one.
    """

    kind: str
    language: str
    divide: Fraction = Fraction(1)
    decimals: int = 0
    before: str = ""
    after: str = ""
    rate_change: str = "bp"
    is_money: bool = False

    def text(self, value: Number | None) -> str:
        """Write the whole number with its unit: ``¥1,823,450``, ``2.79%``, ``3.38 s``."""
        if value is None:
            return MISSING
        divide = self.divide
        units = _units(value, divide.denominator, divide.numerator, self.decimals)
        return _written(units, self.decimals, self.before) + self.after

    def bare(self, value: Number | None) -> str:
        """Write it short and without unit, for points and axes: ``1.82M``, ``264k``, ``2.79``, ``182.3万``."""
        if value is None:
            return MISSING
        divide = self.divide
        if self.kind == "amount" and (self.is_money or self.decimals == 0):
            return _shortened(value, divide, self.language, self.decimals)
        return _written(_units(value, divide.denominator, divide.numerator, self.decimals), self.decimals)

    def short(self, value: Number | None) -> str:
        """Write it short with its unit: ``¥1.82M``, ``182.3万``, ``2.79%``."""
        if value is None:
            return MISSING
        bare = self.bare(value)
        # In Chinese 万 and 亿 already say that money of the country is meant.
        if self.before and not (self.before == "¥" and bare[-1] in "万亿"):
            bare = f"{MINUS}{self.before}{bare[1:]}" if bare.startswith(MINUS) else self.before + bare
        return bare + self.after

    def tick(self, value: float) -> str:
        """Write a mark of a scale exactly, short and without needless zeros."""
        shown = _exact(value) / self.divide
        after = "%" if self.kind == "rate" else ""
        if self.kind == "amount":
            for divide, word in _TICK_SCALES["zh" if self.language == "zh" else "en"]:
                if abs(shown) >= divide:
                    shown, after = shown / divide, word
                    break
        places = 0 if self.kind == "amount" else self.decimals
        while places < 4 and rounded(shown, places) != rounded(shown, 4):
            places += 1
        return grouped(rounded(shown, places)) + after

    def change(self, value: Number | None, earlier: Number | None) -> tuple[Number | None, str]:
        """Return how far ``value`` lies from ``earlier``, and its words.

        Amounts: the difference over the earlier one, None when that is 0 or the sign changed.  Rates: the
        difference, in basis points or percentage points.  Durations and scores: the difference in their unit.
        """
        if value is None or earlier is None:
            return None, MISSING
        now, then = _exact(value), _exact(earlier)
        if self.kind == "rate":
            return now - then, rate_difference(now - then, self.rate_change, self.language)
        if self.kind == "measured":
            return now - then, self.difference(now - then)
        if then == 0 or (now < 0) != (then < 0) and now != 0:
            return None, MISSING
        moved = (now - then) / abs(then)
        return moved, percent_change(moved, self.language)

    def difference(self, value: Number | None) -> str:
        """Write a difference in the unit itself, signed: ``+¥41,364``, ``−0.5 d``."""
        if value is None:
            return MISSING
        divide = self.divide
        units = _units(value, divide.denominator, divide.numerator, self.decimals)
        return _written(units, self.decimals, self.before, is_signed=True) + self.after


def form(
    unit: str,
    language: str,
    *,
    sample: Iterable[Number | None] = (),
    decimals: int | None = None,
    currency: str | None = None,
    rate_change: str | None = None,
    is_quotient: bool = False,
    is_shared: bool = False,
) -> Form:
    """Choose how numbers of ``unit`` are written, from the largest of ``sample``.

    ``decimals`` is the catalogue's wish.  Of a ratio they count on the fraction: from three on it is a share,
    shown in percent with two fewer; with less it is a multiple (5.9 of sales to ads).  ``is_quotient`` marks
    money per something, which keeps decimals that a sum of money does not need.
    """
    change = rate_change or ("pp" if language == "zh" else "bp")
    known = [value for value in sample if value is not None]
    largest = max((abs(float(value)) for value in known), default=0.0)
    if unit == "money":
        places = exponent(currency or "")
        divide = Fraction(10**places)
        major = largest / float(divide)
        if decimals is None:
            # In a column of prices the cheap ones decide: £3.37 beside £179.60, yet £1,560 alone.
            least = min((abs(float(value)) for value in known if value), default=0.0) / float(divide)
            if 0 < major < 10 or (is_quotient and least < 10 and major < 1000):
                decimals = places
            else:
                decimals = min(places, 1) if is_quotient and major < 1000 else 0
        sign = currency_sign(currency, is_shared=is_shared)
        return Form("amount", language, divide, decimals, sign, rate_change=change, is_money=True)
    if unit == "ratio" and decimals is not None and decimals < 3:
        unit = "times"
    if unit == "ratio":
        if decimals is not None:
            decimals -= 2
        else:
            decimals = 2 if 0 < largest < 0.05 or 0.99 <= largest < 1 else 1
        return Form("rate", language, Fraction(1, 100), decimals, after="%", rate_change=change)
    if unit in ("count", "units"):
        if decimals is None:
            decimals = 1 if largest < 100 and not all(_is_whole(value) for value in known) else 0
        return Form("amount", language, decimals=decimals, rate_change=change)
    if unit == "times":
        return Form("amount", language, decimals=2 if decimals is None else decimals, rate_change=change)
    if unit in ("ms", "seconds", "minutes", "hours", "days"):
        shown, divide, places = _clock(unit, largest, all(_is_whole(value) for value in known))
        if decimals is not None and shown == unit:
            places = decimals
        return Form("measured", language, divide, places, after=sentence(f"reports.after_{shown}", language))
    places = decimals if decimals is not None else 2 if unit in ("score", "stars") else 1
    after = sentence("reports.after_months", language) if unit == "months" else "‰" if unit == "per_1000" else ""
    return Form("measured", language, decimals=places, after=after)


def shortened(number: Number, language: str, *, decimals: int = 0) -> str:
    """Write a number with about three digits: 9.4k, 264k, 1.82M; 9,412, 26.4万, 1,260万, 1.24亿."""
    return _shortened(number, Fraction(1), language, decimals)


def percent_change(ratio: Number, language: str) -> str:
    """Write a relative change: +2.2%, −4.7%, ×12.3 beyond ±999 %."""
    thousandths = _units(ratio, 1000, 1, 0)
    if abs(thousandths) > 9_990:
        return sentence("reports.times", language, factor=_written(_units(1 + _exact(ratio), 1, 1, 1), 1))
    return _written(thousandths, 1, is_signed=True) + "%"


def rate_difference(difference: Number, unit: str, language: str) -> str:
    """Write a difference of rates: −20 bp, from ten points on −12.4 pp; as points −0.20pp."""
    hundredths = _units(difference, 10_000, 1, 0)
    is_large = abs(float(difference)) >= 0.1
    if unit == "bp" and not is_large:
        return _written(hundredths, 0, is_signed=True) + sentence("reports.after_bp", language)
    points = _written(_units(difference, 1_000, 1, 0), 1, is_signed=True) if is_large else _written(hundredths, 2, is_signed=True)
    return points + sentence("reports.after_pp", language)


def paper_scale(levels: Iterable[Number], currency: str | None) -> tuple[Fraction, int, str]:
    """Return divisor, decimals and name of the unit in which a bridge is printed on paper."""
    minor = Fraction(10 ** exponent(currency or ""))
    largest = max((abs(_exact(level)) for level in levels), default=Fraction(0)) / minor
    if largest < 20_000:
        return minor, 0, "one"
    if largest < 20_000_000:
        return minor * 1000, 1, "thousand"
    return minor * 1_000_000, 1 if largest >= 1_000_000_000 else 2, "million"


def ticks(low: float, high: float, form: Form, most: int = 3) -> tuple[tuple[float, str], ...]:
    """Return two to ``most`` round marks between ``low`` and ``high`` with their words."""
    span = (high - low) / float(form.divide)
    if not math.isfinite(span) or span <= 0:
        return ()
    power = 10.0 ** math.floor(math.log10(span))
    for step in (power * factor for factor in (0.1, 0.2, 0.25, 0.5, 1, 2, 2.5, 5)):
        first = math.ceil(low / float(form.divide) / step - 1e-9)
        last = math.floor(high / float(form.divide) / step + 1e-9)
        if last - first + 1 <= most:
            break
    places = [round(index * step * float(form.divide), 9) for index in range(first, last + 1)]
    return tuple((place, form.tick(place)) for place in places)


# ---------- days


def week_number(label: str) -> str:
    """Return ``W33`` of ``2026-W33``."""
    return label.partition("-")[2]


def axis_label(bucket: Bucket, grain: Grain, language: str) -> str:
    """Return the shortest name of a period: W33, A (8), Q3, P03, 2026, FY2026, 16 Aug (8-16)."""
    when = date_of(bucket.period.first)
    if grain is Grain.WEEK:
        return week_number(bucket.label)
    if grain is Grain.MONTH:
        return str(when.month) if language == "zh" else _words("months", language)[when.month - 1][0]
    if grain in (Grain.QUARTER, Grain.PERIOD, Grain.FISCAL_QUARTER):
        return week_number(bucket.label)
    if grain in (Grain.YEAR, Grain.FISCAL_YEAR):
        return bucket.label
    return axis_day(bucket.period.first, language)


def axis_day(day: Day, language: str) -> str:
    """Return ``16 Aug`` or ``8-16``."""
    when = date_of(day)
    return f"{when.month}-{when.day}" if language == "zh" else f"{when.day} {_words('months', language)[when.month - 1]}"


def month_name(day: Day, language: str) -> str:
    """Return ``Aug`` or ``8 月``."""
    return _words("months", language)[date_of(day).month - 1]


def bucket_name(bucket: Bucket, grain: Grain, language: str) -> str:
    """Return the name of a period as the tool bar shows it: Week 33, August 2026, Q3 2026, 2026."""
    if grain is Grain.WEEK:
        return sentence("reports.week", language, n=int(bucket.label[-2:]))
    return bucket_title(bucket, grain, language)


def bucket_title(bucket: Bucket, grain: Grain, language: str) -> str:
    """Return the name of a period with its year: Week 33, 2026; 2026 年第 33 周."""
    when = date_of(bucket.period.first)
    if grain is Grain.WEEK:
        return sentence("reports.week_of_year", language, week=int(bucket.label[-2:]), year=bucket.label[:4])
    if grain is Grain.MONTH:
        return sentence("reports.month_of_year", language, month=_words("long_months", language)[when.month - 1], year=when.year)
    if grain is Grain.QUARTER:
        return sentence("reports.quarter_of_year", language, quarter=bucket.label[-1], year=when.year)
    if grain is Grain.YEAR:
        return sentence("reports.year", language, year=when.year)
    if grain.is_fiscal:
        return sentence(f"reports.title_{grain.value}", language, year=bucket.label[2:6], n=int(bucket.label[8:] or 0))
    return day_text(bucket.period.first, language)


def day_text(day: Day, language: str) -> str:
    """Return ``16 Aug 2026`` or ``2026-08-16``."""
    when = date_of(day)
    if language == "zh":
        return when.isoformat()
    return f"{when.day} {_words('months', language)[when.month - 1]} {when.year}"


def weekday_text(day: Day, language: str) -> str:
    """Return ``Sun 16 Aug`` or ``8 月 16 日（周日）``."""
    when = date_of(day)
    return sentence(
        "reports.weekday_date",
        language,
        weekday=_words("weekdays", language)[when.weekday()],
        day=when.day,
        month=_words("months", language)[when.month - 1],
    )


def span_text(period: Period, language: str) -> str:
    """Return ``10–16 Aug 2026`` or ``2026-08-10 – 08-16``."""
    first, last = date_of(period.first), date_of(period.last)
    if period.days == 1:
        return day_text(period.first, language)
    if language == "zh":
        return f"{first.isoformat()} – {last.isoformat() if first.year != last.year else last.strftime('%m-%d')}"
    months = _words("months", language)
    if first.year != last.year:
        return f"{day_text(period.first, language)} – {day_text(period.last, language)}"
    if first.month != last.month:
        return f"{first.day} {months[first.month - 1]} – {last.day} {months[last.month - 1]} {last.year}"
    return f"{first.day}–{last.day} {months[last.month - 1]} {last.year}"


def long_span_text(period: Period, language: str) -> str:
    """Return ``Mon 10 Aug to Sun 16 Aug 2026`` or ``8 月 10 日（周一）至 8 月 16 日（周日）``."""
    return sentence(
        "reports.long_span",
        language,
        first=weekday_text(period.first, language),
        last=weekday_text(period.last, language),
        year=date_of(period.last).year,
    )


# Divisor, decimals and word of each short form, and below which amount it is used.
_ENGLISH = (
    (10**3, 1, "k"),
    (10**3, 0, "k"),
    (10**6, 2, "M"),
    (10**6, 1, "M"),
    (10**6, 0, "M"),
    (10**9, 2, "B"),
    (10**9, 1, "B"),
    (10**9, 0, "B"),
)
_ENGLISH_LIMITS = (10**3, 10**4, 10**6, 10**7, 10**8, 10**9, 10**10, 10**11, None)
_CHINESE = (
    (10**4, 1, "万"),
    (10**4, 0, "万"),
    (10**8, 2, "亿"),
    (10**8, 1, "亿"),
    (10**8, 0, "亿"),
)
_CHINESE_LIMITS = (10**4, 10**7, 10**8, 10**9, 10**10, None)
_TICK_SCALES = {
    "en": ((10**9, "B"), (10**6, "M"), (10**3, "k")),
    "zh": ((10**8, "亿"), (10**4, "万")),
}


def _clock(unit: str, largest: float, is_whole: bool) -> tuple[str, Fraction, int]:
    """Return the unit a duration is shown in, what to divide by, and the decimals."""
    if unit == "ms":
        return ("seconds", Fraction(1000), 2) if largest >= 1000 else ("ms", Fraction(1), 0)
    if unit == "seconds":
        if largest < 120:
            return "seconds", Fraction(1), 0 if largest >= 10 or is_whole else 1
        if largest < 7_200:
            return "minutes", Fraction(60), 1
        return ("hours", Fraction(3_600), 1) if largest < 259_200 else ("days", Fraction(86_400), 1)
    return unit, Fraction(1), 1


@cache
def _words(key: str, language: str) -> list[str]:
    return sentence(f"reports.{key}", language).split("|")


def _shortened(number: Number, divide: Fraction, language: str, decimals: int) -> str:
    scales: tuple[tuple[int, int, str], ...] = ((1, decimals, ""), *(_CHINESE if language == "zh" else _ENGLISH))
    limits: tuple[int | None, ...] = _CHINESE_LIMITS if language == "zh" else _ENGLISH_LIMITS
    over, under = divide.denominator, divide.numerator
    size = abs(float(number)) * over / under
    for (scale, places, after), limit in zip(scales, limits, strict=True):
        if limit is not None and size > 1.1 * limit:
            continue
        units = _units(number, over, under * scale, places)
        # 999,600 rounds to 1000k, which is beyond the last k: the next scale writes it as 1.00M.
        if limit is None or abs(units) * scale < limit * 10**places:
            return _written(units, places) + after
    raise AssertionError("the last scale has no limit")


def _units(number: Number, over: int, under: int, decimals: int) -> int:
    """Return ``number * over / under`` in units of the last decimal, rounded half away from zero."""
    if isinstance(number, int):
        top, bottom = number * over, under
    else:
        exact = _exact(number)
        top, bottom = exact.numerator * over, exact.denominator * under
    if decimals:
        top *= 10**decimals
    if bottom == 1:
        return top
    whole = (2 * abs(top) + bottom) // (2 * bottom)
    return -whole if top < 0 else whole


def _written(units: int, decimals: int, before: str = "", is_signed: bool = False) -> str:
    sign = MINUS if units < 0 else "+" if is_signed and units else ""
    if not decimals:
        return f"{sign}{before}{abs(units):,}"
    whole, rest = divmod(abs(units), 10**decimals)
    return f"{sign}{before}{whole:,}.{rest:0{decimals}d}"


def _is_whole(number: Number) -> bool:
    return isinstance(number, int) or (isinstance(number, Fraction) and number.denominator == 1)


def _exact(number: Number) -> Fraction:
    """Return the number as people read it: 0.285 is 285/1000, not the nearest binary fraction."""
    if isinstance(number, Fraction):
        return number
    return Fraction(repr(float(number))) if isinstance(number, float) else Fraction(number)
