"""Saving what a block shows: asks for a file, then writes pictures and sheets by the writers of the reports."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QStandardPaths
from PySide6.QtWidgets import QWidget

from ecoperf_desktop import language
from ecoperf_desktop.language import sentence
from ecoperf_desktop.paths import file_stem as file_stem
from ecoperf_desktop.reports.blocks import Block, Chart
from ecoperf_desktop.reports.paper.canvas import PAPER_INK, Ink
from ecoperf_desktop.reports.tabular import table_of
from ecoperf_desktop.ui import looks
from ecoperf_desktop.ui.drawn_chart import window_ink

_PICTURES = "SVG (*.svg);;PNG (*.png);;PDF (*.pdf)"
_SHEETS = "XLSX (*.xlsx);;CSV (*.csv)"
_last_folder = ""


def picture_ink() -> Ink:
    """Return the light colours at paper's sizes: a saved picture goes into slides and letters, whatever the window looks like."""
    sizes = {name: getattr(PAPER_INK, name) for name in ("axis", "small", "number", "row")}
    return replace(window_ink(looks.LIGHT), **sizes)


def save_picture(chart: Chart, path: Path) -> None:
    """Write the chart as PNG, SVG or PDF, by the path's ending; raise UsageError or WorkspaceError."""
    from ecoperf_desktop.reports.paper.pictures import write_picture

    write_picture(chart, path, picture_ink(), language.current())


def save_rows(block: Block, path: Path, currency: str | None) -> None:
    """Write a block's numbers (a table's own) as CSV or XLSX, by the path's ending; raise UsageError or WorkspaceError."""
    from ecoperf_desktop.reports import sheets

    sheets.write(table_of(block), path, currency)


def ask_picture(parent: QWidget, title: str) -> Path | None:
    """Ask where a picture goes; None when the person changed their mind."""
    return _ask(parent, sentence("ui.save_picture"), title, "svg", _PICTURES)


def ask_rows(parent: QWidget, title: str) -> Path | None:
    """Ask where a block's numbers go; None when the person changed their mind."""
    return _ask(parent, sentence("ui.export_rows"), title, "xlsx", _SHEETS)


def _ask(parent: QWidget, caption: str, title: str, ending: str, kinds: str) -> Path | None:
    from PySide6.QtWidgets import QFileDialog

    global _last_folder
    folder = _last_folder or QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
    name, kind = QFileDialog.getSaveFileName(parent, caption, str(Path(folder) / f"{file_stem(title)}.{ending}"), kinds)
    if not name:
        return None
    path = with_ending(Path(name), kind, kinds)
    _last_folder = str(path.parent)
    return path


def with_ending(path: Path, kind: str, kinds: str) -> Path:
    """Return the path with the ending of the chosen kind where the person typed none that is known."""
    known = re.findall(r"\*(\.\w+)", kinds)
    if path.suffix.lower() in known:
        return path
    chosen = re.findall(r"\*(\.\w+)", kind) or known
    return path.with_name(path.name + chosen[0])
