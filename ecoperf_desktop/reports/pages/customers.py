"""Customers: who is new, who comes back, what they are worth, and what they say."""

from __future__ import annotations

from ecoperf_desktop.reports.blocks import HALF, THIRD
from ecoperf_desktop.reports.pages.shape import (
    Breakdown,
    Cards,
    Cohorts,
    NewAndReturning,
    Page,
    Pauses,
    PromoterCard,
    Promoters,
    RepeatCard,
    Returns,
    Segments,
    ShopScores,
    Told,
    Trends,
)

PAGE = Page(
    "customers",
    (
        Cards(("new_customers", "cac")),
        RepeatCard(),
        Cards(("csat",)),
        PromoterCard(),
        Cohorts(),
        Segments(),
        NewAndReturning(("returning_customer_revenue", "new_customer_revenue")),
        Pauses(),
        Promoters(),
        Trends((), ("review_score",)),
        Returns(),
        Told(
            "loyalty",
            (
                "buyers",
                "returning_customers",
                "spend_per_buyer",
                "active_customers",
                "loyal_customer_share",
                "retention_rate",
                "churn_rate",
                "clv_historic",
            ),
            yearly=("clv_cac_ratio", "payback_months"),
            changes=False,
            span=THIRD,
        ),
        Told(
            "satisfaction",
            (
                "ces",
                "survey_response_rate",
                "positive_review_rate",
                "negative_review_rate",
                "dsr_item",
                "dsr_service",
                "dsr_logistics",
                "complaint_rate",
            ),
        ),
        ShopScores(),
        Breakdown("regions", "region", "new_customers", ("new_customers", "orders"), share=True, span=HALF),
        Breakdown(
            "reviews",
            "product",
            "negative_review_rate",
            ("review_score", "negative_review_rate"),
            most=8,
            total=False,
            weeks=13,
            span=(12, 6, 6),
        ),
    ),
)
