"""What the head of a page says about the workspace: sources, covered days, targets, names, known events."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from ecoperf_desktop.model.days import Day, Period
from ecoperf_desktop.records import dataclass

_BEGINNING, _END = -(10**6), 10**6


@dataclass(frozen=True)
class Covered:
    """Days one source speaks for: ``kind`` is sales, ads, ...; ``shop`` None means the whole company."""

    kind: str
    source: str
    shop: str | None
    first: Day
    last: Day


@dataclass(frozen=True)
class Target:
    """What was agreed for a metric: over exactly the days ``first`` to ``last``, in the metric's shown unit."""

    metric: str
    scope_kind: str
    scope: str
    first: Day
    last: Day
    target: float
    floor: float | None
    stretch: float | None
    direction: str | None


@dataclass(frozen=True)
class Outage:
    """A time in which a site was down: ``clock`` is when it began by the source's clock, ``seconds`` None while it runs."""

    day: Day
    clock: str
    target: str
    seconds: int | None
    is_planned: bool
    reason: str | None


def covered(conn: sqlite3.Connection, within: Period | None = None) -> list[Covered]:
    """Return the spans of the active imports, only those that reach into ``within`` when it is given."""
    rows = conn.execute(
        "SELECT c.kind, s.name, h.name, c.first_day, c.last_day FROM coverage c"
        " JOIN imports i ON i.import_id = c.import_id AND i.state = 'active'"
        " JOIN source s ON s.source_id = c.source_id LEFT JOIN shop h ON h.shop_id = c.shop_id"
        " WHERE c.first_day <= ? AND c.last_day >= ? ORDER BY c.kind, s.name, h.name, c.first_day, c.last_day",
        (within.last, within.first) if within else (_END, _BEGINNING),
    )
    return [Covered(*row) for row in rows]


def sources(conn: sqlite3.Connection) -> list[tuple[str, str | None, str | None]]:
    """Return name, currency and time zone of every source with an active import."""
    return conn.execute(
        "SELECT name, currency, tz FROM source"
        " WHERE source_id IN (SELECT source_id FROM imports WHERE state = 'active') ORDER BY name"
    ).fetchall()


def currency(conn: sqlite3.Connection) -> str | None:
    """Return the currency everything is reported in, None before the first import."""
    row = conn.execute("SELECT value FROM setting WHERE name = 'reporting_currency'").fetchone()
    return row[0] if row else None


def shops(conn: sqlite3.Connection) -> list[str]:
    return [name for (name,) in conn.execute("SELECT name FROM shop ORDER BY shop_id")]


def channels(conn: sqlite3.Connection) -> list[str]:
    return [name for (name,) in conn.execute("SELECT name FROM channel ORDER BY channel_id")]


def imports_of(conn: sqlite3.Connection, period: Period) -> int:
    """Return how many active imports reach into ``period``."""
    (count,) = conn.execute(
        "SELECT COUNT(*) FROM imports WHERE state = 'active' AND first_day <= ? AND last_day >= ?",
        (period.last, period.first),
    ).fetchone()
    return int(count)


def targets(conn: sqlite3.Connection, period: Period) -> list[Target]:
    """Return the targets whose days hold all of ``period``, the tightest last."""
    rows = conn.execute(
        "SELECT metric, scope_kind, scope, first_day, last_day, target, floor, stretch, direction FROM targets"
        " WHERE first_day <= ? AND last_day >= ? ORDER BY last_day - first_day DESC, target_id",
        (period.first, period.last),
    )
    return [Target(*row) for row in rows]


def product_names(conn: sqlite3.Connection, skus: Iterable[str]) -> dict[str, str]:
    """Return the names of products by SKU, without those that have none."""
    wanted = list(skus)
    marks = ",".join("?" * len(wanted))
    rows = conn.execute(
        f"SELECT sku, COALESCE(name, seen_name) FROM product WHERE sku IN ({marks})",  # noqa: S608 - only marks
        wanted,
    )
    return {sku: name for sku, name in rows if name}


