"""What a person has done with files: imports with their preview, undo, backup, reports and print.

Each errand runs in the writer's or the reader's thread, shows its progress in the
strip and says how it ended; the window only hears that something changed.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from ecoperf_desktop import actions, paths
from ecoperf_desktop.errors import Cancelled, EcoPerfError, WorkspaceDamaged
from ecoperf_desktop.language import sentence
from ecoperf_desktop.model.importing import ImportReport, Progress
from ecoperf_desktop.reports.blocks import Scope
from ecoperf_desktop.store.database import Workspace
from ecoperf_desktop.ui.crash import words_of
from ecoperf_desktop.ui.strips import SayStrip, WorkStrip
from ecoperf_desktop.ui.work import Reader, Writer

if TYPE_CHECKING:
    from PySide6.QtPrintSupport import QPrintPreviewDialog

    from ecoperf_desktop.importing.container import Member
    from ecoperf_desktop.importing.known_fields import Catalogue
    from ecoperf_desktop.importing.plan import FilePlan, ImportPlan
    from ecoperf_desktop.importing.suggest import Draft
    from ecoperf_desktop.importing.trial import Trial
    from ecoperf_desktop.reports.pack import Pack
    from ecoperf_desktop.store.backup import Health, Restored
    from ecoperf_desktop.store.copies import Copy
    from ecoperf_desktop.ui.backups_dialog import BackupsDialog
    from ecoperf_desktop.ui.import_dialog import ImportDialog
    from ecoperf_desktop.ui.mapping_dialog import MappingDialog

# Up to so many rows the preview tries the import to count what is new; beyond, it would make people wait twice.
_COUNTED_AHEAD = 200_000


class Errands(QObject):
    """Runs what the menus ask for and owns the dialogs of it.

    ``scope`` and ``report_name`` are asked at the moment of the errand.
    """

    changed = Signal()
    workspace_asked = Signal(object)  # Path
    page_asked = Signal(str)
    preferences_changed = Signal()
    damage_met = Signal()

    def __init__(
        self,
        window: QWidget,
        *,
        writer: Writer,
        reader: Reader,
        work: WorkStrip,
        say: SayStrip,
        preferences: dict[str, str],
        scope: Callable[[], Scope | None],
        report_name: Callable[[], str],
        path: Path,
        cannot: Callable[[], str],
    ) -> None:
        super().__init__(window)
        self._window, self._writer, self._reader = window, writer, reader
        self._work, self._say, self._preferences = work, say, preferences
        self._scope, self._report_name, self._path, self._cannot = scope, report_name, path, cannot
        self._backups: BackupsDialog | None = None
        self._dialog: ImportDialog | None = None
        self._mapping: MappingDialog | None = None
        self._import_at_once: Path | None = None
        self._last_imports: tuple[int, ...] = ()
        self._last_undone: tuple[int, ...] = ()
        self.sheets: QPrintPreviewDialog | None = None
        work.stop_asked.connect(writer.stop)
        writer.progressed.connect(lambda job, done, total, what: work.show_progress(done, total, what))

    def choose_files(self) -> None:
        """Ask for files and show what would be loaded."""
        from PySide6.QtWidgets import QFileDialog

        folder = self._preferences.get("last_folder", "")
        names, _ = QFileDialog.getOpenFileNames(self._window, sentence("ui.choose_title"), folder, sentence("ui.choose_filter"))
        if names:
            self._preferences["last_folder"] = str(Path(names[0]).parent)
            self.preferences_changed.emit()
            self.import_files([Path(name) for name in names])

    def choose_folder(self) -> None:
        """Ask for a folder and show what would be loaded of it."""
        from PySide6.QtWidgets import QFileDialog

        name = QFileDialog.getExistingDirectory(self._window, sentence("ui.choose_folder"), self._preferences.get("last_folder", ""))
        if name:
            self._preferences["last_folder"] = name
            self.preferences_changed.emit()
            self.import_files([Path(name)])

    def write_templates(self) -> None:
        """Ask for a folder and write the tables to fill in there."""
        from PySide6.QtWidgets import QFileDialog

        name = QFileDialog.getExistingDirectory(self._window, sentence("ui.templates_folder"), self._preferences.get("last_folder", ""))
        if not name:
            return
        self._work.begin(sentence("ui.writing_templates"))
        self._writer.submit(
            "templates",
            lambda opened, progress: actions.write_templates(Path(name)),
            lambda written: self._finished(sentence("ui.templates_written", count=len(written), path=name)),
            self._failed_work,
        )

    def import_files(self, files: Sequence[Path], choices: actions.ImportChoices | None = None) -> None:
        """Read files and open the preview; nothing is stored before it is confirmed."""
        if not files or self._refuses():
            return
        if self._writer.is_busy:
            self._say.warn(sentence("ui.busy"))
            return
        wanted = choices or actions.ImportChoices()
        self._work.begin(sentence("ui.reading_files", n=len(files)))
        self._writer.submit(
            "plan",
            lambda opened, progress: actions.plan_import(list(files), wanted, opened, progress),
            lambda planned: self._show_plan(planned, wanted),
            self._failed_work,
        )

    def apply_plan(self, planned: ImportPlan) -> None:
        """Load what the preview showed."""
        # What the preview refused has been read there already; only what it takes is loaded and reported.
        planned = replace(planned, files=tuple(file for file in planned.files if file.outcome == "load"))
        count = len(planned.files)
        self._work.begin(sentence("ui.importing_files", n=count))
        self._writer.submit("import", lambda opened, progress: actions.apply_import(planned, opened, progress), self._imported, self._failed_work)

    def import_unseen(self, files: Sequence[Path]) -> None:
        """Read and load files that were looked at before; what still asks something is refused with its words."""
        if self._refuses():
            return
        wanted = list(files)
        self._work.begin(sentence("ui.importing_files", n=len(wanted)))

        def run(opened: Workspace, progress: Progress) -> ImportReport:
            return actions.apply_import(actions.plan_import(wanted, actions.ImportChoices(), opened, progress), opened, progress)

        self._writer.submit("import", run, self._imported, self._failed_work)

    def import_again(self, import_id: int) -> None:
        """Ask for a corrected or complete export in place of one that was imported."""

        def find(opened: Workspace) -> Path | None:
            return next((Path(entry.path) for entry in actions.ledger(opened) if entry.import_id == import_id), None)

        def choose(path: Path | None) -> None:
            from PySide6.QtWidgets import QFileDialog

            if path is None:
                return
            title = sentence("ui.choose_again", file=path.name)
            names, _ = QFileDialog.getOpenFileNames(self._window, title, str(path.parent), sentence("ui.choose_filter"))
            self.import_files([Path(name) for name in names])

        self._reader.ask("again", find, choose, self._failed)

    def write_products(self) -> None:
        """Ask for a name and write the products without cost or category as a list to fill in."""
        target = self._table_name(sentence("quality.costs_file"))
        if target is None:
            return

        def write(opened: Workspace) -> int:
            return actions.write_products_to_complete(opened, target)

        self._reader.ask("products", write, lambda n: self._finished(sentence("quality.costs_written", n=f"{n:,}", path=str(target))), self._failed)

    def write_template(self, format_id: str) -> None:
        """Ask for a name and write one of our empty tables."""
        target = self._table_name(format_id.rpartition(".")[2])
        if target is None:
            return

        def write(opened: Workspace) -> None:
            actions.write_template(format_id, target)

        self._reader.ask("template", write, lambda _: self._finished(sentence("ui.report_written", path=str(target))), self._failed)

    def _table_name(self, stem: str) -> Path | None:
        from PySide6.QtWidgets import QFileDialog

        folder = Path(self._preferences.get("last_folder", ""))
        name, _ = QFileDialog.getSaveFileName(self._window, sentence("ui.save_table"), str(folder / f"{stem}.xlsx"), "XLSX (*.xlsx);;CSV (*.csv)")
        if not name:
            return None
        path = Path(name)
        return path if path.suffix else path.with_suffix(".xlsx")

    def undo(self, import_ids: Sequence[int]) -> None:
        """Take imports back."""
        if not import_ids or self._refuses():
            return
        wanted = tuple(import_ids)
        self._work.begin(sentence("ui.undoing", n=len(wanted)))

        def run(opened: Workspace, progress: Progress) -> tuple[int, ...]:
            actions.undo(opened, wanted, progress)
            return wanted

        self._writer.submit("undo", run, self._undone, self._failed_work)

    def redo(self, import_ids: Sequence[int]) -> None:
        """Import the files of undone imports again, where they still lie."""
        if self._refuses():
            return
        wanted = set(import_ids)

        def find(opened: Workspace) -> list[Path]:
            return list(dict.fromkeys(Path(entry.path) for entry in actions.ledger(opened) if entry.import_id in wanted))

        def go_on(found: list[Path]) -> None:
            gone = [path for path in found if not path.exists()]
            if gone:
                self._say.warn(sentence("ui.file_gone", file=gone[0].name))
            self.import_files([path for path in found if path.exists()])

        self._reader.ask("redo", find, go_on, self._failed)

    def undo_last(self) -> None:
        self.undo(self._last_imports)

    def redo_last(self) -> None:
        self.redo(self._last_undone)

    def open_demo(self) -> None:
        """Make the demo shop beside this workspace, if it is not there yet, and open it."""
        target = paths.data_dir() / "demo.ecoperf"
        if target.exists():
            self.workspace_asked.emit(target)
            return
        self._work.begin(sentence("ui.making_demo"))
        self._writer.submit("demo", lambda opened, progress: _make_demo(target, progress), self.workspace_asked.emit, self._failed_work)

    def back_up(self) -> None:
        """Write a consistent copy of the workspace into its backup folder."""
        if self._writer.is_busy:
            self._say.warn(sentence("ui.busy"))
            return

        def done(copy: Copy) -> None:
            self._finished(sentence("ui.backed_up", path=str(copy.path)))
            self._list_backups(sentence("ui.backed_up", path=str(copy.path)))

        self._work.begin(sentence("ui.backing_up"))
        self._writer.submit("backup", lambda opened, progress: actions.back_up(opened, progress=progress), done, self._failed_work)

    def show_backups(self) -> None:
        """Show the backups, and do with them what is asked there."""
        from ecoperf_desktop.ui.backups_dialog import BackupsDialog

        if self._backups is None:
            dialog = BackupsDialog(paths.backup_dir(self._path), self._window)
            dialog.back_up_asked.connect(self.back_up)
            dialog.pin_asked.connect(self._pin)
            dialog.check_asked.connect(self._verify)
            dialog.restore_asked.connect(self.restore)
            dialog.finished.connect(self._forget_backups)
            self._writer.busy_changed.connect(dialog.set_busy)
            dialog.set_busy(self._writer.is_busy)
            self._backups = dialog
        self._backups.forbid(self._cannot())
        self._backups.show()
        self._backups.raise_()
        self._list_backups()

    @property
    def backups_dialog(self) -> BackupsDialog | None:
        return self._backups

    def restore(self, copy: Path) -> None:
        """Put a backup in the workspace's place; the present state is kept, and every page shows the restored one."""
        if self._refuses():
            return
        if self._writer.is_busy:
            self._say.warn(sentence("ui.busy"))
            return
        self._work.begin(sentence("saving.restoring"))
        self._writer.submit_apart(
            "restore", lambda progress: actions.restore(self._path, copy, progress), self._reader, lambda done: self._restored(done, copy),
            self._failed_work,
        )  # fmt: skip

    def check(self) -> None:
        """Check the workspace's integrity."""
        self._work.begin(sentence("ui.checking"))
        self._writer.submit("check", lambda opened, progress: actions.check(opened, progress), self._checked, self._failed_work)

    def print_preview(self) -> None:
        """Show the sheets as they will be printed."""
        scope = self._scope()
        if scope is not None:
            self._reader.ask("pack", lambda opened: actions.pack(opened, scope, ()), self._preview, self._failed)

    def save_pdf(self) -> None:
        """Ask for a name and write the printed summary."""
        from PySide6.QtWidgets import QFileDialog

        if self._scope() is None:
            return
        stem = self._report_name()
        name, _ = QFileDialog.getSaveFileName(self._window, sentence("ui.save_title"), str(Path(self._preferences.get("last_folder", "")) / f"{stem}.pdf"), sentence("ui.save_filter"))
        if name:
            self.write_report(Path(name))

    def write_report(self, target: Path) -> None:
        """Write the printed summary; the form follows the name."""
        scope, paper = self._scope(), self._preferences["paper"]
        if scope is None:
            return

        def write(opened: Workspace) -> Path:
            actions.report(opened, scope, (), target, paper)
            return target

        self._work.begin(sentence("ui.writing_report"))
        self._reader.ask("report", write, lambda made: self._finished(sentence("ui.report_written", path=str(made))), self._failed_work)

    @property
    def import_dialog(self) -> ImportDialog | None:
        return self._dialog

    @property
    def mapping_dialog(self) -> MappingDialog | None:
        return self._mapping

    def _show_plan(self, planned: ImportPlan, choices: actions.ImportChoices) -> None:
        from ecoperf_desktop.ui.import_dialog import ImportDialog

        self._work.end()
        dialog = ImportDialog(planned, choices, self._window)
        dialog.again_asked.connect(self._read_again)
        dialog.counts_asked.connect(self._count_rows)
        dialog.mapping_asked.connect(self._describe)
        dialog.accepted.connect(lambda: self.apply_plan(dialog.plan))
        dialog.finished.connect(dialog.deleteLater)
        dialog.finished.connect(self._forget_dialog)
        self._dialog = dialog
        dialog.open()

    def _forget_dialog(self) -> None:
        self._dialog = None

    def _read_again(self, files: list[Path], choices: actions.ImportChoices) -> None:
        """Plan some files of the open preview anew, with what a person answered."""
        dialog = self._dialog
        if dialog is None:
            return

        def merge(planned: ImportPlan) -> None:
            self._work.end()
            if self._dialog is not dialog:
                return
            dialog.merge(planned, choices)
            described, self._import_at_once = self._import_at_once, None
            # Where nothing else waits to be looked at, saving the format goes on with the import.
            if described is not None and all(file.path == described and file.outcome == "load" for file in dialog.plan.files):
                dialog.accept()

        self._work.begin(sentence("ui.reading_files", n=len(files)))
        self._writer.submit("plan", lambda opened, progress: actions.plan_import(files, choices, opened, progress), merge, self._failed_answer)

    def _describe(self, file: FilePlan, choices: actions.ImportChoices) -> None:
        """Open the dialogue in which a person says what an unknown file's columns are."""
        member = file.file
        if member is None or self._mapping is not None:
            return

        def suggest(opened: Workspace) -> tuple[Draft, Catalogue, list[str]]:
            return actions.suggest_format(member, partly=True), actions.field_catalogue(), actions.sources(opened)

        def show(suggested: tuple[Draft, Catalogue, list[str]]) -> None:
            self._work.end()
            if self._dialog is not None:
                self._show_mapping(file, member, choices, *suggested)

        self._work.begin(sentence("ui.reading_files", n=1))
        self._reader.ask("suggest", suggest, show, self._failed_answer)

    def _show_mapping(
        self, file: FilePlan, member: Member, choices: actions.ImportChoices, draft: Draft, known: Catalogue, sources: list[str]
    ) -> None:
        from ecoperf_desktop.ui.mapping_dialog import MappingDialog

        why = sentence(file.findings[0].code, **file.findings[0].details) if file.findings and file.findings[0].code == "importing.near_miss" else ""
        mapping = MappingDialog(draft, known, choices, sources=sources, why=why, parent=self._dialog)

        def try_it(changed: Draft, chosen: actions.ImportChoices) -> None:
            def failed(problem: BaseException) -> None:
                if self._mapping is mapping and isinstance(problem, EcoPerfError):
                    mapping.show_problem(problem)

            def show(trial: Trial) -> None:
                if self._mapping is mapping:
                    mapping.show_trial(trial)

            self._reader.ask("trial", lambda opened: actions.try_format(changed, known, member, chosen, opened), show, failed)

        def keep(changed: Draft, chosen: actions.ImportChoices) -> None:
            try:
                actions.keep_format(changed, known)
            except EcoPerfError as problem:
                mapping.show_problem(problem)
                return
            mapping.accept()
            self._import_at_once = file.path
            self._read_again([file.path], chosen)

        mapping.trial_asked.connect(try_it)
        mapping.keep_asked.connect(keep)
        mapping.finished.connect(mapping.deleteLater)
        mapping.finished.connect(self._forget_mapping)
        self._mapping = mapping
        mapping.open()

    def _forget_mapping(self) -> None:
        self._mapping = None

    def _failed_answer(self, problem: BaseException) -> None:
        """Say in the preview what is wrong with an answer."""
        self._work.end()
        self._import_at_once = None
        if self._dialog is not None and not isinstance(problem, Cancelled):
            self._dialog.show_problem(words_of(problem))

    def _count_rows(self, planned: ImportPlan) -> None:
        """Try the plan without storing anything, to say how many rows are new, changed and the same."""
        dialog = self._dialog
        if dialog is None or sum(file.read for file in planned.files) > _COUNTED_AHEAD:
            return

        def show(report: ImportReport) -> None:
            if self._dialog is dialog:
                dialog.show_counts(report)

        self._writer.submit("count", lambda opened, progress: actions.apply_import(planned, opened, progress, dry_run=True), show, lambda problem: None, quiet=True)

    def _imported(self, report: ImportReport) -> None:
        self._work.end()
        ids = tuple(file.import_id for file in report.files if file.status == "loaded" and file.import_id is not None)
        refused = [file for file in report.files if file.status == "refused"]
        self._last_imports = ids
        new, changed = sum(file.rows.new for file in report.files), sum(file.rows.changed for file in report.files)
        rejected = sum(file.rows.rejected for file in report.files)
        text = sentence("ui.imported", n=len(ids), new=f"{new:,}", changed=f"{changed:,}", refused=f"{rejected:,}")
        links: list[tuple[str, Callable[[], None]]] = [(sentence("ui.undo"), lambda: self.undo(ids))] if ids else []
        if refused or rejected:
            links.append((sentence("ui.problems"), lambda: self.page_asked.emit("data")))
        if refused:
            first = refused[0].findings[0] if refused[0].findings else None
            why = sentence(first.code, **first.details) if first else ""
            words_refused = sentence("ui.files_refused", n=len(refused), file=Path(refused[0].path).name, why=why)
            self._say.warn(f"{text} {words_refused}" if ids else words_refused, links)
        else:
            self._say.say(text, links)
        self.changed.emit()
        self._warn_of_backups(links)

    def _undone(self, import_ids: tuple[int, ...]) -> None:
        self._work.end()
        self._last_undone = import_ids
        self._last_imports = tuple(one for one in self._last_imports if one not in import_ids)
        self._say.say(sentence("ui.undone", n=len(import_ids)), [(sentence("ui.redo"), lambda: self.redo(import_ids))])
        self.changed.emit()

    def _warn_of_backups(self, links: list[tuple[str, Callable[[], None]]]) -> None:
        """Add to what was said that the automatic backup failed, at most once a day."""

        def warn(problem: tuple[str, dict[str, object]] | None) -> None:
            if problem is not None:
                code, details = problem
                said = f"{self._say.text} " if self._say.isVisible() else ""
                self._say.warn(said + sentence(code, **details), [*links, (sentence("ui.backups_link"), self.show_backups)])

        self._writer.submit("warning", lambda opened, progress: actions.backup_warning(opened), warn, lambda _: None, quiet=True)

    def _checked(self, health: Health) -> None:
        self._work.end()
        if health.sound:
            self._say.say(sentence("ui.check_sound"))
        else:
            words = " ".join(sentence(code, **details) for code, details in health.problems)
            self._say.warn(words, [(sentence("damage.what_now"), self.damage_met.emit)])

    def _list_backups(self, said: str = "") -> None:
        dialog = self._backups
        if dialog is None:
            return

        def show(copies: list[Copy]) -> None:
            if self._backups is dialog:
                dialog.show_copies(copies)
                if said:
                    dialog.say(said)

        self._reader.ask("backups", lambda opened: actions.backups(self._path), show, self._failed_with_backups)

    def _pin(self, copy: Copy, pinned: bool) -> None:
        self._reader.ask("pin", lambda opened: actions.pin_backup(copy, pinned), lambda _: self._list_backups(), self._failed_with_backups)

    def _verify(self, copy: Copy) -> None:
        dialog = self._backups
        if dialog is None:
            return

        def show(health: Health) -> None:
            self._work.end()
            words = sentence("saving.checked_sound") if health.sound else sentence("saving.checked_damaged")
            if self._backups is dialog:
                dialog.show_state(copy, words)
                dialog.say(" ".join(sentence(code, **details) for code, details in health.problems), problem=not health.sound)

        self._work.begin(sentence("saving.checking"))
        dialog.say(sentence("saving.checking"))
        # With the writer: nothing is written meanwhile, and pages go on being answered.
        self._writer.submit("verify", lambda opened, progress: actions.verify_backup(copy, progress), show, self._failed_work)

    def _restored(self, done: Restored, copy: Path) -> None:
        self._work.end()
        self._last_imports = self._last_undone = ()
        links: list[tuple[str, Callable[[], None]]] = []
        words = sentence("saving.restored", file=copy.name)
        if (kept := done.kept) is not None:
            words = sentence("saving.restored_kept", file=copy.name, kept=kept.name)
            links.append((sentence("saving.restore_undo"), lambda: self.restore(kept)))
        self._say.say(words, links)
        self.changed.emit()
        self._list_backups(words)

    def _forget_backups(self) -> None:
        if self._backups is not None:
            self._writer.busy_changed.disconnect(self._backups.set_busy)
            self._backups.deleteLater()
            self._backups = None

    def _failed_with_backups(self, problem: BaseException) -> None:
        if self._backups is not None:
            self._backups.say(words_of(problem), problem=True)

    def _refuses(self) -> bool:
        """Say that nothing can be written here, where that is so."""
        why = self._cannot()
        if why:
            self._say.warn(why)
        return bool(why)

    def warn(self, problem: BaseException) -> None:
        """Say what went wrong; of a damaged workspace also what can be done now."""
        damaged = isinstance(problem, WorkspaceDamaged) and problem.code.startswith("store.")
        self._say.warn(words_of(problem), [(sentence("damage.what_now"), self.damage_met.emit)] if damaged else [])

    def _finished(self, text: str) -> None:
        self._work.end()
        self._say.say(text)

    def _failed_work(self, problem: BaseException) -> None:
        self._work.end()
        if isinstance(problem, Cancelled):
            self._say.say(sentence("ui.stopped"))
        else:
            self.warn(problem)
            self._failed_with_backups(problem)

    def _preview(self, made: Pack) -> None:
        from ecoperf_desktop.ui.printing import preview

        self.sheets = preview(made, self._preferences["paper"], self._window)

    def _failed(self, problem: BaseException) -> None:
        self.warn(problem)


def _make_demo(target: Path, progress: Progress) -> Path:
    """Write the demo shop's exports into the cache and import them into a workspace of their own."""
    folder = paths.cache_dir() / "demo"
    draft = target.with_suffix(".new")
    for old in (draft, draft.with_name(draft.name + "-wal"), draft.with_name(draft.name + "-shm")):
        old.unlink(missing_ok=True)
    try:
        with actions.workspace(draft, write=True) as opened:
            actions.demo(opened, folder, progress=progress)
        draft.replace(target)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        for left in (draft, draft.with_name(draft.name + ".lock")):
            left.unlink(missing_ok=True)
    return target
