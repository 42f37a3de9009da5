"""The workspace file: created whole, opened safely, refused with words."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest

from ecoperf_desktop.errors import WorkspaceDamaged, WorkspaceError, WorkspaceInUse, WorkspaceTooNew
from ecoperf_desktop.store import database, schema
from ecoperf_desktop.store.database import Workspace

pytestmark = pytest.mark.usefixtures("workspaces_as_shipped")


def _header(path: Path, offset: int, value: int) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(value.to_bytes(4, "big"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A closed workspace under a name that a URI would have to escape."""
    path = tmp_path / "my shop #1 100%?.ecoperf"
    Workspace.open(path, write=True).close()
    return path


def test_a_new_workspace_bears_our_mark_and_version(path: Path) -> None:
    header = path.read_bytes()[:100]
    assert int.from_bytes(header[68:72], "big") == schema.APPLICATION_ID
    assert int.from_bytes(header[60:64], "big") == schema.VERSION
    assert sorted(one.name for one in path.parent.iterdir()) == [path.name, path.name + ".lock"]


def test_every_table_is_strict_and_nothing_runs_by_itself(path: Path) -> None:
    with Workspace.open(path) as opened:
        kinds = {row[0] for row in opened.conn.execute("SELECT DISTINCT type FROM sqlite_schema")}
        assert kinds == {"table", "index"}
        loose = opened.conn.execute(
            "SELECT name FROM pragma_table_list WHERE schema = 'main' AND strict = 0 AND name NOT LIKE '%sqlite%'"
        )
        assert loose.fetchall() == []


def test_the_writer_is_set_as_safe_as_asked(path: Path) -> None:
    with Workspace.open(path, write=True) as opened:
        want = {
            "journal_mode": "wal",
            "synchronous": 2,
            "foreign_keys": 1,
            "trusted_schema": 0,
            "cell_size_check": 1,
        }
        for name, value in want.items():
            assert opened.conn.execute(f"PRAGMA {name}").fetchone()[0] == value
        assert opened.conn.execute("PRAGMA mmap_size").fetchone() in (None, (0,))


def test_a_setting_that_does_not_hold_is_an_error(path: Path) -> None:
    conn = sqlite3.connect(":memory:")
    with pytest.raises(WorkspaceError) as refused:
        database._set(conn, "journal_mode", "wal", path)
    assert refused.value.code == "store.unsafe"


def test_the_calendar_agrees_with_the_standard_library(path: Path) -> None:
    with Workspace.open(path) as opened:
        days = opened.conn.execute(
            "SELECT day, iso_date, iso_year, iso_week, week_start, sun_week_start, month_id, quarter_id, year, dow "
            "FROM calendar ORDER BY day"
        ).fetchall()
    assert days[0][1] == "1990-01-01" and days[-1][1] == "2100-12-31"
    for day, *row in days[::7] + days[3::11]:
        when = date(1970, 1, 1) + timedelta(day)
        year, week, weekday = when.isocalendar()
        quarter = when.year * 10 + (when.month + 2) // 3
        assert row == [when.isoformat(), year, week, day - weekday + 1, day - weekday % 7,
                       when.year * 100 + when.month, quarter, when.year, weekday]  # fmt: skip


def test_an_absent_workspace_is_created_only_for_writing(tmp_path: Path) -> None:
    absent = tmp_path / "new" / "w.ecoperf"
    with pytest.raises(WorkspaceError, match="no workspace"):
        Workspace.open(absent)
    assert not absent.parent.exists()
    Workspace.open(absent, write=True).close()
    assert absent.exists()


@pytest.mark.parametrize("found", [b"", b"InvoiceNo,StockCode\n1,2\n", b"SQLite format 3\0", bytes(200)])
def test_what_is_no_workspace_is_refused_and_left_as_it_is(tmp_path: Path, found: bytes) -> None:
    path = tmp_path / "w.ecoperf"
    path.write_bytes(found)
    for write in (False, True):
        with pytest.raises(WorkspaceError):
            Workspace.open(path, write=write)
    assert path.read_bytes() == found
    assert os.listdir(tmp_path) == ["w.ecoperf"]


