"""The frames of a page that are painted without pyqtgraph: card, KPI cards, table, callouts, notes, empty."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QFontMetrics,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QMenu,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from ecoperf_desktop.language import sentence
from ecoperf_desktop.reports.blocks import (
    Callout,
    Callouts,
    Empty,
    Headline,
    KpiCard,
    Notes,
    Reference,
    State,
    Table,
)
from ecoperf_desktop.ui import icons, looks, marks
from ecoperf_desktop.ui.buttons import FlatButton
from ecoperf_desktop.ui.table_view import RowsView
from ecoperf_desktop.ui.texts import Label, one_line, tip

if TYPE_CHECKING:
    from ecoperf_desktop.ui.filter_bar import FilterBar


class StateLabel(QWidget):
    """A verdict's mark and word."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state: State | None = None
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def show_state(self, state: State | None) -> None:
        self._state = state
        self.setVisible(state is not None and bool(state.text))
        self.setToolTip(tip(state.why) if state else "")
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        metrics = QFontMetrics(looks.font("body_strong"))
        return QSize(metrics.horizontalAdvance(self._state.text if self._state else "") + 20, metrics.height() + 2)

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._state is None:
            return
        painter = QPainter(self)
        paint_state(painter, QRectF(self.rect()), self._state)
        painter.end()


def paint_state(painter: QPainter, rect: QRectF, state: State) -> None:
    """Paint mark and word, from the left."""
    now = looks.now()
    marks.draw_mark(painter, QPointF(rect.left() + 5, rect.center().y()), state.mark, marks.tone_color(state.tone, now.ink3))
    painter.setFont(looks.font("body_strong" if state.is_signal else "body"))
    painter.setPen(marks.tone_color(state.tone, now.ink2))
    painter.drawText(rect.adjusted(18, 0, 0, 0), int(Qt.AlignmentFlag.AlignVCenter.value), state.text)


class Card(QFrame):
    """A white frame with a head: title, what it is in grey, and a corner at the right."""

    explain_asked = Signal(object)  # Reference
    page_asked = Signal(str)
    action_asked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._outer = QVBoxLayout(self)
        self._outer.setContentsMargins(1, 1, 1, 1)
        self._outer.setSpacing(0)
        self._head = QWidget(self)
        self._head.setFixedHeight(looks.px(looks.CARD_HEAD))
        self._head_line = line = QHBoxLayout(self._head)
        line.setContentsMargins(looks.CARD_PADDING - 1, 0, looks.CARD_PADDING - 1, 0)
        line.setSpacing(8)
        self._title = Label(role="body_strong")
        self._subtitle = Label(role="table", tone="ink3", elided=True)
        self._corner = Label(role="table", tone="ink3")
        line.addWidget(self._title)
        line.addWidget(self._subtitle, 1)
        line.addWidget(self._corner)
        self._head_line = line
        self._outer.addWidget(self._head)
        self._reference: Reference | None = None
        self._flash = False

    def set_head(self, title: str, subtitle: str = "", corner: str = "") -> None:
        self._title.setText(one_line(title))
        self._subtitle.setText(one_line(subtitle))
        self._subtitle.setToolTip(tip(subtitle))
        self._corner.setText(one_line(corner))
        self._corner.setVisible(bool(corner))
        self.setAccessibleName(title)

    def flash(self) -> None:
        """Outline the card for a second, for someone who was sent here."""
        self._flash = True
        self.update()
        QTimer.singleShot(1000, self, self._end_flash)

    def _end_flash(self) -> None:
        self._flash = False
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self._flash or (self.hasFocus() and self.focusPolicy() is not Qt.FocusPolicy.NoFocus):
            painter = QPainter(self)
            marks.draw_focus(painter, QRectF(self.rect()), looks.RADIUS_CARD)
            painter.end()


class Foot(QFrame):
    """The strip at a card's lower edge."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("foot")
        line = QHBoxLayout(self)
        line.setContentsMargins(looks.CARD_PADDING - 1, 7, looks.CARD_PADDING - 1, 7)
        self.text = Label(role="small", tone="ink2")
        self.text.setWordWrap(True)
        line.addWidget(self.text, 1)


class HeadlineView(QWidget):
    """The page in a sentence, and its verdicts counted."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 2, 0, 2)
        line.setSpacing(16)
        self._sentence = Label(role="sentence", elided=True)
        line.addWidget(self._sentence, 1)
        self._counts = QHBoxLayout()
        self._counts.setSpacing(16)
        line.addLayout(self._counts)
        self._shown: list[StateLabel] = []

    def show_block(self, block: Headline) -> None:
        self._sentence.setText(one_line(block.sentence))
        self._sentence.setToolTip(tip(block.sentence))
        self.setAccessibleName(block.sentence)
        for old in self._shown:
            self._counts.removeWidget(old)
            old.deleteLater()
        self._shown = []
        for state in block.counts:
            label = StateLabel(self)
            label.show_state(state)
            self._counts.addWidget(label)
            self._shown.append(label)


