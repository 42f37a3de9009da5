"""What each product sold and whether it could be bought, day by day: what all methods of stock are made of."""

# SQL is put together from our own views and measures; words from outside are always parameters.
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from ecoperf_desktop.metrics.asked import Sources
from ecoperf_desktop.metrics.scope import Cut, Key, Scope
from ecoperf_desktop.model.days import Day, Period
from ecoperf_desktop.store import sums
from ecoperf_desktop.store.kept import PRODUCT_MEASURES, product_measures
from ecoperf_desktop.store.views import VIEWS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ecoperf_desktop.model.columns import Bool, Int64
    from ecoperf_desktop.store.products import Block

# A count holds until the next one, at most for a week with its day: shops count weekly or daily.
HELD_DAYS = 6
# Products without one hold this in place of a day, a category or a supplier.
NOTHING = 0
# Days by products that are laid out at once: three tables of so many numbers are held.
_MOST_LAID = 4_000_000


class Attributes(NamedTuple):
    """What is known of products, by product id; ``NOTHING`` where it is not."""

    category: Int64
    supplier: Int64
    launched: Int64
    service: NDArray[Any]


class Groups(NamedTuple):
    """Products put together by the cuts of a scope: ``taken`` are the places of those that pass the filters, ``of``
    the place of each one's cut in ``cuts``."""

    taken: Int64
    of: Int64
    cuts: list[Cut]


