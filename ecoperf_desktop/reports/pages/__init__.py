"""The pages: one entry a tab, which is also a section of the printed pack."""

from __future__ import annotations

from ecoperf_desktop.reports.pages import (
    customers,
    data,
    finance,
    marketing,
    overview,
    sales,
    site,
    supply,
    team,
)
from ecoperf_desktop.reports.pages.shape import Page

# In the order of the tabs.
PAGES: dict[str, Page] = {
    entry.PAGE.id: entry.PAGE for entry in (overview, sales, customers, supply, marketing, site, team, finance, data)
}

# In the order of the printed pack: what customers experience, what we steer, what comes of it.
PRINTED = ("overview", "supply", "site", "marketing", "sales", "customers", "team", "finance")

# The reference printed beside a number; once given, a code keeps its meaning.
CODES: dict[str, str] = {
    "net_sales": "S-01",
    "sessions": "S-02",
    "conversion_rate_sessions": "S-03",
    "orders": "S-04",
    "aov": "S-05",
    "units_sold": "S-06",
    "gross_sales": "S-07",
    "discounts": "S-08",
    "refund_rate_amount": "S-09",
    "returns_amount": "S-10",
    "discount_rate": "S-11",
    "asp": "S-12",
    "refund_rate_cohort": "S-13",
    "quality_refund_rate": "S-14",
    "return_rate_units": "S-15",
    "top_product_share": "S-16",
    "gross_profit": "P-01",
    "contribution_margin": "P-02",
    "gross_margin": "P-03",
    "contribution_margin_rate": "P-04",
    "buyers": "C-01",
    "new_customers": "C-02",
    "returning_customers": "C-03",
    "returning_customer_rate": "C-04",
    "cac": "C-05",
    "csat": "C-06",
    "nps": "C-07",
    "review_score": "C-08",
    "spend_per_buyer": "C-09",
    "inventory_value": "I-01",
    "inventory_units": "I-02",
    "days_of_cover": "I-03",
    "stockout_rate": "I-04",
    "dead_stock_share": "I-05",
    "supplier_otif": "I-06",
    "supplier_lead_time_mean": "I-07",
    "delivery_on_time_rate": "I-08",
    "dispatch_on_time_rate": "I-09",
    "stockout_rate_weighted": "I-10",
    "perfect_order_rate": "I-11",
    "mer": "M-01",
    "ad_cost": "M-02",
    "ad_roas": "M-03",
    "ad_ctr": "M-04",
    "ad_cpc": "M-05",
    "seo_clicks": "M-06",
    "lcp_p75": "W-01",
    "inp_p75": "W-02",
    "cls_p75": "W-03",
    "availability": "W-04",
    "downtime_minutes": "W-05",
    "incidents": "W-06",
    "mttr": "W-07",
    "lighthouse_performance": "W-08",
    "avg_engagement_time": "W-09",
    "bounce_rate_ga4": "W-10",
    "add_to_cart_rate": "W-11",
    "engagement_rate_ga4": "W-12",
    "mobile_share": "W-13",
    "cwv_pass_rate": "W-14",
    "agent_conversations": "T-01",
    "agent_reply_rate": "T-02",
    "agent_first_response_time": "T-03",
    "agent_csat": "T-04",
    "agent_inquiry_conversion": "T-05",
    "agent_sales": "T-06",
    "marketer_roi": "T-07",
    "buyer_otif": "T-08",
    "operating_profit": "F-01",
    "operating_margin": "F-02",
    "net_profit": "F-03",
    "net_margin": "F-04",
    "cost_to_income": "F-05",
    "expense_ratio": "F-06",
    "marketing_expense_ratio": "F-07",
    "labour_cost_ratio": "F-08",
    "break_even_sales": "F-09",
    "operating_expense": "F-10",
    "budget_variance": "F-11",
}


def code_of(metric: str) -> str:
    """Return the code of a metric, or of one cut of it; empty when it has none."""
    return CODES.get(metric.partition("[")[0], "")
