"""A watched folder tells of whole new files once, and of nothing half-written."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest

from ecoperf_desktop.importing.watched import WatchedFolder, remember, remembered

QUIET = 3.0


@pytest.fixture
def downloads(tmp_path: Path) -> Path:
    folder = tmp_path / "Downloads"
    folder.mkdir()
    return folder


def put(folder: Path, name: str, text: str = "a,b\n1,2\n", when: int = 1_000) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    os.utime(path, (when, when))
    return path


def test_what_lies_there_at_first_is_old_and_what_comes_is_new_once(downloads: Path) -> None:
    put(downloads, "old.csv")
    watched = WatchedFolder(downloads, quiet=QUIET)
    assert watched.look(0).complete == ()
    new = put(downloads, "new.csv")
    assert watched.look(1).complete == ()
    assert watched.look(2).is_waiting
    assert watched.look(4.5).complete == (new,)
    assert watched.look(60).complete == ()


def test_a_file_that_still_grows_waits_until_it_is_quiet(downloads: Path) -> None:
    watched = WatchedFolder(downloads, {}, quiet=QUIET)
    for second in range(10):
        put(downloads, "growing.csv", "x" * (second + 1), when=1_000 + second)
        assert watched.look(second).complete == ()
    assert watched.look(11).complete == ()
    assert [path.name for path in watched.look(12.5).complete] == ["growing.csv"]


@pytest.mark.parametrize(
    "name",
    ["a.csv.crdownload", "a.csv.part", "a.csv.partial", "a.csv.tmp", "a.csv.download", "~$a.xlsx", ".a.csv", "Unconfirmed 123.crdownload", "a.CSV.PART"],
)
def test_unfinished_files_are_never_told_of(downloads: Path, name: str) -> None:
    watched = WatchedFolder(downloads, {}, quiet=QUIET)
    put(downloads, name)
    assert [watched.look(second).complete for second in (0, 5, 10)] == [(), (), ()]


def test_the_placeholder_of_a_download_waits_for_the_download(downloads: Path) -> None:
    watched = WatchedFolder(downloads, {}, quiet=QUIET)
    put(downloads, "orders.csv", "")
    part = put(downloads, "orders.csv.part", "half")
    assert all(not watched.look(second).complete for second in (0, 5, 10))
    part.replace(downloads / "orders.csv")
    assert not watched.look(11).complete
    assert [path.name for path in watched.look(15).complete] == ["orders.csv"]


def test_half_an_archive_is_not_complete(downloads: Path) -> None:
    watched = WatchedFolder(downloads, {}, quiet=QUIET)
    path = downloads / "week.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.csv", "a,b\n" * 500)
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    assert all(not watched.look(second).complete for second in (0, 5, 10))
    path.write_bytes(whole)
    watched.look(11)
    assert watched.look(15).complete == (path,)


def test_pictures_and_programs_are_no_exports(downloads: Path) -> None:
    watched = WatchedFolder(downloads, {}, quiet=QUIET)
    for name in ("cat.jpg", "setup.exe", "paper.pdf", "folder"):
        put(downloads, name)
    (downloads / "orders").mkdir()
    assert [watched.look(second).complete for second in (0, 5)] == [(), ()]


def test_a_folder_that_vanishes_comes_back_with_its_old_files_known(downloads: Path) -> None:
    watched = WatchedFolder(downloads, {}, quiet=QUIET)
    told = put(downloads, "told.csv")
    watched.look(0)
    assert watched.look(4).complete == (told,)
    away = downloads.rename(downloads.with_name("away"))
    assert not watched.look(5).is_there
    away.rename(downloads)
    put(downloads, "new.csv")
    watched.look(6)
    assert [path.name for path in watched.look(10).complete] == ["new.csv"]


def test_a_file_replaced_by_another_is_told_of_again(downloads: Path) -> None:
    watched = WatchedFolder(downloads, {}, quiet=QUIET)
    put(downloads, "orders.csv")
    watched.look(0)
    assert watched.look(4).complete
    put(downloads, "orders.csv", "a,b\n3,4\n5,6\n", when=2_000)
    watched.look(5)
    assert watched.look(9).complete


def test_what_was_told_of_is_remembered_and_what_came_meanwhile_is_new(downloads: Path, tmp_path: Path) -> None:
    memory = tmp_path / "watched.json"
    assert remembered(memory, downloads) is None
    put(downloads, "old.csv")
    watched = WatchedFolder(downloads, remembered(memory, downloads), quiet=QUIET)
    watched.look(0)
    remember(memory, watched)
    put(downloads, "while closed.csv")
    again = WatchedFolder(downloads, remembered(memory, downloads), quiet=QUIET)
    again.look(0)
    assert [path.name for path in again.look(4).complete] == ["while closed.csv"]
    assert remembered(memory, tmp_path) is None, "another folder has its own memory"
    memory.write_text("{broken", encoding="utf-8")
    assert remembered(memory, downloads) is None
