"""What sold lines cost by what product files say, through real files and made-up ones."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import store_making as making
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from store_making import Export

from ecoperf_desktop import actions
from ecoperf_desktop.actions import ImportChoices
from ecoperf_desktop.model.days import Period, parse_day
from ecoperf_desktop.model.value import Question, Value
from ecoperf_desktop.store import ledger
from ecoperf_desktop.store import sums as daily
from ecoperf_desktop.store.costs import FIRST_DAY
from ecoperf_desktop.store.database import Workspace

ORDERS = """\
Name,Email,Financial Status,Paid at,Fulfilled at,Currency,Subtotal,Shipping,Taxes,Total,Discount Amount,Created at,\
Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,Lineitem discount,Shipping Country,Cancelled at,Refunded Amount,Employee,Source
"""
SOLD = {
    "2026-03-02": ("#1", 2, "MUG", "10.00"),
    "2026-03-10": ("#2", 3, "MUG", "10.00"),
    "2026-03-11": ("#3", 1, "CAP", "25.00"),
}
MARCH = Period(parse_day("2026-03-01"), parse_day("2026-03-31"))


def orders_csv(sold: dict[str, tuple[str, int, str, str]]) -> str:
    rows = []
    for day, (number, qty, sku, price) in sold.items():
        total = f"{qty * float(price):.2f}"
        at = f"{day} 12:00:00 +0100"
        rows.append(
            f"{number},a@example.com,paid,{at},,EUR,{total},0.00,0.00,{total},0.00,{at},{qty},{sku},{price},{sku},0.00,FR,,0.00,,web"
        )
    return ORDERS + "\n".join(rows) + "\n"


def products_csv(costs: dict[str, str], price: str = "30.00") -> str:
    header = "Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Price,Cost per item,Status\n"
    return header + "".join(
        f"{sku.lower()},{sku},Title,Default Title,{sku},{price},{cost},active\n" for sku, cost in costs.items()
    )


class Shop:
    """A workspace that is told by files, as a person would."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "shop.ecoperf"

    def orders(self, name: str = "orders.csv", sold: dict[str, tuple[str, int, str, str]] = SOLD) -> int:
        return self._load(name, orders_csv(sold), "2026-04-01")

    def products(self, as_of: str, **costs: str) -> int:
        return self._load(f"products {as_of}.csv", products_csv(costs, price=f"{as_of[-2:]}.00"), as_of)

    def _load(self, name: str, text: str, as_of: str) -> int:
        (self.folder / name).write_text(text, encoding="utf-8")
        choices = ImportChoices(settings=(("tz", "Europe/Paris"), ("currency", "EUR"), ("as_of", as_of)))
        with actions.workspace(self.path, write=True) as opened:
            planned = actions.plan_import([self.folder / name], choices, opened)
            (file,) = actions.apply_import(planned, opened).files
            # "unchanged": a newer file says all of it otherwise, yet it speaks for its own days
            assert file.status in ("loaded", "unchanged"), file
            return opened.conn.execute("SELECT max(import_id) FROM imports").fetchone()[0]  # type: ignore[no-any-return]

    def undo(self, *imports: int) -> None:
        with actions.workspace(self.path, write=True) as opened:
            actions.undo(opened, imports)

    def value(self, metric: str) -> Value:
        with actions.workspace(self.path) as opened:
            (value,) = actions.values(opened, Question((metric,), MARCH))
            return value

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with actions.workspace(self.path) as opened:
            return opened.conn.execute(query).fetchall()


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


@pytest.mark.parametrize("products_come", ["before", "after"])
def test_a_line_costs_what_a_product_file_says_whenever_that_comes(shop: Shop, products_come: str) -> None:
    if products_come == "before":
        shop.products("2026-03-20", MUG="4.00", CAP="9.99")
    shop.orders()
    if products_come == "after":
        assert shop.value("gross_margin").reason is not None
        shop.products("2026-03-20", MUG="4.00", CAP="9.99")
    assert shop.value("cogs").value == 5 * 400 + 999
    assert shop.value("cost_coverage").value == 1
    assert shop.value("gross_profit").value == 5 * 1000 + 2500 - 2999


def test_a_changed_cost_counts_from_its_day_on(shop: Shop) -> None:
    shop.products("2026-03-05", MUG="4.00", CAP="9.00")
    shop.orders()
    shop.products("2026-03-10", MUG="5.00", CAP="9.00")
    # the first file also speaks for the days before it
    assert shop.value("cogs").value == 2 * 400 + 3 * 500 + 900
    query = "SELECT sku, from_day, c.unit_cost_e4 FROM product_cost c JOIN product USING(product_id) ORDER BY sku, from_day"
    assert shop.rows(query) == [("CAP", FIRST_DAY, 9_000_000), ("MUG", FIRST_DAY, 4_000_000), ("MUG", parse_day("2026-03-10"), 5_000_000)]


