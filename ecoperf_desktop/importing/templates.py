"""Our own tables to fill in: what they ask for, and empty files of them.

A template is the descriptor ``resources/formats/template_*.toml`` seen from the other side,
so that what is written here can always be read back.  A header stands in both languages; what
explains it, and the words a column takes, in one.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ecoperf_desktop import language, paths
from ecoperf_desktop.importing import shelf
from ecoperf_desktop.importing.descriptor import ColumnRule, Format

# The first cell of the row that explains the columns is this, or begins with it and a space; the descriptors leave such a row out.
MARK = "#"

# The forms a template comes in.
SUFFIXES = (".xlsx", ".csv")


@dataclass(frozen=True)
class TemplateColumn:
    """One column to fill in.

    ``header`` and ``choices`` are by language, ``heading`` is the header in both; ``choices`` are
    the only words the column takes, empty when it is free.
    """

    field: str
    type: str
    header: Mapping[str, str]
    heading: str
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
    ours = (one for one in shelf.shipped() if one.path.stem.startswith("template_"))
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


def write(
    folder: Path,
    speech: str | None = None,
    suffixes: Sequence[str] = SUFFIXES,
    known: Mapping[str, Sequence[str]] | None = None,
) -> list[Path]:
    """Write every template into ``folder``, explained in the program's language unless ``speech`` names one.

    ``known`` are words to choose from by field, where the descriptor cannot name them: the ids of
    metrics, say.  Files that are there already are left alone: someone may have filled them in.
    Return the paths of all.  Raise OSError when the folder cannot be written.
    """
    speech = speech or language.current()
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for template in templates():
        for suffix in suffixes:
            path = folder / f"{_name(template, speech)}{suffix}"
            if not path.exists():
                write_one(template, path, speech, known)
            paths.append(path)
    return paths


def write_one(
    template: Template, path: Path, speech: str, known: Mapping[str, Sequence[str]] | None = None
) -> None:
    """Write an empty table with its headers and the row that explains them.

    The form follows the name: ``.csv`` (UTF-8 with a mark that spreadsheets need) or
    ``.xlsx``, whose cells offer the words a column takes, ``known`` ones (by field) among them.
    Raise ValueError for another name, OSError when the file cannot be written.
    """
    words = [explanation(template, column, speech) for column in template.columns]
    words[0] = f"{MARK} {words[0]}".strip()
    form = path.suffix.lower()
    if form not in (".csv", ".xlsx"):
        raise ValueError(path.suffix)
    with paths.replacing(path) as draft:
        if form == ".csv":
            with draft.open("w", encoding="utf-8-sig", newline="") as stream:
                csv.writer(stream).writerows([[column.heading for column in template.columns], words])
        else:
            _write_workbook(template, draft, speech, words, known or {})


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
        f"{column.shown} / {chinese}",
        column.required,
        {speech: _choices(column, speech) for speech in language.LANGUAGES},
    )


def _choices(column: ColumnRule, speech: str) -> tuple[str, ...]:
    if column.type == "flag":
        return language.sentence("templates.yes", speech), language.sentence("templates.no", speech)
    return tuple(word for word in column.values if word.isascii() == (speech == "en"))


def _name(template: Template, speech: str) -> str:
    return template.title[speech].split(_TITLE_MARK[speech])[-1]


# How the cells of a column look, where Excel would otherwise change what is typed: numbers of orders and products stay text.
_LOOKS = {"id": "@", "text": "@", "date": "yyyy-mm-dd", "datetime": "yyyy-mm-dd hh:mm"}
_ROWS = 5000
# Excel takes no longer list of words in the rule itself.
_WORDS_IN_RULE = 255


def _write_workbook(
    template: Template, path: Path, speech: str, words: list[str], known: Mapping[str, Sequence[str]]
) -> None:
    import xlsxwriter
    from xlsxwriter.utility import xl_col_to_name

    # In memory: a disk without room is then met in one place.
    packed = io.BytesIO()
    workbook = xlsxwriter.Workbook(packed, {"in_memory": True})
    try:
        sheet = workbook.add_worksheet(_name(template, speech)[:31])
        bold = workbook.add_format({"bold": True, "text_wrap": True, "valign": "top"})
        quiet = workbook.add_format({"italic": True, "font_color": "#6b6b6b", "text_wrap": True, "valign": "top"})
        looks = {kind: workbook.add_format({"num_format": look}) for kind, look in _LOOKS.items()}
        lists = None
        for place, column in enumerate(template.columns):
            sheet.set_column(place, place, min(28, max(14, _width(column.heading) + 2)), looks.get(column.type))
            sheet.write_string(0, place, column.heading, bold)
            sheet.write_string(1, place, words[place], quiet)
            choices = list(column.choices[speech] or known.get(column.field, ()))
            if not choices:
                continue
            source: object = choices
            if len(",".join(choices)) > _WORDS_IN_RULE:
                if lists is None:
                    lists = workbook.add_worksheet("lists")
                    lists.hide()
                lists.write_column(0, place, choices)
                letter = xl_col_to_name(place)
                source = f"=lists!${letter}$1:${letter}${len(choices)}"
            sheet.data_validation(2, place, _ROWS, place, {"validate": "list", "source": source})
        sheet.freeze_panes(2, 0)
    finally:
        workbook.close()
    path.write_bytes(packed.getvalue())


def _width(heading: str) -> int:
    """Return the width of a heading in characters, of which a Chinese one takes two."""
    return sum(1 if letter.isascii() else 2 for letter in heading)