class ProductDays:
    """Daily sales and stock-outs of products, from what is kept of them, else from the facts; each day is read once."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._conn = sources.conn
        self._read: dict[str, dict[Day, Block]] = {"line": {}, "stock_sku": {}}
        self._asked: dict[str, set[Day]] = {"line": set(), "stock_sku": set()}
        self._attributes: Attributes | None = None
        self._covered: dict[Period, Bool] = {}
        self._columns: dict[tuple[str, str], list[tuple[Period, Int64, Int64, Int64]]] = {}
        self._wanted: set[Period] = set()

    def want(self, period: Period) -> None:
        """Note days of which counts and units will be asked: periods that hang together are put together once."""
        self._wanted.add(period)

    def attributes(self) -> Attributes:
        """Return what the product table says."""
        if self._attributes is None:
            import numpy as np

            rows = self._conn.execute(
                "SELECT product_id, category_id, supplier_id, launched_day, service_level FROM product"
            ).fetchall()
            size = max((row[0] for row in rows), default=0) + 1
            category, supplier, launched = (np.zeros(size, np.int64) for _ in range(3))
            service = np.zeros(size)
            if rows:
                ids, *columns = zip(*rows, strict=True)
                places = np.array(ids, np.int64)
                for array, column in zip((category, supplier, launched), columns[:3], strict=True):
                    array[places] = [value or NOTHING for value in column]
                service[places] = [value if value is not None and 0 < value < 1 else 0.0 for value in columns[3]]
            self._attributes = Attributes(category, supplier, launched, service)
        return self._attributes

    def grouped(self, scope: Scope, products: Int64) -> Groups:
        """Put products together by the scope's cuts, those out that its filters leave out."""
        import numpy as np

        keys = {name: self._keys(name, products) for name in scope.dimensions}
        taken = np.arange(len(products))
        for name, allowed in scope.where:
            wanted = np.array([NOTHING if key is None else key for key in allowed if not isinstance(key, str)], np.int64)
            taken = taken[np.isin(keys[name][taken], wanted)]
        if not scope.per:
            return Groups(taken, np.zeros(len(taken), np.int64), [()] if len(taken) else [])
        code = np.zeros(len(taken), np.int64)
        for name in scope.per:
            code = code * (int(keys[name].max(initial=0)) + 1) + keys[name][taken]
        present, of = sums.ranked(code)
        at = np.empty(len(present), np.int64)
        at[of] = np.arange(len(code))
        named: list[list[Key]] = [[key or None for key in keys[name][taken][at].tolist()] for name in scope.per]
        return Groups(taken, of, list(zip(*named, strict=True)))

    def _keys(self, dimension: str, products: Int64) -> Int64:
        if dimension == "product":
            return products
        attributes = self.attributes()
        of: Int64 = attributes.category if dimension == "category" else attributes.supplier
        return of[products]

    def covered(self, period: Period) -> Bool:
        """Return for each day of the period whether any file tells its sales."""
        found = self._covered.get(period)
        if found is None:
            import numpy as np

            found = np.zeros(period.days, np.bool_)
            for first, last in self._sources.coverage.ranges("sales"):
                found[max(first - period.first, 0) : max(last - period.first + 1, 0)] = True
            self._covered[period] = found
        return found

    def sold(self, period: Period, *measures: str) -> tuple[Int64, ...]:
        """Return the days (from 0), the products and the amounts of ``measures`` of what was sold; gifts are not in them.

        A product may have several rows a day, and a row of no known product is left out.
        """
        day, product, first = self._column("line", measures[0], period)
        return (day, product, first, *(self._column("line", measure, period)[2] for measure in measures[1:]))

    def counted(self, period: Period) -> tuple[Int64, Int64, Bool]:
        """Return the days (from 0) and the listed products that were counted, and whether nothing was available."""
        day, product, out = self._column("stock_sku", "days_out", period)
        return day, product, out > 0

    def out(self, period: Period, products: Int64) -> Bool:
        """Return, by day of the period and product, whether the product is known to have been out of stock.

        A count holds until the next one, at most for ``HELD_DAYS`` days more.
        """
        import numpy as np

        longer = Period(period.first - HELD_DAYS, period.last)
        day, product, is_out = self.counted(longer)
        place = self.places(products)
        at = place[np.minimum(product, len(place) - 1)]
        # Few products ever are out: of the others nothing has to be carried along.
        is_ever_out = np.zeros(len(products) + 1, np.bool_)
        is_ever_out[at[is_out]] = True
        is_ever_out[-1] = False
        columns = np.flatnonzero(is_ever_out)
        held: Bool = np.zeros((period.days, len(products)), np.bool_)
        if not len(columns):
            return held
        place[products] = np.where(is_ever_out[:-1], np.cumsum(is_ever_out[:-1]) - 1, -1)
        at = place[np.minimum(product, len(place) - 1)]
        known = np.flatnonzero(at >= 0)
        # Day and state of the last count so far, in one number: the later day is the larger one.
        last = np.full((longer.days, len(columns)), -1, np.int32)
        last[day[known], at[known]] = 2 * day[known] + is_out[known]
        np.maximum.accumulate(last, 0, out=last)
        last = last[HELD_DAYS:]
        oldest = 2 * np.arange(period.days, dtype=np.int32)[:, None]
        held[:, columns] = ((last & 1) == 1) & (last >= oldest)
        return held

    def counting(self, period: Period, products: Int64) -> Bool:
        """Return, by day of the period and product, whether what was sold says what was wanted.

        Not on days of which no file tells the sales, before the launch, and when it is known to have been out of stock.
        """
        import numpy as np

        counts = ~self.out(period, products)
        covered = self.covered(period)
        if not covered.all():
            counts &= covered[:, None]
        launched = self.attributes().launched[products]
        if launched.max(initial=0) > period.first:
            counts &= np.arange(period.first, period.last + 1)[:, None] >= launched
        return counts

    def places(self, products: Int64) -> Int64:
        """Return the place of each product id among ``products``, -1 for another."""
        import numpy as np

        highest = max(len(self.attributes().category), int(products.max(initial=0)) + 1)
        found = np.full(highest + 1, -1, np.int64)
        found[products] = np.arange(len(products))
        return found

    def daily(self, period: Period, products: Int64, *measures: str) -> list[Int64]:
        """Return the amounts of ``measures`` as tables of the period's days by ``products``."""
        import numpy as np

        day, product, *amounts = self.sold(period, *measures)
        place = self.places(products)
        at = place[np.minimum(product, len(place) - 1)]
        code = day * len(products) + at
        known = at >= 0
        if not known.all():
            code, amounts = code[known], [amount[known] for amount in amounts]
        shape = (period.days, len(products))
        # Sums of whole numbers: exact in floats up to 2**53.
        return [np.bincount(code, amount, shape[0] * shape[1]).reshape(shape).astype(np.int64) for amount in amounts]

    # ---- reading

    def _column(self, view: str, measure: str, period: Period) -> tuple[Int64, Int64, Int64]:
        """Return days (from the period's first), products and amounts; a stretch of what was put together for longer periods."""
        import numpy as np

        known = self._columns.setdefault((view, measure), [])
        found = next((one for one in known if one[0].first <= period.first and period.last <= one[0].last), None)
        if found is None:
            whole = around(period, self._wanted) if measure in ("units", "days_out") else period
            found = (whole, *self._joined(view, measure, whole))
            known.append(found)
        span, day, *columns = found
        if span == period:
            return day, columns[0], columns[1]
        first = period.first - span.first
        start, end = np.searchsorted(day, (first, first + period.days))
        return day[start:end] - first, columns[0][start:end], columns[1][start:end]

    def _joined(self, view: str, measure: str, period: Period) -> tuple[Int64, Int64, Int64]:
        import numpy as np

        from ecoperf_desktop.store import products

        self._want(view, period)
        held = self._read[view]
        days = [day for day in range(period.first, period.last + 1) if day in held]
        blocks = [held[day] for day in days]
        names = [one.name for one in product_measures(view, sums.by_view()[view])]
        day = np.repeat(np.array(days, np.int64) - period.first, [block.rows for block in blocks])
        product, amount = (products.column_of(blocks, place) for place in (products.PRODUCT, products.SUMS + names.index(measure)))
        known = product > 0
        return (day, product, amount) if known.all() else (day[known], product[known], amount[known])

    def _want(self, view: str, period: Period) -> None:
        missing = [day for day in range(period.first, period.last + 1) if day not in self._asked[view]]
        if not missing:
            return
        self._asked[view].update(missing)
        # Days that were read already lie between at most once more: periods move along.
        first, last = missing[0], missing[-1]
        read = self._from_kept if self._sources.loads.are_current and view in PRODUCT_MEASURES else self._from_facts
        self._read[view].update(read(view, first, last))

    def _from_kept(self, view: str, first: Day, last: Day) -> Iterator[tuple[Day, Block]]:
        from ecoperf_desktop.store import products

        return products.read(self._conn, view, "day", range(first, last + 1))

    def _from_facts(self, view: str, first: Day, last: Day) -> Iterator[tuple[Day, Block]]:
        import numpy as np

        from ecoperf_desktop.store import products

        wanted = product_measures(view, sums.by_view()[view])
        amounts = ", ".join(f"COALESCE({sums.summed(measure)}, 0)" for measure in wanted)
        rows = self._conn.execute(
            f"SELECT day, COALESCE(product_id, 0), -1, -1, {amounts}, COUNT(*) FROM ({VIEWS[view].sql}) "
            "WHERE day BETWEEN ? AND ? GROUP BY 1, 2 ORDER BY 1, 2",
            (first, last),
        ).fetchall()
        for day, found in groupby(rows, itemgetter(0)):
            columns = list(np.array([row[1:] for row in found], np.int64).T)
            bounds = [(int(column.min()), int(column.max())) for column in columns]
            yield day, products.Block(products.packed(columns, bounds))


