"""Real exports through the whole pipeline: what the files are known to hold is what the metrics say."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest

from ecoperf_desktop import actions
from ecoperf_desktop.actions import ImportChoices
from ecoperf_desktop.model.days import Period, iso, parse_day
from ecoperf_desktop.model.importing import ImportReport
from ecoperf_desktop.model.value import Number, Question, Value
from ecoperf_desktop.store.database import Workspace

SHARED = Path(__file__).resolve().parents[2].parent / "shared"
DATA = SHARED / "data"
MAPPINGS = Path(__file__).resolve().parents[1] / "mappings"

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the real files lie beside the checkout and are not there")

SALES = ("gross_sales", "orders", "returns_amount", "buyers")
LONDON = {"currency": "GBP", "tz": "Europe/London"}


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with actions.workspace(tmp_path / "w.ecoperf", write=True) as opened:
        yield opened


def load(opened: Workspace, *paths: Path, mapping: str | None = None, **settings: str) -> ImportReport:
    choices = ImportChoices(mappings=(MAPPINGS / mapping,) if mapping else (), settings=tuple(settings.items()))
    return actions.apply_import(actions.plan_import(paths, choices, opened), opened)


def asked(opened: Workspace, metrics: tuple[str, ...], first: str, last: str, by: str | None = None) -> dict[str, dict[str, Value]]:
    """Return the values by the bucket's first day and metric."""
    answers: dict[str, dict[str, Value]] = {}
    for value in actions.values(opened, Question(metrics, Period(parse_day(first), parse_day(last)), by=by)):
        answers.setdefault(iso(value.period.first), {})[value.metric] = value
    return answers


def numbers(opened: Workspace, metrics: tuple[str, ...], first: str, last: str) -> tuple[Number | None, ...]:
    (only,) = asked(opened, metrics, first, last).values()
    return tuple(only[metric].value for metric in metrics)


def truth(name: str) -> list[dict[str, str]]:
    with (DATA / "truth" / name).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def minor(amount: str) -> int:
    return round(float(amount) * 100)


# ---- Online Retail


@pytest.fixture(scope="module")
def retail(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Workspace, ImportReport]]:
    with actions.workspace(tmp_path_factory.mktemp("retail") / "w.ecoperf", write=True) as opened:
        yield opened, load(opened, DATA / "online_retail_uk_by_day", mapping="online_retail.toml", **LONDON)


def test_every_row_of_the_daily_files_is_read_and_the_total_is_known(retail: tuple[Workspace, ImportReport]) -> None:
    opened, report = retail
    assert {file.status for file in report.files} == {"loaded"}
    assert len(report.files) == 141
    assert sum(file.rows.read for file in report.files) == 209_029
    assert sum(file.dropped.get("adjustment", 0) for file in report.files) == 1_292
    assert numbers(opened, SALES, "2010-12-01", "2011-05-31") == (406_472_659, 8_126, 35_789_895, 2_718)


@pytest.mark.parametrize(("by", "name", "column"), [
    ("day", "online_retail_day.csv", "day"),
    ("week", "online_retail_week_mon.csv", "week_mon"),
    ("month", "online_retail_month.csv", "month"),
])
def test_sales_orders_returns_and_buyers_agree_to_the_penny(
    retail: tuple[Workspace, ImportReport], by: str, name: str, column: str
) -> None:
    answers = asked(retail[0], SALES, "2010-11-29", "2011-06-05", by)
    rows = truth(name)
    assert rows
    for row in rows:
        first = f"{row[column]}-01" if by == "month" else row[column]
        expected = (
            minor(row["gross_revenue"]), int(float(row["orders"])), -minor(row["return_value"]), int(float(row["customers"])),
        )
        assert (row[column], tuple(answers[first][metric].value for metric in SALES)) == (row[column], expected)


def test_a_day_without_a_file_is_a_gap_and_not_a_zero(retail: tuple[Workspace, ImportReport]) -> None:
    saturday = asked(retail[0], ("gross_sales",), "2010-12-04", "2010-12-04")["2010-12-04"]["gross_sales"]
    assert saturday.value is None
    assert saturday.quality == "missing"


