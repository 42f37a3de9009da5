"""A plain model of a workspace: dictionaries and loops that know nothing of how the store keeps anything.

It holds what every import said, and works everything out from that whenever it is asked: of rows that several imports
speak of the newest wins field by field, whole blocks belong to the newest import, amounts of another currency count at
the rate of their day or wait for it.
"""

from __future__ import annotations

import copy
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from shop_exports import Clock, Export, Orders, Row, Said

_LASTS = 7
_BEFORE_ALL = -1_000_000
_KEYS: dict[str, Callable[[Row], tuple[Any, ...]]] = {
    "orders": lambda row: (row["shop"], row["order_no"]),
    "order_lines": lambda row: (row["shop"], row["order_no"], row["sku"], row["occurrence"]),
    "refunds": lambda row: (row["shop"], row["refund_no"]) if "refund_no" in row
    else (row["shop"], row["order_no"], row["refund_day"], row["goods"], row["occurrence"]),
    "product": lambda row: (row["sku"],),
    "expenses": lambda row: (row["source"], row["expense_no"]),
    "exchange_rates": lambda row: (row["currency"], row["quote"] or "", row["day"]),
    "events": lambda row: (row["name"], row["first_day"]),
}  # fmt: skip
_BLOCKS: dict[str, Callable[[Row], tuple[Any, ...]]] = {
    "inventory_snapshots": lambda row: (row["source"], row["day"], row["location"]),
    "ad_performance": lambda row: (row["source"], row["campaign"], row["day"]),
    "site_traffic": lambda row: (row["source"], row["day"]),
}
_AMOUNTS = {
    "orders": ("shipping",), "order_lines": ("gross",), "refunds": ("goods",), "product": ("unit_cost", "list_price"), "expenses": ("amount",),
    "inventory_snapshots": ("value",), "ad_performance": ("cost",),
}  # fmt: skip


@dataclass
class Source:
    """What was answered about a source."""

    tz: str | None = None
    begins: int = 0
    basis: str = "paid"
    is_chosen: bool = False  # a person changed the basis: it stays, also when all is taken back

    @property
    def clock(self) -> Clock:
        return Clock(self.tz or "UTC", self.begins)


@dataclass
class Import:
    number: int
    source: str
    file: str
    export: Export
    as_of: int
    said: Said
    active: bool = True

    @property
    def rank(self) -> tuple[int, int]:
        return self.as_of, self.number


@dataclass
class Fact:
    """A row as all its imports make it; ``currencies`` is that of who says each amount."""

    row: Row
    owner: Import
    currencies: dict[str, str | None]


@dataclass
class Reckoned:
    """Everything that follows from what was said."""

    facts: dict[str, dict[tuple[Any, ...], Row]] = field(default_factory=lambda: defaultdict(dict))
    blocks: dict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))
    waiting: Counter[tuple[str, int]] = field(default_factory=Counter)
    waiting_orders: dict[tuple[str, int], set[Any]] = field(default_factory=lambda: defaultdict(set))
    unit_costs: dict[str, list[tuple[int, int]]] = field(default_factory=dict)


