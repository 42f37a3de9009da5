"""Supply chain: what is in stock, what comes in, and how it reaches the buyer."""

from __future__ import annotations

from ecoperf_desktop.reports.blocks import HALF, WIDE
from ecoperf_desktop.reports.pages.shape import Breakdown, Cards, Page, Trends

PAGE = Page(
    "supply",
    (
        Cards(("days_of_cover", "stockout_rate", "supplier_otif", "delivery_on_time_rate", "dead_stock_share")),
        Trends(
            ("supplier_otif", "supplier_lead_time_mean", "dispatch_on_time_rate"),
            ("delivery_on_time_rate", "stockout_rate", "inventory_value"),
        ),
        Breakdown(
            "stock",
            "product",
            "inventory_value",
            ("inventory_units", "inventory_value", "days_of_cover"),
            share=True,
            span=WIDE,
        ),
        Breakdown(
            "suppliers",
            "supplier",
            "supplier_otif",
            ("supplier_otd", "supplier_otif", "supplier_lead_time_mean", "supplier_defect_rate"),
            weeks=13,
            span=HALF,
        ),
        Breakdown(
            "carriers",
            "carrier",
            "delivery_on_time_rate",
            ("delivery_on_time_rate", "delivery_time_median", "lost_parcel_rate", "damage_rate"),
            weeks=13,
            span=HALF,
        ),
    ),
)
