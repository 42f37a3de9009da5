"""A table cut along a dimension, its rows in groups of another: each group's total is asked at its own level."""

from __future__ import annotations

from dataclasses import replace

from ecoperf_desktop.reports.blocks import Row, Table
from ecoperf_desktop.reports.desk import Desk
from ecoperf_desktop.reports.make import tables
from ecoperf_desktop.reports.pages.shape import Breakdown

# In the order in which they are offered.
_OFFERED = ("category", "supplier", "shop", "channel", "region", "device", "campaign", "warehouse")
_MOST_GROUPS = 12
_MOST_ROWS = 8  # of a group


def offered(desk: Desk, entry: Breakdown) -> tuple[tuple[str, str], ...]:
    """Return the dimensions by which the table can be grouped, with their names: those that all its numbers allow."""
    metrics = desk.known((entry.by, *entry.metrics))
    return tuple(
        (name, desk.say(f"head_{name}"))
        for name in _OFFERED
        if name != entry.dimension and all(desk.batch.is_allowed(metric, (entry.dimension, name)) for metric in metrics)
        and not any(name == filtered for filtered, _ in desk.scope.where)
    )  # fmt: skip


def dimension(desk: Desk, entry: Breakdown) -> str | None:
    """Return the dimension by which the page wants the table grouped."""
    chosen = dict(desk.scope.groups).get(entry.key)
    return chosen if chosen is not None and chosen in dict(offered(desk, entry)) else None


def ask_groups(desk: Desk, entry: Breakdown, by: str) -> None:
    """Ask which groups are the largest."""
    period = tables.period_of(desk, entry)
    desk.batch.want((entry.by,), period, per=(by,), top=(_MOST_GROUPS, period))


def ask_rows(desk: Desk, entry: Breakdown, by: str) -> None:
    """Ask for the largest rows of each group, and for its own totals."""
    for part in _parts(desk, entry, by):
        tables.ask_breakdown(desk, part)


def ask_rest(desk: Desk, entry: Breakdown, by: str) -> None:
    """Ask for the other numbers of the rows that turned out to be the largest."""
    for part in _parts(desk, entry, by):
        tables.ask_parts(desk, part)


def grouped(desk: Desk, entry: Breakdown, by: str) -> Table | None:
    """Return the table with its rows in groups, each closed by the group's own total."""
    # All groups have the same columns, also where one of them knows no number.
    plain = tables.breakdown(desk, replace(entry, optional=()))
    if plain is None:
        return None
    rows: list[Row] = []
    for name, part in zip(_groups(desk, entry, by), _parts(desk, entry, by), strict=True):
        made = tables.breakdown(desk, part)
        if made is None:
            continue
        shown = name or desk.say("not_known")
        for row in made.rows:
            if row.is_total:
                rows.append(replace(row, key=f"{name}·total", group=shown, is_total=False, is_subtotal=True))
            else:
                rows.append(replace(row, key=f"{name}·{row.key}", group=shown))
    rows += [row for row in plain.rows if row.is_total]
    return replace(plain, rows=tuple(rows), corner="", grouped_by=by)


def _groups(desk: Desk, entry: Breakdown, by: str) -> list[str]:
    found = desk.batch.cut(entry.by, tables.period_of(desk, entry), by)
    return sorted(found, key=lambda name: (-tables.weight(found[name]), name))


def _parts(desk: Desk, entry: Breakdown, by: str) -> list[Breakdown]:
    """Return the entry once a group, all its metrics within the group."""
    return [
        replace(
            entry,
            by=f"{entry.by}[{by}={name}]",
            metrics=tuple(f"{metric}[{by}={name}]" for metric in entry.metrics),
            changes=tuple(f"{metric}[{by}={name}]" for metric in entry.changes),
            most=_MOST_ROWS,
            optional=(),
            best="",
            may_be_nothing=False,
        )
        for name in _groups(desk, entry, by)
    ]
