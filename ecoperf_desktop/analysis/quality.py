"""What is doubtful about the data, with its number, an example and what mends it.

Nothing here reads the clock: a source is late when the days of the others have passed the day by which its
next export usually comes.
"""

from __future__ import annotations

import math
import sqlite3
from bisect import insort
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from ecoperf_desktop.language import worded
from ecoperf_desktop.model.days import Day, Period, written_days
from ecoperf_desktop.model.quality import Doubt, DoubtKind, Example, Mend, Pace, Quality, SourceDays, Weight
from ecoperf_desktop.store import coverage, quality, rates
from ecoperf_desktop.store.coverage import Range, merged
from ecoperf_desktop.store.kept import month_of
from ecoperf_desktop.store.quality import Entry, Remark, Series, Span

if TYPE_CHECKING:
    from ecoperf_desktop.model.columns import Bool, Int64

__all__ = ["Jump", "days_of_sources", "incomplete_products", "jumps", "look_over", "source_days"]

# How far back is looked: a year with a little, and the quarter in which a gap still matters.
_HISTORY_DAYS = 400
_RECENT_DAYS = 92
# Of the steps from one export to the next so many are looked at, so that a new rhythm soon takes hold; what takes
# longer than this share of them is late.
_STEPS = 4
_USUAL = 0.75
_FEWEST_STEPS = 3
# A source that has missed so many of its own steps, and a month, has stopped.
_STOPPED_STEPS = 3
_STOPPED_DAYS = 31
# Kinds of data that speak for every day; the others are counted, measured or written now and then.  A source of them
# that speaks for less than this share of its days does so now and then as well.
_EVERY_DAY = frozenset({"sales", "ads", "traffic", "search", "social", "totals", "agents", "shipments", "uptime", "uptime_checks", "ranks"})
_DAILY_SHARE = 0.7
# Reports name every day, also one on which nothing was; rows of orders and parcels do not.
_REPORTED = frozenset({"ads", "traffic", "search", "totals", "uptime"})
# A file that reaches further than this beyond the day it was made has its days the wrong way round.
_AHEAD_DAYS = 7
# A unit change multiplies by a power of ten from a hundred up; with this tolerance in powers of ten.
_POWERS = (-3, -2, 2, 3)
_LOG_TOLERANCE = 0.2
_LEAST_LOG = 1.75
_STILL_OFF = 2.5  # a product of two shifts: well over half of a hundredfold, well on the same side
_BASELINE = 28
_FEWEST_BEFORE = 7
_SPREADS = 8.0
_FEWEST_LEVELS = 2
# Platforms round, and count an order or two on the other side of midnight.
_TOTAL_SHARE = 0.01
_TOTAL_ORDERS = 1
_GRAVE_SHARE = 0.02
_PAYOUT_SHARE = 0.15
_PARTS_SHARE = 0.005
_LISTED_WORDS = 5
_EXAMPLES = 3

_IN_ORDER: tuple[DoubtKind, ...] = (
    "late", "hole", "total_differs", "platform_total", "payout_parts", "payout_sales", "jump", "damaged_ids", "refused_rows",
    "waits_for_rate", "other_currency", "future", "unknown_words", "unknown_orders", "negative_stock", "no_cost", "no_category", "no_channel",
    "no_owner", "check", "stopped",
)  # fmt: skip
_WEIGHTS: tuple[Weight, ...] = ("wrong", "look", "note")
_COSTS = Mend("costs", about="own.products")
_CHOOSE = Mend("choose_files")
# What these speak of lies ahead by nature, or is dated by the person.
_AHEAD = frozenset({"own.targets", "own.budgets", "own.events", "own.purchase_orders", "own.expenses", "own.shifts", "own.forecast"})


def look_over(conn: sqlite3.Connection) -> Quality:
    """Look the whole workspace over, in a few hundredths of a second whatever its size."""
    through = coverage.data_through(conn)
    if through is None:
        return Quality(None)
    since = through - _HISTORY_DAYS
    spans = quality.spans(conn, since)
    entries = {entry.import_id: entry for entry in quality.entries(conn)}
    remarks = quality.remarks(conn)
    sources = source_days(spans, through)
    recent = Period(through - _RECENT_DAYS + 1, through)
    doubts = [
        *_of_days(sources, recent),
        *_of_files(entries, remarks, recent),
        *_of_rates(conn),
        *_of_future(entries),
        *_of_totals(conn, recent),
        *_of_jumps(conn, spans, since),
        *_of_ids(conn, entries, remarks),
        *_of_orders(conn, recent),
        *_of_products(conn, recent),
    ]
    doubts.sort(key=lambda doubt: (_WEIGHTS.index(doubt.weight), _IN_ORDER.index(doubt.kind), doubt.source or "", -doubt.n))
    return Quality(through, tuple(doubts), tuple(sources))


