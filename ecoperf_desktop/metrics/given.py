"""Which of a vendor's own figures answers for a period: people and percentiles that nobody else can count."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field, replace

from ecoperf_desktop.model.days import Period, iso
from ecoperf_desktop.model.metric import Given
from ecoperf_desktop.records import dataclass


@dataclass(frozen=True)
class VendorFigure:
    """One row of a vendor: its value for exactly ``span``.

    ``parts`` are the dimensions of the row that were not asked for, with what stands in
    them; None is "not split by it".  ``variant`` is the report's breakdown, None in views
    without.
    """

    span: Period
    value: float
    parts: Mapping[str, object] = field(default_factory=dict)
    variant: str | None = None


@dataclass(frozen=True)
class Choice:
    """The value of ``span``, or None with a ``reason`` of the languages and its details."""

    value: float | None
    span: Period | None = None
    reason: str | None = None
    details: dict[str, object] = field(default_factory=dict)


def choose(figures: Sequence[VendorFigure], period: Period, given: Given) -> Choice:
    """Return the figure that stands for ``period``, from the vendor's rows whose spans touch it.

    Parts are added only over the dimensions of ``given.apart``.  Of several reports the
    one split least answers; a report split by something not asked for (people by
    device) has no whole, so there is no number.
    """
    spans = [stands_for(figure.span, given) for figure in figures]
    figures = [figure if figure.span == span else replace(figure, span=span) for figure, span in zip(figures, spans, strict=True)]
    fitting = [figure for figure in figures if _fits(figure.span, period, given)]
    if not fitting:
        if not figures:
            return Choice(None, reason="metrics.catalogue_vendor_none")
        near = max((figure.span for figure in figures), key=lambda span: (span.last, span.first))
        details: dict[str, object] = {"first": iso(near.first), "last": iso(near.last)}
        return Choice(None, reason="metrics.catalogue_vendor_span", details=details)
    span = max((figure.span for figure in fitting), key=lambda span: (span.last, -span.days))
    fitting = [figure for figure in fitting if figure.span == span]
    for variant in sorted({figure.variant or "" for figure in fitting}, key=lambda name: (_splits(fitting, name), name)):
        rows = [figure for figure in fitting if (figure.variant or "") == variant]
        if not _split_by(rows, given):
            return Choice(sum(figure.value for figure in rows) * given.scale, span)
    parts = sorted({name for name in _split_by(fitting, given)})
    return Choice(None, span, "metrics.catalogue_vendor_slices", {"parts": ", ".join(parts)})


def stands_for(span: Period, given: Given) -> Period:
    """Return the days a row of a vendor stands for: one of a single day for all of its window."""
    return Period(span.last - given.days + 1, span.last) if span.days == 1 else span


def _fits(span: Period, period: Period, given: Given) -> bool:
    if span == period:
        return True
    # A longer window that ends within the period is shown as it is; a shorter one says nothing of the rest.
    return given.span == "ending" and span.last in period and span.days >= period.days


def _splits(figures: Sequence[VendorFigure], variant: str) -> int:
    return max(
        sum(part is not None for part in figure.parts.values())
        for figure in figures
        if (figure.variant or "") == variant
    )


def _split_by(rows: Sequence[VendorFigure], given: Given) -> set[str]:
    """Return the dimensions in which rows differ, or of which a report shows only a part."""
    split: set[str] = set()
    for name in {name for row in rows for name in row.parts} - set(given.apart):
        held = {row.parts.get(name) for row in rows}
        if len(held) > 1 or (held != {None} and any(row.variant is not None for row in rows)):
            split.add(name)
    if not split and len({tuple(row.parts.get(name) for name in given.apart) for row in rows}) < len(rows):
        return set(rows[0].parts) or {"source"}  # two sources tell the same people
    return split
