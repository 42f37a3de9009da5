"""Every schema that was ever released opens, is brought up to date and gives the numbers it gave then."""

from __future__ import annotations

import json
import lzma
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ecoperf_desktop import actions, cli, paths
from ecoperf_desktop.store import backup, copies, database, schema, trust
from ecoperf_desktop.store.database import Workspace

OLD = Path(__file__).resolve().parents[1] / "old_stores"
KEPT = sorted(OLD.glob("v*.json"))
RELEASED = tuple(int(path.stem[1:]) for path in KEPT)


@pytest.fixture(params=KEPT, ids=lambda path: path.stem)
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    told: Path = request.param
    path = tmp_path / "shop.ecoperf"
    path.write_bytes(lzma.decompress(told.with_suffix(".ecoperf.xz").read_bytes()))
    yield path, json.loads(told.read_text(encoding="utf-8"))


def version_of(path: Path) -> int:
    return int.from_bytes(path.read_bytes()[60:64], "big")


def hold_to(path: Path, told: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    """Ask the same questions on the command line; the answers are those of then."""
    asked: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for value in told["values"]:
        asked.setdefault(tuple(value["asked"]), []).append(value)
    capsys.readouterr()
    for question, values in asked.items():
        assert cli.main(["--workspace", str(path), *question, "--json"]) == 0
        found = json.loads(capsys.readouterr().out)["values"]
        names = ("metric", "from", "to", "value", "unit", "currency")
        assert [[one[name] for name in names] for one in found] == [[one[name] for name in names] for one in values]
    assert cli.main(["--workspace", str(path), "imports", "--json"]) == 0
    entries = json.loads(capsys.readouterr().out)["imports"]
    assert [{name: one[name] for name in ("file", "state", "sha256")} for one in entries] == told["imports"]


def test_e1_an_old_workspace_is_brought_up_to_date_and_gives_the_numbers_it_gave(
    kept: tuple[Path, dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    path, told = kept
    was = told["schema"]
    assert version_of(path) == was
    actions.open_workspace(path, write=True).close()
    assert version_of(path) == schema.VERSION
    with Workspace.open(path) as opened:
        assert backup.check(opened).sound
    if was != schema.VERSION:
        (copy,) = actions.backups(path)
        assert (copy.version, copy.reason, copy.sound) == (was, "migration", True)
    assert any(value["value"] is not None for value in told["values"])
    hold_to(path, told, capsys)


def test_e5_a_backup_of_an_old_release_is_restored_as_a_migrated_copy(
    kept: tuple[Path, dict[str, Any]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old, told = kept
    before = old.read_bytes()
    path = tmp_path / "here" / "shop.ecoperf"
    with Workspace.open(path, write=True) as opened:
        opened.set_setting("mine", "yes")
    done = actions.restore(path, old)
    assert done.version == told["schema"]
    assert old.read_bytes() == before
    assert version_of(path) == schema.VERSION
    hold_to(path, told, capsys)
    assert done.kept is not None
    actions.restore(path, done.kept)
    with Workspace.open(path) as opened:
        assert opened.setting("mine") == "yes"


@pytest.mark.parametrize("version", range(1, schema.VERSION + 1))
def test_e1_the_empty_tables_of_every_step_lead_to_those_of_today(version: int, tmp_path: Path) -> None:
    path = tmp_path / "w.ecoperf"
    database.new_at_version(path, version).close()
    assert trust.require(path) == version
    with Workspace.open(path, write=True) as opened:
        assert backup.check(opened).sound
    assert trust.require(path) == schema.VERSION
    assert [copy.version for copy in copies.listed(paths.backup_dir(path))] == [version] * (version != schema.VERSION)


def test_e1_a_workspace_is_kept_of_every_schema_that_stood_alone() -> None:
    never_alone = {4, 5}
    assert set(range(1, schema.VERSION + 1)) - never_alone == set(RELEASED), "run tests/old_stores/keep.py"


def test_e1_a_kill_between_the_steps_leaves_the_old_workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "w.ecoperf"
    database.new_at_version(path, 1).close()
    real = database._apply_step
    for dies_at in range(2, schema.VERSION + 1):

        def step(conn: sqlite3.Connection, number: int, text: str, dies_at: int = dies_at) -> None:
            if number == dies_at:
                raise MemoryError
            real(conn, number, text)

        monkeypatch.setattr(database, "_apply_step", step)
        with pytest.raises(MemoryError):
            Workspace.open(path, write=True)
        assert version_of(path) == 1
        with sqlite3.connect(path) as conn:
            assert conn.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'sales_daily'").fetchone() == (0,)
        conn.close()
    monkeypatch.setattr(database, "_apply_step", real)
    Workspace.open(path, write=True).close()
    assert version_of(path) == schema.VERSION
