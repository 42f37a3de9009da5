"""Our own templates: empty tables that the program writes and reads back."""

from __future__ import annotations

import csv
import dataclasses
import io
import re
import zipfile
from datetime import date
from pathlib import Path
from xml.sax.saxutils import escape

import pytest

from ecoperf_desktop import actions, language
from ecoperf_desktop.actions import ImportChoices
from ecoperf_desktop.importing import descriptor, examples, shelf, templates
from ecoperf_desktop.importing.descriptor import Example, Format
from ecoperf_desktop.importing.detect import Detector
from ecoperf_desktop.importing.templates import Template
from ecoperf_desktop.model.days import Period, iso, parse_day
from ecoperf_desktop.store.tables import TABLES

ALL = templates.templates()
# Those of which a day without a row says something, too.
_DATED_IDS = {one.id for one in shelf.shipped() if any(TABLES[emit.into].coverage for emit in one.emits)}
DATED = [one for one in ALL if one.format_id in _DATED_IDS]


def test_every_table_without_a_platform_file_has_a_template() -> None:
    assert {template.stem for template in ALL} == {
        "purchase_orders", "receipts", "suppliers", "stock_counts", "shipments", "reviews", "surveys", "staff", "agent_days",
        "campaign_owners", "targets", "expenses", "products", "shifts", "training", "budgets", "events", "market_size",
        "forecasts", "content_audits", "exchange_rates",
    }


@pytest.mark.parametrize("speech", language.LANGUAGES)
@pytest.mark.parametrize("template", ALL, ids=lambda template: template.stem)
def test_a_written_template_has_headers_its_format_knows_and_a_row_that_explains_them(
    template: Template, speech: str, tmp_path: Path
) -> None:
    path = tmp_path / f"{template.stem}.csv"
    templates.write_one(template, path, speech)
    with path.open(encoding="utf-8-sig", newline="") as stream:
        headers, words = csv.reader(stream)
    known = next(one for one in shelf.shipped() if one.id == template.format_id)
    assert descriptor.numbered(headers) == [
        next(alias for alias in column.aliases if alias == name)
        for column, name in zip(known.columns, descriptor.numbered(headers), strict=True)
    ]
    assert words[0] == "#" or words[0].startswith("# ")
    assert len(words) == len(headers)


@pytest.mark.parametrize("template", ALL, ids=lambda template: template.stem)
def test_closed_lists_name_as_many_words_in_chinese_as_in_english(template: Template) -> None:
    for column in template.columns:
        assert len(column.choices["en"]) == len(column.choices["zh"])


@pytest.mark.parametrize("template", ALL, ids=lambda template: template.stem)
def test_what_must_be_filled_in_says_so_first(template: Template) -> None:
    needed = [column for column in template.columns if column.is_needed]
    assert needed
    for column in needed:
        assert templates.explanation(template, column, "en").startswith("needed")
        assert templates.explanation(template, column, "zh").startswith("必填")


def test_a_workbook_template_offers_the_words_a_column_takes(tmp_path: Path) -> None:
    from python_calamine import CalamineWorkbook

    template = next(one for one in ALL if one.stem == "surveys")
    path = tmp_path / "surveys.xlsx"
    templates.write_one(template, path, "en")
    rows = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()
    assert rows[0] == [column.heading for column in template.columns]
    assert "csat / nps / ces" in str(rows[1][1])


def test_another_form_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"\.ods"):
        templates.write_one(ALL[0], tmp_path / "a.ods", "en")


def test_a_folder_of_templates_never_overwrites_one_that_was_filled_in(tmp_path: Path) -> None:
    first = templates.write(tmp_path, "en")
    assert len(first) == 2 * len(ALL)
    first[0].write_text("mine", encoding="utf-8")
    assert templates.write(tmp_path, "en") == first
    assert {path.suffix for path in first} == {".xlsx", ".csv"}
    assert first[0].read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("template", ALL, ids=lambda template: template.stem)
