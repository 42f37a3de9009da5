"""Files in several currencies, and files of exchange rates, from the path a person names to the numbers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from ecoperf_desktop import actions, cli
from ecoperf_desktop.importing.plan import ImportOptions, apply, plan
from ecoperf_desktop.model.days import Period, parse_day
from ecoperf_desktop.model.importing import ImportReport, no_progress
from ecoperf_desktop.model.value import Question
from ecoperf_desktop.reports.references import traded_text
from ecoperf_desktop.store import ledger
from ecoperf_desktop.store.database import Workspace

_HEADER = "Name,Email,Financial Status,Paid at,Currency,Subtotal,Shipping,Taxes,Total,Discount Amount,Created at,Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku\n"


def _order(name: str, currency: str, price: str, *, day: int = 4) -> str:
    when = f"2026-05-0{day} 10:00:00 +0000"
    first = f"{name},a@example.com,paid,{when},{currency},{price},0,0,{price},0,{when},1,Mug,{price},MUG\n"
    return first + f"{name},a@example.com,,,,,,,,,{when},1,Cap,{price},CAP\n"


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with Workspace.open(tmp_path / "w.ecoperf", write=True) as opened:
        opened.set_setting("reporting_currency", "CNY")
        yield opened


def _load(workspace: Workspace, path: Path, *, unseen: bool = False, **settings: str) -> ImportReport:
    options = ImportOptions(settings={"tz": "UTC", **settings})
    return apply(plan([path], options, workspace.answers, no_progress, unseen=unseen), workspace, no_progress)


def _gross(workspace: Workspace) -> dict[str, int]:
    query = (
        "SELECT o.order_no, sum(l.gross_minor) FROM orders o JOIN order_lines l ON l.line_id / 65536 = o.order_id "
        "WHERE o.sale_day IS NOT NULL GROUP BY 1"
    )
    return dict(workspace.conn.execute(query))


def _rates(folder: Path, text: str = "Day,Currency,Exchange rate\n2026-05-03,EUR,7.8\n2026-05-04,USD,7.1\n") -> Path:
    path = folder / "rates.csv"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("unseen", [False, True])
def test_a_file_in_two_currencies_becomes_an_import_of_each_and_every_row_is_in_one(
    workspace: Workspace, tmp_path: Path, unseen: bool
) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(_HEADER + _order("#1", "EUR", "10.00") + _order("#2", "USD", "20.00") + _order("#3", "EUR", "5.00"), encoding="utf-8")
    _load(workspace, _rates(tmp_path))
    report = _load(workspace, path, unseen=unseen)
    assert [(file.status, file.member, file.rows.new, file.rows.dropped) for file in report.files] == [
        ("loaded", "EUR", 4, 2), ("loaded", "USD", 2, 4),
    ]  # fmt: skip
    assert _gross(workspace) == {"#1": 15_600, "#2": 28_400, "#3": 7_800}
    assert [file.status for file in _load(workspace, path, unseen=unseen).files] == ["unchanged", "unchanged"]


def test_a_row_that_waits_is_said_in_the_result_and_counts_when_a_rates_file_comes(workspace: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(_HEADER + _order("#1", "EUR", "10.00"), encoding="utf-8")
    (file,) = _load(workspace, path).files
    rows = file.rows
    assert rows.read == rows.new + rows.changed + rows.unchanged + rows.dropped + rows.rejected
    (finding,) = [one for one in file.findings if one.code == "store.waits_for_rate"]
    assert finding.details == {"currency": "EUR", "days": "2026-05-04", "n": 3}
    assert _gross(workspace) == {}
    (rates,) = _load(workspace, _rates(tmp_path)).files
    assert rates.rows.new == 2
    assert _gross(workspace) == {"#1": 15_600}
    ledger.undo(workspace, [rates.import_id or 0])
    assert _gross(workspace) == {}


_BOOK = """
[format]
id = "corner.book"
version = 1
platform = "corner"
title = { en = "Corner shop book", zh = "街角小店 账本" }
verified = "fixtures"

[answers]
recognition_basis = "placed"

[[column]]
header = "Order"
field = "order_no"
type = "id"
required = true

[[column]]
header = "Sold"
field = "placed_day"
type = "date"
required = true

[[column]]
header = "Paid back"
field = "refund_day"
type = "date"

[[column]]
header = "Currency"
field = "currency"
type = "currency"

[[column]]
header = "Amount"
field = "gross"
type = "money"
required = true

[[emit]]
into = "orders"
fields = ["order_no", "placed_day", "currency"]

[[emit]]
into = "order_lines"
fields = ["order_no", "gross"]
set.qty = { const = 1 }

