"""What one unit of a currency was worth in the workspace's own, day by day: read from files, or typed in by a person."""

# Names of tables and columns come from our own tables.py, never from a file.
# ruff: noqa: S608

from __future__ import annotations

import sqlite3
from bisect import bisect_right
from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from ecoperf_desktop.model.days import Day
from ecoperf_desktop.model.money import exponent
from ecoperf_desktop.records import dataclass
from ecoperf_desktop.store.tables import TABLES

# On a day without a rate (weekends, holidays) the newest earlier one holds, if it is at most so many days old.
LASTS_DAYS = 7
SCALE = 10**9


@dataclass(frozen=True)
class Rate:
    """What one unit was worth, in 1/1 000 000 000 of a unit of the reporting currency, and the day that says so."""

    day: Day
    rate_e9: int


@dataclass(frozen=True)
class Known:
    """One stated rate, in the reporting currency.  ``file`` None: a person typed it in."""

    currency: str
    day: Day
    rate_e9: int
    file: str | None

    @property
    def written(self) -> str:
        """Return the rate in decimals, without noughts at the end."""
        return written_rate(self.rate_e9)


@dataclass(frozen=True)
class Wanted:
    """A currency without a rate on a day: how many orders, and how many rows in all, wait for it."""

    currency: str
    day: Day
    orders: int
    rows: int


class Rates:
    """The rates into ``reporting``, found a currency at a time.

    Of several statements about one day what was typed in wins, then a rate of the very pair, then its inverse, then one
    by way of a third currency (a bank's table of what one euro is worth).
    """

    def __init__(self, conn: sqlite3.Connection, reporting: str) -> None:
        self._conn = conn
        self.reporting = reporting
        self._known: dict[str, tuple[list[Day], list[int]]] = {}

    def on(self, currency: str, day: Day) -> Rate | None:
        """Return the rate that holds on ``day``: its own, else the newest of the ``LASTS_DAYS`` days before it."""
        days, rates = self._course(currency)
        place = bisect_right(days, day) - 1
        if place < 0 or day - days[place] > LASTS_DAYS:
            return None
        return Rate(days[place], rates[place])

    def stated(self, currency: str) -> dict[Day, tuple[int, int | None]]:
        """Return every day's rate of ``currency`` in 1/1 000 000 000, and the import that says so, None where it was typed in."""
        reporting = self.reporting
        # By day and third currency: what a unit of the currency, and of the reporting one, is worth in it.
        crossed: dict[tuple[Day, str], dict[str, tuple[Fraction, int]]] = {}
        inverse: dict[Day, tuple[Fraction, int]] = {}
        direct: dict[Day, tuple[Fraction, int]] = {}
        for base, quote, day, rate, import_id in self._files(currency):
            pair = (base, quote)
            if pair == (currency, reporting):
                direct[day] = rate, import_id
            elif pair == (reporting, currency):
                inverse[day] = 1 / rate, import_id
            elif base in (currency, reporting):
                crossed.setdefault((day, quote), {})[base] = rate, import_id
            else:
                crossed.setdefault((day, base), {}).setdefault(quote, (1 / rate, import_id))
        found = {
            day: (worth[currency][0] / worth[reporting][0], worth[currency][1])
            for (day, _), worth in sorted(crossed.items(), key=lambda one: one[0], reverse=True)
            if currency in worth and reporting in worth
        }
        found |= inverse | direct
        course: dict[Day, tuple[int, int | None]] = {
            day: (int(rate * SCALE + Fraction(1, 2)), import_id) for day, (rate, import_id) in found.items()
        }
        query = "SELECT day, rate_e9 FROM typed_rate WHERE currency = ? AND quote = ?"
        course |= {day: (rate, None) for day, rate in self._conn.execute(query, (currency, reporting))}
        return {day: stated for day, stated in course.items() if stated[0] > 0}

    def _course(self, currency: str) -> tuple[list[Day], list[int]]:
        if currency not in self._known:
            stated = self.stated(currency)
            days = sorted(stated)
            self._known[currency] = days, [stated[day][0] for day in days]
        return self._known[currency]

    def _files(self, currency: str) -> Iterable[tuple[str, str, Day, Fraction, int]]:
        """Yield what files state of the currency or the reporting one, the older statements first."""
        for base, quote, day, rate, units, import_id in self._conn.execute(
            "SELECT r.currency, coalesce(r.quote, ?1), r.day, r.rate, coalesce(r.units, 1), r.import_id FROM exchange_rates r "
            "JOIN imports i USING(import_id) WHERE r.rate > 0 AND coalesce(r.units, 1) > 0 "
            "AND (r.currency IN (?1, ?2) OR coalesce(r.quote, ?1) IN (?1, ?2)) ORDER BY i.as_of, i.import_id, r.natural_key",
            (self.reporting, currency),
        ):
            if base != quote:
                yield base, quote, day, Fraction(Decimal(repr(rate))) / units, import_id


