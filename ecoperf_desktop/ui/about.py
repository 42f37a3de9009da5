"""The about box and the list of keys."""

from __future__ import annotations

import sqlite3
import sys
from pathlib import Path

from PySide6.QtCore import QSize, Qt, qVersion
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QDialog, QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from ecoperf_desktop import __version__
from ecoperf_desktop.language import sentence
from ecoperf_desktop.ui import icons, looks
from ecoperf_desktop.ui.buttons import FlatButton
from ecoperf_desktop.ui.texts import Label, one_line

# Before it, two connections that write and check-point at one moment could damage a file.
_SOUND_SQLITE = (3, 51, 3)


class AboutBox(QDialog):
    """What this is, what it runs on, and what is kept where."""

    def __init__(self, workspace: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(sentence("ui.about"))
        picture = QLabel()
        picture.setPixmap(icons.app_icon().pixmap(QSize(48, 48)))
        head = QHBoxLayout()
        head.setSpacing(14)
        head.addWidget(picture)
        two = QVBoxLayout()
        two.addWidget(Label(f"EcoPerf {__version__}", "sentence"))
        two.addWidget(Label(sentence("ui.about_what"), "table", "ink2"))
        head.addLayout(two, 1)
        grid = QGridLayout()
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(5)
        pairs = (
            (sentence("ui.about_workspace"), str(workspace)),
            ("Python", sys.version.split()[0]),
            ("Qt", qVersion()),
            ("SQLite", sqlite3.sqlite_version),
            (sentence("ui.about_licence"), "MIT"),
            (sentence("ui.about_fonts"), "Inter, Noto Sans SC (OFL 1.1)"),
        )
        for row, (name, value) in enumerate(pairs):
            grid.addWidget(Label(name, "table", "ink3"), row, 0)
            grid.addWidget(Label(one_line(value), "table", "ink", elided=True), row, 1)
        grid.setColumnStretch(1, 1)
        body = QVBoxLayout(self)
        body.setContentsMargins(24, 22, 24, 18)
        body.setSpacing(14)
        body.addLayout(head)
        body.addLayout(grid)
        body.addWidget(_wrapped(sentence("ui.about_offline")))
        if sqlite3.sqlite_version_info < _SOUND_SQLITE:
            body.addWidget(_wrapped(sentence("ui.about_sqlite", version=sqlite3.sqlite_version), "quiet"))
        body.addLayout(_close_button(self))
        self.setFixedWidth(looks.px(480))


class KeysBox(QDialog):
    """Every command that has keys."""

    def __init__(self, keys: list[tuple[str, QKeySequence]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(sentence("ui.keys"))
        grid = QGridLayout()
        grid.setHorizontalSpacing(18)
        grid.setVerticalSpacing(5)
        more = [
            (sentence("ui.explain_number"), QKeySequence("Return")),
            (sentence("ui.close_panel"), QKeySequence("Esc")),
            (sentence("ui.next_region"), QKeySequence("F6")),
        ]
        half = -(-(len(keys) + len(more)) // 2)
        for index, (words, sequence) in enumerate([*keys, *more]):
            column, row = divmod(index, half)
            grid.addWidget(Label(sequence.toString(QKeySequence.SequenceFormat.NativeText), "table_medium"), row, column * 2)
            grid.addWidget(Label(words, "table", "ink2"), row, column * 2 + 1)
        body = QVBoxLayout(self)
        body.setContentsMargins(24, 20, 24, 18)
        body.setSpacing(14)
        body.addLayout(grid)
        body.addLayout(_close_button(self))


def _wrapped(text: str, tone: str = "ink2") -> Label:
    label = Label(text, "table", tone)
    label.setWordWrap(True)
    return label


def _close_button(dialog: QDialog) -> QHBoxLayout:
    close = FlatButton(word=sentence("ui.close"), primary=True)
    close.clicked.connect(dialog.accept)
    close.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    line = QHBoxLayout()
    line.addStretch(1)
    line.addWidget(close)
    return line
