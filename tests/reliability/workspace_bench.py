"""A real workspace beside its plain model: everything is done to both, and both must say the same afterwards."""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from plain_workspace import PlainWorkspace, Reckoned, Source
from shop_exports import DAYS, FIRST_DAY, Export

from ecoperf_desktop import actions
from ecoperf_desktop.actions import ImportChoices
from ecoperf_desktop.errors import Cancelled, EcoPerfError
from ecoperf_desktop.model.days import Period
from ecoperf_desktop.model.importing import FileReport
from ecoperf_desktop.model.metric import OwnMetric
from ecoperf_desktop.model.value import Question
from ecoperf_desktop.store import sums
from ecoperf_desktop.store.database import Workspace

sys.path.append(str(Path(__file__).resolve().parents[1] / "store"))
from store_making import contents, daily_sums

_OLDEST = 1_774_000_000  # when the first files were written, March 2026
_PERIOD = Period(FIRST_DAY - 2, FIRST_DAY + DAYS + 3)
_SHOPS = ("shopify", "us")
# Metrics of a day that are plain sums, and what the model calls them.
_METRICS = {
    "gross_sales": "gross", "orders": "orders", "units_sold": "units", "returns_amount": "returns", "shipping_revenue": "shipping",
    "ad_cost": "ad_cost", "sessions": "sessions", "visitors": "visitors", "inventory_units": "stock",
}  # fmt: skip
_KINDS = {"gross_sales": "sales", "orders": "sales", "units_sold": "sales", "shipping_revenue": "sales", "returns_amount": "refunds"}
_SUMS = {
    "orders": ("order", "count"), "first": ("order", "first"), "shipping": ("order", "shipping"), "gross": ("line", "gross"),
    "units": ("line", "units"), "cost": ("line", "cost"), "returns": ("refund", "goods"),
}  # fmt: skip
_DAY_SUMS = {"ad_cost": ("ad", "cost"), "clicks": ("ad", "clicks"), "sessions": ("traffic", "sessions"), "stock": ("stock", "units")}


@cache
def _template() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "template.ecoperf"
        actions.open_workspace(path, write=True).close()
        with sqlite3.connect(path) as conn:
            conn.execute("UPDATE secret SET value = ?", (b"k" * 32,))
            # A century of calendar days is most of an empty file: a few years say the same, and are copied at once.
            conn.execute("DELETE FROM calendar WHERE year NOT BETWEEN 2025 AND 2027")
        conn.execute("VACUUM")
        conn.close()
        return path.read_bytes()


