"""Financial calendars, events and comparisons, asked on the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ecoperf_desktop import cli, language

# Orders of 1.00 on every day, and of 3.00 on the days round Double 11.
_DAYS = {"2024-11-10": 3, "2024-11-11": 3, "2025-11-10": 3, "2025-11-11": 6}


_FORM = """
[format]
id = "test.orders"
version = 1
platform = "test"
title = { en = "Test orders", zh = "测试订单" }
verified = "fixtures"

[detect]
all = ["@order_no", "@paid_day"]

[[column]]
header = ["Number"]
field = "order_no"
type = "id"
required = true

[[column]]
header = ["Paid"]
field = "paid_day"
type = "date"

[[column]]
header = ["SKU"]
field = "sku"
type = "id"

[[column]]
header = ["Pieces"]
field = "qty"
type = "integer"

[[column]]
header = ["Total"]
field = "gross"
type = "money"

[[emit]]
into = "orders"
fields = ["order_no", "paid_day"]

[[emit]]
into = "order_lines"
fields = ["order_no", "sku", "qty", "gross"]
"""


class Asking:
    """Asks the command line about one workspace and reads what it prints."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.workspace, self._capsys = folder / "w.ecoperf", capsys

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        try:
            code = cli.main(["--workspace", str(self.workspace), "--lang", "en", *arguments])
        finally:
            language.set_language("en")
        said = self._capsys.readouterr()
        return code, said.out, said.err

    def json(self, *arguments: str) -> Any:
        code, out, err = self(*arguments, "--json")
        assert code == 0, err
        return json.loads(out)


