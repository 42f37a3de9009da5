"""A person's own metrics, as they are written down in the workspace."""

from __future__ import annotations

import sqlite3

from ecoperf_desktop.model.metric import OwnMetric

_COLUMNS = "metric, name, definition, expression, unit, direction, decimals"


def own_metrics(conn: sqlite3.Connection) -> list[OwnMetric]:
    """Return them in the order of their names."""
    return [OwnMetric(*row) for row in conn.execute(f"SELECT {_COLUMNS} FROM own_metric ORDER BY name, metric")]  # noqa: S608


def keep(conn: sqlite3.Connection, own: OwnMetric) -> None:
    """Write one down, in place of an earlier one of the same id."""
    conn.execute(
        f"INSERT OR REPLACE INTO own_metric({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
        (own.id, own.name, own.definition, own.expression, own.unit, own.direction, own.decimals),
    )


def remove(conn: sqlite3.Connection, metric_id: str) -> bool:
    """Take one out; say whether it was there."""
    return conn.execute("DELETE FROM own_metric WHERE metric = ?", (metric_id,)).rowcount > 0