def incomplete_products(conn: sqlite3.Connection) -> list[quality.ProductGap]:
    """Return the products without cost or category: those sold of late first, by what they sold, then by SKU."""
    gaps = quality.incomplete_products(conn)
    through = coverage.data_through(conn)
    if through is None:
        return gaps
    sold = quality.sold(conn, Period(through - _RECENT_DAYS + 1, through))
    named = [] if sold is None else quality.names_of(conn, sold.products.tolist())
    places = {one.sku: place for place, one in enumerate(named)}
    return sorted(gaps, key=lambda gap: places.get(gap.sku, len(places)))


# ---- days


def days_of_sources(conn: sqlite3.Connection) -> list[SourceDays]:
    """Return what each source speaks for, of those that spoke within the last year; none in an empty workspace."""
    through = coverage.data_through(conn)
    return [] if through is None else source_days(quality.spans(conn, through - _HISTORY_DAYS), through)


def source_days(spans: Sequence[Span], through: Day) -> list[SourceDays]:
    """Return what each source speaks for, its holes and its rhythm, measured at ``through``.

    Sales themselves are late when two other sources have gone on without them.
    """
    speakers: dict[tuple[str, str, str | None], list[Span]] = {}
    for span in spans:
        speakers.setdefault((span.source, span.kind, span.shop), []).append(span)
    ends = {key: max(span.last for span in own) for key, own in speakers.items()}
    return [
        _days_of(key, own, max(through, _reached_without(key, ends)))
        for key, own in sorted(speakers.items(), key=lambda pair: (pair[0][0], pair[0][1], pair[0][2] or ""))
    ]


def _reached_without(key: tuple[str, str, str | None], ends: Mapping[tuple[str, str, str | None], Day]) -> Day:
    """Return the day that two other sources have reached."""
    by_source: dict[str, Day] = {}
    for other, end in ends.items():
        if other[0] != key[0]:
            by_source[other[0]] = max(end, by_source.get(other[0], end))
    reached = sorted(by_source.values(), reverse=True)
    return reached[1] if len(reached) > 1 and key[1] == "sales" else -(10**6)


def _days_of(key: tuple[str, str, str | None], own: Sequence[Span], now: Day) -> SourceDays:
    source, kind, shop = key
    ranges = merged(sorted((span.first, span.last) for span in own))
    end = ranges[-1][1]
    is_daily = kind in _EVERY_DAY and sum(last - first + 1 for first, last in ranges) >= _DAILY_SHARE * (end - ranges[0][0] + 1)
    holes = tuple(_holes(ranges)) if is_daily else ()
    ends = sorted({span.last for span in own})[-_STEPS - 1 :]
    steps = sorted(after - before for before, after in pairwise(ends))
    if len(steps) < _FEWEST_STEPS:
        return SourceDays(source, kind, shop, ranges, holes)
    rhythm = steps[math.ceil(_USUAL * len(steps)) - 1]
    behind = now - end
    # One day's measure may come a day later than the last time; a report of all days may not leave one out.
    is_late = behind >= rhythm if is_daily else behind > rhythm
    pace: Pace = "late" if is_late else "in_time"
    if behind > max(_STOPPED_STEPS * rhythm, rhythm + _STOPPED_DAYS):
        pace = "stopped"
    return SourceDays(source, kind, shop, ranges, holes, rhythm, behind if is_late else 0, pace)


def _holes(ranges: Sequence[Range]) -> Iterator[Day]:
    """Yield the days between the ranges, without those of weekdays on which the source mostly says nothing."""
    missing = [day for (_, before), (after, _) in pairwise(ranges) for day in range(before + 1, after)]
    if not missing:
        return
    weeks = (ranges[-1][1] - ranges[0][0] + 1) / 7
    of_weekday = Counter(day % 7 for day in missing)
    yield from (day for day in missing if of_weekday[day % 7] <= 0.5 * weeks or weeks < 3)


