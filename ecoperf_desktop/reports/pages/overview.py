"""Overview: the scorecard, what to discuss, and why net sales moved."""

from __future__ import annotations

from ecoperf_desktop.reports.blocks import HALF
from ecoperf_desktop.reports.pages.shape import BridgeOf, Discuss, Headline, Page, Scorecard

# Customers first, then what we steer, then what comes of it.  Nothing that counts different people: that needs
# numpy, which start-up does without.
GROUPS = (
    ("reports.group_customers", ("delivery_on_time_rate", "csat", "review_score", "refund_rate_amount")),
    (
        "reports.group_drivers",
        ("sessions", "conversion_rate_sessions", "aov", "lcp_p75[device=mobile]", "availability", "stockout_rate", "days_of_cover", "mer"),
    ),
    ("reports.group_results", ("orders", "net_sales", "gross_profit", "contribution_margin")),
)

# The lines of the printed first sheet, in its order; those without data give way to the next.
HEADLINES = (
    "net_sales",
    "orders",
    "contribution_margin",
    "gross_profit",
    "refund_rate_amount",
    "days_of_cover",
    "mer",
    "csat",
    "delivery_on_time_rate",
    "conversion_rate_sessions",
    "sessions",
    "aov",
)

PAGE = Page(
    "overview",
    (Headline("net_sales"), Scorecard(GROUPS, has_own=True), Discuss(), BridgeOf("net_sales", HALF), BridgeOf("profit", HALF)),
)
