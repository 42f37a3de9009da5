"""Columns of dates, times and durations, in the formats that a descriptor lists."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from ecoperf_desktop.errors import FileRefused
from ecoperf_desktop.importing.text import Bool, Cells, Int64, unguarded
from ecoperf_desktop.model.columns import Numbers

Order = Literal["dmy", "mdy"]

NO_DATE = frozenset(
    (
        "",
        "-",
        "--",
        "—",
        "–",
        "N/A",
        "n/a",
        "NA",
        "nan",
        "NaN",
        "NaT",
        "null",
        "NULL",
        "None",
        "none",
        "无",
        "暂无",
        "0",
        "0000-00-00",
        "0000-00-00 00:00:00",
        "00/00/0000",
    )
)

# Tried in this order where a descriptor lists none.  Which of the two slash orders holds is decided for the
# whole column.
USUAL = (
    "YYYY-MM-DD HH:mm:ss",
    "YYYY-MM-DD",
    "iso",
    "YYYY/M/D H:mm:ss",
    "YYYY/M/D H:mm",
    "YYYY/M/D",
    "YYYY.M.D",
    "YYYYMMDD",
    "YYYY年M月D日 H:mm:ss",
    "YYYY年M月D日 H:mm",
    "YYYY年M月D日",
    "D.M.YYYY H:mm:ss",
    "D.M.YYYY H:mm",
    "D.M.YYYY",
    "D.M.YY",
    "MMM D, YYYY",
    "D MMM YYYY",
    "MMMM D, YYYY",
    "M/D/YYYY h:mm:ss A",
    "M/D/YYYY h:mm A",
    "M/D/YYYY H:mm:ss",
    "M/D/YYYY H:mm",
    "M/D/YYYY",
    "M/D/YY H:mm",
    "M/D/YY",
    "D/M/YYYY H:mm:ss",
    "D/M/YYYY H:mm",
    "D/M/YYYY",
    "D/M/YY H:mm",
    "D/M/YY",
    "M-D-YYYY",
    "D-M-YYYY",
)

# Can mean one thing only, and workbooks write their date cells so: read whatever a descriptor lists.
_ALWAYS = ("YYYY-MM-DD HH:mm:ss", "YYYY-MM-DD")

_DAY = 86_400
_EPOCH = date(1970, 1, 1).toordinal()
_NO_OFFSET = 10_000


@dataclass(frozen=True)
class Times:
    """Times as written: ``seconds`` since 1970-01-01 on the clock they were read from.

    ``offset`` is how many minutes that clock is ahead of UTC where the text says so, ``_NO_OFFSET`` where it does not.
    """

    seconds: Int64
    offset: NDArray[np.int32]
    missing: Bool | None

    def __len__(self) -> int:
        return len(self.seconds)


class DateOrder:
    """Decides once for a column, from all of its values, whether ``03/04/2026`` is in March or in April.

    Show it every block of the column (``look``).  ``order`` is None while values speak for
    both or for neither; ``matters`` tells whether any date would be another under the other order.
    Only dates written with one of ``signs`` count: of the others the formats know one order alone.
    """

    def __init__(self, signs: str = "/.-") -> None:
        self._signs = signs
        self._day_first = False
        self._month_first = False
        self.matters = False

    def look(self, cells: Cells) -> None:
        """Take the values of ``cells`` into account."""
        changing = cells.take(~cells.same_as_before())
        _, first = changing.distinct()
        for text in changing.texts(first):
            match = _SLASHED.match(text)
            if not match or match["sign"] not in self._signs:
                continue
            left, right = int(match[1]), int(match["second"])
            if left > 12 >= right:
                self._day_first = True
            elif right > 12 >= left:
                self._month_first = True
            self.matters |= left != right

    @property
    def order(self) -> Order | None:
        if self._day_first == self._month_first:
            return None
        return "dmy" if self._day_first else "mdy"

    @property
    def contradictory(self) -> bool:
        """Return whether some dates need the day first and others the month."""
        return self._day_first and self._month_first


_SLASHED = re.compile(r"\s*['\"`\t=]*(\d{1,2})(?P<sign>[/.-])(?P<second>\d{1,2})[/.-](?:\d{4}|\d{2})\b")


def needs_order(formats: Sequence[str]) -> str:
    """Return the signs between which the formats hold both day before month and month before day."""
    kinds = {_read_format(name).ambiguous for name in formats}
    return "".join(sign for sign in "/-." if (sign, "dmy") in kinds and (sign, "mdy") in kinds)


def undecided_order(column: str, file: str) -> FileRefused:
    """Return the refusal of a file in which nothing decides the order of day and month."""
    return FileRefused("reading.date_order_undecided", column=column, file=file)


def read_times(
    cells: Cells,
    formats: Sequence[str] = USUAL,
    *,
    order: Order | None = None,
    nothing: Collection[str] = NO_DATE,
) -> tuple[Times, Bool]:
    """Read times in the first format that fits each; of two orders of day and month only ``order`` is tried.

    Without ``order`` formats that contradict an earlier one are left out, so that no two cells are read in two orders.
    """
    count = len(cells)
    seconds = np.zeros(count, np.int64)
    offset = np.full(count, _NO_OFFSET, np.int32)
    missing = cells.empty
    if not count:
        return Times(seconds, offset, None), np.zeros(0, np.bool_)
    repeats = cells.same_as_before() if _repeats_often(cells) else np.zeros(count, np.bool_)
    heads = np.flatnonzero(~repeats)
    shown = cells.take(heads).readable() if len(heads) < count else cells.readable()
    head_seconds, head_offset, kinds = _read(shown, _chosen(formats, order), nothing)
    if len(heads) < count:
        place = np.cumsum(~repeats) - 1
        seconds, offset, kinds = head_seconds.take(place), head_offset.take(place), kinds.take(place)
    else:
        seconds, offset = head_seconds, head_offset
    bad = kinds == _BAD
    missing = missing | (kinds != _READ)
    return Times(seconds, offset, missing if missing.any() else None), bad


def day(
    cells: Cells,
    formats: Sequence[str] = USUAL,
    *,
    order: Order | None = None,
    nothing: Collection[str] = NO_DATE,
) -> tuple[Numbers, Bool]:
    """Read dates as days since 1970-01-01; a time of day behind the date is left out."""
    times, bad = read_times(cells, formats, order=order, nothing=nothing)
    return Numbers(np.floor_divide(times.seconds, _DAY), times.missing), bad


def moment(
    cells: Cells,
    tz: str,
    day_start_min: int = 0,
    formats: Sequence[str] = USUAL,
    *,
    order: Order | None = None,
    nothing: Collection[str] = NO_DATE,
) -> tuple[Numbers, Numbers, Bool]:
    """Read times as UTC seconds and as business days in the zone ``tz``.

    A text without an offset is on the clock of ``tz``; an hour that a clock change repeats is the first
    of the two.  The business day begins ``day_start_min`` minutes after midnight.
    """
    times, bad = read_times(cells, formats, order=order, nothing=nothing)
    ts, days = placed(times, tz, day_start_min)
    return Numbers(ts, times.missing), Numbers(days, times.missing), bad


def placed(times: Times, tz: str, day_start_min: int = 0) -> tuple[Int64, Int64]:
    """Return UTC seconds and business days of ``times``."""
    zone = ZoneInfo(tz)
    stated = times.offset != _NO_OFFSET
    if not stated.any():
        local = times.seconds
        ts = local - _offsets(local, zone, local_clock=True)
    else:
        ts = times.seconds - np.where(stated, times.offset, 0).astype(np.int64) * 60
        loose = np.flatnonzero(~stated)
        if len(loose):
            ts[loose] = times.seconds[loose] - _offsets(times.seconds[loose], zone, local_clock=True)
        local = ts + _offsets(ts, zone, local_clock=False)
    return ts, np.floor_divide(local - day_start_min * 60, _DAY)


def days_of(ts: Int64, tz: str, day_start_min: int = 0) -> Int64:
    """Return the business days of UTC seconds."""
    days: Int64 = np.floor_divide(
        ts + _offsets(ts, ZoneInfo(tz), local_clock=False) - day_start_min * 60, _DAY
    )
    return days


_DURATION_UNITS = {
    "d": 86_400,
    "day": 86_400,
    "days": 86_400,
    "天": 86_400,
    "日": 86_400,
    "h": 3_600,
    "hr": 3_600,
    "hrs": 3_600,
    "hour": 3_600,
    "hours": 3_600,
    "小时": 3_600,
    "时": 3_600,
    "m": 60,
    "min": 60,
    "mins": 60,
    "minute": 60,
    "minutes": 60,
    "分": 60,
    "分钟": 60,
    "s": 1,
    "sec": 1,
    "secs": 1,
    "second": 1,
    "seconds": 1,
    "秒": 1,
    "秒钟": 1,
    "ms": 0.001,
}
_DURATION_PART = re.compile(r"\s*,?\s*(\d+(?:\.\d+)?)\s*([a-z]+|[天日小时分钟秒]+)", re.IGNORECASE)
_CLOCK = re.compile(r"(?:(\d+) (?:days?,? )?)?(\d+):(\d{1,2})(?::(\d{1,2})(?:\.\d+)?)?")


def duration(
    cells: Cells,
    *,
    nothing: Collection[str] = NO_DATE - {"0"},
    unit: Literal["s", "min", "h", "d", "ms"] = "s",
    clock: Literal["h:m", "m:s"] = "h:m",
) -> tuple[Numbers, Bool]:
    """Read durations as seconds: ``2分30秒``, ``1h 5m``, ``00:02:30``, ``11s``, or a bare number in ``unit``.

    ``clock`` says what two numbers with a colon are.
    """
    codes, first = cells.distinct()
    table = np.array(
        [_seconds_of(unguarded(text), nothing, _DURATION_UNITS[unit], clock) for text in cells.texts(first)],
        np.int64,
    ).reshape(-1, 2)
    kinds = table[:, 1].take(codes)
    missing = kinds != _READ
    return Numbers(table[:, 0].take(codes), missing if missing.any() else None), kinds == _BAD


_READ, _MISSING, _BAD = 0, 1, 2


def _seconds_of(text: str, nothing: Collection[str], unit: float, clock: str) -> tuple[int, int]:
    if text in nothing:
        return 0, _MISSING
    if match := _CLOCK.fullmatch(text):
        days, left, middle, right = (int(part) if part else 0 for part in match.groups())
        if match[4] is None and clock == "m:s":
            left, middle, right = 0, left, middle
        if (middle > 59 and match[4] is not None) or right > 59:
            return 0, _BAD
        return ((days * 24 + left) * 60 + middle) * 60 + right, _READ
    try:
        return round(float(text) * unit), _READ if float(text) >= 0 and float(text) < 1e12 else _BAD
    except (ValueError, OverflowError):
        pass
    total, place = 0.0, 0
    while place < len(text):
        part = _DURATION_PART.match(text, place)
        if part is None or part[2].lower() not in _DURATION_UNITS:
            return 0, _BAD
        total += float(part[1]) * _DURATION_UNITS[part[2].lower()]
        place = part.end()
    return (round(total), _READ) if 0 <= total < 1e12 else (0, _BAD)


# ---------------------------------------------------------------- formats

_TOKEN = re.compile(r"\[([^\]]*)\]|(YYYY|YY|MMMM|MMM|MM|M|DD|D|HH|H|hh|h|mm|m|ss|s|S+|A|a|ZZ|Z)")
_MONTHS = {
    name: number + 1
    for number, names in enumerate(
        (
            "jan january januar janvier janv enero ene gennaio gen janeiro januari sty styczeń stycznia",
            "feb february februar février févr febrero febbraio fevereiro fev februari lut luty lutego",
            "mar march märz mär mars marzo março maart mrt marzec marca",
            "apr april avril avr abril abr aprile kwi kwiecień kwietnia",
            "may mai mayo maggio maio mei maj maja",
            "jun june juni juin junio giugno junho cze czerwiec czerwca",
            "jul july juli juillet juil julio luglio julho lip lipiec lipca",
            "aug august août agosto ago augustus augusti sie sierpień sierpnia",
            "sep sept september septembre septiembre settembre setembro set wrz wrzesień września",
            "oct october oktober okt octobre octubre ottobre outubro out paź październik października",
            "nov november novembre noviembre novembro lis listopad listopada",
            "dec december dezember dez décembre déc diciembre dic dicembre dezembro gru grudzień grudnia",
        )
    )
    for name in names.split()
}
# Abbreviations that exports write and that mean one offset; EST, CST, IST and the like mean several and are not read.
_ZONES = {
    "Z": 0, "UTC": 0, "GMT": 0, "WEZ": 0, "WEST": 60, "BST": 60, "CET": 60, "MEZ": 60, "CEST": 120, "MESZ": 120, "EET": 120, "EEST": 180,
    "PST": -480, "PDT": -420, "JST": 540, "AEST": 600, "AEDT": 660,
}
_OFFSET_TEXT = rf"(?P<Z>(?:GMT|UTC)?[+-]\d{{1,2}}(?::?\d{{2}})?|{'|'.join(sorted(_ZONES, key=len, reverse=True))})"
_PARTS = {
    "YYYY": r"(?P<Y>\d{4})",
    "YY": r"(?P<y>\d{2})",
    "MMMM": r"(?P<N>[^\W\d_]+)\.?",
    "MMM": r"(?P<N>[^\W\d_]+)\.?",
    "MM": r"(?P<M>\d{2})",
    "M": r"(?P<M>\d{1,2})",
    "DD": r"(?P<D>\d{2})",
    "D": r"(?P<D>\d{1,2})(?:st|nd|rd|th)?",
    "HH": r"(?P<H>\d{2})",
    "H": r"(?P<H>\d{1,2})",
    "hh": r"(?P<h>\d{2})",
    "h": r"(?P<h>\d{1,2})",
    "mm": r"(?P<m>\d{2})",
    "m": r"(?P<m>\d{1,2})",
    "ss": r"(?P<s>\d{2})",
    "s": r"(?P<s>\d{1,2})",
    "A": r"(?P<A>[AaPp]\.?[Mm]\.?|上午|下午)",
    "a": r"(?P<A>[AaPp]\.?[Mm]\.?|上午|下午)",
    "ZZ": _OFFSET_TEXT,
    "Z": _OFFSET_TEXT,
}
_ISO = (
    r"(?P<Y>\d{4})-?(?P<M>\d{2})-?(?P<D>\d{2})"
    r"(?:[T ](?P<H>\d{2}):?(?P<m>\d{2})(?::?(?P<s>\d{2})(?:[.,]\d+)?)?\s?(?P<Z>Z|UTC|GMT|[+-]\d{2}:?\d{2}|[+-]\d{2})?)?"
)
_WIDTHS = {"YYYY": 4, "YY": 2, "MM": 2, "DD": 2, "HH": 2, "mm": 2, "ss": 2}


@dataclass(frozen=True)
class _Format:
    """A format read: a pattern for single texts and, where every cell has one width, the places of its parts.

    ``ambiguous`` is the sign between day and month and their order, for formats of digits only.
    """

    name: str
    pattern: re.Pattern[str] | None
    width: int
    parts: tuple[tuple[str, int, int], ...]
    literals: tuple[tuple[int, int], ...]
    ambiguous: tuple[str, str]
    zoned: bool


@lru_cache(maxsize=256)
def _read_format(name: str) -> _Format:
    """Return the format; raise ValueError for one without a year, month or day."""
    if name == "iso":
        return _Format(name, re.compile(_ISO), 0, (), (), ("", ""), False)
    if name in ("epoch", "epoch_ms", "serial"):
        return _Format(name, None, 0, (), (), ("", ""), False)
    pattern, place, parts, literals = "", 0, [], []
    fixed, width, sequence = True, 0, ""
    seen: set[str] = set()
    zoned = False
    while place < len(name):
        match = _TOKEN.match(name, place)
        if match is None or match[1] is not None:
            literal = name[place] if match is None else match[1] or ""
            pattern += r"\s+" if literal == " " else re.escape(literal)
            for byte in literal.encode():
                literals.append((width, byte))
                width += 1
            sequence += literal[:1]
            place = place + 1 if match is None else match.end()
            continue
        token = match[2]
        kind = "S" if token[0] == "S" else token
        if kind == "S":
            pattern += r"\d+"
            fixed = False
        else:
            piece = _PARTS[token]
            group = piece[piece.index("<") + 1]
            if group in seen:
                raise ValueError(name)
            seen.add(group)
            pattern += piece
            sequence += {"Y": "y", "N": "n"}.get(group, group)
            if kind in ("Z", "ZZ") and match.end() == len(name):
                zoned = True
            elif kind in _WIDTHS:
                parts.append((group, width, _WIDTHS[kind]))
                width += _WIDTHS[kind]
            else:
                fixed = False
        place = match.end()
    if not ({"Y", "y"} & seen) or not ({"M", "N"} & seen):
        raise ValueError(name)
    if zoned and fixed and literals and literals[-1] == (width - 1, 32):
        literals.pop()
        width -= 1
    order = re.search(r"D([/.-])M", sequence), re.search(r"M([/.-])D([/.-])y", sequence)
    ambiguous = (order[0][1], "dmy") if order[0] else (order[1][1], "mdy") if order[1] else ("", "")
    if not fixed:
        width, parts, literals = 0, [], []
    return _Format(
        name, re.compile(pattern, re.IGNORECASE), width, tuple(parts), tuple(literals), ambiguous, zoned
    )


def check_format(name: str) -> None:
    """Raise ValueError when ``name`` is no format that can be read."""
    _read_format(name)


def _chosen(formats: Sequence[str], order: Order | None) -> list[_Format]:
    """Return the formats of one order of day and month."""
    chosen: list[_Format] = []
    fixed: dict[str, str] = {} if order is None else dict.fromkeys("/-.", order)
    both = {
        sign
        for sign in "/-."
        if len({f.ambiguous[1] for f in map(_read_format, formats) if f.ambiguous[0] == sign}) > 1
    }
    for name in formats:
        known = _read_format(name)
        sign, own = known.ambiguous
        # A lone order is the format's own word and holds whatever a column looks like.
        if sign and sign in both and fixed.setdefault(sign, own) != own:
            continue
        chosen.append(known)
    return chosen + [known for known in map(_read_format, _ALWAYS) if known not in chosen]


def _repeats_often(cells: Cells) -> bool:
    sample = Cells(cells.buffer, cells.start[:2000], cells.end[:2000])
    return bool(sample.same_as_before().mean() > 0.2)


def _read(
    cells: Cells, formats: list[_Format], nothing: Collection[str]
) -> tuple[Int64, NDArray[np.int32], NDArray[np.int8]]:
    count = len(cells)
    seconds = np.zeros(count, np.int64)
    offset = np.full(count, _NO_OFFSET, np.int32)
    kinds = np.full(count, _BAD, np.int8)
    kinds[cells.empty] = _MISSING
    lengths = cells.lengths
    for known in formats:
        if not known.width:
            continue
        fits = (kinds == _BAD) & ((lengths > known.width) if known.zoned else (lengths == known.width))
        rows = np.flatnonzero(fits)
        if len(rows):
            _read_fixed(cells, rows, known, seconds, offset, kinds)
    rows = np.flatnonzero(kinds == _BAD)
    if len(rows):
        others = cells.take(rows)
        codes, first = others.distinct()
        table = np.array(
            [_time_of(text, formats, nothing) for text in others.texts(first)], np.int64
        ).reshape(-1, 3)
        seconds[rows] = table[:, 0].take(codes)
        offset[rows] = table[:, 1].take(codes)
        kinds[rows] = table[:, 2].take(codes)
    return seconds, offset, kinds


def _read_fixed(
    cells: Cells,
    rows: Int64,
    known: _Format,
    seconds: Int64,
    offset: NDArray[np.int32],
    kinds: NDArray[np.int8],
) -> None:
    """Read rows whose parts all stand in the same places."""
    whole = len(rows) == len(cells)
    start = cells.start if whole else cells.start[rows]
    buffer = cells.buffer
    good = np.ones(len(rows), np.bool_)
    for place, byte in known.literals:
        good &= buffer.take(start + place) == byte
    values: dict[str, NDArray[np.int32]] = {}
    for group, place, width in known.parts:
        value = np.zeros(len(rows), np.int32)
        for behind in range(width):
            digit = buffer.take(start + (place + behind)) - np.uint8(48)
            good &= digit <= 9
            value = value * np.int32(10) + digit
        values[group] = value
    if not good.any():
        return
    years = values["Y"] if "Y" in values else _century(values["y"])
    first = np.ones(len(rows), np.int32)
    days, valid = _days(years, values["M"], values.get("D", first))
    good &= valid
    total = days * _DAY
    for group, unit, most in (("H", 3600, 23), ("m", 60, 59), ("s", 1, 59)):
        if group in values:
            good &= values[group] <= most
            total += values[group].astype(np.int64) * unit
    own_offset = np.full(len(rows), _NO_OFFSET, np.int32)
    if known.zoned:
        tails = Cells(buffer, start + known.width, cells.end[rows])
        codes, shown = tails.distinct()
        read = [_offset_of(text.strip()) for text in tails.texts(shown)]
        table = np.array([_NO_OFFSET if value is None else value for value in read], np.int32)
        own_offset = table.take(codes)
        good &= own_offset != _NO_OFFSET
    chosen = rows[good]
    seconds[chosen] = total[good]
    offset[chosen] = own_offset[good]
    kinds[chosen] = _READ


_MONTH_DAYS = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31, 0, 0, 0], np.int32)
_MONTH_START = np.array([0, 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 0, 0, 0], np.int64)


def _days(year: NDArray[np.int32], month: NDArray[np.int32], day_: NDArray[np.int32]) -> tuple[Int64, Bool]:
    """Return days since 1970-01-01 in the Gregorian calendar, and which dates exist."""
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    slot = np.minimum(month, 13)
    longest = _MONTH_DAYS.take(slot) + (leap & (month == 2))
    valid = (year >= 1) & (month >= 1) & (month <= 12) & (day_ >= 1) & (day_ <= longest)
    before = year.astype(np.int64) - 1
    ordinal = before * 365 + before // 4 - before // 100 + before // 400
    ordinal += _MONTH_START.take(slot) + (leap & (month > 2)) + day_
    return ordinal - _EPOCH, valid


def _century(year: NDArray[np.int32]) -> NDArray[np.int32]:
    return np.where(year < 70, year + 2000, year + 1900).astype(np.int32)


def _time_of(text: str, formats: list[_Format], nothing: Collection[str]) -> tuple[int, int, int]:
    bare = unguarded(text)
    if bare in nothing:
        return 0, _NO_OFFSET, _MISSING
    for known in formats:
        if known.pattern is None:
            found = _counted(bare, known.name)
        else:
            match = known.pattern.fullmatch(bare)
            found = _clocked(match.groupdict()) if match else None
        if found is not None:
            return (*found, _READ)
    return 0, _NO_OFFSET, _BAD


def _counted(text: str, name: str) -> tuple[int, int] | None:
    """Return the time of a number: UTC seconds or milliseconds, or a spreadsheet's days since 1899-12-30."""
    try:
        number = float(text)
    except ValueError:
        return None
    if name == "epoch":
        return (int(number), 0) if abs(number) < 1e11 else None
    if name == "epoch_ms":
        return (int(number // 1000), 0) if abs(number) < 1e14 else None
    if not 1 <= number < 2_958_466:
        return None
    return round((number - 25_569) * _DAY), _NO_OFFSET


def _clocked(parts: dict[str, str | None]) -> tuple[int, int] | None:
    def number(key: str) -> int:
        return int(parts.get(key) or 0)

    if parts.get("Y"):
        year = number("Y")
    else:
        year = number("y") + (2000 if number("y") < 70 else 1900)
    month = number("M") if parts.get("M") else _MONTHS.get((parts.get("N") or "").casefold(), 0)
    hour = number("H")
    if parts.get("h"):
        hour = number("h")
        afternoon = (parts.get("A") or "")[:1] in ("p", "P", "下")
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if afternoon else 0)
    if hour > 23 or number("m") > 59 or number("s") > 59:
        return None
    try:
        days = date(year, month, number("D") if parts.get("D") else 1).toordinal() - _EPOCH
    except ValueError:
        return None
    offset = _NO_OFFSET
    if parts.get("Z"):
        known = _offset_of(parts["Z"] or "")
        if known is None:
            return None
        offset = known
    return days * _DAY + hour * 3600 + number("m") * 60 + number("s"), offset


def _offset_of(text: str) -> int | None:
    """Return the minutes that ``+02:00``, ``-0500``, ``GMT+9``, ``PDT`` or ``Z`` are ahead of UTC, None when it is no offset."""
    if text.upper() in _ZONES:
        return _ZONES[text.upper()]
    match = re.fullmatch(r"(?:GMT|UTC)?([+-])(\d{1,2})(?::?(\d{2}))?", text, re.IGNORECASE)
    if not match or int(match[2]) > 14 or int(match[3] or 0) > 59:
        return None
    minutes = int(match[2]) * 60 + int(match[3] or 0)
    return -minutes if match[1] == "-" else minutes


def _offsets(seconds: Int64, zone: ZoneInfo, *, local_clock: bool) -> Int64:
    """Return how many seconds the zone's clock is ahead of UTC at each time, on the local clock or in UTC.

    Zones are asked once a day; on days with a clock change, once for each different time.
    """
    if not len(seconds):
        return seconds
    days = np.floor_divide(seconds, _DAY)
    low = int(days.min())
    span = int(days.max()) - low + 1
    if span > 400_000:  # a year like 0021 among others
        shown, codes = np.unique(days, return_inverse=True)
    else:
        present = np.zeros(span, np.bool_)
        present[days - low] = True
        shown = np.flatnonzero(present) + low
        place = np.empty(span, np.int64)
        place[shown - low] = np.arange(len(shown))
        codes = place.take(days - low)
    starts = [_offset_at(int(day_) * _DAY, zone, local_clock) for day_ in shown]
    ends = [_offset_at(int(day_) * _DAY + _DAY, zone, local_clock) for day_ in shown]
    start, end = np.array(starts, np.int64), np.array(ends, np.int64)
    offsets = start.take(codes)
    changing = np.flatnonzero((start != end).take(codes))
    if len(changing):
        times, own = np.unique(seconds[changing], return_inverse=True)
        asked = np.array([_offset_at(int(time), zone, local_clock) for time in times], np.int64)
        offsets[changing] = asked.take(own)
    return offsets


def _offset_at(seconds: int, zone: ZoneInfo, local_clock: bool) -> int:
    try:
        when = datetime(1970, 1, 1) + timedelta(seconds=seconds)
        if local_clock:
            offset = when.replace(tzinfo=zone).utcoffset()
        else:
            offset = when.replace(tzinfo=UTC).astimezone(zone).utcoffset()
    except (OverflowError, ValueError):
        return 0
    return int(offset.total_seconds()) if offset is not None else 0
