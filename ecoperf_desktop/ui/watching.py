"""Watches the folder of downloads: new exports are offered in a quiet strip, or imported if the person chose so."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QFileSystemWatcher, QObject, Qt, QTimer, Signal

from ecoperf_desktop import actions, collector, paths
from ecoperf_desktop.importing import watched
from ecoperf_desktop.importing.watched import Seen, WatchedFolder
from ecoperf_desktop.language import sentence
from ecoperf_desktop.model.importing import Progress
from ecoperf_desktop.store.database import Workspace
from ecoperf_desktop.ui.errands import Errands
from ecoperf_desktop.ui.strips import SayStrip
from ecoperf_desktop.ui.work import Writer

# Watchers miss network folders and whole volumes: what they do not tell is seen at the next slow look.
_POLL = 15.0
_QUIET = 3.0
_NAMED = 2


class FolderWatch(QObject):
    """Tells of complete new files in one folder; it may vanish and come back.

    Looking is done on a thread: a network folder that is gone lets one wait for half a minute.
    """

    found = Signal(list)  # Paths
    _looked = Signal(object, object, object)  # WatchedFolder, Seen, the folder to listen to

    def __init__(self, parent: QObject | None = None, *, poll: float = _POLL, quiet: float = _QUIET) -> None:
        super().__init__(parent)
        self._poll, self._quiet = poll, quiet
        self._folder: WatchedFolder | None = None
        self._is_first = False
        self._watcher = QFileSystemWatcher(self)
        self._watcher.directoryChanged.connect(self._soon)
        self._watcher.fileChanged.connect(self._soon)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._look)
        self._looked.connect(self._tell, Qt.ConnectionType.QueuedConnection)
        self._is_looking = False

    @property
    def folder(self) -> Path | None:
        return self._folder.folder if self._folder else None

    def watch(self, folder: Path | None) -> None:
        """Watch ``folder`` from now on, or nothing.  What was told of in it before is remembered."""
        if folder == self.folder:
            return
        self._timer.stop()
        if self._watcher.directories():
            self._watcher.removePaths(self._watcher.directories())
        self._folder = None
        if folder is not None:
            known = watched.remembered(_memory(), folder)
            self._folder = WatchedFolder(folder, known, quiet=self._quiet)
            self._is_first = known is None
            self._look()

    def _soon(self, path: str = "") -> None:
        # Several changes at once are one look; a file is looked at again when it has been quiet long enough.
        wait = round(self._quiet * 350)
        if self._folder is not None and not (self._timer.isActive() and self._timer.remainingTime() <= wait):
            self._timer.start(wait)

    def _look(self) -> None:
        folder = self._folder
        if folder is None:
            return
        if self._is_looking:
            self._timer.start(round(self._quiet * 500))
            return
        self._is_looking = True
        threading.Thread(target=self._look_at, args=(folder,), name="watch", daemon=True).start()

    def _look_at(self, folder: WatchedFolder) -> None:
        # Widgets are taken apart in the window's thread alone: see work._Thread.
        with collector.resting(), contextlib.suppress(RuntimeError):  # the window has been closed meanwhile
            seen = folder.look(time.monotonic())
            self._looked.emit(folder, seen, folder.folder if seen.is_there else _nearest(folder.folder))

    def _tell(self, folder: WatchedFolder, seen: Seen, listen_to: Path) -> None:
        self._is_looking = False
        if folder is not self._folder:
            self._look()  # another folder has been chosen meanwhile
            return
        self._listen(listen_to)
        if seen.complete or (seen.is_there and self._is_first):
            self._is_first = False
            watched.remember(_memory(), folder)
        self._timer.start(round((self._quiet * 0.5 if seen.is_waiting else self._poll) * 1000))
        if seen.complete:
            self.found.emit(list(seen.complete))

    def _listen(self, folder: Path) -> None:
        """Hear of changes in ``folder``; where the system cannot tell, the slow look does."""
        now = self._watcher.directories()
        if now == [str(folder)]:
            return
        if now:
            self._watcher.removePaths(now)
        self._watcher.addPath(str(folder))


@dataclass(frozen=True)
class Arrived:
    """New files by what would become of them: ``ready`` to be imported, with a question, refused, not known."""

    folder: Path
    ready: tuple[Path, ...]
    asking: tuple[Path, ...]
    refused: tuple[Path, ...]
    unknown: tuple[Path, ...]

    @property
    def offered(self) -> tuple[Path, ...]:
        return (*self.ready, *self.asking, *self.refused, *self.unknown)


def sort_files(opened: Workspace, files: Sequence[Path], progress: Progress) -> Arrived:
    """Plan new files and say what would become of each; those whose bytes are imported already are left out."""
    groups: dict[str, list[Path]] = {"ready": [], "asking": [], "refused": [], "unknown": []}
    for path in files:
        group = _group(opened, path, progress)
        if group is not None:
            groups[group].append(path)
    return Arrived(files[0].parent, *(tuple(group) for group in groups.values()))


def _group(opened: Workspace, path: Path, progress: Progress) -> str | None:
    """Return the group of one file, None when there is nothing to say about it."""
    planned = actions.plan_import([path], actions.ImportChoices(), opened, progress)
    fresh = [file for file in planned.files if file.outcome != "skipped" and not actions.is_imported(opened, file)]
    if any(file.question for file in fresh):
        return "asking"
    if any(file.outcome == "load" for file in fresh):
        return "ready"
    if not fresh:
        return None
    is_unknown = all(file.findings and file.findings[0].code in ("importing.unknown_format", "importing.nothing_to_read") for file in fresh)
    if is_unknown:
        return None if watched.is_seldom_export(path) else "unknown"
    return "refused"


class Watching(QObject):
    """Offers what the watch finds.

    ``may_import`` says whether the person chose that known files are imported without asking.
    """

    def __init__(
        self, writer: Writer, errands: Errands, strip: SayStrip, may_import: Callable[[], bool], parent: QObject | None = None,
        watch: FolderWatch | None = None,
    ) -> None:
        super().__init__(parent)
        self._writer, self._errands, self._strip, self._may_import = writer, errands, strip, may_import
        self._waiting: list[Path] = []
        self._is_sorting = False
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.timeout.connect(self._go_on)
        self.offered: Arrived | None = None
        self.watch = watch or FolderWatch(self)
        self.watch.found.connect(self.take)
        writer.busy_changed.connect(lambda busy: self._go_on())

    def follow(self, folder: str) -> None:
        """Watch the folder of this path, nothing when it is empty."""
        if not folder:
            self.dismiss()
        self.watch.watch(Path(folder) if folder else None)

    def take(self, files: list[Path]) -> None:
        """Sort new files as soon as nothing else is being written."""
        self._waiting.extend(file for file in files if file not in self._waiting)
        self._go_on()

    def _go_on(self) -> None:
        if self._is_sorting or not self._waiting:
            return
        if self._writer.is_busy or self._errands.import_dialog is not None:
            self._later.start(1000)  # a preview that is closed says nothing to us
            return
        files = [file for file in self._waiting if file.exists()]
        self._waiting = []
        if not files:
            return
        self._is_sorting = True
        self._writer.submit("sort", lambda opened, progress: sort_files(opened, files, progress), self._sorted, self._not_sorted, quiet=True)

    def _sorted(self, arrived: Arrived) -> None:
        self._is_sorting = False
        if arrived.ready and self._may_import():
            if self._writer.is_busy:
                self._waiting.extend(arrived.ready)
            else:
                self._errands.import_unseen(arrived.ready)
            arrived = Arrived(arrived.folder, (), arrived.asking, arrived.refused, arrived.unknown)
        if self.offered is not None:  # what was offered and not answered is offered together with the new
            before = self.offered
            pairs = ((before.ready, arrived.ready), (before.asking, arrived.asking), (before.refused, arrived.refused), (before.unknown, arrived.unknown))
            arrived = Arrived(arrived.folder, *(tuple(dict.fromkeys((*old, *new))) for old, new in pairs))
        if arrived.offered:
            self._offer(arrived)
        self._go_on()

    def _not_sorted(self, problem: BaseException) -> None:
        # Whoever drops the file is told what is wrong with it; here nobody asked.
        self._is_sorting = False
        self._go_on()

    def _offer(self, arrived: Arrived) -> None:
        self.offered = arrived
        parts = [
            sentence(f"watching.{code}", n=len(files))
            for code, files in (("ready", arrived.ready), ("asking", arrived.asking), ("refused", arrived.refused), ("unknown", arrived.unknown))
            if files
        ]
        names = sentence("watching.joint").join(path.name for path in arrived.offered[:_NAMED])
        if len(arrived.offered) > _NAMED:
            names = sentence("watching.and_more", names=names, n=len(arrived.offered) - _NAMED)
        text = sentence("watching.offer", n=len(arrived.offered), folder=arrived.folder.name or str(arrived.folder), parts=sentence("watching.joint").join(parts), names=names)
        links: list[tuple[str, Callable[[], None]]] = [(sentence("watching.look"), self.look)]
        if arrived.ready:
            links.append((sentence("watching.import"), self.take_in))
        links.append((sentence("watching.not_these"), self.dismiss))
        self._strip.offer(text, links)

    def look(self) -> None:
        """Show the preview of what is offered."""
        arrived = self.offered
        if arrived is not None and not self._writer.is_busy:
            self.dismiss()
            self._errands.import_files(arrived.offered)

    def take_in(self) -> None:
        """Import what is ready; what asks something stays offered."""
        arrived = self.offered
        if arrived is None or self._writer.is_busy:
            return
        self.dismiss()
        self._errands.import_unseen(arrived.ready)
        rest = Arrived(arrived.folder, (), arrived.asking, (), ())
        if rest.offered:
            self._offer(rest)

    def dismiss(self) -> None:
        """Never mind these files."""
        self.offered = None
        self._strip.hide()


def _memory() -> Path:
    return paths.data_dir() / "watched.json"


def _nearest(folder: Path) -> Path:
    """Return the nearest folder above that exists: there the folder will appear again."""
    return next((parent for parent in folder.parents if parent.is_dir()), Path(folder.anchor or "."))