def _of_days(sources: Iterable[SourceDays], recent: Period) -> Iterator[Doubt]:
    """Yield a doubt for each source that is late, has stopped or leaves days out; its shops together."""
    together: dict[tuple[str, str], list[SourceDays]] = {}
    for one in sources:
        together.setdefault((one.source, one.kind), []).append(one)
    for (source, kind), own in together.items():
        for pace in ("late", "stopped"):
            behind = [one for one in own if one.pace == pace]
            if behind:
                first = max(behind, key=lambda one: one.awaited)
                details = {"data": kind, "last_day": first.whole.last, "n": first.awaited, "rhythm": first.rhythm, "source": source}
                weight: Weight = "note" if pace == "stopped" else "wrong"
                yield Doubt("late" if pace == "late" else "stopped", weight, first.awaited, source, details, (), (_CHOOSE,))
        holes = sorted({day for one in own for day in one.holes})
        if holes:
            spans = merged((day, day) for day in holes)
            details = {"data": kind, "n": len(holes), "period": Period(*spans[-1]), "spans": len(spans), "source": source}
            grave: Weight = "note" if holes[-1] < recent.first else "wrong" if kind in _REPORTED else "look"
            yield Doubt("hole", grave, len(holes), source, details, (), (_CHOOSE,))


# ---- files


def _of_files(entries: Mapping[int, Entry], remarks: Sequence[Remark], recent: Period) -> Iterator[Doubt]:
    by_import: dict[int, list[Remark]] = {}
    for remark in remarks:
        by_import.setdefault(remark.import_id, []).append(remark)
    yield from _refused(entries, by_import, recent)
    for import_id, own in by_import.items():
        for remark in own:
            if remark.code == "importing.total_differs":
                entry = entries[import_id]
                details = {"file": entry.file, "column": remark.column or remark.details.get("column", ""), "stated": remark.details.get("stated", ""),
                           "found": remark.details.get("found", "")}  # fmt: skip
                mends = (Mend("show_import", import_id), Mend("import_again", import_id), Mend("undo", import_id))
                yield Doubt("total_differs", _fading("wrong", entry, recent), 1, entry.source, details, (), mends)
    yield from _alike(entries, remarks, recent)
    foreign: dict[tuple[str, str], list[tuple[Entry, int]]] = {}
    parts = Counter(entry.sha256 for entry in entries.values())
    for entry in entries.values():
        if parts[entry.sha256] > 1:
            continue  # what is left out here is in the import of the file's other currency
        for reason, count in entry.dropped.items():
            if count and reason.rpartition(".")[2].removeprefix("dropped_") == "other_currency":
                foreign.setdefault((entry.source, entry.format), []).append((entry, count))
    for (source, format_id), found in foreign.items():
        newest = found[-1][0]
        count = sum(number for _, number in found)
        details = {"n": count, "files": len(found), "format": format_id, "file": newest.file}
        yield Doubt("other_currency", "wrong", count, source, details, (Example(newest.file, newest.file),), (Mend("show_import", newest.import_id), Mend("import_again", newest.import_id)))


def _of_rates(conn: sqlite3.Connection) -> Iterator[Doubt]:
    """Yield one doubt a currency for rows that wait for its rate."""
    wanted = rates.wanted(conn)
    for currency in sorted({one.currency for one in wanted}):
        mine = [one for one in wanted if one.currency == currency]
        count = sum(one.rows for one in mine)
        details = {"n": count, "orders": sum(one.orders for one in mine), "currency": currency,
                   "days": written_days([one.day for one in mine])}  # fmt: skip
        yield Doubt("waits_for_rate", "wrong", count, None, details, (), (Mend("rates"), Mend("template", about="own.exchange_rates"), _CHOOSE))


def _refused(entries: Mapping[int, Entry], by_import: Mapping[int, Sequence[Remark]], recent: Period) -> Iterator[Doubt]:
    """Yield one doubt a format for rows that were refused, the newest file first among its examples."""
    together: dict[tuple[str, str], list[Entry]] = {}
    for entry in entries.values():
        if entry.rejected:
            together.setdefault((entry.source, entry.format), []).append(entry)
    for (source, format_id), own in together.items():
        newest = own[-1]
        count = sum(entry.rejected for entry in own)
        said = [remark for remark in by_import.get(newest.import_id, ()) if remark.record is not None]
        damaged = sum(remark.n for entry in own for remark in by_import.get(entry.import_id, ()) if remark.code == "importing.bad_id")
        if damaged >= count:
            continue  # told as damaged ids
        worst = max(said, key=lambda remark: remark.n, default=None)
        examples = () if worst is None else (Example(f"{worst.column or ''} {worst.details.get('found', '')}".strip(), newest.file, worst.record),)
        details = {"n": count, "files": len(own), "read": sum(entry.read for entry in own), "format": format_id, "file": newest.file}
        mends = (Mend("show_import", newest.import_id), Mend("import_again", newest.import_id))
        yield Doubt("refused_rows", _fading("wrong", newest, recent), count, source, details, examples, mends)


