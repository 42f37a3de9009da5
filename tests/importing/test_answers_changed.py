"""A changed answer makes of the workspace what importing everything anew with it would, for what is kept."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

sys.path.append(str(Path(__file__).resolve().parents[1] / "store"))
import store_making as making

from ecoperf_desktop.errors import UsageError, WorkspaceError
from ecoperf_desktop.importing import descriptor
from ecoperf_desktop.importing.clocks import clocks
from ecoperf_desktop.importing.plan import ImportOptions, apply, plan
from ecoperf_desktop.model.importing import no_progress
from ecoperf_desktop.store import answers, ledger, restatements
from ecoperf_desktop.store.database import Workspace

MAPPING = """
[format]
id = "test.{name}"
version = 1
platform = "shop"
title = {{ en = "Orders", zh = "订单" }}
verified = "documented"
notes = "None."

[detect]
all = ["{name} order", "Placed", "Total"]

[answers]
currency = "EUR"
tz = "ask"

[[column]]
header = ["{name} order"]
field = "order_no"
type = "id"

[[column]]
header = ["Placed"]
field = "placed"
type = "datetime"

[[column]]
header = ["Paid"]
field = "paid"
type = "datetime"

[[column]]
header = ["Buyer"]
field = "buyer"
type = "hash"

[[column]]
header = ["Status"]
field = "status"
type = "text"

[[column]]
header = ["Total"]
field = "gross"
type = "money"

[[emit]]
into = "orders"