def test_a_product_file_that_is_found_later_speaks_for_its_own_days_only(shop: Shop) -> None:
    shop.orders()
    shop.products("2026-03-20", MUG="6.00", CAP="9.00")
    assert shop.value("cogs").value == 5 * 600 + 900
    shop.products("2026-03-05", MUG="4.00", CAP="9.00")
    assert shop.value("cogs").value == 5 * 400 + 900


def test_a_blank_cost_leaves_what_was_said_before(shop: Shop) -> None:
    shop.products("2026-03-05", MUG="4.00", CAP="9.00")
    shop.products("2026-03-06", MUG="", CAP="")
    shop.orders()
    assert shop.value("cogs").value == 5 * 400 + 900


def test_taking_product_files_back_takes_their_costs_back(shop: Shop) -> None:
    shop.orders()
    first = shop.products("2026-03-05", MUG="4.00", CAP="9.00")
    second = shop.products("2026-03-10", MUG="5.00", CAP="9.00")
    shop.undo(second)
    assert shop.value("cogs").value == 5 * 400 + 900
    shop.undo(first)
    assert shop.value("cogs").value is None
    assert shop.rows("SELECT count(product_cost_minor) FROM order_lines") == [(0,)]
    shop.undo(*(row[0] for row in shop.rows("SELECT import_id FROM imports WHERE state = 'active'")))
    assert shop.rows("SELECT * FROM product_cost") == []


def test_a_product_without_a_cost_leaves_its_lines_unknown(shop: Shop) -> None:
    shop.products("2026-03-05", MUG="4.00", CAP="")
    shop.orders()
    coverage = shop.value("cost_coverage")
    assert (coverage.numerator, coverage.denominator) == (5000, 7500)
    assert (shop.value("cogs").value, shop.value("cogs").quality) == (None, "cost_incomplete")


def test_the_day_of_a_product_file_is_that_of_its_shop(shop: Shop) -> None:
    shop.products("2026-03-09", MUG="4.00", CAP="9.00")
    shop.products("2026-03-11", MUG="5.00", CAP="9.00")  # midnight in Paris is 23:00 UTC of the day before
    shop.orders()
    assert shop.value("cogs").value == 5 * 400 + 900


def test_the_unchanged_file_of_next_week_touches_no_line(shop: Shop) -> None:
    shop.products("2026-03-05", MUG="4.00", CAP="9.00")
    shop.orders()
    with actions.workspace(shop.path, write=True) as opened:
        opened.conn.execute("CREATE TABLE written(line_id INTEGER)")
        opened.conn.execute(
            "CREATE TRIGGER writing AFTER UPDATE ON order_lines BEGIN INSERT INTO written VALUES (new.line_id); END"
        )
    shop.products("2026-03-10", MUG="4.00", CAP="9.00")
    assert shop.rows("SELECT * FROM written") == []
    shop.products("2026-03-11", MUG="4.00", CAP="9.50")
    assert len(shop.rows("SELECT * FROM written")) == 1


# -- laws, on made-up files

DAY_1 = 20_000
_DAYS = st.integers(DAY_1, DAY_1 + 4)
_SKUS = st.sampled_from(["red", "blue", "green"])
_PRODUCT = st.fixed_dictionaries({"sku": _SKUS, "unit_cost": st.sampled_from([None, 12_345, 25_000, 100_000])})
_ORDER = st.fixed_dictionaries(
    {"order_no": st.sampled_from(["1", "2", "3"]), "placed_day": _DAYS, "status": st.sampled_from(["done", "done", "void"])}
)
_LINE = st.fixed_dictionaries({
    "order_no": st.sampled_from(["1", "2", "3"]), "line_no": st.sampled_from(["1", "2"]), "sku": st.none() | _SKUS,
    "qty": st.integers(-2, 3), "gross": st.just(1_000), "cost": st.none() | st.none() | st.integers(1, 9),
})  # fmt: skip


@st.composite
def _exports(draw: st.DrawFn) -> list[Export]:
    exports = []
    for number in range(draw(st.integers(1, 5))):
        tables: list[tuple[str, tuple[dict[str, Any], ...]]] = []
        kinds = draw(st.sampled_from(["p", "p", "ol", "ol", "o", "l", "pol"]))
        for letter, table, row in (("p", "product", _PRODUCT), ("o", "orders", _ORDER), ("l", "order_lines", _LINE)):
            if letter in kinds:
                tables.append((table, tuple(draw(st.lists(row, min_size=1, max_size=4)))))
        as_of = draw(_DAYS) * 86_400 + number
        exports.append(Export(f"file{number}", tuple(tables), as_of=as_of, stretch=draw(st.sampled_from([1, 1000]))))
    return exports


