"""Finance: what of the sales is left, what it costs to run the shop, and how that stands to the budget."""

from __future__ import annotations

from ecoperf_desktop.reports.blocks import FULL, HALF
from ecoperf_desktop.reports.pages.shape import (
    Breakdown,
    Budgets,
    Cards,
    Costs,
    Numbers,
    Page,
    ProfitChain,
    Trends,
)

PAGE = Page(
    "finance",
    (
        Cards(("gross_margin", "contribution_margin_rate", "operating_margin", "net_margin", "cost_to_income")),
        ProfitChain(FULL),
        Trends(
            ("expense_ratio", "marketing_expense_ratio", "labour_cost_ratio"),
            ("gross_profit", "operating_profit", "contribution_margin"),
        ),
        Costs(HALF),
        Budgets("class", HALF),
        Budgets("department", HALF),
        Numbers(
            "finance_numbers",
            (
                "break_even_sales", "net_sales_ex_tax", "operating_expense", "below_the_line", "net_profit", "contribution_margin",
                "cost_coverage",
            ),
            HALF,
            is_of_months=True,
        ),
        Breakdown(
            "margins_category", "category", "gross_profit", ("net_sales_ex_tax", "gross_profit", "gross_margin"),
            changes=("gross_margin",), share=True, span=HALF,
        ),
        Breakdown(
            "margins_channel", "channel", "gross_profit", ("net_sales_ex_tax", "gross_profit", "gross_margin", "contribution_margin"),
            changes=("gross_margin",), optional=("contribution_margin",), span=HALF,
        ),
        Breakdown(
            "margins_shop", "shop", "gross_profit",
            ("net_sales_ex_tax", "gross_profit", "gross_margin", "contribution_margin"),
            changes=("gross_margin",), optional=("contribution_margin",), span=HALF,
        ),
    ),
)  # fmt: skip
