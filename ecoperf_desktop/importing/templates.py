"""Our own tables to fill in: what they ask for, and empty files of them.

A template is the descriptor ``resources/formats/template_*.toml`` seen from the other side,
so that what is written here can always be read back.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ecoperf_desktop import language
from ecoperf_desktop.importing import descriptor
from ecoperf_desktop.importing.descriptor import ColumnRule, Format

# The first cell of the row that explains the columns is this, or begins with it and a space; the descriptors leave such a row out.
MARK = "#"


@dataclass(frozen=True)
class TemplateColumn:
    """One column to fill in.

    ``header`` and ``choices`` are by language; ``choices`` are the only words the column
    takes, empty when it is free.
    """

    field: str
    type: str
    header: Mapping[str, str]
    is_needed: bool
    choices: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Template:
    """One of our tables.  ``format_id`` is the descriptor that reads it; ``stem`` a good file name."""

    format_id: str
    stem: str
    title: Mapping[str, str]
    columns: tuple[TemplateColumn, ...]


def templates() -> tuple[Template, ...]:
    """Return all templates, in the order of their ids."""
    ours = (one for one in descriptor.shipped() if one.path.stem.startswith("template_"))
    return tuple(_template(one) for one in sorted(ours, key=lambda one: one.id))


def explanation(template: Template, column: TemplateColumn, speech: str) -> str:
    """Return in one line what belongs into ``column``, in language ``speech``."""
    parts = [language.sentence("templates.needed", speech)] if column.is_needed else []
    choices = column.choices[speech]
    if column.type in _FORMS:
        parts.append(language.sentence(f"templates.kind_{_FORMS[column.type]}", speech))
    elif choices:
        parts.append(language.sentence("templates.choices", speech, choices=" / ".join(choices)))
    for code in (f"templates.{template.stem}_{column.field}", f"templates.{column.field}"):
        words = language.sentence(code, speech)
        if words != code:
            parts.append(words)
            break
    return ("；" if speech == "zh" else "; ").join(parts)


def write(folder: Path, speech: str | None = None, suffix: str = ".csv") -> list[Path]:
    """Write every template into ``folder``, in the program's language unless ``speech`` names one.

    Files that are there already are left alone: someone may have filled them in.  Return
    the paths of all.  Raise OSError when the folder cannot be written.
    """
    speech = speech or language.current()
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for template in templates():
        path = folder / f"{template.title[speech].split(_TITLE_MARK[speech])[-1]}{suffix}"
        if not path.exists():
            write_one(template, path, speech)
        paths.append(path)
    return paths


def write_one(template: Template, path: Path, speech: str) -> None:
    """Write an empty table with its headers and the row that explains them.

    The form follows the name: ``.csv`` (UTF-8 with a mark that spreadsheets need) or
    ``.xlsx``, whose cells offer the words a column takes.  Raise ValueError for another name,
    OSError when the file cannot be written.
    """
    headers = [column.header[speech] for column in template.columns]
    words = [explanation(template, column, speech) for column in template.columns]
    words[0] = f"{MARK} {words[0]}".strip()
    if path.suffix.lower() == ".csv":
        with path.open("w", encoding="utf-8-sig", newline="") as stream:
            csv.writer(stream).writerows([headers, words])
    elif path.suffix.lower() == ".xlsx":
        _write_workbook(template, path, speech, headers, words)
    else:
        raise ValueError(path.suffix)


_TITLE_MARK = {"en": ": ", "zh": "："}
_FORMS = {
    "date": "day",
    "datetime": "day_and_time",
    "integer": "whole",
    "number": "number",
    "money": "amount",
    "ratio": "share",
    "flag": "yes_or_no",
    "duration": "lasting",
}


def _template(one: Format) -> Template:
    return Template(
        one.id, one.path.stem.removeprefix("template_"), one.title, tuple(_column(column) for column in one.columns)
    )


def _column(column: ColumnRule) -> TemplateColumn:
    chinese = next(header for header in column.aliases if not header.isascii())
    return TemplateColumn(
        column.field,
        column.type,
        {"en": column.shown, "zh": chinese},
        column.required,
        {speech: _choices(column, speech) for speech in language.LANGUAGES},
    )


def _choices(column: ColumnRule, speech: str) -> tuple[str, ...]:
    if column.type == "flag":
        return language.sentence("templates.yes", speech), language.sentence("templates.no", speech)
    return tuple(word for word in column.values if word.isascii() == (speech == "en"))


def _write_workbook(template: Template, path: Path, speech: str, headers: list[str], words: list[str]) -> None:
    import xlsxwriter

    workbook = xlsxwriter.Workbook(path)
    try:
        sheet = workbook.add_worksheet(template.title[speech].split(_TITLE_MARK[speech])[-1][:31])
        bold, quiet = workbook.add_format({"bold": True}), workbook.add_format({"italic": True, "font_color": "#6b6b6b"})
        # numbers of orders and products stay as they are typed
        as_text = workbook.add_format({"num_format": "@"})
        for place, column in enumerate(template.columns):
            width = min(40, max(12, 2 * len(headers[place]) if speech == "zh" else len(headers[place]) + 2))
            sheet.set_column(place, place, width, as_text if column.type == "id" else None)
            sheet.write_string(0, place, headers[place], bold)
            sheet.write_string(1, place, words[place], quiet)
            if column.choices[speech]:
                sheet.data_validation(2, place, 5000, place, {"validate": "list", "source": list(column.choices[speech])})
        sheet.freeze_panes(2, 0)
    finally:
        workbook.close()