def _unit_cost(exports: Sequence[Export], sku: str, day: int) -> int | None:
    """Say what a product costs on a day, the slow way: the latest that was said by then, else the first ever said."""
    said = []
    for export in sorted(exports, key=lambda one: one.as_of):
        costs = [row["unit_cost"] for table, rows in export.tables if table == "product" for row in rows if row["sku"] == sku]
        if costs and costs[-1] is not None:
            said.append((export.as_of // 86_400, costs[-1]))
    by_then = [cost for stated, cost in said if stated <= day]
    if by_then:
        return int(by_then[-1])
    # Of several first files of one day the last of that day counts, as on every other day.
    of_first_day = [cost for stated, cost in said if stated == said[0][0]]
    return int(of_first_day[-1]) if of_first_day else None


def _lines(opened: Workspace) -> Iterator[tuple[str | None, int, int | None, int | None]]:
    yield from opened.conn.execute(
        "SELECT p.sku, l.qty, o.sale_day, l.product_cost_minor FROM order_lines l "
        "JOIN orders o ON o.order_id = l.line_id / 65536 LEFT JOIN product p USING(product_id)"
    )


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(_exports(), st.booleans(), st.data())
def test_every_line_costs_what_was_said_of_its_product_by_its_day(
    exports: list[Export], plain: bool, data: st.DataObject
) -> None:
    undone = data.draw(st.none() | st.integers(0, len(exports) - 1))
    order = data.draw(st.permutations(range(len(exports))))
    with tempfile.TemporaryDirectory() as folder, making.workspace(Path(folder)) as opened:
        ids = {number: making.do(opened, exports[number], plain=plain).import_id for number in order}
        if undone is not None:
            ledger.undo(opened, [ids[undone]])
        active = [export for number, export in enumerate(exports) if number != undone]
        for sku, qty, day, cost in _lines(opened):
            unit = None if sku is None or day is None else _unit_cost(active, sku, day)
            assert cost == (None if unit is None else (qty * unit + 5_000) // 10_000), (sku, qty, day)
        kept = making.daily_sums(opened.conn)
        opened.conn.execute("DELETE FROM setting WHERE name = 'sums'")
        assert daily.ensure(opened.conn)
        assert kept == making.daily_sums(opened.conn)
        ledger.undo(opened, [number for number, in opened.conn.execute("SELECT import_id FROM imports WHERE state = 'active'")])
        assert opened.conn.execute("SELECT count(*) FROM product_cost").fetchone() == (0,)


def test_the_cost_of_the_line_itself_comes_first(tmp_path: Path) -> None:
    product = ("product", ({"sku": "red", "unit_cost": 25_000},))
    order = ("orders", ({"order_no": "1", "placed_day": DAY_1},))
    line = {"order_no": "1", "sku": "red", "qty": 3, "gross": 1_000}
    lines = ("order_lines", ({**line, "line_no": "1", "cost": 5}, {**line, "line_no": "2", "cost": None}))
    with making.workspace(tmp_path) as opened:
        making.do(opened, Export("all", (product, order, lines)))
        assert opened.conn.execute("SELECT SUM(cost), SUM(net_with_cost) FROM sum_line").fetchone() == (5 + 8, 2_000)


def test_a_time_zone_that_becomes_known_moves_the_day_of_what_was_said_before(tmp_path: Path) -> None:
    # 20:00 UTC is the next day in Shanghai
    as_of = DAY_1 * 86_400 + 20 * 3_600
    first = Export("first", (("product", ({"sku": "red", "unit_cost": 10_000},)),), as_of=0)
    second = Export("second", (("product", ({"sku": "red", "unit_cost": 20_000},)),), as_of=as_of)
    sold = Export(
        "sold",
        (("orders", ({"order_no": "1", "placed_day": DAY_1},)), ("order_lines", ({"order_no": "1", "sku": "red", "qty": 1, "gross": 9},))),
    )
    with making.workspace(tmp_path) as opened:
        for export in (first, second, sold):
            making.do(opened, export)
        cost = "SELECT product_cost_minor FROM order_lines"
        assert opened.conn.execute(cost).fetchone() == (2,)
        making.do(opened, Export("zone", (("supplier", ({"name": "s", "country": "CN"},)),)), tz="Asia/Shanghai")
        assert opened.conn.execute(cost).fetchone() == (1,)
