"""The tool bar: which shop and channel, which period, compared with what; find, import, print."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from PySide6.QtCore import Signal
from PySide6.QtGui import QActionGroup, QKeySequence, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QWidget

from ecoperf_desktop.language import sentence
from ecoperf_desktop.model.calendars import Calendar
from ecoperf_desktop.model.days import Day
from ecoperf_desktop.reports.blocks import Compare, Scope
from ecoperf_desktop.store.events import title
from ecoperf_desktop.ui import looks
from ecoperf_desktop.ui.buttons import FlatButton, with_tip
from ecoperf_desktop.ui.period_picker import PeriodPicker
from ecoperf_desktop.ui.texts import for_menu

COMPARISONS: tuple[Compare, ...] = ("previous", "elapsed", "year", "aligned", "event")


class ToolBar(QWidget):
    """What holds for every tab."""

    scope_chosen = Signal(object)
    find_asked = Signal()
    import_asked = Signal()
    print_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("bar")
        self._scope: Scope | None = None
        self._shops: tuple[str, ...] = ()
        self._channels: tuple[str, ...] = ()
        self._events: tuple[str, ...] = ()
        self._name = ""
        self.shop = FlatButton("shop", opens=True)
        self.channel = FlatButton("filter", opens=True)
        self.period = PeriodPicker()
        self.compare = FlatButton("swap", opens=True)
        self.finding = FlatButton("search")
        self.importing = FlatButton("import")
        self.printing = FlatButton("print")
        for button, open_menu in ((self.shop, self._open_shops), (self.channel, self._open_channels), (self.compare, self._open_compare)):
            button.clicked.connect(open_menu)
        self.finding.clicked.connect(self.find_asked)
        self.importing.clicked.connect(self.import_asked)
        self.printing.clicked.connect(self.print_asked)
        self.period.scope_chosen.connect(self._choose)
        line = QHBoxLayout(self)
        line.setContentsMargins(looks.PAGE_SIDE - 4, 0, looks.PAGE_SIDE - 4, 0)
        line.setSpacing(10)
        for widget in (self.shop, self.channel, self.period, self.compare):
            line.addWidget(widget)
        line.addStretch(1)
        for widget in (self.finding, self.importing, self.printing):
            line.addWidget(widget)
        self.setFixedHeight(looks.px(looks.TOOL_BAR))
        self.retranslate()

    def show_scope(
        self, scope: Scope | None, *, name: str, shops: tuple[str, ...], channels: tuple[str, ...], first: Day | None, through: Day | None,
        calendar: Calendar, events: tuple[str, ...] = (),
    ) -> None:  # fmt: skip
        """Show what is chosen and what there is to choose from; ``events`` are codes of those to compare round."""
        self._scope, self._name, self._shops, self._channels, self._events = scope, name, shops, channels, events
        self.period.show_scope(scope, first=first, through=through, calendar=calendar)
        self._write()

    def retranslate(self) -> None:
        native = QKeySequence.SequenceFormat.NativeText
        self.importing.set_words(sentence("ui.import"))
        self.printing.set_words(sentence("ui.print"))
        self.finding.set_words("", sentence("ui.find_number"))
        with_tip(self.finding, sentence("ui.find_number"), QKeySequence("Ctrl+K").toString(native))
        with_tip(self.importing, sentence("ui.import_files"), QKeySequence("Ctrl+I").toString(native))
        with_tip(self.printing, sentence("ui.print_sheet"), QKeySequence("Ctrl+P").toString(native))
        with_tip(self.shop, sentence("ui.choose_shop"))
        with_tip(self.channel, sentence("ui.choose_channel"))
        with_tip(self.compare, sentence("ui.choose_compare"))
        self.period.retranslate()
        self._write()

    def _write(self) -> None:
        scope = self._scope
        count = len(self._shops)
        if scope is not None and scope.shop is not None:
            self.shop.set_words(scope.shop)
        elif count == 1:
            self.shop.set_words(self._shops[0])
        elif self._name:
            self.shop.set_words(self._name, sentence("ui.all_shops", n=count) if count else "")
        else:
            self.shop.set_words(sentence("ui.all_shops", n=count) if count else sentence("ui.no_shop"))
        self.channel.setVisible(len(self._channels) > 1)
        self.channel.set_words((scope.channel if scope else None) or sentence("ui.all_channels"))
        compared = sentence(f"ui.compare_{scope.compare if scope else 'aligned'}")
        if scope is not None and scope.compare == "event" and scope.event is not None:
            compared = sentence("ui.compare_round", event=title(scope.event))
        self.compare.set_words(compared, lead=sentence("ui.versus"))
        for button in (self.shop, self.channel, self.compare):
            button.setEnabled(scope is not None)
        self.printing.setEnabled(scope is not None)
        self.finding.setEnabled(scope is not None)
        self._make_room()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._make_room()

    def _make_room(self) -> None:
        """Collapse comparison, channel and shop to icons, then the rest, until it fits."""
        order = (self.finding, self.compare, self.channel, self.shop, self.printing, self.importing)
        for button in order:
            button.set_collapsed(False)
        parts: list[QWidget] = [part for part in (self.shop, self.channel, self.period, self.compare, self.finding, self.importing, self.printing) if not part.isHidden()]
        for step in range(len(order) + 1):
            if step:
                order[step - 1].set_collapsed(True)
            wanted = sum(part.sizeHint().width() for part in parts) + 10 * len(parts) + 2 * looks.PAGE_SIDE
            if wanted <= self.width():
                break

    def _choose(self, scope: Scope) -> None:
        if scope != self._scope:
            self._scope = scope
            self._write()
            self.scope_chosen.emit(scope)

    def _choices(self, button: FlatButton, choices: list[tuple[str, str | None]], now: str | None) -> str | None:
        """Open a list below ``button``; return the key chosen, or what was chosen before."""
        menu = QMenu(self)
        group = QActionGroup(menu)
        for word, key in choices:
            # An ampersand in a name from data is a letter, not a mark for the next one.
            action = menu.addAction(for_menu(word))
            action.setCheckable(True)
            action.setChecked(key == now)
            action.setData(key)
            group.addAction(action)
        chosen = menu.exec(button.mapToGlobal(button.rect().bottomLeft()))
        return now if chosen is None else cast("str | None", chosen.data())

    def _open_shops(self) -> None:
        if self._scope is None:
            return
        choices: list[tuple[str, str | None]] = [(sentence("ui.all_shops", n=len(self._shops)), None), *((shop, shop) for shop in self._shops)]
        self._choose(replace(self._scope, shop=self._choices(self.shop, choices, self._scope.shop)))

    def _open_channels(self) -> None:
        if self._scope is None:
            return
        choices: list[tuple[str, str | None]] = [(sentence("ui.all_channels"), None), *((name, name) for name in self._channels)]
        self._choose(replace(self._scope, channel=self._choices(self.channel, choices, self._scope.channel)))

    def _open_compare(self) -> None:
        if self._scope is None:
            return
        choices: list[tuple[str, str | None]] = [(sentence(f"ui.compare_{kind}"), kind) for kind in COMPARISONS]
        choices += [(sentence("ui.compare_round", event=title(code)), f"event:{code}") for code in self._events]
        now = self._scope.compare if self._scope.event is None else f"event:{self._scope.event}"
        chosen = self._choices(self.compare, choices, now) or now
        kind, _, event = chosen.partition(":")
        self._choose(replace(self._scope, compare=cast(Compare, kind), event=event or None))

    def set_comparison(self, kind: Compare) -> None:
        if self._scope is not None:
            self._choose(replace(self._scope, compare=kind, event=None))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), looks.color(looks.now().surface))
        painter.end()

