"""The page of an empty workspace: drop files, look around in the demo shop, or open another workspace."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from ecoperf_desktop import language
from ecoperf_desktop.language import sentence
from ecoperf_desktop.ui import icons, looks
from ecoperf_desktop.ui.buttons import FlatButton, Segments
from ecoperf_desktop.ui.texts import Label, one_line

_WIDTH = 820


class Picture(QWidget):
    """One of our drawings, large."""

    def __init__(self, name: str, size: int, tone: str = "accent") -> None:
        super().__init__()
        self._name, self._tone = name, tone
        self.setFixedSize(QSize(size, size))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        icons.draw(painter, QRectF(self.rect()), self._name, getattr(looks.now(), self._tone))
        painter.end()


class DropZone(QFrame):
    """A dashed frame that says where files go.  The whole window takes them; this only shows it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.NoFrame)

    def paintEvent(self, event: QPaintEvent) -> None:
        now = looks.now()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pen = QPen(looks.color(now.accent), 1.2)
        pen.setDashPattern([3, 2.5])
        painter.setPen(pen)
        painter.setBrush(looks.color(now.surface))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), looks.RADIUS_CARD, looks.RADIUS_CARD)
        painter.end()


class _Rule(QWidget):
    """An upright hairline."""

    def __init__(self) -> None:
        super().__init__()
        self.setFixedWidth(1)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), looks.color(looks.now().hair))
        painter.end()


class FirstRun(QScrollArea):
    """Start here."""

    choose_asked = Signal()
    demo_asked = Signal()
    open_asked = Signal()
    language_chosen = Signal(str)

    def __init__(self, workspace: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("page")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self._workspace = workspace
        sheet = QWidget()
        sheet.setObjectName("sheet")
        self._welcome = Label(role="welcome")
        self._promise = Label(role="body", tone="ink2")
        self._promise.setWordWrap(True)
        self._languages = Segments(height=28)
        self._languages.chosen.connect(self.language_chosen)
        head = QHBoxLayout()
        words = QVBoxLayout()
        words.setSpacing(4)
        words.addWidget(self._welcome)
        words.addWidget(self._promise)
        head.addLayout(words, 1)
        head.addWidget(self._languages, 0, Qt.AlignmentFlag.AlignBottom)

        zone = DropZone()
        self._drop, self._kinds = Label(role="body_strong"), Label(role="small", tone="ink2")
        self._choose = FlatButton(primary=True)
        self._choose.clicked.connect(self.choose_asked)
        left = QVBoxLayout()
        left.setSpacing(8)
        left.addStretch(1)
        for widget in (Picture("import", 44), self._drop, self._kinds, self._choose):
            left.addWidget(widget, 0, Qt.AlignmentFlag.AlignHCenter)
        left.addStretch(1)
        rule = _Rule()
        self._known = Label(role="body_strong")
        self._table = QGridLayout()
        self._table.setHorizontalSpacing(18)
        self._table.setVerticalSpacing(8)
        self._table.setColumnStretch(1, 1)
        self._pairs: list[tuple[str, Label, Label]] = []
        for row, key in enumerate(("shops", "ads", "operations")):
            name, value = Label(role="table", tone="ink3"), Label(role="table", tone="ink2")
            value.setWordWrap(True)
            name.setAlignment(Qt.AlignmentFlag.AlignTop)
            self._table.addWidget(name, row, 0)
            self._table.addWidget(value, row, 1)
            self._pairs.append((key, name, value))
        self._else = Label(role="small", tone="ink3")
        self._else.setWordWrap(True)
        right = QVBoxLayout()
        right.setSpacing(10)
        right.addStretch(1)
        right.addWidget(self._known)
        right.addLayout(self._table)
        right.addWidget(self._else)
        right.addStretch(1)
        inside = QHBoxLayout(zone)
        inside.setContentsMargins(28, 26, 32, 26)
        inside.setSpacing(28)
        inside.addLayout(left, 3)
        inside.addWidget(rule)
        inside.addLayout(right, 8)
        zone.setMinimumHeight(looks.px(214))

        offers = QFrame()
        offers.setObjectName("card")
        rows = QVBoxLayout(offers)
        rows.setContentsMargins(18, 6, 18, 6)
        rows.setSpacing(0)
        self._offers: list[tuple[str, Label, Label, FlatButton]] = []
        for key, icon, signal in (("demo", "shop", self.demo_asked), ("open", "db", self.open_asked)):
            title, text = Label(role="body_strong"), Label(role="table", tone="ink2")
            text.setWordWrap(True)
            button = FlatButton()
            button.clicked.connect(signal)
            line = QHBoxLayout()
            line.setContentsMargins(0, 12, 0, 12)
            line.setSpacing(14)
            two = QVBoxLayout()
            two.setSpacing(2)
            two.addWidget(title)
            two.addWidget(text)
            line.addWidget(Picture(icon, 18, "ink2"))
            line.addLayout(two, 1)
            line.addWidget(button)
            rows.addLayout(line)
            self._offers.append((key, title, text, button))

        foot = QHBoxLayout()
        foot.setSpacing(8)
        self._stays = Label(role="table", tone="ink2", elided=True)
        foot.addWidget(Picture("lock", 15, "ink2"))
        foot.addWidget(self._stays, 1)

        column = QVBoxLayout()
        column.setSpacing(16)
        for part in (head, zone, offers, foot):
            if isinstance(part, QHBoxLayout):
                column.addLayout(part)
            else:
                column.addWidget(part)
        holder = QWidget()
        holder.setLayout(column)
        holder.setMaximumWidth(looks.px(_WIDTH))
        holder.setMinimumWidth(looks.px(640))
        holder.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        outer = QVBoxLayout(sheet)
        outer.setContentsMargins(looks.PAGE_SIDE, 24, looks.PAGE_SIDE, 24)
        line = QHBoxLayout()
        line.addStretch(1)
        line.addWidget(holder, 100)
        line.addStretch(1)
        outer.addStretch(2)
        outer.addLayout(line)
        outer.addStretch(3)
        self.setWidget(sheet)
        self.retranslate()

    @property
    def buttons(self) -> dict[str, FlatButton]:
        return {"choose": self._choose, **{key: button for key, _, _, button in self._offers}}

    def retranslate(self) -> None:
        self._welcome.setText(sentence("ui.welcome"))
        self._promise.setText(sentence("ui.welcome_promise"))
        self._languages.set_choices([("en", "English"), ("zh", "中文")], language.current())
        self._drop.setText(sentence("ui.drop_here"))
        self._kinds.setText(sentence("ui.drop_kinds"))
        self._choose.set_words(sentence("ui.choose_files"))
        self._known.setText(sentence("ui.known_formats"))
        for key, name, value in self._pairs:
            name.setText(sentence(f"ui.known_{key}"))
            value.setText(sentence(f"ui.known_{key}_list"))
        self._else.setText(sentence("ui.known_else"))
        for key, title, text, button in self._offers:
            title.setText(sentence(f"ui.offer_{key}"))
            text.setText(sentence(f"ui.offer_{key}_text"))
            button.set_words(sentence(f"ui.offer_{key}_button"))
        self._stays.setText(sentence("ui.stays_here", path=one_line(str(self._workspace))))
