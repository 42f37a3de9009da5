"""What is shown instead of a window when a workspace cannot be opened: why, and the ways on from there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from ecoperf_desktop import actions
from ecoperf_desktop.errors import Cancelled, EcoPerfError
from ecoperf_desktop.language import sentence
from ecoperf_desktop.model.importing import Progress
from ecoperf_desktop.ui import icons, looks
from ecoperf_desktop.ui.backups_dialog import holds_words, open_folder, reason_words, size_words, when
from ecoperf_desktop.ui.buttons import FlatButton, Link
from ecoperf_desktop.ui.crash import words_of
from ecoperf_desktop.ui.strips import Bar
from ecoperf_desktop.ui.texts import Label, one_line
from ecoperf_desktop.ui.work import Errand

if TYPE_CHECKING:
    from ecoperf_desktop.store.safekeeping import Damaged
    from ecoperf_desktop.store.salvage import Lost, Salvaged

_LISTED = 200
_WIDTH = 700


class Refused(QDialog):
    """Says why, and offers to try again or to open another file."""

    def __init__(self, workspace: Path, problem: EcoPerfError, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.other: Path | None = None
        self._workspace = workspace
        self.setWindowTitle("EcoPerf")
        self.setWindowIcon(icons.app_icon())
        title = Label(sentence("ui.cannot_open"), "sentence")
        self.text = Label(one_line(words_of(problem)), "body", "ink2")
        self.text.setWordWrap(True)
        self.again = FlatButton(word=sentence("damage.try_again"))
        self.elsewhere = FlatButton("db", sentence("ui.open_other"))
        self.leave = FlatButton(word=sentence("ui.quit"), primary=True)
        self.again.clicked.connect(self._again)
        self.elsewhere.clicked.connect(self._choose)
        self.leave.clicked.connect(self.reject)
        body = QVBoxLayout(self)
        body.setContentsMargins(24, 22, 24, 18)
        body.setSpacing(10)
        body.addWidget(title)
        body.addWidget(self.text)
        body.addSpacing(8)
        body.addLayout(_row(self.again, self.elsewhere, self.leave))
        self.setMinimumWidth(looks.px(500))

    def _again(self) -> None:
        self.other = self._workspace
        self.accept()

    def _choose(self) -> None:
        name = _ask_workspace(self, self._workspace.parent)
        if name is not None:
            self.other = name
            self.accept()


class DamagedDialog(QDialog):
    """Says what happened to a workspace and what is left of it; restores a backup or saves what can be read.

    ``other`` is what is to be opened once it is accepted, ``files`` what is to be imported there.
    """

    def __init__(self, workspace: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.other: Path | None = None
        self.files: tuple[Path, ...] = ()
        self._workspace = workspace
        self._errand: Errand | None = None
        self._found: Damaged | None = None
        self._done: Callable[[Any], None] = lambda _: None
        self._before: list[QWidget] = []
        self.setWindowTitle("EcoPerf")
        self.setWindowIcon(icons.app_icon())
        self._title = Label(sentence("damage.title"), "sentence")
        self._happened, self._kept = Label("", "body", "ink2"), Label("", "body", "ink2")
        self._show_kept = Link(sentence("saving.show_folder"), self)
        self._show_kept.clicked.connect(lambda: open_folder(self._workspace.parent))
        self.another_copy = Link(sentence("damage.other_backup"), self)
        self._card = QFrame(self)
        self._card.setObjectName("card")
        self._newest, self._facts, self._since = Label("", "body_strong"), Label("", "table", "ink2"), Label("", "table", "ink2")
        self._lost = QVBoxLayout()
        self._lost.setSpacing(3)
        holder = QWidget()
        holder.setLayout(self._lost)
        holder.setObjectName("sheet")
        self._list = QScrollArea(self._card)
        self._list.setFrameShape(QFrame.Shape.NoFrame)
        self._list.setWidgetResizable(True)
        self._list.setWidget(holder)
        self._list.setMaximumHeight(looks.px(150))
        inside = QVBoxLayout(self._card)
        inside.setContentsMargins(16, 12, 16, 12)
        inside.setSpacing(6)
        for widget in (self._newest, self._facts, self._since, self._list):
            inside.addWidget(widget)
        inside.addWidget(self.another_copy, 0, Qt.AlignmentFlag.AlignLeft)
        self._doing = Label("", "table", "ink2")
        self._bar = Bar(self)
        self._said = Label("", "body", "worse")
        for label in (self._happened, self._kept, self._facts, self._since, self._said, self._doing):
            label.setWordWrap(True)
        self.restore = FlatButton(word=sentence("damage.restore"), primary=True)
        self.salvage = FlatButton(word=sentence("damage.salvage"))
        self.elsewhere = FlatButton("db", sentence("ui.open_other"))
        self.leave = FlatButton(word=sentence("ui.quit"))
        self.go_on = FlatButton(word=sentence("damage.open"), primary=True)
        self.again = FlatButton("import", word="")
        self.restore.clicked.connect(lambda: self._restore(self._newest_path()))
        self.another_copy.clicked.connect(self._choose_copy)
        self.salvage.clicked.connect(self._salvage)
        self.elsewhere.clicked.connect(self._choose)
        self.leave.clicked.connect(self.reject)
        self.go_on.clicked.connect(lambda: self._open(()))
        self.again.clicked.connect(lambda: self._open(self._still_there))
        self._still_there: tuple[Path, ...] = ()
        kept = QHBoxLayout()
        kept.addWidget(self._kept, 1)
        kept.addWidget(self._show_kept, 0, Qt.AlignmentFlag.AlignBottom)
        last = _row(self.salvage, self.elsewhere, self.leave, self.restore, self.again, self.go_on)
        body = QVBoxLayout(self)
        body.setContentsMargins(24, 22, 24, 18)
        body.setSpacing(10)
        body.addWidget(self._title)
        body.addWidget(self._happened)
        body.addLayout(kept)
        for part in (self._card, self._doing, self._bar, self._said):
            body.addWidget(part)
        body.addSpacing(6)
        body.addLayout(last)
        self._show_only(self._happened)

    @property
    def is_busy(self) -> bool:
        return self._errand is not None

    @property
    def found(self) -> Damaged | None:
        """Return what was found, None while it is still looked for."""
        return self._found

    @property
    def said(self) -> str:
        return self._said.text()

    def look(self) -> None:
        """Set the damaged file aside and look for the newest backup that is sound."""
        self._happened.setText(sentence("damage.happened", file=one_line(self._workspace.name)))
        self._begin(sentence("damage.looking"), lambda progress: actions.damaged(self._workspace, progress), self._show_found)

    def closeEvent(self, event: QCloseEvent) -> None:
        if self._errand is not None:
            self._errand.stop()
        event.accept()

    def reject(self) -> None:
        if self._errand is not None:
            self._errand.stop()
        super().reject()

    # ---- what is found

    def _show_found(self, found: Damaged | None) -> None:
        if found is None:
            # Sound after all: another program had held or half copied it.
            self._open(())
            return
        self._found = found
        copy = found.newest_backup
        if found.kept:
            code = "damage.kept" if found.moved else "damage.left"
            self._kept.setText(sentence(code, file=one_line(found.kept[0].name)))
        if copy is not None:
            self._newest.setText(sentence("damage.newest", when=when(copy.made)))
            self._facts.setText(" · ".join((holds_words(copy), size_words(copy.size), reason_words(copy))))
        else:
            self._newest.setText(sentence("damage.no_backup"))
            self._facts.setText(sentence("damage.no_backup_so"))
        self._show_lost(found.lost, self._since_words(found))
        self.salvage.setEnabled(found.salvageable)
        shown: list[QWidget] = [self._happened, self._kept, self._show_kept, self._card, self.another_copy, self.salvage, self.elsewhere, self.leave]
        if copy is not None:
            shown.append(self.restore)
        self._show_only(*shown)
        (self.restore if copy is not None else self.salvage).setFocus()

    def _since_words(self, found: Damaged) -> str:
        if not found.ledger_read:
            return sentence("damage.since_unknown")
        if not found.lost:
            return sentence("damage.since_nothing") if found.newest_backup is not None else ""
        return sentence("damage.since" if found.newest_backup is not None else "damage.all_lost", n=len(found.lost))

    def _show_lost(self, lost: Sequence[Lost], words: str) -> None:
        self._since.setText(words)
        self._since.setVisible(bool(words))
        while (taken := self._lost.takeAt(0)) is not None:
            if (old := taken.widget()) is not None:
                old.deleteLater()
        for one in lost[:_LISTED]:
            name = one.file if one.member is None else f"{one.file} › {one.member}"
            self._lost.addWidget(Label(one_line(f"{when(one.imported_utc)}   {name}"), "table", "ink", elided=True))
        if len(lost) > _LISTED:
            self._lost.addWidget(Label(sentence("damage.more", n=len(lost) - _LISTED), "table", "ink3"))
        self._lost.addStretch(1)
        self._list.setVisible(bool(lost))
        line = looks.px(20)
        self._list.setFixedHeight(min(looks.px(150), line * (min(len(lost), _LISTED) + 1)))
        self._still_there = tuple(dict.fromkeys(path for one in lost if (path := Path(one.path)).is_file()))

    # ---- what is done

    def _newest_path(self) -> Path | None:
        return None if self._found is None or self._found.newest_backup is None else self._found.newest_backup.path

    def _restore(self, copy: Path | None) -> None:
        if copy is None:
            return
        self._begin(
            sentence("damage.restoring"), lambda progress: actions.restore(self._workspace, copy, progress), lambda _: self._restored(copy)
        )

    def _restored(self, copy: Path) -> None:
        is_newest = copy == self._newest_path()
        self._title.setText(sentence("damage.restored_title"))
        self._happened.setText(sentence("damage.restored", file=one_line(copy.name)))
        self._newest.setText(sentence("damage.to_import" if is_newest and self._still_there else "damage.look_at"))
        self._facts.setText("")
        self._show_done(is_newest)

    def _salvage(self) -> None:
        found = self._found
        if found is None:
            return
        target: Path | None = self._workspace
        if not found.moved:
            name, _ = QFileDialog.getSaveFileName(self, sentence("damage.salvage"), str(self._workspace), sentence("ui.open_filter"))
            target = Path(name) if name else None
        if target is None:
            return
        place = target
        self._begin(
            sentence("damage.salvaging"), lambda progress: actions.salvage(found.kept[0], place, progress), lambda done: self._salvaged(done)
        )

    def _salvaged(self, done: Salvaged) -> None:
        self._workspace = done.path
        whole = sum(1 for table in done.tables if table.is_whole)
        rows = sum(table.rows for table in done.tables)
        self._title.setText(sentence("damage.salvaged_title"))
        code = "damage.salvaged_all" if done.whole else "damage.salvaged_part"
        self._happened.setText(sentence(code, tables=len(done.tables), whole=whole, rows=f"{rows:,}"))
        self._newest.setText(sentence("damage.to_import" if done.lost else "damage.look_at"))
        self._facts.setText("")
        self._show_lost(done.lost, sentence("damage.salvaged_lost", n=len(done.lost)) if done.lost else "")
        self._show_done(bool(done.lost))

    def _show_done(self, with_list: bool) -> None:
        shown: list[QWidget] = [self._happened, self._kept, self._show_kept, self._card, self.go_on]
        if with_list and self._still_there:
            self.again.set_words(sentence("damage.import_again", n=len(self._still_there)))
            shown.append(self.again)
        self._show_only(*shown)
        self.go_on.setFocus()

    def _choose_copy(self) -> None:
        found = self._found
        folder = self._workspace.parent if found is None or found.newest_backup is None else found.newest_backup.path.parent
        name = _ask_workspace(self, folder)
        if name is not None:
            self._restore(name)

    def _choose(self) -> None:
        name = _ask_workspace(self, self._workspace.parent)
        if name is not None:
            self.other = name
            self.accept()

    def _open(self, files: tuple[Path, ...]) -> None:
        self.other, self.files = self._workspace, files
        self.accept()

    # ---- work

    def _begin(self, words: str, run: Callable[[Progress], Any], done: Callable[[Any], None]) -> None:
        self._said.setText("")
        self._doing.setText(words)
        self._bar.show_share(None)
        self._done = done
        self._before = [widget for widget in self._parts() if not widget.isHidden()]
        shown = [widget for widget in self._before if not isinstance(widget, FlatButton | Link)]
        self._show_only(*shown, self._happened, self._doing, self._bar, self.leave)
        errand = Errand(run, self._workspace, self)
        # To methods of this object, so that they are called in its thread.
        errand.progressed.connect(self._show_progress, Qt.ConnectionType.QueuedConnection)
        errand.finished.connect(self._finish, Qt.ConnectionType.QueuedConnection)
        self._errand = errand
        errand.start()

    def _show_progress(self, done: int, total: int, what: str) -> None:
        self._bar.show_share(done / total if total else None)

    def _finish(self, result: object, problem: BaseException | None) -> None:
        self._errand = None
        if problem is None:
            self._done(result)
            return
        if not isinstance(problem, Cancelled):
            self._said.setText(words_of(problem))
        if self._found is None:
            self._show_only(self._happened, self._said, self._card, self.another_copy, self.elsewhere, self.leave)
        else:
            self._show_only(*(widget for widget in self._before if widget not in (self._doing, self._bar)), self._said)

    def _parts(self) -> list[QWidget]:
        return [
            self._happened, self._kept, self._show_kept, self._card, self._doing, self._bar, self._said, self.another_copy, self.salvage,
            self.elsewhere, self.leave, self.restore, self.again, self.go_on,
        ]  # fmt: skip

    def _show_only(self, *shown: QWidget) -> None:
        for widget in self._parts():
            widget.setVisible(widget in shown)
        layout = self.layout()
        assert layout is not None
        layout.invalidate()
        # Words that wrap need another height at another width, which adjustSize does not ask for.
        width = max(looks.px(_WIDTH), layout.totalMinimumSize().width())
        self.setMinimumWidth(width)
        self.resize(width, layout.totalHeightForWidth(width))


def _row(*buttons: QWidget) -> QHBoxLayout:
    line = QHBoxLayout()
    line.setSpacing(8)
    line.addStretch(1)
    for button in buttons:
        button.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        line.addWidget(button)
    return line


def _ask_workspace(parent: QWidget, folder: Path) -> Path | None:
    name, _ = QFileDialog.getOpenFileName(parent, sentence("ui.open_title"), str(folder), sentence("ui.open_filter"))
    return Path(name) if name else None
