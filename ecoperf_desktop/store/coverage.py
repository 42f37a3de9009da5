"""Which days the imported files speak for, by kind of data, source and shop."""

from __future__ import annotations

import sqlite3
from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import field
from itertools import pairwise
from typing import NamedTuple, TypeAlias

from ecoperf_desktop.model.days import Bucket, Day, Grain, Period, bucket_of
from ecoperf_desktop.records import dataclass
from ecoperf_desktop.store.rates import waits

Range: TypeAlias = tuple[Day, Day]
_Speaker: TypeAlias = "tuple[int, int | None]"  # a source, and the shop it speaks for (None: the company)

# A source whose files end earlier than the others' is still waited for so long; then it has stopped.
_WAITED_DAYS = 31


class Covered(NamedTuple):
    """How far the days of a period are covered.

    ``is_whole``: every day is covered, and by every source and shop whose files
    reach into the period or ended shortly before it.
    """

    days: int
    is_whole: bool


class Spoken:
    """The days covered with data of one kind: ``ranges`` are separate and in order."""

    def __init__(self, speakers: Iterable[Sequence[Range]], waiting: Iterable[Day] = ()) -> None:
        """Take what each speaker covers, as separate ranges in order, and days of which some rows wait to be counted."""
        spoken = list(speakers)
        self.ranges = merged(sorted(one for of in spoken for one in of))
        # Days on which some speaker is waited for: a period is whole when it holds none of them.
        self._gaps = merged(sorted([*(gap for of in spoken for gap in _gaps(of)), *((day, day) for day in waiting)]))
        solid = self.ranges
        for first, last in self._gaps:
            solid = _without_days(solid, first, last)
        # A period within one of these is whole: most are, and a page asks about hundreds.
        self._starts = [first for first, _ in solid]
        self._ends = [last for _, last in solid]
        self._known: dict[Period, Covered] = {}

    def of(self, period: Period) -> Covered:
        """Return how far ``period`` is covered."""
        found = self._known.get(period)
        if found is None:
            first, last = period
            place = bisect_right(self._starts, first) - 1
            if place >= 0 and last <= self._ends[place]:
                found = Covered(last - first + 1, True)
            else:
                found = Covered(_overlap(self.ranges, first, last), False)
            self._known[period] = found
        return found


@dataclass(frozen=True)
class Coverage:
    """The covered days of a workspace at one moment.

    A day is covered when any source speaks for it, unless all that it says of the day waits for an exchange
    rate; where some of it waits, no period with that day is whole.  With a filter by shop only what is
    said for these shops, or for the whole company, counts.
    """

    _spoken: dict[str, dict[_Speaker, tuple[Range, ...]]]
    _waiting: dict[str, dict[_Speaker, set[Day]]] = field(default_factory=dict)
    _known: dict[tuple[str, frozenset[int] | None], Spoken] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def read(cls, conn: sqlite3.Connection) -> Coverage:
        """Read what the active imports cover."""
        ranges: dict[str, dict[_Speaker, list[Range]]] = {}
        for kind, source, shop, first, last in conn.execute(
            "SELECT kind, source_id, shop_id, first_day, last_day FROM coverage ORDER BY first_day, last_day"
        ):
            ranges.setdefault(kind, {}).setdefault((source, shop), []).append((first, last))
        spoken = {kind: {speaker: merged(said) for speaker, said in of.items()} for kind, of in ranges.items()}
        waiting: dict[str, dict[_Speaker, set[Day]]] = {}
        for wait in waits(conn):
            of = spoken.get(wait.kind, {})
            speaker = (wait.source, wait.shop) if (wait.source, wait.shop) in of else (wait.source, None)
            if speaker not in of:
                continue
            waiting.setdefault(wait.kind, {}).setdefault(speaker, set()).add(wait.day)
            if not wait.is_partly:
                of[speaker] = _without(of[speaker], wait.day)
        return cls({kind: {one: said for one, said in of.items() if said} for kind, of in spoken.items()}, waiting)

    def kinds(self) -> list[str]:
        """Return the kinds of data of which there is any."""
        return sorted(self._spoken)

    def ranges(self, kind: str, shops: Collection[int] | None = None) -> tuple[Range, ...]:
        """Return the covered days as separate ranges in order."""
        return self.spoken(kind, shops).ranges

    def of(self, kind: str, period: Period, shops: Collection[int] | None = None) -> Covered:
        """Return how far ``period`` is covered with data of ``kind``."""
        return self.spoken(kind, shops).of(period)

    def spoken(self, kind: str, shops: Collection[int] | None = None) -> Spoken:
        """Return the days covered with data of ``kind``: to ask about many periods."""
        key = (kind, None if shops is None else frozenset(shops))
        found = self._known.get(key)
        if found is None:
            waiting = [days for (_, shop), days in self._waiting.get(kind, {}).items() if shops is None or shop is None or shop in shops]
            found = self._known[key] = Spoken(self._speakers(kind, shops).values(), sorted(set().union(*waiting)))
        return found

    def through(self, kind: str | None = None, shops: Collection[int] | None = None) -> Day | None:
        """Return the newest covered day, of any kind when None; None when nothing is covered."""
        ends = [self.ranges(one, shops) for one in ([kind] if kind else self._spoken)]
        return max((ranges[-1][1] for ranges in ends if ranges), default=None)

    def since(self, kind: str | None = None, shops: Collection[int] | None = None) -> Day | None:
        """Return the oldest covered day, of any kind when None; None when nothing is covered."""
        starts = [self.ranges(one, shops) for one in ([kind] if kind else self._spoken)]
        return min((ranges[0][0] for ranges in starts if ranges), default=None)

    def _speakers(self, kind: str, shops: Collection[int] | None) -> dict[_Speaker, tuple[Range, ...]]:
        spoken = self._spoken.get(kind, {})
        if shops is None:
            return spoken
        return {speaker: ranges for speaker, ranges in spoken.items() if speaker[1] is None or speaker[1] in shops}


