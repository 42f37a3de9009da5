"""Which of the last weeks' days each source speaks for: a hole looks like a hole, a late source like a late one."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from ecoperf_desktop import language
from ecoperf_desktop.language import sentence
from ecoperf_desktop.model.days import Day, Grain, Period, bucket_of
from ecoperf_desktop.model.quality import Pace, SourceDays
from ecoperf_desktop.records import dataclass
from ecoperf_desktop.reports.figures import axis_label, day_text
from ecoperf_desktop.reports.make.quality import kind_name
from ecoperf_desktop.store.coverage import merged
from ecoperf_desktop.ui import looks, marks
from ecoperf_desktop.ui.cards import Card
from ecoperf_desktop.ui.texts import tip

_WEEKS = 12
_ROW = 23
_HEAD = 24
_GRAVEST: tuple[Pace, ...] = ("late", "in_time", "unknown", "stopped")


@dataclass(frozen=True)
class Strip:
    """One line of the grid: a source with one kind of data, its shops together."""

    source: str
    kind: str
    ranges: tuple[tuple[Day, Day], ...]
    holes: frozenset[Day]
    rhythm: int | None
    awaited: int
    pace: Pace
    is_first: bool

    def state(self, day: Day) -> str:
        """Return ``covered``, ``hole``, ``awaited``, or nothing for a day nobody expects."""
        if day in self.holes:
            return "hole"
        if any(first <= day <= last for first, last in self.ranges):
            return "covered"
        return "awaited" if self.pace == "late" and day > self.ranges[-1][1] else ""


def strips(sources: Sequence[SourceDays]) -> list[Strip]:
    """Return a line a source and kind; of a kind that several shops have, what is worst about it."""
    together: dict[tuple[str, str], list[SourceDays]] = {}
    for one in sources:
        together.setdefault((one.source, one.kind), []).append(one)
    made: list[Strip] = []
    for (source, kind), own in together.items():
        worst = min(own, key=lambda one: (_GRAVEST.index(one.pace), -one.awaited))
        ranges = merged(sorted(pair for one in own for pair in one.ranges))
        holes = frozenset(day for one in own for day in one.holes)
        is_first = not made or made[-1].source != source
        made.append(Strip(source, kind, ranges, holes, worst.rhythm, worst.awaited, worst.pace, is_first))
    return made


class DaysCard(Card):
    """The calendar of all sources; a click on a source's name asks for its answers."""

    answers_asked = Signal(str)  # source

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.grid = _Grid(self)
        self.grid.source_clicked.connect(self.answers_asked)
        self._outer.addWidget(self.grid)
        self._outer.addStretch(1)

    def show_days(self, sources: Sequence[SourceDays], through: Day | None, week_start: int) -> None:
        shown = strips(sources)
        self.set_head(sentence("ui.coverage"), sentence("ui.coverage_weeks", n=_WEEKS), sentence("ui.coverage_missing") if shown else "")
        self.grid.show_strips(shown, through, week_start)


