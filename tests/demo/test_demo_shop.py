"""The demo shop: the same everywhere, plausible, and read by the ordinary importer without a question."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from ecoperf_desktop import actions
from ecoperf_desktop.demo import shop, world
from ecoperf_desktop.model.days import date_of
from ecoperf_desktop.model.importing import ImportReport
from ecoperf_desktop.model.value import Question
from ecoperf_desktop.store.database import Workspace

ORDERS = 1500


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ImportReport]:
    folder = tmp_path_factory.mktemp("demo")
    path = folder / "demo.ecoperf"
    with actions.workspace(path, write=True) as opened:
        report = actions.demo(opened, folder / "files", orders=ORDERS)
    return path, report


def digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_the_demo_is_the_same_every_time(tmp_path: Path) -> None:
    shop.write(tmp_path / "one", orders=ORDERS)
    shop.write(tmp_path / "two", orders=ORDERS)
    assert digests(tmp_path / "one") == digests(tmp_path / "two")


def test_orders_follow_weekday_season_and_feasts() -> None:
    sold = world.orders(20_000, world.products())
    by_day = np.bincount(sold.day - world.FIRST_DAY, minlength=world.DAYS)
    feast = by_day[[date_of(world.FIRST_DAY + index).strftime("%m-%d") == "11-11" for index in range(world.DAYS)]]
    assert feast.min() > 2.5 * np.median(by_day)
    assert len(sold) == 20_000
    assert date_of(world.LAST_DAY).isoformat() == "2026-08-16" and date_of(world.LAST_DAY).weekday() == 6


def test_every_demo_file_is_read_without_a_question(imported: tuple[Path, ImportReport]) -> None:
    _, report = imported
    assert {file.status for file in report.files} <= {"loaded", "skipped"}
    for file in (file for file in report.files if file.status == "loaded"):
        assert not [finding for finding in file.findings if finding.severity == "error"], file
        assert file.rows.rejected == 0, file
    formats = {file.format for file in report.files if file.status == "loaded"}
    assert len(formats) >= 20


def test_the_demo_fills_every_area_with_numbers(imported: tuple[Path, ImportReport]) -> None:
    path, _ = imported
    with actions.workspace(path) as opened:
        week = actions.last_week(opened)
        assert week.label == "2026-W33"
        from ecoperf_desktop.model.value import Question

        asked = (
            "net_sales", "orders", "buyers", "gross_margin", "refund_rate_amount", "new_customers", "review_score", "csat", "inventory_value",
            "supplier_otd", "delivery_on_time_rate", "ad_cost", "ad_roas", "seo_clicks", "sessions", "lighthouse_performance", "availability",
            "agent_first_response_time", "agent_csat",
        )
        for value in actions.values(opened, Question(asked, week.period)):
            assert value.value is not None, value


def test_orders_of_the_files_are_the_orders_of_the_numbers(imported: tuple[Path, ImportReport], tmp_path: Path) -> None:
    """What the generator sold, counted without the importer, is what the engine says."""
    path, _ = imported
    sold = world.orders(ORDERS, world.products())
    paid = int((sold.paid_after >= 0).sum())
    from ecoperf_desktop.model.days import Period
    from ecoperf_desktop.model.value import Question

    with actions.workspace(path) as opened:
        everything = Period(world.FIRST_DAY, world.LAST_DAY)
        orders, gross, buyers = (value.value for value in actions.values(opened, Question(("orders", "gross_sales", "buyers"), everything)))
        by_line = sold.paid_after[sold.line_order] >= 0
        assert orders == paid
        assert gross == int((sold.price * sold.qty)[by_line].sum())
        assert buyers == len(np.unique(sold.customer[sold.paid_after >= 0]))


def test_taking_every_import_back_leaves_nothing(imported: tuple[Path, ImportReport], tmp_path: Path) -> None:
    path, _ = imported
    copy = tmp_path / "copy.ecoperf"
    with actions.workspace(path) as opened:
        opened.conn.execute("VACUUM INTO ?", (str(copy),)) if not opened.read_only else copy.write_bytes(path.read_bytes())
    with actions.workspace(copy, write=True) as opened:
        actions.undo(opened, [entry.import_id for entry in actions.ledger(opened) if entry.state == "active"])
        assert _filled(opened) == {}


def _filled(opened: Workspace) -> dict[str, int]:
    from ecoperf_desktop.store.tables import TABLES

    names = [name for (name,) in opened.conn.execute("SELECT name FROM sqlite_schema WHERE type='table'")]
    facts = [name for name in names if name in TABLES or name.startswith(("sum_", "week_"))]
    counts = {name: opened.conn.execute(f'SELECT COUNT(*) FROM "{name}"').fetchone()[0] for name in facts}
    return {name: count for name, count in counts.items() if count}


def test_the_demo_earns_a_margin_that_its_product_list_explains(imported: tuple[Path, ImportReport]) -> None:
    path, _ = imported
    with actions.workspace(path) as opened:
        week = actions.last_week(opened).period
        asked = ("cost_coverage", "gross_margin", "gross_profit", "net_sales_ex_tax", "cogs")
        coverage, margin, profit, sales, cogs = actions.values(opened, Question(asked, week))
    assert coverage.value is not None and coverage.value >= 0.95
    assert margin.value is not None and 0.2 < margin.value < 0.8
    assert cogs.value is not None and cogs.value > 0
    assert profit.value == sales.value - cogs.value  # type: ignore[operator]
