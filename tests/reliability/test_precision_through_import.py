"""Numbers arrive to the cent and ids to the digit, through reading, storing and summing."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from order_files import orders_of_table, taken

from ecoperf_desktop import actions
from ecoperf_desktop.cli import main

CENTS = 1_000_000 if os.environ.get("CI") else 20_000
HEADER = "Order ID,Order Date,SKU,Product,Qty,Unit Price,Total,Currency,Country"


def _orders(path: Path, totals: list[str], ids: list[str] | None = None) -> Path:
    numbers = ids or [f"{number:07d}" for number in range(len(totals))]
    lines = [f'{number},2024-01-15,S,mug,1,,"{total}",EUR,DE' for number, total in zip(numbers, totals, strict=True)]
    path.write_text("\n".join([HEADER, *lines, ""]), encoding="utf-8")
    return path


@pytest.mark.parametrize(("totals", "cents"), [
    (["0.1", "0.2"], [10, 20]),
    (["-0", "-0.00", "0"], [0, 0, 0]),
    (["1.005", "2.675", "-1.005", "1.5"], [101, 268, -101, 150]),
    (["9999999999999.99", "-9999999999999.99"], [999999999999999, -999999999999999]),
    (["0.29", "1.15", "4.35", "1.10"], [29, 115, 435, 110]),
    (["1,234,567.89", "12.30"], [123456789, 1230]),
])  # fmt: skip
def test_c14_amounts_are_exact_to_the_cent(totals: list[str], cents: list[int], tmp_path: Path) -> None:
    path = _orders(tmp_path / "orders.csv", totals)
    with actions.workspace(tmp_path / "w.ecoperf", write=True) as opened, taken(path, opened, tmp_path, orders_of_table()) as one:
        assert one.status == "loaded", one.words
        assert [line[2] for line in one.lines] == cents


@pytest.mark.parametrize("total", ["90071992547409930.00", "1" + "0" * 30, "9" * 400])
def test_c14_an_amount_beyond_what_is_counted_is_refused_by_name(total: str, tmp_path: Path) -> None:
    path = _orders(tmp_path / "orders.csv", ["1.00", total, "2.00"])
    with actions.workspace(tmp_path / "w.ecoperf", write=True) as opened, taken(path, opened, tmp_path, orders_of_table()) as one:
        assert [line[2] for line in one.lines] == [100, 200]
        assert [(finding.line, finding.column) for finding in one.findings] == [(3, "Total")]


def test_c14_ids_are_kept_digit_for_digit(tmp_path: Path) -> None:
    ids = ["9007199254740993", "9007199254740992", "18446744073709551617", "1" * 30, "000", "0", "00", "1e5x", "0x10", "+5"]
    path = _orders(tmp_path / "orders.csv", ["1.00"] * len(ids), ids)
    with actions.workspace(tmp_path / "w.ecoperf", write=True) as opened, taken(path, opened, tmp_path, orders_of_table()) as one:
        assert one.status == "loaded", one.words
        assert sorted(str(order[0]) for order in one.orders) == sorted(ids)


def test_c14_a_sum_of_very_many_cents_is_exact(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = _orders(tmp_path / "orders.csv", ["0.01"] * CENTS)
    mapping = tmp_path / "orders.toml"
    mapping.write_text(orders_of_table(), encoding="utf-8")
    workspace = ["--workspace", str(tmp_path / "w.ecoperf")]
    assert main([*workspace, "import", str(path), "--mapping", str(mapping)]) == 0
    capsys.readouterr()
    assert main([*workspace, "value", "gmv_placed", "--from", "2024-01-01", "--to", "2024-12-31", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["values"][0]["value"] == f"{CENTS // 100}.{CENTS % 100:02d}"
