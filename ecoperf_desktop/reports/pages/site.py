"""Site: how fast pages are, whether the shop is up, and what visitors do on it."""

from __future__ import annotations

from ecoperf_desktop.reports.blocks import HALF
from ecoperf_desktop.reports.pages.shape import Breakdown, Cards, LinesOf, Page, Trends

# Good up to the first, poor beyond the second: web.dev's thresholds for the 75th percentile.
LCP = ((2_500.0, "reports.zone_needs"), (4_000.0, "reports.zone_poor"))
INP = ((200.0, "reports.zone_needs"), (500.0, "reports.zone_poor"))
CLS = ((0.1, "reports.zone_needs"), (0.25, "reports.zone_poor"))
DEVICES = ("mobile", "desktop")

PAGE = Page(
    "site",
    (
        LinesOf("lcp_p75", LCP, "device", DEVICES),
        LinesOf("inp_p75", INP, "device", DEVICES),
        LinesOf("cls_p75", CLS, "device", DEVICES),
        Cards(("availability", "downtime_minutes", "incidents", "mttr", "lighthouse_performance")),
        Trends(
            ("bounce_rate_ga4", "add_to_cart_rate", "mobile_share"),
            ("sessions", "conversion_rate_sessions", "availability"),
        ),
        Breakdown(
            "devices",
            "device",
            "sessions",
            ("sessions", "conversion_rate_sessions", "add_to_cart_rate", "bounce_rate_ga4"),
            changes=("conversion_rate_sessions",),
            span=HALF,
        ),
        Breakdown("monitors", "target", "downtime_minutes", ("availability", "downtime_minutes", "incidents"), weeks=4, total=False, span=HALF),
        Breakdown("page_speed", "page", "lcp_p75", ("lcp_p75", "inp_p75", "cls_p75", "lighthouse_performance"), weeks=4, total=False, span=HALF),
    ),
)
