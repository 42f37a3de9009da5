"""The question before a window is closed while something is being written."""

from __future__ import annotations

from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget

from ecoperf_desktop.language import sentence
from ecoperf_desktop.ui import looks
from ecoperf_desktop.ui.buttons import FlatButton
from ecoperf_desktop.ui.texts import Label


class Closing(QDialog):
    """Asks whether to stop the work and close; accepted means yes.  It goes by itself when the work is done."""

    def __init__(self, work: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("EcoPerf")
        title = Label(sentence("ui.closing_title"), "sentence")
        text = Label(sentence("ui.closing_text", work=work), "body", "ink2")
        text.setWordWrap(True)
        self.stop = FlatButton(word=sentence("ui.closing_stop"))
        self.stay = FlatButton(word=sentence("ui.closing_stay"), primary=True)
        self.stop.clicked.connect(self.accept)
        self.stay.clicked.connect(self.reject)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addStretch(1)
        buttons.addWidget(self.stop)
        buttons.addWidget(self.stay)
        body = QVBoxLayout(self)
        body.setContentsMargins(24, 22, 24, 18)
        body.setSpacing(10)
        body.addWidget(title)
        body.addWidget(text)
        body.addSpacing(8)
        body.addLayout(buttons)
        self.setMinimumWidth(looks.px(460))
        self.stay.setFocus()

    def follow(self, busy: bool) -> None:
        """Close by itself when nothing is being written any more: the person may look at the outcome."""
        if not busy:
            self.reject()
