"""D10: a file offered for a restore may have been made by anyone."""

from __future__ import annotations

import lzma
import os
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ecoperf_desktop.errors import WorkspaceDamaged, WorkspaceError, WorkspaceTooNew
from ecoperf_desktop.store import backup, schema, trust
from ecoperf_desktop.store.database import Workspace

OLD = Path(__file__).resolve().parents[1] / "old_stores"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "data" / "shop.ecoperf"
    with Workspace.open(path, write=True) as opened:
        opened.set_setting("mine", "yes")
    return path


@pytest.fixture
def copy(path: Path) -> Path:
    with Workspace.open(path, write=True) as opened:
        return backup.back_up(opened).path


def run(*statements: str) -> Callable[[Path], None]:
    def spoil(copy: Path) -> None:
        conn = sqlite3.connect(copy, isolation_level=None)
        for statement in statements:
            conn.execute(statement)
        conn.close()

    return spoil


def rewrite(old: str, new: str) -> Callable[[Path], None]:
    """Change the stored text of the schema behind SQLite's back."""

    def spoil(copy: Path) -> None:
        conn = sqlite3.connect(copy, isolation_level=None)
        conn.execute("PRAGMA writable_schema=1")
        changed = conn.execute("UPDATE sqlite_schema SET sql = replace(sql, ?, ?) WHERE sql LIKE '%' || ? || '%'", (old, new, old))
        assert changed.rowcount
        conn.close()

    return spoil


def patch(offset: int, content: bytes) -> Callable[[Path], None]:
    def spoil(copy: Path) -> None:
        with copy.open("r+b") as stream:
            stream.seek(offset)
            stream.write(content)

    return spoil


def replaced(content: bytes) -> Callable[[Path], None]:
    def spoil(copy: Path) -> None:
        copy.write_bytes(content)

    return spoil


def flood(copy: Path) -> None:
    conn = sqlite3.connect(copy, isolation_level=None)
    conn.execute("BEGIN")
    for number in range(6_000):
        conn.execute(f"CREATE TABLE sum_{number}(day INTEGER NOT NULL)")
    conn.execute("COMMIT")
    conn.close()


def lost_index(copy: Path) -> None:
    """Let an index say something else than its table."""
    conn = sqlite3.connect(copy, isolation_level=None)
    conn.execute("INSERT INTO source(name, platform) VALUES ('a', 'b')")
    conn.execute("PRAGMA writable_schema=1")
    conn.execute("UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema WHERE name = 'shop') WHERE name = 'source'")
    conn.close()


