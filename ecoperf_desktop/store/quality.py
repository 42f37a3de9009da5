"""What the workspace knows about its own data: spans, remarks, sums against totals, products and orders with gaps.

Plain readings; what of them is doubtful is judged elsewhere.
"""

# Names of tables and columns are our own; words from outside are always parameters.
# ruff: noqa: S608

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ecoperf_desktop.model.days import Day, Period
from ecoperf_desktop.records import dataclass
from ecoperf_desktop.store import sums

if TYPE_CHECKING:
    from ecoperf_desktop.model.columns import Bool, Int64

_SAMPLE = 400
# Spreadsheet programs keep this many digits of a number and make the others 0.
KEPT_DIGITS = 15
_SHOWN = 3


class Span(NamedTuple):
    """Days that one active import speaks for."""

    kind: str
    source: str
    shop: str | None
    first: Day
    last: Day
    import_id: int
    as_of: int


class Entry(NamedTuple):
    """One active import, as far as its quality goes.  ``as_of_day`` is the UTC day its file was made."""

    import_id: int
    source: str
    format: str
    file: str
    last: Day | None
    as_of_day: Day
    read: int
    rejected: int
    dropped: dict[str, int]
    sha256: str = ""


class Remark(NamedTuple):
    """Findings of one code in one import: how many, and the first."""

    import_id: int
    code: str
    n: int
    record: int | None
    column: str | None
    details: dict[str, Any]


@dataclass(frozen=True)
class Series:
    """One quantity by day: ``over`` as it is, or divided by ``under`` where that is not None.

    ``measured`` names it (``quality.series_<measured>``), ``data`` is the kind of data it comes from.
    """

    measured: str
    data: str
    source: str
    shop: str | None
    points: tuple[tuple[Day, float, float | None], ...]


class PlatformTotal(NamedTuple):
    """What a platform says it sold from ``first`` to ``last``; None where it does not say."""

    source: str
    variant: str
    shop_id: int | None
    first: Day
    last: Day
    orders: int | None
    gross: int | None
    import_id: int


class Payout(NamedTuple):
    payout_no: str | None
    shop_id: int | None
    day: Day
    gross: int | None
    refunds: int | None
    fees: int | None
    adjustments: int | None
    net: int
    import_id: int
    record: int


class Sold(NamedTuple):
    """Products with what they sold, the largest first, as columns of one length.

    ``net`` and ``without_cost`` (the part of which no cost is known) are minor units.
    """

    products: Int64
    net: Int64
    without_cost: Int64
    has_category: Bool


class Named(NamedTuple):
    sku: str
    name: str | None


class DamagedIds(NamedTuple):
    """Order numbers of one import of which a spreadsheet has eaten the last digits."""

    import_id: int
    looked_at: int
    example: str


def spans(conn: sqlite3.Connection, since: Day) -> list[Span]:
    """Return what the active imports cover, of spans that reach to ``since`` or beyond."""
    rows = conn.execute(
        "SELECT c.kind, s.name, h.name, c.first_day, c.last_day, c.import_id, i.as_of FROM coverage c"
        " JOIN imports i USING(import_id) JOIN source s ON s.source_id = c.source_id LEFT JOIN shop h ON h.shop_id = c.shop_id"
        " WHERE c.last_day >= ? AND i.state = 'active' ORDER BY c.first_day, c.last_day",
        (since,),
    )
    return [Span(*row) for row in rows]


def entries(conn: sqlite3.Connection) -> list[Entry]:
    """Return the active imports, oldest first."""
    rows = conn.execute(
        "SELECT i.import_id, s.name, i.format, i.file, i.last_day, i.as_of / 86400, i.rows_read, i.rows_rejected, i.dropped, i.sha256"
        " FROM imports i JOIN source s USING(source_id) WHERE i.state = 'active' ORDER BY i.import_id"
    )
    return [
        Entry(import_id, source, form, file, last, as_of, read, rejected, {} if dropped == "{}" else json.loads(dropped), sha256)
        for import_id, source, form, file, last, as_of, read, rejected, dropped, sha256 in rows
    ]