def _alike(entries: Mapping[int, Entry], remarks: Sequence[Remark], recent: Period) -> Iterator[Doubt]:
    """Yield what several files of a format say alike once: unknown words, and checks that the format declares."""
    together: dict[tuple[str, str, str, str], list[Remark]] = {}
    for remark in remarks:
        entry = entries[remark.import_id]
        if remark.code == "importing.unknown_value":
            about = str(remark.details.get("column") or remark.column or "")
        elif remark.code in ("importing.check_failed", "importing.check_says"):
            about = str(worded(remark.details.get("message"), "en") or "")
        else:
            continue
        together.setdefault((remark.code, entry.source, entry.format, about), []).append(remark)
    for (code, source, format_id, about), own in together.items():
        newest = own[-1]
        entry = entries[newest.import_id]
        show = Mend("show_import", newest.import_id)
        if code == "importing.unknown_value":
            words = list(dict.fromkeys(word for remark in own for word in str(remark.details.get("found", "")).split(", ") if word))
            details: dict[str, object] = {"n": len(words), "words": ", ".join(words[:_LISTED_WORDS]), "column": about, "format": format_id, "file": entry.file}
            yield Doubt("unknown_words", _fading("look", entry, recent), len(words), source, details, (Example(words[0] if words else "", entry.file, newest.record),), (show,))
        else:
            count = sum(_number(remark.details.get("n")) or remark.n for remark in own)
            details = {"n": count, "files": len(own), "message": newest.details.get("message"), "format": format_id, "file": entry.file}
            first = _number(newest.details.get("record"))
            yield Doubt("check", "note", count, source, details, (Example("", entry.file, first),), (show,))


def _of_future(entries: Mapping[int, Entry]) -> Iterator[Doubt]:
    """Yield files that speak of days long after they were made: mostly day and month the wrong way round."""
    for entry in entries.values():
        if entry.last is not None and entry.last > entry.as_of_day + _AHEAD_DAYS and entry.format not in _AHEAD:
            details = {"file": entry.file, "last_day": entry.last, "as_of_day": entry.as_of_day, "n": entry.last - entry.as_of_day}
            mends = (Mend("show_import", entry.import_id), Mend("undo", entry.import_id))
            yield Doubt("future", "wrong", entry.last - entry.as_of_day, entry.source, details, (Example(entry.file, entry.file),), mends)


def _fading(weight: Weight, entry: Entry, recent: Period) -> Weight:
    """Return the weight, a note for what is long past."""
    return "note" if entry.last is not None and entry.last < recent.first else weight


def _number(value: object) -> int | None:
    return value if isinstance(value, int) else None


# ---- totals


class _Held(NamedTuple):
    """A platform's total beside our own sum of the same days."""

    first: Day
    last: Day
    theirs: int
    ours: int
    import_id: int

    @property
    def apart(self) -> int:
        return self.ours - self.theirs


def _of_totals(conn: sqlite3.Connection, recent: Period) -> Iterator[Doubt]:
    totals = quality.platform_totals(conn, recent.first)
    payouts = quality.payouts(conn, recent.first)
    if not totals and not payouts:
        return
    shops = quality.shops(conn)
    sales = quality.sales_by_day(conn, recent.first)
    spoken = coverage.Coverage.read(conn)
    for figure, place in (("orders", 0), ("gross", 1)):
        together: dict[tuple[str, str, int | None], list[_Held]] = {}
        for total in totals:
            theirs = total.orders if figure == "orders" else total.gross
            own = [total.shop_id] if total.shop_id is not None else [shop for shop, (_, source) in shops.items() if source == total.source]
            days = Period(total.first, total.last)
            if theirs is None or not own or not spoken.of("sales", days, own).is_whole:
                continue
            ours = sum(sales.get(shop, {}).get(day, (0, 0, 0, 0))[place] for shop in own for day in range(total.first, total.last + 1))
            together.setdefault((total.source, total.variant, total.shop_id), []).append(_Held(total.first, total.last, theirs, ours, total.import_id))
        for (source, variant, shop), held in together.items():
            doubt = _held_apart(figure, source, variant, shops[shop][0] if shop in shops else source, held)
            if doubt:
                yield doubt
    yield from _of_payouts(payouts, shops, sales, recent)