class _Grid(QWidget):
    source_clicked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._strips: list[Strip] = []
        self._through: Day | None = None
        self._week_start = 1
        self._current = -1
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def show_strips(self, shown: list[Strip], through: Day | None, week_start: int) -> None:
        self._strips, self._through, self._week_start = shown, through, week_start
        told = [f"{one.source}, {kind_name(one.kind, language.current())}: {self._state_text(one)}" for one in shown]
        self.setAccessibleName(sentence("ui.coverage") + ". " + ". ".join(told))
        self.setFixedHeight(self.sizeHint().height())
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(300, _HEAD + _ROW * max(1, len(self._strips)) + 10)

    def _span(self) -> Period:
        end = self._through if self._through is not None else 0
        # Who is already further on than the sales is seen as well.
        last = max([end, *(min(one.ranges[-1][1], end + 7) for one in self._strips)])
        week = bucket_of(last, Grain.WEEK, self._week_start)
        return Period(week.period.first - 7 * (_WEEKS - 1), last)

    def _columns(self) -> tuple[float, float, float, float]:
        """Return where kinds, days and states begin, and how wide a day is."""
        metrics = QFontMetrics(looks.font("small"))
        spoken = language.current()
        sources = max([metrics.horizontalAdvance(one.source) for one in self._strips] or [60])
        kinds = max([metrics.horizontalAdvance(kind_name(one.kind, spoken)) for one in self._strips] or [60])
        states = max([metrics.horizontalAdvance(self._state_text(one)) for one in self._strips] or [60])
        kind_left = looks.CARD_PADDING + min(sources, 170) + 16
        left = kind_left + min(kinds, 170) + 16
        state_left = self.width() - looks.CARD_PADDING - states
        step = max(2.0, (state_left - 20 - left) / (_WEEKS * 7))
        return kind_left, left, state_left, step

    @staticmethod
    def _state_text(one: Strip) -> str:
        pace = sentence(f"quality.pace_{one.pace}", n=one.awaited)
        return pace if one.rhythm is None or one.pace == "stopped" else f"{sentence('quality.rhythm', n=one.rhythm)} · {pace}"

    def paintEvent(self, event: QPaintEvent) -> None:
        now = looks.now()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(looks.font("small"))
        if self._through is None or not self._strips:
            painter.setPen(looks.color(now.ink3))
            painter.drawText(QRectF(looks.CARD_PADDING, 2, self.width(), 22), 0, sentence("ui.coverage_none"))
            painter.end()
            return
        span = self._span()
        kind_left, left, state_left, step = self._columns()
        spoken = language.current()
        weeks = {day: bucket_of(day, Grain.WEEK, self._week_start) for day in range(span.first, span.last + 1)}
        painter.setFont(looks.font("axis"))
        painter.setPen(looks.color(now.ink3))
        for day, week in weeks.items():
            if week.period.first == day:
                painter.drawText(QRectF(left + (day - span.first) * step, 2, 60, 18), 0, axis_label(week, Grain.WEEK, spoken))
        metrics = QFontMetrics(looks.font("small"))
        middle = int(Qt.AlignmentFlag.AlignVCenter.value)
        for row, one in enumerate(self._strips):
            top = _HEAD + row * _ROW
            painter.setFont(looks.font("small"))
            if one.is_first:
                if row:
                    painter.setPen(QPen(looks.color(now.hair), 1))
                    painter.drawLine(looks.CARD_PADDING, top - 1, self.width() - looks.CARD_PADDING, top - 1)
                painter.setPen(looks.color(now.accent))
                name = metrics.elidedText(one.source, Qt.TextElideMode.ElideRight, int(kind_left - looks.CARD_PADDING - 10))
                painter.drawText(QRectF(looks.CARD_PADDING, top, kind_left, _ROW - 3), middle, name)
                if row == self._current:
                    base = top + (_ROW - 3) / 2 + metrics.ascent() / 2
                    painter.drawLine(QPointF(looks.CARD_PADDING, base), QPointF(looks.CARD_PADDING + metrics.horizontalAdvance(name), base))
            painter.setPen(looks.color(now.ink2))
            kind = metrics.elidedText(kind_name(one.kind, spoken), Qt.TextElideMode.ElideRight, int(left - kind_left - 8))
            painter.drawText(QRectF(kind_left, top, left - kind_left, _ROW - 3), middle, kind)
            for day, week in weeks.items():
                gap = 1.5 if week.period.first == day else 0.0
                box = QRectF(left + (day - span.first) * step + gap, top + 2, step - 1 - gap, _ROW - 7)
                match one.state(day):
                    case "covered":
                        painter.fillRect(box, looks.blend(now.surface, now.bar, 0.6))
                    case "hole":
                        painter.fillRect(box, marks.hatching(now.bar_down))
                        painter.setPen(QPen(looks.color(now.bar_down), 1))
                        painter.drawRect(box.adjusted(0.5, 0.5, -0.5, -0.5))
                    case "awaited":
                        painter.setPen(QPen(looks.color(now.bar_down), 1))
                        painter.drawRect(box.adjusted(0.5, 0.5, -0.5, -0.5))
                    case _:
                        painter.fillRect(QRectF(box.left(), box.center().y() - 0.5, box.width(), 1), looks.color(now.hair))
            painter.setPen(looks.color(now.worse if one.pace == "late" else now.ink3))
            painter.drawText(QRectF(state_left, top, self.width() - state_left, _ROW - 3), middle, self._state_text(one))
        if self.hasFocus():
            marks.draw_focus(painter, QRectF(self.rect()).adjusted(2, 1, -2, -3))
        painter.end()

    def _row_at(self, event: QMouseEvent) -> int:
        row = int((event.position().y() - _HEAD) // _ROW)
        return row if 0 <= row < len(self._strips) else -1

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        row = self._row_at(event)
        kind_left, left, _, step = self._columns()
        over_name = row >= 0 and event.position().x() < kind_left and self._strips[row].is_first
        self.setCursor(Qt.CursorShape.PointingHandCursor if over_name else Qt.CursorShape.ArrowCursor)
        current = row if over_name else -1
        if current != self._current:
            self._current = current
            self.update()
        span = self._span()
        place = int((event.position().x() - left) // step)
        if row < 0 or not 0 <= place < span.days:
            if over_name:
                QToolTip.showText(event.globalPosition().toPoint(), tip(sentence("ui.answers_of", source=self._strips[row].source)), self)
            return
        one, day = self._strips[row], span.first + place
        code = {"covered": "ui.covered", "hole": "ui.not_covered", "awaited": "ui.day_awaited", "": "ui.day_not_expected"}[one.state(day)]
        words = f"{one.source}, {kind_name(one.kind, language.current())}, {day_text(day, language.current())}: {sentence(code)}"
        QToolTip.showText(event.globalPosition().toPoint(), tip(words), self)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        row = self._row_at(event)
        if row >= 0 and event.position().x() < self._columns()[0] and self._strips[row].is_first:
            self.source_clicked.emit(self._strips[row].source)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        firsts = [row for row, one in enumerate(self._strips) if one.is_first]
        if event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Up) and firsts:
            place = firsts.index(self._current) if self._current in firsts else -1
            step = 1 if event.key() == Qt.Key.Key_Down else -1
            self._current = firsts[(place + step) % len(firsts)]
            self.update()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._current in firsts:
            self.source_clicked.emit(self._strips[self._current].source)
        else:
            super().keyPressEvent(event)
