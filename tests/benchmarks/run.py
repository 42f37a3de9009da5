"""Ratios of the product's work to a plain tool's, both measured side by side in this run.

    ./run python tests/benchmarks/run.py            (1 million order lines; add --lines 10000000 for ten)

Prints one line a bar: what, ratio or figure, the bar, and the two times it was made of.  Times are the least of several
interleaved runs, since a shared machine is noisy; the ratios are what counts.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from pathlib import Path

from make_lines import write_lines

ROOT = Path(__file__).resolve().parents[2]
MAPPING = ROOT / "tests" / "mappings" / "online_retail.toml"
BARS = ("import", "week", "workbook", "pages", "filters", "explain", "window", "report")
SET = ["--set", "currency=GBP", "--set", "tz=Europe/London", "--set", "large=yes"]


def timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def ecoperf(workspace: Path, *arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ecoperf_desktop", "--workspace", str(workspace), *arguments], cwd=ROOT, stdout=subprocess.DEVNULL, check=False
    )
    if done.returncode:
        raise SystemExit(f"ecoperf {' '.join(arguments)} ended with {done.returncode}")


def remove(workspace: Path) -> None:
    for path in workspace.parent.glob(workspace.name + "*"):
        path.unlink()


def plain_import(csv: Path, target: Path) -> None:
    target.unlink(missing_ok=True)
    subprocess.run(["sqlite3", str(target)], input=f".mode csv\n.import {csv} lines\n", text=True, check=True)


def show(what: str, figure: str, bar: str, made_of: str) -> None:
    print(f"{what:<58} {figure:>10}   bar {bar:<8} {made_of}", flush=True)


def bench_import(folder: Path, lines: int, per_order: float, rounds: int) -> Path:
    csv = folder / "lines.csv"
    write_lines(csv, lines=lines, per_order=per_order, customers=max(lines // 16, 100))
    workspace = folder / "work.ecoperf"
    ours, plain = [], []
    for _ in range(rounds):
        plain.append(timed(lambda: plain_import(csv, folder / "plain.db")))
        remove(workspace)
        ours.append(timed(lambda: ecoperf(workspace, "import", str(csv), "--mapping", str(MAPPING), *SET)))
    show(
        f"import {lines:,} lines, {per_order:g} an order / sqlite3 .import", f"{min(ours) / min(plain):.2f}", "2.0",
        f"{min(ours):.2f} s / {min(plain):.2f} s, {csv.stat().st_size / 1e6:.0f} MB of text, {workspace.stat().st_size / 1e6:.0f} MB of workspace",
    )
    return workspace


def bench_week(folder: Path, full: Path, rounds: int, per_order: float) -> None:
    week = folder / "week.csv"
    write_lines(week, lines=20_000, per_order=per_order, first=date(2024, 8, 1) + timedelta(days=728), days=7, first_order=90_000_000, seed=8)
    into_full, into_empty = [], []
    script = (
        "import sys, time\nfrom pathlib import Path\nfrom ecoperf_desktop import actions\n"
        "path, csv, mapping = map(Path, sys.argv[1:4])\n"
        "choices = actions.ImportChoices(mappings=(mapping,), settings=(('currency', 'GBP'), ('tz', 'Europe/London')))\n"
        "import ecoperf_desktop.importing.plan, ecoperf_desktop.store.load\n"
        "with actions.workspace(path, write=True) as opened:\n"
        "    start = time.perf_counter()\n"
        "    made = actions.apply_import(actions.plan_import([csv], choices, opened), opened)\n"
        "    took = time.perf_counter() - start\n"
        "    assert made.files[0].status == 'loaded', made\n"
        "    actions.undo(opened, [made.files[0].import_id])\n"
        "print(took)\n"
    )
    empty = folder / "empty.ecoperf"
    for _ in range(rounds):
        for workspace, times in ((empty, into_empty), (full, into_full)):
            if workspace is empty:
                remove(empty)
            done = subprocess.run([sys.executable, "-c", script, str(workspace), str(week), str(MAPPING)], cwd=ROOT, capture_output=True, text=True, check=True)
            times.append(float(done.stdout))
    show("one more week of 20,000 lines / the same into an empty one", f"{min(into_full) / min(into_empty):.2f}", "1.3", f"{min(into_full):.3f} s / {min(into_empty):.3f} s")


def bench_workbook(folder: Path, rounds: int) -> None:
    """Import a workbook of 100,000 rows: recognised, read and stored, against the reading library alone."""
    import csv as plain_csv

    import xlsxwriter

    text, book = folder / "rows.csv", folder / "rows.xlsx"
    write_lines(text, lines=100_000, per_order=10, customers=6_000)
    with text.open(encoding="utf-8", newline="") as lines, xlsxwriter.Workbook(book, {"constant_memory": True, "strings_to_numbers": True}) as workbook:
        sheet = workbook.add_worksheet("Lines")
        for place, row in enumerate(plain_csv.reader(lines)):
            sheet.write_row(place, 0, row)
    script = (
        "import sys, time\nfrom pathlib import Path\nfrom python_calamine import CalamineWorkbook\nfrom ecoperf_desktop import actions\n"
        "import ecoperf_desktop.importing.plan, ecoperf_desktop.store.load\n"
        "path, book, mapping = map(Path, sys.argv[1:4])\n"
        "choices = actions.ImportChoices(mappings=(mapping,), settings=(('currency', 'GBP'), ('tz', 'Europe/London')))\n"
        "start = time.perf_counter()\nCalamineWorkbook.from_path(book).get_sheet_by_index(0).to_python()\nplain = time.perf_counter() - start\n"
        "with actions.workspace(path, write=True) as opened:\n"
        "    start = time.perf_counter()\n"
        "    made = actions.apply_import(actions.plan_import([book], choices, opened), opened)\n"
        "    took = time.perf_counter() - start\n"
        "    assert made.files[0].rows.new == 100_000, made\n"
        "print(plain, took)\n"
    )
    workspace = folder / "book.ecoperf"
    plain, ours = [], []
    for _ in range(rounds):
        remove(workspace)
        done = subprocess.run([sys.executable, "-c", script, str(workspace), str(book), str(MAPPING)], cwd=ROOT, capture_output=True, text=True, check=True)
        times = [float(one) for one in done.stdout.split()]
        plain.append(times[0])
        ours.append(times[1])
    show("import a workbook of 100,000 rows / calamine's reading", f"{min(ours) / min(plain):.2f}", "2.5", f"{min(ours):.2f} s / {min(plain):.2f} s")


def bench_pages(full: Path) -> None:
    from ecoperf_desktop import actions
    from ecoperf_desktop.model.days import Grain, bucket_of
    from ecoperf_desktop.reports.blocks import Scope
    from ecoperf_desktop.reports.pages import PAGES

    with actions.workspace(full) as opened:
        last = actions.last_week(opened).period.last
        worst: dict[str, float] = {}
        for page in PAGES:
            for grain in (Grain.WEEK, Grain.MONTH, Grain.QUARTER, Grain.YEAR):
                scope = Scope.of(bucket_of(last, grain), grain)
                actions.summary(opened, page, scope)  # code and file pages warm; every answer is worked out anew
                times = [timed(lambda page=page, scope=scope: actions.summary(opened, page, scope)) for _ in range(5)]
                worst[page] = max(worst.get(page, 0.0), statistics.median(times))
    for page, took in worst.items():
        show(f"summary of {page}, slowest of week, month, quarter, year", f"{took * 1000:.1f} ms", "30 ms", "uncached, median of 5")


def bench_filters(full: Path) -> None:
    """Add a filter to each page's summary: a shop, a channel, both."""
    from ecoperf_desktop import actions
    from ecoperf_desktop.model.days import Grain, bucket_of
    from ecoperf_desktop.reports.blocks import Scope
    from ecoperf_desktop.reports.pages import PAGES

    with actions.workspace(full) as opened:
        last = actions.last_week(opened).period.last
        filters: list[dict[str, str]] = []
        for name, table in (("shop", "shop"), ("channel", "channel")):
            row = opened.conn.execute(f"SELECT name FROM {table} ORDER BY {name}_id LIMIT 1").fetchone()
            filters += [] if row is None else [{name: row[0]}]
        filters += [filters[0] | filters[1]] if len(filters) == 2 else []
        worst: dict[str, float] = {}
        for page in PAGES:
            for grain in (Grain.WEEK, Grain.MONTH, Grain.QUARTER, Grain.YEAR):
                for added in filters:
                    scope = Scope.of(bucket_of(last, grain), grain, **added)
                    actions.summary(opened, page, scope)
                    times = [timed(lambda page=page, scope=scope: actions.summary(opened, page, scope)) for _ in range(3)]
                    worst[page] = max(worst.get(page, 0.0), statistics.median(times))
    for page, took in worst.items():
        show(f"{page} with an added filter, slowest of the same", f"{took * 1000:.1f} ms", "60 ms", f"uncached, median of 3, {len(filters)} filters")


