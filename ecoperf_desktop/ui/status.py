"""The status bar: how far the data reach, what is missing, how it is read, draft or frozen."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QHelpEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from ecoperf_desktop.language import sentence
from ecoperf_desktop.reports.blocks import Facts
from ecoperf_desktop.ui import icons, looks
from ecoperf_desktop.ui.texts import tip


class Status(QWidget):
    """One line of facts, painted: parts at the left, the draft's mark at the right."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedHeight(looks.px(looks.STATUS_BAR))
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._left: list[tuple[str, bool]] = []
        self._right: list[str] = []
        self._places: list[tuple[QRectF, str]] = []
        self._facts: Facts | None = None
        self._gaps: tuple[str, ...] = ()
        self._state = self._why = ""
        self.show_facts(None)

    def show_state(self, words: str, why: str = "") -> None:
        """Say at the right how the workspace stands (read only, being backed up); ``why`` is its tip, nothing takes it away."""
        self._state, self._why = words, why
        self.show_facts(self._facts)

    def show_facts(self, facts: Facts | None, code: str = "") -> None:
        """Show what is known about the data; ``code`` are eight signs of the report's hash."""
        self._facts = facts
        if facts is None or facts.through is None:
            self._left, self._right, self._gaps = [(sentence("ui.no_data"), False)], [], ()
        else:
            through = " · ".join(part for part in (facts.through_text, facts.covered_text) if part)
            self._gaps = facts.gaps
            gap = facts.gaps[0] if len(facts.gaps) == 1 else sentence("ui.gaps", n=len(facts.gaps)) if facts.gaps else ""
            self._left = [(through, False), (gap, True), (facts.cost_text, False), (facts.calendar_text, False)]
            self._left = [part for part in self._left if part[0]]
            self._right = [part for part in (facts.draft, code or facts.report) if part]
        if self._state:
            self._right.append(self._state)
        self.setAccessibleName(". ".join([text for text, _ in self._left] + self._right))
        self.update()

    @property
    def text(self) -> str:
        return self.accessibleName()

    def sizeHint(self) -> QSize:
        return QSize(600, looks.px(looks.STATUS_BAR))

    def paintEvent(self, event: QPaintEvent) -> None:
        now = looks.now()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), looks.color(now.chrome))
        painter.fillRect(QRectF(0, 0, self.width(), 1), looks.color(now.border))
        font = looks.font("small")
        metrics = QFontMetrics(font)
        painter.setFont(font)
        center = int(Qt.AlignmentFlag.AlignVCenter.value)
        right = float(self.width() - looks.PAGE_SIDE)
        self._places = []
        for text in reversed(self._right):
            width = metrics.horizontalAdvance(text) + 2
            if text == self._state:
                self._places.append((QRectF(right - width, 0, width, self.height()), self._why))
            painter.setPen(looks.color(now.worse if text == self._state and self._why else now.ink2))
            painter.drawText(QRectF(right - width, 1, width, self.height()), center, text)
            right -= width + 14
            self._rule(painter, right + 7)
        left = float(looks.PAGE_SIDE)
        for position, (text, is_gap) in enumerate(self._left):
            room = right - left - 8
            lead = 20 if is_gap else 0
            if room < 60:
                break
            shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, int(room - lead))
            width = metrics.horizontalAdvance(shown)
            if is_gap:
                icons.draw(painter, QRectF(left, self.height() / 2 - 6.5, 13, 13), "warn", now.worse)
            painter.setPen(looks.color(now.worse if is_gap else now.ink2))
            painter.drawText(QRectF(left + lead, 1, width + 4, self.height()), center, shown)
            words = "\n".join(self._gaps) if is_gap else text if shown != text else ""
            self._places.append((QRectF(left, 0, width + lead, self.height()), words))
            left += width + lead + 14
            if position < len(self._left) - 1:
                self._rule(painter, left)
            left += 14
        painter.end()

    def _rule(self, painter: QPainter, x: float) -> None:
        painter.setPen(QPen(looks.color(looks.now().border), 1))
        painter.drawLine(QPointF(round(x) + 0.5, 5), QPointF(round(x) + 0.5, self.height() - 5))

    def event(self, event: object) -> bool:
        if isinstance(event, QHelpEvent):
            for rect, words in self._places:
                if words and rect.contains(QPointF(event.pos())):
                    QToolTip.showText(event.globalPos(), tip(words), self)
                    return True
        return bool(super().event(event))  # type: ignore[arg-type]
