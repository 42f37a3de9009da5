"""Figures that are known of the real files, asked of the program as a person would: ``ecoperf import``, ``ecoperf value``.

Where a known figure is no metric of the catalogue, or the catalogue means something else by the word, it stands here:

figure                                        what ``ecoperf value`` says, and why
--------------------------------------------  -------------------------------------------------------------------------
Olist, price sum 392,468.58                   gmv_placed: all orders placed; gross_sales leaves out cancelled ones
Olist, freight 68,855.36                      shipping_revenue is that of sales only: what was never a sale has none
Olist, payments 468,087.37                    no metric: instalments and vouchers, not what goods were worth
Olist, 93.42 % of delivered on time           delivery_on_time_rate: open and overdue parcels count as late, 92.22 %
Olist, purchase to door, mean 12.6078 days    the catalogue has medians and 90th percentiles: times have long tails
Olist, 2,995 persons                          buyers: 2,954 of them bought what became a sale
Olist, 5 persons with two or more orders      repeat_purchase_rate: 3 bought on two days; two orders of a day are one
Lighthouse, FCP, LCP, TBT, CLS, TTFB          the score is the metric; the catalogue's LCP and CLS are those of visitors
Maven, 149 orders of the first 5,000 visits   no metric: sessions are joined with orders by an id that is not kept
Cosmetics, revenue, units, defect rate        no days and no orders in the file: only its stock is read
DataCo, scheduled and real days               no format reads it: the file has neither orders nor parcels of its own
Facebook posts, reach and interactions        no format reads it: the posts have no date
Monitors, 84.8 % of rows are ``up``           availability: time, not rows
Support, CSAT 2.9913                          agent_csat: share of ratings of 4 and 5; the mean is no metric
Web logs, three errors of 9,999               no format reads a log: it holds addresses of people
"""

from __future__ import annotations

import io
import json
from contextlib import redirect_stdout
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, NamedTuple

import pytest

from ecoperf_desktop import cli

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"
MAPPINGS = Path(__file__).resolve().parents[1] / "mappings"

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the real files lie beside the checkout and are not there")


class Files(NamedTuple):
    """What is imported: files or a folder, by which descriptor, with which answers."""

    path: str
    mapping: str | None = None
    answers: tuple[str, ...] = ()


RETAIL = Files("online_retail_uk_by_day", "online_retail.toml", ("currency=GBP", "tz=Europe/London"))
WORKBOOK = Files("online_retail_xlsx/online_retail_II.xlsx", "online_retail.toml", ("currency=GBP", "tz=Europe/London"))
OLIST = Files("olist_sample_a", "olist")
MAVEN = Files("maven_fuzzy_factory", "maven")
FACEBOOK = Files("kag_facebook_ads", "kag_facebook.toml")
SEARCH = Files("gsc_chinese_ui", None, ("period=2024-01-01..2024-03-31",))
LIGHTHOUSE = Files("lighthouse_reports")
STOCK = Files("supply_chain_cosmetics/supply_chain_data.csv", "supply_chain_cosmetics.toml", ("period=2023-01-31",))
SHOPIFY = Files("platform_fixtures/shopify_orders_excerpt.csv")
GOOGLE = Files("platform_fixtures/google_ads_campaign_report.csv", None, ("currency=USD",))
MONITORS = Files("uptime_checks_derived", "uptime_derived.toml")
SUPPORT = Files("support_tickets", "support_tickets.toml")

# Files, first and last day, metric, the known figure: text is money to the last digit, a float is rounded as it was told.
FIGURES: list[tuple[Files, str, str, str, str | int | float]] = [
    (RETAIL, "2010-12-01", "2011-05-31", "gross_sales", "4064726.59"),
    (RETAIL, "2010-12-01", "2011-05-31", "orders", 8126),
    (RETAIL, "2010-12-01", "2011-05-31", "aov", 500.2125),
    (RETAIL, "2010-12-01", "2011-05-31", "returns_amount", "357898.95"),
    (RETAIL, "2010-12-01", "2011-05-31", "net_sales", "3706827.64"),
    (RETAIL, "2010-12-01", "2011-05-31", "buyers", 2718),
    (WORKBOOK, "2009-12-01", "2011-12-31", "gross_sales", "1284919.82"),
    (WORKBOOK, "2009-12-01", "2011-12-31", "orders", 1438),
    (WORKBOOK, "2009-12-01", "2011-12-31", "buyers", 260),
    (OLIST, "2016-01-01", "2018-12-31", "gross_sales", "389748.37"),
    (OLIST, "2016-01-01", "2018-12-31", "gmv_placed", "392468.58"),
    (OLIST, "2016-01-01", "2018-12-31", "orders", 2959),
    (OLIST, "2016-01-01", "2018-12-31", "aov", 131.7162),
    (OLIST, "2016-01-01", "2018-12-31", "delivery_on_time_rate", 0.9222),
    (OLIST, "2016-01-01", "2018-12-31", "review_score", 4.0698),
    (MAVEN, "2012-03-01", "2015-03-31", "gross_sales", "1938509.75"),
    (MAVEN, "2012-03-01", "2015-03-31", "cogs", "722370.25"),
    (MAVEN, "2012-03-01", "2015-03-31", "orders", 32313),
    (MAVEN, "2012-03-01", "2015-03-31", "aov", 59.9916),
    (MAVEN, "2012-03-01", "2015-03-31", "buyers", 31696),
    (MAVEN, "2012-03-01", "2015-03-31", "sessions", 23702),
    (MAVEN, "2012-03-01", "2015-03-31", "bounce_rate_ua", 0.5538),
    (MAVEN, "2012-03-01", "2015-03-31", "repeat_purchase_rate", round(591 / 31696, 6)),
    (FACEBOOK, "2023-08-01", "2023-08-31", "ad_impressions", 213434828),
    (FACEBOOK, "2023-08-01", "2023-08-31", "ad_clicks", 38165),
    (FACEBOOK, "2023-08-01", "2023-08-31", "ad_cost", "58705.23"),
    (FACEBOOK, "2023-08-01", "2023-08-31", "ad_conversions", 3264),
    (FACEBOOK, "2023-08-01", "2023-08-31", "ad_ctr", 0.00017881),
    (FACEBOOK, "2023-08-01", "2023-08-31", "ad_cpc", 1.5382),
    (SEARCH, "2024-01-01", "2024-03-31", "seo_clicks", 97456),
    (SEARCH, "2024-01-01", "2024-03-31", "seo_impressions", 526580),
    (SEARCH, "2024-01-01", "2024-03-31", "seo_ctr", 0.185073),
    (STOCK, "2023-01-31", "2023-01-31", "inventory_units", 4777),
    (STOCK, "2023-01-31", "2023-01-31", "stockout_rate", 0.01),
    (SHOPIFY, "2025-01-01", "2025-02-28", "gross_sales", "2486.50"),
    (SHOPIFY, "2025-01-01", "2025-02-28", "orders", 20),
    (SHOPIFY, "2025-01-01", "2025-02-28", "returns_amount", "59.00"),
    (GOOGLE, "2026-09-01", "2026-09-03", "ad_cost", "391.75"),
    (GOOGLE, "2026-09-01", "2026-09-03", "ad_clicks", 132),
]