def remarks(conn: sqlite3.Connection) -> list[Remark]:
    """Return the findings of the active imports by code, each with its first; of free words every one by itself."""
    rows = conn.execute(
        "SELECT f.import_id, f.code, COUNT(*), f.record, f.column_name, f.details, MIN(f.position) FROM import_findings f"
        " JOIN imports i USING(import_id) WHERE i.state = 'active'"
        " GROUP BY f.import_id, f.code,"
        " CASE WHEN f.code IN ('importing.check_failed', 'importing.check_says', 'importing.total_differs', 'importing.unknown_value')"
        " THEN f.position END"
    )
    return [Remark(import_id, code, n, record, column, json.loads(details)) for import_id, code, n, record, column, details, _ in rows]


def shops(conn: sqlite3.Connection) -> dict[int, tuple[str, str]]:
    """Return name and source of every shop."""
    rows = conn.execute("SELECT shop_id, shop.name, source.name FROM shop JOIN source USING(source_id)")
    return {shop_id: (name, source) for shop_id, name, source in rows}


def sales_by_day(conn: sqlite3.Connection, since: Day) -> dict[int, dict[Day, tuple[int, int, int, int]]]:
    """Return by shop and day orders, gross, net and units; nothing where daily sums have to be rebuilt first."""
    found: dict[int, dict[Day, tuple[int, int, int, int]]] = {}
    if not sums.are_current(conn):
        return found
    lines = {
        (shop, day): (gross, net, units)
        for day, shop, gross, net, units in conn.execute(
            "SELECT day, shop_id, SUM(gross), SUM(net), SUM(units) FROM sum_line WHERE day >= ? GROUP BY day, shop_id", (since,)
        )
    }
    counts = {
        (shop, day): count
        for day, shop, count in conn.execute("SELECT day, shop_id, SUM(count) FROM sum_order WHERE day >= ? GROUP BY day, shop_id", (since,))
    }
    for shop, day in sorted(lines.keys() | counts.keys(), key=lambda pair: pair[1]):
        gross, net, units = lines.get((shop, day), (0, 0, 0))
        found.setdefault(shop, {})[day] = (counts.get((shop, day)) or 0, gross or 0, net or 0, units or 0)
    return found


# What is measured by day and source: its name, the kind of data, the rows, over, under.
_MEASURED = (
    ("click_cost", "ads", "sum_ad", "cost", "clicks"),
    ("ad_cost", "ads", "sum_ad", "cost", None),
    ("impressions", "ads", "sum_ad", "impressions", None),
    ("conversion_value", "ads", "sum_ad", "revenue", "conversions"),
    ("sessions", "traffic", "sum_traffic_shop", "sessions", None),
    ("pageviews", "traffic", "sum_traffic_shop", "pageviews", "sessions"),
    ("engagement", "traffic", "sum_traffic_shop", "engagement_seconds", "user_days"),
)  # fmt: skip
# The same of data kept for the whole company: one source at most, in practice.
_COMPANY = (
    ("parcel_cost", "shipments", "sum_dispatch", "cost", None),
    ("reply_time", "agents", "sum_agent_day", "round_seconds", "rounds"),
    ("stock_value", "stock", "sum_stock", "value", "units"),
    ("stock_units", "stock", "sum_stock", "units", None),
)  # fmt: skip


def series(conn: sqlite3.Connection, since: Day) -> list[Series]:
    """Return what ads, visits, parcels, agents, stock and page speed measured by day, where there is any."""
    if not sums.are_current(conn):
        return []
    names = dict(conn.execute("SELECT source_id, name FROM source").fetchall())
    found: list[Series] = []
    for table, variant in (("sum_ad", "''"), ("sum_traffic_shop", "variant")):
        wanted = [row for row in _MEASURED if row[2] == table]
        columns = sorted({column for row in wanted for column in row[3:] if column})
        kept: dict[int, dict[str, list[tuple[int, ...]]]] = {}
        for source_id, report, *row in conn.execute(
            f"SELECT source_id, {variant}, day, {', '.join(f'SUM({column})' for column in columns)} FROM {table}"
            " WHERE day >= ? AND last_day = day GROUP BY day, source_id, 2",
            (since,),
        ):
            kept.setdefault(source_id, {}).setdefault(report, []).append(tuple(row))
        for source_id, reports in kept.items():
            # Reports of one source count the same visits: the longest stands for all.
            rows = max(reports.values(), key=len)
            for measured, data, _, over, under in wanted:
                found.append(_series(measured, data, names.get(source_id, ""), rows, columns, over, under))
    for measured, data, table, over, under in _COMPANY:
        columns = [over, *([under] if under else [])]
        rows = conn.execute(f"SELECT day, {', '.join(f'SUM({column})' for column in columns)} FROM {table} WHERE day >= ? GROUP BY day", (since,)).fetchall()
        found.append(_series(measured, data, "", rows, columns, over, under))
    found.extend(_speed(conn, since))
    return [one for one in found if one.points]


