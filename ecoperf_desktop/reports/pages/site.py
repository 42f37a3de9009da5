"""Site: how fast pages are, whether the shop is up, and what visitors do on it."""

from __future__ import annotations

from ecoperf_desktop.reports.blocks import NARROW, THIRD, WIDE
from ecoperf_desktop.reports.pages.shape import (
    Breakdown,
    Cards,
    DeviceGap,
    FunnelOf,
    LabRuns,
    LinesOf,
    Numbers,
    Outages,
    Page,
    Trends,
    UpByDay,
)

# Good up to the first, poor beyond the second: web.dev's thresholds for the 75th percentile.
LCP = ((2_500.0, "reports.zone_needs"), (4_000.0, "reports.zone_poor"))
INP = ((200.0, "reports.zone_needs"), (500.0, "reports.zone_poor"))
CLS = ((0.1, "reports.zone_needs"), (0.25, "reports.zone_poor"))
DEVICES = ("mobile", "desktop")
# What only some reports state: the older bounce rate is another thing than the newer one, and never put in its place.
STATED_BY_SOME = ("bounce_rate_ga4", "bounce_rate_ua", "engagement_rate_ga4", "avg_engagement_time", "avg_dwell_time", "js_error_rate")

PAGE = Page(
    "site",
    (
        LinesOf("lcp_p75", LCP, "device", DEVICES),
        LinesOf("inp_p75", INP, "device", DEVICES),
        LinesOf("cls_p75", CLS, "device", DEVICES),
        Cards(("cwv_pass_rate", "availability", "incidents", "mttr")),
        UpByDay(span=THIRD),
        Outages(span=THIRD),
        LabRuns("mobile", span=THIRD),
        DeviceGap(span=THIRD),
        FunnelOf("device", DEVICES, span=THIRD),
        Numbers(
            "site_errors",
            (
                "js_error_rate",
                "server_error_rate",
                "mobile_friendly_score",
                "pages_per_session",
                "avg_engagement_time",
                "bounce_rate_ga4",
                "bounce_rate_ua",
                "mobile_share",
            ),
            span=THIRD,
        ),
        Trends(
            ("bounce_rate_ga4",),
            ("sessions", "conversion_rate_sessions"),
        ),
        Breakdown(
            "traffic_channels",
            "channel",
            "sessions",
            ("sessions", *STATED_BY_SOME, "conversion_rate_sessions"),
            changes=("sessions",),
            optional=STATED_BY_SOME,
            share=True,
            span=WIDE,
        ),
        Breakdown("monitors", "target", "downtime_minutes", ("availability", "downtime_minutes", "incidents"), weeks=4, total=False, span=NARROW),
        Breakdown(
            "devices",
            "device",
            "sessions",
            ("sessions", "add_to_cart_rate", *STATED_BY_SOME, "conversion_rate_sessions"),
            changes=("conversion_rate_sessions",),
            optional=("add_to_cart_rate", *STATED_BY_SOME),
            span=WIDE,
        ),
        Breakdown(
            "page_speed",
            "page",
            "lcp_p75[device=mobile]",
            tuple(f"{metric}[device=mobile]" for metric in ("lcp_p75", "inp_p75", "cls_p75", "cwv_pass_rate", "lighthouse_median")),
            weeks=4,
            total=False,
            span=WIDE,
        ),
    ),
)