def _held_apart(figure: str, source: str, variant: str, shop: str, held: Sequence[_Held]) -> Doubt | None:
    """Return the doubt when more than a rounding lies between a platform's totals and the orders we know."""

    def is_apart(one: _Held) -> bool:
        least = _TOTAL_ORDERS if figure == "orders" else 0
        return abs(one.apart) > max(least, _TOTAL_SHARE * abs(one.theirs))

    apart = [one for one in held if is_apart(one)]
    if not apart:
        return None
    theirs, ours = sum(one.theirs for one in held), sum(one.ours for one in held)
    worst = max(apart, key=lambda one: abs(one.apart))
    share = abs(ours - theirs) / abs(theirs) if theirs else 1.0
    weight: Weight = "wrong" if share > _GRAVE_SHARE or abs(worst.apart) > 0.1 * abs(worst.theirs) else "look"
    unit = "_minor" if figure == "gross" else ""
    details = {
        "figure": figure, "shop": shop, "variant": variant, "n": len(apart), "days": len(held), "worst": Period(worst.first, worst.last),
        f"theirs{unit}": worst.theirs, f"ours{unit}": worst.ours, f"apart{unit}": worst.apart, "all_share": share,
    }  # fmt: skip
    return Doubt("platform_total", weight, len(apart), source, details, (), (_CHOOSE, Mend("answer", about=source), Mend("show_import", worst.import_id)))


def _of_payouts(
    payouts: Sequence[quality.Payout], shops: Mapping[int, tuple[str, str]], sales: Mapping[int, Mapping[Day, tuple[int, int, int, int]]], recent: Period
) -> Iterator[Doubt]:
    wrong = [one for one in payouts if not _adds_up(one)]
    if wrong:
        worst = wrong[-1]
        details = {"n": len(wrong), "all": len(payouts), "payout": worst.payout_no or "", "worst_day": worst.day, "net_minor": worst.net, "parts_minor": _parts(worst)}
        yield Doubt("payout_parts", "look", len(wrong), None, details, (Example(worst.payout_no or "", record=worst.record),), (Mend("show_import", worst.import_id),))
    by_shop: dict[int | None, list[quality.Payout]] = {}
    for one in payouts:
        if one.gross is not None:
            by_shop.setdefault(one.shop_id, []).append(one)
    for shop, own in by_shop.items():
        span = Period(max(recent.first, min(one.day for one in own)), max(one.day for one in own))
        if span.days < 28:
            continue  # what is paid out now was sold before: only a longer stretch tells
        of_shops = [shop] if shop is not None else list(shops)
        net = sum(sales.get(one, {}).get(day, (0, 0, 0, 0))[2] for one in of_shops for day in range(span.first, span.last + 1))
        paid = sum(abs(one.gross) for one in own if one.gross is not None)
        if paid and net and abs(paid - net) > _PAYOUT_SHARE * max(paid, net):
            name, source = shops.get(shop, ("", None)) if shop is not None else ("", None)
            details = {"shop": name, "period": span, "paid_minor": paid, "sold_minor": net, "all_share": abs(paid - net) / max(paid, net), "n": len(own)}
            yield Doubt("payout_sales", "look", len(own), source, details, (), (_CHOOSE, Mend("show_import", own[-1].import_id)))


def _parts(one: quality.Payout) -> int:
    """Return what the parts of a payout come to: platforms write what is taken off as positive or as negative."""
    return abs(one.gross or 0) - abs(one.refunds or 0) - abs(one.fees or 0) + (one.adjustments or 0)


def _adds_up(one: quality.Payout) -> bool:
    if one.gross is None or one.fees is None:
        return True  # not all parts are told
    as_signed = one.gross + (one.refunds or 0) + one.fees + (one.adjustments or 0)
    allowed = max(1, _PARTS_SHARE * abs(one.gross))
    return min(abs(_parts(one) - one.net), abs(as_signed - one.net)) <= allowed