def test_a_workbook_that_repeats_lines_of_the_daily_files_doubles_nothing(workspace: Workspace) -> None:
    days = [DATA / "online_retail_uk_by_day" / f"2010-12-0{day}.csv" for day in (1, 2, 3, 5, 6, 7, 8, 9)]
    load(workspace, *days, mapping="online_retail.toml", **LONDON)
    before = numbers(workspace, SALES, "2010-12-01", "2010-12-09")
    report = load(workspace, DATA / "online_retail_xlsx" / "online_retail_II.xlsx", mapping="online_retail.toml", **LONDON)
    assert [file.rows.unchanged for file in report.files] == [441, 441]
    assert before == numbers(workspace, SALES, "2010-12-01", "2010-12-09") == (43_885_265, 834, 6_136_420, 573)


def test_a_workbook_whose_sheets_overlap_counts_their_lines_once(workspace: Workspace) -> None:
    report = load(workspace, DATA / "online_retail_xlsx" / "online_retail_II.xlsx", mapping="online_retail.toml", **LONDON)
    assert sum(file.rows.unchanged for file in report.files) == 441
    assert numbers(workspace, ("gross_sales", "orders", "buyers"), "2009-12-01", "2011-12-31") == (128_491_982, 1_438, 260)


def test_a_truncated_workbook_is_one_clear_error_and_nothing_stored(workspace: Workspace) -> None:
    report = load(workspace, DATA / "online_retail_xlsx" / "Online Retail.xlsx", mapping="online_retail.toml", **LONDON)
    assert [file.status for file in report.files] == ["refused"]
    assert report.files[0].findings[0].code == "reading.damaged_workbook"
    assert actions.ledger(workspace) == []


# ---- Olist


@pytest.mark.parametrize("backwards", [False, True], ids=["as they lie", "backwards, one by one"])
def test_the_eight_olist_files_agree_whichever_order_they_come_in(workspace: Workspace, backwards: bool) -> None:
    files = sorted((DATA / "olist_sample_a").iterdir(), reverse=backwards)
    if backwards:
        for file in files:
            load(workspace, file, mapping="olist")
    else:
        report = load(workspace, DATA / "olist_sample_a", mapping="olist")
        assert {file.status for file in report.files} == {"loaded"}
    metrics = ("gross_sales", "orders", "delivery_on_time_rate", "review_score")
    assert numbers(workspace, metrics, "2016-01-01", "2018-12-31") == (
        38_974_837, 2_959, Fraction(2_713, 2_942), Fraction(12_181, 2_993),
    )
    assert round(12_181 / 2_993, 4) == 4.0698
    months = asked(workspace, ("gross_sales", "orders"), "2016-10-01", "2018-08-31", "month")
    for row in truth("olist_a_month.csv"):
        answer = months[f"{row['m']}-01"]
        assert (row["m"], answer["gross_sales"].value, answer["orders"].value) == (row["m"], minor(row["gmv"]), int(row["orders"]))
    persons = workspace.conn.execute("SELECT count(DISTINCT buyer_id) FROM customer").fetchone()[0]
    assert persons == 2_995
    freight = workspace.conn.execute("SELECT sum(shipping_minor) FROM orders").fetchone()[0]
    assert freight == 6_885_536


def test_olist_imported_twice_changes_nothing_and_taken_back_leaves_nothing(workspace: Workspace) -> None:
    load(workspace, DATA / "olist_sample_a", mapping="olist")
    again = load(workspace, DATA / "olist_sample_a", mapping="olist")
    assert {file.status for file in again.files} == {"unchanged"}
    actions.undo(workspace, [entry.import_id for entry in actions.ledger(workspace)])
    for table in ("orders", "order_lines", "refunds", "reviews", "shipments"):
        assert workspace.conn.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)
    assert numbers(workspace, ("gross_sales",), "2016-01-01", "2018-12-31") == (None,)


# ---- Maven Fuzzy Factory


