"""Small exports as platforms write them, and beside each what it says: told by hand, without any reader of ours.

An export is a few frozen rows.  ``written`` gives the file's bytes, ``said`` what these assert, as plain dictionaries by
table: moments in UTC seconds, days since 1970, money in minor units of the file's own currency.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

_UNIX = datetime(1970, 1, 1)
FIRST_DAY = (datetime(2026, 3, 26) - _UNIX).days  # Europe's clocks go forward on the fourth day
DAYS = 4

Row = dict[str, Any]
Said = dict[str, list[Row]]


@dataclass(frozen=True)
class Clock:
    """Where a source's days begin: its zone, and minutes after midnight."""

    tz: str
    begins: int = 0

    def day(self, moment: int) -> int:
        local = datetime.fromtimestamp(moment, UTC).astimezone(ZoneInfo(self.tz)).replace(tzinfo=None)
        return (local - timedelta(minutes=self.begins) - _UNIX).days

    def moment(self, wall: datetime) -> int:
        return int(wall.replace(tzinfo=ZoneInfo(self.tz)).timestamp())


@dataclass(frozen=True)
class When:
    """A moment as a file writes it: the day (0 is the first), hour and minute."""

    day: int
    hour: int
    minute: int = 0

    @property
    def wall(self) -> datetime:
        return _UNIX + timedelta(days=FIRST_DAY + self.day, hours=self.hour, minutes=self.minute)

    def moment(self, clock: Clock, stated: bool) -> int:
        """Return the moment: an hour ahead of UTC where the file states it, else by the source's clock."""
        if stated:
            return int((self.wall - _UNIX).total_seconds()) - 3600
        return clock.moment(self.wall)

    def text(self, stated: bool) -> str:
        return self.wall.strftime("%Y-%m-%d %H:%M:%S") + (" +0100" if stated else "")


@dataclass(frozen=True)
class Line:
    sku: str
    qty: int
    cents: int


@dataclass(frozen=True)
class Order:
    no: str
    buyer: str
    placed: When
    paid_after: int | None  # hours
    status: str
    lines: tuple[Line, ...]
    shipping: int = 0
    refunded: int = 0
    channel: str = "web"

    @property
    def paid(self) -> When | None:
        if self.paid_after is None:
            return None
        wall = self.placed.wall + timedelta(hours=self.paid_after)
        return When((wall - _UNIX).days - FIRST_DAY, wall.hour, wall.minute)


class Export:
    """What all exports have: the rows, and what a person answers about them."""

    source: ClassVar[str]
    currency: ClassVar[str | None] = None
    dropped: ClassVar[int] = 0
    rejected: ClassVar[int] = 0

    @property
    def written(self) -> bytes:
        raise NotImplementedError

    @property
    def read(self) -> int:
        raise NotImplementedError

    @property
    def answers(self) -> dict[str, str]:
        return {}

    def said(self, clock: Clock) -> Said:
        raise NotImplementedError


