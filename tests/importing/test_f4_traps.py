"""Traps of campaign, ad, search and social exports that one example a format cannot show."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ecoperf_desktop import actions
from ecoperf_desktop.actions import ImportChoices
from ecoperf_desktop.model.days import Period, iso, parse_day
from ecoperf_desktop.model.importing import FileReport
from ecoperf_desktop.model.value import Question
from ecoperf_desktop.store.database import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with actions.workspace(tmp_path / "w.ecoperf", write=True) as opened:
        yield opened


def load(opened: Workspace, path: Path, **settings: str) -> tuple[FileReport, ...]:
    plan = actions.plan_import((path,), ImportChoices(settings=tuple(settings.items())), opened)
    return actions.apply_import(plan, opened).files


def written(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


def _asked(metric: str) -> Question:
    return Question((metric,), Period(parse_day("2026-09-01"), parse_day("2026-09-30")))


OVERVIEW = """# ----------------------------------------
# Reports snapshot
# Account: Shop
# Property: Shop
# ----------------------------------------
#
# All Users
# Start date: 20260907
# End date: 20260908

Event name,Event count
page_view,500

# All Users
# Start date: 20260907
# End date: 20260908
Nth day,Active users
0000,31
0001,28

Country,Active users
France,40
Peru,2
"""


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_each_known_table_of_an_overview_is_read_with_the_dates_above_it(workspace: Workspace, tmp_path: Path, ending: str) -> None:
    files = load(workspace, written(tmp_path / "Reports_snapshot.csv", OVERVIEW.replace("\n", ending)))
    assert [(file.status, file.rows.read) for file in files] == [("loaded", 2), ("loaded", 2)]
    unread = [finding.details for file in files for finding in file.findings if finding.code == "importing.tables_passed_over"]
    assert unread == [{"n": 1, "columns": "Event name, Event count"}]
    rows = workspace.conn.execute("SELECT variant, day, last_day, active_users FROM site_traffic ORDER BY row_id").fetchall()
    assert [(variant, iso(first), iso(last), users) for variant, first, last, users in rows] == [
        ("date", "2026-09-07", "2026-09-07", 31), ("date", "2026-09-08", "2026-09-08", 28),
        ("country", "2026-09-07", "2026-09-08", 40), ("country", "2026-09-07", "2026-09-08", 2),
    ]


def test_a_table_for_a_part_of_the_visitors_does_not_take_the_place_of_all(workspace: Workspace, tmp_path: Path) -> None:
    part = "\n# Mobile traffic\n# Start date: 20260907\n# End date: 20260908\n\nCountry,Active users\nFrance,7\n"
    load(workspace, written(tmp_path / "data-export.csv", OVERVIEW + part))
    seen = workspace.conn.execute("SELECT active_users FROM site_traffic WHERE variant = 'country' ORDER BY row_id").fetchall()
    assert seen == [(40,), (2,)]


def test_a_table_far_down_is_found(workspace: Workspace, tmp_path: Path) -> None:
    cities = "".join(f"Town {number},1\n" for number in range(20_000))
    text = OVERVIEW.split("Event name")[0] + f"City,Active users\n{cities}\nCountry,Active users\nFrance,9\n"
    files = load(workspace, written(tmp_path / "data-export.csv", text))
    assert [file.rows.read for file in files] == [20_000, 1]
    assert workspace.conn.execute("SELECT active_users FROM site_traffic WHERE variant = 'country'").fetchall() == [(9,)]


def test_a_blank_line_inside_a_table_does_not_end_it(workspace: Workspace, tmp_path: Path) -> None:
    text = OVERVIEW.split("Event name")[0] + "Country,Active users\nFrance,9\n\nPeru,2\n"
    assert [file.rows.read for file in load(workspace, written(tmp_path / "data-export.csv", text))] == [3]
    assert workspace.conn.execute("SELECT sum(active_users) FROM site_traffic").fetchone() == (11,)


def test_revenue_of_nothing_needs_no_currency_and_some_does(workspace: Workspace, tmp_path: Path) -> None:
    text = OVERVIEW.split("Event name")[0] + "Country,Active users,Total revenue\nFrance,9,{}\n"
    (none,) = load(workspace, written(tmp_path / "a.csv", text.format("0")))
    (some,) = load(workspace, written(tmp_path / "b.csv", text.format("12.5")))
    assert (none.status, some.status) == ("loaded", "refused")
    assert [finding.code for finding in some.findings] == ["importing.ask_currency"]
    assert workspace.conn.execute("SELECT active_users, revenue_minor FROM site_traffic").fetchall() == [(9, None)]


def test_round_thousands_are_no_decimals_beside_a_decimal_comma(workspace: Workspace, tmp_path: Path) -> None:
    text = "Kampagnenbericht\n1. September 2026 - 30. September 2026\nKampagne;Kosten;Impr.;Klicks\nMarke;1.034,50;20.000;1.000\n"
    load(workspace, written(tmp_path / "k.csv", text), currency="EUR")
    assert workspace.conn.execute("SELECT cost_minor, impressions, clicks FROM ad_performance").fetchall() == [(103_450, 20_000, 1_000)]


def test_a_plan_report_and_a_goods_report_of_the_same_days_are_not_added_up(workspace: Workspace, tmp_path: Path) -> None:
    plans = "日期,计划ID,计划名字,展现量,点击量,花费,总成交金额,投入产出比\n2026-09-06,1,上新,100,10,8.00,20.00,2.5\n"
    goods = "日期,计划ID,计划名字,主体ID,主体类型,主体名称,展现量,点击量,花费,总成交金额,投入产出比\n" \
        "2026-09-06,1,上新,700000000000000001,商品,灯,60,6,5.00,12.00,2.4\n2026-09-06,1,上新,700000000000000002,商品,杯,40,4,3.00,8.00,2.7\n"
    for name, text in (("计划报表_20260907_090000", plans), ("商品报表_20260907_090100", goods)):
        with zipfile.ZipFile(tmp_path / f"{name}.zip", "w") as archive:
            archive.writestr(f"{name}.csv", text.encode("gb18030"))
        assert [file.status for file in load(workspace, tmp_path / f"{name}.zip")] == ["loaded"]
    live = actions.values(workspace, _asked("ad_cost"))
    assert [value.value for value in live] == [800]


def test_pages_without_dates_take_the_days_of_the_visitors_file_beside_them(workspace: Workspace, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "Plausible export.zip", "w") as archive:
        archive.writestr("visitors.csv", "date,visitors,pageviews,visits,views_per_visit,bounce_rate,visit_duration\n"
                                         "2026-09-07,8,20,10,2.0,50,73\n2026-09-08,4,8,5,1.6,40,60\n")
        archive.writestr("pages.csv", "name,visitors,pageviews,bounce_rate,time_on_page,scroll_depth\n/a,9,20,40,30,50\n")
    load(workspace, tmp_path / "Plausible export.zip")
    pages = workspace.conn.execute("SELECT day, last_day FROM site_traffic WHERE variant = 'page'").fetchall()
    assert [(iso(first), iso(last)) for first, last in pages] == [("2026-09-07", "2026-09-08")]


def test_the_window_of_a_compared_period_is_found_beside_it(workspace: Workspace, tmp_path: Path) -> None:
    folder = tmp_path / "export"
    folder.mkdir()
    columns = ",".join(f"{when} {what}" for what in ("Clicks", "Impressions", "CTR", "Position") for when in ("Last 7 days", "Previous 7 days"))
    written(folder / "Queries.csv", f"Top queries,{columns}\nmug,5,3,50,40,10%,7.5%,4,6\n")
    written(folder / "Chart.csv", "Date,Clicks,Impressions,CTR,Position\n2026-09-13,5,50,10%,4\n")
    written(folder / "Filters.csv", "Filter,Value\nSearch type,Web\nDate,Compare Last 7 days to Previous 7 days\n")
    load(workspace, folder)
    rows = workspace.conn.execute("SELECT day, last_day, clicks, position_weighted FROM search_performance WHERE variant = 'query'").fetchall()
    assert [(iso(first), iso(last), clicks, place) for first, last, clicks, place in rows] == [("2026-09-07", "2026-09-13", 5, 200.0)]


def test_a_later_export_of_posts_replaces_what_the_same_days_had_gathered_before(workspace: Workspace, tmp_path: Path) -> None:
    head = "Post ID,Account username,Publish time,Date,Views,Reach,Likes,Shares,Follows,Comments,Saves\n"
    for name, views in (("a", 100), ("b", 160)):
        load(workspace, written(tmp_path / f"{name}.csv", f'{head}1,tea,09/15/2026 18:00,Lifetime,"{views}",90,5,1,0,1,0\n'))
    assert workspace.conn.execute("SELECT posts, impressions FROM social_performance").fetchall() == [(1, 160)]


def test_a_comparison_of_two_ranges_of_dates_says_how_to_export_it_instead(workspace: Workspace, tmp_path: Path) -> None:
    columns = ",".join(f"{when} {what}" for what in ("Clicks", "Impressions", "CTR", "Position") for when in ("9/1/26 - 9/30/26", "8/1/26 - 8/31/26"))
    (file,) = load(workspace, written(tmp_path / "Pages.csv", f"Top pages,{columns}\n/,7,9,100,140,7%,6.4%,3.5,3.1\n"), period="2026-09-01..2026-09-30")
    assert file.status == "refused"
    assert "Compare" in " ".join(str(value) for finding in file.findings for value in finding.details.values())


@pytest.mark.parametrize("account", ["30.00", "45.00", "29.00"])
def test_totals_of_the_list_and_of_the_account_are_not_added_up(workspace: Workspace, tmp_path: Path, account: str) -> None:
    lines = (
        "Campaign report", '"September 1, 2026 - September 30, 2026"', "Campaign status,Campaign,Currency code,Cost,Impr.,Clicks",
        "Enabled,Lamps,EUR,10.00,100,5", "Paused,Shades,EUR,20.00,200,7", "Total: Campaigns,--,EUR,30.00,300,12",
        f"Total: Account,--,EUR,{account},300,12", f"Total: Search,--,EUR,{account},300,12",
    )
    report, = load(workspace, written(tmp_path / "report.csv", "\n".join(lines)))
    assert (report.rows.new, report.dropped) == (2, {"total": 3})
    assert "importing.total_differs" not in {finding.code for finding in report.findings}


def test_totals_none_of_which_is_reached_are_told_once_with_the_nearest(workspace: Workspace, tmp_path: Path) -> None:
    lines = (
        "Campaign report", '"September 1, 2026 - September 30, 2026"', "Campaign,Currency code,Cost,Clicks,Impr.",
        "Lamps,EUR,10.00,5,50", "Total: Campaigns,EUR,31.00,5,50", "Total: Account,EUR,45.00,5,50",
    )
    report, = load(workspace, written(tmp_path / "report.csv", "\n".join(lines)))
    told = [dict(finding.details) for finding in report.findings if finding.code == "importing.total_differs"]
    assert [(one["stated"], one["found"]) for one in told] == [("31.00", "10.00")]


@pytest.mark.parametrize("names", [("Autumn", "Autumn"), ("", "")])
def test_a_formatted_table_of_meta_is_refused_whether_it_repeats_the_names_or_not(
    workspace: Workspace, tmp_path: Path, names: tuple[str, str],
) -> None:
    lines = (
        "Campaign name,Day,Amount spent (EUR),Impressions,Reporting starts,Reporting ends", "Autumn,All,30.00,300,2026-09-01,2026-09-02",
        f"{names[0]},2026-09-01,10.00,100,2026-09-01,2026-09-01", f"{names[1]},2026-09-02,20.00,200,2026-09-02,2026-09-02",
    )
    report, = load(workspace, written(tmp_path / "report.csv", "\n".join(lines)))
    assert (report.status, [finding.code for finding in report.findings]) == ("refused", ["importing.forbidden"])
