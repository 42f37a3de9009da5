"""Which days a file speaks for, and when it was made: from its content, its name, a file beside it, or the person."""

from __future__ import annotations

import calendar
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import numpy as np

from ecoperf_desktop.errors import FileRefused
from ecoperf_desktop.importing import limits, times
from ecoperf_desktop.importing.container import Member
from ecoperf_desktop.importing.descriptor import Format, Sibling
from ecoperf_desktop.importing.dialect import dialects
from ecoperf_desktop.importing.encoding import encodings, head
from ecoperf_desktop.importing.sources import siblings
from ecoperf_desktop.importing.split import first_rows
from ecoperf_desktop.importing.text import Cells
from ecoperf_desktop.model.days import Day, Period, date_of, day_of, parse_day

PeriodFrom = Literal["column", "preamble", "filename", "sibling", "given"]
AsOfFrom = Literal["content", "name", "file", "given"]

_FORMATS = (
    "YYYYMMDD", "YYYY-MM-DD", "YYYY/M/D", "YYYY.M.D", "YYYY_MM_DD", "YYYY年M月D日", "MMMM D, YYYY", "MMM D, YYYY", "D MMMM YYYY", "D MMM YYYY",
)


def stated_period(
    form: Format, member: Member, preamble: Sequence[str], settings: Mapping[str, str], *, has_days: bool, needed: bool
) -> tuple[Period | None, PeriodFrom | None]:
    """Return what the file says about its period, and where.

    None means that its rows carry their own days.  ``has_days`` says that it has a column
    of dates, ``needed`` that rows cannot be placed without a period.  Raise FileRefused, naming
    the key, when a needed one is nowhere.
    """
    rule = form.period
    for source in rule.sources:
        if source == "column" and has_days:
            return None, "column"
        if source == "preamble" and rule.preamble is not None:
            texts = [*preamble, "\n".join(preamble)]
            if period := _first(rule.preamble, texts, rule.formats):
                return period, "preamble"
        elif source == "filename" and rule.filename is not None:
            names = [member.name, member.path.name, *(part for part in (member.member or "").split("/")[:-1]), member.path.parent.name]
            if period := _first(rule.filename, names, rule.formats):
                return period, "filename"
        elif source == "sibling" and rule.sibling is not None:
            if period := _from_sibling(rule.sibling, member, rule.formats):
                return period, "sibling"
        elif source == "ask" and "period" in settings:
            return given_period(settings["period"]), "given"
    if needed:
        if "period" in settings:
            return given_period(settings["period"]), "given"
        raise FileRefused("importing.ask_period", file=member.name)
    return None, None


def given_period(text: str) -> Period:
    """Read ``2026-01-01..2026-01-31`` or a single day; raise ValueError."""
    first, _, last = text.partition("..")
    return Period(parse_day(first), parse_day(last or first))


def _first(pattern: re.Pattern[str], texts: Sequence[str], formats: Sequence[str]) -> Period | None:
    for text in texts:
        match = pattern.search(text[:4000])
        if match is not None and (period := _period(match, formats)) is not None:
            return period
    return None


def _period(match: re.Match[str], formats: Sequence[str]) -> Period | None:
    groups = match.groupdict()
    if month := groups.get("month"):
        digits = re.sub(r"\D", "", month)
        if len(digits) != 6 or not 1 <= int(digits[4:]) <= 12:
            return None
        year, number = int(digits[:4]), int(digits[4:])
        first = parse_day(f"{year:04d}-{number:02d}-01")
        return Period(first, first + calendar.monthrange(year, number)[1] - 1)
    start = _day(groups.get("start") or groups.get("day"), formats)
    end = _day(groups.get("end"), formats)
    if start is None:
        return None
    end = start if end is None else end
    return Period(start, end) if end >= start else None


def _day(text: str | None, formats: Sequence[str]) -> Day | None:
    if not text:
        return None
    days, bad = times.day(Cells.of([" ".join(text.split())]), formats or _FORMATS)
    if bool(bad[0]) or (days.missing is not None and bool(days.missing[0])):
        return None
    return int(days.values[0])


