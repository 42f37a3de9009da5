"""Backups made by themselves, thinned out by their sequence, and what a full disk or a wrong clock does to them."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import time
from collections import namedtuple
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ecoperf_desktop import actions, settings
from ecoperf_desktop.errors import Cancelled, WorkspaceDamaged, WorkspaceError
from ecoperf_desktop.store import backup, copies, safekeeping
from ecoperf_desktop.store.database import Workspace

FILES = Path(__file__).resolve().parents[1] / "old_stores" / "files"
CHOICES = actions.ImportChoices(settings=(("currency", "CNY"), ("tz", "Asia/Shanghai")))
START = datetime(2026, 1, 5, 8, tzinfo=UTC)
Usage = namedtuple("Usage", "total used free")


def load(opened: Workspace, number: int) -> int:
    (file,) = FILES.glob(f"{number:02d}-*.csv")
    made = actions.apply_import(actions.plan_import([file], CHOICES, opened), opened)
    actions.finish_backups(opened)
    assert made.files[0].import_id is not None
    return made.files[0].import_id


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "shop.ecoperf"


@pytest.fixture
def moment(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """The clock of copies: a list of one."""
    clock = [datetime.now(UTC)]
    monkeypatch.setattr(copies, "now", lambda: clock[0])
    return clock


def reasons(path: Path) -> list[str]:
    return [copy.reason for copy in reversed(actions.backups(path))]


def test_a_copy_is_made_before_imports_when_the_newest_is_old_and_something_changed(path: Path, moment: list[datetime]) -> None:
    with Workspace.open(path, write=True) as opened:
        load(opened, 1)
        assert reasons(path) == []  # there was nothing yet
        load(opened, 2)
        assert reasons(path) == ["import"]
        moment[0] += timedelta(minutes=29)
        load(opened, 5)
        assert reasons(path) == ["import"]
        moment[0] += timedelta(minutes=2)
        load(opened, 6)
        assert reasons(path) == ["import", "import"]
        assert [copy.imports for copy in actions.backups(path)] == [3, 1]
        actions.back_up(opened)
        moment[0] += timedelta(days=3)
        load(opened, 7)
        assert reasons(path) == ["import", "import", "asked"]  # nothing had changed since


def test_a_copy_is_made_before_an_undo_and_restoring_it_takes_the_undo_back(path: Path) -> None:
    with Workspace.open(path, write=True) as opened:
        load(opened, 1)
        actions.undo(opened, [load(opened, 5)])
    assert reasons(path) == ["import", "undo"]
    actions.restore(path, actions.backups(path)[0].path)
    with Workspace.open(path) as opened:
        assert [entry.state for entry in actions.ledger(opened)] == ["active", "active"]


def test_on_exit_a_copy_is_made_by_the_generation_and_not_by_the_files_time(path: Path) -> None:
    with Workspace.open(path, write=True) as opened:
        assert actions.back_up_on_exit(opened) is None
        load(opened, 1)
        assert actions.back_up_on_exit(opened) is not None
        os.utime(path)
        actions.check(opened)
        assert actions.back_up_on_exit(opened) is None
        opened.set_setting("a", "b")
        assert actions.back_up_on_exit(opened) is not None


def test_no_copy_is_made_of_what_is_not_sound(path: Path) -> None:
    with Workspace.open(path, write=True) as opened:
        load(opened, 1)
        opened.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with path.open("r+b") as stream:
        stream.seek(path.stat().st_size // 8192 * 4096)
        stream.write(b"\xff" * 4096)
    with Workspace.open(path, write=True) as opened:
        with pytest.raises(WorkspaceDamaged) as refused:
            actions.back_up(opened)
        assert refused.value.code == "backup.not_from_damaged"
        assert actions.back_up_on_exit(opened) is None
        warned = actions.backup_warning(opened)
        assert warned is not None and warned[0] == "backup.not_from_damaged"
    assert actions.backups(path) == []


def test_an_import_goes_on_while_the_state_before_it_is_copied(path: Path) -> None:
    with Workspace.open(path, write=True) as opened:
        load(opened, 1)
        safekeeping.before_undo(opened)
        for number in range(30):
            opened.set_setting(f"later {number}", "x" * 1000)
        actions.finish_backups(opened)
    (copy,) = actions.backups(path)
    assert copy.sound and actions.verify_backup(copy).sound
    conn = sqlite3.connect(copy.path)
    assert conn.execute("SELECT count(*) FROM setting WHERE name LIKE 'later%'").fetchone() == (0,)
    conn.close()


def test_a_copy_that_is_cancelled_leaves_nothing(path: Path) -> None:
    def stop(done: int, total: int, what: str) -> None:
        raise Cancelled

    with Workspace.open(path, write=True) as opened:
        with pytest.raises(Cancelled):
            actions.back_up(opened, progress=stop)
    assert [one.name for one in (path.parent / "backups" / "shop").iterdir()] == [".lock"]


def made_at(folder: Path, moments: list[datetime], **more: object) -> None:
    folder.mkdir(exist_ok=True)
    for number, when in enumerate(moments, start=1 + len(list(folder.glob("backup-*")))):
        name = f"backup-{when:%Y%m%dT%H%M%S}Z-v6-{number:06d}.ecoperf"
        (folder / name).write_bytes(b"x" * 100)
        with (folder / "backups.jsonl").open("a") as stream:
            print(json.dumps({"file": name, "sha256": "a", "size": 100, "reason": "exit", **more}), file=stream)


def left(folder: Path) -> list[int]:
    return sorted(copy.sequence for copy in copies.listed(folder))


def test_a21_rotation_keeps_two_days_twelve_days_ten_weeks_and_nine_months(tmp_path: Path, moment: list[datetime]) -> None:
    folder = tmp_path / "b"
    made_at(folder, [START + timedelta(hours=6 * number) for number in range(4 * 400)])
    moment[0] = START + timedelta(hours=6 * 1599, minutes=1)
    copies.thin_out(folder)
    kept = copies.listed(folder)
    days, weeks, months = ({copy.made.strftime(label) for copy in kept} for label in ("%Y-%m-%d", "%G-%V", "%Y-%m"))
    assert sum(moment[0] - copy.made < timedelta(days=2) for copy in kept) == 8
    assert len(days) >= 12 and len(weeks) >= 10 and len(months) == 9
    assert len(kept) <= 10 + 12 + 10 + 9
    assert kept[0].sequence == 1600
    assert copies.thin_out(folder) == []


def test_a21_a_clock_that_stands_before_a_copy_deletes_nothing(tmp_path: Path, moment: list[datetime]) -> None:
    folder = tmp_path / "b"
    made_at(folder, [START + timedelta(hours=number) for number in range(40)])
    made_at(folder, [START - timedelta(days=365)])
    for wrong in (START - timedelta(days=365), START + timedelta(hours=20)):
        moment[0] = wrong
        assert copies.thin_out(folder) == []
    assert len(left(folder)) == 41


def test_a21_a_clock_that_jumped_ten_years_ahead_deletes_nothing(tmp_path: Path, moment: list[datetime]) -> None:
    folder = tmp_path / "b"
    made_at(folder, [START + timedelta(hours=number) for number in range(40)])
    moment[0] = START + timedelta(days=3650)
    made_at(folder, [moment[0]])
    assert copies.thin_out(folder) == []


def test_a21_who_comes_once_a_week_has_copies_thinned_out_all_the_same(tmp_path: Path, moment: list[datetime]) -> None:
    folder = tmp_path / "b"
    made_at(folder, [START + timedelta(days=7 * number) for number in range(100)])
    moment[0] = START + timedelta(days=7 * 99, minutes=1)
    copies.thin_out(folder)
    assert 12 <= len(left(folder)) <= 31


def test_a21_the_newest_is_the_last_of_the_sequence_whatever_the_clock_said(path: Path, moment: list[datetime]) -> None:
    with Workspace.open(path, write=True) as opened:
        for year in (2026, 2036, 2025):
            moment[0] = datetime(year, 6, 1, tzinfo=UTC)
            opened.set_setting("year", str(year))
            actions.back_up(opened)
    assert [copy.made.year for copy in actions.backups(path)] == [2025, 2036, 2026]
    newest = actions.newest_backup(path)
    assert newest is not None and newest.made.year == 2025


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/New_York", "Pacific/Kiritimati"])
def test_a21_the_zone_of_the_computer_and_its_summer_time_change_no_rotation(
    zone: str, tmp_path: Path, moment: list[datetime], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "b"
    summer = datetime(2026, 3, 8, tzinfo=UTC)
    made_at(folder, [summer + timedelta(hours=number) for number in range(60)])
    moment[0] = summer + timedelta(hours=60)
    elsewhere = tmp_path / "utc"
    shutil.copytree(folder, elsewhere)
    copies.thin_out(elsewhere)
    monkeypatch.setenv("TZ", zone)
    if hasattr(time, "tzset"):
        time.tzset()
    copies.thin_out(folder)
    kept = left(folder)
    monkeypatch.undo()
    if hasattr(time, "tzset"):
        time.tzset()
    assert kept == left(elsewhere) and len(kept) < 60


def test_pinned_ones_and_the_last_before_migrations_stay(tmp_path: Path, moment: list[datetime]) -> None:
    folder = tmp_path / "b"
    made_at(folder, [START + timedelta(minutes=number) for number in range(5)], reason="migration")
    made_at(folder, [START + timedelta(minutes=10)])
    copies.pin(copies.listed(folder)[0])
    made_at(folder, [START + timedelta(days=1, minutes=number) for number in range(400)])
    moment[0] = START + timedelta(days=2)
    copies.thin_out(folder)
    assert left(folder)[:4] == [3, 4, 5, 6]


def test_the_budget_takes_the_oldest_but_never_the_last_that_passed(tmp_path: Path, moment: list[datetime], monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "b"
    made_at(folder, [START + timedelta(hours=number) for number in range(6)])
    made_at(folder, [START + timedelta(hours=7)], sha256="", size=0)  # the newest was never proven
    moment[0] = START + timedelta(hours=8)
    monkeypatch.setattr(copies, "_LEAST_BUDGET", 250)
    monkeypatch.setattr(copies, "_BUDGET", 0)
    copies.thin_out(folder)
    assert left(folder) == [6, 7]


def test_nothing_is_thinned_out_where_the_new_copy_failed(path: Path, moment: list[datetime], monkeypatch: pytest.MonkeyPatch) -> None:
    with Workspace.open(path, write=True) as opened:
        folder = actions.back_up(opened).path.parent
        made_at(folder, [moment[0] - timedelta(minutes=number) for number in range(30, 0, -1)])
        before = left(folder)
        monkeypatch.setattr(shutil, "disk_usage", lambda folder: Usage(10**9, 10**9 - 1, 1))
        with pytest.raises(WorkspaceError) as refused:
            actions.back_up(opened)
    assert refused.value.code == "backup.not_enough_disk" and int(str(refused.value.details["needed"])) >= 1
    assert left(folder) == before


def test_an_import_is_refused_with_the_megabytes_it_needs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Workspace.open(path, write=True) as opened:
        (file,) = FILES.glob("01-*")
        planned = actions.plan_import([file], CHOICES, opened)
        monkeypatch.setattr(shutil, "disk_usage", lambda folder: Usage(10**9, 10**9, 0))
        with pytest.raises(WorkspaceError, match=r"1 MB are needed"):
            actions.apply_import(planned, opened)
        assert actions.ledger(opened) == []


def test_e9_a_folder_for_copies_that_cannot_be_used_stops_nothing_and_is_told_once_a_day(path: Path, moment: list[datetime]) -> None:
    (path.parent / "backups").write_text("in the way")
    with Workspace.open(path, write=True) as opened:
        load(opened, 1)
        load(opened, 2)
        assert len(actions.ledger(opened)) == 2
        assert actions.back_up_on_exit(opened) is None
        told = actions.backup_warning(opened)
        assert told is not None and told[0] == "backup.failed"
        assert actions.backup_warning(opened) is None
        moment[0] += timedelta(days=1)
        assert actions.backup_warning(opened) is not None
        (path.parent / "backups").unlink()
        assert actions.back_up_on_exit(opened) is not None
        moment[0] += timedelta(days=1)
        later = actions.backup_warning(opened)
        assert later is None or later[0] == "backup.disk_nearly_full"


def test_e9_a_second_folder_gets_the_same_copies_and_may_be_unplugged(path: Path, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    settings.save({**settings.load(), "second_backup_folder": str(disk)})
    with Workspace.open(path, write=True) as opened:
        load(opened, 1)
        assert actions.back_up_on_exit(opened) is not None
        told = actions.backup_warning(opened)
        assert told is not None and told[0] == "backup.second_folder_absent" and not disk.exists()
        disk.mkdir()
        opened.set_setting("a", "b")
        copy = actions.back_up_on_exit(opened)
    assert copy is not None
    (second,) = disk.rglob("*.ecoperf")
    assert second.read_bytes() == copy.path.read_bytes()


@pytest.mark.skipif(sys.platform == "win32", reason="sizes of files are limited by a Unix call")
def test_a9_a_disk_that_fills_up_while_a_copy_is_written_leaves_the_older_ones(path: Path) -> None:
    with Workspace.open(path, write=True) as opened:
        first = actions.back_up(opened)
        opened.set_setting("a", "b")
    command = (
        "import resource, sys; from pathlib import Path\n"
        "from ecoperf_desktop import cli\n"
        "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))\n"
        "sys.exit(cli.main(['--workspace', sys.argv[1], 'backup']))"
    )
    done = subprocess.run([sys.executable, "-c", command, str(path)], capture_output=True, text=True, cwd=Path(__file__).parents[2])
    assert done.returncode == 1 and "No backup was made" in done.stderr and "Traceback" not in done.stderr
    assert sorted(one.name for one in first.path.parent.iterdir()) == [".lock", first.path.name, "backups.jsonl"]
    assert actions.verify_backup(first).sound


@pytest.mark.skipif(sys.platform == "win32", reason="modes are those of Unix")
def test_d24_nobody_else_can_read_workspace_copies_or_their_list(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        path = tmp_path / "data" / "shop.ecoperf"
        with Workspace.open(path, write=True) as opened:
            copy = actions.back_up(opened)
            for one in (path, path.with_name(path.name + "-wal"), copy.path, copy.path.with_name("backups.jsonl")):
                assert stat.S_IMODE(one.stat().st_mode) == 0o600, one
            for folder in (path.parent, copy.path.parent, copy.path.parent.parent):
                assert stat.S_IMODE(folder.stat().st_mode) == 0o700, folder
        done = actions.restore(path, copy.path)
        assert done.kept is not None
        assert {stat.S_IMODE(one.stat().st_mode) for one in (path, done.kept)} == {0o600}
    finally:
        os.umask(old)


def test_a6_a_list_of_copies_torn_at_any_byte_still_finds_them_and_takes_new_ones(path: Path) -> None:
    with Workspace.open(path, write=True) as opened:
        first = actions.back_up(opened)
        opened.set_setting("a", "b")
        actions.back_up(opened)
        told = first.path.with_name(copies.LIST)
        whole = told.read_bytes()
        for length in range(0, len(whole), 37):
            told.write_bytes(whole[:length])
            assert [copy.sequence for copy in actions.backups(path)] == [2, 1]
        told.write_bytes(whole[: len(whole) - 10])
        third = actions.back_up(opened)
    assert [copy.sound for copy in actions.backups(path)] == [True, False, True]
    assert third.sequence == 3
    assert actions.verify_backup(first).sound


def test_two_workspaces_of_one_folder_keep_their_copies_apart(tmp_path: Path) -> None:
    for name in ("a", "b"):
        with Workspace.open(tmp_path / f"{name}.ecoperf", write=True) as opened:
            actions.back_up(opened)
    assert [len(actions.backups(tmp_path / f"{name}.ecoperf")) for name in ("a", "b")] == [1, 1]


def test_e7_restores_can_be_taken_back_again_and_again(path: Path) -> None:
    with Workspace.open(path, write=True) as opened:
        opened.set_setting("mine", "first")
        first = actions.back_up(opened).path
        opened.set_setting("mine", "second")
        generation = opened.generation
    kept = first
    for expected in ("first", "second", "first"):
        done = actions.restore(path, kept)
        assert done.kept is not None
        kept = done.kept
        with Workspace.open(path) as opened:
            assert opened.setting("mine") == expected
            assert opened.generation > generation
            generation = opened.generation
    assert "restore" in reasons(path)


@pytest.mark.parametrize("fails", ["replace_patiently", "sync"])
def test_a_restore_that_fails_anywhere_leaves_the_workspace(path: Path, fails: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with Workspace.open(path, write=True) as opened:
        copy = actions.back_up(opened).path
        opened.set_setting("mine", "yes")
        actions.back_up(opened)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(copies, fails, full)
    with pytest.raises(WorkspaceError) as refused:
        actions.restore(path, copy)
    assert refused.value.code == "backup.restore_failed"
    monkeypatch.undo()
    with Workspace.open(path) as opened:
        assert opened.setting("mine") == "yes"
    assert not list(path.parent.glob(".shop*"))


def test_a_restore_waits_for_nobody_who_writes(path: Path) -> None:
    with Workspace.open(path, write=True) as opened:
        copy = actions.back_up(opened).path
        with pytest.raises(WorkspaceError) as refused:
            backup.restore(path, copy)
    assert refused.value.code == "store.in_use"
