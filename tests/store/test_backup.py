"""Copies that can be relied on, and a way back that can itself be taken back."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from ecoperf_desktop.errors import WorkspaceDamaged, WorkspaceError, WorkspaceTooNew
from ecoperf_desktop.store import backup, schema
from ecoperf_desktop.store.database import Workspace


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "shop.ecoperf"
    opened = Workspace.open(path, write=True)
    opened.set_setting("reporting_currency", "CNY")
    opened.close()
    return path


def copy_of(path: Path) -> Path:
    opened = Workspace.open(path)
    try:
        return backup.back_up(opened).path
    finally:
        opened.close()


def setting(path: Path) -> str | None:
    opened = Workspace.open(path)
    try:
        return opened.setting("reporting_currency")
    finally:
        opened.close()


def test_copies_are_numbered_in_the_order_they_were_made(path: Path) -> None:
    names = [copy_of(path).name for _ in range(3)]
    assert [name[-14:-8] for name in names] == ["000001", "000002", "000003"]


def test_a_copy_is_whole_without_files_beside_it(path: Path, tmp_path: Path) -> None:
    alone = tmp_path / "elsewhere" / "one.ecoperf"
    alone.parent.mkdir()
    alone.write_bytes(copy_of(path).read_bytes())
    with sqlite3.connect(f"{alone.as_uri()}?mode=ro&immutable=1", uri=True) as conn:
        assert conn.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert conn.execute("SELECT value FROM setting WHERE name='reporting_currency'").fetchone() == ("CNY",)


def test_restoring_and_restoring_the_kept_file_ends_where_it_began(path: Path) -> None:
    copy = copy_of(path)
    opened = Workspace.open(path, write=True)
    opened.set_setting("reporting_currency", "EUR")
    opened.close()
    kept = backup.restore(path, copy).kept
    assert kept is not None
    assert setting(path) == "CNY"
    backup.restore(path, kept)
    assert setting(path) == "EUR"


def spoiled(copy: Path, statement: str) -> Path:
    conn = sqlite3.connect(copy, isolation_level=None)
    conn.execute(statement)
    conn.close()
    return copy


@pytest.mark.parametrize(
    "statement",
    [
        "PRAGMA application_id=1",
        "CREATE VIEW seen AS SELECT 1",
        "CREATE TRIGGER fire AFTER INSERT ON setting BEGIN DELETE FROM setting; END",
    ],
)
def test_a_strange_copy_is_refused_and_nothing_changes(path: Path, statement: str) -> None:
    copy = spoiled(copy_of(path), statement)
    before = path.read_bytes()
    with pytest.raises(WorkspaceError):
        backup.restore(path, copy)
    assert path.read_bytes() == before


def test_a_copy_of_a_newer_program_is_refused(path: Path) -> None:
    with pytest.raises(WorkspaceTooNew):
        backup.restore(path, spoiled(copy_of(path), f"PRAGMA user_version={schema.VERSION + 1}"))


@pytest.mark.parametrize("content", [b"", b"SQLite format 3\x00", b"nonsense" * 1000])
def test_no_database_is_no_copy(path: Path, tmp_path: Path, content: bytes) -> None:
    copy = tmp_path / "copy.ecoperf"
    copy.write_bytes(content)
    with pytest.raises(WorkspaceError):
        backup.restore(path, copy)
    assert setting(path) == "CNY"


def test_a_damaged_copy_is_refused(path: Path) -> None:
    copy = copy_of(path)
    content = bytearray(copy.read_bytes())
    content[5000:60000] = b"\xff" * 55000
    copy.write_bytes(content)
    with pytest.raises(WorkspaceDamaged):
        backup.restore(path, copy)
    assert setting(path) == "CNY"


def test_a_workspace_whose_counts_do_not_add_up_is_not_sound(path: Path) -> None:
    opened = Workspace.open(path, write=True)
    try:
        assert backup.check(opened).sound
        opened.conn.execute("INSERT INTO source(name, platform) VALUES ('shop', 'shop')")
        opened.conn.execute(
            "INSERT INTO imports(source_id, path, file, sha256, size, format, format_version, mapping_hash, header, hidden, hashed, as_of,"
            " as_of_from, rows_read, state, imported_utc) VALUES (1, 'f', 'f', 'x', 1, 'f', 1, 'm', '[]', '[]', '[]', 0, 'file', 5, 'active', 0)"
        )
        assert [code for code, _ in backup.check(opened).problems] == ["backup.counts"]
    finally:
        opened.close()