# ---- jumps


class Jump(NamedTuple):
    """Days on which a quantity was ``factor`` (a power of ten) times what it was before."""

    first: Day
    last: Day
    days: int
    factor: float
    before: float
    value: float


def jumps(points: Sequence[tuple[Day, float]], *, fewest: int = 1) -> list[Jump]:
    """Return where a quantity jumps as if its unit had changed: by a hundred or thousand, either way.

    Each day is held against the median of the last days that did not jump themselves, in powers of ten; it jumps
    when it lies on a power within the tolerance, and further off than eight times the usual spread; a jump goes on
    until a day is back near the old unit.  A jump of
    less than ``fewest`` days is left out.
    """
    logs = [(day, math.log10(value), value) for day, value in points if value > 0]
    if len(logs) <= _FEWEST_BEFORE:
        return []
    heights = [height for _, height, _ in logs]
    if max(heights) - min(heights) < _LEAST_LOG:
        return []
    window: list[float] = []
    queue: list[float] = []
    found: list[Jump] = []
    open_jump: Jump | None = None
    for day, height, value in logs:
        shift = height - _median(window) if len(window) >= _FEWEST_BEFORE else 0.0
        power = _power(window, shift)
        if power is None and open_jump is not None and shift * math.log10(open_jump.factor) > _STILL_OFF:
            power = round(math.log10(open_jump.factor))  # a day that varies more than the others is still in the other unit
        if power is None:
            insort(window, height)
            queue.append(height)
            if len(queue) > _BASELINE:
                window.remove(queue.pop(0))
            if open_jump is not None:
                found.append(open_jump)
                open_jump = None
        elif open_jump is not None and open_jump.factor == 10.0**power:
            open_jump = open_jump._replace(last=day, days=open_jump.days + 1)
        else:
            if open_jump is not None:
                found.append(open_jump)
            open_jump = Jump(day, day, 1, 10.0**power, 10 ** _median(window), value)
    if open_jump is not None:
        found.append(open_jump)
    return [jump for jump in found if jump.days >= fewest]


def _power(window: Sequence[float], shift: float) -> int | None:
    """Return the power of ten by which a day lies off what is usual, None when it is none."""
    if abs(shift) < _LEAST_LOG:
        return None
    power = round(shift)
    if power not in _POWERS or abs(shift - power) > _LOG_TOLERANCE:
        return None
    usual = _median(window)
    spread = 1.4826 * _median(sorted(abs(one - usual) for one in window))
    return power if abs(shift) > _SPREADS * spread else None


def _median(ordered: Sequence[float]) -> float:
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def _of_jumps(conn: sqlite3.Connection, spans: Sequence[Span], since: Day) -> Iterator[Doubt]:
    for one in (*_sales_series(conn, since), *quality.series(conn, since)):
        is_level = all(under is None for _, _, under in one.points)
        points = [(day, over if under is None else over / under) for day, over, under in one.points if under is None or under > 0]
        for jump in jumps(points, fewest=_FEWEST_LEVELS if is_level else 1):
            blamed = _import_of(spans, one, jump.first)
            mends = () if blamed is None else (Mend("show_import", blamed.import_id), Mend("undo", blamed.import_id), Mend("import_again", blamed.import_id))
            details = {
                "series": one.measured, "shop": one.shop or "", "data": one.data, "period": Period(jump.first, jump.last), "n": jump.days,
                "factor": jump.factor, "before": jump.before, "value": jump.value,
            }  # fmt: skip
            yield Doubt("jump", "wrong", jump.days, one.source or (blamed.source if blamed else None), details, (), mends or (_CHOOSE,))


def _sales_series(conn: sqlite3.Connection, since: Day) -> Iterator[Series]:
    shops = quality.shops(conn)
    for shop, days in quality.sales_by_day(conn, since).items():
        name, source = shops.get(shop, ("", ""))
        price = tuple((day, float(gross), float(units)) for day, (_, gross, _, units) in days.items() if gross > 0 and units > 0)
        size = tuple((day, float(units), float(orders)) for day, (orders, _, _, units) in days.items() if orders > 0 and units > 0)
        count = tuple((day, float(orders), None) for day, (orders, _, _, _) in days.items() if orders > 0)
        yield Series("unit_price", "sales", source, name, price)
        yield Series("order_size", "sales", source, name, size)
        yield Series("order_count", "sales", source, name, count)


