"""Marketing: what is spent, what it brings by the orders themselves, and what search shows."""

from __future__ import annotations

from ecoperf_desktop.reports.blocks import HALF, WIDE
from ecoperf_desktop.reports.pages.shape import Breakdown, Page, Trends

PAGE = Page(
    "marketing",
    (
        Trends(
            ("ad_cost", "ad_ctr", "ad_cpc"),
            ("mer", "ad_roas", "seo_clicks"),
        ),
        Breakdown(
            "ad_channels",
            "channel",
            "ad_cost",
            ("ad_cost", "ad_impressions", "ad_clicks", "ad_ctr", "ad_cpc", "ad_roas"),
            changes=("ad_cost",),
            span=WIDE,
        ),
        Breakdown(
            "campaigns",
            "campaign",
            "ad_cost",
            ("ad_cost", "ad_ctr", "ad_cvr", "ad_cpa", "ad_roas"),
            changes=("ad_cost",),
            share=True,
            span=WIDE,
        ),
        Breakdown("queries", "query", "seo_clicks", ("seo_clicks", "seo_impressions", "seo_ctr", "seo_position"), weeks=4, span=HALF),
        Breakdown("search_pages", "page", "seo_clicks", ("seo_clicks", "seo_impressions", "seo_ctr", "seo_position"), weeks=4, span=HALF),
    ),
)
