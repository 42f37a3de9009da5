"""The Supply tab: what to order, what the stock consists of, who supplies and who carries."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import little_shop
import pytest
from little_shop import LAST, _load

from ecoperf_desktop.metrics.evaluate import Engine
from ecoperf_desktop.model.days import Grain
from ecoperf_desktop.model.value import Question
from ecoperf_desktop.reports.blocks import Bars, Matrix, NumberCell, PageSummary, Table, TextCell
from ecoperf_desktop.reports.summary import summarise
from ecoperf_desktop.reports.tabular import table_of
from ecoperf_desktop.store.database import Workspace

DAYS = 400
FIRST = LAST - DAYS + 1
LEAD = 10
# Units a day, on hand and on order on the last day: A and C have to be ordered, B has enough, C has been out for two days.
SOLD = {"A": 2, "B": 1, "C": 3}
ON_HAND = {"A": 15, "B": 20, "C": 0}
COMING = {"A": 0, "B": 0, "C": 36}
PRICE = {"A": 1_000, "B": 5_000, "C": 2_000}


def _orders() -> dict[str, list[dict[str, Any]]]:
    orders, lines = [], []
    for day in range(FIRST, LAST + 1):
        sold = {sku: units for sku, units in SOLD.items() if not (sku == "C" and day > LAST - 2)}
        orders.append({"shop": "S", "order_no": f"O{day}", "placed_ts": day * 86_400 + 43_200, "placed_day": day})
        for position, (sku, units) in enumerate(sold.items()):
            lines.append(
                {"shop": "S", "order_no": f"O{day}", "line_no": str(position), "sku": sku, "qty": units, "gross": units * PRICE[sku]}
            )
    return {"orders": orders, "order_lines": lines}


def _counts() -> list[dict[str, Any]]:
    rows = []
    for day in range(FIRST, LAST + 1):
        for sku in SOLD:
            is_last = day == LAST
            on_hand = ON_HAND[sku] if is_last else 0 if sku == "C" and day > LAST - 2 else 50
            rows.append(
                {"day": day, "location": "main", "sku": sku, "on_hand": on_hand, "on_order": COMING[sku], "value": on_hand * 400,
                 "oldest_receipt_day": day - {"A": 20, "B": 200, "C": 40}[sku]}
            )  # fmt: skip
    return rows


def _bought() -> dict[str, list[dict[str, Any]]]:
    """Forty lines of one supplier, two of them late; three of another."""
    orders, lines, receipts = [], [], []
    for number in range(43):
        supplier = "Kiln" if number < 40 else "Loom"
        day = LAST - 70 + number
        late = 5 if number in (3, 7) else 0
        orders.append({"po_no": f"P{number}", "supplier": supplier, "ordered_day": day})
        lines.append({"po_no": f"P{number}", "line_no": "1", "sku": "B", "qty_ordered": 10, "promised_day": day + LEAD})
        receipts.append(
            {"receipt_no": f"G{number}", "po_no": f"P{number}", "line_no": "1", "sku": "B", "received_day": day + LEAD + late,
             "qty_received": 10, "qty_rejected": 0}
        )  # fmt: skip
    return {"purchase_orders": orders, "po_lines": lines, "receipts": receipts}


def _sent() -> list[dict[str, Any]]:
    return [
        {"shop": "S", "shipment_no": f"T{number}", "carrier": carrier, "day": LAST - 10, "handed_ts": (LAST - 10) * 86_400,
         "promised_day": LAST - 7, "delivered_ts": (LAST - 8 if number % 4 else LAST - 5) * 86_400,
         "delivered_day": LAST - 8 if number % 4 else LAST - 5, "status": "delivered"}
        for carrier, count in (("Fast", 40), ("Small", 4))
        for number in range(count * (1 if carrier == "Fast" else 100), count * (1 if carrier == "Fast" else 100) + count)
    ]  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("supply") / "shop.ecoperf"
    with Workspace.open(path, write=True) as opened:
        products = [{"sku": sku, "name": f"Bowl {sku}", "supplier": "Loom" if sku == "A" else "Kiln"} for sku in SOLD]
        _load(opened, "products.csv", {"product": products})
        _load(opened, "orders.csv", _orders())
        _load(opened, "stock.csv", {"inventory_snapshots": _counts()})
        _load(opened, "bought.csv", _bought())
        _load(opened, "sent.csv", {"shipments": _sent()})
    return path


@pytest.fixture
def shop(made: Path) -> Iterator[Engine]:
    opened = Workspace.open(made)
    yield little_shop.engine(opened)
    opened.close()


def page(engine: Engine, **changes: Any) -> PageSummary:
    return summarise(engine, "supply", little_shop.scope(**changes))


def table(summary: PageSummary, key: str) -> Table:
    return next(block for block in summary.blocks if isinstance(block, Table) and block.key == key)


def row(found: Table, key: str) -> dict[str, Any]:
    cells = next(row.cells for row in found.rows if row.key == key)
    return {column.key: cell for column, cell in zip(found.columns, cells, strict=True)}


def test_the_list_holds_what_has_reached_its_reorder_point_and_nothing_else(shop: Engine) -> None:
    found = table(page(shop), "reorder")
    # B: 20 on hand, one a day for ten days and some days more.
    assert [one.key for one in found.rows] == ["C", "A", "total"], "what lost sales stands first"
    first = row(found, "A")
    assert (first["on_hand"].figure.value, first["position"].figure.value) == (15, 15)
    assert first["reorder_point"].figure.value - first["safety"].figure.value == 2 * LEAD
    assert float(first["cover_lead"].figure.value) == pytest.approx(7.5)
    assert first["cover_lead"].tone == "worse", "it does not last until a delivery"
    assert first["order"].figure.value > 0
    assert first["supplier"].text == "Loom"
    assert first["product"].text == "A Bowl A"
    assert (first["order_by"].text, first["order_by"].day) == ("now", LAST)


def test_what_has_run_out_is_marked_and_its_lost_sales_are_called_an_estimate(shop: Engine) -> None:
    found = table(page(shop), "reorder")
    out = row(found, "C")
    assert (out["on_hand"].figure.value, out["on_hand"].tone) == (0, "worse")
    assert out["position"].figure.value == 36
    # Two days at three pieces of 20.00.
    assert out["lost"].figure.value == 2 * 3 * 2_000
    assert row(found, "total")["lost"].figure.value == out["lost"].figure.value
    assert "estimate" in found.foot and "estimate" not in out["lost"].text
    net = shop.answer([Question(("net_sales",), little_shop.scope().period)])[0][0].value
    assert net == sum(units * PRICE[sku] * (5 if sku == "C" else 7) for sku, units in SOLD.items()), "no estimate is in it"


def test_the_day_to_order_lets_the_stock_last_just_until_the_delivery(shop: Engine) -> None:
    out = row(table(page(shop), "reorder"), "C")
    # 36 pieces last twelve days; the supplier takes ten and a quarter.
    assert out["order_by"].day == LAST + 1
    assert out["order_by"].text == "17 Aug"


def _by_product(metric: str) -> Question:
    return Question((metric,), little_shop.scope().period, per=("product",))


def test_every_number_of_the_list_is_the_engines_own_and_can_be_explained(shop: Engine) -> None:
    found = table(page(shop), "reorder")
    metrics = {"on_hand": "inventory_units", "position": "inventory_position", "safety": "safety_stock",
               "reorder_point": "reorder_point", "order": "order_quantity", "lost": "lost_sales_estimate"}  # fmt: skip
    for column, metric in metrics.items():
        told = {value.per["product"]: value.value for value in shop.answer([_by_product(metric)])[0]}
        for sku in ("A", "C"):
            figure = row(found, sku)[column].figure
            assert figure.value == told[sku], (metric, sku)
            assert figure.reference is not None and figure.reference.metric == metric
            assert ("product", sku) in figure.reference.where


def test_the_stock_lies_in_steps_of_cover_and_of_age_that_add_up_to_all_of_it(shop: Engine) -> None:
    bars = [block for block in page(shop).blocks if isinstance(block, Bars)]
    cover, age = bars[0], bars[1]
    assert {bar.label: bar.figure.value for bar in cover.bars} == {"0": 0, "1–14": 6_000, "15–30": 8_000}
    assert {bar.label: bar.second for bar in cover.bars} == {"0": "1 SKU", "1–14": "1 SKU", "15–30": "1 SKU"}
    assert next(bar.tone for bar in cover.bars if bar.label == "0") == "worse"
    assert {bar.label: bar.figure.value for bar in age.bars} == {"0–30": 6_000, "31–60": 0, "> 180": 8_000}
    assert next(bar.tone for bar in age.bars if bar.label == "> 180") == "worse"


def test_products_stand_once_in_the_field_of_their_two_classes(shop: Engine) -> None:
    (matrix,) = (block for block in page(shop).blocks if isinstance(block, Matrix))
    assert (matrix.rows, matrix.columns) == (("A", "B", "C"), ("X", "Y", "Z"))
    assert sum(cell.count.value or 0 for line in matrix.cells for cell in line) == 3
    assert sum(cell.figure.value or 0 for line in matrix.cells for cell in line) == sum(pieces * 400 for pieces in ON_HAND.values())
    # All sell evenly.
    assert all(line[place].count.value == 0 for line in matrix.cells for place in (1, 2))
    assert table_of(matrix).rows


def test_suppliers_are_judged_on_enough_lines_only(shop: Engine) -> None:
    found = table(page(shop), "suppliers")
    assert [one.key for one in found.rows] == ["Kiln", "Loom", "total"], "few cases stand last, however good"
    many, few = row(found, "Kiln"), row(found, "Loom")
    assert (many["n"].figure.value, few["n"].figure.value) == (40, 3)
    assert float(many["supplier_otif"].figure.value) == pytest.approx(38 / 40)
    assert many["supplier_lead_time_mean"].text.startswith("10.3 ±")
    assert few["supplier_otif"].muted and few["supplier_otif_interval"].hollow
    assert isinstance(few["supplier"], TextCell) and few["supplier"].pill == "n < 30"
    low, middle, high = (getattr(many["supplier_otif_interval"], name) for name in ("low", "middle", "high"))
    assert 0 <= low <= middle <= high <= 1


def test_carriers_show_how_long_half_and_nine_of_ten_take(shop: Engine) -> None:
    found = table(page(shop), "carriers")
    fast = row(found, "Fast")
    assert fast["n"].figure.value == 40
    assert float(fast["delivery_on_time_rate"].figure.value) == 0.75
    assert fast["delivery_time_median"].text == "2.0–5.0 d"
    reach = fast["delivery_time_median_reach"]
    assert reach.low == reach.middle < reach.high
    # Nobody tells costs: no empty column stands for them.
    assert "shipping_cost_per_order" not in {column.key for column in found.columns}


@pytest.mark.parametrize("grain", [Grain.DAY, Grain.WEEK, Grain.MONTH, Grain.QUARTER, Grain.YEAR])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_reads_for_every_length_and_language(shop: Engine, grain: Grain, language: str) -> None:
    summary = page(shop, grain=grain, as_grain=grain, language=language)
    for block in summary.blocks:
        for line in table_of(block).rows:
            for cell in line.cells:
                assert not cell.text.startswith("reports."), (block, cell)
                if isinstance(cell, NumberCell) and cell.figure.value is None and cell.figure.text:
                    assert cell.figure.reason, (block, cell)


def test_without_counts_there_is_no_list_and_no_bar_of_stock(tmp_path: Path) -> None:
    with Workspace.open(tmp_path / "w.ecoperf", write=True) as opened:
        _load(opened, "orders.csv", _orders())
        _load(opened, "bought.csv", _bought())
        summary = page(little_shop.engine(opened))
    keys = {block.key for block in summary.blocks if isinstance(block, Table)}
    assert "suppliers" in keys and "reorder" not in keys and "carriers" not in keys
    assert not [block for block in summary.blocks if isinstance(block, Bars | Matrix)]