class InStock:
    """Units sold and days of the days on which products could be bought, over many periods that overlap.

    A page asks for the weeks of half a year, each with the two months before it: the days are laid out once and added
    up from the beginning, so that a period is the difference of two rows.
    """

    def __init__(self, sources: Sources) -> None:
        self._days = sources.shared(ProductDays)
        self._wanted: set[Period] = set()
        self._laid: list[tuple[Period, Int64, Int64, Int64]] = []

    def want(self, period: Period) -> None:
        """Note a period that will be asked."""
        self._wanted.add(period)
        self._days.want(Period(period.first - HELD_DAYS, period.last))

    def of(self, period: Period, products: Int64) -> tuple[Int64, Int64]:
        """Return units and days of ``products``, all of which were counted within ``period``."""
        found = next((laid for laid in self._laid if laid[0].first <= period.first and period.last <= laid[0].last), None)
        if found is None:
            whole = around(period, self._wanted)
            found = self._lay(whole if whole.days * len(products) <= _MOST_LAID else period, products)
        span, places, units, days = found
        at = places[products]
        first, last = period.first - span.first, period.last - span.first + 1
        return units[last, at] - units[first, at], days[last, at] - days[first, at]

    def _lay(self, span: Period, asked: Int64) -> tuple[Period, Int64, Int64, Int64]:
        import numpy as np

        days = self._days
        products = sums.ranked(np.concatenate((days.counted(span)[1], asked)))[0]
        counts = days.counting(span, products)
        units = days.daily(span, products, "units")[0]
        units *= counts
        added = [np.zeros((span.days + 1, len(products)), np.int64) for _ in range(2)]
        np.cumsum(units, 0, out=added[0][1:])
        np.cumsum(counts, 0, out=added[1][1:])
        laid = (span, days.places(products), added[0], added[1])
        self._laid.append(laid)
        return laid


def around(period: Period, wanted: Iterable[Period]) -> Period:
    """Return the days of all ``wanted`` periods that hang together with ``period``."""
    first, last = None, period.last
    for other in sorted((period, *wanted)):
        if first is None or other.first > last + 1:
            if first is not None and last >= period.last:
                break
            first, last = other
        else:
            last = max(last, other.last)
    assert first is not None
    return Period(first, last)
