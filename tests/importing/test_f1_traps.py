"""Traps of Shopify, WooCommerce and Amazon exports, and the words of the format language that they need."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from ecoperf_desktop import actions
from ecoperf_desktop.actions import ImportChoices
from ecoperf_desktop.importing import convert
from ecoperf_desktop.importing.text import Cells
from ecoperf_desktop.model.importing import ImportReport
from ecoperf_desktop.store.database import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with actions.workspace(tmp_path / "w.ecoperf", write=True) as opened:
        yield opened


def load(opened: Workspace, *paths: Path, **settings: str) -> ImportReport:
    return actions.apply_import(actions.plan_import(paths, ImportChoices(settings=tuple(settings.items())), opened), opened)


def written(folder: Path, name: str, text: str, encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize(("text", "utc"), [
    ("Jun 8, 2025 10:23:05 PM PDT", "2025-06-09T05:23:05"),
    ("Jan 8, 2025 10:23:05 PM PST", "2025-01-09T06:23:05"),
    ("Jan 8, 2025 10:23:05 AM GMT+9", "2025-01-08T01:23:05"),
    ("Jan 8, 2025 10:23:05 AM GMT+00:00", "2025-01-08T10:23:05"),
    ("Jan 8, 2025 10:23:05 AM GMT+05:30", "2025-01-08T04:53:05"),
    ("Jul 8, 2025 10:23:05 AM MESZ", "2025-07-08T08:23:05"),
    ("Jan 8, 2025 10:23:05 AM JST", "2025-01-08T01:23:05"),
])
def test_abbreviated_zones_that_mean_one_offset_are_read(text: str, utc: str) -> None:
    import numpy as np

    ts, _, bad = convert.moment(Cells.of([text]), "Europe/Berlin", formats=["MMM D, YYYY h:mm:ss A Z"])
    assert not bad.any()
    assert str(np.datetime64(int(ts.values[0]), "s")) == utc


@pytest.mark.parametrize("zone", ["EST", "CST", "IST", "XYZ"])
def test_abbreviated_zones_of_several_meanings_are_not_guessed(zone: str) -> None:
    _, _, bad = convert.moment(Cells.of([f"Jan 8, 2025 10:23:05 AM {zone}"]), "Europe/Berlin", formats=["MMM D, YYYY h:mm:ss A Z"])
    assert bad.all()


def stored(opened: Workspace, query: str) -> list[tuple[object, ...]]:
    return [tuple(row) for row in opened.conn.execute(query).fetchall()]


def expenses(opened: Workspace) -> dict[str, int]:
    return dict(opened.conn.execute("SELECT class, SUM(amount_minor) FROM expenses GROUP BY class"))


DATE_RANGE = """"Includes Amazon Marketplace transactions"
"All amounts in USD, unless specified"
"date/time","settlement id","type","order id","sku","description","quantity","marketplace","product sales","product sales tax",\
"promotional rebates","marketplace withheld tax","selling fees","fba fees","other transaction fees","other","total"
"Jun 8, 2026 10:23:05 PM PDT","111","Order","111-1","MUG","Mug","1","amazon.com","20.00","1.65","0","-1.65","-3.00","-4.10","0","0","12.90"
"Jun 8, 2026 10:23:05 PM PDT","111","Order","111-1","MUG","Mug","1","amazon.com","20.00","1.65","0","-1.65","-3.00","-4.10","0","0","12.90"
"Jun 9, 2026 8:00:00 AM PDT","111","Refund","111-1","MUG","Mug","1","amazon.com","-20.00","-1.65","0","1.65","2.70","0","0","0","-17.30"
"Jun 9, 2026 9:00:00 AM PDT","111","Service Fee","","","Cost of Advertising","","amazon.com","0","0","0","0","0","0","-12.50","0","-12.50"
"""
_PARTS = (
    ("Order", "111-1", "ItemPrice", "Principal", "40.00", "2026-06-09 05:23:05 UTC", "MUG"),
    ("Order", "111-1", "ItemFees", "Commission", "-6.00", "2026-06-09 05:23:05 UTC", "MUG"),
    ("Order", "111-1", "ItemFees", "FBAPerUnitFulfillmentFee", "-4.10", "2026-06-09 05:23:05 UTC", "MUG"),
    ("Order", "111-1", "ItemFees", "FBAPerUnitFulfillmentFee", "-4.10", "2026-06-09 05:23:05 UTC", "MUG"),
    ("Refund", "111-1", "ItemPrice", "Principal", "-20.00", "2026-06-09 15:00:00 UTC", "MUG"),
    ("Refund", "111-1", "ItemFees", "Commission", "3.00", "2026-06-09 15:00:00 UTC", "MUG"),
    ("Refund", "111-1", "ItemFees", "RefundCommission", "-0.30", "2026-06-09 15:00:00 UTC", "MUG"),
    ("ServiceFee", "", "Cost of Advertising", "TransactionTotalAmount", "-12.50", "2026-06-09 16:00:00 UTC", ""),
)
SETTLEMENT = "\n".join((
    "settlement-id\tdeposit-date\ttotal-amount\tcurrency\ttransaction-type\torder-id\tmarketplace-name\tamount-type\tamount-description\t"
    "amount\tposted-date\tposted-date-time\tsku",
    "111\t2026-06-16 00:00:00 UTC\t-4.00\tUSD" + "\t" * 9,
    *(f"111\t\t\t\t{kind}\t{order}\tAmazon.com\t{part}\t{words}\t{amount}\t{at[:10]}\t{at}\t{sku}"
      for kind, order, part, words, amount, at, sku in _PARTS),
    "",
))


@pytest.mark.parametrize("order", [("range", "settlement"), ("settlement", "range"), ("range", "range"), ("settlement", "settlement")])
def test_what_amazon_says_in_two_reports_is_counted_once(workspace: Workspace, tmp_path: Path, order: Sequence[str]) -> None:
    files = {
        "range": written(tmp_path, "2026JunTransaction.csv", DATE_RANGE),
        "settlement": written(tmp_path, "settlement.txt", SETTLEMENT),
    }
    for name in order:
        assert load(workspace, files[name], tz="America/Los_Angeles").files[0].status in ("loaded", "unchanged")
    assert expenses(workspace) == {"platform": 330, "fulfilment": 820, "marketing": 1250}
    assert stored(workspace, "SELECT goods_minor, refund_day - (SELECT MIN(day) FROM expenses) FROM refunds") == [(2000, 1)]


def test_the_currency_above_the_header_is_the_files(workspace: Workspace, tmp_path: Path) -> None:
    report = load(workspace, written(tmp_path, "a.csv", DATE_RANGE.replace("USD", "CAD").replace("amazon.com", "amazon.ca")), tz="America/Toronto")
    assert report.files[0].status == "loaded"
    assert stored(workspace, "SELECT currency FROM source") == [("CAD",)]


SHOPIFY_ORDERS = """Name,Email,Financial Status,Paid at,Currency,Subtotal,Shipping,Taxes,Total,Discount Amount,Created at,Lineitem quantity,\
Lineitem name,Lineitem price,Lineitem sku,Refunded Amount
#1001,a@example.com,partially_refunded,2026-03-02 10:00:00 +0100,EUR,50.00,0.00,0.00,50.00,0.00,2026-03-02 09:59:00 +0100,5,Mug,10.00,MUG,20.00
"""
SHOPIFY_MONEY = """Transaction Date,Type,Order,Card Brand,Card Source,Payout Status,Payout Date,Payout ID,Available On,Amount,Fee,Net,Checkout,Currency
2026-03-02 10:00:00 +0100,charge,#1001,visa,online,{status},2026-03-05,9001,2026-03-05,50.00,1.25,48.75,#700,EUR
2026-03-09 10:00:00 +0100,refund,#1001,visa,online,{status},2026-03-12,9002,2026-03-12,-10.00,0.00,-10.00,#700,EUR
2026-03-09 10:00:00 +0100,refund,#1001,visa,online,{status},2026-03-12,9002,2026-03-12,-10.00,0.00,-10.00,#700,EUR
"""


@pytest.mark.parametrize("order", [("orders", "money", "later"), ("money", "orders", "later"), ("later", "money", "orders")])
def test_shopifys_dated_refunds_take_the_place_of_the_orders_undated_ones(
    workspace: Workspace, tmp_path: Path, order: Sequence[str]
) -> None:
    files = {
        "orders": written(tmp_path, "orders_export.csv", SHOPIFY_ORDERS),
        "money": written(tmp_path, "payment_transactions_export_1.csv", SHOPIFY_MONEY.format(status="pending")),
        "later": written(tmp_path, "payment_transactions_export_2.csv", SHOPIFY_MONEY.format(status="paid")),
    }
    for name in order:
        assert load(workspace, files[name], tz="Europe/Paris").files[0].status in ("loaded", "unchanged")
    counted = "SELECT goods_minor, refund_day - (SELECT placed_day FROM orders) FROM refunds WHERE COALESCE(is_replaced, 0) = 0"
    assert stored(workspace, counted) == [(1000, 7), (1000, 7)]
    assert expenses(workspace) == {"payment": 125}


ORDERS = """amazon-order-id\tmerchant-order-id\tpurchase-date\torder-status\tsales-channel\tproduct-name\tsku\tasin\titem-status\tquantity\t\
currency\titem-price\titem-tax
111-1\t\t2026-03-02T20:00:00+00:00\t{status}\tAmazon.com\t5" plate\tPLATE\tB1\t{status}\t{qty}\t{currency}\t{price}\t{tax}
111-2\t\t2026-03-02T20:00:00+00:00\tShipped\tAmazon.com\tMug, "large\tMUG\tB2\tShipped\t2\tUSD\t20.00\t1.65
"""


def test_a_pending_amazon_order_gets_its_price_from_a_later_file(workspace: Workspace, tmp_path: Path) -> None:
    first = written(tmp_path, "orders1.txt", ORDERS.format(status="Pending", qty=1, currency="", price="", tax=""))
    second = written(tmp_path, "orders2.txt", ORDERS.format(status="Shipped", qty=1, currency="USD", price="9.00", tax="0.74"))
    load(workspace, first, tz="America/New_York")
    assert stored(workspace, "SELECT COUNT(*), SUM(sale_day IS NOT NULL) FROM orders") == [(2, 1)]
    load(workspace, second, tz="America/New_York")
    assert stored(workspace, "SELECT COUNT(*), SUM(sale_day IS NOT NULL) FROM orders") == [(2, 2)]
    assert stored(workspace, "SELECT SUM(gross_minor), SUM(qty), COUNT(*) FROM order_lines") == [(2900, 3, 2)]


def test_a_cancelled_amazon_order_is_no_sale_and_loses_its_lines_nowhere(workspace: Workspace, tmp_path: Path) -> None:
    cancelled = written(tmp_path, "orders.txt", ORDERS.format(status="Cancelled", qty=0, currency="", price="", tax=""))
    report = load(workspace, cancelled, tz="America/New_York")
    assert report.files[0].rows.rejected == 0
    assert stored(workspace, "SELECT status, sale_day IS NULL FROM orders ORDER BY order_no") == [("void", 1), ("sent", 0)]
