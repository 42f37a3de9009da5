"""Traps of marketplaces' files: packed cells, rows that go on, dates that only other dates explain, workbooks with a wrong size."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ecoperf_desktop import actions
from ecoperf_desktop.actions import ImportChoices
from ecoperf_desktop.model.days import Period, iso, parse_day
from ecoperf_desktop.model.importing import ImportReport
from ecoperf_desktop.model.value import Number, Question
from ecoperf_desktop.store.database import Workspace

SHARED = Path(__file__).resolve().parents[2].parent / "shared"


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with actions.workspace(tmp_path / "w.ecoperf", write=True) as opened:
        yield opened


def load(opened: Workspace, *paths: Path, **settings: str) -> ImportReport:
    return actions.apply_import(actions.plan_import(paths, ImportChoices(settings=tuple(settings.items())), opened), opened)


def numbers(opened: Workspace, first: str, last: str, *metrics: str) -> tuple[Number | None, ...]:
    asked = Question(metrics, Period(parse_day(first), parse_day(last)))
    return tuple(value.value for value in actions.values(opened, asked))


# ---- dates of one file

TIKTOK = """Order ID,Order Status,Order Substatus,SKU ID,Seller SKU,Product Name,Quantity,SKU Subtotal Before Discount,SKU Seller Discount,\
Created Time,Paid Time,Cancelled Time
Platform unique order ID.,,,,,,,,,,,
5764000000001\t,Completed,Completed,17290001,MUG,Mug,1,10.00,0.00,{created},{paid},
5764000000002\t,Completed,Completed,17290001,MUG,Mug,1,10.00,0.00,05/09/2026 10:00:00,05/09/2026 10:01:00,06/09/2026 08:00:00
"""


@pytest.mark.parametrize(("created", "day"), [("14/09/2026 09:00:00", "2026-09-05"), ("09/14/2026 09:00:00", "2026-05-09")])
def test_a_column_of_dates_that_are_all_ambiguous_is_read_like_the_files_other_dates(
    workspace: Workspace, tmp_path: Path, created: str, day: str
) -> None:
    file = tmp_path / "All order.csv"
    file.write_text(TIKTOK.format(created=created, paid=created), encoding="utf-8")
    assert load(workspace, file, currency="GBP", tz="UTC").files[0].status == "loaded"
    cancelled, paid = workspace.conn.execute("SELECT cancel_day, paid_day FROM orders WHERE order_no = '5764000000002'").fetchone()
    assert (iso(paid), iso(cancelled)[:4]) == (day, "2026")


def test_dates_that_nothing_in_the_file_explains_are_asked_about(workspace: Workspace, tmp_path: Path) -> None:
    file = tmp_path / "All order.csv"
    file.write_text(TIKTOK.format(created="04/09/2026 09:00:00", paid="04/09/2026 09:00:00"), encoding="utf-8")
    report = load(workspace, file, currency="GBP", tz="UTC").files[0]
    assert report.status == "refused"
    assert report.findings[0].code == "reading.date_order_undecided"
    assert load(workspace, file, currency="GBP", tz="UTC", dates="day_first").files[0].status == "loaded"


def test_two_columns_of_one_file_in_different_orders_stay_apart(workspace: Workspace, tmp_path: Path) -> None:
    file = tmp_path / "All order.csv"
    file.write_text(TIKTOK.format(created="14/09/2026 09:00:00", paid="09/14/2026 09:00:00"), encoding="utf-8")
    # the third column has nobody to follow
    assert load(workspace, file, currency="GBP", tz="UTC").files[0].findings[0].code == "reading.date_order_undecided"


# ---- one order in two files


ETSY_ITEMS = """Sale Date,Item Name,Buyer,Quantity,Price,Discount Amount,Order Shipping,Order Sales Tax,Item Total,Currency,Transaction ID,Listing ID,Date Paid,Order ID
09/14/26,Otter,Lou (loulou),2,3.50,0,2.90,0,7.00,EUR,111,901,09/14/26,5001
09/14/26,Owl,Lou (loulou),1,2.00,0,0,0,2.00,EUR,112,902,09/14/26,5001
"""
ETSY_ORDERS = """Sale Date,Order ID,Buyer User ID,Number of Items,Currency,Order Value,Discount Amount,Shipping,Sales Tax,Order Total,Status,Card Processing Fees,Order Net,Adjusted Order Total
09/14/26,5001,loulou,3,EUR,9.00,0,2.90,0,11.90,Paid,0.90,11.00,0.00
09/20/26,5002,LOULOU,1,EUR,12.00,0,4.50,0,16.50,Paid,0.80,15.70,10.50
"""


@pytest.mark.parametrize("first", ["items", "orders"])
def test_etsys_two_files_of_one_month_double_nothing_and_know_one_buyer(workspace: Workspace, tmp_path: Path, first: str) -> None:
    files = {"items": tmp_path / "EtsySoldOrderItems2026-9.csv", "orders": tmp_path / "EtsySoldOrders2026-9.csv"}
    files["items"].write_text(ETSY_ITEMS, encoding="utf-8-sig")
    files["orders"].write_text(ETSY_ORDERS, encoding="utf-8-sig")
    for name in sorted(files, key=lambda name: name != first):
        assert load(workspace, files[name]).files[0].status == "loaded"
    assert numbers(workspace, "2026-09-01", "2026-09-30", "gross_sales", "orders", "buyers", "returns_amount") == (2_100, 2, 1, 600)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the sample exports are not beside the repository")
def test_the_etsy_excerpts_are_read_or_refused_with_words(workspace: Workspace) -> None:
    fixtures = SHARED / "data" / "platform_fixtures"
    orders = load(workspace, fixtures / "etsy_sold_orders.csv").files[0]
    assert orders.status == "loaded"
    assert numbers(workspace, "2024-03-01", "2024-03-31", "gross_sales", "orders") == (2_100, 2)  # the third row repeats an order
    # a comma and a point as the decimal mark of one column cannot both be right
    items = load(workspace, fixtures / "etsy_sold_order_items.csv").files[0]
    assert (items.status, items.findings[0].code) == ("refused", "reading.decimal_undecided")


def test_squares_transactions_and_items_count_a_sale_and_its_refund_once(workspace: Workspace, tmp_path: Path) -> None:
    items, transactions = tmp_path / "items.csv", tmp_path / "transactions.csv"
    items.write_text(
        "Date,Time,Item,Qty,Price Point Name,SKU,Gross Sales,Discounts,Net Sales,Tax,Transaction ID,Payment ID,Event Type\n"
        "2026-09-20,09:00:00,Coffee,2,Large,C,$12.00,-$1.00,$11.00,$0.88,T1,P1,Payment\n"
        "2026-09-22,09:00:00,Coffee,-1,Large,C,-$6.00,$0.50,-$5.50,-$0.44,T2,P2,Refund\n", encoding="utf-8")
    transactions.write_text(
        "Date,Time,Gross Sales,Discounts,Net Sales,Tax,Card Entry Methods,Fees,Net Total,Transaction ID,Payment ID,Event Type\n"
        "2026-09-20,09:00:00,$12.00,-$1.00,$11.00,$0.88,Chip,-$0.40,$11.48,T1,P1,Payment\n"
        "2026-09-22,09:00:00,-$6.00,$0.50,-$5.50,-$0.44,N/A,$0.00,-$5.94,T2,P2,Refund\n", encoding="utf-8")
    for file in (transactions, items):
        assert load(workspace, file, currency="USD").files[0].status == "loaded"
    assert numbers(workspace, "2026-09-20", "2026-09-26", "gross_sales", "orders", "returns_amount") == (1_200, 1, 550)


# ---- workbooks


def test_a_workbook_that_states_a_size_of_one_cell_is_read_to_its_end(workspace: Workspace, tmp_path: Path) -> None:
    import xlsxwriter

    honest, file = tmp_path / "honest.xlsx", tmp_path / "All order-2026-09-30.xlsx"
    rows = [line.split(",") for line in TIKTOK.format(created="14/09/2026 09:00:00", paid="14/09/2026 09:01:00").splitlines()]
    with xlsxwriter.Workbook(honest) as workbook:
        sheet = workbook.add_worksheet("OrderSKUList")
        for place, row in enumerate(rows):
            sheet.write_row(place, 0, row)
    with zipfile.ZipFile(honest) as whole, zipfile.ZipFile(file, "w") as changed:
        for name in whole.namelist():
            content = whole.read(name)
            if name.endswith("sheet1.xml"):
                before, _, rest = content.partition(b"<dimension ")
                content = before + b'<dimension ref="A1:A1"/>' + rest.partition(b"/>")[2]
            changed.writestr(name, content)
    report = load(workspace, file, currency="GBP", tz="UTC").files[0]
    assert (report.status, report.rows.read, report.dropped) == ("loaded", 3, {"description": 1})


# ---- one row a unit, one cell with many lines, invoices that add up


LAZADA = """orderItemId,lazadaId,sellerSku,createTime,orderNumber,unitPrice,sellerDiscountTotal,shippingFee,itemName,trackingCode,status
{first},LZ1,CUP,16 Nov 2026 09:21,800000000000001,100.00,-5.00,20.00,Cup,LEX1,{status}
900000000000002,LZ1,CUP,16 Nov 2026 09:21,800000000000001,100.00,-5.00,20.00,Cup,LEX1,delivered
"""


def test_two_units_of_lazada_are_two_and_loading_them_again_adds_none(workspace: Workspace, tmp_path: Path) -> None:
    for number, status in enumerate(("shipped", "delivered")):
        file = tmp_path / f"orders{number}.csv"
        file.write_text(LAZADA.format(first="900000000000001", status=status), encoding="utf-8")
        assert load(workspace, file, currency="PHP", tz="Asia/Manila").files[0].status == "loaded"
    assert numbers(workspace, "2026-11-16", "2026-11-22", "gross_sales", "orders", "units_sold") == (20_000, 1, 2)


def test_a_unit_number_that_a_spreadsheet_damaged_refuses_the_file(workspace: Workspace, tmp_path: Path) -> None:
    file = tmp_path / "orders.csv"
    file.write_text(LAZADA.format(first="9E+14", status="shipped").replace("900000000000002", "9.00000E+14"), encoding="utf-8")
    report = load(workspace, file, currency="PHP", tz="Asia/Manila").files[0]
    assert (report.status, report.findings[0].code) == ("refused", "importing.damaged_ids")


def test_a_parcel_that_is_billed_again_costs_both_and_a_second_download_adds_nothing(workspace: Workspace, tmp_path: Path) -> None:
    head = "Invoice Date,Invoice Number,Express or Ground Tracking ID,Net Charge Amount,Shipment Date,Tracking ID Charge Description,Tracking ID Charge Amount,\
Tracking ID Charge Description,Tracking ID Charge Amount\n"
    invoice, later = tmp_path / "a.csv", tmp_path / "b.csv"
    invoice.write_text(head + "20260907,1,77,12.10,20260901,Fuel,1.10,Discount,-3.00\n20260907,1,77,2.00,20260901,Address,2.00,,\n", encoding="utf-8")
    later.write_text(head + "20260914,2,77,0.50,20260901,Weight,0.50,,\n", encoding="utf-8")
    for file in (invoice, invoice, later):
        load(workspace, file, currency="USD")
    assert workspace.conn.execute("SELECT sum(amount_minor), count(*) FROM expenses").fetchone() == (1_460, 2)


def test_an_order_without_the_column_that_says_it_was_paid_is_a_near_miss_and_no_silent_zero(workspace: Workspace, tmp_path: Path) -> None:
    file = tmp_path / "orders.csv"
    file.write_text(TIKTOK.format(created="14/09/2026 09:00:00", paid="").replace("Paid Time", "Time of payment"), encoding="utf-8")
    report = load(workspace, file, currency="GBP", tz="UTC").files[0]
    assert (report.status, report.findings[0].code) == ("refused", "importing.near_miss")
    assert "Paid Time" in str(report.findings[0].details)


# ---- surveys


def test_a_survey_that_asks_several_things_gives_each_its_own_row(workspace: Workspace, tmp_path: Path) -> None:
    file = tmp_path / "Survey.csv"
    file.write_text(
        'Respondent ID,Collector ID,End Date,"How likely are you to\nrecommend us?","Overall, how satisfied are you?",How easy was it to order?\n'
        ",,,Response,Response,Response\n"
        "118000000001,400,2026-09-14 10:05:00,9,Very satisfied,6\n"
        "118000000002,400,2026-09-14 11:05:00,0 - Not at all likely,,\n", encoding="utf-8")
    assert load(workspace, file).files[0].dropped == {"description": 1}
    assert load(workspace, file).files[0].rows.new == 0
    told = workspace.conn.execute("SELECT kind, score, scale_max FROM surveys ORDER BY kind, score").fetchall()
    assert told == [("CES", 6, 7), ("CSAT", 5, 5), ("NPS", 0, 10), ("NPS", 9, 10)]


def test_satisfaction_above_the_scale_is_asked_about_and_never_taken_for_full_marks(workspace: Workspace, tmp_path: Path) -> None:
    file = tmp_path / "responses.csv"
    file.write_text("#,How satisfied are you?,Submit Date (UTC),Network ID\na,9,2026-09-14 10:05:00,n\nb,4,2026-09-14 10:06:00,n\n", encoding="utf-8")
    report = load(workspace, file).files[0]
    assert report.status == "refused" and "csat_scale" in str(report.findings[0].details)
    assert load(workspace, file, csat_scale="10").files[0].status == "loaded"
    assert workspace.conn.execute("SELECT max(scale_max) FROM surveys").fetchone() == (10,)
