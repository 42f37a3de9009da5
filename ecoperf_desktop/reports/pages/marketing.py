"""Marketing: what is spent, what it brings by the orders themselves, and what search, posts and mailings do."""

from __future__ import annotations

from ecoperf_desktop.reports.blocks import HALF, NARROW, THIRD, WIDE
from ecoperf_desktop.reports.pages.shape import (
    Breakdown,
    Claims,
    Numbers,
    Page,
    Partners,
    Plain,
    Searches,
    SpendBy,
    SpendDots,
    Trends,
)

PAGE = Page(
    "marketing",
    (
        Trends(("ad_cost",), ("mer",)),
        Claims(span=THIRD),
        SpendBy("shop", span=WIDE),
        SpendBy("channel", span=WIDE),
        SpendDots(span=NARROW),
        Breakdown(
            "campaigns",
            "campaign",
            "ad_cost",
            ("ad_cost", "ad_ctr", "ad_cvr", "ad_cpa", "ad_roas", "budget_utilisation"),
            changes=("ad_cost",),
            share=True,
            optional=("budget_utilisation",),
            span=WIDE,
        ),
        Numbers(
            "returns_on_ads",
            (
                "cac",
                "ad_roas",
                "tacos",
                "break_even_roas",
                "ad_ctr",
                "ad_cpc",
                "organic_revenue_share",
                "organic_traffic_share",
                "branded_search_impressions",
            ),
            span=NARROW,
        ),
        Searches("queries", "query", span=WIDE),
        Searches("click_rates", "query", is_drawn=True, span=NARROW),
        Searches("search_pages", "page", span=WIDE),
        Partners(
            "mailings",
            "campaign",
            "email_delivery_rate",
            (
                Plain("email_delivery_rate", drop=3),
                Plain("email_open_rate"),
                Plain("email_click_rate"),
                Plain("email_ctor", drop=2),
                Plain("email_unsubscribe_rate"),
                Plain("email_complaint_rate", drop=1),
                Plain("email_revenue_per_delivered"),
            ),
            weeks=4,
            span=WIDE,
            foot="mailings_foot",
        ),
        Breakdown(
            "social",
            "account",
            "social_impressions",
            (
                "social_impressions",
                "social_engagements",
                "social_engagement_rate",
                "followers",
                "follower_growth_rate",
                "share_of_voice",
            ),
            changes=("social_impressions",),
            total=True,
            optional=("social_engagement_rate", "followers", "follower_growth_rate", "share_of_voice"),
            span=HALF,
        ),
    ),
)
