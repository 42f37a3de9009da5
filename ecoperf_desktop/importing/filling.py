"""Our own tables with what is known already, so that only the blanks are to be filled in."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

from ecoperf_desktop import language, paths, plain
from ecoperf_desktop.importing.templates import templates
from ecoperf_desktop.model.money import exponent
from ecoperf_desktop.store.quality import ProductGap

_PRODUCTS = "own.products"
# Only these: a column that stands in the file and is blank would take back what another file said.
_FIELDS = ("sku", "name", "category", "unit_cost")


def write_products(gaps: Sequence[ProductGap], path: Path, currency: str | None, speech: str | None = None) -> None:
    """Write products whose cost or category is missing as a template of products, ``.xlsx`` or ``.csv``.

    Raise ValueError for another suffix, OSError when the file cannot be written.
    """
    speech = speech or language.current()
    template = next(one for one in templates() if one.format_id == _PRODUCTS)
    headers = [column.header[speech] for field in _FIELDS for column in template.columns if column.field == field]
    rows = [[gap.sku, gap.name or "", gap.category or "", _cost(gap, currency)] for gap in gaps]
    form = path.suffix.lower()
    if form not in (".csv", ".xlsx"):
        raise ValueError(path.suffix)
    with paths.replacing(path) as draft:
        if form == ".csv":
            with draft.open("w", encoding="utf-8-sig", newline="") as stream:
                csv.writer(stream).writerows([headers, *([plain.guarded(text) for text in row] for row in rows)])
        else:
            _write_workbook(draft, headers, rows)


def _cost(gap: ProductGap, currency: str | None) -> str:
    if gap.unit_cost_e4 is None:
        return ""
    cost = Decimal(gap.unit_cost_e4).scaleb(-4 - exponent(currency or "")).normalize()
    return f"{cost:f}"


def _write_workbook(path: Path, headers: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    import xlsxwriter

    # In memory: a disk without room is then met in one place.
    packed = io.BytesIO()
    workbook = xlsxwriter.Workbook(packed, {"in_memory": True})
    try:
        sheet = workbook.add_worksheet()
        # SKUs and names as text, whatever they look like: no zero is lost and no formula runs.
        as_text, bold = workbook.add_format({"num_format": "@"}), workbook.add_format({"bold": True})
        blank = workbook.add_format({"bg_color": "#fff6e5"})
        for place, header in enumerate(headers):
            sheet.set_column(place, place, (18, 40, 22, 14)[place], as_text if place < 3 else None)
            sheet.write_string(0, place, header, bold)
        for number, row in enumerate(rows, 1):
            for place, text in enumerate(row):
                if not text:
                    sheet.write_blank(number, place, None, blank)
                elif place == 3:
                    sheet.write_number(number, place, float(text))
                else:
                    sheet.write_string(number, place, text, as_text)
        sheet.freeze_panes(1, 1)
    finally:
        workbook.close()
    path.write_bytes(packed.getvalue())
