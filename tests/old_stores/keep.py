"""Keep a workspace of the release that runs this, with the numbers it gives: ``./run python tests/old_stores/keep.py``.

To be run once with each release that has a new schema.  What stands in ``files`` is imported through the command line,
one import is taken back and one file imported twice, and the workspace is written as ``v<schema>.ecoperf.xz`` with its
values as ``v<schema>.json``.  Those of earlier schemas are never made anew: they are what people have.
An earlier release is run from its checkout: ``PYTHONPATH=<checkout> python tests/old_stores/keep.py``.
"""

from __future__ import annotations

import json
import lzma
import os
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
METRICS = ("gmv_placed", "paid_amount", "orders", "aov", "units_sold", "ad_spend", "roas", "sessions", "buyers", "new_buyers")
ASKED = (
    ("2024-10-01", "2024-12-31", ()),
    ("2025-10-01", "2025-12-31", ()),
    ("2025-10-01", "2025-12-31", ("--by", "month")),
    ("2026-08-03", "2026-08-09", ("--by", "day")),
)


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        workspace = Path(scratch) / "shop.ecoperf"

        def ecoperf(*arguments: str) -> dict[str, list[dict[str, object]]]:
            command = [sys.executable, "-m", "ecoperf_desktop", "--workspace", str(workspace), *arguments, "--json"]
            done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", env={**os.environ, "ECOPERF_DATA": scratch})
            if not done.stdout:
                raise SystemExit(f"{' '.join(arguments)}: {done.stderr}")
            return json.loads(done.stdout)  # type: ignore[no-any-return]

        files = sorted(map(str, (FOLDER / "files").glob("*.csv")))
        for file in files:
            told = ecoperf("import", file, "--set", "currency=CNY", "--set", "tz=Asia/Shanghai")["files"][0]
            print(file, told["status"], told["rows"])
        ecoperf("undo", "2")
        print(ecoperf("import", files[1], "--set", "currency=CNY", "--set", "tz=Asia/Shanghai")["files"][0]["status"])
        known = {str(metric["id"]) for metric in ecoperf("metrics")["metrics"]}
        metrics = [metric for metric in METRICS if metric in known]
        values = []
        for first, last, more in ASKED:
            asked = ["value", *metrics, "--from", first, "--to", last, *more]
            for value in ecoperf(*asked)["values"]:
                kept = {name: value[name] for name in ("metric", "from", "to", "value", "unit", "currency")}
                values.append({"asked": asked, **kept})
        entries = [{name: entry[name] for name in ("file", "state", "sha256")} for entry in ecoperf("imports")["imports"]]
        conn = sqlite3.connect(workspace)
        (version,) = conn.execute("PRAGMA user_version").fetchone()
        conn.execute("VACUUM")
        conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        conn.close()
        (FOLDER / f"v{version}.ecoperf.xz").write_bytes(lzma.compress(workspace.read_bytes(), preset=9 | lzma.PRESET_EXTREME))
        kept_values = json.dumps({"schema": version, "imports": entries, "values": values}, indent=1, ensure_ascii=False)
        (FOLDER / f"v{version}.json").write_text(kept_values + "\n", encoding="utf-8")
        told_values = [value["value"] for value in values]
        print(f"schema {version}: {len(values)} values, {sum(value is not None for value in told_values)} known", told_values[:20])


if __name__ == "__main__":
    main()