def bench_explain(full: Path) -> None:
    """Explain every metric of the catalogue that has a value, the first twenty rows named with their text; print the slowest ten."""
    from ecoperf_desktop import actions
    from ecoperf_desktop.errors import MetricRefused
    from ecoperf_desktop.metrics.catalogue import catalogue
    from ecoperf_desktop.model.days import Grain, bucket_of

    every: list[tuple[float, float, str, str, int]] = []
    with actions.workspace(full) as opened:
        last = actions.last_week(opened).period.last
        product = opened.conn.execute("SELECT sku FROM product ORDER BY product_id LIMIT 1").fetchone()[0]
        asked: list[tuple[str, tuple[tuple[str, str], ...]]] = [(metric, ()) for metric in catalogue().metrics]
        asked.append(("net_sales", (("product", product),)))
        for metric, where in asked:
            for grain in (Grain.WEEK, Grain.MONTH, Grain.QUARTER, Grain.YEAR):
                # The last whole one: a year that has just begun has few rows.
                period = bucket_of(bucket_of(last + 1, grain).period.first - 1, grain).period
                try:
                    first = actions.explain(opened, metric, period, where)
                except MetricRefused:
                    continue  # internal ones, and those that want a filter
                if first.value.value is None:
                    continue
                times, work = [], []
                for _ in range(3):
                    before = time.process_time()
                    times.append(timed(partial(actions.explain, opened, metric, period, where)))
                    work.append(time.process_time() - before)
                every.append((statistics.median(times), min(work), metric + " of a product" * bool(where), grain.value, first.row_count))
    every.sort(reverse=True)
    took, work_of, metric, name, rows = every[0]
    show(
        f"explain, slowest of {len({one[2] for one in every})} numbers by week to year", f"{took * 1000:.0f} ms", "200 ms",
        f"{metric} of a {name}, {rows:,} rows; processor {work_of * 1000:.0f} ms; "
        f"median of all {statistics.median(one[0] for one in every) * 1000:.0f} ms, uncached",
    )
    for took, work_of, metric, name, rows in every[:10]:
        print(f"    {took * 1000:5.0f} ms, processor {work_of * 1000:4.0f}  {metric} of a {name}, {rows:,} rows", flush=True)


