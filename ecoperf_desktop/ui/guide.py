"""The guide in a window: its sections at the left, found by words, and their plain text with real places at the right."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from ecoperf_desktop import guide
from ecoperf_desktop.guide import Part, Section
from ecoperf_desktop.language import sentence
from ecoperf_desktop.ui import icons, looks
from ecoperf_desktop.ui.backups_dialog import open_folder
from ecoperf_desktop.ui.buttons import FlatButton
from ecoperf_desktop.ui.texts import Label, one_line

_NUMBER = Qt.ItemDataRole.UserRole
_LINE_WIDTH = 620


class GuideWindow(QDialog):
    """Shows the guide; nothing in it is markup, and only our own folders are opened from it."""

    def __init__(self, workspace: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowFlag(Qt.WindowType.WindowMinMaxButtonsHint, True)
        self.setWindowIcon(icons.app_icon())
        self._workspace = workspace
        self._sections: tuple[Section, ...] = ()
        self.search = QLineEdit(self)
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(lambda: self._list())
        self.titles = QListWidget(self)
        self.titles.setFrameShape(QFrame.Shape.NoFrame)
        self.titles.setWordWrap(True)
        self.titles.setSpacing(4)
        self.titles.setFixedWidth(looks.px(250))
        self.titles.currentItemChanged.connect(lambda now, before: self._show())
        self._nothing = Label("", "table", "ink3")
        self._nothing.setWordWrap(True)
        self.page = QScrollArea(self)
        self.page.setObjectName("page")
        self.page.setFrameShape(QFrame.Shape.NoFrame)
        self.page.setWidgetResizable(True)
        self.page.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.page.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        left = QVBoxLayout()
        left.setSpacing(8)
        for widget in (self.search, self._nothing, self.titles):
            left.addWidget(widget)
        body = QHBoxLayout(self)
        body.setContentsMargins(16, 16, 0, 0)
        body.setSpacing(16)
        body.addLayout(left)
        body.addWidget(self.page, 1)
        QShortcut(QKeySequence.StandardKey.Find, self).activated.connect(self.search.setFocus)
        self.resize(looks.px(980), looks.px(680))
        self.retranslate()

    def open_at(self, words: str = "") -> None:
        """Show the guide, at the sections that hold ``words`` where there are any."""
        self.search.setText(words)
        self.show()
        self.raise_()
        self.activateWindow()
        self.search.setFocus()

    def retranslate(self) -> None:
        self.setWindowTitle(sentence("guide.title"))
        self.search.setPlaceholderText(sentence("guide.search"))
        self.search.setAccessibleName(sentence("guide.search"))
        self.titles.setAccessibleName(sentence("guide.title"))
        self._nothing.setText(sentence("guide.nothing"))
        self._sections = guide.sections(self._workspace)
        self._list()

    @property
    def listed(self) -> list[str]:
        """Return the titles of the sections that hold what is searched for."""
        return [self.titles.item(row).text() for row in range(self.titles.count())]

    def _list(self) -> None:
        now = self.titles.currentItem()
        before = now.data(_NUMBER) if now is not None else 0
        found = [section for section in self._sections if section.speaks_of(self.search.text())]
        self.titles.blockSignals(True)
        self.titles.clear()
        for section in found:
            item = QListWidgetItem(section.title)
            item.setData(_NUMBER, section.number)
            self.titles.addItem(item)
            if section.number == before:
                self.titles.setCurrentItem(item)
        if found and self.titles.currentItem() is None:
            self.titles.setCurrentRow(0)
        self.titles.blockSignals(False)
        self._nothing.setVisible(not found)
        self._show()

    def _show(self) -> None:
        item = self.titles.currentItem()
        section = self._sections[item.data(_NUMBER)] if item is not None else None
        old = self.page.takeWidget()
        if old is not None:
            old.deleteLater()
        sheet = QWidget()
        sheet.setObjectName("sheet")
        column = QVBoxLayout(sheet)
        column.setContentsMargins(looks.PAGE_SIDE + 4, looks.PAGE_SIDE, looks.PAGE_SIDE + 4, looks.PAGE_SIDE)
        column.setSpacing(10)
        if section is not None:
            column.addWidget(_wrapped(section.title, "sentence", "ink"))
            column.addSpacing(2)
            for part in section.parts:
                column.addWidget(self._widget(part))
        column.addStretch(1)
        self.page.setWidget(sheet)
        self.page.verticalScrollBar().setValue(0)

    def _widget(self, part: Part) -> QWidget:
        match part.kind:
            case "place":
                return self._place(part)
            case "command":
                frame = QFrame()
                frame.setObjectName("card")
                inside = QHBoxLayout(frame)
                inside.setContentsMargins(12, 7, 12, 7)
                label = _wrapped(part.text, "table_medium", "ink")
                label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
                inside.addWidget(label)
                frame.setMaximumWidth(looks.px(_LINE_WIDTH))
                return frame
            case "bullet" | "step":
                return _marked("•" if part.kind == "bullet" else f"{part.mark}.", part.text)
            case _:
                return _wrapped(part.text)

    def _place(self, part: Part) -> QWidget:
        frame = QFrame()
        frame.setObjectName("card")
        path = Path(part.text)
        name = Label(sentence(f"guide.place_{part.mark}"), "body_strong")
        words = one_line(part.text) if path.exists() else f"{one_line(part.text)}  ({sentence('guide.not_there')})"
        where = _wrapped(words, "table", "ink2")
        folder = path if path.is_dir() else path.parent
        button = FlatButton("folder", sentence("guide.open"))
        button.setEnabled(folder.is_dir())
        button.clicked.connect(lambda: open_folder(folder))
        two = QVBoxLayout()
        two.setSpacing(2)
        two.addWidget(name)
        two.addWidget(where)
        inside = QHBoxLayout(frame)
        inside.setContentsMargins(14, 9, 12, 9)
        inside.setSpacing(12)
        inside.addLayout(two, 1)
        inside.addWidget(button)
        frame.setMaximumWidth(looks.px(_LINE_WIDTH))
        return frame


def _wrapped(text: str, role: str = "body", tone: str = "ink2") -> Label:
    label = Label(text, role, tone)
    label.setWordWrap(True)
    label.setMaximumWidth(looks.px(_LINE_WIDTH))
    return label


def _marked(mark: str, text: str) -> QWidget:
    row = QWidget()
    line = QHBoxLayout(row)
    line.setContentsMargins(6, 0, 0, 0)
    line.setSpacing(8)
    sign = Label(mark, "body", "ink3")
    sign.setFixedWidth(looks.px(20))
    line.addWidget(sign, 0, Qt.AlignmentFlag.AlignTop)
    line.addWidget(_wrapped(text), 1)
    row.setMaximumWidth(looks.px(_LINE_WIDTH))
    return row