[[emit]]
into = "refunds"
fields = ["order_no", "refund_day"]
when = { present = "refund_day" }
set.goods = "gross"
"""


def test_a_full_refund_nets_to_nothing_in_the_engine_and_yen_have_no_minor_unit(workspace: Workspace, tmp_path: Path) -> None:
    """The worked example E14, through files."""
    book, mapping = tmp_path / "book.csv", tmp_path / "book.toml"
    mapping.write_text(_BOOK, encoding="utf-8")
    book.write_text(
        "Order,Sold,Paid back,Currency,Amount\n1,2026-05-04,2026-05-20,USD,100.00\n2,2026-06-01,,JPY,1000\n", encoding="utf-8"
    )
    _load(workspace, _rates(tmp_path, "Day,Currency,Exchange rate\n2026-05-04,USD,7.1234\n2026-05-20,USD,7.3\n2026-06-01,JPY,0.0478\n"))
    options = ImportOptions(mappings=(mapping,))
    report = apply(plan([book], options, workspace.answers, no_progress), workspace, no_progress)
    assert [(file.status, file.member) for file in report.files] == [("loaded", "JPY"), ("loaded", "USD")]

    def number(metric: str, first: str, last: str) -> object:
        question = Question((metric,), Period(parse_day(first), parse_day(last)))
        return actions.values(workspace, question)[0].value

    assert number("gross_sales", "2026-05-04", "2026-05-04") == 71_234
    assert number("returns_amount", "2026-05-20", "2026-05-20") == 71_234
    assert number("net_sales", "2026-05-01", "2026-05-31") == 0
    assert number("gross_sales", "2026-06-01", "2026-06-01") == 4_780


def test_the_banks_table_gives_rates_by_way_of_the_euro(workspace: Workspace, tmp_path: Path) -> None:
    bank = tmp_path / "eurofxref-hist.csv"
    bank.write_text("Date,USD,JPY,GBP,SEK,CHF,CNY,\n2026-05-04,1.25,160,0.84,10.9,0.94,8.0,\n", encoding="utf-8")
    assert [file.status for file in _load(workspace, bank).files] == ["loaded"]
    path = tmp_path / "orders.csv"
    path.write_text(_HEADER + _order("#1", "USD", "10.00") + _order("#2", "EUR", "1.00"), encoding="utf-8")
    _load(workspace, path)
    assert _gross(workspace) == {"#1": 12_800, "#2": 1_600}


def test_the_command_line_lists_sets_and_removes_rates(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, orders = tmp_path / "w.ecoperf", tmp_path / "orders.csv"
    orders.write_text(_HEADER + _order("#1", "EUR", "10.00"), encoding="utf-8")

    def run(*words: str) -> tuple[int, str]:
        code = cli.main(["--workspace", str(path), *words])
        return code, capsys.readouterr().out

    run("import", str(orders), "--set", "tz=UTC", "--set", "reporting_currency=CNY")
    code, out = run("rates", "--json")
    assert code == 0
    assert json.loads(out) == {
        "reporting_currency": "CNY", "rates": [], "wanted": [{"currency": "EUR", "day": "2026-05-04", "orders": 1, "rows": 3}],
    }  # fmt: skip
    assert "EUR" in run("check", "--quality")[1]
    code, out = run("rates", "set", "eur", "2026-05-03", "7.81", "--json")
    assert (code, json.loads(out)) == (0, {"freed": 3, "restated": 0, "wanted": []})
    assert run("rates", "EUR")[1].startswith("2026-05-03  1 EUR = 7.81 CNY")
    assert run("rates", "set", "EUR", "2026-05-03", "dear")[0] == 2
    assert run("rates", "set", "EUR", "tomorrow", "7")[0] == 2
    assert run("rates", "set", "CNY", "2026-05-03", "1")[0] == 2
    assert run("rates", "remove", "EUR", "2026-05-04")[0] == 1
    assert run("rates", "remove", "EUR", "2026-05-03")[0] == 0


def test_an_explained_amount_says_what_was_traded_and_at_which_days_rate(workspace: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(_HEADER + _order("#1", "EUR", "10.00") + _order("#2", "CNY", "20.00"), encoding="utf-8")
    _load(workspace, _rates(tmp_path))
    _load(workspace, path)
    day = parse_day("2026-05-04")
    explained = actions.explain(workspace, "gross_sales", Period(day, day))
    told = {one.raw["Lineitem sku"] + one.raw["Name"]: one.traded for one in explained.rows}
    assert told["MUG#2"] == ()
    (traded,) = told["MUG#1"]
    assert (traded.currency, traded.rate_e9, traded.rate_day) == ("EUR", 7_800_000_000, parse_day("2026-05-03"))
    assert traded.amounts["gross_minor"] == 1000
    assert "EUR" in traded_text(traded, "en") and "10.00" in traded_text(traded, "en") and "7.8" in traded_text(traded, "en")
