"""Customers: who is new, who comes back, and what they say."""

from __future__ import annotations

from ecoperf_desktop.reports.blocks import HALF
from ecoperf_desktop.reports.pages.shape import Breakdown, Cards, Page, PartsOf, Trends

PAGE = Page(
    "customers",
    (
        Cards(("new_customers", "cac", "returning_customer_rate", "csat", "nps")),
        Trends(
            ("new_customers", "returning_customers", "cac"),
            ("buyers", "spend_per_buyer", "review_score"),
        ),
        PartsOf("new_and_returning", ("new_customer_revenue", "returning_customer_revenue")),
        Breakdown("regions", "region", "net_sales", ("buyers", "orders", "net_sales"), changes=("net_sales",), share=True, span=HALF),
        Breakdown(
            "reviews",
            "product",
            "negative_review_rate",
            ("review_score", "negative_review_rate"),
            total=False,
            weeks=13,
            span=HALF,
        ),
    ),
)