class KpiView(QFrame):
    """One number: name and verdict, value and spark, and one line of what it is set against."""

    explain_asked = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("kpi")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._block: KpiCard | None = None

    def show_block(self, block: KpiCard) -> None:
        self._block = block
        self.setCursor(Qt.CursorShape.PointingHandCursor if block.reference else Qt.CursorShape.ArrowCursor)
        words = (block.title, block.figure.text, block.state.text, block.line)
        self.setAccessibleName(", ".join(word for word in words if word))
        self.setToolTip(tip("\n".join(part for part in (block.line, block.figure.reason, block.state.why) if part)))
        self.update()

    def sizeHint(self) -> QSize:
        heights = [QFontMetrics(looks.font(role)).height() for role in ("table", "figure", "small")]
        return QSize(232, sum(heights) + 36)

    def minimumSizeHint(self) -> QSize:
        return QSize(180, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        block = self._block
        if block is None:
            return
        now = looks.now()
        painter = QPainter(self)
        inner = QRectF(self.rect()).adjusted(looks.CARD_PADDING, 10, -looks.CARD_PADDING, -9)
        name, figure, small = looks.font("table"), looks.font("figure"), looks.font("small")
        first = QFontMetrics(name).height() + 2
        state_width = 0.0
        if block.state.text:
            font = looks.font("small_strong" if block.state.is_signal else "small")
            state_width = QFontMetrics(font).horizontalAdvance(block.state.text) + 18.0
            left = inner.right() - state_width
            center = inner.top() + first / 2
            marks.draw_mark(painter, QPointF(left + 5, center), block.state.mark, marks.tone_color(block.state.tone, now.ink3))
            painter.setFont(font)
            painter.setPen(marks.tone_color(block.state.tone, now.ink2))
            box = QRectF(left + 16, inner.top(), state_width - 14, first)
            painter.drawText(box, int(Qt.AlignmentFlag.AlignVCenter.value), block.state.text)
        painter.setFont(name)
        painter.setPen(looks.color(now.ink2))
        room = inner.width() - state_width - 8
        title = QFontMetrics(name).elidedText(one_line(block.title), Qt.TextElideMode.ElideRight, int(room))
        painter.drawText(QRectF(inner.left(), inner.top(), room, first), int(Qt.AlignmentFlag.AlignVCenter.value), title)
        last = QFontMetrics(small).height()
        middle = QRectF(inner.left(), inner.top() + first + 2, inner.width(), inner.height() - first - last - 6)
        painter.setFont(figure)
        painter.setPen(looks.color(now.ink if block.figure.value is not None else now.ink3))
        value_width = QFontMetrics(figure).horizontalAdvance(block.figure.text)
        text = block.figure.text
        if value_width > inner.width() and block.figure.short:
            text = block.figure.short
            value_width = QFontMetrics(figure).horizontalAdvance(text)
        painter.drawText(middle, int(Qt.AlignmentFlag.AlignVCenter.value), text)
        spark_width = min(112.0, inner.width() - value_width - 10)
        if block.spark is not None and spark_width >= 48:
            marks.draw_spark(painter, QRectF(inner.right() - spark_width + 6, middle.center().y() - 17, spark_width, 34), block.spark)
        painter.setFont(small)
        painter.setPen(looks.color(now.ink2))
        line = QFontMetrics(small).elidedText(one_line(block.line), Qt.TextElideMode.ElideRight, int(inner.width()))
        painter.drawText(QRectF(inner.left(), inner.bottom() - last, inner.width(), last), int(Qt.AlignmentFlag.AlignVCenter.value), line)
        painter.end()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self._explain()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self._explain()
        elif event.matches(QKeySequence.StandardKey.Copy) and self._block:
            QGuiApplication.clipboard().setText(self._block.figure.text)
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if self._block is None:
            return
        menu = QMenu(self)
        explain = menu.addAction(sentence("ui.explain_number"), self._explain)
        explain.setEnabled(self._block.reference is not None)
        menu.addAction(sentence("ui.copy_value"), lambda: QGuiApplication.clipboard().setText(self._block.figure.text if self._block else ""))
        menu.exec(event.globalPos())

    def _explain(self) -> None:
        if self._block and self._block.reference:
            self.explain_asked.emit(self._block.reference)


class KpiRow(QWidget):
    """Up to five cards in a row, all of one width; more make rows of nearly equal length."""

    explain_asked = Signal(object)
    _MOST, _LEAST_WIDTH = 5, 204

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._cards: list[KpiView] = []
        policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def show_blocks(self, blocks: tuple[KpiCard, ...]) -> None:
        while len(self._cards) > len(blocks):
            self._cards.pop().deleteLater()
        while len(self._cards) < len(blocks):
            card = KpiView(self)
            card.explain_asked.connect(self.explain_asked)
            card.show()
            self._cards.append(card)
        for card, block in zip(self._cards, blocks, strict=True):
            card.show_block(block)
        self._arrange()

    @property
    def cards(self) -> list[KpiView]:
        return self._cards

    def _in_row(self, width: int) -> int:
        fit = max(1, (width + looks.GUTTER) // (looks.px(self._LEAST_WIDTH) + looks.GUTTER))
        most = min(self._MOST, fit, max(1, len(self._cards)))
        rows = -(-len(self._cards) // most) if self._cards else 1
        return -(-len(self._cards) // rows) if self._cards else 1

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        if not self._cards:
            return 0
        rows = -(-len(self._cards) // self._in_row(width))
        return rows * self._cards[0].sizeHint().height() + (rows - 1) * looks.GUTTER

    def sizeHint(self) -> QSize:
        return QSize(1000, self.heightForWidth(max(self.width(), 1000)))

    def resizeEvent(self, event: object) -> None:
        self._arrange()

    def _arrange(self) -> None:
        if not self._cards:
            return
        in_row = self._in_row(self.width())
        height = self._cards[0].sizeHint().height()
        width = (self.width() - (in_row - 1) * looks.GUTTER) / in_row
        for index, card in enumerate(self._cards):
            row, column = divmod(index, in_row)
            left = round(column * (width + looks.GUTTER))
            right = round(column * (width + looks.GUTTER) + width)
            card.setGeometry(left, row * (height + looks.GUTTER), right - left, height)


class TableCard(Card):
    """A table with its head and foot."""

    row_chosen = Signal(str)
    save_asked = Signal(object)  # Table, as it is arranged
    group_asked = Signal(str, str)

    def __init__(self, parent: QWidget | None = None, *, most_rows: int = 12) -> None:
        super().__init__(parent)
        self._most_rows = most_rows
        self.rows: RowsView | None = None
        self.bar: FilterBar | None = None
        self._more: FlatButton | None = None
        self._foot = Foot(self)
        self._filler = QWidget(self)
        self._filler.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Expanding)

    def show_block(self, block: Table) -> None:
        self.set_head(block.title, block.subtitle, block.corner)
        # A scorecard is read as a whole; only lists that can be sorted scroll.
        most = self._most_rows if block.is_sortable or len(block.rows) > 30 else len(block.rows)
        if self.rows is None:
            self.rows = RowsView(block, self, most_rows=most)
            self.rows.explain_asked.connect(self.explain_asked)
            self.rows.row_chosen.connect(self.row_chosen)
            self.rows.arranged.connect(self._show_arrangement)
            self.rows.filter_wanted.connect(self.filter)
            self.rows.save_asked.connect(self.save_asked)
            self.rows.group_asked.connect(self.group_asked)
            self._outer.addWidget(self.rows, 1000)
            self._outer.addWidget(self._filler, 1)
            self._outer.addWidget(self._foot)
        else:
            self.rows.show_table(block, most_rows=most)
        self.rows.setVisible(bool(block.columns))
        if block.is_sortable and self._more is None:
            self._more = FlatButton("dots")
            self._more.setFixedSize(26, 24)
            self._more.setAccessibleName(sentence("ui.table_menu"))
            self._more.clicked.connect(self._open_menu)
            self._head_line.addWidget(self._more)
        self._foot.text.setText(block.foot)
        self._foot.setVisible(bool(block.foot))
        if self.rows.table_model.how.is_filtered:
            self._show_arrangement()

    def _open_menu(self) -> None:
        if self.rows is not None and self._more is not None:
            self.rows.open_menu(self._more.mapToGlobal(self._more.rect().bottomLeft()))

    def filter(self) -> None:
        """Show the line above the rows in which they are filtered, and go there."""
        self._filter_bar().field.setFocus()

    def _filter_bar(self) -> FilterBar:
        if self.bar is None:
            from ecoperf_desktop.ui.filter_bar import FilterBar

            assert self.rows is not None
            self.bar = FilterBar(self)
            self.bar.changed.connect(self.rows.arrange)
            self.bar.left.connect(self.bar.hide)
            self.bar.left.connect(self.rows.setFocus)
            self._outer.insertWidget(self._outer.indexOf(self.rows), self.bar)
        self.bar.show()
        return self.bar

    def _show_arrangement(self) -> None:
        if self.rows is None:
            return
        model = self.rows.table_model
        if model.how.is_filtered or self.bar is not None:
            self._filter_bar().show_arrangement(model.how, model.columns, model.counts)


class _CalloutRow(QWidget):
    """One thing to discuss."""

    explain_asked = Signal(object)
    page_asked = Signal(str)

    def __init__(self, callout: Callout, first: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._callout, self._first = callout, first
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(f"{callout.state.text}. {callout.title}. {callout.detail}. {callout.owner} {callout.standing}")
        self.setToolTip(tip(callout.state.why))
        policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def _side(self) -> int:
        metrics = QFontMetrics(looks.font("small"))
        words = [self._callout.owner, ("xx " + self._callout.standing) if self._callout.standing else ""]
        widest = max(metrics.horizontalAdvance(word) for word in words)
        return widest + 12 if widest else 0

    def _boxes(self, width: int) -> tuple[QRectF, QRectF]:
        room = width - looks.CARD_PADDING - 26 - looks.CARD_PADDING - self._side()
        title, detail = QFontMetrics(looks.font("table_medium")), QFontMetrics(looks.font("small"))
        flags = int(Qt.TextFlag.TextWordWrap.value)
        one = title.boundingRect(0, 0, room, 1000, flags, one_line(self._callout.title))
        two = detail.boundingRect(0, 0, room, 1000, flags, self._callout.detail) if self._callout.detail else one.adjusted(0, 0, 0, -one.height())
        left = looks.CARD_PADDING + 26
        first = QRectF(left, 9, room, one.height())
        return first, QRectF(left, first.bottom() + 2, room, two.height())

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return int(self._boxes(width)[1].bottom()) + 10

    def sizeHint(self) -> QSize:
        return QSize(300, self.heightForWidth(max(self.width(), 300)))

    def paintEvent(self, event: QPaintEvent) -> None:
        now, callout = looks.now(), self._callout
        painter = QPainter(self)
        if not self._first:
            painter.setPen(QPen(looks.color(now.hair), 1))
            painter.drawLine(0, 0, self.width(), 0)
        title, detail = self._boxes(self.width())
        flags = int(Qt.TextFlag.TextWordWrap.value)
        center = title.top() + QFontMetrics(looks.font("table_medium")).height() / 2
        marks.draw_mark(painter, QPointF(looks.CARD_PADDING + 5, center), callout.state.mark, marks.tone_color(callout.state.tone, now.ink3))
        painter.setFont(looks.font("table_medium"))
        painter.setPen(looks.color(now.ink))
        painter.drawText(title, flags, one_line(callout.title))
        painter.setFont(looks.font("small"))
        painter.setPen(looks.color(now.ink2))
        painter.drawText(detail, flags, callout.detail)
        right = self.width() - looks.CARD_PADDING
        height = QFontMetrics(looks.font("small")).height()
        align = int((Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter).value)
        painter.drawText(QRectF(title.right(), title.top(), right - title.right(), height), align, one_line(callout.owner))
        painter.setPen(looks.color(now.ink))
        box = QRectF(title.right(), title.top() + height + 3, right - title.right(), height)
        painter.drawText(box, align, callout.standing)
        if self.hasFocus():
            marks.draw_focus(painter, QRectF(self.rect()).adjusted(2, 1, -2, -1))
        painter.end()

    def _go(self) -> None:
        if self._callout.reference:
            self.explain_asked.emit(self._callout.reference)
        elif self._callout.page:
            self.page_asked.emit(self._callout.page)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self.rect().contains(event.position().toPoint()):
            self._go()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self._callout.page:
            self.page_asked.emit(self._callout.page)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._go()
        elif event.matches(QKeySequence.StandardKey.Copy):
            QGuiApplication.clipboard().setText(f"{self._callout.title}. {self._callout.detail}")
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        menu = QMenu(self)
        if reference := self._callout.reference:
            menu.addAction(sentence("ui.explain_number"), lambda: self.explain_asked.emit(reference))
        if page := self._callout.page:
            menu.addAction(sentence("ui.go_to_page"), lambda: self.page_asked.emit(page))
        menu.addAction(sentence("ui.copy_text"), lambda: QGuiApplication.clipboard().setText(f"{self._callout.title}. {self._callout.detail}"))
        menu.exec(event.globalPos())


class CalloutsCard(Card):
    """What needs talk, and nothing else."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        rule = QFrame(self)
        rule.setFixedHeight(1)
        self._rule = rule
        self._outer.addWidget(rule)
        self._list = QVBoxLayout()
        self._list.setSpacing(0)
        self._outer.addLayout(self._list)
        self._nothing = Label(role="table", tone="ink3")
        self._nothing.setWordWrap(True)
        self._nothing.setContentsMargins(looks.CARD_PADDING, 10, looks.CARD_PADDING, 14)
        self._outer.addWidget(self._nothing)
        self._outer.addStretch(1)
        self._foot = Foot(self)
        self._outer.addWidget(self._foot)
        self._shown: list[_CalloutRow] = []

    def show_block(self, block: Callouts) -> None:
        self.set_head(block.title, block.subtitle, str(len(block.callouts)) if block.callouts else "")
        for old in self._shown:
            self._list.removeWidget(old)
            old.deleteLater()
        self._shown = []
        for position, callout in enumerate(block.callouts):
            row = _CalloutRow(callout, position == 0, self)
            row.explain_asked.connect(self.explain_asked)
            row.page_asked.connect(self.page_asked)
            self._list.addWidget(row)
            self._shown.append(row)
        self._nothing.setText(block.nothing)
        self._nothing.setVisible(not block.callouts)
        self._foot.text.setText(block.foot)
        self._foot.setVisible(bool(block.foot))

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setPen(QPen(looks.color(looks.now().hair), 1))
        painter.drawLine(1, self._rule.y(), self.width() - 2, self._rule.y())
        painter.end()


class NotesCard(Card):
    """Sentences that belong to the page."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._body = QVBoxLayout()
        self._body.setContentsMargins(looks.CARD_PADDING, 0, looks.CARD_PADDING, 12)
        self._body.setSpacing(5)
        self._outer.addLayout(self._body)
        self._outer.addStretch(1)
        self._shown: list[Label] = []

    def show_block(self, block: Notes) -> None:
        self.set_head(block.title)
        for old in self._shown:
            self._body.removeWidget(old)
            old.deleteLater()
        self._shown = []
        for line in block.lines:
            label = Label(line, "table", "ink2")
            label.setWordWrap(True)
            self._body.addWidget(label)
            self._shown.append(label)


class EmptyCard(Card):
    """One sentence what is missing, one what it needs, one button."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._missing = Label(role="body", tone="ink2")
        self._needs = Label(role="table", tone="ink3")
        for label in (self._missing, self._needs):
            label.setWordWrap(True)
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._button = QPushButton(icons.icon("import"), "", self)
        self._button.clicked.connect(self._pressed)
        self._action = ""
        body = QVBoxLayout()
        body.setContentsMargins(looks.CARD_PADDING, 14, looks.CARD_PADDING, 24)
        body.setSpacing(6)
        body.addWidget(self._missing)
        body.addWidget(self._needs)
        line = QHBoxLayout()
        line.setContentsMargins(0, 8, 0, 0)
        line.addStretch(1)
        line.addWidget(self._button)
        line.addStretch(1)
        body.addLayout(line)
        self._outer.addStretch(1)
        self._outer.addLayout(body)
        self._outer.addStretch(1)

    def show_block(self, block: Empty) -> None:
        self.set_head(block.title)
        self._missing.setText(block.missing)
        self._needs.setText(block.needs)
        self._action = block.action
        self._button.setText(sentence("ui.import_files"))
        self._button.setVisible(bool(block.action))

    def _pressed(self) -> None:
        self.action_asked.emit(self._action)

