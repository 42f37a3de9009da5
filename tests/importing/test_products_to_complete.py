"""The list of products without cost or category is read back as what was filled in."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from ecoperf_desktop import actions
from ecoperf_desktop.importing.filling import write_products
from ecoperf_desktop.store.quality import ProductGap

GAPS = (ProductGap("00123", "=SUM(1)", None, 1_234_500), ProductGap("B", None, "pots", None))


@pytest.mark.parametrize("speech", ["en", "zh"])
@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_the_list_is_our_own_template_and_loses_no_zero(tmp_path: Path, speech: str, suffix: str) -> None:
    path = tmp_path / f"list{suffix}"
    write_products(GAPS, path, "EUR", speech)
    with actions.workspace(tmp_path / "w.ecoperf", write=True) as opened:
        choices = actions.ImportChoices(settings=(("currency", "EUR"),))
        (file,) = actions.apply_import(actions.plan_import([path], choices, opened), opened).files
        assert (file.status, file.format) == ("loaded", "own.products"), file.findings
        assert opened.conn.execute("SELECT sku, unit_cost_e4 FROM product ORDER BY sku").fetchall() == [("00123", 1_234_500), ("B", None)]
        assert opened.conn.execute("SELECT name FROM product WHERE sku = '00123'").fetchone() == ("=SUM(1)",)


def test_only_what_is_known_stands_in_the_list(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    write_products(GAPS, path, "JPY", "en")
    with path.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.reader(stream))
    assert rows[0] == ["SKU", "Product name", "Category", "Unit cost"]
    assert rows[1:] == [["00123", "'=SUM(1)", "", "123.45"], ["B", "", "pots", ""]]


def test_another_form_is_refused_with_words(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="pdf"):
        write_products(GAPS, tmp_path / "list.pdf", "EUR")