class Bench:
    """One workspace in a folder of its own, its model, and what was kept of both meanwhile."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "w.ecoperf"
        self.path.write_bytes(_template())
        self.opened: Workspace = actions.open_workspace(self.path, write=True)
        self.model = PlainWorkspace()
        self.files: list[tuple[Export, Path, int]] = []
        self.backups: list[tuple[Path, PlainWorkspace]] = []
        self.kept: tuple[Path, PlainWorkspace] | None = None
        self._proven: tuple[Any, Any] | None = None

    def close(self) -> None:
        self.opened.close()

    # -- files

    def write(self, export: Export, age: int, name: str | None = None) -> Path:
        """Write a file that was made ``age`` hours after the first ones."""
        path = self.folder / (name or f"export {len(self.files)}.csv")
        path.write_bytes(export.written)
        as_of = _OLDEST + 3600 * age
        os.utime(path, (as_of, as_of))
        self.files.append((export, path, as_of))
        return path

    def do(self, files: Sequence[int], answered: Source | None = None, *, more: tuple[tuple[str, str], ...] = ()) -> list[FileReport]:
        """Import written files at once, in this order, and let the model do the same."""
        reports: list[FileReport] = []
        for source in dict.fromkeys(self.files[one][0].source for one in files):
            mine = [one for one in files if self.files[one][0].source == source]
            is_new = self.model.is_new(source)
            known = self.model.sources.get(source)
            if answered is None and source in _SHOPS and (known is None or known.tz is None):
                answered = Source("Europe/Paris")  # somebody has to say it once
            choices = self._choices(mine, answered, more)
            planned = actions.plan_import([self.files[one][1] for one in mine], choices, self.opened, unseen=len(mine) == 1)
            reports += actions.apply_import(planned, self.opened).files
            self._follow(mine, answered if is_new else None)
        return reports

    def stopped(self, files: Sequence[int], at: int, answered: Source | None = None, *, crash: bool = False) -> None:
        """Import files of one source and stop before the ``at``-th is stored: by cancelling, or by the power going off."""
        choices = self._choices(files, answered)
        planned = actions.plan_import([self.files[one][1] for one in files], choices, self.opened)
        said = answered if self.model.is_new(self.files[files[0]][0].source) else None
        left = self.folder / "left"

        def progress(done: int, total: int, what: str) -> None:
            # between two files; while one is being stored it is told how many of its bytes are read
            if not self.opened.conn.in_transaction and done >= at and not left.exists():
                if crash:
                    self._copy_as_it_stands(left)
                raise Cancelled

        try:
            actions.apply_import(planned, self.opened, progress)
        except Cancelled:
            whole = sorted(dict.fromkeys(files), key=lambda one: (self.files[one][2], files.index(one)))[:at]
            self._follow(whole, said)
        else:
            self._follow(files, said)
        if left.exists():
            self._go_on_with(left)

    def _choices(self, files: Sequence[int], answered: Source | None, more: tuple[tuple[str, str], ...] = ()) -> ImportChoices:
        settings = dict(more)
        for one in files:
            settings |= self.files[one][0].answers
        source = self.files[files[0]][0].source
        if self.model.is_new(source) and answered is not None:
            settings["recognition_basis"] = answered.basis
            settings["day_start"] = f"{answered.begins // 60:02d}:{answered.begins % 60:02d}"
            if answered.tz is not None:
                settings["tz"] = answered.tz
        return ImportChoices(source=source, settings=tuple(settings.items()))

    def _follow(self, files: Sequence[int], answered: Source | None) -> None:
        """Let the model load the files: the oldest first, of equally old ones the first named."""
        once = list(dict.fromkeys(files))
        for one in sorted(once, key=lambda one: (self.files[one][2], once.index(one))):
            export, path, as_of = self.files[one]
            if export.said(Source().clock):
                self.model.load(export, path.name, as_of, answered)

    def undo(self, numbers: list[int]) -> None:
        actions.undo(self.opened, numbers)
        self.model.undo(numbers)

    # -- what a person says

    def answer(self, source: str, key: str, value: str) -> None:
        actions.change_answer(self.opened, source, key, value)
        self.model.answer(source, key, value)

    def rate(self, currency: str, day: int, rate: Decimal | None) -> None:
        """Type a rate in or take one back; what makes no sense is refused and changes nothing."""
        key = (currency, self.model.reporting or "", day)
        wrong = self.model.reporting in (None, currency) or rate is None and key not in self.model.typed_rates
        try:
            actions.set_rate(self.opened, currency, day, rate)
        except EcoPerfError:
            assert wrong, "a rate that makes sense was refused"
            return
        assert not wrong, "a rate that makes no sense was taken"
        if rate is None:
            del self.model.typed_rates[key]
        else:
            self.model.typed_rates[key] = int(rate * 10**9)

    def event(self, name: str, first: int, more: int) -> None:
        actions.set_event(self.opened, name, 2026, _iso(first), _iso(first + more))
        self.model.typed_events[name, 2026] = (FIRST_DAY + first, FIRST_DAY + first + more)

    def no_event(self, name: str) -> None:
        known = self.model.known_events(self.model.reckon())
        try:
            actions.remove_event(self.opened, name, 2026)
        except EcoPerfError:
            assert (name, 2026) not in known
            return
        assert (name, 2026) in known
        self.model.typed_events.pop((name, 2026), None)
        if (name, 2026) in self.model.known_events(self.model.reckon()):
            self.model.typed_events[name, 2026] = None

    def reset_event(self, name: str) -> None:
        try:
            actions.reset_event(self.opened, name, 2026)
        except EcoPerfError:
            assert (name, 2026) not in self.model.typed_events
            return
        del self.model.typed_events[name, 2026]

    def metric(self, name: str, expression: str | None) -> None:
        if expression is None:
            try:
                actions.remove_own_metric(self.opened, name)
            except EcoPerfError:
                assert name not in self.model.own_metrics
                return
            del self.model.own_metrics[name]
        else:
            actions.keep_own_metric(self.opened, OwnMetric(name, f"My {name}", "Twice", expression, "money"))
            self.model.own_metrics[name] = expression

    def brands(self, words: Sequence[str]) -> None:
        actions.change_brand_words(self.opened, ", ".join(words))
        self.model.brand_words = list(dict.fromkeys(words))

    def calendar(self, name: str, value: str) -> None:
        actions.change_calendar(self.opened, {name: value})
        self.model.calendar[name] = value

    # -- copies, restarts and crashes

    def back_up(self) -> None:
        self.backups.append((actions.back_up(self.opened).path, self.model.copy()))
        self.backups = [one for one in self.backups if one[0].exists()]

    def restore(self, which: int) -> None:
        path, model = self.backups[which]
        self._put_back(path, model)

    def undo_restore(self) -> None:
        assert self.kept is not None
        self._put_back(*self.kept)

    def _put_back(self, path: Path, model: PlainWorkspace) -> None:
        self.opened.close()
        kept = actions.restore(self.path, path).kept
        assert kept is not None
        self.kept = kept, self.model
        self.model = model.copy()
        self.opened = actions.open_workspace(self.path, write=True)

    def reopen(self) -> None:
        self.opened.close()
        self.opened = actions.open_workspace(self.path, write=True)

    def crash(self) -> None:
        """Go on with the bytes that are on the disk at this moment, as after the power went off."""
        left = self.folder / "left"
        self._copy_as_it_stands(left)
        self._go_on_with(left)

    def _copy_as_it_stands(self, folder: Path) -> None:
        folder.mkdir()
        for suffix in ("", "-wal", ".lock"):
            part = self.path.with_name(self.path.name + suffix)
            if part.exists():
                shutil.copyfile(part, folder / part.name)

    def _go_on_with(self, folder: Path) -> None:
        self.opened.close()
        for suffix in ("", "-wal", ".lock"):
            self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)
            part = folder / (self.path.name + suffix)
            if part.exists():
                part.replace(self.path.with_name(part.name))
        folder.rmdir()
        self.opened = actions.open_workspace(self.path, write=True)

    # -- what they say

    def dump(self) -> dict[str, Any]:
        """Return everything that the workspace says, without row ids, ledger and times."""
        conn = self.opened.conn
        other = {
            name: conn.execute(f"SELECT * FROM {name} ORDER BY 1, 2").fetchall() for name in ("typed_rate", "own_event", "own_metric", "calendar")
        }
        answered = conn.execute(
            # Not the currency: who said it once is not asked again, also when the file is taken back.  The basis is that of the
            # first orders, and speaks of nothing where there are none.
            "SELECT name, tz, day_start_min, tax_inclusive, CASE WHEN EXISTS (SELECT 1 FROM imports i JOIN import_fields f USING(import_id) "
            "WHERE i.source_id = source.source_id AND f.table_name = 'orders') THEN recognition_basis END FROM source WHERE source_id IN "
            "(SELECT source_id FROM imports WHERE state = 'active') ORDER BY name"
        ).fetchall()
        kept = conn.execute(
            "SELECT name, value FROM setting WHERE name IN ('reporting_currency', 'brand_words', 'sums', 'events', 'week_start', "
            "'fiscal_start_month', 'retail_pattern') ORDER BY name"
        ).fetchall()
        waiting = conn.execute(
            "SELECT table_name, currency, day, rate_day, rate_e9, count(*) FROM traded GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5"
        ).fetchall()
        return {**contents(conn), **other, "answers": answered, "settings": kept, "waiting": waiting}

    def daily_sums(self) -> dict[str, list[tuple[Any, ...]]]:
        return daily_sums(self.opened.conn)

    def compare(self) -> None:
        """Raise AssertionError where the workspace and its model differ."""
        conn, model = self.opened.conn, self.model
        found = model.reckon()
        daily = model.daily(found)
        _same("facts", _stored_facts(conn), _model_facts(model, found))
        _same("waiting", _stored_waiting(conn), {
            key: (len(found.waiting_orders.get(key, ())), rows) for key, rows in found.waiting.items()
        })  # fmt: skip
        _same("daily sums", _stored_days(conn), {
            name: {place: total for place, total in daily.get(name, {}).items() if total} for name in (*_SUMS, *_DAY_SUMS)
        })  # fmt: skip
        self._compare_values(daily, {day for _, day in found.waiting})
        self._compare_kept(found)
        self._compare_ledger()
        health = actions.check(self.opened)
        assert health.sound, health.problems
        self._compare_rebuilt()

    def _compare_values(self, daily: dict[str, dict[tuple[Any, ...], int]], waiting: set[int]) -> None:
        answered = actions.values(self.opened, Question(tuple(_METRICS), _PERIOD, by="day"))
        assert len(answered) == len(_METRICS) * _PERIOD.days
        spoken: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for kind, first, last in self.opened.conn.execute("SELECT kind, first_day, last_day FROM coverage"):
            spoken[kind].append((first, last))
        for one in answered:
            of = daily.get(_METRICS[one.metric], {})
            mine = [total for place, total in of.items() if place[0] == one.period.first]
            if one.metric == "inventory_units" and not mine:
                # between two counts what was counted last is there still
                counted = max((day for (day,) in of if day < one.period.first), default=None)
                assert one.value is None or counted is not None and one.value == of[counted,]
                continue
            if one.value is None and any(mine) and one.reason == "metrics.not_covered":
                # paid after the last day on which the files' orders were placed: not all of that day is known yet
                assert one.metric in ("gross_sales", "orders", "units_sold", "shipping_revenue", "returns_amount")
                covered = any(first <= one.period.first <= last for first, last in spoken[_KINDS[one.metric]])
                assert not covered or one.period.first in waiting, f"{one.metric} of {one.bucket}"
            elif one.value is None:
                assert not any(mine), f"{one.metric} of {one.bucket} is missing ({one.reason}), not {sum(mine)}"
            else:
                assert one.value == sum(mine), f"{one.metric} of {one.bucket} is {one.value}, not {sum(mine)}"
        for metric, expression in self.model.own_metrics.items():
            own, whole = actions.values(self.opened, Question((metric, expression.split()[0]), _PERIOD))
            assert own.value == (None if whole.value is None else 2 * whole.value)

    def _compare_kept(self, found: Reckoned) -> None:
        model, conn = self.model, self.opened.conn
        assert self.opened.reporting_currency == model.reporting
        assert {one.id: one.expression for one in actions.own_metrics(self.opened)} == model.own_metrics
        assert actions.brand_words(self.opened) == model.brand_words
        assert model.calendar.items() <= actions.calendar_settings(self.opened).items()
        typed = {(currency, quote, day): rate for currency, quote, day, rate in conn.execute("SELECT * FROM typed_rate")}
        _same("typed rates", typed, model.typed_rates)
        events = actions.events(self.opened)
        entered = {(one.code, one.year): (one.first, one.last, one.origin) for one in events if one.origin != "shipped"}
        _same("events", entered, model.known_events(found))
        marked: dict[int, tuple[str, int]] = {}
        market = None if model.reporting is None else "world"
        followed = [one for one in events if market is None or one.market in (None, market) or one.origin != "shipped"]
        for one in sorted(followed, key=lambda one: (one.last - one.first, one.code), reverse=True):
            marked |= {day: (one.code, day - one.anchor) for day in range(one.first, one.last + 1)}
        for one in sorted(followed, key=lambda one: (one.last - one.first, one.code), reverse=True):
            marked[one.anchor] = (one.code, 0)
        days = range(_PERIOD.first - 30, _PERIOD.last + 30)
        stored = conn.execute("SELECT day, event_code, event_offset FROM calendar WHERE day BETWEEN ? AND ? AND event_code IS NOT NULL", (days[0], days[-1]))
        _same("marked days", {day: (code, offset) for day, code, offset in stored}, {day: marked[day] for day in days if day in marked})
        for name, source in model.sources.items():
            answers = self.opened.answers(name)
            assert answers is not None and (answers.tz, answers.day_start_min) == (source.tz, source.begins), name
            if name in _SHOPS:
                assert answers.recognition_basis == source.basis, name

    def _compare_ledger(self) -> None:
        entries = actions.ledger(self.opened)
        told = [(one.import_id, one.source, one.file, one.as_of, one.state == "active") for one in entries]
        _same("ledger", told, [(one.number, one.source, one.file, one.as_of, one.active) for one in self.model.imports])
        for entry, one in zip(entries, self.model.imports, strict=True):
            rows = entry.rows
            assert (rows.read, rows.dropped, rows.rejected) == (one.export.read, one.export.dropped, one.export.rejected), entry.file
            assert rows.read == rows.new + rows.changed + rows.unchanged + rows.dropped + rows.rejected, entry.file

    def _compare_rebuilt(self) -> None:
        """The daily sums that were kept up to date are those that the facts give."""
        conn = self.opened.conn
        before = self.daily_sums()
        said = (before, _stored_facts(conn))
        if said == self._proven:
            return
        self._proven = said
        conn.execute("BEGIN")
        conn.execute("DELETE FROM setting WHERE name = 'sums'")
        sums.ensure(conn)
        _same("rebuilt sums", before, self.daily_sums())
        conn.execute("ROLLBACK")


def _same(what: str, stored: Any, expected: Any) -> None:
    if stored == expected:
        return
    told = [f"{what} differ"]
    if isinstance(stored, dict) and isinstance(expected, dict):
        for key in sorted(stored.keys() | expected.keys(), key=repr):
            if stored.get(key) != expected.get(key):
                told += _difference(key, stored.get(key), expected.get(key))
    else:
        told += _difference("", stored, expected)
    raise AssertionError("\n  ".join(told))


def _difference(key: object, stored: Any, expected: Any) -> list[str]:
    if isinstance(stored, dict) and isinstance(expected, dict):
        return [
            f"{key} {one}: stored {stored.get(one)}, expected {expected.get(one)}"
            for one in sorted(stored.keys() | expected.keys(), key=repr) if stored.get(one) != expected.get(one)
        ]  # fmt: skip
    if isinstance(stored, list) and isinstance(expected, list):
        return [f"{key}: stored only {[one for one in stored if one not in expected]}, expected only {[one for one in expected if one not in stored]}"]
    return [f"{key}: stored {stored}, expected {expected}"]


_FACTS = {
    "orders": "SELECT s.name, o.order_no, c.name, o.placed_ts, o.paid_ts, o.placed_day, o.paid_day, o.status, o.currency, o.shipping_minor, "
    "o.sale_day, o.is_first, o.import_id FROM orders o JOIN shop s USING(shop_id) LEFT JOIN channel c USING(channel_id) WHERE o.import_id IS NOT NULL",
    "order_lines": "SELECT s.name, o.order_no, p.sku, l.qty, l.gross_minor, l.product_cost_minor, l.import_id FROM order_lines l "
    "JOIN orders o ON o.order_id = l.line_id / 65536 JOIN shop s USING(shop_id) JOIN product p USING(product_id)",
    "refunds": "SELECT s.name, o.order_no, r.refund_no, r.refund_day, r.is_dated, r.goods_minor, r.closed_ts, coalesce(r.is_replaced, 0), r.import_id "
    "FROM refunds r JOIN shop s ON s.shop_id = r.shop_id JOIN orders o USING(order_id)",
    "expenses": "SELECT s.name, e.expense_no, e.day, e.amount_minor, e.import_id FROM expenses e JOIN shop s USING(shop_id)",
    "product": "SELECT sku, name, unit_cost_e4, list_price_minor, import_id FROM product WHERE import_id IS NOT NULL",
    "titles": "SELECT sku, seen_name FROM product WHERE seen_name IS NOT NULL",
    "unit costs": "SELECT p.sku, c.from_day, c.unit_cost_e4 FROM product_cost c JOIN product p USING(product_id)",
    "exchange_rates": "SELECT currency, quote, day, rate, import_id FROM exchange_rates",
    "events": "SELECT name, first_day, last_day, import_id FROM events",
    "inventory_snapshots": "SELECT t.day, l.name, p.sku, t.on_hand, t.value_minor, t.import_id FROM inventory_snapshots t "
    "JOIN location l USING(location_id) JOIN product p USING(product_id)",
    "ad_performance": "SELECT t.day, c.name, t.impressions, t.clicks, t.cost_minor, t.import_id FROM ad_performance t "
    "JOIN campaign c USING(campaign_id)",
    "site_traffic": "SELECT t.day, s.name, t.visitors, t.sessions, t.pageviews, t.import_id FROM site_traffic t JOIN shop s USING(shop_id)",
    "buyers": "SELECT count(DISTINCT o.customer_id) FROM orders o WHERE o.import_id IS NOT NULL",
}


def _stored_facts(conn: sqlite3.Connection) -> dict[str, list[tuple[Any, ...]]]:
    return {name: sorted(conn.execute(query).fetchall(), key=repr) for name, query in _FACTS.items()}


def _model_facts(model: PlainWorkspace, found: Reckoned) -> dict[str, list[tuple[Any, ...]]]:
    facts = found.facts
    owner = {table: {place: fact.owner.number for place, fact in model._folded(table).items()} for table in facts}
    told: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    for place, row in facts["orders"].items():
        told["orders"].append((
            *place, row.get("channel"), row["placed_ts"], row["paid_ts"], row["placed_day"], row["paid_day"], row["status"], row["currency"],
            row["shipping"], row["sale_day"], row["is_first"], owner["orders"][place],
        ))  # fmt: skip
    for place, row in facts["order_lines"].items():
        told["order_lines"].append((*place[:3], row["qty"], row["gross"], row["product_cost"], owner["order_lines"][place]))
    for place, row in facts["refunds"].items():
        told["refunds"].append((
            row["shop"], row["order_no"], row.get("refund_no"), row["refund_day"], row["is_dated"], row["goods"], row.get("closed_ts"),
            int(row["is_replaced"]), owner["refunds"][place],
        ))  # fmt: skip
    for place, row in facts["expenses"].items():
        told["expenses"].append((*place, row["day"], row["amount"], owner["expenses"][place]))
    for place, row in facts["product"].items():
        told["product"].append((row["sku"], row["name"], row["unit_cost"], row.get("list_price"), owner["product"][place]))
    for place, row in facts["exchange_rates"].items():
        told["exchange_rates"].append((row["currency"], row["quote"], row["day"], float(row["rate"]), owner["exchange_rates"][place]))
    for place, row in facts["events"].items():
        told["events"].append((row["name"], row["first_day"], row["last_day"], owner["events"][place]))
    told["titles"] = [*model.titles().items()]
    told["unit costs"] = [(sku, *step) for sku, course in found.unit_costs.items() for step in course]
    for row in found.blocks["inventory_snapshots"]:
        told["inventory_snapshots"].append((row["day"], row["location"], row["sku"], row["on_hand"], row["value"], row["import"]))
    for row in found.blocks["ad_performance"]:
        told["ad_performance"].append((row["day"], row["campaign"], row["impressions"], row["clicks"], row["cost"], row["import"]))
    for row in found.blocks["site_traffic"]:
        told["site_traffic"].append((row["day"], row["source"], row["visitors"], row["sessions"], row["pageviews"], row["import"]))
    told["buyers"] = [(len({(row["source"], row["buyer"]) for row in facts["orders"].values() if row.get("buyer")}),)]
    return {name: sorted(told[name], key=repr) for name in _FACTS}


def _stored_waiting(conn: sqlite3.Connection) -> dict[tuple[str, int], tuple[int, int]]:
    found = conn.execute("SELECT currency, day, count(DISTINCT order_id), count(*) FROM traded WHERE rate_e9 IS NULL GROUP BY 1, 2")
    return {(currency, day): (orders, rows) for currency, day, orders, rows in found}


def _stored_days(conn: sqlite3.Connection) -> dict[str, dict[tuple[Any, ...], int]]:
    stored: dict[str, dict[tuple[Any, ...], int]] = {}
    for name, (view, measure) in _SUMS.items():
        rows = conn.execute(
            f'SELECT t.day, s.name, c.name, t."{measure}" FROM sum_{view} t LEFT JOIN shop s USING(shop_id) LEFT JOIN channel c USING(channel_id)'
        )
        stored[name] = {place: total for *key, total in rows if total for place in [tuple(key)]}
    for name, (view, measure) in _DAY_SUMS.items():
        rows = conn.execute(f'SELECT day, sum("{measure}") FROM sum_{view} GROUP BY day')
        stored[name] = {(day,): total for day, total in rows if total}
    return stored


def _iso(day: int) -> str:
    from ecoperf_desktop.model.days import iso

    return iso(FIRST_DAY + day)