@dataclass(frozen=True)
class Orders(Export):
    """An orders export: a row a line, the order's own values on its first."""

    orders: tuple[Order, ...]
    source: str = "shopify"  # type: ignore[misc]
    currency: str = "EUR"  # type: ignore[misc]
    stated: bool = True
    with_buyers: bool = True
    with_channels: bool = True

    @property
    def written(self) -> bytes:
        header = ["Name", "Financial Status", "Paid at", "Currency", "Subtotal", "Shipping", "Taxes", "Total", "Discount Amount", "Created at",
                  "Lineitem quantity", "Lineitem name", "Lineitem price", "Lineitem sku", "Refunded Amount"]  # fmt: skip
        rows = []
        for order in self.orders:
            subtotal = sum(line.qty * line.cents for line in order.lines)
            paid = "" if order.paid is None else order.paid.text(self.stated)
            placed = order.placed.text(self.stated)
            for number, line in enumerate(order.lines):
                sold: list[Any] = [line.qty, f"The {line.sku}", _money(line.cents), line.sku]
                row = {"Email": order.buyer, "Source": order.channel}
                if number == 0:
                    own: list[Any] = [order.no, order.status, paid, self.currency, _money(subtotal), _money(order.shipping), "0.00",
                           _money(subtotal + order.shipping), "0.00", placed]  # fmt: skip
                    row |= dict(zip(header, [*own, *sold, _money(order.refunded)], strict=True))
                else:
                    row = dict(zip(header, [order.no, *[""] * 8, placed, *sold, ""], strict=True))
                rows.append(row)
        header += ["Email"] * self.with_buyers + ["Source"] * self.with_channels
        return _csv(header, ([row.get(name, "") for name in header] for row in rows))

    @property
    def read(self) -> int:
        return sum(len(order.lines) for order in self.orders)

    def said(self, clock: Clock) -> Said:
        orders: list[Row] = []
        lines: list[Row] = []
        refunds: list[Row] = []
        titles: list[Row] = []
        for order in self.orders:
            placed = order.placed.moment(clock, self.stated)
            paid = None if order.paid is None else order.paid.moment(clock, self.stated)
            days = {"placed_day": clock.day(placed), "paid_day": None if paid is None else clock.day(paid)}
            of_whom: Row = {"buyer": order.buyer} if self.with_buyers else {}
            of_whom |= {"channel": order.channel} if self.with_channels else {}
            status = {"voided": "void"}.get(order.status, order.status)
            orders.append({
                "shop": self.source, "order_no": order.no, **of_whom, "placed_ts": placed, "paid_ts": paid, **days, "status": status,
                "currency": self.currency, "shipping": order.shipping,
            })  # fmt: skip
            met: Counter[str] = Counter()
            for line in order.lines:
                met[line.sku] += 1
                place = {"shop": self.source, "order_no": order.no, "sku": line.sku, "occurrence": met[line.sku]}
                lines.append({**place, "qty": line.qty, "gross": line.qty * line.cents})
                titles.append({"sku": line.sku, "title": f"The {line.sku}"})
            if order.refunded:
                refunds.append({
                    "shop": self.source, "refund_no": f"{order.no} undated", "order_no": order.no, **of_whom,
                    "refund_day": days["placed_day"] if paid is None else days["paid_day"], "is_dated": 0, "goods": order.refunded,
                    "status": "done",
                })  # fmt: skip
        return {"orders": orders, "order_lines": lines, "refunds": refunds, "product_title": titles}

    def with_clock(self, said: Said, clock: Clock) -> Said:
        """Return ``said`` with another clock: of orders moments are kept, of refunds only days."""
        return {**said, "orders": self.said(clock)["orders"]}


@dataclass(frozen=True)
class Movement:
    kind: str  # charge, refund
    order: str
    moved: When
    cents: int
    fee: int = 0


@dataclass(frozen=True)
class Payments(Export):
    """Movements of money: refunds with their own days, and fees."""

    movements: tuple[Movement, ...]
    source: str = "shopify"  # type: ignore[misc]
    currency: str = "EUR"  # type: ignore[misc]

    @property
    def written(self) -> bytes:
        header = ["Transaction Date", "Type", "Order", "Payout Status", "Payout Date", "Amount", "Fee", "Net", "Currency", "Checkout"]
        rows = []
        for one in self.movements:
            amount = one.cents if one.kind == "charge" else -one.cents
            net = _money(amount - one.fee)
            rows.append([one.moved.text(True), one.kind, one.order, "paid", "2026-04-02", _money(amount), _money(one.fee), net, self.currency, "#7"])
        return _csv(header, rows)

    @property
    def read(self) -> int:
        return len(self.movements)

    def said(self, clock: Clock) -> Said:
        refunds: list[Row] = []
        fees: list[Row] = []
        met: Counter[tuple[Any, ...]] = Counter()
        alike: Counter[tuple[Any, ...]] = Counter()
        for one in self.movements:
            moment = one.moved.moment(clock, True)
            day = clock.day(moment)
            met[moment, one.kind, one.order] += 1
            if one.kind == "refund":
                alike[one.order, day, one.cents] += 1
                refunds.append({
                    "shop": self.source, "order_no": one.order, "refund_day": day, "goods": one.cents,
                    "occurrence": alike[one.order, day, one.cents], "is_dated": 1, "status": "done", "closed_ts": moment,
                })  # fmt: skip
            if one.fee:
                number = f"{one.kind} {one.order} #7 {moment} {met[moment, one.kind, one.order]} fee"
                fees.append({"expense_no": number, "day": day, "amount": one.fee})
        return {"refunds": refunds, "expenses": fees}


