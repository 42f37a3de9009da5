"""The tabs and the number of signals inside each."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QFontMetrics,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QTabBar, QWidget

from ecoperf_desktop.language import sentence
from ecoperf_desktop.ui import looks, marks

PAGES = ("overview", "sales", "customers", "supply", "marketing", "site", "team", "finance", "data")


class TabRow(QWidget):
    """Holds the tabs so that the first word stands on the page's left edge, over a line of our own."""

    def __init__(self, tabs: Tabs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        line = QHBoxLayout(self)
        line.setContentsMargins(looks.PAGE_SIDE - 14, 0, 0, 0)
        line.addWidget(tabs)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), looks.color(looks.now().surface))
        painter.fillRect(0, self.height() - 1, self.width(), 1, looks.color(looks.now().border))
        painter.end()


class Tabs(QTabBar):
    """A row of names with a line under the chosen one; counts go first when it gets narrow."""

    page_chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("tabs")
        self.setDrawBase(False)
        self.setExpanding(False)
        self.setUsesScrollButtons(True)
        self.setElideMode(Qt.TextElideMode.ElideNone)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._counts: dict[str, int] = {}
        self._tight = False
        self._by_keys = False
        for _ in PAGES:
            self.addTab("")
        self.retranslate()
        self.currentChanged.connect(lambda position: self.page_chosen.emit(PAGES[position]))

    def retranslate(self) -> None:
        for position, page in enumerate(PAGES):
            self.setTabText(position, sentence(f"ui.tab_{page}"))
            self.setTabToolTip(position, f"Ctrl+{position + 1}")

    def show_count(self, page: str, count: int) -> None:
        """Show how many signals a page holds; none shows nothing."""
        if self._counts.get(page, 0) != count:
            self._counts[page] = count
            position = PAGES.index(page)
            words = sentence("ui.signals_inside", n=count) if count else ""
            self.setAccessibleTabName(position, f"{self.tabText(position)} {words}".strip())
            # The width of a tab is kept by Qt until its text changes.
            self.setTabText(position, self.tabText(position))
            self.update()

    def choose(self, page: str) -> None:
        self.setCurrentIndex(PAGES.index(page))

    @property
    def page(self) -> str:
        return PAGES[max(0, self.currentIndex())]

    def resizeEvent(self, event: QResizeEvent) -> None:
        tight = self.width() < looks.px(940)
        if tight != self._tight:
            self._tight = tight
            self.retranslate()
        super().resizeEvent(event)

    def _count(self, position: int) -> str:
        count = self._counts.get(PAGES[position], 0)
        return str(count) if count and not self._tight else ""

    def tabSizeHint(self, index: int) -> QSize:
        width = QFontMetrics(looks.font("body_strong")).horizontalAdvance(self.tabText(index)) + 28
        if count := self._count(index):
            width += QFontMetrics(looks.font("small_strong")).horizontalAdvance(count) + 18
        return QSize(width, looks.px(looks.TAB_BAR))

    def minimumTabSizeHint(self, index: int) -> QSize:
        return self.tabSizeHint(index)

    def sizeHint(self) -> QSize:
        return QSize(super().sizeHint().width(), looks.px(looks.TAB_BAR))

    def paintEvent(self, event: QPaintEvent) -> None:
        now = looks.now()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), looks.color(now.surface))
        painter.fillRect(QRectF(0, self.height() - 1, self.width(), 1), looks.color(now.border))
        for position in range(self.count()):
            rect = QRectF(self.tabRect(position))
            chosen = position == self.currentIndex()
            painter.setFont(looks.font("body_strong" if chosen else "body"))
            painter.setPen(looks.color(now.ink if chosen else now.ink2))
            text = self.tabText(position)
            width = QFontMetrics(painter.font()).horizontalAdvance(text)
            painter.drawText(QRectF(rect.left() + 14, rect.top(), width + 2, rect.height() - 2), int(Qt.AlignmentFlag.AlignVCenter.value), text)
            if count := self._count(position):
                font = looks.font("small_strong")
                box_width = QFontMetrics(font).horizontalAdvance(count) + 10
                box = QRectF(rect.left() + 14 + width + 7, rect.center().y() - 9, box_width, 17)
                painter.setFont(font)
                painter.setPen(QPen(looks.color(now.worse), 1))
                painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
                painter.drawText(box, int(Qt.AlignmentFlag.AlignCenter.value), count)
            if chosen:
                painter.fillRect(QRectF(rect.left() + 10, self.height() - 2, rect.width() - 20, 2), looks.color(now.accent))
                if self.hasFocus() and self._by_keys:
                    marks.draw_focus(painter, rect.adjusted(2, 3, -2, -4))
        painter.end()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Down:
            self.focusNextChild()
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        # The ring is for those who come by keys; a click shows where it was by itself.
        self._by_keys = event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason, Qt.FocusReason.ShortcutFocusReason)
        super().focusInEvent(event)

    def wheelEvent(self, event: object) -> None:
        """A wheel over the names changes nothing: pages change only when asked."""

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self.setCursor(Qt.CursorShape.PointingHandCursor if self.tabAt(event.position().toPoint()) >= 0 else Qt.CursorShape.ArrowCursor)
        super().mouseMoveEvent(event)
