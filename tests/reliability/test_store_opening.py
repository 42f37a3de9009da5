"""A workspace that lies where it should not, cannot be written, is held by another, or is damaged."""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ecoperf_desktop import actions, cli
from ecoperf_desktop.errors import WorkspaceDamaged, WorkspaceError, WorkspaceTooNew
from ecoperf_desktop.store import backup, database, places, schema
from ecoperf_desktop.store.database import Workspace
from ecoperf_desktop.store.places import Place, network_mount, place_of

FILES = Path(__file__).resolve().parents[1] / "old_stores" / "files"
CHOICES = actions.ImportChoices(settings=(("currency", "CNY"), ("tz", "Asia/Shanghai")))
ROOT = Path(__file__).resolve().parents[2]


def load(opened: Workspace, number: int) -> None:
    (file,) = FILES.glob(f"{number:02d}-*.csv")
    actions.apply_import(actions.plan_import([file], CHOICES, opened), opened)
    actions.finish_backups(opened)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a workspace of three imports and a backup of two."""
    path = tmp_path_factory.mktemp("made") / "shop.ecoperf"
    with Workspace.open(path, write=True) as opened:
        load(opened, 1)
        load(opened, 2)
        actions.back_up(opened)
        load(opened, 6)
    return path


@pytest.fixture
def path(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made.parent, tmp_path / "data")
    return tmp_path / "data" / made.name


def ecoperf(path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ecoperf_desktop", "--workspace", str(path), *arguments]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", cwd=ROOT)


# ---------- A14, A15


@pytest.mark.skipif(sys.platform == "win32", reason="permissions of Unix")
@pytest.mark.parametrize("what", ["file", "folder"])
def test_a14_what_cannot_be_written_is_opened_for_reading_and_says_so(what: str, made: Path) -> None:
    """Run as nobody where this user may do anything, in a folder that nobody may look into."""
    outside = Path(tempfile.mkdtemp(prefix="ecoperf-a14-"))
    outside.chmod(0o755)
    shutil.copytree(made.parent, outside / "data")
    path = outside / "data" / made.name
    target = path if what == "file" else path.parent
    command = (
        "import os, sys; from pathlib import Path\n"
        "import numpy; from ecoperf_desktop.store import backup, events, safekeeping, sums\n"
        "from ecoperf_desktop import actions, settings; from ecoperf_desktop.errors import WorkspaceError\n"
        "if os.geteuid() == 0: os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "with actions.workspace(Path(sys.argv[1]), write=True) as opened:\n"
        "    print(opened.read_only, len(actions.ledger(opened)), actions.check(opened).sound)\n"
        "    try: opened.set_setting('a', 'b')\n"
        "    except WorkspaceError as problem: print(problem.code)\n"
        "    print(actions.back_up_on_exit(opened), actions.backup_warning(opened), actions.place_notice(opened))\n"
    )
    for one in (path.parent, *path.parent.rglob("*")):
        one.chmod(0o777 if one.is_dir() else 0o666)
    target.chmod(0o555 if target.is_dir() else 0o444)
    before = sorted(one.name for one in path.parent.iterdir())
    done = subprocess.run([sys.executable, "-c", command, str(path)], capture_output=True, text=True, cwd=ROOT, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})
    path.parent.chmod(0o755)
    after = sorted(one.name for one in path.parent.iterdir())
    shutil.rmtree(outside)
    assert done.stdout.split("\n")[:3] == ["True 3 True", "store.read_only", "None None None"], done.stderr
    assert after == before


@pytest.mark.skipif(sys.platform != "linux" or not hasattr(os, "geteuid") or os.geteuid() != 0, reason="mounting needs root on Linux")
def test_a14_a_disk_mounted_for_reading_only_opens_for_reading(path: Path) -> None:
    bound = path.parent
    if subprocess.run(["mount", "--bind", bound, bound], capture_output=True).returncode != 0:
        pytest.skip("mounting is not allowed here")
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", bound], check=True, capture_output=True)
        with actions.workspace(path, write=True) as opened:
            assert opened.read_only and len(actions.ledger(opened)) == 3
            copy = actions.back_up(opened, bound.parent / "elsewhere")
            assert copy.sound
        done = ecoperf(path, "undo", "1")
        assert done.returncode == 1 and "reading only" in done.stderr and "Traceback" not in done.stderr
    finally:
        subprocess.run(["umount", bound], check=True)


def a_file_in_the_way(folder: Path) -> Path:
    (folder / "data").write_text("a file")
    return folder / "data" / "shop.ecoperf"


def a_link_to_nothing(folder: Path) -> Path:
    (folder / "shop.ecoperf").symlink_to(folder / "gone.ecoperf")
    return folder / "shop.ecoperf"


def a_folder(folder: Path) -> Path:
    (folder / "shop.ecoperf").mkdir()
    return folder / "shop.ecoperf"


@pytest.mark.parametrize("place", [a_file_in_the_way, a_link_to_nothing, a_folder])
@pytest.mark.parametrize("command", [("imports",), ("import", str(FILES)), ("backup",), ("check",)])
def test_a15_a_data_folder_that_is_none_gets_one_sentence(
    place: Callable[[Path], Path], command: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = place(tmp_path)
    assert cli.main(["--workspace", str(path), *command]) == 1
    said = capsys.readouterr()
    assert str(path) in said.err and len(said.err.strip().splitlines()) == 1
    assert not (tmp_path / "gone.ecoperf").exists()


def test_a15_a_missing_data_folder_is_made(tmp_path: Path) -> None:
    path = tmp_path / "new" / "deep" / "shop.ecoperf"
    actions.open_workspace(path, write=True).close()
    assert path.exists()


# ---------- A17

MOUNTS = (
    b"/dev/sda1 / ext4 rw 0 0\nnas:/export /mnt/nas nfs4 rw 0 0\n//host/share /mnt/with\\040blank cifs rw 0 0\n"
    b"/dev/sdb1 /mnt/nas/local ext4 rw 0 0\nhost:/home /home/me/host fuse.sshfs rw 0 0\nshare /media/share 9p rw 0 0\n"
)


@pytest.mark.parametrize(
    ("path", "system"),
    [
        ("/home/me/shop.ecoperf", ""), ("/mnt/nas/shop.ecoperf", "nfs4"), ("/mnt/nas2/shop.ecoperf", ""), ("/mnt/with blank/a/b", "cifs"),
        ("/mnt/nas/local/shop.ecoperf", ""), ("/home/me/host/x", "fuse.sshfs"), ("/media/share", "9p"),
    ],
)  # fmt: skip
def test_a17_the_mount_that_holds_a_file_says_whether_it_is_another_computers(path: str, system: str) -> None:
    assert network_mount(path, MOUNTS) == system


@pytest.mark.parametrize(
    ("folder", "program"),
    [
        ("OneDrive", "OneDrive"), ("OneDrive - Acme Ltd", "OneDrive"), ("Dropbox (Acme)", "Dropbox"), ("Mobile Documents", "iCloud Drive"),
        ("GoogleDrive-me@example.com", "Google Drive"), ("Nextcloud2", "Nextcloud"), ("我的坚果云", "坚果云"), ("BaiduSyncdisk", "百度网盘"),
        ("Dropboxes", ""), ("my onedrive notes", ""), ("Documents", ""),
    ],
)  # fmt: skip
def test_a17_a_folder_that_a_program_copies_is_known_by_its_name(folder: str, program: str, tmp_path: Path) -> None:
    place = place_of(tmp_path / folder / "shops" / "shop.ecoperf")
    assert place == (Place("synced", program) if program else places.LOCAL)


def test_a17_a_folder_that_a_program_copies_is_known_by_its_mark(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / ".stfolder").mkdir()
    assert place_of(tmp_path / "shared" / "a" / "shop.ecoperf").name == "Syncthing"


def test_a17_a_workspace_in_a_copied_folder_keeps_no_log_and_says_so_once(made: Path, tmp_path: Path) -> None:
    path = tmp_path / "Dropbox" / "shop.ecoperf"
    path.parent.mkdir()
    shutil.copy(made, path)
    assert path.read_bytes()[18:20] == b"\2\2"  # it comes with a log
    with Workspace.open(path) as reader:
        assert path.read_bytes()[18:20] == b"\1\1"
        with Workspace.open(path, write=True) as opened:
            modes = [opened.conn.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous", "locking_mode")]
            assert modes[0] == "truncate" and modes[2] == "normal"
            load(opened, 5)
            assert not path.with_name(path.name + "-wal").exists()
            assert len(actions.ledger(reader)) == 4
            notice = actions.place_notice(opened)
            assert notice is not None and notice[0] == "store.place_synced" and notice[1]["name"] == "Dropbox"
            assert actions.place_notice(opened) is None
            assert actions.back_up(opened).sound


def test_a17_on_a_network_disk_a_writer_is_alone_while_it_writes(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "place_of", lambda path: Place("network", "nfs4"))
    monkeypatch.setitem(database._SHARED_READER, "busy_timeout", 50)
    with Workspace.open(path, write=True) as opened, Workspace.open(path) as reader:
        with opened.transaction():
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                reader.setting("generation")
        assert reader.generation == opened.generation
        notice = actions.place_notice(opened)
        assert notice is not None and notice[0] == "store.place_network"


# ---------- A20


def damaged_page(path: Path) -> None:
    with path.open("r+b") as stream:
        stream.seek(path.stat().st_size // 8192 * 4096)
        stream.write(b"\xff" * 4096)
    path.with_name(path.name + ".lock").write_bytes(b"\0open")


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size * 2 // 3)


def header_zeroed(path: Path) -> None:
    with path.open("r+b") as stream:
        stream.write(bytes(100))


def first_page_gone(path: Path) -> None:
    with path.open("r+b") as stream:
        stream.write(b"\xff" * 4096)


def emptied(path: Path) -> None:
    os.truncate(path, 0)


def index_that_lies(path: Path) -> None:
    conn = sqlite3.connect(path, isolation_level=None)
    conn.execute("PRAGMA writable_schema=1")
    conn.execute("UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema WHERE name = 'sqlite_autoindex_shop_1') WHERE name = 'orders_by_sale_day'")
    conn.close()


DAMAGES = (damaged_page, cut, header_zeroed, first_page_gone, emptied)


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("write", [False, True])
def test_a20_damage_is_found_at_the_start_kept_and_a_backup_offered(damage: Callable[[Path], None], write: bool, path: Path) -> None:
    damage(path)
    before = path.read_bytes()
    with pytest.raises(WorkspaceDamaged):
        Workspace.open(path, write=write)
    assert path.read_bytes() == before
    found = actions.damaged(path)
    assert found is not None and found.moved and not path.exists()
    assert found.kept[0].read_bytes() == before and ".damaged-" in found.kept[0].name
    assert found.newest_backup is not None and found.newest_backup.imports == 2
    if found.ledger_read:
        assert [lost.file for lost in found.lost] == ["06-traffic.csv"]
    for again in (False, True):  # never a new and empty one
        with pytest.raises(WorkspaceDamaged) as refused:
            actions.open_workspace(path, write=again)
        assert refused.value.code == "store.set_aside"
    assert not path.exists()
    actions.restore(path, found.newest_backup.path)
    with actions.workspace(path, write=True) as opened:
        assert len(actions.ledger(opened)) == 2
    assert found.kept[0].read_bytes() == before


def test_a20_the_log_goes_with_the_damaged_file(path: Path) -> None:
    command = (
        "import os, sys; from pathlib import Path; from ecoperf_desktop.store.database import Workspace\n"
        "opened = Workspace.open(Path(sys.argv[1]), write=True); opened.set_setting('a', 'b'); os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", command, str(path)], cwd=ROOT)
    header_zeroed(path)
    log = path.with_name(path.name + "-wal").read_bytes()
    assert log
    found = actions.damaged(path)
    assert found is not None and len(found.kept) >= 2
    assert found.kept[1].name == found.kept[0].name + "-wal" and found.kept[1].read_bytes() == log
    assert not path.with_name(path.name + "-wal").exists()


@pytest.mark.parametrize("damage", DAMAGES)
def test_a20_a_restore_over_a_damaged_workspace_keeps_it_under_a_name_that_says_so(damage: Callable[[Path], None], path: Path) -> None:
    damage(path)
    before = path.read_bytes()
    done = actions.restore(path, actions.backups(path)[0].path)
    assert done.was_damaged and done.kept is not None and ".damaged-" in done.kept.name
    assert done.kept.read_bytes() == before
    with actions.workspace(path) as opened:
        assert len(actions.ledger(opened)) == 2


def test_a20_a_damaged_backup_is_passed_over_for_the_one_before(path: Path) -> None:
    with Workspace.open(path, write=True) as opened:
        newest = actions.back_up(opened)
    damaged_page(newest.path)
    offered = actions.newest_backup(path)
    assert offered is not None and offered.sequence == newest.sequence - 1


def test_a20_the_command_line_says_all_of_it_and_goes_back(path: Path) -> None:
    header_zeroed(path)
    done = ecoperf(path, "imports")
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert ".damaged-" in done.stderr and "restore --newest" in done.stderr and "2 imports" in done.stderr
    again = ecoperf(path, "import", str(FILES))
    assert again.returncode == 1 and "set aside" in again.stderr and not path.exists()
    assert ecoperf(path, "restore", "--newest").returncode == 0
    assert ecoperf(path, "check").returncode == 0


def test_a20_an_index_that_lies_is_found_by_the_check(path: Path) -> None:
    index_that_lies(path)
    with Workspace.open(path, write=True) as opened:
        assert not actions.check(opened).sound
        assert actions.is_check_due(opened)
    found = actions.damaged(path)
    assert found is not None and found.newest_backup is not None


def test_a20_a_sound_workspace_is_not_set_aside(path: Path) -> None:
    path.with_name(path.name + ".lock").write_bytes(b"\0open")
    assert actions.damaged(path) is None
    assert path.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="the number of open files is limited by POSIX's means")
def test_a20_a_workspace_that_cannot_be_opened_just_now_is_not_called_damaged(path: Path) -> None:
    import resource

    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, before[1]))
    try:
        with pytest.raises(WorkspaceError) as refused:
            backup.is_sound(path)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert refused.value.code == "store.cannot_open"
    assert backup.is_sound(path)


def test_a20_what_can_be_read_is_salvaged_and_the_rest_named(path: Path) -> None:
    with Workspace.open(path) as opened:
        rows = {table: opened.conn.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("orders", "order_lines", "site_traffic")}
        (page,) = opened.conn.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'order_lines'").fetchone()
    with path.open("r+b") as stream:
        stream.seek((page - 1) * 4096)
        stream.write(b"\xff" * 4096)
    path.with_name(path.name + ".lock").write_bytes(b"\0open")
    found = actions.damaged(path)
    assert found is not None and found.salvageable and found.ledger_read
    before = found.kept[0].read_bytes()
    done = actions.salvage(found.kept[0], path)
    assert found.kept[0].read_bytes() == before
    assert not done.whole and [one.table for one in done.tables if not one.is_whole] == ["order_lines"]
    assert {lost.file for lost in done.lost} == {"01-orders-2024.csv", "02-lines-2024.csv", "06-traffic.csv"}
    with actions.workspace(path, write=True) as opened:
        assert actions.check(opened).sound
        assert opened.conn.execute("SELECT count(*) FROM orders").fetchone()[0] == rows["orders"]
        assert opened.conn.execute("SELECT count(*) FROM site_traffic").fetchone()[0] == rows["site_traffic"]
        actions.undo(opened, [entry.import_id for entry in actions.ledger(opened)])
        for number in (1, 2, 6):
            load(opened, number)
        assert opened.conn.execute("SELECT count(*) FROM order_lines").fetchone()[0] == rows["order_lines"]


def test_a20_a_salvage_of_a_whole_file_loses_nothing(path: Path, tmp_path: Path) -> None:
    conn = sqlite3.connect(path)
    tables = [name for (name,) in conn.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB 'sqlite_*' AND name NOT GLOB '_*'")]
    done = actions.salvage(path, tmp_path / "new.ecoperf")
    assert done.whole and done.lost == ()
    new = sqlite3.connect(tmp_path / "new.ecoperf")
    for table in tables:
        query = f"SELECT * FROM {table}" + (" WHERE name NOT IN ('generation', 'checked_day')" if table == "setting" else "")
        assert sorted(map(repr, new.execute(query))) == sorted(map(repr, conn.execute(query))), table
    conn.close()
    new.close()


# ---------- B4, E2


def test_b4_another_program_that_holds_the_file_is_waited_for_and_then_named(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(database._WRITER, "busy_timeout", 400)
    with Workspace.open(path, write=True) as opened:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        started = time.monotonic()
        with pytest.raises(WorkspaceError) as refused:
            opened.set_setting("a", "b")
        assert 0.3 < time.monotonic() - started < 5
        assert refused.value.code == "store.locked" and "another program" in str(refused.value)
        other.execute("ROLLBACK")
        opened.set_setting("a", "b")
        other.close()
        assert opened.setting("a") == "b"


def test_b4_a_short_hold_is_waited_out(path: Path) -> None:
    command = (
        "import sqlite3, sys, time; other = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "other.execute('BEGIN EXCLUSIVE'); print('held', flush=True); time.sleep(1); other.execute('ROLLBACK')"
    )
    with Workspace.open(path, write=True) as opened:
        with subprocess.Popen([sys.executable, "-c", command, str(path)], stdout=subprocess.PIPE, text=True) as other:
            assert other.stdout is not None and other.stdout.readline() == "held\n"
            opened.set_setting("a", "b")
        assert opened.setting("a") == "b"


def test_b4_five_seconds_are_waited_as_shipped(as_shipped: tuple[object, dict[str, object]]) -> None:
    assert as_shipped[1]["busy_timeout"] == 5000


@pytest.mark.parametrize("command", [("imports",), ("import", str(FILES)), ("backup",), ("check",), ("undo", "1"), ("salvage",)])
def test_e2_a_newer_workspace_is_left_to_the_byte_and_the_minute(command: tuple[str, ...], path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with path.open("r+b") as stream:
        stream.seek(60)
        stream.write((schema.VERSION + 3).to_bytes(4, "big"))

    def state() -> tuple[str, int]:
        return hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns

    before = state()
    if command != ("salvage",):  # which is not for sound ones
        assert cli.main(["--workspace", str(path), *command]) == 1
        said = capsys.readouterr().err
        assert str(schema.VERSION + 3) in said and "newer" in said
        with pytest.raises(WorkspaceTooNew):
            Workspace.open(path, write=True)
    assert state() == before