@cache
def _workspace(files: Files) -> Path:
    path = Path(mkdtemp(prefix="figures-")) / "w.ecoperf"
    options = ["--mapping", str(MAPPINGS / files.mapping)] if files.mapping else []
    for answer in files.answers:
        options += ["--set", answer]
    _told(path, "import", str(DATA / files.path), *options)
    return path


def _told(workspace: Path, *words: str) -> Any:
    """Return what a command prints as JSON."""
    out = io.StringIO()
    with redirect_stdout(out):
        cli.main(["--workspace", str(workspace), *words, "--json"])
    return json.loads(out.getvalue())


def _value(files: Files, metric: str, first: str, last: str, *more: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = _told(_workspace(files), "value", metric, "--from", first, "--to", last, *more)["values"]
    return found


@pytest.mark.parametrize(
    ("files", "first", "last", "metric", "known"), FIGURES, ids=[f"{files.path.split('/')[0]} {metric}" for files, _, _, metric, _ in FIGURES]
)
def test_a_known_figure_is_what_the_command_prints(files: Files, first: str, last: str, metric: str, known: str | float) -> None:
    (value,) = _value(files, metric, first, last)
    if isinstance(known, float):
        places = len(f"{known:.10f}".rstrip("0").split(".")[1])
        assert round(float(value["value"]), places) == known
    else:
        assert value["value"] == known


@pytest.mark.parametrize(
    ("metric", "dimension", "parts"),
    [("sessions", "device", {"desktop": 3061, "mobile": 1939}), ("sessions", "channel", {"gsearch": 4860})],
)
def test_known_parts_are_what_the_command_prints(metric: str, dimension: str, parts: dict[str, int]) -> None:
    values = _value(MAVEN, metric, "2012-03-01", "2015-03-31", "--per", dimension)
    told = {value["per"][dimension]: value["value"] for value in values}
    assert parts.items() <= told.items()


def test_each_lighthouse_run_has_the_score_of_its_report() -> None:
    days = _value(LIGHTHOUSE, "lighthouse_performance", "2018-01-01", "2026-12-31", "--per", "page", "--by", "day")
    scores = sorted(round(day["value"]) for day in days if day["denominator"])
    assert scores == [16, 18, 21, 24, 71]


def test_every_monitor_was_up_as_long_as_its_own_figures_say() -> None:
    values = _value(MONITORS, "availability", "2025-05-26", "2025-12-31", "--per", "target")
    assert len(values) == 8
    assert all(0.9946 <= value["value"] <= 0.9999 for value in values)


@pytest.mark.parametrize(
    ("files", "first", "last", "metric", "told", "known"),
    [
        (OLIST, "2016-01-01", "2018-12-31", "buyers", 2954, 2995),
        (OLIST, "2016-01-01", "2018-12-31", "shipping_revenue", "68566.16", "68855.36"),
        (OLIST, "2016-01-01", "2018-12-31", "repeat_purchase_rate", round(3 / 2954, 6), round(5 / 2995, 6)),
        (SUPPORT, "2020-01-01", "2024-12-31", "agent_csat", round(1087 / 2769, 6), 2.9913),
    ],
    ids=lambda one: one if isinstance(one, str) else None,
)
def test_where_the_catalogue_means_something_else_it_says_its_own(
    files: Files, first: str, last: str, metric: str, told: str | float, known: str | float
) -> None:
    (value,) = _value(files, metric, first, last)
    shown = round(value["value"], 6) if isinstance(told, float) else value["value"]
    assert shown == told != known
