"""Team: agents, marketers, buyers, warehouse and content with the uncertainty of small samples; training; what hours bring."""

from __future__ import annotations

from ecoperf_desktop.reports.blocks import HALF, NARROW, WIDE
from ecoperf_desktop.reports.pages.shape import (
    Breakdown,
    Duties,
    Duty,
    LinesOf,
    Page,
    People,
    Privacy,
    Told,
    Trainings,
    Trends,
)

PAGE = Page(
    "team",
    (
        People(
            "agents",
            "agent",
            "agent_conversations",
            ("agent_conversations", "agent_first_response_time"),
            ("agent_csat", "agent_inquiry_conversion"),
            ("agent_first_response_median", "agent_first_response_p90"),
        ),
        LinesOf("agent_first_response_time", span=NARROW),
        Privacy(),
        Trends(("agent_reply_rate",), ("agent_csat", "agent_inquiry_conversion")),
        Breakdown(
            "marketers",
            "staff",
            "ad_cost",
            ("ad_cost", "ad_ctr", "ad_cpc", "ad_roas"),
            changes=("ad_cost",),
            share=True,
            span=HALF,
        ),
        Trainings(),
        Duties(
            "duties",
            (
                Duty("buyer_otif", "staff", 13),
                Duty("picks_per_hour", "staff"),
                Duty("pick_accuracy", "staff"),
                Duty("content_score", "staff", 13),
            ),
            WIDE,
        ),
        Breakdown(
            "agent_sales",
            "agent",
            "agent_sales",
            ("agent_sales", "agent_reply_rate", "agent_resolution_time"),
            optional=("agent_resolution_time",),
            span=NARROW,
        ),
        Told(
            "workforce",
            ("revenue_per_fte", "picks_per_hour", "pick_accuracy", "labour_cost_ratio"),
            yearly=("training_completion_rate", "training_sessions", "training_hours"),
            span=WIDE,
        ),
        Breakdown("channel_hours", "channel", "contribution_per_hour", ("contribution_per_hour", "revenue_per_fte"), span=HALF),
    ),
)