@dataclass
class PlainWorkspace:
    imports: list[Import] = field(default_factory=list)
    sources: dict[str, Source] = field(default_factory=dict)
    reporting: str | None = None
    typed_rates: dict[tuple[str, str, int], int] = field(default_factory=dict)  # in 1/1 000 000 000
    typed_events: dict[tuple[str, int], tuple[int, int] | None] = field(default_factory=dict)
    own_metrics: dict[str, str] = field(default_factory=dict)
    brand_words: list[str] = field(default_factory=list)
    calendar: dict[str, str] = field(default_factory=dict)

    def copy(self) -> PlainWorkspace:
        """Return the same as it stands; what was said is shared, since nobody changes it in place."""
        return PlainWorkspace(
            [copy.copy(one) for one in self.imports], {name: copy.copy(one) for name, one in self.sources.items()}, self.reporting,
            dict(self.typed_rates), dict(self.typed_events), dict(self.own_metrics), list(self.brand_words), dict(self.calendar),
        )  # fmt: skip

    # -- what can be done

    @property
    def active(self) -> list[Import]:
        return [one for one in self.imports if one.active]

    def knows(self, export: Export) -> Import | None:
        """Return the active import of the very same file."""
        return next((one for one in self.active if one.export.source == export.source and one.export.written == export.written), None)

    def is_new(self, source: str) -> bool:
        """Say that a source may be answered anew: nothing of it is imported."""
        return all(one.source != source for one in self.active)

    def load(self, export: Export, file: str, as_of: int, answered: Source | None = None) -> Import | None:
        """Import a file; ``answered`` is what was said about a source that is new.  None: it is there already."""
        if self.knows(export) is not None:
            return None
        known = self.sources.get(export.source)
        if self.is_new(export.source):
            before = known or Source()
            # a format of orders has a basis of its own, others have none
            stays = before.is_chosen or not isinstance(export, Orders)
            basis = answered.basis if answered else before.basis if stays else "paid"
            begins = answered.begins if answered else before.begins
            known = Source((answered and answered.tz) or before.tz, begins, basis, before.is_chosen)
            self.sources[export.source] = known
        assert known is not None
        if isinstance(export, Orders) and not any(isinstance(one.export, Orders) and one.source == export.source for one in self.active):
            # the first orders say when a sale counts
            known.basis = answered.basis if answered else known.basis if known.is_chosen else "paid"
        if export.currency is not None and self.reporting is None:
            self.reporting = export.currency
        one = Import(len(self.imports) + 1, export.source, file, export, as_of, export.said(known.clock))
        self.imports.append(one)
        return one

    def undo(self, numbers: list[int]) -> None:
        for number in numbers:
            self.imports[number - 1].active = False
        if all(one.export.currency is None for one in self.active):
            self.reporting = None

    def answer(self, source: str, key: str, value: str) -> None:
        known = self.sources[source]
        if key == "recognition_basis":
            known.is_chosen |= known.basis != value
            known.basis = value
            return
        if key == "tz":
            known.tz = value
        else:
            hours, minutes = value.split(":")
            known.begins = int(hours) * 60 + int(minutes)
        for one in self.active:
            if one.source == source and isinstance(one.export, Orders):
                one.said = one.export.with_clock(one.said, known.clock)

    # -- what follows

    def reckon(self) -> Reckoned:
        """Work out all facts from what the active imports say."""
        found = Reckoned()
        folded = {table: self._folded(table) for table in _KEYS}
        rates = _Course(self, folded["exchange_rates"])
        orders = self._dated_orders(folded["orders"])
        parts = self._parts(folded)
        for key, order in orders.items():
            day = order.row["sale_day"] if order.row["sale_day"] is not None else order.row["placed_day"]
            mine = [("orders", key, order), *parts[key]]
            foreign = sorted({cur for table, _, fact in mine for cur in self._foreign(table, fact).values()})
            unknown = next((currency for currency in foreign if rates.on(currency, day) is None), None)
            for table, place, fact in mine:
                if unknown is None:
                    found.facts[table][place] = self._converted(table, fact, rates, day)
                else:
                    found.waiting[unknown, day] += 1
                    found.waiting_orders[unknown, day].add(key)
        for key, mine in parts.items():
            if key not in orders:  # refunds of orders that no file has brought
                for table, place, fact in mine:
                    self._alone(found, table, place, fact, rates, fact.row["refund_day"], order=key)
        for place, fact in folded["expenses"].items():
            self._alone(found, "expenses", place, fact, rates, fact.row["day"])
        for place, fact in folded["product"].items():
            self._product(found, place, fact, rates)
        for table in ("exchange_rates", "events"):
            found.facts[table] = {place: fact.row for place, fact in folded[table].items()}
        for table in _BLOCKS:
            for fact in self._live(table):
                row = self._settled(table, fact, rates, fact.row["day"], found)
                if row is not None:
                    found.blocks[table].append(row)
        self._first_orders(found)
        found.unit_costs = self._unit_costs(rates)
        self._price_lines(found)
        self._replace_refunds(found)
        return found

    def daily(self, found: Reckoned) -> dict[str, dict[tuple[Any, ...], int]]:
        """Return daily totals by day, shop and channel: gross, cost, units, orders, refunds; by day: ads, traffic, stock."""
        sums: dict[str, dict[tuple[Any, ...], int]] = defaultdict(lambda: defaultdict(int))
        orders = found.facts["orders"]
        for (shop, _), order in orders.items():
            if order["sale_day"] is not None:
                place = order["sale_day"], shop, order.get("channel")
                sums["orders"][place] += 1
                sums["first"][place] += order["is_first"] == 1
                sums["shipping"][place] += order["shipping"]
        for (shop, number, *_), line in found.facts["order_lines"].items():
            order = orders[shop, number]
            if order["sale_day"] is not None:
                place = order["sale_day"], shop, order.get("channel")
                sums["gross"][place] += line["gross"]
                sums["units"][place] += line["qty"]
                sums["cost"][place] += line["product_cost"] or 0
        for refund in found.facts["refunds"].values():
            known = orders.get((refund["shop"], refund["order_no"]))
            if not refund["is_replaced"] and (known is None or known["sale_day"] is not None):
                channel = refund.get("channel") or (known.get("channel") if known else None)
                sums["returns"][refund["refund_day"], refund["shop"], channel] += refund["goods"]
        for row in found.blocks["ad_performance"]:
            sums["ad_cost"][(row["day"],)] += row["cost"]
            sums["clicks"][(row["day"],)] += row["clicks"]
        for row in found.blocks["site_traffic"]:
            sums["sessions"][(row["day"],)] += row["sessions"]
            sums["visitors"][(row["day"],)] += row["visitors"]
        for row in found.blocks["inventory_snapshots"]:
            sums["stock"][(row["day"],)] += max(row["on_hand"], 0)
        return {name: dict(of) for name, of in sums.items()}

    def titles(self) -> dict[str, str]:
        """Return what each product was called where it was sold last."""
        best: dict[str, tuple[int, str]] = {}
        for one in self.active:
            for row in one.said.get("product_title", ()):
                best[row["sku"]] = max(best.get(row["sku"], (-1, "")), (one.as_of, row["title"]))
        return {sku: title for sku, (_, title) in best.items()}

    def known_events(self, found: Reckoned) -> dict[tuple[str, int], tuple[int, int, str]]:
        """Return the events people entered, by name and year: first and last day, and who says so."""
        events: dict[tuple[str, int], tuple[int, int, str]] = {}
        for row in sorted(found.facts["events"].values(), key=lambda row: row["first_day"]):
            events[row["name"], 2026] = row["first_day"], row["last_day"], "imported"
        for key, days in self.typed_events.items():
            events.pop(key, None)
            if days is not None:
                events[key] = (*days, "typed")
        return events

    def _folded(self, table: str) -> dict[tuple[Any, ...], Fact]:
        facts: dict[tuple[Any, ...], Fact] = {}
        for one in sorted(self.active, key=lambda one: one.rank):
            for said in one.said.get(table, ()):
                row = {"source": one.source, **said}
                fact = facts.setdefault(_KEYS[table](row), Fact({}, one, {}))
                fact.row |= row
                fact.owner = one
                fact.currencies |= dict.fromkeys(row, one.export.currency)
        return facts

    def _live(self, table: str) -> Iterator[Fact]:
        newest: dict[tuple[Any, ...], Import] = {}
        for one in sorted(self.active, key=lambda one: one.rank):
            for said in one.said.get(table, ()):
                newest[_BLOCKS[table]({"source": one.source, **said})] = one
        for one in self.active:
            for said in one.said.get(table, ()):
                row = {"source": one.source, "import": one.number, **said}
                if newest[_BLOCKS[table](row)] is one:
                    yield Fact(row, one, dict.fromkeys(row, one.export.currency))

    def _dated_orders(self, orders: dict[tuple[Any, ...], Fact]) -> dict[tuple[Any, ...], Fact]:
        for fact in orders.values():
            row = fact.row
            day = row["placed_day"] if self.sources[fact.owner.source].basis == "placed" else row["paid_day"]
            row["sale_day"] = None if row["status"] == "void" else day
        return orders

    def _parts(self, folded: dict[str, dict[tuple[Any, ...], Fact]]) -> dict[tuple[Any, ...], list[tuple[str, tuple[Any, ...], Fact]]]:
        parts: dict[tuple[Any, ...], list[tuple[str, tuple[Any, ...], Fact]]] = defaultdict(list)
        for table in ("order_lines", "refunds"):
            for place, fact in folded[table].items():
                parts[fact.row["shop"], fact.row["order_no"]].append((table, place, fact))
        return parts

    def _foreign(self, table: str, fact: Fact) -> dict[str, str]:
        """Return the amounts in another currency: nothing is nothing in every currency."""
        return {
            name: currency for name in _AMOUNTS.get(table, ())
            if fact.row.get(name) and (currency := fact.currencies.get(name)) is not None and currency != self.reporting
        }  # fmt: skip

    def _converted(self, table: str, fact: Fact, rates: _Course, day: int) -> Row:
        row = dict(fact.row)
        for name, currency in self._foreign(table, fact).items():
            rate = rates.on(currency, day)
            assert rate is not None
            row[name] = _half_up(row[name] * rate, 10**9)
        return row

    def _settled(self, table: str, fact: Fact, rates: _Course, day: int, found: Reckoned) -> Row | None:
        unknown = sorted({currency for currency in self._foreign(table, fact).values() if rates.on(currency, day) is None})
        if not unknown:
            return self._converted(table, fact, rates, day)
        found.waiting[unknown[0], day] += 1
        return None

    def _alone(
        self, found: Reckoned, table: str, place: tuple[Any, ...], fact: Fact, rates: _Course, day: int, order: tuple[Any, ...] | None = None
    ) -> None:
        row = self._settled(table, fact, rates, day, found)
        if row is not None:
            found.facts[table][place] = row
        elif order is not None:
            unknown = next(currency for currency in sorted(self._foreign(table, fact).values()) if rates.on(currency, day) is None)
            found.waiting_orders[unknown, day].add(order)

    def _product(self, found: Reckoned, place: tuple[Any, ...], fact: Fact, rates: _Course) -> None:
        """A product is there whether or not it can be valued: only its amounts wait."""
        day = self._day_of(fact.owner)
        foreign = self._foreign("product", fact)
        unknown = {currency for currency in foreign.values() if rates.on(currency, day) is None}
        if not unknown:
            found.facts["product"][place] = self._converted("product", fact, rates, day)
            return
        found.facts["product"][place] = {**fact.row, **dict.fromkeys(foreign)}
        for currency in set(foreign.values()):
            found.waiting[currency, day] += 1

    def _day_of(self, one: Import) -> int:
        local = datetime.fromtimestamp(one.as_of, UTC).astimezone(ZoneInfo(self.sources[one.source].tz or "UTC"))
        return (local.date() - date(1970, 1, 1)).days

    def _first_orders(self, found: Reckoned) -> None:
        by_buyer: dict[tuple[str, str], list[tuple[Any, ...]]] = defaultdict(list)
        for (shop, number), order in found.facts["orders"].items():
            order["is_first"] = None
            if order["sale_day"] is not None and order.get("buyer"):
                by_buyer[shop, order["buyer"]].append((order["sale_day"], order["placed_ts"], number, shop))
        for sales in by_buyer.values():
            for place, (_, _, number, shop) in enumerate(sorted(sales)):
                found.facts["orders"][shop, number]["is_first"] = int(place == 0)

    def _unit_costs(self, rates: _Course) -> dict[str, list[tuple[int, int]]]:
        """Return each product's costs with the days they hold from; the first one holds also before."""
        stated: dict[str, dict[int, int]] = defaultdict(dict)
        for one in sorted(self.active, key=lambda one: (self._day_of(one), *one.rank)):
            day = self._day_of(one)
            for row in one.said.get("product", ()):
                cost = row["unit_cost"]
                if cost is not None and one.export.currency != self.reporting:
                    rate = rates.on(str(one.export.currency), day)
                    cost = None if rate is None else _half_up(cost * rate, 10**9)
                if cost is not None:
                    stated[row["sku"]][day] = cost
        courses: dict[str, list[tuple[int, int]]] = {}
        for sku, of in stated.items():
            course: list[tuple[int, int]] = []
            for day in sorted(of):
                if not course or course[-1][1] != of[day]:
                    course.append((day if course else _BEFORE_ALL, of[day]))
            courses[sku] = course
        return courses

    def _price_lines(self, found: Reckoned) -> None:
        for (shop, number, sku, _), line in found.facts["order_lines"].items():
            day = found.facts["orders"][shop, number]["sale_day"]
            held = [cost for since, cost in found.unit_costs.get(sku, ()) if day is not None and since <= day]
            line["product_cost"] = (line["qty"] * held[-1] + 5_000) // 10_000 if held else None

    def _replace_refunds(self, found: Reckoned) -> None:
        refunds = found.facts["refunds"].values()
        dated = {(one["shop"], one["order_no"]) for one in refunds if one["is_dated"]}
        for one in refunds:
            one["is_replaced"] = not one["is_dated"] and (one["shop"], one["order_no"]) in dated


