"""``check --quality`` on the command line: words, JSON, exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ecoperf_desktop import cli

HEADER = "Name,Email,Financial Status,Paid at,Currency,Subtotal,Shipping,Taxes,Total,Discount Amount,Created at,Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,Lineitem discount,Cancelled at,Refunded Amount,Id\n"


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    monkeypatch.setenv("ECOPERF_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    export = tmp_path / "orders.csv"
    rows = [
        f"#{number},b{number}@example.org,paid,2026-07-{day:02d} 10:00:00 +0000,GBP,20.00,0.00,0.00,20.00,0.00,2026-07-{day:02d} 10:00:00 +0000,1,Mug,20.00,MUG,0.00,,0.00,{number}\n"
        for number, day in enumerate(range(1, 29), 1001)
    ]
    export.write_text(HEADER + "".join(rows), encoding="utf-8")
    path = tmp_path / "w.ecoperf"
    assert cli.main(["--workspace", str(path), "import", str(export), "--set", "tz=Europe/London", "--set", "currency=GBP"]) == 0
    capsys.readouterr()
    return path


def test_doubts_are_one_json_document_with_money_in_major_units(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--workspace", str(shop), "check", "--quality", "--json"]) == 0
    quality = json.loads(capsys.readouterr().out)["quality"]
    assert quality["data_through"] == "2026-07-28"
    (doubt,) = [one for one in quality["doubts"] if one["kind"] == "no_cost"]
    assert doubt["details"]["net"] == "560.00" and doubt["details"]["period"][1] == "2026-07-28"
    assert doubt["mends"] == [{"action": "costs", "import_id": None, "about": "own.products"}]
    assert {source["kind"] for source in quality["sources"]} >= {"sales"}
    assert all(source["state"] == "unknown" for source in quality["sources"]), "one export is no rhythm"


@pytest.mark.parametrize(("language", "words"), [("en", "have no cost"), ("zh", "没有成本")])
def test_doubts_are_said_in_the_persons_language(shop: Path, capsys: pytest.CaptureFixture[str], language: str, words: str) -> None:
    assert cli.main(["--workspace", str(shop), "--lang", language, "check", "--quality"]) == 0
    said = capsys.readouterr().out
    assert words in said or "has no cost" in said
    assert "{" not in said


def test_an_empty_workspace_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("ECOPERF_DATA", str(tmp_path / "data"))
    assert cli.main(["--workspace", str(tmp_path / "new.ecoperf"), "--lang", "en", "check", "--quality"]) == 0
    assert "Nothing is imported yet" in capsys.readouterr().out