def test_a_folder_is_no_workspace(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="is a folder"):
        Workspace.open(tmp_path, write=True)


def test_a_dangling_link_is_not_followed_into_a_new_file(tmp_path: Path) -> None:
    link = tmp_path / "w.ecoperf"
    try:
        link.symlink_to(tmp_path / "gone.ecoperf")
    except OSError:
        pytest.skip("this system does not let a user make symbolic links")
    with pytest.raises(WorkspaceError):
        Workspace.open(link, write=True)
    assert not (tmp_path / "gone.ecoperf").exists()


def test_another_programs_database_is_refused_untouched(tmp_path: Path) -> None:
    path = tmp_path / "w.ecoperf"
    with sqlite3.connect(path) as conn:
        conn.execute("CREATE TABLE a(b)")
    conn.close()
    before = path.read_bytes()
    with pytest.raises(WorkspaceError, match="is not an EcoPerf workspace"):
        Workspace.open(path, write=True)
    assert path.read_bytes() == before


def test_a_newer_workspace_is_refused_untouched(path: Path) -> None:
    _header(path, 60, schema.VERSION + 1)
    before = path.read_bytes(), path.stat().st_mtime_ns
    for write in (False, True):
        with pytest.raises(WorkspaceTooNew) as refused:
            Workspace.open(path, write=write)
        assert str(schema.VERSION + 1) in str(refused.value)
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before