def test_a_header_stands_in_both_languages(template: Template, tmp_path: Path) -> None:
    path = tmp_path / "one.csv"
    templates.write_one(template, path, "en")
    with path.open(encoding="utf-8-sig", newline="") as stream:
        headers, _ = csv.reader(stream)
    for heading, column in zip(headers, template.columns, strict=True):
        assert column.header["en"] in heading
        assert column.header["zh"] in heading


@pytest.mark.parametrize("suffix", templates.SUFFIXES)
@pytest.mark.parametrize("speech", language.LANGUAGES)
@pytest.mark.parametrize("template", ALL, ids=lambda template: template.stem)
def test_a_filled_template_of_either_kind_and_language_gives_the_rows_its_format_promises(
    template: Template, speech: str, suffix: str, tmp_path: Path
) -> None:
    path = tmp_path / f"filled{suffix}"
    templates.write_one(template, path, speech)
    form = _form(template)
    detector = Detector(shelf.shipped())
    for example in form.examples:
        filled = path.with_stem("with rows")
        _fill(path, filled, template, _rows(form, example))
        # the file's own explanation is one more row that is left out
        promised = dataclasses.replace(example, dropped={"description": 1})
        assert examples.differences(filled, form, promised, detector) == []


def test_words_too_many_for_a_rule_stand_on_a_hidden_sheet_that_is_not_read(tmp_path: Path) -> None:
    template = next(one for one in ALL if one.stem == "targets")
    path = tmp_path / "targets.xlsx"
    ids = [f"metric_number_{number}" for number in range(60)]
    templates.write_one(template, path, "zh", {"metric": ids})
    with zipfile.ZipFile(path) as parts:
        rules = parts.read("xl/worksheets/sheet1.xml").decode()
        book = parts.read("xl/workbook.xml").decode()
    assert "lists!$A$1:$A$60" in rules
    assert 'name="lists"' in book and 'state="hidden"' in book
    form = _form(template)
    filled = tmp_path / "filled.xlsx"
    _fill(path, filled, template, _rows(form, form.examples[0]))
    promised = dataclasses.replace(form.examples[0], dropped={"description": 1})
    assert examples.differences(filled, form, promised, Detector(shelf.shipped())) == []


@pytest.mark.parametrize("speech", language.LANGUAGES)
@pytest.mark.parametrize("template", ALL, ids=lambda template: template.stem)
def test_every_closed_column_of_a_workbook_is_a_drop_down_list(template: Template, speech: str, tmp_path: Path) -> None:
    path = tmp_path / "one.xlsx"
    templates.write_one(template, path, speech)
    with zipfile.ZipFile(path) as parts:
        rules = parts.read("xl/worksheets/sheet1.xml").decode()
    assert rules.count("<dataValidation ") == sum(bool(column.choices[speech]) for column in template.columns)


def test_a_template_left_empty_is_refused_with_words_and_stores_nothing(tmp_path: Path) -> None:
    template = next(one for one in ALL if one.stem == "events")
    path = tmp_path / "events.csv"
    templates.write_one(template, path, "en")
    found = examples.differences(path, _form(template), _form(template).examples[1], Detector(shelf.shipped()))
    assert len(found) == 1
    assert "importing." in found[0] or "0 made" in found[0] or "expected, 0" in found[0]


@pytest.mark.parametrize("template", DATED, ids=lambda template: template.stem)
def test_a_table_speaks_for_the_days_of_its_rows_or_for_those_a_person_says(template: Template, tmp_path: Path) -> None:
    form = _form(template)
    path = tmp_path / "one.csv"
    templates.write_one(template, path, "en")
    filled = path.with_stem("with rows")
    _fill(path, filled, template, _rows(form, form.examples[0]))
    said = Period(parse_day("2026-01-01"), parse_day("2026-12-31"))
    settings = {"currency": "EUR", "tz": "UTC"}
    for stated, covers in (({}, False), ({"period": f"{iso(said.first)}..{iso(said.last)}"}, True)):
        choices = ImportChoices(settings=tuple({**settings, **stated}.items()))
        with actions.workspace(tmp_path / f"{covers}.ecoperf", write=True) as opened:
            (report,) = actions.apply_import(actions.plan_import([filled], choices, opened), opened).files
        assert report.status == "loaded"
        assert report.period is not None
        assert (report.period == said) is covers


