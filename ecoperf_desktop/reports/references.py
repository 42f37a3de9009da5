"""How a number is referred to on paper and when it is copied (``S-03·W33``), and how an amount was traded."""

from __future__ import annotations

from decimal import Decimal

from ecoperf_desktop.language import sentence
from ecoperf_desktop.model.days import Grain, Period, bucket_of, iso
from ecoperf_desktop.model.money import to_major
from ecoperf_desktop.model.value import Traded
from ecoperf_desktop.reports.blocks import Reference
from ecoperf_desktop.reports.figures import week_number
from ecoperf_desktop.reports.pages import code_of


def reference_text(reference: Reference, week_start: int = 1) -> str:
    """Return the reference as it is printed; a metric without a code is named by its id, a cut by its values."""
    name = code_of(reference.metric) or reference.metric
    where = "".join(f"·{value}" for _, value in reference.where)
    return f"{name}·{period_name(reference.period, week_start)}{where}"


def period_name(period: Period, week_start: int = 1) -> str:
    """Return the shortest unambiguous name of a period within a report: W33, 2026-08, 2026-Q3, a day, a span."""
    for grain in (Grain.WEEK, Grain.MONTH, Grain.QUARTER, Grain.YEAR):
        bucket = bucket_of(period.first, grain, week_start)
        if bucket.period == period:
            return week_number(bucket.label) if grain is Grain.WEEK else bucket.label
    return iso(period.first) if period.days == 1 else f"{iso(period.first)}–{iso(period.last)}"


def traded_text(one: Traded, spoken: str) -> str:
    """Say what a row's amounts were before they were converted, and at which rate of which day."""
    amounts = ", ".join(f"{name.removesuffix('_minor')} {to_major(amount, one.currency):,f}" for name, amount in one.amounts.items())
    if one.rate_e9 is None or one.rate_day is None:
        return sentence("reports.traded_waits", spoken, currency=one.currency, amounts=amounts)
    rate = f"{Decimal(one.rate_e9).scaleb(-9).normalize():f}"
    return sentence("reports.traded_at", spoken, currency=one.currency, amounts=amounts, rate=rate, day=iso(one.rate_day))