def converted(amount: int, rate_e9: int, currency: str, reporting: str) -> int:
    """Return minor units of ``currency`` in those of ``reporting``, rounded half up once (away from zero where negative)."""
    scale = exponent(reporting) - exponent(currency)
    above, below = amount * rate_e9, SCALE
    if scale >= 0:
        above *= 10**scale
    else:
        below *= 10**-scale
    whole = (2 * abs(above) + below) // (2 * below)
    return whole if above >= 0 else -whole


def known(conn: sqlite3.Connection, reporting: str, currency: str | None = None) -> list[Known]:
    """Return what is stated about rates into ``reporting``, the newest day first; what was typed in hides the files' of its day."""
    bases = [currency] if currency else [
        base for (base,) in conn.execute(
            "SELECT currency FROM typed_rate WHERE quote = ?1 UNION SELECT currency FROM exchange_rates UNION "
            "SELECT quote FROM exchange_rates WHERE quote IS NOT NULL", (reporting,),
        ) if base != reporting
    ]  # fmt: skip
    files: dict[int | None, str] = dict(conn.execute("SELECT import_id, file FROM imports"))
    rates = Rates(conn, reporting)
    found = [
        Known(base, day, rate, files.get(import_id))
        for base in bases
        for day, (rate, import_id) in rates.stated(base).items()
    ]
    return sorted(found, key=lambda one: (-one.day, one.currency))


def wanted(conn: sqlite3.Connection, import_id: int | None = None) -> list[Wanted]:
    """Return the currencies and days whose rate is waited for, the oldest first; ``import_id``: by rows of this import only."""
    return [
        Wanted(*row)
        for row in conn.execute(
            "SELECT currency, day, count(DISTINCT order_id), count(*) FROM traded "
            "WHERE rate_e9 IS NULL AND import_id = coalesce(?, import_id) GROUP BY currency, day ORDER BY day, currency",
            (import_id,),
        )
    ]


class Waits(NamedTuple):
    """A day on which rows of a kind of data wait, by source and shop; ``is_partly``: others of that day count."""

    kind: str
    source: int
    shop: int | None
    day: Day
    is_partly: bool


def waits(conn: sqlite3.Connection) -> list[Waits]:
    """Return the days on which rows wait for a rate: what is summed of such a day is not all."""
    tables = [name for (name,) in conn.execute("SELECT DISTINCT table_name FROM traded WHERE rate_e9 IS NULL")]
    found: list[Waits] = []
    for name in tables:
        table = TABLES[name]
        if table.coverage is None or table.day is None:
            continue
        day = "sale_day" if name == "orders" else table.day
        has_shop = any(field.name == "shop" for field in table.fields)
        shop = "json_extract(t.says, '$.shop_id')" if has_shop else "NULL"
        if name == "orders":
            shop = "(SELECT o.shop_id FROM orders o WHERE o.order_id = t.row_id)"
        same_shop = "f.shop_id IS w.shop_id" if has_shop else "1 = 1"
        waiting = (
            f"SELECT DISTINCT i.source_id, {shop} AS shop_id, coalesce(json_extract(t.says, '$.{day}'), t.day) AS day "
            "FROM traded t JOIN imports i USING(import_id) WHERE t.table_name = ? AND t.rate_e9 IS NULL"
        )
        found += [
            Waits(table.coverage, source, of_shop, of_day, bool(is_partly))
            for source, of_shop, of_day, is_partly in conn.execute(
                f"SELECT w.source_id, w.shop_id, w.day, EXISTS (SELECT 1 FROM {name} f JOIN imports n ON n.import_id = f.import_id "
                f"WHERE f.{day} = w.day AND n.source_id = w.source_id AND {same_shop}) FROM ({waiting}) w",
                (name,),
            )
        ]
    return found


def written_rate(rate_e9: int) -> str:
    """Return a rate in decimals, without noughts at the end."""
    return f"{Decimal(rate_e9).scaleb(-9).normalize():f}"