def cut(copy: Path) -> None:
    os.truncate(copy, copy.stat().st_size // 2)


def another_programs(copy: Path) -> None:
    copy.unlink()
    conn = sqlite3.connect(copy, isolation_level=None)
    conn.execute("CREATE TABLE setting(name TEXT PRIMARY KEY, value TEXT NOT NULL)")
    conn.close()


def only_header(copy: Path) -> None:
    copy.write_bytes(copy.read_bytes()[:100])


ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
SPOILED: dict[str, Callable[[Path], None]] = {
    "trigger": run("CREATE TRIGGER t AFTER INSERT ON setting BEGIN DELETE FROM orders; END"),
    "trigger_on_update_of_generation": run("CREATE TRIGGER t AFTER UPDATE ON setting BEGIN SELECT load_extension('/tmp/x'); END"),
    "view": run("CREATE VIEW v AS SELECT * FROM orders"),
    "endless_view": run(f"CREATE VIEW v AS {ENDLESS}"),
    "view_in_place_of_a_table": run("DROP TABLE events", f"CREATE VIEW events AS {ENDLESS}"),
    "generated_column": run("ALTER TABLE setting ADD COLUMN x TEXT GENERATED ALWAYS AS (hex(zeroblob(1000000000))) VIRTUAL"),
    "generated_column_in_sums": run("CREATE TABLE sum_evil(day INTEGER NOT NULL, x ANY AS (day * 2))"),
    "check_in_sums": run("CREATE TABLE sum_evil(day INTEGER NOT NULL CHECK(day > (abs(random()))))"),
    "default_in_sums": run("CREATE TABLE week_evil(day INTEGER NOT NULL DEFAULT (random()))"),
    "virtual_table": run("CREATE VIRTUAL TABLE f USING fts5(text)"),
    "unknown_table": run("CREATE TABLE more(a INTEGER) STRICT"),
    "table_with_a_name_like_sqlites": rewrite("CREATE TABLE sqlite_sequence(name,seq)", "CREATE TABLE sqlite_sequence(name,seq,x)"),
    "unknown_index": run("CREATE INDEX more ON orders(status)"),
    "index_on_an_expression": run("CREATE INDEX more ON orders(hex(zeroblob(order_id)))"),
    "missing_table": run("DROP TABLE budgets"),
    "missing_index": run("DROP INDEX orders_by_sale_day"),
    "additional_column": run("ALTER TABLE setting ADD COLUMN more TEXT"),
    "loosened_table": rewrite("value TEXT NOT NULL) STRICT, WITHOUT ROWID", "value TEXT) STRICT, WITHOUT ROWID"),
    "another_default": rewrite("day_start_min INTEGER NOT NULL DEFAULT 0", "day_start_min INTEGER NOT NULL DEFAULT 9"),
    "schema_that_is_no_sql": rewrite("CREATE TABLE channel(", "CREATE TABLE channel(((("),
    "huge_schema": flood,
    "another_programs_mark": run("PRAGMA application_id=1"),
    "no_version": run("PRAGMA user_version=0"),
    "older_version_than_its_tables": run("PRAGMA user_version=3"),
    "another_programs_file": another_programs,
    "index_that_lies": lost_index,
    "lost_reference": run("PRAGMA foreign_keys=0", "INSERT INTO orders(order_id, shop_id, order_no, source_id) VALUES (1, 99, 'x', 1)"),
    "cut_in_half": cut,
    "only_a_header": only_header,
    "nothing": replaced(b""),
    "no_database": replaced(b"InvoiceNo,StockCode\n" * 1000),
    "page_size_that_is_none": patch(16, b"\x00\x03"),
    "pages_of_rubbish": patch(4096 * 3, b"\xff" * 4096 * 4),
    "free_list_that_leads_nowhere": patch(32, b"\x00\xff\xff\xff\x00\x00\x00\x09"),
}


@pytest.mark.parametrize("kind", SPOILED)
def test_d10_a_hostile_copy_is_refused_quickly_and_nothing_changes(kind: str, path: Path, copy: Path) -> None:
    SPOILED[kind](copy)
    before, files = path.read_bytes(), sorted(one.name for one in path.parent.iterdir())
    started = time.process_time()
    with pytest.raises(WorkspaceError) as refused:
        backup.restore(path, copy)
    assert time.process_time() - started < 5
    assert refused.value.code.startswith("backup.") and str(copy) in str(refused.value)
    assert path.read_bytes() == before
    assert sorted(one.name for one in path.parent.iterdir()) == files
    with Workspace.open(path, write=True) as opened:
        assert opened.setting("mine") == "yes"


def test_d10_there_are_at_least_seventeen_of_them_and_a_good_copy_passes(path: Path, copy: Path) -> None:
    assert len(SPOILED) >= 17
    assert trust.require(copy) == schema.VERSION
    backup.restore(path, copy)


def test_d10_a_schema_is_refused_before_any_of_its_tables_is_read(path: Path, copy: Path) -> None:
    """Reading a single row of this view would never end; refusing it takes no time."""
    SPOILED["view_in_place_of_a_table"](copy)
    started = time.process_time()
    with pytest.raises(WorkspaceError) as refused:
        trust.look(copy)
    assert refused.value.code == "backup.strange_schema" and refused.value.details["name"] == "events"
    assert time.process_time() - started < 1


def test_d10_a_newer_copy_is_refused_with_both_versions(path: Path, copy: Path) -> None:
    run(f"PRAGMA user_version={schema.VERSION + 1}")(copy)
    with pytest.raises(WorkspaceTooNew) as refused:
        backup.restore(path, copy)
    assert refused.value.details["version"] == schema.VERSION + 1


def test_d10_a_log_beside_a_copy_cannot_bring_in_what_the_copy_may_not_hold(path: Path, copy: Path) -> None:
    conn = sqlite3.connect(copy, isolation_level=None)
    conn.execute("PRAGMA journal_mode=wal")
    conn.execute("PRAGMA wal_autocheckpoint=0")
    conn.execute("CREATE TRIGGER t AFTER INSERT ON setting BEGIN DELETE FROM orders; END")
    taken = copy.with_name("taken.ecoperf")
    taken.write_bytes(copy.read_bytes())
    taken.with_name("taken.ecoperf-wal").write_bytes(copy.with_name(copy.name + "-wal").read_bytes())
    conn.close()
    assert trust.look(taken) == schema.VERSION
    with pytest.raises(WorkspaceError) as refused:
        backup.restore(path, taken)
    assert refused.value.code == "backup.strange_schema"
    with Workspace.open(path, write=True) as opened:
        assert opened.setting("mine") == "yes"


def test_d10_what_is_still_in_the_log_beside_a_copy_is_restored_too(path: Path, tmp_path: Path) -> None:
    taken = tmp_path / "taken over.ecoperf"
    with Workspace.open(path, write=True) as opened:
        opened.set_setting("mine", "in the log")
        for suffix in ("", "-wal"):
            taken.with_name(taken.name + suffix).write_bytes(path.with_name(path.name + suffix).read_bytes())
    backup.restore(path, taken)
    with Workspace.open(path) as opened:
        assert opened.setting("mine") == "in the log"


def test_d10_numbers_that_are_texts_cannot_be_brought_in(path: Path, copy: Path) -> None:
    run("PRAGMA writable_schema=1", "UPDATE sqlite_schema SET sql = replace(sql, ') STRICT', ')') WHERE name = 'region'")(copy)
    run("INSERT INTO region(name) VALUES (x'fffe')")(copy)
    run("PRAGMA writable_schema=1", "UPDATE sqlite_schema SET sql = sql || ' STRICT' WHERE name = 'region'")(copy)
    with pytest.raises(WorkspaceDamaged):
        backup.restore(path, copy)


def test_d10_a_real_workspace_of_an_earlier_release_is_no_stranger(tmp_path: Path) -> None:
    for kept in OLD.glob("v*.ecoperf.xz"):
        file = tmp_path / kept.stem
        file.write_bytes(lzma.decompress(kept.read_bytes()))
        assert trust.require(file) == int(kept.name[1:].partition(".")[0])