@dataclass(frozen=True)
class Product:
    sku: str
    name: str
    cost: str | None  # as it is written, in units of the currency
    price: int | None = None


@dataclass(frozen=True)
class Products(Export):
    """Our own table of products; a SKU that stands twice is the later row."""

    products: tuple[Product, ...]
    with_prices: bool = True
    source: ClassVar[str] = "own"
    currency: ClassVar[str | None] = "EUR"

    @property
    def written(self) -> bytes:
        header = ["SKU", "Product name", "Unit cost", *["List price"] * self.with_prices]
        note = ["# needed", "", "", ""][: len(header)]
        rows = [[one.sku, one.name, one.cost or "", "" if one.price is None else _money(one.price)][: len(header)] for one in self.products]
        return _csv(header, [note, *rows])

    @property
    def read(self) -> int:
        return 1 + len(self.products)

    dropped: ClassVar[int] = 1

    @property
    def answers(self) -> dict[str, str]:
        return {"currency": "EUR"}

    def said(self, clock: Clock) -> Said:
        rows: dict[str, Row] = {}
        for one in self.products:
            cost = None if one.cost is None else int(Decimal(one.cost) * 1_000_000)
            rows[one.sku] = {"sku": one.sku, "name": one.name, "unit_cost": cost, **({"list_price": one.price} if self.with_prices else {})}
        return {"product": [*rows.values()]}


@dataclass(frozen=True)
class Count:
    day: int
    location: str
    sku: str
    on_hand: int
    value: int | None = None


@dataclass(frozen=True)
class Stock(Export):
    """Our own table of stock counts: a day and place is one block."""

    counts: tuple[Count, ...]
    source: ClassVar[str] = "own"
    currency: ClassVar[str | None] = "EUR"

    @property
    def written(self) -> bytes:
        rows = [[_day(one.day), one.location, one.sku, one.on_hand, "" if one.value is None else _money(one.value)] for one in self.counts]
        return _csv(["Day", "Location", "SKU", "On hand", "Stock value"], rows)

    @property
    def read(self) -> int:
        return len(self.counts)

    @property
    def answers(self) -> dict[str, str]:
        return {"currency": "EUR"}

    def said(self, clock: Clock) -> Said:
        return {"inventory_snapshots": [
            {"day": FIRST_DAY + one.day, "location": one.location, "sku": one.sku, "on_hand": one.on_hand, "value": one.value}
            for one in self.counts
        ]}  # fmt: skip


@dataclass(frozen=True)
class Spend:
    day: int | None  # None: a day that cannot be read, so that the row is rejected
    campaign: str
    cents: int
    clicks: int = 1


@dataclass(frozen=True)
class Ads(Export):
    """An ads report with a line of totals; a campaign's day is one block."""

    spends: tuple[Spend, ...]
    currency: str = "EUR"  # type: ignore[misc]
    source: ClassVar[str] = "google_ads"
    dropped: ClassVar[int] = 1

    @property
    def written(self) -> bytes:
        rows: list[list[Any]] = [
            ["2026-03-32" if one.day is None else _day(one.day), one.campaign, self.currency, 100, one.clicks, _money(one.cents)]
            for one in self.spends
        ]
        kept = [one for one in self.spends if one.day is not None]
        total = ["Total: Account", "", self.currency, 100 * len(kept), sum(one.clicks for one in kept), _money(sum(one.cents for one in kept))]
        return _csv(["Day", "Campaign", "Currency code", "Impr.", "Clicks", "Cost"], [*rows, total])

    @property
    def read(self) -> int:
        return len(self.spends) + 1

    @property
    def rejected(self) -> int:  # type: ignore[override]
        return sum(one.day is None for one in self.spends)

    @property
    def answers(self) -> dict[str, str]:
        return {"reject_limit": "100%"}

    def said(self, clock: Clock) -> Said:
        return {"ad_performance": [
            {"campaign": one.campaign, "day": FIRST_DAY + one.day, "impressions": 100, "clicks": one.clicks, "cost": one.cents}
            for one in self.spends if one.day is not None
        ]}  # fmt: skip


