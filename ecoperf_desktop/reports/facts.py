"""What status bar and sheet head say about the data: how far they reach, where they have holes, how they are read."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from ecoperf_desktop.model.days import Day, Grain, Period, day_of, iso
from ecoperf_desktop.reports import figures
from ecoperf_desktop.reports.blocks import Facts
from ecoperf_desktop.reports.desk import Desk
from ecoperf_desktop.store import standing
from ecoperf_desktop.store.standing import Covered

COST = "cost_coverage"

# A source that spoke within so many days before the period is expected to speak in it.
EXPECTED_WITHIN = 35


def ask(desk: Desk) -> None:
    desk.batch.want(desk.known((COST,)), desk.times.period)


def facts(desk: Desk) -> Facts:
    """Return the facts behind the page's period."""
    conn, period, language = desk.engine.conn, desk.times.period, desk.language
    spans = standing.covered(conn, Period(period.first - EXPECTED_WITHIN, period.last))
    covered = len(covered_days((span for span in spans if span.kind == "sales"), period))
    zones = sorted({zone for _, _, zone in standing.sources(conn) if zone})
    imports = standing.imports_of(conn, period)
    cost = desk.batch.value(COST, period)
    cost_text = ""
    if cost.value is not None:
        known = figures.form("ratio", language, decimals=3).text(cost.value)
        cost_text = desk.say("cost_known", share=known) if cost.value > 0 else desk.say("cost_unknown")
    through_text = desk.say("nothing_imported")
    if desk.through is not None:
        through_text = desk.say("through", day=figures.weekday_text(desk.through, language), year=iso(desk.through)[:4])
    return Facts(
        desk.through,
        through_text,
        covered,
        desk.scope.period.days,
        desk.say("days_covered", covered=covered, days=desk.scope.period.days),
        tuple(gaps(desk, spans)),
        cost_text,
        desk.say(
            "calendar",
            weeks=weeks_text(desk),
            zone=", ".join(zones) or desk.say("no_zone"),
            currency=desk.currency or desk.say("no_currency"),
        ),
        desk.compare_text(),
        desk.currency,
        ", ".join(zones) or None,
        imports,
        desk.say("imports_used", n=imports),
        desk.say("draft"),
        report_id(desk),
    )


def weeks_text(desk: Desk) -> str:
    """Say how weeks are counted, and the financial year where it is another than the civil one."""
    calendar = desk.engine.calendar
    text = desk.say("weeks_sunday" if calendar.week_start == 7 else "weeks_monday")
    if not calendar.has_fiscal:
        return text
    if calendar.retail is not None:
        return desk.say("year_of_weeks", weeks=text, pattern="-".join(calendar.retail))
    month = figures.month_name(day_of(date(2024, calendar.fiscal_start_month, 1)), desk.language)
    return desk.say("year_of_months", weeks=text, month=month)


def report_id(desk: Desk) -> str:
    """Return the id that the sheet prints: WR-2026-33, MR-2026-08, QR-2026-3, YR-2026, R-FY2026-P03, R-20260810-20260816."""
    scope = desk.scope
    if scope.grain is None or scope.label is None or scope.grain is Grain.DAY:
        return f"R-{iso(scope.period.first).replace('-', '')}-{iso(scope.period.last).replace('-', '')}"
    if scope.grain.is_fiscal:
        return f"R-{scope.label}"
    kind = {Grain.WEEK: "WR", Grain.MONTH: "MR", Grain.QUARTER: "QR", Grain.YEAR: "YR"}[scope.grain]
    return f"{kind}-{scope.label.replace('W', '').replace('Q', '')}"


def covered_days(spans: Iterable[Covered], period: Period) -> set[Day]:
    """Return the days of ``period`` that at least one of ``spans`` covers."""
    days: set[Day] = set()
    for span in spans:
        first, last = max(span.first, period.first), min(span.last, period.last)
        if first <= last:
            days.update(range(first, last + 1))
    return days


def gaps(desk: Desk, spans: list[Covered]) -> list[str]:
    """Return a sentence for every kind of data that is expected in the period and missing on some of its days."""
    period = desk.times.period
    sentences = []
    by_kind: dict[tuple[str, str], list[Covered]] = {}
    for span in spans:
        by_kind.setdefault((span.kind, span.source), []).append(span)
    for (kind, source), mine in by_kind.items():
        if kind not in DAILY:
            continue
        missing = period.days - len(covered_days(mine, period))
        if 0 < missing:
            sentences.append(desk.say("gap", source=source, kind=desk.say(f"kind_{kind}"), n=missing))
    return sentences


# Kinds of data that speak for every day; the others (stock counts, outages, targets) come when something happens.
DAILY = ("sales", "shipments", "ads", "traffic", "search", "conversations", "agents")
