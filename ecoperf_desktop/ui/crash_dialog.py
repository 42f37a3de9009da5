"""What a person sees of a bug: that their data is safe, where the log is, and a button to copy it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget

from ecoperf_desktop.language import sentence
from ecoperf_desktop.ui import looks
from ecoperf_desktop.ui.buttons import FlatButton
from ecoperf_desktop.ui.texts import Label


class CrashDialog(QDialog):
    """Says that something went wrong and where the log lies."""

    def __init__(self, path: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._path = path
        self.setWindowTitle("EcoPerf")
        title = Label(sentence("ui.crash_title"), "sentence")
        text = Label(sentence("ui.crash_text"), "body", "ink2")
        text.setWordWrap(True)
        where = Label(str(path), "table", "ink2")
        where.setWordWrap(True)
        self.copy = FlatButton("file", sentence("ui.crash_copy"))
        go_on = FlatButton(word=sentence("ui.crash_go_on"), primary=True)
        self.copy.clicked.connect(self._copy)
        go_on.clicked.connect(self.accept)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self.copy)
        buttons.addWidget(go_on)
        body = QVBoxLayout(self)
        body.setContentsMargins(24, 22, 24, 18)
        body.setSpacing(10)
        for widget in (title, text, where):
            body.addWidget(widget)
        body.addSpacing(8)
        body.addLayout(buttons)
        self.setMinimumWidth(looks.px(460))

    def _copy(self) -> None:
        try:
            text = self._path.read_text(encoding="utf-8")[-20_000:]
        except OSError:
            text = str(self._path)
        QGuiApplication.clipboard().setText(text)