def product_suppliers(conn: sqlite3.Connection, skus: Iterable[str], day: Day) -> dict[str, str]:
    """Return who products are bought from by SKU, without those of which nobody knows: as stated, else as last ordered by ``day``."""
    wanted = list(skus)
    marks = ",".join("?" * len(wanted))
    rows = conn.execute(
        f"""
        SELECT p.sku, s.name FROM product p JOIN supplier s ON s.supplier_id = COALESCE(p.supplier_id, (
          SELECT o.supplier_id FROM po_lines l JOIN purchase_orders o ON o.po_id = l.po_id
          WHERE l.product_id = p.product_id AND o.supplier_id IS NOT NULL AND o.ordered_day <= ?
          ORDER BY o.ordered_day DESC, l.po_line_id DESC LIMIT 1))
        WHERE p.sku IN ({marks})""",  # noqa: S608 - only marks
        (day, *wanted),
    )
    return dict(rows.fetchall())


def outages(conn: sqlite3.Connection, period: Period) -> list[Outage]:
    """Return the outages that began in ``period``, the newest first."""
    from datetime import UTC, datetime
    from zoneinfo import ZoneInfo

    rows = conn.execute(
        "SELECT t.day, t.started_ts, t.target, COALESCE(t.ended_ts - t.started_ts, t.seconds), COALESCE(t.planned, 0), t.reason, s.tz"
        " FROM incidents t JOIN imports i ON i.import_id = t.import_id JOIN source s ON s.source_id = i.source_id"
        " WHERE t.day BETWEEN ? AND ? ORDER BY t.started_ts DESC, t.incident_id DESC",
        (period.first, period.last),
    )
    found = []
    for day, started, target, seconds, planned, reason, tz in rows:
        clock = datetime.fromtimestamp(started, ZoneInfo(tz) if tz else UTC)
        found.append(Outage(day, f"{clock:%H:%M}", target, seconds, bool(planned), reason))
    return found


def events(conn: sqlite3.Connection, period: Period) -> list[tuple[Day, str]]:
    """Return the days of ``period`` that belong to a promotion or holiday, with its code."""
    rows = conn.execute(
        "SELECT day, event_code FROM calendar WHERE day BETWEEN ? AND ? AND event_code IS NOT NULL ORDER BY day",
        (period.first, period.last),
    )
    return [(day, code) for day, code in rows]


@dataclass(frozen=True)
class Training:
    """A topic taught on a day: for how many it was planned, how many took part, and what it was meant to improve."""

    topic: str
    day: Day
    metric: str | None
    planned: int
    attended: int


def trainings(conn: sqlite3.Connection, period: Period) -> list[Training]:
    """Return the trainings of ``period``, the newest first."""
    rows = conn.execute(
        "SELECT topic, day, MIN(metric), COUNT(*), COALESCE(SUM(completed), 0) FROM training"
        " WHERE day BETWEEN ? AND ? GROUP BY topic, day ORDER BY day DESC, topic",
        (period.first, period.last),
    )
    return [Training(*row) for row in rows]


def service_starts(conn: sqlite3.Connection) -> dict[str, Day]:
    """Return the day each person of the staff list came, by name, without those of whom nobody knows."""
    return dict(conn.execute("SELECT name, hired_day FROM staff WHERE hired_day IS NOT NULL").fetchall())


@dataclass(frozen=True)
class ShopScore:
    """What a platform says of a shop: its score, the scale's end and that of the industry, where files tell them."""

    shop: str | None
    indicator: str
    day: Day
    score: float
    scale_max: float | None
    industry: float | None


def shop_scores(conn: sqlite3.Connection, period: Period) -> list[ShopScore]:
    """Return the newest score of each shop and indicator in ``period``."""
    rows = conn.execute(
        "SELECT h.name, t.indicator, MAX(t.day), t.score, t.scale_max, t.industry FROM shop_scores t"
        " LEFT JOIN shop h ON h.shop_id = t.shop_id WHERE t.day BETWEEN ? AND ? GROUP BY t.shop_id, t.indicator"
        " ORDER BY t.shop_id, t.row_id",
        (period.first, period.last),
    )
    return [ShopScore(*row) for row in rows]
