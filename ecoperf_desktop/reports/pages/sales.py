"""Sales: visitors, conversion and order value, what they make, and where."""

from __future__ import annotations

from ecoperf_desktop.reports.blocks import NARROW, WIDE
from ecoperf_desktop.reports.pages.shape import Breakdown, BridgeOf, Page, Trends

PAGE = Page(
    "sales",
    (
        Trends(
            ("sessions", "conversion_rate_sessions", "aov"),
            ("net_sales", "orders", "refund_rate_amount", "gross_profit"),
        ),
        BridgeOf("net_sales"),
        Breakdown(
            "products",
            "product",
            "net_sales",
            ("units_sold", "asp", "net_sales", "gross_margin", "refund_rate_amount"),
            changes=("net_sales",),
            share=True,
            span=WIDE,
        ),
        Breakdown("shops", "shop", "net_sales", ("orders", "aov", "net_sales"), changes=("net_sales",), span=NARROW),
        Breakdown("channels", "channel", "net_sales", ("orders", "aov", "net_sales"), changes=("net_sales",), span=NARROW),
        Breakdown("categories", "category", "net_sales", ("units_sold", "net_sales", "gross_margin"), changes=("net_sales",), span=NARROW),
    ),
)