def bench_window(full: Path, rounds: int) -> None:
    # As on a customer's machine: compiled files are kept, and both have been started before.
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    bare = (
        "import pyqtgraph as pg\napp = pg.mkQApp()\nplot = pg.PlotWidget()\nplot.plot([1, 3, 2])\nplot.show()\n"
        "for _ in range(3): app.processEvents()\nplot.grab()\n"
    )
    ours = "import sys\nfrom pathlib import Path\nfrom ecoperf_desktop.ui.app import first_paint\nfirst_paint(Path(sys.argv[1]))\n"
    commands = {"plot": ([sys.executable, "-c", bare], None), "window": ([sys.executable, "-c", ours, str(full)], ROOT)}
    wall: dict[str, list[float]] = {name: [] for name in commands}
    work: dict[str, list[float]] = {name: [] for name in commands}
    for started in range(rounds + 1):
        for name, (command, folder) in commands.items():
            before = os.times()
            took = timed(lambda command=command, folder=folder: subprocess.run(command, env=environment, cwd=folder, check=True))
            after = os.times()
            if started:  # the first one compiled and warmed
                wall[name].append(took)
                work[name].append(after.children_user + after.children_system - before.children_user - before.children_system)
    for kind, times in (("time", wall), ("processor", work)):
        window, plot = min(times["window"]), min(times["plot"])
        show(f"window with the Overview painted / one bare PlotWidget, {kind}", f"{window / plot:.2f}", "0.8", f"{window:.2f} s / {plot:.2f} s")


def bench_report(full: Path, folder: Path, rounds: int) -> None:
    sheet = folder / "sheet.pdf"
    times = [timed(lambda: ecoperf(full, "report", "--period", "last", "--page", "overview", "-o", str(sheet))) for _ in range(rounds)]
    show("the printed sheet as PDF, from the command's start", f"{min(times):.2f} s", "1.5 s", f"{sheet.stat().st_size / 1000:.0f} kB (bar 300 kB)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--per-order", type=float, default=10)
    parser.add_argument("--only", choices=BARS, action="append")
    asked = parser.parse_args()
    only = asked.only or list(BARS)
    os.environ["ECOPERF_DATA"] = tempfile.mkdtemp(prefix="ecoperf-bench-data-")
    with tempfile.TemporaryDirectory(prefix="ecoperf-bench-") as scratch:
        folder = Path(scratch)
        if "workbook" in only:
            bench_workbook(folder, asked.rounds)
        if only == ["workbook"]:
            return
        full = bench_import(folder, asked.lines, asked.per_order, asked.rounds if "import" in only else 1)
        if "week" in only:
            bench_week(folder, full, asked.rounds, asked.per_order)
        if "pages" in only:
            bench_pages(full)
        if "filters" in only:
            bench_filters(full)
        if "explain" in only:
            bench_explain(full)
        if "window" in only:
            bench_window(full, max(asked.rounds, 10))
        if "report" in only:
            bench_report(full, folder, asked.rounds)


if __name__ == "__main__":
    main()