def test_a_blank_cell_takes_nothing_back_that_platforms_tell_of_a_product(tmp_path: Path) -> None:
    template = next(one for one in ALL if one.stem == "products")
    told = {"launched": "2025-01-01", "discontinued": "2026-08-31", "is_listed": "yes", "service_level": "90%"}
    templates.write_one(template, tmp_path / "blank.csv", "en")
    with actions.workspace(tmp_path / "shop.ecoperf", write=True) as opened:
        for name, row in (("platform", {"sku": "MUG", "unit_cost": "3", **told}), ("costs", {"sku": "MUG", "unit_cost": "4"})):
            _fill(tmp_path / "blank.csv", tmp_path / f"{name}.csv", template, [row])
            choices = ImportChoices(settings=(("currency", "EUR"),))
            (report,) = actions.apply_import(actions.plan_import([tmp_path / f"{name}.csv"], choices, opened), opened).files
            assert (report.status, report.rows.new + report.rows.changed) == ("loaded", 1)
        kept = opened.conn.execute("SELECT launched_day, discontinued_day, is_listed, service_level FROM product").fetchall()
    assert [tuple(row) for row in kept] == [(parse_day("2025-01-01"), parse_day("2026-08-31"), 1, 0.9)]


def _form(template: Template) -> Format:
    return next(one for one in shelf.shipped() if one.id == template.format_id)


def _rows(form: Format, example: Example) -> list[dict[str, str]]:
    """Return the rows of an example by the field they fill, without the row that explains."""
    headers, *rows = csv.reader(io.StringIO((example.input or "").lstrip("\n")))
    fields = {alias: column.field for column in form.columns for alias in column.aliases}
    named = [fields[name] for name in descriptor.numbered(headers)]
    return [dict(zip(named, row, strict=True)) for row in rows if row and not row[0].startswith("#")]


def _fill(path: Path, target: Path, template: Template, rows: list[dict[str, str]]) -> None:
    """Write what a person would type below the first two rows of an empty template."""
    cells = [[row.get(column.field, "") for column in template.columns] for row in rows]
    if path.suffix == ".csv":
        words = io.StringIO()
        csv.writer(words).writerows(cells)
        target.write_bytes(path.read_bytes() + words.getvalue().encode())
        return
    with zipfile.ZipFile(path) as before, zipfile.ZipFile(target, "w") as after:
        for part in before.namelist():
            content = before.read(part)
            if part == "xl/worksheets/sheet1.xml":
                sheet = content.decode()
                looks = {
                    place - 1: look
                    for first, last, look in re.findall(r'<col min="(\d+)" max="(\d+)" [^>]*?style="(\d+)"', sheet)
                    for place in range(int(first), int(last) + 1)
                }
                typed = "".join(_row(number, row, template, looks) for number, row in enumerate(cells, start=3))
                content = sheet.replace("</sheetData>", f"{typed}</sheetData>").encode()
            after.writestr(part, content)


def _row(number: int, row: list[str], template: Template, looks: dict[int, str]) -> str:
    shown = []
    for place, (text, column) in enumerate(zip(row, template.columns, strict=True)):
        at = f'r="{chr(65 + place)}{number}"'
        look = f' s="{looks[place]}"' if place in looks else ""
        if not text:
            continue
        if column.type == "date" and re.fullmatch(r"\d{4}-\d\d-\d\d", text):
            # a spreadsheet turns a typed day into a number that looks like one
            shown.append(f"<c {at}{look}><v>{(date.fromisoformat(text) - date(1899, 12, 30)).days}</v></c>")
        elif column.type in ("integer", "number", "money") and re.fullmatch(r"-?\d+(\.\d+)?", text):
            shown.append(f"<c {at}{look}><v>{text}</v></c>")
        else:
            shown.append(f'<c {at}{look} t="inlineStr"><is><t>{escape(text)}</t></is></c>')
    return f'<row r="{number}">{"".join(shown)}</row>'