def test_maven_revenue_cost_orders_and_visits(workspace: Workspace) -> None:
    load(workspace, DATA / "maven_fuzzy_factory", mapping="maven")
    assert numbers(workspace, ("gross_sales", "orders", "buyers"), "2012-03-01", "2015-03-31") == (193_850_975, 32_313, 31_696)
    assert workspace.conn.execute("SELECT sum(cost_minor) FROM order_lines").fetchone() == (72_237_025,)
    months = asked(workspace, ("gross_sales", "orders"), "2012-03-01", "2015-03-31", "month")
    for row in truth("maven_month.csv"):
        answer = months[f"{row['m']}-01"]
        assert (row["m"], answer["gross_sales"].value, answer["orders"].value) == (row["m"], minor(row["revenue"]), int(row["orders"]))
    visits = dict(workspace.conn.execute(
        "SELECT device, sum(sessions) FROM site_traffic WHERE variant = 'channel' GROUP BY device"))
    assert visits == {"desktop": 3_061, "mobile": 1_939}
    searched = workspace.conn.execute(
        "SELECT sum(sessions) FROM site_traffic JOIN channel USING(channel_id) WHERE name = 'gsearch'").fetchone()
    assert searched == (4_860,)
    pages = workspace.conn.execute(
        "SELECT sum(sessions), sum(single_page_sessions), sum(pageviews) FROM site_traffic WHERE variant = 'landing'").fetchone()
    assert pages == (23_702, 13_126, 50_000)
    assert round(13_126 / 23_702, 4) == 0.5538


# ---- marketing


def test_facebook_ad_figures_and_their_ratios(workspace: Workspace) -> None:
    load(workspace, DATA / "kag_facebook_ads", mapping="kag_facebook.toml")
    impressions, clicks, cost, ctr, cpc, conversions = numbers(
        workspace, ("ad_impressions", "ad_clicks", "ad_cost", "ad_ctr", "ad_cpc", "ad_conversions"), "2023-08-01", "2023-08-31")
    assert (impressions, clicks, cost, conversions) == (213_434_828, 38_165, 5_870_523, 3_264)
    assert ctr is not None and round(float(ctr), 8) == 0.00017881
    assert cpc is not None and round(float(cpc) / 100, 4) == 1.5382


def test_search_console_in_chinese_weighs_positions_by_impressions(workspace: Workspace) -> None:
    report = load(workspace, DATA / "gsc_chinese_ui")
    assert report.files[0].status == "refused"
    assert report.files[0].findings[0].code == "importing.ask_period"
    load(workspace, DATA / "gsc_chinese_ui", period="2024-01-01..2024-03-31")
    clicks, impressions, position = numbers(workspace, ("seo_clicks", "seo_impressions", "seo_position"), "2024-01-01", "2024-03-31")
    assert (clicks, impressions) == (97_456, 526_580)
    with next((DATA / "gsc_chinese_ui").iterdir()).open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    weighted = sum(float(row["排名"]) * int(row["展示"]) for row in rows) / 526_580
    assert position is not None and float(position) == pytest.approx(weighted, rel=1e-9)


def test_a_search_console_archive_dates_its_tables_by_what_lies_beside_them(workspace: Workspace, tmp_path: Path) -> None:
    folder = tmp_path / "export"
    folder.mkdir()
    (folder / "图表.csv").write_text("日期,点击次数,展示,点击率,排名\n2026-08-30,1,10,10%,4\n2026-08-31,2,20,10%,5\n", encoding="utf-8")
    (folder / "查询数.csv").write_text("热门查询,点击次数,展示,点击率,排名\n杯子,3,25,12%,4.5\n", encoding="utf-8")
    (folder / "过滤器.csv").write_text("过滤条件,值\n搜索类型,网页\n日期,过去 7 天\n", encoding="utf-8")
    shutil.make_archive(str(tmp_path / "site"), "zip", folder)
    report = load(workspace, tmp_path / "site.zip")
    assert {file.member: file.status for file in report.files} == {"图表.csv": "loaded", "查询数.csv": "loaded", "过滤器.csv": "skipped"}
    queries = next(file for file in report.files if file.member == "查询数.csv")
    assert queries.period == Period(parse_day("2026-08-25"), parse_day("2026-08-31"))