def _series(
    measured: str, data: str, source: str, rows: Sequence[tuple[Any, ...]], columns: Sequence[str], over: str, under: str | None
) -> Series:
    above, below = columns.index(over) + 1, columns.index(under) + 1 if under else 0
    points = tuple((row[0], float(row[above]), float(row[below]) if below else None) for row in rows if row[above] is not None and (not below or row[below]))
    return Series(measured, data, source, None, points)


def _speed(conn: sqlite3.Connection, since: Day) -> list[Series]:
    """Return the largest-paint times of laboratory and field: seconds read as milliseconds are the classic."""
    lab = conn.execute("SELECT day, AVG(lcp_ms) FROM lab_audits WHERE day >= ? AND lcp_ms > 0 GROUP BY day", (since,)).fetchall()
    field = conn.execute(
        "SELECT s.name, p.day, AVG(p.p75) FROM page_p75 p JOIN source s USING(source_id)"
        " WHERE p.day >= ? AND lower(p.metric) = 'lcp' AND p.p75 > 0 GROUP BY s.name, p.day",
        (since,),
    ).fetchall()
    by_source: dict[str, list[tuple[Day, float, float | None]]] = {}
    for name, day, value in field:
        by_source.setdefault(name, []).append((day, value, None))
    found = [Series("lab_lcp", "lab_speed", "", None, tuple((day, value, None) for day, value in lab))]
    return found + [Series("field_lcp", "field_speed", name, None, tuple(points)) for name, points in by_source.items()]


def platform_totals(conn: sqlite3.Connection, since: Day) -> list[PlatformTotal]:
    """Return what platforms total themselves, without their breakdowns by product."""
    rows = conn.execute(
        "SELECT s.name, t.variant, t.shop_id, t.day, t.last_day, SUM(t.orders), SUM(t.gross_minor), MAX(t.import_id)"
        " FROM sales_daily t JOIN source s USING(source_id) WHERE t.day >= ? AND t.product_id IS NULL"
        " GROUP BY s.name, t.variant, t.shop_id, t.day, t.last_day ORDER BY t.day",
        (since,),
    )
    return [PlatformTotal(*row) for row in rows]


def payouts(conn: sqlite3.Connection, since: Day) -> list[Payout]:
    rows = conn.execute(
        "SELECT payout_no, shop_id, day, gross_minor, refunds_minor, fees_minor, adjustments_minor, net_minor, import_id, record"
        " FROM payouts WHERE day >= ? ORDER BY day, payout_id",
        (since,),
    )
    return [Payout(*row) for row in rows]


def sold(conn: sqlite3.Connection, period: Period) -> Sold | None:
    """Return the products sold in the whole months that ``period`` touches; None when there are none."""
    if not sums.are_current(conn):
        return None
    # Only who looks at the quality of data waits for numpy.
    import numpy as np

    from ecoperf_desktop.store import products
    from ecoperf_desktop.store.kept import month_of, product_measures

    months = sorted({month_of(day) for day in (*range(period.first, period.last + 1, 27), period.last)})
    blocks = [block for _, block in products.read(conn, "line", "month", months)]
    if not blocks:
        return None
    names = [measure.name for measure in product_measures("line", sums.by_view()["line"])]
    ids = products.column_of(blocks, products.PRODUCT)
    net = _added(ids, products.column_of(blocks, products.SUMS + names.index("net")))
    costed = _added(ids, products.column_of(blocks, products.SUMS + names.index("net_with_cost")))
    known = np.unique(ids)
    known = known[known > 0]  # a line without a SKU has no product that could be mended
    known = known[np.argsort(-net[known], kind="stable")]
    uncategorised = np.zeros(len(net), np.bool_)
    without = np.fromiter((row[0] for row in conn.execute("SELECT product_id FROM product WHERE category_id IS NULL")), np.int64)
    uncategorised[without[without < len(net)]] = True
    return Sold(known, net[known], (net - costed)[known], ~uncategorised[known])