def _from_sibling(rule: Sibling, member: Member, formats: Sequence[str]) -> Period | None:
    for other in siblings(member, rule.member):
        if other.kind != "text":
            continue
        match = rule.pattern.search(_text(other))
        if match is None:
            continue
        if period := _period(match, formats):
            return period
        count = match.groupdict().get("count")
        if count is None or rule.last is None:
            continue
        last = max(
            (day for beside in (*siblings(member, rule.last), member) if rule.last.search(beside.name) for day in _first_column_days(beside, formats)),
            default=None,
        )
        if last is not None:
            return _back_from(last, int(count), match.groupdict().get("unit") or "days")
    return None


def _back_from(last: Day, count: int, unit: str) -> Period | None:
    if not 1 <= count <= 1000:
        return None
    if unit[:1].lower() == "d" or unit == "天":
        return Period(last - count + 1, last)
    if unit[:1].lower() == "w" or unit == "周":
        return Period(last - 7 * count + 1, last)
    when = date_of(last)
    months = when.year * 12 + when.month - 1 - count
    year, month = divmod(months, 12)
    start = when.replace(year=year, month=month + 1, day=min(when.day, calendar.monthrange(year, month + 1)[1]))
    return Period(day_of(start) + 1, last)


def _text(member: Member) -> str:
    return head(member, encodings(member).name, 64 * limits.KIB).decode("utf-8", "replace")


def _first_column_days(member: Member, formats: Sequence[str]) -> list[Day]:
    if member.kind != "text":
        return []
    encoding = encodings(member).name
    dialect = dialects(head(member, encoding))[0]
    texts = [row.cells[0] for row in first_rows(member, encoding, dialect, 2_000)[1:] if row.cells]
    return [day for text in texts if (day := _day(text, formats)) is not None]


# ---- as-of


def stated_as_of(
    form: Format, member: Member, preamble: Sequence[str], settings: Mapping[str, str], tz: str | None
) -> tuple[int, AsOfFrom]:
    """Return when the file was made, in UTC seconds, and where that stands; its own time when nothing says it."""
    zone = ZoneInfo(form.as_of.tz or tz or "UTC")
    if "as_of" in settings:
        return int(datetime.fromisoformat(settings["as_of"]).replace(tzinfo=zone).timestamp()), "given"
    rule = form.as_of
    if rule.preamble is not None:
        for text in (*preamble, "\n".join(preamble)):
            found = _moment(rule.preamble, text, rule.formats, zone)
            if found is not None:
                return found, "content"
    if rule.filename is not None:
        for name in (member.name, member.path.name):
            found = _moment(rule.filename, name, rule.formats, zone)
            if found is not None:
                return found, "name"
    return member.mtime, "file"


def business_day(ts: int, tz: str | None) -> Day:
    return day_of((datetime.fromtimestamp(0, UTC) + timedelta(seconds=ts)).astimezone(ZoneInfo(tz or "UTC")).date())


def _moment(pattern: re.Pattern[str], text: str, formats: Sequence[str], zone: ZoneInfo) -> int | None:
    match = pattern.search(text[:4000])
    if match is None:
        return None
    groups = {name: value for name, value in match.groupdict().items() if value}
    if epoch := groups.get("epoch"):
        seconds = int(epoch) if epoch.isdigit() else -1
        return seconds // 1000 if seconds > 10**11 else seconds if seconds > 0 else None
    if stamp := groups.get("stamp"):
        read, bad = times.read_times(Cells.of([stamp]), formats or times.USUAL)
        if bool(np.any(bad)) or (read.missing is not None and bool(read.missing[0])):
            return None
        return int(times.placed(read, zone.key)[0][0])
    try:
        parts = [int(groups[name]) for name in ("year", "month", "day")]
        parts.extend(int(groups.get(name, 0)) for name in ("hour", "minute", "second"))
        return int(datetime(*parts, tzinfo=zone).timestamp())  # type: ignore[misc, arg-type]
    except (KeyError, ValueError):
        return None
