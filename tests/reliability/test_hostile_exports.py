"""What is written out runs nowhere and comes back as it was; an old file stays until the new one is whole."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from pathlib import Path

import pytest
from hostile_texts import payloads
from hypothesis import example, given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from ecoperf_desktop import paths, plain
from ecoperf_desktop.errors import WorkspaceError
from ecoperf_desktop.importing.filling import write_products
from ecoperf_desktop.importing.text import unguarded
from ecoperf_desktop.reports import sheets
from ecoperf_desktop.reports.blocks import Column, Figure, NumberCell, Row, Table, TextCell
from ecoperf_desktop.store.quality import ProductGap

STARTS = "=+-@|%＝＋－＠\t\r\n'` \u00a0\ufeff\u200b0aZ€"
TEXTS = st.text(st.sampled_from(STARTS + "129.,;\"!()" + "ab中"), min_size=1, max_size=14) | st.text(max_size=40).filter(
    lambda text: all(ord(sign) > 31 and not 0xD800 <= ord(sign) < 0xE000 for sign in text)
)
# What an import keeps has no blanks around it.
_AROUND = " \t\r\n\u00a0\u202f\u2007\u3000\ufeff\u200b"


def table(*texts: str, head: str = "Name") -> Table:
    columns = (Column("name", head, "text", 1.0), Column("value", "Value", "number", 1.0))
    rows = tuple(Row((TextCell(text), NumberCell(Figure(-5, "-5", unit="count"))), key=str(place)) for place, text in enumerate(texts))
    return Table("products", "Products", columns, rows)


def read_csv(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def would_be_worked_out(cell: str) -> bool:
    """Return what spreadsheets do, told apart from how we guard: a sign of a formula first, and no plain number."""
    bare = cell.strip("\ufeff \u00a0\u200b")
    if cell[:1] in ("\t", "\r", "\n"):
        return True
    if not bare or bare[0] not in "=+-@|%＝＋－＠" or bare in ("+", "-", "%", "--"):
        return False
    return re.fullmatch(r"[+-]?[0-9][0-9,]*(\.[0-9]+)?%?", bare) is None


@settings(max_examples=300, deadline=None)
@given(TEXTS)
@example("=1+1")
@example("\t=1+1")
@example("'=1+1")
@example("''=1+1")
@example("'0012")
@example("+44 20 7946 0958")
@example("`=x")
@example("-12.5%")
@example("2026-08-16")
def test_d6_no_text_of_a_csv_is_worked_out_and_each_comes_back_through_our_importer(text: str) -> None:
    written = read_csv(sheets.as_csv(table(text), "CNY", "en"))
    assert not would_be_worked_out(written[1][0])
    assert written[1][1] == "-5"  # a number is no text
    kept = text.strip(_AROUND)
    if kept == text and not text.startswith('="'):
        assert unguarded(written[1][0]) == text


@settings(max_examples=200, deadline=None)
@given(TEXTS)
@example("`x")
@example("'`x")
def test_d6_one_apostrophe_is_put_on_and_that_one_taken_off(text: str) -> None:
    assert plain.unguarded(plain.guarded(text)) == text
    assert plain.guarded(text) in (text, "'" + text)


@pytest.mark.parametrize("text", ["-5", "+12.5%", "1,234.50", "2026-08-16", "0012", "A-1", "−4.7%", "-", "%", "'Ohana mug", "'n' roll", "3-pack"])
def test_d6_numbers_days_and_words_get_no_apostrophe(text: str) -> None:
    assert plain.guarded(text) == text and unguarded(text) == text


@pytest.mark.parametrize("text", ["'0012", "'=1+1", "'+44 20 7946 0958", "'2849123412341234", "'2026-01-02 10:00", "'SKU-1", "'\t=x"])
def test_d6_an_apostrophe_put_there_for_spreadsheets_is_taken_off(text: str) -> None:
    assert unguarded(text) == text[1:].strip(_AROUND)


def test_d6_raw_is_only_what_was_asked_for(tmp_path: Path) -> None:
    sheets.write(table("=1+1"), tmp_path / "raw.csv", "CNY", "en", raw=True)
    sheets.write(table("=1+1"), tmp_path / "usual.csv", "CNY", "en")
    assert read_csv((tmp_path / "raw.csv").read_bytes())[1][0] == "=1+1"
    assert read_csv((tmp_path / "usual.csv").read_bytes())[1][0] == "'=1+1"


def test_d6_heads_are_guarded_and_cells_hold_no_other_countrys_separator_unquoted(tmp_path: Path) -> None:
    content = sheets.as_csv(table("a;=1+1", "b\t=1+1", head="=HEAD()"), "CNY", "en").decode("utf-8-sig")
    assert content.startswith("'=HEAD()") and '"a;=1+1"' in content and '"b\t=1+1"' in content


def test_d6_a_workbook_holds_texts_numbers_and_nothing_else(tmp_path: Path) -> None:
    texts = [*payloads(tmp_path), "{=1+1}", "http://host.invalid", "internal:Sheet1!A1", "mailto:a@host.invalid", "W" * 40_000, "\ufffe\uffff\x02"]
    content = sheets.as_xlsx(table(*texts, head="=HEAD()"), "CNY", "en")
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        names = parts.namelist()
        sheet = "".join(parts.read(name).decode("utf-8") for name in names if name.endswith(".xml"))
    assert not any("external" in name.lower() or "vba" in name.lower() for name in names)
    for forbidden in ("<f>", "<f ", "<hyperlink", "externalLink", "ddeLink", "oleLink"):
        assert forbidden not in sheet
    rows = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()
    assert rows[0][0] == "=HEAD()"
    shown = [str(row[0]) for row in rows[1:]]
    for text, cell in zip(texts, shown, strict=True):
        if text.isprintable():
            assert cell == text[:32_767]
    assert all(row[1] == -5 for row in rows[1:])


def test_d6_the_list_of_products_to_fill_in_runs_nothing_and_reads_back(tmp_path: Path) -> None:
    gap = ProductGap(**{**_blank_gap(), "sku": "=1+1", "name": "@SUM(A1)"})
    for form in ("csv", "xlsx"):
        write_products([gap], tmp_path / f"list.{form}", "CNY", "en")
    rows = read_csv((tmp_path / "list.csv").read_bytes())
    assert rows[1][:2] == ["'=1+1", "'@SUM(A1)"]
    with zipfile.ZipFile(tmp_path / "list.xlsx") as parts:
        assert "<f>" not in parts.read("xl/worksheets/sheet1.xml").decode()


def _blank_gap() -> dict[str, object]:
    import dataclasses

    empty: dict[str, object] = {}
    for one in dataclasses.fields(ProductGap):
        empty[one.name] = None if "None" in str(one.type) else 0 if "int" in str(one.type) else ""
    return empty


@pytest.mark.parametrize("fails", ["write", "sync", "replace"])
def test_d6_an_old_file_stays_when_the_new_one_cannot_be_written(tmp_path: Path, fails: str, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "table.csv"
    target.write_text("old", encoding="utf-8")

    def refuse(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    match fails:
        case "write":
            monkeypatch.setattr(Path, "write_bytes", refuse)
        case "sync":
            monkeypatch.setattr("os.fsync", refuse)
        case "replace":
            monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(WorkspaceError) as refused:
        sheets.write(table("a"), target, "CNY", "en")
    monkeypatch.undo()
    assert refused.value.code == "reports.cannot_write" and str(target) in str(refused.value)
    assert target.read_text(encoding="utf-8") == "old" and [file.name for file in tmp_path.iterdir()] == ["table.csv"]


def test_d8_names_from_data_are_no_paths_and_fit_every_disk(tmp_path: Path) -> None:
    for name in [*payloads(tmp_path), "", ".", "..", "NUL.txt", "com1", "LPT9 ", "COM¹", "a" * 300, "👩" * 300, "中" * 300, "C:\\x", "x\0y", " . "]:
        stem = paths.file_stem(name)
        target = tmp_path / f"{stem}.xlsx"
        assert target.parent == tmp_path and stem and not stem.startswith(".") and stem == stem.strip(" .")
        assert stem.isprintable() and not set(stem) & set('<>:"/\\|?*')
        assert stem.partition(".")[0].strip().upper() not in {"CON", "NUL", "COM1", "LPT9", "COM¹"}
        sheets.write(table("a"), target, "CNY", "en")
        assert target.exists()
        target.unlink()
    assert not list(tmp_path.iterdir())
