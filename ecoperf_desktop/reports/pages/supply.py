"""Supply chain: what is in stock, what to order, and how goods come in and reach the buyer."""

from __future__ import annotations

from ecoperf_desktop.reports.blocks import NARROW, THIRD, WIDE, Span
from ecoperf_desktop.reports.pages.shape import (
    Cards,
    ClassesOf,
    CostShare,
    Numbers,
    Page,
    Partners,
    Plain,
    Reach,
    Reorder,
    Spread,
    StepsOf,
    Sure,
    Trends,
)

# Suppliers need more room than carriers.
_LEFT: Span = (12, 7, 7)
_RIGHT: Span = (12, 5, 5)

PAGE = Page(
    "supply",
    (
        Cards(
            (
                "days_of_cover",
                "stockout_rate_weighted",
                "supplier_otif",
                "delivery_on_time_rate",
                "dead_stock_share",
                "perfect_order_rate",
            )
        ),
        Reorder(span=WIDE),
        StepsOf("stock", "stock_cover_value", old=("0", "180+"), span=NARROW),
        Partners(
            "suppliers",
            "supplier",
            "supplier_otif",
            (
                Plain("supplier_otd"),
                Sure("supplier_otif", drop=4),
                Spread("supplier_lead_time_mean", "supplier_lead_time_sd"),
                Plain("supplier_defect_rate", drop=3),
                Plain("purchase_price_variance", drop=1),
                Plain("supplier_score", drop=2),
            ),
            weeks=13,
            is_ranked=True,
            span=_LEFT,
        ),
        Partners(
            "carriers",
            "carrier",
            "delivery_on_time_rate",
            (
                Plain("delivery_on_time_rate"),
                Reach("delivery_time_median", "delivery_time_p90", drop=5),
                Plain("lost_parcel_rate", drop=3),
                Plain("damage_rate", drop=4),
                Plain("shipping_cost_per_order", drop=6),
                CostShare("shipping_cost_per_order", drop=1),
                Plain("carrier_score", drop=2),
            ),
            weeks=4,
            span=_RIGHT,
        ),
        Numbers(
            "dispatch",
            (
                "dispatch_on_time_rate",
                "dispatch_time_median",
                "delivery_time_median",
                "order_cycle_time_p90",
                "delivery_accuracy_rate",
                "shipping_cost_per_order",
                "shipping_cost_ratio",
                "return_handling_time",
            ),
            span=_RIGHT,
        ),
        StepsOf("stock_age", "stock_age_value", old=("180+",), span=THIRD),
        ClassesOf("stock_class_value", span=THIRD),
        Numbers(
            "planning",
            (
                "inventory_value",
                "inventory_turnover",
                "lost_sales_estimate",
                "forecast_wape",
                "forecast_bias",
            ),
            span=THIRD,
        ),
        Trends(
            ("supplier_otif", "dispatch_on_time_rate"),
            ("delivery_on_time_rate",),
        ),
    ),
)
