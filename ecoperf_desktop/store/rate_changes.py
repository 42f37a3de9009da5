"""Exchange rates that a person types in or takes back, with every amount that depends on them, in one transaction."""

from __future__ import annotations

import sqlite3
import time
from decimal import ROUND_HALF_UP, Decimal

from ecoperf_desktop.errors import UsageError, WorkspaceError
from ecoperf_desktop.model.days import Day, iso
from ecoperf_desktop.records import dataclass
from ecoperf_desktop.store import sums
from ecoperf_desktop.store.database import Workspace
from ecoperf_desktop.store.rates import SCALE, Wanted, wanted, written_rate
from ecoperf_desktop.store.restatements import record_rates
from ecoperf_desktop.store.touched import Touched

_NAME = "rate"


@dataclass(frozen=True)
class RateChanged:
    """What became of a typed rate: values it restated, rows that count now and did not before, and what still waits."""

    restated: int
    freed: int
    waiting: tuple[Wanted, ...]


def put(workspace: Workspace, currency: str, day: Day, rate: Decimal) -> RateChanged:
    """Let one unit of ``currency`` be worth ``rate`` of the reporting currency on ``day``, whatever files say of it.

    Raises UsageError for a currency or rate that is none, WorkspaceError where nothing says what the workspace reports in.
    """
    rate_e9 = int((rate * SCALE).quantize(Decimal(1), ROUND_HALF_UP)) if rate.is_finite() else 0
    if not 0 < rate_e9 < 2**62:
        raise UsageError("store.rate_value", value=str(rate))
    return _changed(workspace, currency, day, rate_e9)


def take_back(workspace: Workspace, currency: str, day: Day) -> RateChanged:
    """Forget a typed rate: what files say of the day holds again, else an earlier day's rate, else its rows wait.

    Raises WorkspaceError where none was typed in.
    """
    return _changed(workspace, currency, day, None)


def _changed(workspace: Workspace, currency: str, day: Day, rate_e9: int | None) -> RateChanged:
    if len(currency) != 3 or not (currency.isascii() and currency.isalpha() and currency.isupper()):
        raise UsageError("store.rate_currency", value=currency)
    with workspace.transaction() as conn:
        reporting = workspace.reporting_currency
        if reporting is None:
            raise WorkspaceError("store.no_reporting_currency")
        if currency == reporting:
            raise UsageError("store.rate_of_itself", currency=currency)
        where = (currency, reporting, day)
        row = conn.execute("SELECT rate_e9 FROM typed_rate WHERE currency = ? AND quote = ? AND day = ?", where).fetchone()
        before: int | None = None if row is None else row[0]
        if rate_e9 is None and before is None:
            raise WorkspaceError("store.no_such_rate", currency=currency, day=iso(day))
        if rate_e9 == before:
            return RateChanged(0, 0, tuple(wanted(conn)))
        sums.ensure(conn)
        waited = _waiting(conn)
        touched = Touched(conn)
        if rate_e9 is None:
            conn.execute("DELETE FROM typed_rate WHERE currency = ? AND quote = ? AND day = ?", where)
        else:
            conn.execute("INSERT OR REPLACE INTO typed_rate(currency, quote, day, rate_e9) VALUES (?, ?, ?, ?)", (*where, rate_e9))
        touched.rates_changed((day,))
        touched.derive()
        sums.refresh(conn, touched.dirty)
        restated = _record(conn, touched, f"{_NAME} {currency} {iso(day)}", before, rate_e9)
        return RateChanged(restated, max(waited - _waiting(conn), 0), tuple(wanted(conn)))


def _waiting(conn: sqlite3.Connection) -> int:
    return int(conn.execute("SELECT count(*) FROM traded WHERE rate_e9 IS NULL").fetchone()[0])


def _record(conn: sqlite3.Connection, touched: Touched, name: str, before: int | None, after: int | None) -> int:
    """Keep what was restated, by the sources whose amounts it is."""
    restated = 0
    for source_id, changes in touched.traded.restated_by_source().items():
        change_id = conn.execute(
            "INSERT INTO answer_change(source_id, name, old, new, changed_utc) VALUES (?, ?, ?, ?, ?) RETURNING change_id",
            (source_id, name, _shown(before), _shown(after), int(time.time())),
        ).fetchone()[0]
        record_rates(conn, changes, change_id=change_id)
        restated += len(changes)
    return restated


def _shown(rate_e9: int | None) -> str | None:
    return None if rate_e9 is None else written_rate(rate_e9)
