"""A Shopify orders export of any length, for the window's tests."""

from __future__ import annotations

ORDERS = """Name,Email,Financial Status,Paid at,Currency,Subtotal,Shipping,Taxes,Total,Discount Amount,Created at,Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,Lineitem discount,Cancelled at,Refunded Amount,Id
"""


def orders_csv(first: int, days: int, month: str = "2026-07") -> str:
    """Return a Shopify orders export: three orders a day, one line each."""
    lines = [ORDERS]
    number = first
    for day in range(1, days + 1):
        for each in range(3):
            price = 20 + (day * 7 + each * 3) % 13
            when = f"{month}-{day:02d} 1{each}:15:00 +0000"
            lines.append(
                f"#{number},buyer{number % 17}@example.org,paid,{when},GBP,{price}.00,0.00,0.00,{price}.00,0.00,{when},1,Mug {each},{price}.00,MUG-{each},0.00,,0.00,{9000 + number}\n"
            )
            number += 1
    return "".join(lines)
