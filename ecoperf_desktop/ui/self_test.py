"""The program's own test, which a built bundle is started with: a small shop, every tab painted, one sheet."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from ecoperf_desktop import actions

_PATIENCE = 60.0  # seconds for one step


def run() -> int:
    """Open the window without a screen on a workspace of its own and print what was seen; return 0 or 1."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        os.environ["ECOPERF_DATA"] = folder
        try:
            _try(Path(folder))
        except Exception as problem:  # every failure is one line and exit 1
            import traceback

            traceback.print_exc()
            print(f"failed: {type(problem).__name__}")
            return 1
    print("all well")
    return 0


def _try(folder: Path) -> None:
    from PySide6.QtWidgets import QApplication

    from ecoperf_desktop import settings
    from ecoperf_desktop.ui import app as program
    from ecoperf_desktop.ui.tabs import PAGES

    orders = folder / "orders_export_1.csv"
    orders.write_text(_orders(), encoding="utf-8")
    workspace = folder / "shop.ecoperf"
    choices = actions.ImportChoices(settings=(("tz", "Europe/London"), ("currency", "GBP")))
    with actions.workspace(workspace, write=True) as opened:
        report = actions.apply_import(actions.plan_import([orders], choices, opened), opened)
    rows = report.files[0].rows
    _check(report.files[0].status == "loaded" and rows.new == rows.read, f"import: {report.files[0].status}, {rows.new} rows")
    _try_reading_apart(folder, orders, choices)
    for spoken in ("en", "zh"):
        chosen = {**settings.load(), "language": spoken}
        program.prepare([], chosen)
        window = program.make_window(workspace, chosen)
        window.show()
        for page in PAGES:
            window.go(page)
            _wait(partial(window.page_is_shown, page))
            picture = window.grab().toImage()
            seen = {picture.pixel(x, y) for x in range(0, picture.width(), 8) for y in range(0, picture.height(), 8)}
            _check(len(seen) > 20, f"{spoken} {page}: {picture.width()} x {picture.height()}, {len(seen)} colours")
        target = folder / f"week-{spoken}.pdf"
        window.errands.write_report(target)
        _wait(target.exists)
        _check(target.read_bytes().startswith(b"%PDF"), f"{spoken} sheet: {target.stat().st_size} bytes")
        window.close()
        window.deleteLater()
        QApplication.processEvents()


def _try_reading_apart(folder: Path, orders: Path, choices: actions.ImportChoices) -> None:
    """Read the same orders as a long text is read: in a process of this very program."""
    from ecoperf_desktop.importing.apart import ReadingProcess

    with ReadingProcess() as apart, actions.workspace(folder / "apart.ecoperf", write=True) as opened:
        report = actions.apply_import(actions.plan_import([orders], choices, opened, unseen=True, apart=apart), opened)
    _check(apart.has_read and report.files[0].status == "loaded", f"read apart: {report.files[0].status}, {report.files[0].rows.new} rows")


def _check(well: bool, line: str) -> None:
    print(line if well else f"wrong: {line}")
    sys.stdout.flush()
    if not well:
        raise AssertionError(line)


def _wait(until: Callable[[], bool]) -> None:
    from PySide6.QtWidgets import QApplication

    end = time.monotonic() + _PATIENCE
    while not until():
        if time.monotonic() > end:
            raise TimeoutError
        QApplication.processEvents()
        time.sleep(0.01)
    QApplication.processEvents()


def _orders() -> str:
    """Return a Shopify orders export of eight weeks, three orders a day."""
    lines = [
        "Name,Email,Financial Status,Paid at,Currency,Subtotal,Shipping,Taxes,Total,Discount Amount,Created at,"
        "Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,Lineitem discount,Cancelled at,Refunded Amount,Id"
    ]
    number = 1001
    for month, days in (("2026-06", 30), ("2026-07", 26)):
        for day in range(1, days + 1):
            for each in range(3):
                price = f"{20 + (day * 7 + each * 3) % 13}.00"
                when = f"{month}-{day:02d} 1{each}:15:00 +0000"
                lines.append(
                    f"#{number},b{number % 17}@example.org,paid,{when},GBP,{price},0.00,0.00,{price},0.00,{when},"
                    f"1,Mug {each},{price},MUG-{each},0.00,,0.00,{number}"
                )
                number += 1
    return "\n".join(lines) + "\n"