def _added(ids: Int64, column: Int64) -> Int64:
    """Return the sums of a column by product; numbers of products are small and without gaps."""
    import numpy as np

    from ecoperf_desktop.store.kept import UNKNOWN

    total = np.zeros(max(int(ids.max()), 0) + 1, np.int64)
    stated = (column != UNKNOWN) & (ids > 0)
    np.add.at(total, ids[stated], column[stated])
    return total


def names_of(conn: sqlite3.Connection, product_ids: Sequence[int]) -> list[Named]:
    """Return SKU and name of products, in the given order."""
    # Row ids as numbers: there may be more of them than a statement takes parameters.
    query = f"SELECT product_id, sku, COALESCE(name, seen_name) FROM product WHERE product_id IN ({','.join(map(str, product_ids))})"
    found = {product: Named(sku, name) for product, sku, name in conn.execute(query)}
    return [found[product] for product in product_ids if product in found]


@dataclass(frozen=True)
class ProductGap:
    """A product of which cost or category is not known, with what is.  ``unit_cost_e4`` is 1/10 000 of a minor unit."""

    sku: str
    name: str | None
    category: str | None
    unit_cost_e4: int | None


def incomplete_products(conn: sqlite3.Connection) -> list[ProductGap]:
    """Return the products without cost or category, by SKU."""
    rows = conn.execute(
        "SELECT sku, COALESCE(product.name, seen_name), category.name, unit_cost_e4 FROM product"
        " LEFT JOIN category USING(category_id) WHERE unit_cost_e4 IS NULL OR category_id IS NULL ORDER BY sku"
    )
    return [ProductGap(*row) for row in rows]


def orders_without_channel(conn: sqlite3.Connection, period: Period) -> list[tuple[int, int, int]]:
    """Return by shop how many orders of ``period`` name no channel, and how many there are; shops that lack none are left out."""
    if not sums.are_current(conn):
        return []
    return conn.execute(
        "SELECT shop_id, SUM(CASE WHEN channel_id = -1 THEN count ELSE 0 END) AS without, SUM(count) FROM sum_order"
        " WHERE day BETWEEN ? AND ? GROUP BY shop_id HAVING without > 0",
        (period.first, period.last),
    ).fetchall()


def order_without_channel(conn: sqlite3.Connection, shop_id: int, period: Period) -> tuple[str, str, int] | None:
    """Return the number of the newest order without a channel, its file and record."""
    row = conn.execute(
        "SELECT o.order_no, i.file, o.record FROM orders o JOIN imports i USING(import_id) WHERE o.sale_day BETWEEN ? AND ?"
        " AND o.shop_id = ? AND o.channel_id IS NULL ORDER BY o.sale_day DESC LIMIT 1",
        (period.first, period.last, shop_id),
    ).fetchone()
    return (row[0], row[1], row[2]) if row else None


def unknown_orders(conn: sqlite3.Connection) -> tuple[int, tuple[str, ...]]:
    """Return how many orders are only referred to (by refunds, parcels, reviews), and some of their numbers."""
    # An order that waits for an exchange rate is known, though it counts nowhere.
    unknown = "import_id IS NULL AND NOT EXISTS (SELECT 1 FROM traded t WHERE t.order_id = orders.order_id AND t.rate_e9 IS NULL)"
    (count,) = conn.execute(f"SELECT COUNT(*) FROM orders WHERE {unknown}").fetchone()
    if not count:
        return 0, ()
    rows = conn.execute(f"SELECT order_no FROM orders WHERE {unknown} LIMIT ?", (_SHOWN,))
    return count, tuple(number for (number,) in rows)


