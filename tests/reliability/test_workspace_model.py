"""For any sequence of import, undo, edit, backup, restore, restart and crash the workspace equals a plain model of it."""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import run_state_machine_as_test
from plain_workspace import Source
from shop_exports import FIRST_DAY, Ads, Export, Line, Order, Orders, Product, Products, Spend, When
from workspace_bench import Bench
from workspace_machine import AGES, EXPORTS, WorkspaceMachine

from ecoperf_desktop import actions, paths
from ecoperf_desktop.errors import EcoPerfError, WorkspaceInUse
from ecoperf_desktop.store import copies

SEQUENCES, STEPS = (300, 11) if os.environ.get("CI") else (12, 10)
LAWS = 20 if os.environ.get("CI") else 6
_PARIS = Source("Europe/Paris")
_IN_EUROS = (("reporting_currency", "EUR"), ("tz", "Europe/Paris"))

_law = settings(max_examples=LAWS, deadline=None, suppress_health_check=list(HealthCheck), database=None)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.close()


def test_any_sequence_of_steps_gives_what_a_plain_model_says() -> None:
    run_state_machine_as_test(
        WorkspaceMachine,
        settings=settings(
            max_examples=SEQUENCES, stateful_step_count=STEPS, deadline=None, suppress_health_check=list(HealthCheck), database=None
        ),
    )


# ---- laws


@_law
@given(st.lists(st.tuples(EXPORTS, AGES), min_size=2, max_size=5, unique_by=lambda one: one[1]), st.randoms(use_true_random=False))
def test_files_in_any_order_give_the_same_workspace(files: list[tuple[Export, int]], random: Any) -> None:
    shuffled = files[:]
    random.shuffle(shuffled)
    assert _imported(files, _IN_EUROS) == _imported(shuffled, _IN_EUROS)


@_law
@given(st.lists(st.tuples(EXPORTS, AGES), min_size=1, max_size=4))
def test_importing_everything_twice_is_importing_it_once(files: list[tuple[Export, int]]) -> None:
    assert _imported(files) == _imported(files * 2)


@_law
@given(st.lists(st.tuples(EXPORTS, AGES), min_size=1, max_size=4, unique_by=lambda one: one[0].written), st.data())
def test_what_was_undone_was_never_there(files: list[tuple[Export, int]], data: st.DataObject) -> None:
    gone = data.draw(st.integers(0, len(files) - 1))
    if not any(one.source == files[gone][0].source for place, (one, _) in enumerate(files) if place < gone):
        return  # the first file of a source also says what is answered about it
    if not any(one.currency for place, (one, _) in enumerate(files) if place != gone):
        return  # with the last amounts goes the currency that was asked for
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder))
        _import_all(bench, files, _IN_EUROS)
        bench.undo([gone + 1])
        bench.compare()
        left = bench.dump()
        bench.close()
    assert left == _imported(files[:gone] + files[gone + 1 :], _IN_EUROS)


def _imported(files: list[tuple[Export, int]], more: tuple[tuple[str, str], ...] = (("tz", "Europe/Paris"),)) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder))
        _import_all(bench, files, more)
        bench.compare()
        told = bench.dump()
        bench.close()
    return told


def _import_all(bench: Bench, files: list[tuple[Export, int]], more: tuple[tuple[str, str], ...]) -> None:
    bench.model.reporting = dict(more).get("reporting_currency")
    for export, age in files:
        bench.write(export, age, f"{hashlib.sha256(export.written).hexdigest()[:12]}.csv")
        bench.do([-1], _PARIS, more=more)


# ---- scenarios


def _order(no: str = "#1", **changed: Any) -> Order:
    made = Order(no, "ann@example.com", When(1, 12), 0, "paid", (Line("MUG", 2, 1000), Line("CAP", 1, 250)), 499)
    return replace(made, **changed)