[[emit]]
into = "order_lines"
set.qty = {{ const = 1 }}
"""

_MOMENT = st.tuples(st.integers(1, 4), st.integers(0, 23), st.sampled_from([0, 29, 30, 59]))
_ORDER = st.tuples(
    st.integers(1, 6), _MOMENT, st.none() | _MOMENT, st.sampled_from(["ann", "bob"]), st.sampled_from(["paid", "void"]), st.integers(1, 3)
)
_FILES = st.lists(
    st.tuples(st.sampled_from(["local", "stated"]), st.lists(_ORDER, min_size=1, max_size=6, unique_by=lambda one: one[0])), min_size=1, max_size=3
)


def _text(name: str, orders: list[Any]) -> str:
    def moment(when: Any) -> str:
        if when is None:
            return ""
        day, hour, minute = when
        return f"2026-03-{day:02d} {hour:02d}:{minute:02d}:00" + ("+02:00" if name == "stated" else "")

    lines = [f"{name} order,Placed,Paid,Buyer,Status,Total"]
    lines += [
        f"{number},{moment(placed)},{moment(paid)},{buyer},{status},{gross}.00" for number, placed, paid, buyer, status, gross in orders
    ]
    return "\n".join(lines) + "\n"


def _made(folder: Path, name: str, files: list[Any], given_settings: dict[str, str]) -> Workspace:
    opened = making.workspace(folder, name)
    mappings = []
    for kind in ("local", "stated"):
        path = folder / f"{kind}.toml"
        path.write_text(MAPPING.format(name=kind), encoding="utf-8")
        mappings.append(path)
    for number, (kind, orders) in enumerate(files):
        path = folder / f"{number}.csv"
        path.write_text(_text(kind, orders), encoding="utf-8")
        choices = {"as_of": f"2026-04-{1 + number:02d}", **given_settings}
        report = apply(plan([path], ImportOptions(mappings=tuple(mappings), settings=choices), opened.answers, no_progress), opened, no_progress)
        assert [file.status for file in report.files] in (["loaded"], ["unchanged"]), report
    return opened


def _forms(folder: Path) -> list[Any]:
    return descriptor.read_all([folder / "local.toml", folder / "stated.toml"])


_law = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@_law
@given(_FILES, st.sampled_from([
    ("recognition_basis", "placed"), ("tz", "America/New_York"), ("tz", "Asia/Shanghai"), ("day_start", "04:00"), ("day_start", "23:30"),
]))  # fmt: skip
def test_a_changed_answer_is_as_if_everything_had_been_imported_with_it(files: list[Any], asked: tuple[str, str]) -> None:
    key, value = asked
    before = {"recognition_basis": "paid", "tz": "Europe/Berlin", "day_start": "00:00"}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with _made(folder, "changed.eco", files, before) as changed:
            done = answers.change(changed, "shop", key, value, clocks(changed.conn, "shop", _forms(folder)))
            assert done.left == ()
            said, sums = making.contents(changed.conn), making.daily_sums(changed.conn)
            spans = changed.conn.execute("SELECT first_day, last_day FROM imports ORDER BY import_id").fetchall()
        for file in folder.glob("*.csv"):
            file.unlink()
        with _made(folder, "anew.eco", files, {**before, key: value}) as anew:
            assert said == making.contents(anew.conn)
            assert sums == making.daily_sums(anew.conn)
            assert spans == anew.conn.execute("SELECT first_day, last_day FROM imports ORDER BY import_id").fetchall()


ORDERS = [("stated", [(1, (1, 23, 30), (2, 1, 0), "ann", "paid", 2), (2, (3, 12, 0), None, "bob", "paid", 3)])]


@pytest.fixture
def shop(tmp_path: Path) -> Any:
    with _made(tmp_path, "w.eco", ORDERS, {"tz": "Europe/Berlin", "recognition_basis": "paid"}) as opened:
        yield opened


def test_a_changed_basis_is_kept_as_days_whose_sales_are_others(shop: Workspace) -> None:
    done = answers.change(shop, "shop", "recognition_basis", "placed")
    found = restatements.restatements(shop.conn)
    days = sorted({one.day for one in found})
    kept = {(days.index(one.day), one.field, one.old, one.new) for one in found}
    assert kept == {
        (0, "orders", 0, 1), (0, "gross", 0, 200), (1, "orders", 1, 0), (1, "gross", 200, 0), (2, "orders", 0, 1), (2, "gross", 0, 300),
    }  # fmt: skip
    assert done.restated == 6 and {(one.answer, one.table, one.row_key) for one in found} == {("recognition_basis", "orders", "shop")}
    assert {one.field: one.kind for one in found} == {"orders": "int", "gross": "money"}
    assert restatements.counts(shop.conn) == {}


def test_a_moved_day_is_kept_with_its_order(shop: Workspace, tmp_path: Path) -> None:
    done = answers.change(shop, "shop", "tz", "Asia/Shanghai", clocks(shop.conn, "shop", _forms(tmp_path)))
    moved = {(one.row_key, one.field, (one.new or 0) - (one.old or 0)) for one in restatements.restatements(shop.conn) if one.field.endswith("_day")}  # type: ignore[operator]
    assert moved == {("shop / 1", "placed_day", 1)}
    assert done.restated == 1  # paid at 01:00 and 07:00 of one day: no sale moved


def test_what_cannot_be_worked_out_is_named(shop: Workspace) -> None:
    done = answers.change(shop, "shop", "tz", "Asia/Shanghai")  # nobody says how the file writes its moments
    assert [(one.table, one.rows, Path(one.path).name) for one in done.left] == [("orders", 2, "0.csv")]
    assert done.restated == 0 and shop.answers("shop").tz == "Asia/Shanghai"  # type: ignore[union-attr]


def test_answers_are_shown_as_they_are_given_with_when_they_were_changed(shop: Workspace) -> None:
    before = {one.key: (one.value, one.changed_utc) for one in answers.answers(shop.conn)}
    assert before == {
        "currency": ("EUR", None), "tz": ("Europe/Berlin", None), "day_start": ("00:00", None), "tax_inclusive": ("true", None),
        "recognition_basis": ("paid", None), "attribution": (None, None),
    }  # fmt: skip
    answers.change(shop, "shop", "attribution", "7-day click")
    answers.change(shop, "shop", "tax_inclusive", "false")
    after = {one.key: one for one in answers.answers(shop.conn)}
    assert (after["attribution"].value, after["tax_inclusive"].value) == ("7-day click", "false")
    assert after["attribution"].changed_utc is not None and after["tz"].changed_utc is None
    assert answers.change(shop, "shop", "attribution", "7-day click") == answers.Changed(0)


@pytest.mark.parametrize(("source", "key", "value", "code"), [
    ("shop", "currency", "USD", "store.currency_stands"), ("nobody", "tz", "UTC", "store.no_such_source"),
    ("shop", "colour", "red", "store.no_such_answer"), ("shop", "tz", "Mars", "store.answer_value"), ("shop", "day_start", "25:00", "store.answer_value"),
])  # fmt: skip
def test_what_is_no_answer_is_refused_and_changes_nothing(shop: Workspace, source: str, key: str, value: str, code: str) -> None:
    before = making.contents(shop.conn)
    with pytest.raises((UsageError, WorkspaceError)) as refused:
        answers.change(shop, source, key, value)
    assert refused.value.code == code
    assert making.contents(shop.conn) == before
    assert shop.conn.execute("SELECT count(*) FROM answer_change").fetchone() == (0,)


def test_a_changed_basis_is_there_still_when_the_file_is_taken_back_and_imported_again(tmp_path: Path) -> None:
    form = tmp_path / "form.toml"
    form.write_text(MAPPING.format(name="stated").replace('tz = "ask"', 'tz = "ask"\nrecognition_basis = "paid"'), encoding="utf-8")
    file = tmp_path / "orders.csv"
    file.write_text(_text("stated", [(1, (1, 12, 0), (2, 12, 0), "ann", "paid", 2)]), encoding="utf-8")

    def import_it(**given_settings: str) -> None:
        options = ImportOptions(mappings=(form,), settings={"tz": "Europe/Berlin", **given_settings})
        apply(plan([file], options, opened.answers, no_progress), opened, no_progress)

    with making.workspace(tmp_path) as opened:
        import_it()
        (paid,) = opened.conn.execute("SELECT sale_day FROM orders").fetchone()
        answers.change(opened, "shop", "recognition_basis", "placed")
        ledger.undo(opened, [1])
        import_it()
        assert opened.conn.execute("SELECT sale_day FROM orders").fetchone() == (paid - 1,)
        ledger.undo(opened, [2])
        import_it(recognition_basis="paid")  # what is said with the file wins
        assert opened.conn.execute("SELECT sale_day FROM orders").fetchone() == (paid,)