def test_google_ads_totals_are_left_out_and_a_currency_is_asked_for(workspace: Workspace) -> None:
    file = DATA / "platform_fixtures" / "google_ads_campaign_report.csv"
    refused = load(workspace, file)
    assert refused.files[0].findings[0].code == "importing.ask_currency"
    report = load(workspace, file, currency="USD")
    assert report.files[0].dropped == {"total": 1}
    assert numbers(workspace, ("ad_impressions", "ad_clicks", "ad_cost"), "2026-09-01", "2026-09-03") == (2_794, 132, 39_175)


def test_a_stated_total_that_the_rows_do_not_reach_is_told(workspace: Workspace, tmp_path: Path) -> None:
    text = (DATA / "platform_fixtures" / "google_ads_campaign_report.csv").read_text(encoding="utf-8")
    # a blank before a quote makes the total row of that file one cell too wide: as it stands nothing can be compared with it
    sound = text.replace(', "2,794"', ',"2,794"')
    file = tmp_path / "report.csv"
    for cost, codes in (("$391.75", []), ("$400.00", ["importing.total_differs"])):
        file.write_text(sound.replace("$391.75", cost), encoding="utf-8")
        report = load(workspace, file, currency="USD")
        assert [finding.code for finding in report.files[0].findings] == codes


def test_meta_in_french_has_decimal_commas_and_days_first(workspace: Workspace) -> None:
    load(workspace, DATA / "platform_fixtures" / "meta_ads_french_semicolon.csv")
    assert numbers(workspace, ("ad_cost", "ad_impressions"), "2026-08-01", "2026-08-01") == (123_456, 45_012)
    assert numbers(workspace, ("ad_cost",), "2026-08-01", "2026-08-02") == (223_656,)


def test_a_meta_row_of_three_years_is_no_single_day(workspace: Workspace) -> None:
    load(workspace, DATA / "platform_fixtures" / "meta_ads_period_totals_egp.csv")
    assert numbers(workspace, ("ad_cost",), "2023-07-23", "2026-08-22") == (19_000,)
    assert numbers(workspace, ("ad_cost",), "2026-08-17", "2026-08-22") == (None,)


def test_a_file_in_another_currency_than_the_one_given_for_others_is_not_taken_for_it(workspace: Workspace) -> None:
    report = load(workspace, DATA / "platform_fixtures", currency="USD")
    waits = {Path(file.path).name: [one.details["currency"] for one in file.findings if one.code == "store.waits_for_rate"] for file in report.files}
    assert waits["meta_ads_period_totals_egp.csv"] == ["EGP"]
    assert waits["meta_ads_daily.csv"] == []
    etsy = next(file for file in report.files if Path(file.path).name == "etsy_sold_orders.csv")
    assert etsy.status == "refused"  # its rows are in euros, and dollars were asked for


# ---- shops


def test_the_shopify_excerpt_keeps_order_totals_without_line_prices(workspace: Workspace) -> None:
    report = load(workspace, DATA / "platform_fixtures" / "shopify_orders_excerpt.csv")
    assert report.files[0].rows.read == 38
    assert len(report.files[0].findings) == 3
    assert numbers(workspace, ("gross_sales", "orders", "returns_amount"), "2025-01-01", "2025-02-28") == (248_650, 20, 5_900)
    late = workspace.conn.execute("SELECT placed_day FROM orders WHERE order_no = '#1001'").fetchone()[0]
    assert iso(late) == "2025-01-15"  # the day on the shop's own clock


def test_shopify_products_without_a_sku_are_known_by_their_handle(workspace: Workspace) -> None:
    report = load(workspace, DATA / "shopify_products" / "Product-data.csv", currency="CAD")
    assert report.files[0].status == "loaded"
    assert workspace.conn.execute("SELECT count(*), count(list_price_minor) FROM product").fetchone() == (21, 21)


