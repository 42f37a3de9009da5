"""Team: service agents against their team's median, with the uncertainty of small samples."""

from __future__ import annotations

from ecoperf_desktop.reports.blocks import HALF
from ecoperf_desktop.reports.pages.shape import Breakdown, Page, People, Trends

PAGE = Page(
    "team",
    (
        People(
            "agents",
            "agent",
            "agent_conversations",
            ("agent_conversations", "agent_first_response_time"),
            ("agent_csat", "agent_inquiry_conversion"),
        ),
        Trends(
            ("agent_conversations", "agent_reply_rate", "agent_first_response_time"),
            ("agent_csat", "agent_inquiry_conversion", "agent_sales"),
        ),
        Breakdown("agent_sales", "agent", "agent_sales", ("agent_sales", "agent_reply_rate", "agent_resolution_time"), changes=("agent_sales",), span=HALF),
        Breakdown("marketers", "staff", "marketer_roi", ("marketer_ctr", "marketer_roi"), total=False, span=HALF),
        Breakdown("purchasers", "staff", "buyer_otif", ("buyer_otif",), weeks=13, total=False, span=HALF),
    ),
)
