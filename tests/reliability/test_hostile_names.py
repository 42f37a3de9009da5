"""Names and settings from outside lead nowhere: no path, no statement, no log, no program comes of them."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import sqlite3
import stat
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ecoperf_desktop import actions, cli, faults, paths, settings
from ecoperf_desktop.errors import EcoPerfError
from ecoperf_desktop.store.database import Workspace

ROOT = Path(__file__).resolve().parents[2]
ORDERS = "Name,Email,Financial Status,Paid at,Currency,Subtotal,Shipping,Taxes,Total,Discount Amount,Created at,Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,Lineitem discount,Cancelled at,Refunded Amount,Id\n"
SQL = "'); DROP TABLE orders; ATTACH 'pwn.db' AS pwn; --"


def orders(*, name: str = "Mug", sku: str = "MUG", email: str = "a@example.org", header: str = ORDERS) -> str:
    def cell(text: str) -> str:
        return '"' + text.replace('"', '""') + '"'

    lines = [
        f"#{number},{cell(email)},paid,2026-06-0{number} 11:15:00 +0000,GBP,20.00,0.00,0.00,20.00,0.00,2026-06-0{number} 11:15:00 +0000,1,{cell(name)},20.00,{cell(f'{sku}{number}')},0.00,,0.00,{9000 + number}\n"
        for number in range(1, 6)
    ]
    return header + "".join(lines)


CHOICES = ["--set", "tz=Europe/London", "--set", "currency=GBP"]


def tree(*folders: Path) -> dict[str, tuple[int, int]]:
    """Return every file below the folders, the program's own data left out, with its size and time."""
    return {
        str(file): (file.stat().st_size, file.stat().st_mtime_ns)
        for folder in folders for file in folder.rglob("*") if not file.is_dir() and file.relative_to(folder).parts[0] != "data"
    }  # fmt: skip


# ---- archives