def negative_stock(conn: sqlite3.Connection) -> tuple[Day, int, str, int, int] | None:
    """Return of the newest count its day, how many products lie below zero, the lowest SKU, its units and the import."""
    (day,) = conn.execute("SELECT MAX(day) FROM inventory_snapshots").fetchone()
    if day is None:
        return None
    rows = conn.execute(
        "SELECT p.sku, w.on_hand, w.import_id FROM inventory_snapshots w JOIN product p USING(product_id)"
        " WHERE w.day = ? AND w.on_hand < 0 ORDER BY w.on_hand",
        (day,),
    ).fetchall()
    return (day, len(rows), *rows[0]) if rows else None


def campaigns_without_owner(conn: sqlite3.Connection, period: Period) -> tuple[int, int, int, str] | None:
    """Return how many campaigns with spend have no owner, what they and what all spent, and the largest's name."""
    if not sums.are_current(conn):
        return None
    rows = conn.execute(
        "SELECT c.name, c.owner_staff_id, SUM(w.cost) FROM sum_ad_campaign w JOIN campaign c USING(campaign_id)"
        " WHERE w.day BETWEEN ? AND ? GROUP BY c.campaign_id HAVING SUM(w.cost) > 0 ORDER BY 3 DESC",
        (period.first, period.last),
    ).fetchall()
    unowned = [(name, cost) for name, owner, cost in rows if owner is None]
    if not unowned:
        return None
    return len(unowned), sum(cost for _, cost in unowned), sum(cost for _, _, cost in rows), unowned[0][0]


def rounded_order_numbers(conn: sqlite3.Connection) -> list[DamagedIds]:
    """Return the imports whose long order numbers all end in the zeros that a spreadsheet puts there.

    Looks at the newest orders and at some of all the others, so that it takes no longer with more of them.
    """
    newest = conn.execute("SELECT MAX(order_id) FROM orders").fetchone()[0]
    if newest is None:
        return []
    if newest <= 2 * _SAMPLE:
        rows = conn.execute("SELECT import_id, order_no FROM orders WHERE import_id IS NOT NULL").fetchall()
    else:
        spread = ",".join(map(str, range(1, newest - _SAMPLE + 1, newest // _SAMPLE)))
        rows = conn.execute(
            "SELECT import_id, order_no FROM orders WHERE order_id > ? AND import_id IS NOT NULL"
            f" UNION ALL SELECT import_id, order_no FROM orders WHERE order_id IN ({spread}) AND import_id IS NOT NULL",
            (newest - _SAMPLE,),
        ).fetchall()
    by_import: dict[int, list[str]] = {}
    for import_id, number in rows:
        bare = number.strip("#'` ")
        if len(bare) > KEPT_DIGITS and bare.isdigit():
            by_import.setdefault(import_id, []).append(bare)
    found = []
    for import_id, numbers in by_import.items():
        zeros = [len(number) - KEPT_DIGITS for number in numbers]
        # By chance that happens once in ten to the number of zeros.
        if sum(zeros) >= 6 and all(number.endswith("0" * count) for number, count in zip(numbers, zeros, strict=True)):
            found.append(DamagedIds(import_id, len(numbers), numbers[0]))
    return found


def damaged_skus(conn: sqlite3.Connection) -> list[tuple[str, str]]:
    """Return SKUs a spreadsheet has written anew, each with the SKU it probably was.

    That is ``1.2E+12`` (nothing is known of what it was: empty), ``123.0``, and ``123`` beside ``00123``.
    """
    found = [
        (sku, "")
        for (sku,) in conn.execute("SELECT sku FROM product WHERE sku GLOB '[0-9]*[Ee]+[0-9]*' AND sku NOT GLOB '*[^0-9.Ee+]*'")
    ]
    found += [
        (short, long)
        for short, long in conn.execute(
            "SELECT p.sku, q.sku FROM product q JOIN product p ON p.sku = ltrim(q.sku, '0') WHERE q.sku GLOB '0[0-9]*' AND q.sku NOT GLOB '*[^0-9]*'"
        )
    ]
    found += [
        (sku, sku[:-2])
        for (sku,) in conn.execute("SELECT sku FROM product WHERE sku GLOB '[0-9]*.0' AND substr(sku, 1, length(sku) - 2) NOT GLOB '*[^0-9]*'")
    ]
    return found
