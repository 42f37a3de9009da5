"""The main window: composes tool bar, tabs, pages, panel and strips, and passes what they say on.

It holds the scope (period, comparison, filters) as a value and asks the reader for
pages; the writer loads files and takes imports back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

from PySide6.QtCore import QByteArray, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import (
    QCloseEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QFontMetrics,
    QKeyEvent,
    QKeySequence,
    QPainter,
    QPaintEvent,
    QPen,
    QShortcut,
)
from PySide6.QtWidgets import QApplication, QDialog, QMainWindow, QStackedWidget, QVBoxLayout, QWidget

from ecoperf_desktop import actions, language, settings
from ecoperf_desktop.errors import EcoPerfError, WorkspaceDamaged, WorkspaceInUse
from ecoperf_desktop.language import sentence
from ecoperf_desktop.model.days import date_of
from ecoperf_desktop.reports.blocks import Compare, PageSummary, RateChange, Reference, Scope
from ecoperf_desktop.store.database import Workspace
from ecoperf_desktop.ui import chart_cards, icons, looks, reading, words
from ecoperf_desktop.ui.crash import words_of
from ecoperf_desktop.ui.errands import Errands
from ecoperf_desktop.ui.forbidden import forbid_writing
from ecoperf_desktop.ui.menus import Command, Menus, compare_commands, page_commands
from ecoperf_desktop.ui.page_view import PageView
from ecoperf_desktop.ui.remembered import window_settings
from ecoperf_desktop.ui.status import Status
from ecoperf_desktop.ui.strips import SayStrip, WorkStrip
from ecoperf_desktop.ui.tabs import PAGES, TabRow, Tabs
from ecoperf_desktop.ui.texts import for_title, tip
from ecoperf_desktop.ui.toolbar import ToolBar
from ecoperf_desktop.ui.work import Errand, Reader, Writer

if TYPE_CHECKING:
    from decimal import Decimal

    from ecoperf_desktop.model.importing import Progress
    from ecoperf_desktop.model.metric import OwnMetric
    from ecoperf_desktop.model.quality import Mend
    from ecoperf_desktop.store.answers import Answer, Changed
    from ecoperf_desktop.store.backup import Health
    from ecoperf_desktop.store.events import Event
    from ecoperf_desktop.store.rate_changes import RateChanged
    from ecoperf_desktop.store.rates import Known, Wanted
    from ecoperf_desktop.ui.answers_dialog import AnswersDialog
    from ecoperf_desktop.ui.catalogue_view import CatalogueWindow
    from ecoperf_desktop.ui.data_view import DataView
    from ecoperf_desktop.ui.events_dialog import Change, EventsDialog
    from ecoperf_desktop.ui.explain_panel import ExplainPanel
    from ecoperf_desktop.ui.first_run import FirstRun
    from ecoperf_desktop.ui.guide import GuideWindow
    from ecoperf_desktop.ui.rates_dialog import RatesDialog
    from ecoperf_desktop.ui.watching import Watching

SMALLEST = (1100, 680)
_DROP_FRAME = 2
_PATIENCE = 10.0  # seconds, for threads to end
_CHECK_AFTER = 5000  # milliseconds: first the pages


class MainWindow(QMainWindow):
    """The window of one workspace."""

    painted = Signal()
    workspace_asked = Signal(object)  # Path of another workspace to open
    damage_met = Signal()  # the person wants to see what is left of this one

    def __init__(
        self,
        workspace: Path,
        *,
        chosen: dict[str, str] | None = None,
        reader: Reader | None = None,
        standing: reading.Standing | None = None,
        first: PageSummary | None = None,
    ) -> None:
        super().__init__()
        self.path = workspace
        self.preferences = chosen if chosen is not None else settings.load()
        self.reader = reader or Reader(workspace)
        self.writer = Writer(workspace)
        self.standing = standing or reading.Standing()
        self.scope: Scope | None = first.scope if first else self.standing.scope(language.current(), self._rate_change())
        self._summaries: dict[str, PageSummary] = {}
        self._pages: dict[str, PageView] = {}
        self._data: DataView | None = None
        self._first_run: FirstRun | None = None
        self._panel: ExplainPanel | None = None
        self._catalogue: CatalogueWindow | None = None
        self._guide: GuideWindow | None = None
        self._keeping: QDialog | None = None
        self._cannot: tuple[str, dict[str, object]] | None = None
        self._checking: Errand | None = None
        self._closes_now = False
        # Whoever runs the program waits for the copy that is made at the end; a window alone does without.
        self.backs_up = False
        self._was_painted = False
        self._dropping = ""
        self.setObjectName("window")
        self.setWindowIcon(icons.app_icon())
        self.setMinimumSize(*SMALLEST)
        self.setAcceptDrops(True)
        self.bar = ToolBar()
        self.tabs = Tabs()
        self.tab_row = TabRow(self.tabs)
        self.work = WorkStrip()
        self.say, self.offer = SayStrip(), SayStrip()
        self.watching: Watching | None = None
        self.stack = QStackedWidget()
        self.status = Status()
        self._drop_frame = _DropFrame(self)
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for widget in (self.bar, self.tab_row, self.work, self.say, self.offer):
            column.addWidget(widget)
        column.addWidget(self.stack, 1)
        column.addWidget(self.status)
        self.setCentralWidget(body)
        self.errands = Errands(
            self, writer=self.writer, reader=self.reader, work=self.work, say=self.say, preferences=self.preferences,
            scope=lambda: self.scope, report_name=self._report_name, path=workspace, cannot=lambda: self.cannot_write,
        )  # fmt: skip
        self.menus = Menus(self, self._commands())
        self._connect()
        self._place()
        self._keys()
        self.menus.check("ui.english" if language.current() == "en" else "ui.chinese")
        self.menus.check(f"ui.looks_{self.preferences['appearance']}")
        if first is not None:
            self._summaries["overview"] = first
        self._show_standing()
        self.go("overview")
        self.tabs.setFocus()

    # ---- what is shown

    def go(self, page: str) -> None:
        """Show a page; its summary is asked for unless it is known."""
        self.tabs.blockSignals(True)
        self.tabs.choose(page)
        self.tabs.blockSignals(False)
        self.menus.check(f"ui.tab_{page}")
        if self.scope is None and page != "data":
            self.stack.setCurrentWidget(self._welcome())
            return
        if page == "data":
            self.stack.setCurrentWidget(self._data_view())
            self._ask_ledger()
            return
        view = self._page(page)
        known = self._summaries.get(page)
        if known is not None and known.scope == self.scope:
            if view.summary is not known:
                view.show_summary(known)
            self._fill_charts(view)
        else:
            self._ask(page)
        self.stack.setCurrentWidget(view)

    def page_is_shown(self, page: str) -> bool:
        """Return whether a page's numbers for the present scope are on it."""
        if page == "data":
            return self._data is not None and self.stack.currentWidget() is self._data
        view = self._pages.get(page)
        return view is not None and view.summary is not None and view.summary.scope == self.scope

    def choose_scope(self, scope: Scope) -> None:
        """Show another period, comparison or filter everywhere."""
        if scope == self.scope:
            return
        self.scope = scope
        self.menus.check(f"ui.compare_{scope.compare}")
        self._show_bar()
        if self.tabs.page != "data":
            self._ask(self.tabs.page)
        self._ask_counts()

    def group_table(self, table: str, dimension: str) -> None:
        """Show a table's rows in groups of ``dimension``, with their own totals; in none when it is empty."""
        if self.scope is None:
            return
        groups = dict(self.scope.groups)
        groups.pop(table, None)
        if dimension:
            groups[table] = dimension
        self.scope = replace(self.scope, groups=tuple(groups.items()))
        self._show_bar()
        self._ask(self.tabs.page)

    def explain(self, reference: Reference) -> None:
        """Open the panel on a number."""
        panel = self._explain_panel()
        panel.open(reference, self._metric_name(reference))
        if self.tabs.page in self._pages:
            self._pages[self.tabs.page].setFocus()

    def open_finder(self) -> None:
        """Open the field that finds numbers, pages and commands."""
        if self.scope is None:
            return
        self.reader.ask("names", lambda opened: reading.metric_names(opened, language.current()), self._open_finder, self._failed)

    def refresh(self) -> None:
        """Read everything again: what is stored has changed."""
        self._summaries.clear()
        self.reader.ask("standing", reading.stand, self._restand, self._failed)

    # ---- what is done

    def open_workspace(self) -> None:
        """Ask for another workspace file."""
        from PySide6.QtWidgets import QFileDialog

        name, _ = QFileDialog.getOpenFileName(self, sentence("ui.open_title"), str(self.path.parent), sentence("ui.open_filter"))
        if name:
            self.workspace_asked.emit(Path(name))

    def new_workspace(self) -> None:
        """Ask for the name of a workspace to be made."""
        from PySide6.QtWidgets import QFileDialog

        name, _ = QFileDialog.getSaveFileName(self, sentence("ui.new_title"), str(self.path.parent / "shop.ecoperf"), sentence("ui.open_filter"))
        if name:
            path = Path(name)
            self.workspace_asked.emit(path if path.suffix else path.with_suffix(".ecoperf"))

    def copy(self) -> None:
        """Copy the focused number, rows or chart."""
        widget = QApplication.focusWidget()
        if widget is not None:
            event = QKeyEvent(QKeyEvent.Type.KeyPress, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier, "c")
            QApplication.sendEvent(widget, event)

    def copy_picture(self) -> None:
        """Put the focused block on the clipboard as a picture."""
        view = self._pages.get(self.tabs.page)
        card = view.focused_card() if view else None
        target = card or self.stack.currentWidget()
        if isinstance(card, chart_cards.ChartCard):
            card.copy_picture()
        elif target is not None:
            QApplication.clipboard().setPixmap(target.grab())
        if target is not None:
            self.say.say(sentence("ui.picture_copied"))

    def toggle_table(self) -> None:
        """Turn the focused chart into its table, and back."""
        if view := self._pages.get(self.tabs.page):
            view.toggle_table()

    def set_language(self, chosen: str) -> None:
        """Speak another language from now on; everything shown is written again."""
        if chosen == language.current():
            return
        self.preferences["language"] = chosen
        self._save_preferences()
        words.speak(cast(QApplication, QApplication.instance()), chosen)
        self.retranslate()

    def set_appearance(self, chosen: str) -> None:
        """Be light, dark, or as the system is."""
        self.preferences["appearance"] = chosen
        self._save_preferences()
        looks.dress(cast(QApplication, QApplication.instance()), chosen)
        self.menus.check(f"ui.looks_{chosen}")
        for child in self.findChildren(QWidget):
            child.update()

    def set_comparison(self, kind: str) -> None:
        self.bar.set_comparison(cast(Compare, kind))

    def retranslate(self) -> None:
        """Write every word again in the language of the moment."""
        self.menus.retranslate()
        self.bar.retranslate()
        self.tabs.retranslate()
        self.menus.check("ui.english" if language.current() == "en" else "ui.chinese")
        for part in (self._first_run, self._data, self._panel, self._guide):
            if part is not None:
                part.retranslate()
        if self._cannot is not None:
            self._show_writing()
        if self.scope is not None:
            self.scope = replace(self.scope, language=language.current(), rate_change=self._rate_change())
            self._summaries.clear()
            self._show_bar()
            if self.tabs.page == "data":
                self._ask_ledger()
            else:
                self._ask(self.tabs.page)
            self._ask_counts()
        self.status.show_facts(None)
        self._title()

    def about(self) -> None:
        """Say what this is and what it runs on."""
        from ecoperf_desktop.ui.about import AboutBox

        AboutBox(self.path, self).exec()

    def show_guide(self, section: str = "") -> None:
        """Open the guide: what is kept where, and what to do when something went wrong."""
        from ecoperf_desktop.ui.guide import GuideWindow

        if self._guide is None:
            self._guide = GuideWindow(self.path, self)
        self._guide.open_at(section)

    def show_backups(self) -> None:
        """Show the backups of this workspace."""
        self.errands.show_backups()

    def show_preferences(self) -> None:
        """Let the person choose language, looks, paper and the form of changes."""
        from ecoperf_desktop.ui.preferences import Preferences

        brands = self.standing.brand_words
        dialog = Preferences(self.preferences, self, calendar=self.standing.calendar, day=self.standing.through, brand_words=brands)
        if dialog.exec():
            if dialog.brands.text() != ", ".join(brands):
                self._change_brands(dialog.brands.text())
            if dialog.calendar is not None and dialog.calendar.changes():
                self._change_calendar(dialog.calendar.changes())
            before = dict(self.preferences)
            self.preferences.update(dialog.chosen())
            self._save_preferences()
            if before["appearance"] != self.preferences["appearance"]:
                self.set_appearance(self.preferences["appearance"])
            if before["watched_folder"] != self.preferences["watched_folder"]:
                self._follow_watched()
            spoken = settings.chosen_language(self.preferences)
            if spoken != language.current():
                words.speak(cast(QApplication, QApplication.instance()), spoken)
            if spoken != (self.scope.language if self.scope else spoken) or before["rate_change"] != self.preferences["rate_change"]:
                self.retranslate()

    def _change_brands(self, text: str) -> None:
        """Take these words for the shop's names from now on."""
        self.writer.submit(
            "brands", lambda opened, progress: actions.change_brand_words(opened, text), lambda _: self.refresh(), self._failed
        )

    def _change_calendar(self, changes: dict[str, str]) -> None:
        """Count weeks and financial years otherwise from now on."""
        self.writer.submit(
            "calendar", lambda opened, progress: actions.change_calendar(opened, changes), lambda _: self.refresh(), self._failed
        )

    def show_events(self) -> None:
        """Show the calendar of promotions and holidays, and let the person change it."""

        def show(known: list[Event]) -> None:
            from ecoperf_desktop.ui.events_dialog import EventsDialog

            through = self.standing.through
            dialog = EventsDialog(known, self, year=None if through is None else date_of(through).year)
            dialog.change_asked.connect(lambda change: self._change_event(dialog, change))
            forbid_writing(dialog, self.cannot_write)
            dialog.show()

        self.reader.ask("events", actions.events, show, self._failed)

    def _change_event(self, dialog: EventsDialog, change: Change) -> None:
        def run(opened: Workspace, progress: Progress) -> list[Event]:
            if change.what == "set":
                actions.set_event(opened, change.code, change.year, change.first, change.last, change.anchor, change.kind)
            elif change.what == "remove":
                actions.remove_event(opened, change.code, change.year)
            else:
                actions.reset_event(opened, change.code, change.year)
            return actions.events(opened)

        def done(known: list[Event]) -> None:
            dialog.show_events(known)
            self.refresh()

        self.writer.submit("events", run, done, lambda problem: dialog.show_refusal(words_of(problem)))

    def close_panel(self) -> None:
        """Esc: close the explain panel, or leave the field."""
        if self._panel is not None and self._panel.isVisible():
            self._panel.hide()
        else:
            self.tabs.setFocus()

    def next_region(self) -> None:
        """F6: tool bar, tabs, page, panel, and around."""
        page = self.stack.currentWidget()
        regions: list[QWidget | None] = [self.bar, self.tabs, page, self._panel if self._panel and self._panel.isVisible() else None]
        there = [region for region in regions if region is not None]
        focus = QApplication.focusWidget()
        here = next((index for index, region in enumerate(there) if focus is not None and (region is focus or region.isAncestorOf(focus))), -1)
        for step in range(1, len(there) + 1):
            region = there[(here + step) % len(there)]
            first = next((child for child in (region, *region.findChildren(QWidget)) if child.focusPolicy() is not Qt.FocusPolicy.NoFocus and child.isVisible() and child.isEnabled()), None)
            if first is not None:
                first.setFocus(Qt.FocusReason.TabFocusReason)
                return

    # ---- events

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._was_painted:
            self._was_painted = True
            QTimer.singleShot(0, self, self._after_first_paint)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        files = _files_of(event)
        if files and not self.writer.is_busy and not self._cannot:
            event.acceptProposedAction()
            self._drop_frame.show_over(sentence("ui.drop_to_import", n=len(files)))

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._drop_frame.hide()

    def dropEvent(self, event: QDropEvent) -> None:
        self._drop_frame.hide()
        files = _files_of(event)
        if files:
            event.acceptProposedAction()
            # After the event: the other program waits until the drop is taken.
            QTimer.singleShot(0, self, lambda: self.errands.import_files(files))

    def closeEvent(self, event: QCloseEvent) -> None:
        if self.writer.is_busy and not self._closes_now:
            event.ignore()
            self._ask_to_close()
            return
        kept = window_settings()
        kept.setValue("geometry", self.saveGeometry())
        if self._checking is not None:
            self._checking.stop(0)
        self.writer.end(actions.back_up_on_exit if self.backs_up else None)
        self.reader.end()
        if not self.backs_up:
            self.writer.join(_PATIENCE)
            self.reader.join(_PATIENCE)
        event.accept()

    def close_now(self) -> None:
        """Close without a question; what is being written is stopped and taken back."""
        self._closes_now = True
        self.close()

    def settle(self, seconds: float) -> bool:
        """Stop what is being written and wait until it is taken back, because the session ends; return whether it was in time."""
        self.writer.stop()
        return self.writer.wait_idle(seconds)

    def _ask_to_close(self) -> None:
        from ecoperf_desktop.ui.closing import Closing

        if self._keeping is not None:
            return
        dialog = Closing(self.work.title, self)
        self._keeping = dialog
        self.writer.busy_changed.connect(dialog.follow)

        def answered(stop: int) -> None:
            self._keeping = None
            dialog.deleteLater()
            if stop:
                self.close_now()

        dialog.finished.connect(answered)
        dialog.open()

    def resizeEvent(self, event: object) -> None:
        self._drop_frame.setGeometry(self.rect())

    # ---- inside

    def _rate_change(self) -> RateChange:
        # Chinese readers know percentage points, not basis points.
        chosen = self.preferences.get("rate_change", "bp")
        return "pp" if chosen == "pp" or language.current() == "zh" else "bp"

    def _commands(self) -> dict[str, list[Command | None]]:
        go = self.go
        return {
            "ui.menu_file": [
                Command("ui.new_workspace", "Ctrl+N", self.new_workspace),
                Command("ui.open_workspace", "Ctrl+O", self.open_workspace),
                Command("ui.open_demo", "", self.errands.open_demo),
                None,
                Command("ui.import_files_menu", "Ctrl+I", self.errands.choose_files, writes=True),
                Command("ui.import_folder", "Ctrl+Shift+I", self.errands.choose_folder, writes=True),
                None,
                Command("ui.print_preview", "Ctrl+P", self.errands.print_preview, "", True),
                Command("ui.save_pdf", "Ctrl+Shift+S", self.errands.save_pdf, "", True),
                None,
                Command("ui.back_up", "", self.errands.back_up),
                Command("ui.backups", "", self.show_backups),
                None,
                Command("ui.quit", "Ctrl+Q", lambda: (self.close(), None)[1]),
            ],
            "ui.menu_edit": [
                Command("ui.undo_import", "Ctrl+Z", self.errands.undo_last, writes=True),
                Command("ui.redo_import", "Ctrl+Y  Ctrl+Shift+Z", self.errands.redo_last, writes=True),
                None,
                Command("ui.copy_value", "", self.copy, "", True),
                Command("ui.copy_picture", "Ctrl+Shift+C", self.copy_picture, "", True),
                None,
                Command("ui.preferences", "Ctrl+,", self.show_preferences),
            ],
            "ui.menu_view": [
                *page_commands(go),
                None,
                Command("ui.as_table", "Ctrl+T", self.toggle_table, "", True),
                None,
                Command("ui.looks_system", "", lambda: self.set_appearance("system"), "looks"),
                Command("ui.looks_light", "", lambda: self.set_appearance("light"), "looks"),
                Command("ui.looks_dark", "", lambda: self.set_appearance("dark"), "looks"),
                None,
                Command("ui.english", "", lambda: self.set_language("en"), "language"),
                Command("ui.chinese", "", lambda: self.set_language("zh"), "language"),
                None,
                Command("ui.full_screen", "F11", self._full_screen),
            ],
            "ui.menu_period": [
                Command("ui.period_back", "[", lambda: self.bar.period.step(-1), "", True),
                Command("ui.period_on", "]", lambda: self.bar.period.step(1), "", True),
                Command("ui.period_go", "Ctrl+G", self.bar.period.open, "", True),
                None,
                *compare_commands(self.set_comparison),
            ],
            "ui.menu_data": [
                Command("ui.data_show", "", lambda: self.go("data")),
                Command("ui.events", "", self.show_events),
                Command("ui.exchange_rates", "", self.show_rates),
                Command("ui.write_templates", "", self.errands.write_templates),
                Command("ui.check", "", self.errands.check),
            ],
            "ui.menu_report": [
                Command("ui.print_sheet", "", self.errands.print_preview, "", True),
                Command("ui.save_report", "", self.errands.save_pdf, "", True),
            ],
            "ui.menu_help": [
                Command("ui.guide", "F1", self.show_guide),
                None,
                Command("ui.find_number", "Ctrl+K", self.open_finder, "", True),
                Command("ui.catalogue", "Ctrl+Shift+K", self.open_catalogue),
                Command("ui.keys", "Ctrl+/", self._show_keys),
                Command("ui.about", "", self.about),
            ],
        }

    def _connect(self) -> None:
        self.bar.scope_chosen.connect(self.choose_scope)
        self.bar.find_asked.connect(self.open_finder)
        self.bar.import_asked.connect(self.errands.choose_files)
        self.bar.print_asked.connect(self.errands.print_preview)
        self.tabs.page_chosen.connect(self.go)
        self.writer.busy_changed.connect(self._busy)
        self.writer.bug_met.connect(self._show_bug)
        self.reader.bug_met.connect(self._show_bug)
        self.errands.damage_met.connect(self.damage_met)
        self.errands.changed.connect(self.refresh)
        self.errands.page_asked.connect(self.go)
        self.errands.workspace_asked.connect(self.workspace_asked)
        self.errands.preferences_changed.connect(self._save_preferences)

    def _keys(self) -> None:
        for keys, run in (("Escape", self.close_panel), ("F6", self.next_region)):
            QShortcut(QKeySequence(keys), self).activated.connect(run)

    def _place(self) -> None:
        kept = window_settings().value("geometry", type=QByteArray)
        if not (isinstance(kept, QByteArray) and not kept.isEmpty() and self.restoreGeometry(kept)):
            room = self.screen().availableGeometry()
            self.resize(min(1440, max(SMALLEST[0], room.width() - 80)), min(900, max(SMALLEST[1], room.height() - 80)))

    def _title(self) -> None:
        name = "" if self.scope is None else self._shop_name()
        title = f"{for_title(name)} — EcoPerf" if name else "EcoPerf"
        self.setWindowTitle(f"{title} ({sentence('ui.read_only_short')})" if self._cannot else title)

    def _report_name(self) -> str:
        overview = self._summaries.get("overview")
        return overview.facts.report if overview is not None and overview.facts.report else "report"

    def _shop_name(self) -> str:
        shops = self.standing.shops
        if len(shops) == 1:
            return shops[0]
        # The file's own name says which shop it is, unless the program chose it.
        return {"demo": sentence("ui.demo_shop"), "workspace": ""}.get(self.path.stem, self.path.stem)

    def _show_standing(self) -> None:
        there = self.scope is not None
        for widget in (self.bar, self.tab_row):
            widget.setVisible(there or bool(self.standing.generation and self.tabs.page == "data"))
        self.menus.enable_data(there)
        self._show_bar()
        self._title()
        if not there:
            self.status.show_facts(None)

    def _show_bar(self) -> None:
        standing = self.standing
        self.bar.show_scope(
            self.scope, name=self._shop_name(), shops=standing.shops, channels=standing.channels,
            first=standing.first, through=standing.through, calendar=standing.calendar, events=standing.events,
        )  # fmt: skip
        if self.scope is not None:
            self.menus.check(f"ui.compare_{self.scope.compare}")

    def _page(self, page: str) -> PageView:
        view = self._pages.get(page)
        if view is None:
            view = PageView()
            view.explain_asked.connect(self.explain)
            view.page_asked.connect(self._go_known)
            view.action_asked.connect(self._action)
            view.said.connect(self.say.say)
            view.group_asked.connect(self.group_table)
            self._pages[page] = view
            self.stack.addWidget(view)
        return view

    def _go_known(self, page: str) -> None:
        if page in PAGES:
            self.go(page)

    def _action(self, code: str) -> None:
        if code == "import":
            self.errands.choose_files()

    def _ask(self, page: str) -> None:
        scope = self.scope
        if scope is None:
            return
        self.reader.ask("page", lambda opened: reading.summary(opened, page, scope), self._show_summary, self._failed)

    def _show_summary(self, summary: PageSummary) -> None:
        self._summaries[summary.page] = summary
        view = self._page(summary.page)
        view.show_summary(summary)
        self._fill_charts(view)
        self.tabs.show_count(summary.page, summary.signals)
        if self.tabs.page == summary.page:
            self.status.show_facts(summary.facts)

    def _fill_charts(self, view: PageView) -> None:
        if view.summary is not None and self.tabs.page == view.summary.page:
            self.status.show_facts(view.summary.facts)
        if view.has_charts and not chart_cards.ready():
            # The page is shown with its grid lines first: pyqtgraph takes a moment to load, once.
            QTimer.singleShot(0, self, view.fill_charts)
        else:
            view.fill_charts()

    def _ask_counts(self) -> None:
        """Count the signals of the pages that are not shown, one after the other."""
        scope = self.scope
        if scope is None:
            return

        def count(summary: PageSummary) -> None:
            if summary.scope == self.scope:
                self._summaries[summary.page] = summary
                self.tabs.show_count(summary.page, summary.signals)

        for page in PAGES[:-1]:
            if page != self.tabs.page:
                self.reader.ask(f"count {page}", _asking(page, scope), count, lambda problem: None)
        self.reader.ask("count data", reading.doubts_to_mend, lambda count: self.tabs.show_count("data", count), lambda problem: None)

    def _after_first_paint(self) -> None:
        self.painted.emit()
        if not self.isVisible():
            return
        # The writing workspace is opened now: it is held as long as the window is open.
        self.writer.submit("open", lambda opened, progress: opened.read_only, self._opened, self._not_writable, quiet=True)
        self.writer.submit("notices", lambda opened, progress: reading.notices(opened), self._show_notices, lambda problem: None, quiet=True)
        self._ask_counts()
        QTimer.singleShot(600, self, self._warm_charts)
        QTimer.singleShot(1200, self, self._follow_watched)

    def _warm_charts(self) -> None:
        """Load pyqtgraph while nobody waits for it."""
        if self.scope is not None and not chart_cards.ready():
            import ecoperf_desktop.ui.charts  # noqa: F401

    def _opened(self, read_only: bool) -> None:
        if read_only:
            self._forbid_writing("ui.read_only", {"path": str(self.path)})
        elif self._cannot is not None:
            self._cannot = None
            self._show_writing()

    def _not_writable(self, problem: BaseException) -> None:
        if isinstance(problem, WorkspaceInUse):
            self._forbid_writing("ui.in_use", {})
        elif isinstance(problem, EcoPerfError):
            self._forbid_writing(problem.code, problem.details)
        else:
            self.say.warn(words_of(problem))

    @property
    def cannot_write(self) -> str:
        """Return why nothing can be written here, nothing where it can."""
        return "" if self._cannot is None else sentence(self._cannot[0], **self._cannot[1])

    def _forbid_writing(self, code: str, details: dict[str, object]) -> None:
        self._cannot = (code, details)
        self._show_writing()
        links: list[tuple[str, Callable[[], None]]] = []
        if code != "ui.read_only":
            links.append((sentence("damage.try_again"), self._try_writing))
        self.say.warn(self.cannot_write, links)

    def _try_writing(self) -> None:
        """Ask once more for the writer's place: the other program may be gone."""
        self.say.hide()
        self.writer.submit("open", lambda opened, progress: opened.read_only, self._opened, self._not_writable, quiet=True)

    def _show_writing(self) -> None:
        """Enable or grey out everything that writes, with the reason where it is greyed out."""
        why = self.cannot_write
        self.menus.enable_writing(cannot=why)
        self.bar.importing.setEnabled(not why and not self.writer.is_busy)
        if why:
            self.bar.importing.setToolTip(tip(why))
        self.status.show_state(sentence("ui.read_only_short") if why else "", why)
        for part in (self._first_run, self._data, *self.findChildren(QDialog)):
            if part is not None:
                forbid_writing(part, why)
        self._title()

    def _show_notices(self, told: reading.Notices) -> None:
        """Say what is to be known about the place and the backups, and look the file over when it is time."""
        if told.problems and not self.say.isVisible():
            links = [(sentence("ui.backups_link"), self.show_backups)] if any(code.startswith("backup.") for code, _ in told.problems) else []
            self.say.warn(" ".join(sentence(code, **details) for code, details in told.problems), links)
        if told.is_check_due and self._checking is None:
            # On a connection of its own: pages do not wait for it.
            self._checking = Errand(lambda progress: reading.look_over(self.path, progress), self.path, self)
            self._checking.finished.connect(self._looked_over, Qt.ConnectionType.QueuedConnection)
            QTimer.singleShot(_CHECK_AFTER, self, self._checking.start)

    def _looked_over(self, health: Health | None, problem: BaseException | None) -> None:
        self._checking = None
        if health is not None and not health.sound:
            words = " ".join(sentence(code, **details) for code, details in health.problems)
            self.say.warn(words, [(sentence("damage.what_now"), self.damage_met.emit)])
        elif isinstance(problem, WorkspaceDamaged):
            self._failed(problem)

    def _show_bug(self, path: str) -> None:
        from ecoperf_desktop.ui.crash_dialog import CrashDialog

        if any(isinstance(child, CrashDialog) for child in self.findChildren(QDialog)):
            return
        dialog = CrashDialog(Path(path), self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def _welcome(self) -> FirstRun:
        from ecoperf_desktop.ui.first_run import FirstRun

        if self._first_run is None:
            page = FirstRun(self.path)
            page.choose_asked.connect(self.errands.choose_files)
            page.demo_asked.connect(self.errands.open_demo)
            page.open_asked.connect(self.open_workspace)
            page.language_chosen.connect(self.set_language)
            page.buttons["choose"].setProperty("writes", True)
            forbid_writing(page, self.cannot_write)
            self._first_run = page
            self.stack.addWidget(page)
        return self._first_run

    def _data_view(self) -> DataView:
        from ecoperf_desktop.ui.data_view import DataView

        if self._data is None:
            view = DataView()
            view.choose_asked.connect(self.errands.choose_files)
            view.undo_asked.connect(lambda import_id: self.errands.undo([import_id]))
            view.redo_asked.connect(lambda import_id: self.errands.redo([import_id]))
            view.problems_asked.connect(self._ask_problems)
            view.watch_asked.connect(self._choose_watched)
            view.mend_asked.connect(self._mend)
            view.answers_asked.connect(self._ask_answers)
            view.show_watched(self.preferences["watched_folder"])
            forbid_writing(view, self.cannot_write)
            self._data = view
            self.stack.addWidget(view)
        return self._data

    def _ask_ledger(self) -> None:
        spoken = language.current()
        self.reader.ask("ledger", lambda opened: reading.ledger_view(opened, spoken), self._data_view().show_ledger, self._failed)

    def _mend(self, mend: Mend) -> None:
        """Begin what mends a doubt about the data."""
        match mend.kind:
            case "choose_files":
                self.errands.choose_files()
            case "answer":
                self._ask_answers(mend.about)
            case "template":
                self.errands.write_template(mend.about)
            case "costs":
                self.errands.write_products()
            case "rates":
                self.show_rates()
            case "show_import" if mend.import_id is not None:
                self._data_view().show_import(mend.import_id)
            case "import_again" if mend.import_id is not None:
                self.errands.import_again(mend.import_id)
            case "undo" if mend.import_id is not None:
                self.errands.undo([mend.import_id])

    def show_rates(self) -> None:
        """Show the exchange rates and what waits for one, and let them be typed in."""
        from ecoperf_desktop.ui.rates_dialog import RatesDialog

        dialog = RatesDialog(self)
        dialog.put_asked.connect(lambda currency, day, rate: self._set_rate(dialog, currency, day, rate))
        dialog.import_asked.connect(dialog.accept)
        dialog.import_asked.connect(self.errands.choose_files)
        self._show_rates_in(dialog)
        forbid_writing(dialog, self.cannot_write)
        dialog.show()

    def _show_rates_in(self, dialog: RatesDialog) -> None:
        def read(opened: Workspace) -> tuple[list[Known], list[Wanted], str | None]:
            return *actions.exchange_rates(opened), opened.reporting_currency

        self.reader.ask("rates", read, lambda found: dialog.show_rates(*found), self._failed)

    def _set_rate(self, dialog: RatesDialog, currency: str, day: int, rate: Decimal | None) -> None:
        def done(changed: RateChanged) -> None:
            self.errands.changed.emit()
            dialog.show_outcome(changed)
            self._show_rates_in(dialog)

        self.writer.submit(
            "rates", lambda opened, progress: actions.set_rate(opened, currency, day, rate), done,
            lambda problem: dialog.show_refusal(words_of(problem)),
        )

    def _ask_answers(self, source: str) -> None:
        """Show what was answered about a source, and let it be changed."""

        def show(known: list[Answer]) -> None:
            from ecoperf_desktop.ui.answers_dialog import AnswersDialog

            dialog = AnswersDialog(source, [one for one in known if one.source == source], self)
            dialog.changes_asked.connect(lambda name, changes: self._change_answers(dialog, name, changes))
            dialog.import_again_asked.connect(self._read_again)
            forbid_writing(dialog, self.cannot_write)
            dialog.show()

        self.reader.ask("answers", actions.answers, show, self._failed)

    def _change_answers(self, dialog: AnswersDialog, source: str, changes: list[tuple[str, str]]) -> None:
        def run(opened: Workspace, progress: Progress) -> list[Changed]:
            return [actions.change_answer(opened, source, key, value) for key, value in changes]

        def done(changed: list[Changed]) -> None:
            self.say.say(sentence("answering.done", source=source, n=sum(one.restated for one in changed)))
            self.errands.changed.emit()
            dialog.show_outcome(changed)

        def failed(problem: BaseException) -> None:
            self.errands.changed.emit()  # those before it may have been changed
            dialog.show_refusal(words_of(problem))

        self.writer.submit("answers", run, done, failed)

    def _read_again(self, import_id: int) -> None:
        """Take an import back and read its file once more, with what is answered now."""
        self.writer.submit(
            "read again", lambda opened, progress: actions.undo(opened, [import_id], progress), lambda _: self.errands.redo([import_id]), self._failed,
        )

    def _choose_watched(self) -> None:
        """Ask for the folder to watch, or stop watching the one there is."""
        from PySide6.QtWidgets import QFileDialog

        if self.preferences["watched_folder"]:
            self.show_preferences()
            return
        name = QFileDialog.getExistingDirectory(self, sentence("watching.choose"), self.preferences.get("last_folder", ""))
        if name:
            self.watch_folder(name)

    def watch_folder(self, folder: str) -> None:
        """Watch this folder of downloads from now on, none when empty."""
        self.preferences["watched_folder"] = folder
        self._save_preferences()
        self._follow_watched()
        if folder:
            code = "watching.began_import" if self.preferences["watch"] == "import" else "watching.began"
            self.say.say(sentence(code, folder=folder))

    def _follow_watched(self) -> None:
        """Watch what the preferences say; nothing is loaded for it when that is nothing."""
        folder = self.preferences["watched_folder"]
        if self._data is not None:
            self._data.show_watched(folder)
        if self.watching is None:
            if not folder:
                return
            from ecoperf_desktop.ui.watching import Watching

            self.watching = Watching(self.writer, self.errands, self.offer, lambda: self.preferences["watch"] == "import", self)
        self.watching.follow(folder)

    def _ask_problems(self, import_id: int) -> None:
        def show(found: object) -> None:
            self._data_view().show_problems(import_id, cast("list", found))  # type: ignore[type-arg]

        self.reader.ask("problems", lambda opened: reading.findings(opened, import_id), show, self._failed)

    def _explain_panel(self) -> ExplainPanel:
        from ecoperf_desktop.ui.explain_panel import ExplainPanel

        if self._panel is None:
            panel = ExplainPanel(self)
            panel.asked.connect(self._ask_explanation)
            panel.more_asked.connect(self._ask_more_rows)
            panel.definition_wanted.connect(self.open_catalogue)
            self.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, panel)
            self._panel = panel
        return self._panel

    def _ask_explanation(self, reference: Reference) -> None:
        from ecoperf_desktop.reports.pages import CODES
        from ecoperf_desktop.ui.explain_panel import Explained

        def show(told: object) -> None:
            from ecoperf_desktop.model.value import Explanation

            explanation, (over, under) = cast("tuple[Explanation, tuple[str, str]]", told)
            summary = self._summaries.get("overview")
            currency = summary.facts.currency if summary is not None else None
            code = CODES.get(reference.metric, "")
            self._explain_panel().show_explained(Explained(reference, explanation, code, over, under, currency))

        self.reader.ask(
            "explain",
            lambda opened: (reading.explanation(opened, reference), reading.sides(opened, reference.metric)),
            show,
            lambda problem: self._explain_panel().show_problem(words_of(problem)),
        )

    def open_catalogue(self, metric: str = "") -> None:
        """Show the catalogue of metrics, at ``metric`` when it is named."""

        def show(told: object) -> None:
            from ecoperf_desktop.ui.catalogue_view import CatalogueWindow

            known, own = cast("reading.KnownMetrics", told)
            if self._catalogue is None:
                self._catalogue = CatalogueWindow(known, own, self)
                self._catalogue.kept.connect(self._keep_own_metric)
                self._catalogue.removed.connect(self._remove_own_metric)
            else:
                self._catalogue.show_catalogue(known, own)
            if metric:
                self._catalogue.choose(metric)
            forbid_writing(self._catalogue, self.cannot_write)
            self._catalogue.show()
            self._catalogue.raise_()

        self.reader.ask("catalogue", reading.known_metrics, show, self._failed)

    def _keep_own_metric(self, own: OwnMetric) -> None:
        self._change_own_metrics(lambda opened, progress: actions.keep_own_metric(opened, own))

    def _remove_own_metric(self, metric: str) -> None:
        self._change_own_metrics(lambda opened, progress: actions.remove_own_metric(opened, metric))

    def _change_own_metrics(self, run: Callable[[Workspace, Progress], object]) -> None:
        def done(_: object) -> None:
            if self._catalogue is not None:
                self._catalogue.say_outcome()
                self.open_catalogue()
            self.errands.changed.emit()

        def failed(problem: BaseException) -> None:
            if self._catalogue is not None and self._catalogue.is_writing:
                self._catalogue.say_outcome(words_of(problem))
            else:
                self.say.warn(words_of(problem))

        self.writer.submit("own metric", run, done, failed)

    def _ask_more_rows(self, reference: Reference, shown: int) -> None:
        from ecoperf_desktop.ui.explain_panel import MORE_ROWS

        def show(found: object) -> None:
            from ecoperf_desktop.model.value import Explanation

            assert isinstance(found, Explanation)
            self._explain_panel().show_more(reference, found)

        self.reader.ask("more_rows", lambda opened: reading.explanation(opened, reference, MORE_ROWS, shown), show, self._failed)

    def _metric_name(self, reference: Reference) -> str:
        return reference.metric.replace("_", " ")

    def _open_finder(self, names: dict[str, tuple[str, str]]) -> None:
        from ecoperf_desktop.reports.pages import CODES
        from ecoperf_desktop.ui.finder import Finder, Found

        scope = self.scope
        if scope is None:
            return
        everything = [
            Found(name, CODES.get(metric, sentence("ui.find_metric")), f"{CODES.get(metric, '')} {metric} {definition}", self._explaining(metric, scope))
            for metric, (name, definition) in names.items()
        ]
        everything.sort(key=lambda found: (found.kind == sentence("ui.find_metric"), found.kind))
        everything += [Found(sentence(f"ui.tab_{page}"), sentence("ui.find_page"), page, self._going(page)) for page in PAGES]
        everything += [
            Found(action.text().replace("&", ""), sentence("ui.find_command"), "", action.trigger)
            for command, action in self.menus.commands
            if action.isEnabled() and command.group != "page"
        ]
        finder = Finder(everything, self)
        corner = self.bar.finding.mapToGlobal(self.bar.finding.rect().bottomRight())
        finder.move(corner.x() - finder.width(), corner.y() + 4)
        finder.show()
        finder.field.setFocus()
        self._finder = finder

    def _explaining(self, metric: str, scope: Scope) -> Callable[[], None]:
        return lambda: self.explain(Reference(metric, scope.period, scope.where))

    def _going(self, page: str) -> Callable[[], None]:
        return lambda: self.go(page)

    def _restand(self, standing: reading.Standing) -> None:
        before = self.standing
        self.standing = standing
        here = self.tabs.page
        if standing.week is None:
            self.scope = None
        elif self.scope is None:
            self.scope = standing.scope(language.current(), self._rate_change())
            here = "overview" if here != "data" else here
        elif before.calendar != standing.calendar:
            # Its periods are no longer periods.
            fresh = standing.scope(language.current(), self._rate_change(), self.scope.compare)
            if fresh is not None:
                self.scope = replace(fresh, shop=self.scope.shop, channel=self.scope.channel, event=self.scope.event)
        elif before.week is not None and self.scope.period == before.week.period and self.scope.grain is not None:
            # Who looked at the newest week goes on looking at the newest week.
            fresh = standing.scope(language.current(), self._rate_change(), self.scope.compare)
            if fresh is not None:
                self.scope = replace(fresh, shop=self.scope.shop, channel=self.scope.channel, event=self.scope.event)
        if self.scope is not None:
            gone_shop = self.scope.shop is not None and self.scope.shop not in standing.shops
            gone_channel = self.scope.channel is not None and self.scope.channel not in standing.channels
            self.scope = replace(self.scope, shop=None if gone_shop else self.scope.shop, channel=None if gone_channel else self.scope.channel)
        self._show_standing()
        self.go(here)
        self._ask_counts()

    def _failed(self, problem: BaseException) -> None:
        self.errands.warn(problem)

    def _busy(self, busy: bool) -> None:
        self.bar.importing.setEnabled(not busy and not self._cannot)
        self.menus.enable_writing(busy=busy)

    def _full_screen(self) -> None:
        if self.isFullScreen():
            self.showNormal()
        else:
            self.showFullScreen()

    def _show_keys(self) -> None:
        from ecoperf_desktop.ui.about import KeysBox

        KeysBox([(action.text().replace("&", ""), action.shortcut()) for _, action in self.menus.commands if not action.shortcut().isEmpty()], self).exec()

    def _save_preferences(self) -> None:
        try:
            settings.save(self.preferences)
        except OSError as problem:
            self.say.warn(sentence("ui.preferences_unsaved", reason=problem.strerror or str(problem)))


class _DropFrame(QWidget):
    """The frame and the words while files hover over the window."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._text = ""
        self.hide()

    def show_over(self, text: str) -> None:
        self._text = text
        parent = self.parentWidget()
        if parent is not None:
            self.setGeometry(parent.rect())
        self.show()
        self.raise_()

    def paintEvent(self, event: QPaintEvent) -> None:
        now = looks.now()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(looks.color(now.accent), _DROP_FRAME))
        painter.drawRect(self.rect().adjusted(1, 1, -1, -1))
        font = looks.font("body_strong")
        width = QFontMetrics(font).horizontalAdvance(self._text) + 40
        box = QRectF(self.width() / 2 - width / 2, self.height() / 2 - 22, width, 44)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(looks.color(now.accent))
        painter.drawRoundedRect(box, 8, 8)
        painter.setFont(font)
        painter.setPen(looks.color(now.on_accent))
        painter.drawText(box, int(Qt.AlignmentFlag.AlignCenter.value), self._text)
        painter.end()


def _asking(page: str, scope: Scope) -> Callable[[Workspace], PageSummary]:
    return lambda opened: reading.summary(opened, page, scope)


def _files_of(event: QDropEvent) -> list[Path]:
    """Return the local files and folders that are dragged."""
    return [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]

