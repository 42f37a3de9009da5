"""Commands about what was known: answers, restatements, and whether anything personal is kept."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ecoperf_desktop import cli

HEADER = "Name,Email,Financial Status,Paid at,Currency,Subtotal,Shipping,Taxes,Total,Discount Amount,Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,Created at,Lineitem discount\n"
FIRST = HEADER + "#1001,ann@example.com,paid,2026-08-03 23:30:00 -0400,USD,20.00,0.00,0.00,20.00,0.00,2,Mug,10.00,MUG,2026-08-02 10:00:00 -0400,0.00\n"
SECOND = FIRST.replace("#1001,ann@example.com,paid", "#1001,ann@example.com,voided")


def run(workspace: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = cli.main(["--workspace", str(workspace), "--lang", "en", *arguments])
    said = capsys.readouterr()
    return code, said.out, said.err


@pytest.fixture
def workspace(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    path = tmp_path / "w.ecoperf"
    for name, text, as_of in (("first.csv", FIRST, "2026-08-10"), ("second.csv", SECOND, "2026-08-11")):
        (tmp_path / name).write_text(text, encoding="utf-8")
        code, _, err = run(path, capsys, "import", str(tmp_path / name), "--set", "tz=America/New_York", "--set", f"as_of={as_of}")
        assert code == 0, err
    return path


def test_restated_lists_what_a_newer_export_changed(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(workspace, capsys, "restated")
    assert code == 0 and "orders.status" in out and "shopify / #1001" in out and "→ void" in out and "(second.csv)" in out
    code, out, _ = run(workspace, capsys, "restated", "--json", "--from", "2026-08-03", "--to", "2026-08-03")
    [one] = json.loads(out)["restatements"]
    assert {key: one[key] for key in ("import_id", "file", "answer", "table", "key", "field", "day", "new")} == {
        "import_id": 2, "file": "second.csv", "answer": None, "table": "orders", "key": "shopify / #1001", "field": "status", "day": "2026-08-03",
        "new": "void",
    }  # fmt: skip
    assert json.loads(run(workspace, capsys, "restated", "--json", "--import", "1")[1]) == {"restatements": []}
    assert run(workspace, capsys, "restated", "--from", "2026-08-03")[0] == 2


def test_sources_shows_answers_and_changes_them(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    [shop] = json.loads(run(workspace, capsys, "sources", "--json")[1])["sources"]
    assert shop["answers"]["tz"] == "America/New_York" and shop["changed_utc"] == {}
    code, out, err = run(workspace, capsys, "sources", "--source", "shopify", "--set", "tz=Asia/Shanghai", "--json")
    assert code == 0, err
    said = json.loads(out)
    assert said["sources"][0]["answers"]["tz"] == "Asia/Shanghai" and "tz" in said["sources"][0]["changed_utc"]
    assert said["changed"] == [{"key": "tz", "restated": 1, "import_again": []}]
    [moved] = json.loads(run(workspace, capsys, "restated", "--json", "--limit", "1")[1])["restatements"]
    assert (moved["answer"], moved["field"], moved["old"], moved["new"]) == ("tz", "paid_day", "2026-08-03", "2026-08-04")
    assert "Asia/Shanghai  (changed on" in run(workspace, capsys, "sources")[1]


@pytest.mark.parametrize(("arguments", "code", "words"), [
    (("--set", "tz=UTC"), 2, "--source"), (("--source", "x", "--set", "tz=UTC"), 1, "shopify"),
    (("--source", "shopify", "--set", "currency=EUR"), 1, "Take these imports back"), (("--source", "shopify", "--set", "tz=Mars"), 2, "Europe/London"),
])  # fmt: skip
def test_sources_refuses_with_words(workspace: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], code: int, words: str) -> None:
    got, out, err = run(workspace, capsys, "sources", *arguments)
    assert (got, out) == (code, "") and words in err


def test_the_privacy_check_passes_a_clean_workspace_and_fails_another_without_repeating_it(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(workspace, capsys, "check", "--privacy") == (0, "Nothing in the workspace looks personal.\n", "")
    from ecoperf_desktop.store.database import Workspace

    with Workspace.open(workspace, write=True) as opened:
        opened.set_setting("owner", "write to ann@example.com")
    code, out, _ = run(workspace, capsys, "check", "--privacy")
    assert code == 1 and "setting · value" in out and "1 texts look like e-mail addresses" in out and "ann@example.com" not in out
    code, out, _ = run(workspace, capsys, "check", "--privacy", "--json")
    [one] = json.loads(out)["personal"]
    assert code == 1 and (one["table"], one["column"], one["kind"], one["texts"]) == ("setting", "value", "email", 1) and "ann@" not in out