HOSTILE_MEMBERS = [
    "",
    "../out.csv", "../../../../../../tmp/ecoperf-slip.csv", "/tmp/ecoperf-slip.csv", "C:/out.csv", "C:out.csv", "\\\\host.invalid\\share\\out.csv", "..\\out.csv",
    "a/../../out.csv", "CON", "aux.csv", "a/nul.csv", "COM1.csv", "orders.csv\0.png", "//host.invalid/x.csv",
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE_MEMBERS, ids=ascii)
def test_d1_a_member_that_leads_outside_is_refused_and_nothing_is_written(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    inner, data = tmp_path / "deep" / "er", tmp_path / "data"
    inner.mkdir(parents=True)
    data.mkdir()
    monkeypatch.setenv("ECOPERF_DATA", str(data))
    monkeypatch.chdir(inner)
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as packed:
        info = zipfile.ZipInfo("orders.csv" if "\0" in name else name, (2026, 1, 1, 0, 0, 0))
        info.filename = name
        packed.writestr(info, orders())
    archive = inner / "export.zip"
    archive.write_bytes(content.getvalue())
    before = tree(tmp_path)
    assert cli.main(["import", str(archive), *CHOICES]) == 1
    said = capsys.readouterr().err
    assert "export.zip" in said
    assert tree(tmp_path) == before and not Path("/tmp/ecoperf-slip.csv").exists()
    with actions.workspace(paths.default_workspace()) as opened:
        assert not actions.ledger(opened)


def test_d1_a_link_in_an_archive_is_refused_and_a_sound_one_is_read_from_memory(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    linked, sound = tmp_path / "linked.zip", tmp_path / "sound.zip"
    with zipfile.ZipFile(linked, "w") as packed:
        info = zipfile.ZipInfo("orders.csv", (2026, 1, 1, 0, 0, 0))
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        packed.writestr(info, "/etc/passwd")
    with zipfile.ZipFile(sound, "w") as packed:
        packed.writestr("sub/orders.csv", orders())
    before = tree(tmp_path)
    assert cli.main(["import", str(linked), *CHOICES]) == 1
    assert "passwd" not in capsys.readouterr().out
    assert cli.main(["import", str(sound), *CHOICES]) == 0
    assert tree(tmp_path) == before


# ---- statements

FORBIDDEN = {sqlite3.SQLITE_ATTACH, sqlite3.SQLITE_DETACH, sqlite3.SQLITE_DROP_TABLE, sqlite3.SQLITE_DROP_TRIGGER, sqlite3.SQLITE_DROP_VIEW,
             sqlite3.SQLITE_CREATE_TRIGGER, sqlite3.SQLITE_CREATE_VIEW, sqlite3.SQLITE_ALTER_TABLE, sqlite3.SQLITE_CREATE_VTABLE}  # fmt: skip


@contextlib.contextmanager
def guarded(path: Path) -> Iterator[tuple[Workspace, list[tuple[int, str]]]]:
    """Open a workspace that notes every statement which would change what the file is made of."""
    denied: list[tuple[int, str]] = []

    def judge(action: int, first: str | None, second: str | None, database: str | None, by: str | None) -> int:
        if action in FORBIDDEN and database != "temp":
            denied.append((action, str(first)))
            return sqlite3.SQLITE_DENY
        return sqlite3.SQLITE_OK

    with actions.workspace(path, write=True) as opened:
        opened.conn.set_authorizer(judge)
        try:
            yield opened, denied
        finally:
            opened.conn.set_authorizer(None)


def test_d5_the_guard_sees_what_it_is_there_for(tmp_path: Path) -> None:
    with guarded(tmp_path / "shop.ecoperf") as (opened, denied):
        with pytest.raises(sqlite3.DatabaseError):
            opened.conn.execute("DROP TABLE orders")
        with pytest.raises(sqlite3.DatabaseError):
            opened.conn.execute("ATTACH ':memory:' AS pwn")
        assert len(denied) == 2


def test_d5_statements_in_cells_headers_names_and_settings_are_stored_as_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    name = SQL if os.name != "nt" else "drop"
    folder = tmp_path / "in"
    folder.mkdir()
    file = folder / (name.replace("/", "") + ".csv")
    file.write_text(orders(name=SQL, sku=SQL, header=ORDERS.rstrip("\n") + "\n"), encoding="utf-8")
    odd = folder / "odd.csv"
    odd.write_text(f'"{SQL}","SELECT","orders; --"\n1,2,3\n', encoding="utf-8")
    keys = folder / "keys.json"
    keys.write_text(json.dumps([{SQL: SQL, "id": "1); DELETE FROM orders; --"}]), encoding="utf-8")
    path = tmp_path / "shop.ecoperf"
    with guarded(path) as (opened, denied):
        choices = actions.ImportChoices(source=SQL, settings=(("tz", "Europe/London"), ("currency", "GBP")))
        report = actions.apply_import(actions.plan_import([file], choices, opened), opened)
        assert not report.refused, report
        for other in (odd, keys):
            with contextlib.suppress(EcoPerfError):
                actions.apply_import(actions.plan_import([other], actions.ImportChoices(source=SQL), opened), opened)
        for broken in (
            lambda: actions.change_answer(opened, SQL, "currency", SQL), lambda: actions.change_answer(opened, SQL, SQL, "x"),
            lambda: actions.change_calendar(opened, {SQL: SQL}), lambda: actions.set_event(opened, SQL, 2026, SQL, SQL),
            lambda: actions.remove_own_metric(opened, SQL), lambda: actions.bucket(opened, SQL),
        ):  # fmt: skip
            with contextlib.suppress(EcoPerfError):
                broken()
        with contextlib.suppress(EcoPerfError):
            actions.change_brand_words(opened, SQL)
        assert not denied
        assert opened.conn.execute("SELECT count(*) FROM orders").fetchone() == (5,)
        assert opened.conn.execute("SELECT DISTINCT coalesce(name, seen_name) FROM product").fetchall() == [(SQL,)]
        assert (SQL,) in opened.conn.execute("SELECT name FROM source").fetchall()
        from ecoperf_desktop.model.days import Period, parse_day
        from ecoperf_desktop.model.value import Question

        week = Period(parse_day("2026-06-01"), parse_day("2026-06-07"))
        assert [value.value for value in actions.values(opened, Question(("orders",), week, where=(("shop", SQL),)))] == [5]
        for dimension in ("product", "channel", SQL):
            with contextlib.suppress(EcoPerfError):
                assert not [value for value in actions.values(opened, Question(("orders",), week, where=((dimension, SQL),))) if value.value]
        with contextlib.suppress(EcoPerfError):
            actions.explain(opened, SQL, week)
        for asked in (SQL, "1 OR 1=1", "%", "_"):
            assert not {one.code for one in actions.events(opened, 2026)} & {asked}
        from ecoperf_desktop.metrics.catalogue import catalogue
        from ecoperf_desktop.reports.described import find

        assert not list(find(catalogue(), SQL))
        assert not denied
    assert not list(tmp_path.rglob("pwn*"))


def test_d8_backups_and_reports_lie_where_they_were_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "in"
    folder.mkdir()
    file = folder / "orders.csv"
    file.write_text(orders(name="../../pwned", sku="../../pwned"), encoding="utf-8")
    assert cli.main(["import", str(file), "--source", "../../pwned", *CHOICES]) == 0
    assert cli.main(["report", "--period", "2026-W23", "-o", str(tmp_path / "week.html")]) == 0
    assert cli.main(["backup"]) == 0
    assert not [found for found in tmp_path.parent.rglob("*pwned*")]
    assert {path.name for path in tmp_path.iterdir()} <= {"in", "week.html", "data"}


# ---- settings

HOSTILE_SETTINGS = [
    b"", b"\0" * 100, b"[" * 100_000, b"{", b"[]", b"null", b"\xff\xfe", b'{"language":' + b'"x"' * 5, b'"' + b"x" * 3_000_000 + b'"', b'{"a":' * 50_000,
]  # fmt: skip


@pytest.mark.parametrize("content", HOSTILE_SETTINGS, ids=lambda content: repr(content[:12]))
def test_d11_preferences_that_cannot_be_read_are_kept_and_told_once(content: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    file = paths.data_dir() / "preferences.json"
    file.write_bytes(content)
    assert cli.main(["formats"]) == 0
    said = capsys.readouterr().err
    assert said.count("preferences.bad") == 1 and "Traceback" not in said
    assert (paths.data_dir() / "preferences.bad").read_bytes() == content and not file.exists()
    assert cli.main(["formats"]) == 0 and "preferences.bad" not in capsys.readouterr().err


def test_d11_values_that_are_no_values_are_the_usual_ones() -> None:
    file = paths.data_dir() / "preferences.json"
    hostile = {
        "language": "../../x", "appearance": ["dark"], "paper": "A0", "rate_change": None, "watch": "exec", "last_folder": "x" * 100_000,
        "watched_folder": "a\0b", "last_tab": "\x1b[2J", "__class__": "x", "unknown": "y",
    }  # fmt: skip
    file.write_text(json.dumps(hostile), encoding="utf-8")
    assert settings.load() == {name: one.default for name, one in settings.PREFERENCES.items()}
    assert settings.set_aside() is None and file.exists()


# ---- nothing of the data in a log

CANARIES = [f"canary{number:02d}zq" for number in range(20)]


def test_d21_no_cell_of_the_data_is_in_a_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Twenty words are planted; commands are refused and break on purpose; no log, report of a crash or native log has one."""
    folder = tmp_path / "in"
    folder.mkdir()
    texts = iter(CANARIES)
    sound = folder / f"{next(texts)}.csv"
    sound.write_text(orders(name=next(texts), sku=next(texts), email=f"{next(texts)}@example.org"), encoding="utf-8")
    broken = folder / "broken.csv"
    broken.write_text(orders(name=next(texts)).replace("20.00", next(texts)), encoding="utf-8")
    unclosed = folder / "unclosed.csv"
    unclosed.write_text(ORDERS + f'#1,"{next(texts)}\n' * 30, encoding="utf-8")
    unknown = folder / "unknown.json"
    unknown.write_text(json.dumps([{next(texts): next(texts)}]), encoding="utf-8")
    damaged = folder / "damaged.xlsx"
    damaged.write_bytes(b"PK\x03\x04" + next(texts).encode())
    dates = folder / "dates.csv"
    dates.write_text(orders(name=next(texts)).replace("2026-06-01 11:15:00", next(texts)), encoding="utf-8")
    for arguments in (
        *(["import", str(file), *CHOICES] for file in (sound, broken, unclosed, unknown, damaged, dates)), ["value", next(texts), "--period", "last"],
        ["explain", "net_sales", "--period", "2026-W23", "--where", f"shop={next(texts)}"], ["restore", str(unknown)], ["undo", "99"],
        ["metrics", "add", "x1_" + next(texts), "--name", next(texts), "--expression", f"{next(texts)} +"], ["formats", "--suggest", str(unknown)],
        ["events", "set", next(texts), "2026", next(texts), "x"],
    ):  # fmt: skip
        cli.main([*arguments])

    def fails(*_: object, **__: object) -> None:
        raise RuntimeError(f"cell {CANARIES[0]}", CANARIES)

    for name, arguments in (("values", ["value", "net_sales", "--period", "2026-W23"]), ("plan_import", ["import", str(sound)]), ("pack", ["report", "--period", "2026-W23"])):
        monkeypatch.setattr(actions, name, fails)
        assert cli.main(arguments) == 1
    try:
        raise ValueError(CANARIES[3]) from KeyError(CANARIES[4])
    except ValueError as problem:
        faults.record(problem)
    capsys.readouterr()
    logs = [file for file in paths.data_dir().rglob("*") if file.is_file() and (file.suffix == ".log" or "logs" in file.parts)]
    assert logs and any(file.stat().st_size for file in logs)
    for file in logs:
        content = file.read_text(encoding="utf-8", errors="replace")
        assert not [word for word in (*CANARIES, "example.org") if word in content], file
    assert "RuntimeError" in (paths.log_dir() / "faults.log").read_text(encoding="utf-8")


def test_d21_a_native_crash_and_qts_own_words_hold_no_cell() -> None:
    """The process dies inside native code with a cell in its hands; the log has functions and lines only."""
    pytest.importorskip("PySide6")
    program = (
        "import faulthandler, sys; from PySide6.QtCore import qWarning; from PySide6.QtGui import QGuiApplication; app = QGuiApplication([]);"
        "from ecoperf_desktop.ui.crash import Watch; w = Watch(); w.start(); cell = 'canary99zq'; qWarning('bad: ' + cell);"
        "faulthandler._sigabrt()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env={**os.environ, "QT_QPA_PLATFORM": "offscreen"}, capture_output=True, timeout=120, check=False
    )
    assert done.returncode != 0
    logs = {file.name: file.read_text(encoding="utf-8") for file in paths.log_dir().iterdir()}
    assert "Fatal Python error" in logs["native.log"]
    assert not [name for name, content in logs.items() if "canary99zq" in content]


# ---- the bundle

def test_d25_the_bundle_is_a_folder_without_what_could_reach_a_network() -> None:
    spec = (ROOT / "build.spec").read_text(encoding="utf-8")
    for module in ("QtNetwork", "QtSql", "QtQml", "QtQuick", "QtWebEngineCore", "QtWebEngineWidgets", "QtWebSockets"):
        assert f'"PySide6.{module}"' in spec
    for library in ("Qt6Network", "Qt6Sql", "Qt6WebEngine", "Qt6Qml", "plugins/tls"):
        assert f'"{library}"' in spec
    assert "exclude_binaries=True" in spec and re.search(r"\bCOLLECT\(", spec), "one folder, never one file that unpacks itself"
    assert spec.count("upx=False") == 2 and "upx=True" not in spec and "runtime_tmpdir" not in spec and "uac_admin" not in spec
