"""What every test starts from: no preferences, no caches, no workspace but its own, and English."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from ecoperf_desktop import language
from ecoperf_desktop.store import database

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Give all tests of a file to one process, so that what they share is made once; files in the order of their names."""
    if config.getoption("dist") != "load":
        return None  # asked for otherwise
    from xdist.scheduler import LoadFileScheduling

    config.option.loadscopereorder = False
    return LoadFileScheduling(config, log)


@pytest.fixture(scope="session")
def data_folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return folders that nobody has used; pytest's own would look through all earlier ones for the next number."""
    folder = tmp_path_factory.mktemp("data")
    return (folder / str(number) for number in count())


@pytest.fixture(autouse=True)
def own_data_folder(data_folders: Iterator[Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    folder = next(data_folders)
    folder.mkdir()
    monkeypatch.setenv("ECOPERF_DATA", str(folder))
    monkeypatch.delenv("ECOPERF_WORKSPACE", raising=False)
    monkeypatch.setenv("LANG", "C.UTF-8")
    language.set_language("en")
    yield
    language.set_language("en")


@pytest.fixture(scope="session")
def copied_workspace(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], None]:
    """Return what makes a new workspace as the store does, but by copying the first one: only its secret is new."""
    first = tmp_path_factory.mktemp("first") / "first.ecoperf"
    make = database._create

    def copy(path: Path) -> None:
        if not first.exists():
            make(first)
        unfinished = path.with_name(f".{path.name}.{os.getpid()}.new")
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            shutil.copy(first, unfinished)
        except OSError:
            make(path)  # says in words why it cannot
            return
        conn = sqlite3.connect(unfinished, isolation_level=None)
        conn.execute("PRAGMA synchronous=0")
        conn.execute("UPDATE secret SET value = ? WHERE name = 'buyer_key'", (os.urandom(32),))
        conn.close()
        os.replace(unfinished, path)

    return copy


@pytest.fixture(scope="session", autouse=True)
def quick_workspaces(as_shipped: object, copied_workspace: Callable[[Path], None]) -> Iterator[None]:
    """Make workspaces by copying one, and do not wait for the disk: no test cuts the power.

    Where making them is what is tested, ``workspaces_as_shipped`` gives the store's own way back.
    """
    patch = pytest.MonkeyPatch()
    patch.setattr(database, "_create", copied_workspace)
    patch.setitem(database._WRITER, "synchronous", 0)
    yield
    patch.undo()


@pytest.fixture(scope="session")
def as_shipped() -> tuple[Callable[[Path], None], dict[str, int | str]]:
    """Return how the store makes a workspace and sets a writer, read before anything is made quick."""
    return database._create, dict(database._WRITER)


@pytest.fixture
def workspaces_as_shipped(as_shipped: tuple[Callable[[Path], None], dict[str, int | str]], monkeypatch: pytest.MonkeyPatch) -> None:
    make, settings = as_shipped
    monkeypatch.setattr(database, "_create", make)
    for name, value in settings.items():
        monkeypatch.setitem(database._WRITER, name, value)


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of real exports, or skip where it is absent."""
    folder = Path(__file__).resolve().parents[1].parent / "shared"
    if not (folder / "data").is_dir():
        pytest.skip("the real exports (../shared) are not here")
    return folder
