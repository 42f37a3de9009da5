"""Sales: visitors, conversion and order value, what they make, and where."""

from __future__ import annotations

from ecoperf_desktop.reports.blocks import HALF, NARROW, THIRD, WIDE
from ecoperf_desktop.reports.pages.shape import (
    Breakdown,
    BridgeOf,
    DriversBy,
    FunnelOf,
    Numbers,
    Page,
    Trends,
)

PAGE = Page(
    "sales",
    (
        Trends(
            ("sessions", "conversion_rate_sessions", "aov"),
            ("net_sales", "orders", "refund_rate_amount"),
        ),
        BridgeOf("net_sales", THIRD),
        BridgeOf("prices", THIRD),
        FunnelOf(span=THIRD),
        Breakdown(
            "products",
            "product",
            "net_sales",
            ("units_sold", "asp", "net_sales", "gross_margin", "refund_rate_amount"),
            changes=("net_sales",),
            share=True,
            span=WIDE,
            classed="abc_class",
            best="top_product_share",
        ),
        Breakdown(
            "shops",
            "shop",
            "net_sales",
            ("sessions", "conversion_rate_sessions", "aov", "net_sales"),
            changes=("net_sales",),
            span=NARROW,
            optional=("sessions", "conversion_rate_sessions"),
        ),
        Breakdown("categories", "category", "net_sales", ("units_sold", "net_sales", "gross_margin"), changes=("net_sales",), span=NARROW),
        Breakdown("channels", "channel", "net_sales", ("orders", "aov", "net_sales"), changes=("net_sales",), share=True, span=HALF),
        DriversBy("channel", span=HALF),
        Breakdown(
            "sales_regions", "region", "net_sales", ("orders", "aov", "net_sales"), changes=("net_sales",), share=True, span=HALF
        ),
        Breakdown(
            "prices",
            "product",
            "discounts",
            ("units_sold", "asp", "discount_rate", "discounts"),
            changes=("asp", "discount_rate"),
            may_be_nothing=True,
            span=HALF,
        ),
        Breakdown("refund_reasons", "reason", "returns_amount", ("returns_amount",), changes=("returns_amount",), share=True, span=HALF),
        Numbers(
            "returns",
            ("refund_rate_amount", "discount_rate"),
            by_order=("refund_rate_cohort", "return_rate_units", "quality_refund_rate"),
            span=HALF,
        ),
    ),
)