class _Course:
    """What other currencies are worth in the reporting one, in 1/1 000 000 000."""

    def __init__(self, of: PlainWorkspace, stated: dict[tuple[Any, ...], Fact]) -> None:
        self._rates: dict[str, dict[int, int]] = defaultdict(dict)
        if of.reporting is None:
            return
        direct: dict[tuple[str, int], Fraction] = {}
        inverse: dict[tuple[str, int], Fraction] = {}
        for fact in sorted(stated.values(), key=lambda fact: (*fact.owner.rank, fact.row["quote"] or "")):
            base, quote, day = fact.row["currency"], fact.row["quote"] or of.reporting, fact.row["day"]
            rate = Fraction(Decimal(fact.row["rate"]))
            if base != quote and quote == of.reporting:
                direct[base, day] = rate
            elif base != quote and base == of.reporting:
                inverse[quote, day] = 1 / rate
        for (currency, day), rate in {**inverse, **direct}.items():
            self._rates[currency][day] = int(rate * 10**9 + Fraction(1, 2))
        for (currency, quote, day), typed in of.typed_rates.items():
            if quote == of.reporting:
                self._rates[currency][day] = typed

    def on(self, currency: str, day: int) -> int | None:
        known = self._rates.get(currency, {})
        return next((known[before] for before in range(day, day - _LASTS - 1, -1) if before in known), None)


def _half_up(number: int, scale: int) -> int:
    whole = (2 * abs(number) + scale) // (2 * scale)
    return whole if number >= 0 else -whole