def test_c16_the_same_file_twice_also_under_another_name_changes_nothing(bench: Bench) -> None:
    first = Orders((_order(), _order("#2")))
    bench.write(first, 0, "orders.csv")
    bench.do([-1], _PARIS)
    before = bench.dump()
    for name, age in (("orders.csv", 0), ("orders (1).csv", 0), ("copy of orders.csv", 90)):
        bench.write(first, age, name)
        (report,) = bench.do([-1])
        assert (report.status, report.import_id) == ("unchanged", 1)
        assert (report.rows.unchanged, report.rows.new, report.rows.changed) == (first.read, 0, 0)
    assert bench.dump() == before
    bench.compare()


@pytest.mark.parametrize("newest_first", [False, True])
def test_c16_of_overlapping_exports_the_newest_wins_whatever_came_first(bench: Bench, newest_first: bool) -> None:
    older = Orders((_order("#1", status="pending", paid_after=None), _order("#2")))
    newer = Orders((_order("#1", shipping=0, lines=(Line("MUG", 3, 1000),)), _order("#3")))
    for export, age in [(newer, 24), (older, 0)] if newest_first else [(older, 0), (newer, 24)]:
        bench.write(export, age)
        bench.do([-1], _PARIS)
        bench.compare()
    stored = bench.opened.conn.execute("SELECT order_no, status, shipping_minor FROM orders ORDER BY order_no").fetchall()
    assert stored == [("#1", "paid", 0), ("#2", "paid", 499), ("#3", "paid", 499)]
    (again,) = bench.do([0])
    assert again.status == "unchanged"


def test_c16_what_stands_twice_in_one_file_is_stored_once_and_counted_as_known(bench: Bench) -> None:
    bench.write(Products((Product("MUG", "Mug", "2.10"), Product("CAP", "Cap", "3.50"), Product("MUG", "Mug, white", "2.25"))), 0)
    (report,) = bench.do([-1])
    bench.compare()
    assert bench.opened.conn.execute("SELECT name FROM product WHERE sku = 'MUG'").fetchall() == [("Mug, white",)]
    assert (report.rows.read, report.rows.new, report.rows.unchanged, report.rows.dropped) == (4, 2, 1, 1)


def test_e7_restore_and_undo_of_it_and_restore_again_end_where_they_began(bench: Bench) -> None:
    bench.write(Orders((_order(),)), 0)
    bench.do([-1], _PARIS)
    bench.back_up()
    begun = _hash(bench.dump())
    bench.write(Ads((Spend(1, "Brand", 250),)), 5)
    bench.do([-1])
    bench.event("Fair", 1, 1)
    after = _hash(bench.dump())
    assert after != begun
    bench.restore(0)
    assert _hash(bench.dump()) == begun
    bench.undo_restore()
    assert _hash(bench.dump()) == after
    bench.restore(0)
    assert _hash(bench.dump()) == begun
    bench.compare()
    # every file that a restore replaced is still there, and whole
    kept = sorted(bench.folder.glob("before-restore-*"))
    assert len(kept) == 3
    for path in kept:
        with actions.workspace(path) as opened:
            assert actions.check(opened).sound


def test_e7_a_restore_of_what_is_no_copy_and_of_an_open_workspace_changes_nothing(bench: Bench) -> None:
    bench.write(Orders((_order(),)), 0)
    bench.do([-1], _PARIS)
    bench.back_up()
    before = bench.dump()
    with pytest.raises(WorkspaceInUse):
        actions.restore(bench.path, bench.backups[0][0])
    broken = bench.folder / "broken.ecoperf"
    content = bytearray(bench.backups[0][0].read_bytes())
    content[4096 : 4096 * 4] = bytes(4096 * 3)
    broken.write_bytes(content)
    bench.opened.close()
    for wrong in (broken, bench.folder / "absent.ecoperf", bench.files[0][1]):
        with pytest.raises(EcoPerfError):
            actions.restore(bench.path, wrong)
    bench.opened = actions.open_workspace(bench.path, write=True)
    assert bench.dump() == before
    assert not list(bench.folder.glob("before-restore-*")) and not list(bench.folder.glob(".restore-*"))
    bench.compare()


