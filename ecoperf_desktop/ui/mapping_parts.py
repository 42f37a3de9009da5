"""Small parts of the dialogue that describes a file: its grounds, and the words for fields and types."""

from __future__ import annotations

from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from ecoperf_desktop import language
from ecoperf_desktop.importing.known_fields import Catalogue, KnownField, plain_name
from ecoperf_desktop.importing.suggest import ColumnDraft
from ecoperf_desktop.language import sentence
from ecoperf_desktop.store.tables import TABLES
from ecoperf_desktop.ui import looks

# What else the cells of a field of each type can be.
_OTHERS = {
    "integer": ("integer", "number", "duration"), "number": ("number", "integer", "percent", "ratio"), "money": ("money",),
    "ratio": ("ratio", "percent", "number"), "text": ("text", "id"), "id": ("id", "text"), "enum": ("enum", "text"), "flag": ("flag",),
    "duration": ("duration", "integer"), "hash": ("hash",), "currency": ("currency",),
}  # fmt: skip


class White(QWidget):
    """The ground of tables, with a rule above."""

    def paintEvent(self, event: QPaintEvent) -> None:
        _paint(self, looks.now().surface)


class Band(QWidget):
    """The ground of what is chosen for the whole file."""

    def paintEvent(self, event: QPaintEvent) -> None:
        _paint(self, looks.now().surface2)


class Foot(QWidget):
    """The ground of the buttons."""

    def paintEvent(self, event: QPaintEvent) -> None:
        _paint(self, looks.now().chrome)


def types_of(column: ColumnDraft, one: object) -> list[tuple[str, str, str]]:
    """Return how a column's cells may be read: type, format of dates, and the words for it."""
    if column.field is None or not isinstance(one, KnownField):
        return []
    if one.type in ("date", "datetime"):
        automatic = (column.type, "", sentence("mapping.type_dates"))
        formats = dict.fromkeys((*column.evidence.formats, *(column.formats if len(column.formats) == 1 else ())))
        return [*((column.type, form, form) for form in formats), automatic]
    kinds = dict.fromkeys((column.type, *_OTHERS.get(one.type, (one.type,))))
    if "enum" in kinds and not column.values:
        kinds.pop("enum")
    return [(kind, "", sentence(f"mapping.type_{kind}")) for kind in kinds]


def field_word(table: str, name: str, known: Catalogue | None) -> str:
    """Return what a stored field is called in the person's language."""
    field = next((one for one in TABLES[table].fields if one.name == name), None)
    found = known.tables[table].fields.get(plain_name(field, table)) if known is not None and field is not None else None
    if found is None:
        return name.replace("_", " ")
    word = found.titles[language.current()]
    if len(found.fills) > 1 and name.endswith(("_ts", "_day")) or name in ("ts",):
        return word if name.endswith("_day") else f"{word} (UTC)"
    return word


def _paint(widget: QWidget, ground: str) -> None:
    painter = QPainter(widget)
    painter.fillRect(widget.rect(), looks.color(ground))
    painter.setPen(QPen(looks.color(looks.now().border), 1))
    painter.drawLine(0, 0, widget.width(), 0)
    painter.end()