def test_an_older_workspace_is_copied_and_brought_up_to_date(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Workspace.open(path, write=True) as opened:
        opened.set_setting("kept", "yes")
    steps = (
        *schema.STEPS,
        (schema.VERSION + 1, "-- a comment\nCREATE TABLE later(a INTEGER PRIMARY KEY) STRICT;"),
    )
    monkeypatch.setattr(schema, "STEPS", steps)
    monkeypatch.setattr(schema, "VERSION", schema.VERSION + 1)
    with Workspace.open(path) as opened:  # even a reader finds it up to date
        assert opened.read_only
        assert opened.setting("kept") == "yes"
        assert opened.conn.execute("SELECT count(*) FROM later").fetchone() == (0,)
        assert opened.conn.execute("PRAGMA user_version").fetchone() == (schema.VERSION,)
    (copy,) = (path.parent / "backups" / path.stem).glob("*.ecoperf")
    with sqlite3.connect(copy) as conn:
        assert conn.execute("PRAGMA user_version").fetchone() == (schema.VERSION - 1,)
        assert conn.execute("SELECT value FROM setting WHERE name = 'kept'").fetchone() == ("yes",)
    conn.close()


def test_a_step_that_fails_leaves_the_older_workspace(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = (
        *schema.STEPS,
        (schema.VERSION + 1, "CREATE TABLE half(a INTEGER) STRICT;\nINSERT INTO nowhere VALUES (1);"),
    )
    with monkeypatch.context() as newer:
        newer.setattr(schema, "STEPS", steps)
        newer.setattr(schema, "VERSION", schema.VERSION + 1)
        with pytest.raises(WorkspaceError):
            Workspace.open(path, write=True)
    with Workspace.open(path, write=True) as opened:
        assert opened.conn.execute("PRAGMA user_version").fetchone() == (schema.VERSION,)
        assert opened.conn.execute("SELECT 1 FROM sqlite_schema WHERE name = 'half'").fetchone() is None


def test_there_is_one_writer_and_any_number_of_readers(path: Path) -> None:
    with Workspace.open(path, write=True) as writer:
        with pytest.raises(WorkspaceInUse, match="in use"):
            Workspace.open(path, write=True)
        command = (
            "import sys; from pathlib import Path; from ecoperf_desktop.store.database import Workspace\n"
        )
        other = subprocess.run(
            [sys.executable, "-c", command + "Workspace.open(Path(sys.argv[1]), write=True)", str(path)],
            capture_output=True, text=True, cwd=Path(__file__).parents[2],
        )  # fmt: skip
        assert "WorkspaceInUse" in other.stderr
        with Workspace.open(path) as reader:
            assert reader.read_only
            writer.set_setting("word", "seen")
            assert reader.setting("word") == "seen"
            with pytest.raises(WorkspaceError):
                reader.set_setting("word", "changed")
            with pytest.raises(sqlite3.OperationalError):
                reader.conn.execute("DELETE FROM setting")
    Workspace.open(path, write=True).close()


def test_the_lock_of_a_process_that_died_holds_nobody_up(path: Path) -> None:
    command = (
        "import os, sys; from pathlib import Path; from ecoperf_desktop.store.database import Workspace\n"
        "opened = Workspace.open(Path(sys.argv[1]), write=True); opened.set_setting('kept', 'yes')\n"
        "opened.conn.execute('BEGIN'); opened.conn.execute(\"DELETE FROM setting\"); os._exit(9)"
    )
    died = subprocess.run([sys.executable, "-c", command, str(path)], cwd=Path(__file__).parents[2])
    assert died.returncode == 9
    with Workspace.open(path, write=True) as opened:
        assert opened.setting("kept") == "yes"


def test_damage_is_found_after_a_writer_that_did_not_end_in_order(path: Path) -> None:
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(size // 4096 // 2 * 4096)
        file.write(b"\xff" * 4096)
    path.with_name(path.name + ".lock").write_bytes(b"\0open")
    before = path.read_bytes()
    with pytest.raises(WorkspaceDamaged):
        Workspace.open(path, write=True)
    assert path.read_bytes() == before


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="permissions do not bind this user")
def test_a_folder_that_cannot_be_written_opens_read_only(path: Path) -> None:
    path.parent.chmod(0o500)
    try:
        with Workspace.open(path, write=True) as opened:
            assert opened.read_only
            assert opened.setting("reporting_currency") is None
            with pytest.raises(WorkspaceError, match="reading only"):
                opened.set_setting("a", "b")
    finally:
        path.parent.chmod(0o700)


def test_a_sealed_copy_opens_without_a_shared_memory_file(path: Path) -> None:
    conn = database.open_reader(path, immutable=True)
    assert conn.execute("SELECT count(*) FROM calendar").fetchone()[0] > 40_000
    assert not path.with_name(path.name + "-shm").exists()
    conn.close()


def test_an_exception_takes_a_transaction_back(path: Path) -> None:
    with Workspace.open(path, write=True) as opened:
        with pytest.raises(KeyError), opened.transaction():
            opened.set_setting("a", "b")
            raise KeyError
        assert opened.setting("a") is None
        with pytest.raises(WorkspaceError) as refused, opened.transaction() as conn:
            conn.execute("INSERT INTO nowhere VALUES (1)")
        assert "nowhere" in str(refused.value)
        assert not opened.conn.in_transaction


def test_the_generation_grows_with_every_change_and_with_nothing_else(path: Path) -> None:
    with Workspace.open(path, write=True) as opened:
        start = opened.generation
        opened.set_setting("a", "b")
        assert opened.generation == start + 1
        with opened.transaction() as conn:
            conn.execute("SELECT 1")
        assert opened.generation == start + 1


def test_opening_a_workspace_imports_neither_pandas_nor_numpy_nor_sqlite_utils(path: Path) -> None:
    command = (
        "import sys; from pathlib import Path; from ecoperf_desktop.store.database import Workspace\n"
        "Workspace.open(Path(sys.argv[1]), write=True).close()\n"
        "print([name for name in ('pandas', 'numpy', 'sqlite_utils') if name in sys.modules])"
    )
    run = subprocess.run(
        [sys.executable, "-c", command, str(path)],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert run.stdout.strip() == "[]", run.stderr


def test_creating_a_workspace_does_not_drag_pandas_in(tmp_path: Path) -> None:
    command = (
        "import sys; from pathlib import Path; from ecoperf_desktop.store.database import Workspace\n"
        "Workspace.open(Path(sys.argv[1]), write=True).close(); print('pandas' in sys.modules); import pandas"
    )
    run = subprocess.run(
        [sys.executable, "-c", command, str(tmp_path / "w.ecoperf")], capture_output=True, text=True,
        cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert run.stdout.strip() == "False", run.stderr
    assert run.returncode == 0
