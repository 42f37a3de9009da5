"""Our own templates: empty tables that the program writes and reads back."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from ecoperf_desktop import language
from ecoperf_desktop.importing import descriptor, templates
from ecoperf_desktop.importing.templates import Template

ALL = templates.templates()


def test_every_table_without_a_platform_file_has_a_template() -> None:
    assert {template.stem for template in ALL} == {
        "purchase_orders", "receipts", "suppliers", "stock_counts", "shipments", "reviews", "surveys", "staff", "agent_days",
        "campaign_owners", "targets", "expenses", "products",
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
    known = next(one for one in descriptor.shipped() if one.id == template.format_id)
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
    assert rows[0] == [column.header["en"] for column in template.columns]
    assert "csat / nps / ces" in str(rows[1][1])


def test_another_form_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"\.ods"):
        templates.write_one(ALL[0], tmp_path / "a.ods", "en")


def test_a_folder_of_templates_never_overwrites_one_that_was_filled_in(tmp_path: Path) -> None:
    first = templates.write(tmp_path, "en")
    assert len(first) == len(ALL)
    first[0].write_text("mine", encoding="utf-8")
    assert templates.write(tmp_path, "en") == first
    assert first[0].read_text(encoding="utf-8") == "mine"
