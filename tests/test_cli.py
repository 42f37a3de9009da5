"""The command line's contract: exit codes, JSON shapes, and who hears what."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ecoperf_desktop import cli

MAPPINGS = Path(__file__).parent / "mappings"
HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
SALES = (
    "536365,85123A,WHITE HANGING HEART,6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom\n"
    "536365,71053,WHITE METAL LANTERN,6,2010-12-01 08:26:00,3.39,17850.0,United Kingdom\n"
    "536366,22633,HAND WARMER,10,2010-12-02 08:28:00,1.85,,France\n"
)
ANSWERS = ["--set", "currency=GBP", "--set", "tz=Europe/London"]


class Shop:
    """A workspace and a folder, spoken to through the command line alone."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.capsys = capsys
        self.path = folder / "shop.ecoperf"
        self.error = ""

    def run(self, *arguments: str) -> tuple[int, str]:
        code = cli.main(["--workspace", str(self.path), *arguments])
        captured = self.capsys.readouterr()
        self.error = captured.err
        return code, captured.out

    def json(self, *arguments: str, code: int = 0) -> dict[str, Any]:
        ended, out = self.run(*arguments, "--json")
        assert ended == code, (out, self.error)
        return json.loads(out)  # type: ignore[no-any-return]

    def write(self, name: str, text: str) -> str:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    def load(self, text: str = SALES, name: str = "sales.csv", code: int = 0) -> dict[str, Any]:
        path = self.write(name, HEADER + text)
        report = self.json("import", path, "--mapping", str(MAPPINGS / "online_retail.toml"), *ANSWERS, code=code)
        return report["files"][0]  # type: ignore[no-any-return]

    def value(self, metric: str, first: str = "2010-12-01", last: str = "2010-12-31", *more: str) -> dict[str, Any]:
        return self.json("value", metric, "--from", first, "--to", last, *more)["values"][0]  # type: ignore[no-any-return]