def test_e7_a_backup_is_of_its_moment_and_not_of_what_came_later(bench: Bench) -> None:
    for age, name in enumerate(("#1", "#2", "#3")):
        bench.write(Orders((_order(name),)), age)
        bench.do([-1], _PARIS)
        bench.back_up()
    for which in (1, 0, 2):
        bench.restore(which)
        bench.compare()
        assert len(bench.model.active) == which + 1
    assert [path.name[-14:-8] for path, _ in bench.backups] == ["000001", "000002", "000003"]


class _Clock(datetime):
    """A clock that stands where a test puts it."""

    at = datetime(2026, 11, 24, 12, tzinfo=UTC)

    @classmethod
    def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]
        return cls.at.astimezone(tz)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> type[_Clock]:
    _Clock.at = datetime(2026, 11, 24, 12, tzinfo=UTC)
    monkeypatch.setattr(copies, "datetime", _Clock)
    monkeypatch.setattr(time, "time", lambda: _Clock.at.timestamp())
    return _Clock


def test_a21_a_clock_set_back_a_year_thins_out_no_backup(bench: Bench, clock: type[_Clock]) -> None:
    for _ in range(14):
        clock.at += timedelta(hours=5)
        bench.back_up()
    before = {path.name for path in paths.backup_dir(bench.path).glob("backup-*")}
    clock.at -= timedelta(days=365)
    for _ in range(3):
        bench.back_up()
        clock.at += timedelta(hours=1)
    now = {path.name for path in paths.backup_dir(bench.path).glob("backup-*")}
    assert before < now and len(now) == len(before) + 3
    # the newest is the one that was made last, whatever its name says of the time
    assert max(now, key=lambda name: name[-14:-8]) == bench.backups[-1][0].name


def test_a21_a_clock_set_forward_ten_years_thins_out_no_backup_at_once(bench: Bench, clock: type[_Clock]) -> None:
    for _ in range(8):
        clock.at += timedelta(hours=3)
        bench.back_up()
    before = {path.name for path in paths.backup_dir(bench.path).glob("backup-*")}
    assert len(before) == 8
    clock.at += timedelta(days=3653)
    bench.back_up()
    assert before < {path.name for path in paths.backup_dir(bench.path).glob("backup-*")}


def test_a21_the_ledger_is_in_the_order_of_imports_and_not_of_the_clock(bench: Bench, clock: type[_Clock]) -> None:
    for number, jump in enumerate((0, -365, 3653, -1)):
        clock.at += timedelta(days=jump)
        bench.write(Orders((_order(f"#{number}"),)), number)
        bench.do([-1], _PARIS)
    entries = actions.ledger(bench.opened)
    assert [one.import_id for one in entries] == [1, 2, 3, 4]
    assert [one.imported_utc for one in entries] != sorted(one.imported_utc for one in entries)
    bench.undo([4])
    bench.compare()
    bench.back_up()
    bench.restore(0)
    bench.compare()


@pytest.mark.parametrize("tz", ["UTC", "Asia/Tokyo", "America/New_York"])
def test_a21_the_computers_own_zone_changes_no_number(bench: Bench, tz: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", tz)
    if hasattr(time, "tzset"):
        time.tzset()
    try:
        bench.write(Orders((_order("#1", placed=When(3, 23, 30)), _order("#2", placed=When(4, 0, 30))), stated=False), 0)
        bench.do([-1], _PARIS)
        bench.compare()
        days = bench.opened.conn.execute("SELECT sale_day FROM orders ORDER BY order_no").fetchall()
        assert days == [(FIRST_DAY + 3,), (FIRST_DAY + 4,)]
    finally:
        monkeypatch.undo()
        if hasattr(time, "tzset"):
            time.tzset()


def _hash(dump: dict[str, Any]) -> str:
    return hashlib.sha256(repr(sorted(dump.items())).encode()).hexdigest()
