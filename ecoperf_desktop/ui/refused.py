"""What is shown instead of a window when a workspace cannot be opened."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QDialog, QFileDialog, QHBoxLayout, QVBoxLayout, QWidget

from ecoperf_desktop.errors import EcoPerfError
from ecoperf_desktop.language import sentence
from ecoperf_desktop.ui import icons, looks
from ecoperf_desktop.ui.buttons import FlatButton
from ecoperf_desktop.ui.crash import words_of
from ecoperf_desktop.ui.texts import Label


class Refused(QDialog):
    """Says why, and offers another file."""

    def __init__(self, workspace: Path, problem: EcoPerfError, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.other: Path | None = None
        self._folder = workspace.parent
        self.setWindowTitle("EcoPerf")
        self.setWindowIcon(icons.app_icon())
        title = Label(sentence("ui.cannot_open"), "sentence")
        text = Label(words_of(problem), "body", "ink2")
        text.setWordWrap(True)
        other = FlatButton("db", sentence("ui.open_other"))
        leave = FlatButton(word=sentence("ui.quit"), primary=True)
        other.clicked.connect(self._choose)
        leave.clicked.connect(self.reject)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(other)
        buttons.addWidget(leave)
        body = QVBoxLayout(self)
        body.setContentsMargins(24, 22, 24, 18)
        body.setSpacing(10)
        body.addWidget(title)
        body.addWidget(text)
        body.addSpacing(8)
        body.addLayout(buttons)
        self.setMinimumWidth(looks.px(460))

    def _choose(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, sentence("ui.open_title"), str(self._folder), sentence("ui.open_filter"))
        if name:
            self.other = Path(name)
            self.accept()