# ---- supply, site, people


@pytest.mark.parametrize("name", ["supply_chain_data.csv", "supply_chain_data.xlsx"])
def test_stock_of_the_cosmetics_shop_is_the_same_as_text_and_as_a_workbook(workspace: Workspace, name: str) -> None:
    load(workspace, DATA / "supply_chain_cosmetics" / name, mapping="supply_chain_cosmetics.toml", period="2023-01-31")
    stock = workspace.conn.execute("SELECT sum(on_hand), sum(on_hand = 0), count(*) FROM inventory_snapshots").fetchone()
    assert stock == (4_777, 1, 100)


def test_lighthouse_of_five_versions(workspace: Workspace) -> None:
    load(workspace, DATA / "lighthouse_reports")
    runs = workspace.conn.execute(
        "SELECT tool_version, performance, round(fcp_ms, 1), round(lcp_ms, 1), round(tbt_ms, 1), round(cls, 3), round(ttfb_ms, 1), device "
        "FROM lab_audits ORDER BY ts").fetchall()
    assert runs == [
        ("5.6.0", 0.18, 3313.8, None, 7101.7, None, 7.9, "mobile"),
        ("6.0.0", 0.16, 4212.5, 7181.0, 1675.7, 0.134, 390.7, "mobile"),
        ("8.0.0", 0.24, 3997.2, 10201.9, 1165.0, 0.112, 275.8, "mobile"),
        ("8.0.0", 0.71, 3315.0, 5430.0, 97.0, 0.0, 19.6, "mobile"),
        ("10.1.0", 0.21, 6444.9, 7727.1, 4096.3, 0.176, 548.7, "mobile"),
    ]


def test_availability_comes_from_outages_and_not_from_counting_rows(workspace: Workspace) -> None:
    load(workspace, DATA / "uptime_checks_derived", mapping="uptime_derived.toml")
    answers = actions.values(
        workspace, Question(("availability",), Period(parse_day("2025-05-26"), parse_day("2025-12-31")), per=("target",)))
    assert len(answers) == 8
    for answer in answers:
        assert answer.value is not None
        assert 0.9946 <= float(answer.value) <= 0.9999


def test_satisfaction_of_the_support_tickets(workspace: Workspace) -> None:
    report = load(workspace, DATA / "support_tickets", mapping="support_tickets.toml")
    assert report.files[0].rows.read == 8_469
    assert [finding.details.get("n") for finding in report.files[0].findings] == [1_365]
    total, rated = workspace.conn.execute("SELECT sum(csat), count(csat) FROM support_conversations").fetchone()
    assert rated == 2_769
    assert round(total / rated, 4) == 2.9913


@pytest.mark.parametrize(("name", "read", "kept", "encoding"), [
    ("cosmetic.csv", 27_598, 27_512, "utf-8-sig"), ("cosmetic_first2000_gb18030.csv", 2_000, 1_985, "gb18030"),
])
def test_a_sold_count_is_a_level_that_days_never_add_up(workspace: Workspace, name: str, read: int, kept: int, encoding: str) -> None:
    report = load(workspace, DATA / "taobao_cosmetics_1111" / name, mapping="taobao_listing.toml")
    assert (report.files[0].rows.read, report.files[0].encoding) == (read, encoding)
    assert workspace.conn.execute("SELECT count(*) FROM listing_snapshots").fetchone() == (kept,)


def test_of_three_tables_of_the_same_cities_in_a_ga4_file_the_one_that_says_most_is_read(workspace: Workspace) -> None:
    report = load(workspace, DATA / "ga4_city_users")
    assert [file.status for file in report.files] == ["loaded"]
    cities = workspace.conn.execute("SELECT count(*), max(visitors), min(day), max(last_day) FROM site_traffic").fetchone()
    assert cities[:2] == (105, 53)
    assert workspace.conn.execute("SELECT count(engaged_sessions), count(revenue_minor) FROM site_traffic").fetchone() == (105, 0)
    assert (iso(cities[2]), iso(cities[3])) == ("2020-10-22", "2021-10-22")