def data_through(conn: sqlite3.Connection, kind: str = "sales") -> Day | None:
    """Return the newest day covered with data of ``kind``, else with any; None in an empty workspace."""
    newest: Day | None
    of_kind: Day | None
    newest, of_kind = conn.execute("SELECT MAX(last_day), MAX(CASE WHEN kind = ? THEN last_day END) FROM coverage", (kind,)).fetchone()
    return newest if of_kind is None else of_kind


def last_complete_week(conn: sqlite3.Connection, week_start: int = 1) -> Bucket | None:
    """Return the newest week that ended on or before the data-through day; None in an empty workspace."""
    through = data_through(conn)
    if through is None:
        return None
    week = bucket_of(through, Grain.WEEK, week_start)
    return week if week.period.last <= through else bucket_of(week.period.first - 1, Grain.WEEK, week_start)


def merged(ranges: Iterable[Range]) -> tuple[Range, ...]:
    """Return ranges (in the order of their first days) with those that touch or overlap as one."""
    result: list[Range] = []
    for first, last in ranges:
        if result and first <= result[-1][1] + 1:
            result[-1] = (result[-1][0], max(result[-1][1], last))
        else:
            result.append((first, last))
    return tuple(result)


def _without(ranges: Sequence[Range], day: Day) -> tuple[Range, ...]:
    """Return ranges without one day."""
    return _without_days(ranges, day, day)


def _without_days(ranges: Sequence[Range], first_out: Day, last_out: Day) -> tuple[Range, ...]:
    """Return ranges without a stretch of days."""
    left: list[Range] = []
    for first, last in ranges:
        if first <= last_out and first_out <= last:
            left += [part for part in ((first, first_out - 1), (last_out + 1, last)) if part[0] <= part[1]]
        else:
            left.append((first, last))
    return tuple(left)


def _gaps(spoken: Sequence[Range]) -> Iterator[Range]:
    """Yield the days on which a speaker is waited for: between its ranges and for a while after the last."""
    for (_, before), (after, _) in pairwise(spoken):
        yield before + 1, after - 1
    end = spoken[-1][1]
    yield end + 1, end + _WAITED_DAYS


def _overlap(ranges: Sequence[Range], first: Day, last: Day) -> int:
    """Return how many of the days are in one of the (separate, ordered) ranges."""
    days = 0
    for index in range(max(bisect_right(ranges, (first, last)) - 1, 0), len(ranges)):
        start, end = ranges[index]
        if start > last:
            break
        days += max(0, min(end, last) - max(start, first) + 1)
    return days
