"""The menus: every command with its words and keys, made again when the language changes."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenu

from ecoperf_desktop.language import sentence
from ecoperf_desktop.records import dataclass
from ecoperf_desktop.ui.tabs import PAGES
from ecoperf_desktop.ui.texts import tip
from ecoperf_desktop.ui.toolbar import COMPARISONS


@dataclass(frozen=True)
class Command:
    """Something the window does: the code of its words, its keys, what runs it.

    ``group`` makes it one choice of several; ``writes`` says that it changes the workspace.
    """

    code: str
    keys: str
    run: Callable[[], None]
    group: str = ""
    needs_data: bool = False
    writes: bool = False


class Menus:
    """Owns the menu bar's actions of one window."""

    def __init__(self, window: QMainWindow, layout: dict[str, list[Command | None]]) -> None:
        self._menus: list[tuple[str, QMenu]] = []
        self._actions: list[tuple[Command, QAction]] = []
        self._there, self._busy, self._cannot = True, False, ""
        groups: dict[str, QActionGroup] = {}
        for code, commands in layout.items():
            menu = window.menuBar().addMenu("")
            self._menus.append((code, menu))
            for command in commands:
                if command is None:
                    menu.addSeparator()
                    continue
                action = menu.addAction("")
                action.triggered.connect(_calling(command.run))
                if command.keys:
                    action.setShortcuts([QKeySequence(keys) for keys in command.keys.split("  ")])
                if command.group:
                    action.setCheckable(True)
                    groups.setdefault(command.group, QActionGroup(window)).addAction(action)
                self._actions.append((command, action))
        self.retranslate()

    @property
    def commands(self) -> list[tuple[Command, QAction]]:
        return self._actions

    def action(self, code: str) -> QAction:
        return next(action for command, action in self._actions if command.code == code)

    def retranslate(self) -> None:
        for code, menu in self._menus:
            menu.setTitle(sentence(code))
        for command, action in self._actions:
            action.setText(sentence(command.code))
        self._enable()

    def check(self, code: str) -> None:
        self.action(code).setChecked(True)

    def enable_data(self, there: bool) -> None:
        """Grey out what needs data when there are none."""
        self._there = there
        self._enable()

    def enable_writing(self, *, busy: bool | None = None, cannot: str | None = None) -> None:
        """Grey out what writes while something is written, or for good where ``cannot`` says why."""
        self._busy = self._busy if busy is None else busy
        self._cannot = self._cannot if cannot is None else cannot
        self._enable()

    def _enable(self) -> None:
        for _, menu in self._menus:
            menu.setToolTipsVisible(bool(self._cannot))
        for command, action in self._actions:
            may_write = not command.writes or not (self._busy or self._cannot)
            action.setEnabled(may_write and (self._there or not command.needs_data))
            action.setToolTip(tip(self._cannot) if command.writes else "")


def _calling(run: Callable[[], None]) -> Callable[[bool], None]:
    return lambda checked: run()


def page_commands(go: Callable[[str], None]) -> list[Command | None]:
    # The last tab keeps its key whatever comes before it.
    keys = {page: 0 if page == PAGES[-1] else number for number, page in enumerate(PAGES, start=1)}
    return [Command(f"ui.tab_{page}", f"Ctrl+{key}", _going(go, page), "page") for page, key in keys.items()]


def compare_commands(choose: Callable[[str], None]) -> list[Command | None]:
    return [Command(f"ui.compare_{kind}", "", _going(choose, kind), "compare", True) for kind in COMPARISONS]


def _going(go: Callable[[str], None], where: str) -> Callable[[], None]:
    return lambda: go(where)
