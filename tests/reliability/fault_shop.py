"""Exports of a made-up shop for the tests that break things, with totals counted while they are written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

HEADER = (
    "Name,Email,Financial Status,Paid at,Currency,Subtotal,Shipping,Taxes,Total,Discount Amount,Created at,"
    "Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,Lineitem discount,Cancelled at,Refunded Amount,Id"
)
# What no file can say: given with every import.
ANSWERS = ("--set", "tz=Europe/London", "--set", "currency=GBP")
FIRST, LAST = date(2026, 6, 1), date(2026, 7, 30)


@dataclass(frozen=True)
class Told:
    """What one file says: orders, pieces and pence."""

    orders: int = 0
    units: int = 0
    pence: int = 0

    def __add__(self, other: Told) -> Told:
        return Told(self.orders + other.orders, self.units + other.units, self.pence + other.pence)


def rows(first_order: int, orders: int) -> tuple[list[list[str]], Told]:
    """Return the rows of a Shopify orders export, one an order, and what they come to."""
    made, told = [], Told()
    for number in range(first_order, first_order + orders):
        pieces, price = 1 + number % 3, 500 + number * 37 % 2900
        total = f"{pieces * price // 100}.{pieces * price % 100:02d}"
        when = f"{FIRST + timedelta(days=number * 7 % 60)} {8 + number % 12:02d}:15:00 +0000"
        made.append(
            [f"#{number}", f"b{number % 97}@example.org", "paid", when, "GBP", total, "0.00", "0.00", total, "0.00", when, str(pieces),
             f"Mug {number % 23}", f"{price // 100}.{price % 100:02d}", f"MUG-{number % 23}", "0.00", "", "0.00", str(number)]
        )  # fmt: skip
        told += Told(1, pieces, pieces * price)
    return made, told


def write_text(path: Path, first_order: int, orders: int) -> Told:
    made, told = rows(first_order, orders)
    path.write_text("\n".join([HEADER, *(",".join(row) for row in made)]) + "\n", encoding="utf-8")
    return told


def write_workbook(path: Path, first_order: int, orders: int) -> Told:
    import xlsxwriter

    made, told = rows(first_order, orders)
    with xlsxwriter.Workbook(str(path), {"constant_memory": True}) as book:
        sheet = book.add_worksheet("Orders")
        for number, row in enumerate([HEADER.split(","), *made]):
            sheet.write_row(number, 0, row)
    return told
