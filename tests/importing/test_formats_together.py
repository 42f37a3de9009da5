"""Files of one shop that speak about the same things, whichever comes first."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from ecoperf_desktop import actions
from ecoperf_desktop.actions import ImportChoices
from ecoperf_desktop.model.days import Period, parse_day
from ecoperf_desktop.model.importing import ImportReport
from ecoperf_desktop.model.value import Number, Question
from ecoperf_desktop.store.database import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with actions.workspace(tmp_path / "w.ecoperf", write=True) as opened:
        yield opened


def load(opened: Workspace, *paths: Path, **settings: str) -> ImportReport:
    return actions.apply_import(actions.plan_import(paths, ImportChoices(settings=tuple(settings.items())), opened), opened)


def numbers(opened: Workspace, *metrics: str) -> tuple[Number | None, ...]:
    asked = Question(metrics, Period(parse_day("2026-03-01"), parse_day("2026-03-07")))
    return tuple(value.value for value in actions.values(opened, asked))


ORDERS = """订单编号,买家会员名,买家应付货款,买家应付邮费,总金额,买家实际支付金额,订单状态,订单创建时间,订单付款时间 ,宝贝总数量,店铺名称
="9001",甲,150.00,5.00,180.00,155.00,交易成功,2026-03-02 09:00:00,2026-03-02 09:01:00,3,店
="9002",乙,20.00,0.00,20.00,20.00,交易成功,2026-03-02 10:00:00,2026-03-02 10:01:00,1,店
="9003",乙,20.00,0.00,20.00,0.00,等待买家付款,2026-03-02 11:00:00,,1,店
"""
LINES = """子订单编号,主订单编号,商品标题,商品价格,购买数量,商品属性,商家编码,买家应付货款,订单状态,退款状态,退款金额,订单创建时间,订单付款时间
90011,9001,台灯,60.00,2,,TD,100.00,交易成功,没有申请退款,无退款申请,2026-03-02 09:00:00,2026-03-02 09:01:00
90012,9001,灯泡,60.00,1,,DP,50.00,交易成功,退款成功,50.00,2026-03-02 09:00:00,2026-03-02 09:01:00
9002,9002,帽子,20.00,1,,MZ,20.00,交易成功,没有申请退款,无退款申请,2026-03-02 10:00:00,2026-03-02 10:01:00
9003,9003,帽子,20.00,1,,MZ,20.00,等待买家付款,没有申请退款,无退款申请,2026-03-02 11:00:00,
"""


@pytest.fixture
def qianniu(tmp_path: Path) -> dict[str, Path]:
    files = {"orders": tmp_path / "ExportOrderList.csv", "lines": tmp_path / "ExportOrderDetailList.csv"}
    files["orders"].write_bytes(ORDERS.encode("gb18030"))
    files["lines"].write_bytes(LINES.encode("gb18030"))
    return files


def test_the_order_report_alone_gives_sales_by_whole_orders(workspace: Workspace, qianniu: dict[str, Path]) -> None:
    load(workspace, qianniu["orders"])
    assert numbers(workspace, "gross_sales", "orders", "buyers", "returns_amount") == (20_000, 2, 2, None)


@pytest.mark.parametrize("order", list(itertools.permutations(("orders", "lines"))), ids=" then ".join)
def test_orders_and_their_lines_double_nothing_in_either_order(
    workspace: Workspace, qianniu: dict[str, Path], order: tuple[str, ...]
) -> None:
    for name in order:
        assert load(workspace, qianniu[name]).files[0].status == "loaded"
    assert numbers(workspace, "gross_sales", "orders", "buyers", "returns_amount") == (20_000, 2, 2, 5_000)
    sold = dict(workspace.conn.execute(
        "SELECT sku, qty FROM order_lines JOIN product USING(product_id) WHERE is_replaced IS NULL ORDER BY sku"))
    assert sold == {"TD": 2, "DP": 1, "MZ": 1}


@pytest.mark.parametrize("taken_back", ["orders", "lines"])
def test_taking_one_of_the_two_back_leaves_what_the_other_says(
    workspace: Workspace, qianniu: dict[str, Path], taken_back: str
) -> None:
    first = load(workspace, qianniu["orders"]).files[0].import_id
    second = load(workspace, qianniu["lines"]).files[0].import_id
    gone = first if taken_back == "orders" else second
    assert gone is not None
    actions.undo(workspace, [gone])
    assert numbers(workspace, "gross_sales", "orders") == (20_000, 2)


SHOPIFY = """Name,Email,Financial Status,Paid at,Currency,Subtotal,Shipping,Taxes,Total,Discount Amount,Created at,Lineitem quantity,Lineitem name,\
Lineitem price,Lineitem sku,Refunded Amount
#1,a@example.com,{status},2026-03-02 10:00:00 +0100,EUR,30.00,0.00,0.00,30.00,0.00,2026-03-02 10:00:00 +0100,3,Mug,10.00,MUG,{refunded}
"""


def test_a_refund_that_grew_since_the_last_export_replaces_the_smaller_one(workspace: Workspace, tmp_path: Path) -> None:
    for number, (status, refunded) in enumerate((("paid", "0.00"), ("partially_refunded", "10.00"), ("refunded", "30.00"))):
        file = tmp_path / f"orders_export_{number}.csv"
        file.write_text(SHOPIFY.format(status=status, refunded=refunded), encoding="utf-8")
        load(workspace, file)
    assert numbers(workspace, "gross_sales", "orders", "returns_amount") == (3_000, 1, 3_000)


def test_an_outage_that_still_runs_gets_its_end_from_a_later_export(workspace: Workspace, tmp_path: Path) -> None:
    head = "Event,Monitor,Monitor URL,Date-Time,Reason,Duration,Duration (in mins.)\n"
    up = 'Up,Shop,https://shop.example,2026-03-01 00:00:00,OK,"34 hrs, 0 mins",2040\n'
    for name, down in (("a", ",,"), ("b", ',"0 hrs, 20 mins",20')):
        file = tmp_path / f"{name}.csv"
        file.write_text(f"{head}Down,Shop,https://shop.example,2026-03-02 10:00:00,Timeout{down}\n{up}", encoding="utf-8")
        load(workspace, file, tz="UTC")
    assert workspace.conn.execute("SELECT count(*), sum(seconds) FROM incidents").fetchone() == (1, 1_200)


def test_a_monitor_without_an_outage_was_up(workspace: Workspace, tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    file.write_text(
        "Event,Monitor,Monitor URL,Date-Time,Reason,Duration,Duration (in mins.)\n"
        'Up,Shop,https://shop.example,2026-03-01 00:00:00,OK,"168 hrs, 0 mins",10080\n'
        "Started,Shop,https://shop.example,2026-03-07 23:00:00,Started,,\n", encoding="utf-8")
    assert load(workspace, file, tz="UTC").files[0].status in ("loaded", "unchanged")
    assert numbers(workspace, "incidents") == (0,)


def test_queries_of_a_period_are_told_apart_beside_a_table_of_days(workspace: Workspace, tmp_path: Path) -> None:
    folder = tmp_path / "export"
    folder.mkdir()
    (folder / "Chart.csv").write_text("Date,Clicks,Impressions,CTR,Position\n2026-03-06,1,10,10%,4\n2026-03-07,3,20,15%,5\n", encoding="utf-8")
    (folder / "Queries.csv").write_text("Top queries,Clicks,Impressions,CTR,Position\nmug,2,25,8%,4.5\ncup,1,3,33%,2\n", encoding="utf-8")
    (folder / "Filters.csv").write_text("Filter,Value\nSearch type,Web\nDate,Last 2 days\n", encoding="utf-8")
    load(workspace, folder)
    assert numbers(workspace, "seo_clicks") == (4,)
    period = Period(parse_day("2026-03-01"), parse_day("2026-03-07"))
    by_query = actions.values(workspace, Question(("seo_clicks",), period, per=("query",)))
    assert {value.per["query"]: value.value for value in by_query} == {"mug": 2, "cup": 1}


def test_a_chinese_text_whose_header_is_nearly_known_is_told_its_columns_and_not_its_encoding(
    workspace: Workspace, tmp_path: Path
) -> None:
    path = tmp_path / "结算.csv"
    path.write_bytes(
        "订单编号,费用名称,应结金额,账单生成时间,到账时间,商品编号,商品数量,订单完成时间\n"
        "300000000051,佣金,-1.00,2026-05-10 02:00:00,2026-05-10 09:00:00,1,1,2026-05-08 10:00:00\n".encode("gb18030")
    )
    report = load(workspace, path)
    assert [finding.code for finding in report.files[0].findings] == ["importing.near_miss"]
    assert "收支方向" in str(report.files[0].findings[0].details)
