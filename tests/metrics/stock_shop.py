"""A shop with stock, suppliers, parcels, ads and field speed over more than a year, made up from a seed."""

from __future__ import annotations

import random

from catalogue_facts import DAY_1, KINDS, SmallStore

DAYS = 420
LAST = DAY_1 + DAYS - 1
PRODUCTS = 9


def stock_shop(seed: int, *, daily: bool = True) -> SmallStore:
    """Return a store whose stock is counted daily (with gaps), or weekly."""
    roll = random.Random(seed)
    store = SmallStore(days=DAYS, kinds=KINDS)
    store.add("shop", name="Second", source_id=1)
    for number in range(3):
        store.add("category", name=f"category {number}")
        store.add("supplier", name=f"supplier {number}", lead_time_days=roll.choice([None, 21]))
        store.add("staff", name=f"purchaser {number}")
        store.add("carrier", name=f"carrier {number}")
        store.add("region", name=f"region {number}")
    store.add("location", name="main")
    store.add("location", name="other")
    for number in range(PRODUCTS):
        store.add(
            "product", sku=f"S{number}", category_id=roll.choice([None, 1, 2]), supplier_id=roll.choice([None, 1, 1, 2, 3]),
            is_listed=roll.choice([None, 1, 1, 0]), service_level=roll.choice([None, None, 0.98]),
            launched_day=roll.choice([None, None, DAY_1 + 100, LAST - 60]), unit_cost_e4=500_000,
        )  # fmt: skip
        store.add("product_cost", product_id=number + 1, from_day=-1_000_000, unit_cost_e4=500_000)
    rate = [roll.choice([0.05, 0.4, 1.5, 4.0]) for _ in range(PRODUCTS)]
    for day in range(DAY_1, DAY_1 + DAYS):
        for _ in range(2):
            lines = [
                {"product_id": product + 1, "qty": _count(roll, rate[product] / 2), "gross_minor": roll.randrange(500, 2500),
                 "discount_minor": roll.choice([None, 100]), "is_gift": roll.choice([None, 0, 0, 0, 0, 1])}
                for product in range(PRODUCTS)
            ]  # fmt: skip
            lines = [line for line in lines if line["qty"]]
            if roll.random() < 0.1:
                lines.append({"product_id": None, "qty": 2, "gross_minor": 700})
            order = store.order(day, *lines, channel_id=roll.choice([None, 1, 2]), is_test=int(roll.random() < 0.03))
            store.conn.execute("UPDATE orders SET shop_id = ? WHERE order_id = ?", (roll.choice([1, 2]), order))
        if roll.random() < 0.1:
            store.refund(day, roll.randrange(900), product_id=roll.choice([None, 1, 2]), qty=1, shop_id=roll.choice([1, 2]))
        _count_stock(store, roll, day, daily)
        for campaign in (None, 1):
            store.add(
                "ad_performance", day=day, shop_id=roll.choice([1, 2, None]), channel_id=roll.choice([1, 2, None]),
                campaign_id=campaign, impressions=900, clicks=9, cost_minor=roll.randrange(300, 3000) + 40 * (day % 29),
                conv_value_minor=roll.randrange(5000),
            )  # fmt: skip
        if day % 5 == 0:
            _order_stock(store, roll, day)
        _send(store, roll, day)
    store.add("campaign", name="campaign 0")
    for back in range(0, 60, 7):
        for page in ("/", "/a", "/b"):
            for device in ("all", "mobile", "desktop"):
                for vital, good in (("LCP", 2500), ("INP", 200), ("CLS", 0.1)):
                    if roll.random() < 0.75:
                        store.add("page_p75", day=LAST - back, page=page, device=device, metric=vital, p75=good * roll.choice([0.7, 1, 1, 1.2]))
    return store


def _count(roll: random.Random, mean: float) -> int:
    return sum(roll.random() < mean / 4 for _ in range(4))


def _count_stock(store: SmallStore, roll: random.Random, day: int, daily: bool) -> None:
    if (roll.random() < 0.15) if daily else day % 7:
        return
    for product in range(1, PRODUCTS):  # the last one is never counted
        for location in (1, 2):
            if roll.random() < 0.9:
                store.add(
                    "inventory_snapshots", day=day, location_id=location, product_id=product,
                    on_hand=roll.choice([-1, 0, 0, 0, 3, 20]), reserved=roll.choice([None, 0, 2]),
                    on_order=roll.choice([0, 5]) if product < 5 else None, value_minor=roll.choice([None, 900, 4000]),
                    oldest_receipt_day=roll.choice([None, day - 10, day - 30, day - 31, day - 90, day - 180, day - 181]),
                )  # fmt: skip


def _order_stock(store: SmallStore, roll: random.Random, day: int) -> None:
    number = store.add(
        "purchase_orders", po_no=f"P{day}", supplier_id=roll.choice([1, 1, 2, None]), purchaser_id=roll.choice([1, 2]),
        ordered_day=day, status=roll.choice([None, "open", "closed", "cancelled"]),
    )  # fmt: skip
    quantity = roll.randrange(5, 60)
    line = store.add(
        "po_lines", po_id=number, product_id=roll.randrange(1, PRODUCTS + 1), qty_ordered=quantity, promised_day=day + 14,
        unit_cost_e4=roll.choice([None, 500_000, 520_000]), std_cost_e4=500_000, cancelled=roll.choice([0, 0, 0, 1]),
    )  # fmt: skip
    for part in roll.choice([(), (1.0,), (1.0,), (0.5, 0.5), (0.4,)]):
        received = day + roll.randrange(4, 40)
        if received <= LAST:
            store.add(
                "receipts", po_id=number, po_line_id=line, received_day=received, qty_received=round(quantity * part + 0.5),
                qty_rejected=roll.choice([None, 0, 0, 1]),
            )  # fmt: skip


def _send(store: SmallStore, roll: random.Random, day: int) -> None:
    for _ in range(2):
        store.add(
            "shipments", shop_id=roll.choice([1, 2]), order_id=roll.choice([None, day - DAY_1 + 1]), shipment_no=f"{day} {roll.random()}",
            carrier_id=roll.choice([1, 2, None]), warehouse_id=roll.choice([1, 2]), region_id=roll.choice([1, 2]), day=day,
            promised_day=day + 3, delivered_day=roll.choice([day + 2, day + 3, day + 4, None]), in_full=roll.choice([1, 1, 0]),
            right_item=1, undamaged=roll.choice([1, 1, 1, 0, None]), lost=roll.choice([0, 0, 0, 1]), cost_minor=roll.randrange(200, 900),
        )  # fmt: skip