def _import_of(spans: Sequence[Span], one: Series, day: Day) -> Span | None:
    """Return the newest export that speaks for the day."""
    there = [
        span for span in spans
        if span.kind == one.data and span.first <= day <= span.last and (not one.source or span.source == one.source) and (not one.shop or span.shop in (None, one.shop))
    ]  # fmt: skip
    return max(there, key=lambda span: (span.as_of, span.import_id), default=None)


# ---- ids, orders, products


def _of_ids(conn: sqlite3.Connection, entries: Mapping[int, Entry], remarks: Sequence[Remark]) -> Iterator[Doubt]:
    for remark in remarks:
        if remark.code == "importing.bad_id":
            yield _damaged(entries[remark.import_id], remark.n, str(remark.details.get("found", "")), remark.record)
    for ids in quality.rounded_order_numbers(conn):
        yield _damaged(entries[ids.import_id], ids.looked_at, ids.example, None)
    skus = quality.damaged_skus(conn)
    if skus:
        told, was = skus[0]
        details = {"n": len(skus), "found": told, "was": was or "?", "file": ""}
        yield Doubt("damaged_ids", "look", len(skus), None, details, tuple(Example(sku) for sku, _ in skus[:_EXAMPLES]), (_CHOOSE,))


def _damaged(entry: Entry, count: int, example: str, record: int | None) -> Doubt:
    details = {"n": count, "found": example, "was": "?", "file": entry.file}
    mends = (Mend("import_again", entry.import_id), Mend("undo", entry.import_id), Mend("show_import", entry.import_id))
    return Doubt("damaged_ids", "wrong", count, entry.source, details, (Example(example, entry.file, record),), mends)


def _of_orders(conn: sqlite3.Connection, recent: Period) -> Iterator[Doubt]:
    count, numbers = quality.unknown_orders(conn)
    if count:
        yield Doubt("unknown_orders", "look", count, None, {"n": count}, tuple(Example(number) for number in numbers), (_CHOOSE,))
    shops = quality.shops(conn)
    for shop, without, orders in quality.orders_without_channel(conn, recent):
        name, source = shops.get(shop, ("", ""))
        example = quality.order_without_channel(conn, shop, recent)
        examples = (Example(*example),) if example else ()
        # A shop that is one channel itself never names it.
        weight: Weight = "note" if without == orders else "look"
        details = {"n": without, "all": orders, "all_share": without / orders, "shop": name, "period": recent}
        yield Doubt("no_channel", weight, without, source or None, details, examples, (_CHOOSE,))
    below = quality.negative_stock(conn)
    if below:
        day, products, sku, units, import_id = below
        details = {"n": products, "counted_day": day, "sku": sku, "units": units}
        mends = (Mend("show_import", import_id), Mend("template", about="own.stock_counts"))
        yield Doubt("negative_stock", "look", products, None, details, (Example(f"{sku}: {units}"),), mends)
    unowned = quality.campaigns_without_owner(conn, recent)
    if unowned:
        campaigns, cost, whole, name = unowned
        details = {"n": campaigns, "cost_minor": cost, "all_share": cost / whole, "campaign": name, "period": recent}
        yield Doubt("no_owner", "note", campaigns, None, details, (Example(name),), (Mend("template", about="own.campaign_owners"),))


def _of_products(conn: sqlite3.Connection, recent: Period) -> Iterator[Doubt]:
    sold = quality.sold(conn, recent)
    whole = int(sold.net.sum()) if sold is not None else 0
    if sold is None or whole <= 0:
        return
    period = Period(month_of(recent.first), recent.last)  # products are kept by month
    lacking: tuple[tuple[DoubtKind, Weight, Bool, Int64], ...] = (
        ("no_cost", "wrong", sold.without_cost > 0, sold.without_cost),
        ("no_category", "look", ~sold.has_category & (sold.net > 0), sold.net),
    )
    for kind, weight, which, amounts in lacking:
        count = int(which.sum())
        if not count:
            continue
        amount = int(amounts[which].sum())
        largest = sold.products[which][:_EXAMPLES].tolist()
        examples = tuple(Example(f"{named.sku} {named.name or ''}".strip()) for named in quality.names_of(conn, largest))
        details = {"n": count, "all": len(sold.net), "net_minor": amount, "all_share": min(1.0, amount / whole), "period": period}
        yield Doubt(kind, weight, count, None, details, examples, (_COSTS,))