@pytest.fixture
def asking(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Asking:
    return Asking(tmp_path, capsys)


@pytest.fixture
def shop(asking: Asking, tmp_path: Path) -> Asking:
    from datetime import date, timedelta

    lines = ["Number,Paid,SKU,Pieces,Total"]
    first = date(2024, 10, 1)
    for offset in range((date(2025, 12, 1) - first).days):
        day = (first + timedelta(offset)).isoformat()
        lines.append(f"{offset},{day},A,1,{_DAYS.get(day, 1)}.00")
    file, form = tmp_path / "orders.csv", tmp_path / "orders.toml"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    form.write_text(_FORM, encoding="utf-8")
    code, _, err = asking("import", str(file), "--mapping", str(form), "--set", "currency=CNY", "--set", "tz=Asia/Shanghai")
    assert code == 0, err
    return asking


def _event(asking: Asking, code: str, year: int) -> dict[str, Any]:
    return next((one for one in asking.json("events", str(year))["events"] if one["code"] == code), {})


def test_events_are_listed_by_year_entered_removed_and_reset(asking: Asking) -> None:
    assert _event(asking, "double11", 2026)["to"] == "2026-11-14"
    assert asking("events", "set", "双11", "2026", "2026-10-31", "2026-11-13")[0] == 0
    assert _event(asking, "double11", 2026) == {
        "code": "double11", "name": "Double 11", "year": 2026, "from": "2026-10-31", "to": "2026-11-13", "anchor": "2026-11-11",
        "kind": "sale", "market": None, "basis": "announced", "origin": "typed",
    }  # fmt: skip
    assert asking("events", "reset", "double11", "2026")[0] == 0
    assert _event(asking, "double11", 2026)["origin"] == "shipped"
    assert asking("events", "remove", "qixi", "2026")[0] == 0
    assert _event(asking, "qixi", 2026) == {}
    code, out, _ = asking("events", "2025")
    assert code == 0 and "Prime Day" in out and "2025-07-08" in out


@pytest.mark.parametrize(
    "words",
    [("frobnicate",), ("set", "double11", "2026"), ("remove", "double11"), ("remove", "double11", "soon"), ("list", "26")],
)
def test_what_is_no_command_about_events_is_wrong_usage(asking: Asking, words: tuple[str, ...]) -> None:
    code, _, err = asking("events", *words)
    assert code == 2 and "ecoperf events" in err


def test_days_that_cannot_be_are_refused(asking: Asking) -> None:
    code, _, err = asking("events", "set", "double11", "2026", "2026-11-13", "2026-10-31")
    assert code == 1 and "YYYY-MM-DD" in err


def test_the_calendar_is_shown_and_changed(asking: Asking) -> None:
    assert asking.json("calendar")["calendar"]["retail_pattern"] == "none"
    assert asking("calendar", "--set", "retail_pattern=454", "--set", "fiscal_start_month=2", "--set", "week_start=sunday")[0] == 0
    assert asking.json("calendar")["calendar"]["fiscal_start_month"] == "2"
    code, _, err = asking("calendar", "--set", "retail_pattern=555")
    assert code == 2 and "445" in err


def test_numbers_are_cut_by_the_shops_own_financial_year(shop: Asking) -> None:
    shop("calendar", "--set", "retail_pattern=454", "--set", "fiscal_start_month=2", "--set", "week_start=sunday")
    values = shop.json("value", "gross_sales", "--period", "FY2025", "--by", "fiscal_quarter")["values"]
    assert [(one["bucket"], one["from"], one["to"]) for one in values[:2]] == [
        ("FY2025-Q1", "2025-02-02", "2025-05-03"), ("FY2025-Q2", "2025-05-04", "2025-08-02"),
    ]  # fmt: skip
    assert values[0]["value"] == "91.00"
    period = shop.json("value", "gross_sales", "--period", "FY2025-P03")["values"][0]
    assert (period["from"], period["to"], period["value"]) == ("2025-04-06", "2025-05-03", "28.00")


def test_a_named_event_is_compared_at_equal_distance_from_its_anchor(shop: Asking) -> None:
    found = shop.json("value", "gross_sales", "--from", "2025-11-10", "--to", "2025-11-16", "--compare", "event:双十一")["values"][0]
    assert found["compare"]["event"] == "double11" and found["compare"]["from"] == "2024-11-10"
    assert (found["value"], found["compare"]["value"]) == ("14.00", "11.00")
    code, out, _ = shop("value", "gross_sales", "--from", "2025-11-10", "--to", "2025-11-16", "--compare", "event")
    assert code == 0 and "against 2024-11-10 to 2024-11-16 (Double 11): 11.00 CNY (+27.3%)" in out


def test_why_nothing_is_compared_is_said(shop: Asking) -> None:
    found = shop.json("value", "gross_sales", "--period", "2025-03", "--compare", "event")["values"][0]
    assert found["compare"]["value"] is None and "No event" in found["compare"]["reason"]
    early = shop.json("value", "gross_sales", "--period", "2024-11", "--compare", "year")["values"][0]
    assert "2023-11-01" in early["compare"]["reason"]


@pytest.mark.parametrize(
    "how",
    [
        ("--from", "2025-01-01"),
        ("--from", "2025-01-01", "--to", "2025-01-31", "--period", "2025-01"),
        (),
        ("--period", "2025-13"),
        ("--period", "FY2025-P13"),
        ("--period", "2025-01", "--compare", "moon"),
        ("--period", "2025-01", "--compare", "year:double11"),
    ],
)
def test_a_period_or_comparison_that_cannot_be_read_is_wrong_usage(asking: Asking, how: tuple[str, ...]) -> None:
    assert asking("value", "gross_sales", *how)[0] == 2


def test_a_report_of_a_financial_period_is_set_against_an_event(shop: Asking) -> None:
    shop("calendar", "--set", "retail_pattern=445", "--set", "fiscal_start_month=2")
    for arguments in (("FY2025-P02",), ("FY2025-Q2",), ("FY2025",), ("2025-W46", "--compare", "event"), ("2025-W46", "--compare", "elapsed")):
        code, out, err = shop("report", "--period", *arguments, "--page", "sales")
        assert code == 0, err
        assert "reports." not in out, out
    assert "Double 11" in shop("report", "--period", "2025-W46", "--compare", "event", "--page", "sales")[1]
    assert "Lunar New Year" in shop("report", "--period", "2025-W05", "--compare", "event:lunar_new_year", "--page", "overview")[1]


def test_periods_of_unequal_weeks_are_said_to_be_unequal(shop: Asking) -> None:
    shop("calendar", "--set", "retail_pattern=454", "--set", "fiscal_start_month=2", "--set", "week_start=sunday")
    said = shop("report", "--period", "FY2025-P03", "--page", "overview")[1]
    assert "has 35 days, this one 28" in said and "financial year of 4-5-4 weeks" in said
    assert "this one" not in shop("report", "--period", "2025-03", "--page", "overview")[1]