@pytest.fixture
def shop(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shop:
    return Shop(tmp_path, capsys)


def test_an_import_tells_what_it_read_and_what_became_of_it(shop: Shop) -> None:
    file = shop.load()
    assert file["status"] == "loaded"
    assert file["rows"] == {"read": 3, "new": 3, "changed": 0, "unchanged": 0, "dropped": 0, "rejected": 0}
    assert file["period"] == ["2010-12-01", "2010-12-02"]
    assert (file["encoding"], file["delimiter"], file["member"]) == ("utf-8", ",", None)
    assert len(file["sha256"]) == 64


def test_the_same_bytes_again_are_unchanged_and_keep_their_import(shop: Shop) -> None:
    first = shop.load()
    again = shop.load()
    assert (again["status"], again["import_id"]) == ("unchanged", first["import_id"])
    assert len(shop.json("imports")["imports"]) == 1


def test_a_bad_number_costs_its_row_alone_and_is_named(shop: Shop) -> None:
    file = shop.load(SALES.replace(",10,", ",67seasea,") + "536367,22745,BUILDING BLOCK,2,2010-12-02 08:34:00,2.10,13047.0,France\n")
    assert (file["rows"]["rejected"], file["rows"]["new"]) == (1, 3)
    finding = file["findings"][0]
    assert (finding["row"], finding["line"], finding["column"], finding["severity"]) == (3, 4, "Quantity", "error")
    assert "67seasea" in finding["message"]


def test_a_refused_row_fails_the_command_only_when_strict(shop: Shop) -> None:
    path = shop.write("bad.csv", HEADER + SALES.replace(",10,", ",67seasea,"))
    arguments = ("import", path, "--mapping", str(MAPPINGS / "online_retail.toml"), *ANSWERS)
    assert shop.run(*arguments, "--dry-run", "--strict")[0] == 1
    assert shop.run(*arguments)[0] == 0


def test_a_dry_run_counts_and_stores_nothing(shop: Shop) -> None:
    path = shop.write("sales.csv", HEADER + SALES)
    report = shop.json("import", path, "--mapping", str(MAPPINGS / "online_retail.toml"), *ANSWERS, "--dry-run")
    assert report["files"][0]["rows"]["new"] == 3
    assert shop.json("imports")["imports"] == []


def test_undo_leaves_no_number_behind(shop: Shop) -> None:
    file = shop.load()
    shop.json("undo", str(file["import_id"]))
    value = shop.value("gross_sales")
    assert value["value"] is None and value["reason"]
    assert shop.json("imports")["imports"][0]["state"] == "undone"


def test_undoing_what_is_not_there_is_refused_in_words(shop: Shop) -> None:
    assert shop.run("undo", "77")[0] == 1
    assert "77" in shop.error and "Traceback" not in shop.error


def test_money_is_a_decimal_string_beside_its_currency(shop: Shop) -> None:
    shop.load()
    value = shop.value("gross_sales")
    assert (value["value"], value["currency"], value["unit"]) == ("54.14", "GBP", "money")
    assert shop.value("orders")["value"] == 2


def test_days_without_a_file_are_missing_and_not_zero(shop: Shop) -> None:
    shop.load()
    days = shop.json("value", "gross_sales", "--from", "2010-12-01", "--to", "2010-12-03", "--by", "day")["values"]
    assert [day["value"] for day in days] == ["35.64", "18.50", None]
    assert days[2]["reason"] and days[2]["quality"] == "missing"


def test_a_number_leads_back_to_file_row_and_text(shop: Shop) -> None:
    file = shop.load()
    explained = shop.json("explain", "gross_sales", "--from", "2010-12-01", "--to", "2010-12-31")
    assert explained["row_count"] == 3
    assert sum(float(row["contributes"]) for row in explained["rows"]) == pytest.approx(54.14)
    row = next(row for row in explained["rows"] if row["record"] == 3)
    assert (row["file"], row["import_id"], row["raw"]["InvoiceNo"]) == ("sales.csv", file["import_id"], "536366")


def test_an_explanation_names_both_sides_the_imports_and_as_many_rows_as_asked_for(shop: Shop) -> None:
    file = shop.load()
    period = ("--from", "2010-12-01", "--to", "2010-12-31")
    explained = shop.json("explain", "aov", *period, "--all")
    assert (explained["numerator_of"], explained["denominator_of"]) == ("Paid amount", "orders")
    assert explained["row_count"] == len(explained["rows"]) == 5
    assert [(entry["import_id"], entry["rows"]) for entry in explained["imports"]] == [(file["import_id"], 5)]
    assert sum(row["under"] for row in explained["rows"]) == explained["denominator"] == 2
    assert sum(float(row["contributes"]) for row in explained["rows"]) == pytest.approx(explained["numerator"] / 100)
    page = shop.json("explain", "aov", *period, "--limit", "2", "--offset", "3")
    assert page["row_count"] == 5
    assert page["rows"] == explained["rows"][3:5]
    code, text = shop.run("explain", "aov", *period)
    assert code == 0
    assert "above: Paid amount = 54.14" in text and "below: orders = 2" in text and "5 rows" in text


def test_a_buyer_is_never_kept_in_clear(shop: Shop) -> None:
    shop.load()
    explained = shop.json("explain", "gross_sales", "--from", "2010-12-01", "--to", "2010-12-31")
    assert all("17850" not in json.dumps(row["raw"]) for row in explained["rows"])
    assert b"17850" not in shop.path.read_bytes()


def test_values_compare_with_the_period_before(shop: Shop) -> None:
    shop.load()
    compared = shop.value("gross_sales", "2010-12-02", "2010-12-02", "--compare", "previous")["compare"]
    assert (compared["kind"], compared["value"], compared["change"]) == ("previous", "35.64", "-17.14")
    assert compared["change_ratio"] == pytest.approx(-17.14 / 35.64)


def test_a_cut_by_region_adds_up_to_the_whole(shop: Shop) -> None:
    shop.load()
    parts = shop.json("value", "gross_sales", "--from", "2010-12-01", "--to", "2010-12-31", "--per", "region")["values"]
    assert {part["per"]["region"]: part["value"] for part in parts} == {"United Kingdom": "35.64", "France": "18.50"}
    one = shop.value("gross_sales", "2010-12-01", "2010-12-31", "--where", "region=France")
    assert one["value"] == "18.50"


@pytest.mark.parametrize(
    "arguments",
    [
        ("value", "gross_sales", "--from", "2010-13-01", "--to", "2010-12-31"),
        ("value", "gross_sales", "--from", "2010-12-31", "--to", "2010-12-01"),
        ("value", "gross_sales", "--from", "2010-12-01", "--to", "2010-12-31", "--where", "region"),
        ("report", "--period", "lately"),
        ("demo", "--orders", "0"),
        ("undo", "one"),
        ("fly",),
    ],
)
def test_wrong_usage_ends_with_2(shop: Shop, arguments: tuple[str, ...]) -> None:
    assert shop.run(*arguments)[0] == 2
    assert shop.error and "Traceback" not in shop.error


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("value", "gros_sales", "--from", "2010-12-01", "--to", "2010-12-31"), "gross_sales"),
        (("value", "gross_sales", "--from", "2010-12-01", "--to", "2010-12-31", "--per", "moon"), "shop"),
        (("import", "nowhere.csv"), "nowhere.csv"),
        (("restore", "nowhere.ecoperf"), "nowhere.ecoperf"),
        (("report", "--period", "last"), "ecoperf demo"),
    ],
)
def test_a_refusal_ends_with_1_and_says_what_to_do(shop: Shop, arguments: tuple[str, ...], said: str) -> None:
    assert shop.run(*arguments)[0] == 1
    assert said in shop.error and "Traceback" not in shop.error


