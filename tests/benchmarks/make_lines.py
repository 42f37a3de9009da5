"""Order-line files of any size for the benchmarks, in the shape of a plain order-line export.

    python tests/benchmarks/make_lines.py FILE [--lines 1000000] [--per-order 10] [--first 2024-08-01] [--days 728]
"""

from __future__ import annotations

import argparse
from datetime import date, timedelta
from pathlib import Path

import numpy as np

HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
COUNTRIES = ("United Kingdom", "Germany", "France", "EIRE", "Spain", "Netherlands", "Belgium", "Switzerland")


def write_lines(
    path: Path, *, lines: int = 1_000_000, per_order: float = 10, first: date = date(2024, 8, 1), days: int = 728,
    first_order: int = 1_000_000, products: int = 4000, customers: int = 60_000, seed: int = 7,
) -> None:
    """Write ``lines`` order lines in order of time; one description in a hundred is quoted."""
    chance = np.random.Generator(np.random.PCG64(seed))
    orders = max(int(lines / per_order), 1)
    size = chance.geometric(1 / per_order, orders)
    if (lacking := lines - int(size.sum())) > 0:
        size += np.bincount(chance.integers(0, orders, lacking), minlength=orders)
    owner = np.repeat(np.arange(orders), size)[:lines]
    lines = len(owner)
    moment = np.sort(chance.random(orders)) * days
    codes = [f"{20000 + index}{'ABC'[index % 3] if index % 4 == 0 else ''}" for index in range(products)]
    names = [f"PRODUCT {index} OF {'WALNUT GLASS CLAY LINEN BAMBOO'.split()[index % 5]}" for index in range(products)]
    names = [f'"{name}, LARGE"' if index % 100 == 0 else name for index, name in enumerate(names)]
    prices = [f"{(0.4 + 30 * value ** 3):.2f}" for value in chance.random(products)]
    stamps = [f"{first + timedelta(days=int(at))} {int(at % 1 * 24):02d}:{int(at * 1440 % 60):02d}:00" for at in moment]
    who = [f"{12000 + int(value * customers)}.0" if value < 0.78 else "" for value in chance.random(orders)]
    where = [COUNTRIES[min(int(value**4 * len(COUNTRIES)), len(COUNTRIES) - 1)] for value in chance.random(orders)]
    what = (chance.random(lines) ** 2 * products).astype(np.int64)
    pieces = 1 + (chance.random(lines) ** 3 * 24).astype(np.int64)
    with path.open("w", encoding="utf-8", newline="") as stream:
        stream.write(HEADER)
        for start in range(0, lines, 100_000):
            stop = min(start + 100_000, lines)
            stream.write(
                "".join(
                    f"{first_order + order},{codes[product]},{names[product]},{qty},{stamps[order]},{prices[product]},{who[order]},{where[order]}\n"
                    for order, product, qty in zip(owner[start:stop].tolist(), what[start:stop].tolist(), pieces[start:stop].tolist(), strict=True)
                )
            )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--per-order", type=float, default=10)
    parser.add_argument("--first", type=date.fromisoformat, default=date(2024, 8, 1))
    parser.add_argument("--days", type=int, default=728)
    asked = parser.parse_args()
    write_lines(asked.file, lines=asked.lines, per_order=asked.per_order, first=asked.first, days=asked.days)