@dataclass(frozen=True)
class Traffic(Export):
    """Visitors by day: each day is one block."""

    days: tuple[tuple[int, int, int], ...]  # day, visitors, visits
    source: ClassVar[str] = "plausible"

    @property
    def written(self) -> bytes:
        header = ["date", "visitors", "pageviews", "visits", "views_per_visit", "bounce_rate", "visit_duration"]
        return _csv(header, ([_day(day), visitors, 2 * visits, visits, 2.0, "", ""] for day, visitors, visits in self.days))

    @property
    def read(self) -> int:
        return len(self.days)

    def said(self, clock: Clock) -> Said:
        return {"site_traffic": [
            {"day": FIRST_DAY + day, "visitors": visitors, "sessions": visits, "pageviews": 2 * visits} for day, visitors, visits in self.days
        ]}  # fmt: skip


@dataclass(frozen=True)
class Rates(Export):
    """Our own table of exchange rates: what a dollar is in euros, or in whatever the workspace reports in."""

    rates: tuple[tuple[int, str, bool], ...]  # day, rate as written, whether it says in which currency
    source: ClassVar[str] = "own"

    @property
    def written(self) -> bytes:
        rows = ([_day(day), "USD", rate, "EUR" if says else ""] for day, rate, says in self.rates)
        return _csv(["Day", "Currency", "Exchange rate", "In currency"], rows)

    @property
    def read(self) -> int:
        return len(self.rates)

    def said(self, clock: Clock) -> Said:
        rows = {(day, says): rate for day, rate, says in self.rates}
        return {"exchange_rates": [
            {"day": FIRST_DAY + day, "currency": "USD", "quote": "EUR" if says else None, "rate": rate} for (day, says), rate in rows.items()
        ]}  # fmt: skip


@dataclass(frozen=True)
class Events(Export):
    """Our own table of events."""

    events: tuple[tuple[str, int, int], ...]  # name, first day, how many more
    source: ClassVar[str] = "own"

    @property
    def written(self) -> bytes:
        rows = ([name, "Sale", _day(first), _day(first + more)] for name, first, more in self.events)
        return _csv(["Event", "Kind of event", "From", "To"], rows)

    @property
    def read(self) -> int:
        return len(self.events)

    def said(self, clock: Clock) -> Said:
        rows = {(name, first): more for name, first, more in self.events}
        return {"events": [
            {"name": name, "first_day": FIRST_DAY + first, "last_day": FIRST_DAY + first + more} for (name, first), more in rows.items()
        ]}  # fmt: skip


@dataclass(frozen=True)
class Refused(Export):
    """What no import may come of."""

    text: str = field(default="hello\nworld\n")
    source: ClassVar[str] = "own"

    @property
    def written(self) -> bytes:
        return self.text.encode()

    @property
    def read(self) -> int:
        return 0

    def said(self, clock: Clock) -> Said:
        return {}


def corrected(export: Export, by: int) -> Export:
    """Return a later export of the same: other amounts, orders paid and given back meanwhile."""
    match export:
        case Orders():
            return replace(export, orders=tuple(
                replace(one, status="paid", paid_after=1, refunded=by if place % 2 else one.refunded,
                        lines=tuple(replace(line, cents=line.cents + by) for line in one.lines))
                for place, one in enumerate(export.orders)
            ))  # fmt: skip
        case Products():
            return replace(export, products=tuple(replace(one, cost=f"{by}.25") for one in export.products))
        case Stock():
            return replace(export, counts=tuple(replace(one, on_hand=one.on_hand + by) for one in export.counts))
        case Ads():
            return replace(export, spends=tuple(replace(one, cents=one.cents + by) for one in [one for one in export.spends if one.day is not None][:1]))
        case Traffic():
            return replace(export, days=tuple((day, visitors + by, visits + by) for day, visitors, visits in export.days))
        case Rates():
            return replace(export, rates=tuple((day, f"0.{by}5", says) for day, _, says in export.rates))
        case Events():
            return replace(export, events=tuple((name, first, by % 3) for name, first, _ in export.events))
        case Payments():
            return replace(export, movements=tuple(replace(one, fee=one.fee + by) for one in export.movements))
        case _:
            return export


def _money(cents: int) -> str:
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02d}"


def _day(day: int) -> str:
    return (_UNIX + timedelta(days=FIRST_DAY + day)).strftime("%Y-%m-%d")


def _csv(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return written.getvalue().encode()