def test_messages_come_in_chinese_too(shop: Shop) -> None:
    assert shop.run("--lang", "zh", "undo", "77")[0] == 1 or shop.error
    code = cli.main(["--workspace", str(shop.path), "--lang", "zh", "metrics", "--json"])
    names = {entry["id"]: entry["name"] for entry in json.loads(shop.capsys.readouterr().out)["metrics"]}
    assert code == 0 and any("\u4e00" <= letter <= "\u9fff" for letter in names["net_sales"])


def test_a_backup_restores_what_was(shop: Shop) -> None:
    shop.load()
    copy = shop.json("backup", str(shop.folder / "copies"))["backup"]
    shop.load(SALES.replace("536366", "536999"), "more.csv")
    assert shop.value("orders")["value"] == 3
    kept = shop.json("restore", copy)["kept"]
    assert shop.value("orders")["value"] == 2
    shop.json("restore", kept)
    assert shop.value("orders")["value"] == 3


def test_restoring_nonsense_changes_nothing(shop: Shop) -> None:
    shop.load()
    before = shop.value("gross_sales")["value"]
    assert shop.run("restore", shop.write("copy.ecoperf", "not a workspace" * 100))[0] == 1
    assert shop.value("gross_sales")["value"] == before


def test_a_sound_workspace_is_called_sound(shop: Shop) -> None:
    shop.load()
    assert shop.json("check") == {"sound": True, "problems": []}


@pytest.mark.parametrize("form", ["pdf", "txt", "html", "json"])
def test_the_report_takes_the_form_of_its_name(shop: Shop, form: str) -> None:
    shop.load()
    target = shop.folder / f"week.{form}"
    assert shop.run("report", "--period", "2010-W48", "-o", str(target))[0] == 0
    assert target.stat().st_size > 500


def test_a_report_in_no_known_form_is_wrong_usage(shop: Shop) -> None:
    shop.load()
    assert shop.run("report", "--period", "2010-W48", "-o", str(shop.folder / "week.doc"))[0] == 2
