"""Says whether a workspace is whole: pages, keys, ledger, facts, sums, metrics, and the files beside it.

    ./run python tests/reliability/check_workspace.py WORKSPACE [--told TOLD.json]

TOLD.json gives for each imported file's name what it says: ``{"file.csv": [orders, units, pence]}``; the metrics over all
active imports have to come to that.  Prints what is wrong, a line each, and ends with 1 when there is anything.
"""

from __future__ import annotations

import argparse
import json
import math
import sqlite3
import sys
import tempfile
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from fault_shop import FIRST, LAST, Told

from ecoperf_desktop import actions
from ecoperf_desktop.errors import EcoPerfError
from ecoperf_desktop.model.days import Period, day_of
from ecoperf_desktop.model.value import Question
from ecoperf_desktop.store import backup, sums
from ecoperf_desktop.store.database import Workspace

# What may lie beside a workspace that nobody has open.
BESIDE = ("", "-wal", "-shm", ".lock")


def problems(path: Path, told: Mapping[str, Told] | None = None) -> list[str]:
    """Return everything that is wrong with the workspace at ``path``, which nobody may have open."""
    try:
        with actions.workspace(path, write=True) as opened:
            return [
                *(f"check: {code} {details}" for code, details in backup.check(opened).problems),
                *_ledger(opened.conn),
                *_sums(opened),
                *(_totals(opened, told) if told is not None else ()),
            ]
    except (EcoPerfError, sqlite3.Error) as problem:
        return [f"does not open: {problem}"]


def strays(path: Path) -> list[str]:
    """Return the names of files beside the workspace that are neither it nor its own."""
    own = {path.name + suffix for suffix in BESIDE}
    return sorted(one.name for one in path.parent.iterdir() if one.is_file() and one.name not in own)


def _ledger(conn: sqlite3.Connection) -> list[str]:
    """Hold the ledger to the facts: all they name is active, and every active import is closed and has its raw text."""
    wrong = []
    tables = [name for (name,) in conn.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    for table in tables:
        columns = [row[1] for row in conn.execute(f'PRAGMA table_info("{table}")')]
        if "import_id" not in columns or table in ("imports", "import_findings"):
            continue
        stray = conn.execute(
            f'SELECT count(*) FROM "{table}" WHERE import_id IS NOT NULL AND import_id NOT IN (SELECT import_id FROM imports WHERE state = \'active\')'
        ).fetchone()[0]
        if stray:
            wrong.append(f"ledger: {stray} rows of {table} belong to no active import")
    for import_id, file, read, rejected, texts in conn.execute(
        "SELECT import_id, file, rows_read, rows_rejected, (SELECT sum(records) FROM raw_block r WHERE r.import_id = i.import_id) "
        "FROM imports i WHERE state = 'active'"
    ):
        if not read:
            wrong.append(f"ledger: import {import_id} ({file}) was never closed")
        elif texts is not None and not read - rejected <= texts <= read:
            wrong.append(f"ledger: import {import_id} ({file}) read {read} records and kept {texts}")
    return wrong


def _sums(opened: Workspace) -> list[str]:
    """Hold the kept sums to those worked out anew in a copy."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy.ecoperf"
        opened.conn.execute("VACUUM INTO ?", (str(copy),))
        with closing(sqlite3.connect(copy, isolation_level=None)) as conn:
            kept = daily_sums(conn)
            conn.execute("BEGIN")
            conn.execute("DELETE FROM setting WHERE name = ?", (sums._SETTING,))
            sums.ensure(conn)
            anew = daily_sums(conn)
    if kept.keys() != anew.keys():
        return [f"sums: other tables than anew: {sorted(kept.keys() ^ anew.keys())}"]
    return [f"sums: {name} differs from what is worked out anew" for name in kept if not _alike(kept[name], anew[name])]


def daily_sums(conn: sqlite3.Connection) -> dict[str, list[tuple[Any, ...]]]:
    """Return the tables of sums with their rows, without those that say nothing."""
    names = conn.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND (name GLOB 'sum_*' OR name GLOB 'week_*')").fetchall()
    return {name: sorted(conn.execute(f'SELECT * FROM "{name}"'), key=repr) for (name,) in names}


def _alike(one: list[tuple[Any, ...]], other: list[tuple[Any, ...]]) -> bool:
    return len(one) == len(other) and all(
        a == b or (isinstance(a, float) and isinstance(b, float) and math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-9))
        for row, same in zip(one, other, strict=True)
        for a, b in zip(row, same, strict=True)
    )


def _totals(opened: Workspace, told: Mapping[str, Told]) -> list[str]:
    """Hold the metrics to what the files of all active imports say."""
    active = [file for (file,) in opened.conn.execute("SELECT file FROM imports WHERE state = 'active'")]
    wrong = [f"ledger: {file} is active more than once" for file in {file for file in active if active.count(file) > 1}]
    expected = sum((told[file] for file in set(active)), Told())
    question = Question(("orders", "units_sold", "gross_sales"), Period(day_of(FIRST), day_of(LAST)), None, (), (), None)
    found = {value.metric: value.value for value in actions.values(opened, question)}
    for metric, wanted in (("orders", expected.orders), ("units_sold", expected.units), ("gross_sales", expected.pence)):
        got = found[metric]
        if round(float(got or 0)) != wanted:
            wrong.append(f"metrics: {metric} is {got}, the files say {wanted}")
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workspace", type=Path)
    parser.add_argument("--told", type=Path)
    asked = parser.parse_args()
    told = None
    if asked.told is not None:
        told = {name: Told(*numbers) for name, numbers in json.loads(asked.told.read_text(encoding="utf-8")).items()}
    found = [*problems(asked.workspace, told), *(f"beside: {name}" for name in strays(asked.workspace))]
    print("\n".join(found) or "whole")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
