"""Reading what adds up: daily amounts by cut, from the daily sums where they can answer, else from the facts."""

# SQL is put together from our own views, measures and row ids; words from outside are always parameters.
# ruff: noqa: S608

from __future__ import annotations

import math
import sqlite3
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias

from ecoperf_desktop.metrics.scope import Cut, Key, Scope, conditions
from ecoperf_desktop.model.days import Day, Period
from ecoperf_desktop.model.metric import Distinct, Measure
from ecoperf_desktop.store import sums
from ecoperf_desktop.store.kept import PRODUCT_MEASURES, UNKNOWN, month_of, product_measures
from ecoperf_desktop.store.views import VIEWS, View

if TYPE_CHECKING:
    from ecoperf_desktop.store.products import Block, Span

Amount: TypeAlias = "int | float | None"

# Days between two stretches that are read as one, because another query costs more.
_GAP = 14
# So many periods of a cut are summed by the database, each in a reading of its own.
_FEW_PERIODS = 4


class Amounts(NamedTuple):
    """A measure over a period, by cut; a cut that is not here has no rows.

    None is a quantity that no row states.  ``is_cut``: rows that stand for a span
    across the period's edge had to be left out.
    """

    by_cut: Mapping[Cut, Amount]
    is_cut: bool = False


class Loads:
    """Reads measures, the days and columns of one view that are asked for together at once."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self._conn = conn
        self._loaded: dict[tuple[str, Scope], Loaded] = {}
        self._by_day: dict[tuple[str, Scope], _ByDay] = {}
        self._by_product: dict[tuple[str, Scope], ProductAmounts] = {}
        self._products: dict[tuple[str, Scope], _Products] = {}
        self._attributes = _Attributes(conn)
        self._longest: dict[str, int] = {}
        self._are_current: bool | None = None
        self._sold: dict[Block, frozenset[int]] = {}

    def loaded(self, measure: Measure, scope: Scope) -> Loaded:
        """Return the measure in the scope; say to it what will be asked, so that each view is read once."""
        key = (measure.id, scope)
        found = self._loaded.get(key)
        if found is None:
            if self._answers_by_product(measure, scope):
                of = (measure.view, scope)
                if of not in self._by_product:
                    products = self._products_of(VIEWS[measure.view], scope)
                    self._by_product[of] = ProductAmounts(products, scope, self._attributes)
                found = _LoadedByProduct(measure, self._by_product[of])
            else:
                found = _LoadedByDay(measure, self._table(measure, scope))
            self._loaded[key] = found
        return found

    def amounts(self, measure: Measure, scope: Scope, period: Period) -> Amounts:
        """Return the measure over ``period`` by cut."""
        return self.loaded(measure, scope).amounts(period)

    def by_day(self, measure: Measure, scope: Scope, period: Period) -> dict[Day, dict[Cut, Amount]]:
        """Return the measure by day and cut, of the days of ``period`` that have rows."""
        return self.loaded(measure, scope).by_day(period)

    def reports(self, measure: Measure, scope: Scope, period: Period) -> set[Report] | None:
        """Return which reports of which days answer for the measure; None where every row does."""
        table = self._table(measure, scope)
        return table.reports(measure, period) if isinstance(table, _BySpan) else None

    def sold(self, period: Period) -> set[int]:
        """Return the products of which there are lines sold."""
        measure = next(one for one in sums.by_view()["line"] if one.name == "units")
        loaded = self.loaded(measure, Scope(per=("product",)))
        cuts = loaded.cuts(period) if isinstance(loaded, _LoadedByProduct) else loaded.amounts(period).by_cut
        return {cut[0] for cut in cuts if isinstance(cut[0], int)}

    def sold_of(self, products: Set[int], period: Period) -> Set[int]:
        """Return which of ``products`` there are lines sold of; less is read than for all of them."""
        if not products:
            return products
        if not self.are_current:
            return products & self.sold(period)
        # A month within the period settles it; one across its edge only when the product is not in it.
        unsold = set(products)
        kept = self._products_of(VIEWS["line"], Scope())
        edges = []
        for first, month in kept.months(period.first, period.last).items():
            if first >= period.first and month_of(first + 31) - 1 <= period.last:
                unsold -= self._products_in(month)
            else:
                edges.append((first, month))
        for first, month in edges:
            if not unsold.isdisjoint(self._products_in(month)):
                for day in kept.days(max(first, period.first), min(month_of(first + 31) - 1, period.last)):
                    unsold -= self._products_in(day)
        return products - unsold

    def _products_in(self, block: Block) -> frozenset[int]:
        """Return the products a block has rows of: stock is asked about month by month, and each asks for the same."""
        from ecoperf_desktop.store.products import PRODUCT

        found = self._sold.get(block)
        if found is None:
            column = block.column(PRODUCT)
            found = self._sold[block] = frozenset((column,) if isinstance(column, int) else column.tolist())
        return found

    def products(self, asked: Distinct, scope: Scope, period: Period) -> dict[Cut, int] | None:
        """Return how many products the rows hold, by cut, where what is kept of products can tell; None where not."""
        if asked.of != "product_id" or asked.where is not None or asked.at_least > 1 or "product" in scope.per:
            return None

        if asked.view not in PRODUCT_MEASURES:
            return None
        measure = product_measures(asked.view, sums.by_view()[asked.view])[0]
        by_product = Scope(scope.where, (*scope.per, "product"))
        if not self._answers_by_product(measure, by_product):
            return None
        counts: dict[Cut, int] = {}
        for cut in self.amounts(measure, by_product, period).by_cut:
            if cut[-1] is not None:
                counts[cut[:-1]] = counts.get(cut[:-1], 0) + 1
        return counts

    def product_column(self, measure: Measure, scope: Scope, period: Period) -> tuple[Any, Any] | None:
        """Return products (0 for none) and the measure's sum of each as arrays: ``scope`` is cut by products alone.

        None where what is kept of products does not tell: of other filters, and where some rows leave it open.
        """
        if scope.per != ("product",) or not self._answers_by_product(measure, scope):
            return None
        loaded = self.loaded(measure, scope)
        return loaded.column(period) if isinstance(loaded, _LoadedByProduct) else None

    @property
    def are_current(self) -> bool:
        if self._are_current is None:
            self._are_current = sums.are_current(self._conn)
        return self._are_current

    def _table(self, measure: Measure, scope: Scope) -> _ByDay:
        key = (measure.view, scope)
        found = self._by_day.get(key)
        if found is None:
            view = VIEWS[measure.view]
            summed_by = self._summed_by(view, scope)
            if view.spans:
                found = _BySpan(self._conn, view, scope, summed_by, self._longest)
            else:
                found = _ByDay(self._conn, view, scope, summed_by)
            self._by_day[key] = found
        return found

    def _products_of(self, view: View, scope: Scope) -> _Products:
        """Return the products' sums in the shops and channels of the scope, shared by all that ask for these."""
        within = Scope(tuple((name, keys) for name, keys in scope.where if name not in PRODUCT_DIMENSIONS))
        found = self._products.get((view.name, within))
        if found is None:
            found = self._products[view.name, within] = _Products(self._conn, view, within)
        return found

    def _summed_by(self, view: View, scope: Scope) -> tuple[str, ...] | None:
        """Return the breakdown of the daily sums that can answer, None when only the facts can."""
        if not view.kept or not self.are_current:
            return None
        asked = {view.dims[name] for name in scope.dimensions}
        return min((by for by in sums.breakdowns(view) if asked <= set(by)), default=None, key=len)

    def _answers_by_product(self, measure: Measure, scope: Scope) -> bool:
        asked = set(scope.dimensions)
        if not asked & PRODUCT_DIMENSIONS.keys() or not asked <= {*PRODUCT_DIMENSIONS, "shop", "channel"}:
            return False

        return measure.name in PRODUCT_MEASURES.get(measure.view, ()) and self.are_current


class Loaded(Protocol):
    """One measure in one scope."""

    def want(self, period: Period) -> None:
        """Note that ``period`` will be asked for."""

    def amounts(self, period: Period) -> Amounts:
        """Return the measure over ``period`` by cut."""

    def by_day(self, period: Period) -> dict[Day, dict[Cut, Amount]]:
        """Return the measure by day and cut, of the days of ``period`` that have rows."""

    def latest(self, period: Period) -> tuple[Day, dict[Cut, Amount]] | None:
        """Return the newest day of ``period`` that has rows and the measure on it, None without any.

        Of a cut only this day is read, so that ``want`` is better left out.
        """


class _LoadedByDay:
    def __init__(self, measure: Measure, table: _ByDay) -> None:
        self._measure = measure
        self._table = table
        # Half the rates of a page have the same numbers above or below.
        self._known: dict[Period, Amounts] = {}

    def want(self, period: Period) -> None:
        self._table.want(self._measure, period)

    def amounts(self, period: Period) -> Amounts:
        found = self._known.get(period)
        if found is None:
            found = self._known[period] = self._table.amounts(self._measure, period)
        return found

    def by_day(self, period: Period) -> dict[Day, dict[Cut, Amount]]:
        return self._table.days_of(self._measure, period)

    def latest(self, period: Period) -> tuple[Day, dict[Cut, Amount]] | None:
        return self._table.latest(self._measure, period)


class _LoadedByProduct:
    def __init__(self, measure: Measure, products: ProductAmounts) -> None:
        self._measure = measure
        self._products = products

    def want(self, period: Period) -> None:
        """Periods are read one by one."""

    def amounts(self, period: Period) -> Amounts:
        return Amounts(self._products.amounts(self._measure, period))

    def cuts(self, period: Period) -> list[Cut]:
        """Return the cuts that have rows, without adding anything up."""
        return self._products.cuts(period)

    def column(self, period: Period) -> tuple[Any, Any] | None:
        return self._products.column(self._measure, period)

    def by_day(self, period: Period) -> dict[Day, dict[Cut, Amount]]:
        return {
            day: amounts
            for day in range(period.first, period.last + 1)
            if (amounts := self._products.amounts(self._measure, Period(day, day)))
        }

    def latest(self, period: Period) -> tuple[Day, dict[Cut, Amount]] | None:
        return max(self.by_day(period).items(), default=None, key=itemgetter(0))


# The columns of ``product`` that answer for a dimension.
PRODUCT_DIMENSIONS = {"product": "product_id", "category": "category_id", "supplier": "supplier_id"}


class _Column:
    """Amounts of one measure on ordered days: any stretch of them in one step."""

    def __init__(self, values: Sequence[Amount]) -> None:
        self._values = values
        known = [0 if value is None else value for value in values]
        # Differences of running totals are exact for whole numbers only.
        self._is_whole = set(map(type, known)) <= {int}
        self._totals = [0, *accumulate(known)] if self._is_whole else []
        self._unknown = [0, *accumulate(value is None for value in values)] if None in values else None

    def sum(self, start: int, end: int) -> Amount:
        if self._unknown is not None and self._unknown[end] - self._unknown[start] == end - start:
            return None
        if self._is_whole:
            return self._totals[end] - self._totals[start]
        return math.fsum(value for value in self._values[start:end] if value is not None)


@dataclass
class _Rows:
    """The rows of one cut in the order of their days, and their columns as they are asked for."""

    days: Sequence[Day]
    values: Sequence[Sequence[Amount]]
    columns: dict[int, _Column] = field(default_factory=dict)
    _places: dict[Period, tuple[int, int]] = field(default_factory=dict)

    def places(self, period: Period) -> tuple[int, int]:
        """Return where the period's rows begin and end."""
        found = self._places.get(period)
        if found is None:
            found = bisect_left(self.days, period.first), bisect_right(self.days, period.last)
            self._places[period] = found
        return found

    def column(self, place: int) -> _Column:
        found = self.columns.get(place)
        if found is None:
            found = self.columns[place] = _Column(self.values[place])
        return found


class _ByDay:
    """The daily amounts of one view in one scope."""

    def __init__(self, conn: sqlite3.Connection, view: View, scope: Scope, summed_by: tuple[str, ...] | None) -> None:
        self._conn = conn
        self._view = view
        self._scope = scope
        self._from_sums = summed_by is not None
        self._apart = set() if summed_by is None else set(sums.key_columns(view, summed_by))
        self._source = f"({view.sql})" if summed_by is None else sums.table(view, summed_by)
        self._measures: dict[str, Measure] = {}
        self._wanted: set[Period] = set()
        self._loaded: tuple[tuple[Day, Day], ...] | None = None
        self._place: dict[str, int] = {}
        self._cuts: dict[Cut, _Rows] = {}
        self._asks_days = False
        self._is_by_period = False

    def want(self, measure: Measure, period: Period) -> None:
        if measure.name not in self._measures:
            self._measures[measure.name] = measure
            self._loaded = None
        if period not in self._wanted:
            self._wanted.add(period)
            is_read = self._loaded is not None and any(a <= period.first and period.last <= b for a, b in self._loaded)
            if self._is_by_period or not is_read:
                self._loaded = None

    def amounts(self, measure: Measure, period: Period) -> Amounts:
        self._prepare(measure, period)
        place = self._place[measure.name]
        found: dict[Cut, Amount] = {}
        for cut, rows in self._cuts.items():
            start, end = rows.places(period)
            if start < end:
                found[cut] = (rows.columns.get(place) or rows.column(place)).sum(start, end)
        return Amounts(found)

    def days_of(self, measure: Measure, period: Period) -> dict[Day, dict[Cut, Amount]]:
        self._asks_days = True
        if self._is_by_period:
            self._loaded = None
        self._prepare(measure, period)
        place = self._place[measure.name]
        found: dict[Day, dict[Cut, Amount]] = {}
        for cut, rows in self._cuts.items():
            for index in range(bisect_left(rows.days, period.first), bisect_right(rows.days, period.last)):
                found.setdefault(rows.days[index], {})[cut] = rows.values[place][index]
        return found

    def latest(self, measure: Measure, period: Period) -> tuple[Day, dict[Cut, Amount]] | None:
        """Return the newest day of ``period`` that has rows, and the measure on it."""
        if self._view.spans:
            return max(self.days_of(measure, period).items(), default=None, key=itemgetter(0))
        if self._scope.per:
            filters, texts = conditions(self._scope, self._view, blank=self._from_sums)
            within = " AND ".join([f"day BETWEEN {period.first} AND {period.last}", *filters])
            day = self._conn.execute(f"SELECT MAX(day) FROM {self._source} WHERE {within}", texts).fetchone()[0]
            return None if day is None else (day, self.days_of(measure, Period(day, day))[day])
        self._prepare(measure, period)
        rows = self._cuts.get(())
        start, end = (0, 0) if rows is None else rows.places(period)
        if rows is None or start == end:
            return None
        return rows.days[end - 1], {(): rows.values[self._place[measure.name]][end - 1]}

    def _prepare(self, measure: Measure, period: Period) -> None:
        if self._loaded is None or measure.name not in self._place or period not in self._wanted:
            self.want(measure, period)
        if self._loaded is None:
            self._loaded = _together(self._wanted)
            self._place = {name: place for place, name in enumerate(self._measures)}
            self._load()

    def _load(self) -> None:
        rows = self._of_periods()
        self._is_by_period = rows is not None
        if rows is None:
            rows = []
            for first, last in self._loaded or ():
                rows += self._read(["day"], f"day BETWEEN {first} AND {last}")
        width = 1 + len(self._scope.per)
        if width == 1:
            columns = list(zip(*rows, strict=True)) or [()] * (1 + len(self._measures))
            self._cuts = {(): _Rows(columns[0], columns[1:])} if rows else {}
            return
        by_cut: dict[Cut, list[tuple[Any, ...]]] = {}
        for row in rows:
            by_cut.setdefault(self._cut(row[1:width]), []).append(row)
        self._cuts = {}
        for cut, found in by_cut.items():
            columns = list(zip(*found, strict=True))
            self._cuts[cut] = _Rows(columns[0], columns[width:])

    def _of_periods(self) -> list[tuple[Any, ...]] | None:
        """Return each period's sums as if they were those of its first day: of a cut that is much less to read.

        None where days are needed: for many periods or such that overlap, and for amounts that are not whole.
        """
        if not self._scope.per or self._asks_days or len(self._wanted) > _FEW_PERIODS:
            return None
        periods = sorted(self._wanted)
        if any(later.first <= period.last for period, later in pairwise(periods)):
            return None
        rows: list[tuple[Any, ...]] = []
        for first, last in periods:
            found = self._read([], f"day BETWEEN {first} AND {last}")
            if any(isinstance(amount, float) for row in found for amount in row):
                return None
            rows += [(first, *row) for row in found]
        return rows

    def _read(self, keys: Sequence[str], condition: str, counted: bool = False) -> list[tuple[Any, ...]]:
        """Return rows of keys, cut and sums (and how many rows they stand for), in the order of the days."""
        view, scope = self._view, self._scope
        filters, texts = conditions(scope, view, blank=self._from_sums)
        columns = [*keys, *(view.dims[name] for name in scope.per)]
        if self._from_sums:
            amounts = [f'SUM("{name}")' for name in self._measures] + ["SUM(row_count)"] * counted
        else:
            amounts = [sums.summed(measure) for measure in self._measures.values()] + ["COUNT(*)"] * counted
        places = list(range(1, len(columns) + 1))
        if self._from_sums and view.variant and len(keys) == 5:
            places[3:5] = 5, 4  # the sums are kept in this order: nothing has to be sorted
        ordered = ", ".join(map(str, places))
        grouped = f"GROUP BY {ordered} "
        if self._from_sums and (self._apart <= set(columns) or (columns == ["day"] and self._has_one_cell(condition, filters, texts))):
            # Each row is a group of its own.
            amounts = [f'"{name}"' for name in self._measures] + ["row_count"] * counted
            grouped = ""
        return self._conn.execute(
            f"SELECT {', '.join([*columns, *amounts])} FROM {self._source} WHERE {' AND '.join([condition, *filters])} "
            f"{grouped}ORDER BY {ordered}",
            texts,
        ).fetchall()

    def _has_one_cell(self, condition: str, filters: Sequence[str], texts: Sequence[Any]) -> bool:
        """Say whether a day has one row at most: a shop that sells in one channel needs nothing added up."""
        if self._apart - {"day"} != {"shop_id", "channel_id"}:
            return False
        within = f"FROM {self._source} WHERE {' AND '.join([condition, *filters])}"
        least, most, lowest, highest = self._conn.execute(
            f"SELECT MIN(shop_id), MAX(shop_id), MIN(channel_id), MAX(channel_id) {within}", texts
        ).fetchone()
        return bool(least == most and lowest == highest)

    def _cut(self, keys: Sequence[Any]) -> Cut:
        # Most rows are cut by nothing or by one dimension.
        if not keys:
            return ()
        if not self._from_sums:
            return tuple(keys)
        if len(keys) == 1:
            key = keys[0]
            return (None if key == -1 or key == "" else key,)
        return tuple(None if key == -1 or key == "" else key for key in keys)


_Speaker: TypeAlias = "tuple[int, Key]"
# Day, last day, source, shop and variant of rows that came together.
Report: TypeAlias = "tuple[Day, Day, int, Key, str]"
# Day, last day and speaker of rows that came together, whatever their variant.
_Came: TypeAlias = "tuple[Day, Day, _Speaker]"


class _EvenDays:
    """Several variants of one speaker's report that tell the same days, the coarsest first on all of them.

    ``width`` is how many keys stand before the sums in the rows of ``variants``.
    """

    def __init__(self, variants: Sequence[Sequence[tuple[Any, ...]]], width: int) -> None:
        self.variants = variants
        self.width = width
        self._columns = [list(zip(*rows, strict=True)) for rows in variants]
        self.days: Sequence[Day] = self._columns[0][0]

    def stated(self, place: int) -> Sequence[Amount]:
        """Return the sums of each day by the first variant that states them."""
        columns = [columns[self.width + place] for columns in self._columns]
        if all(columns[0]):
            return columns[0]
        # A variant without the column sums to nothing, or to 0: any other amount says more.
        said: Sequence[Amount] = columns[0]
        for column in columns[1:]:
            said = [
                one if one or not other and one is not None else other for one, other in zip(said, column, strict=True)
            ]
        return said


def _even(variants: Sequence[list[tuple[Any, ...]]], width: int) -> _EvenDays | None:
    """Return the rows of a speaker's variants as even days; None where the variants differ in days or in their order."""
    if len({len(rows) for rows in variants}) > 1:
        return None
    ordered = sorted(variants, key=lambda rows: (rows[0][-1], rows[0][4]))
    for coarser, finer in pairwise(ordered):
        for one, other in zip(coarser, finer, strict=True):
            if one[0] != other[0] or (one[-1], one[4]) > (other[-1], other[4]):
                return None
    return _EvenDays(ordered, width)


class _BySpan(_ByDay):
    """The same where rows may stand for a span of days, and one report for another's events.

    A row of a span counts only in a period that holds the whole span, and never beside
    day rows of its source and shop.  Of several variants of a source's report the coarsest
    that states the measure (and has the dimensions of the cut) answers for each day.
    """

    def __init__(
        self, conn: sqlite3.Connection, view: View, scope: Scope, summed_by: tuple[str, ...] | None, longest: dict[str, int]
    ) -> None:
        """``longest`` keeps the days of the longest span of each table, for all scopes."""
        super().__init__(conn, view, scope, summed_by)
        self._longest = longest

    def _load(self) -> None:
        view = self._view
        self._shop = "shop_id" if "shop_id" in view.dims.values() else "NULL"
        keys = ["day", "last_day", "source_id", self._shop, "variant" if view.variant else "''"]
        longest = self._longest.get(self._source)
        if longest is None:
            query = f"SELECT MAX(last_day - day) FROM {self._source} WHERE last_day > day"
            longest = self._longest[self._source] = self._conn.execute(query).fetchone()[0] or 0
        # day, last day, source, shop -> variant -> rows
        self._reports: dict[_Came, dict[str, list[tuple[Any, ...]]]] = {}
        self._cuttable: set[tuple[int, str]] = set()
        self._choices: dict[_Came, list[list[tuple[Any, ...]]]] = {}
        self._columns: dict[str, dict[Cut, _Rows]] = {}
        self._plain: dict[Cut, _Rows] | None = None
        self._uncut: list[tuple[Day, list[tuple[Any, ...]]]] | None = None
        self._even: list[_EvenDays] = []
        self._day_rows: dict[_Speaker, list[Day]] = {}
        self._is_of_days = not longest and not view.variant
        if self._is_of_days:
            super()._load()
            self._plain = self._cuts
        else:
            rows: list[tuple[Any, ...]] = []
            for first, last in _merged((first - longest, last) for first, last in self._loaded or ()):
                rows += self._read(keys, f"day BETWEEN {first} AND {last}", counted=view.variant)
            width = len(keys) + len(self._scope.per)
            if not view.variant:
                self._take_plain(rows, len(keys), width)
            elif self._scope.per:
                self._take_variants(rows, len(keys), width)
            else:
                self._take_uncut(rows, width)
        self._leave_out_uncut()
        self._spans = sorted((report for report in self._reports if report[1] > report[0]), key=lambda span: span[:2])
        for day, last_day, speaker in sorted(self._reports, key=lambda report: report[0]):
            if day == last_day:
                self._day_rows.setdefault(speaker, []).append(day)
        self._chosen: dict[Period, tuple[list[_Came], bool]] = {}

    def _take_variants(self, rows: Sequence[tuple[Any, ...]], keys: int, width: int) -> None:
        for row in rows:
            cut = self._cut(row[keys:width])
            reports = self._reports.setdefault(_came(row), {})
            reports.setdefault(row[4], []).append((cut, row[width:]))
            if None not in cut:
                self._cuttable.add((row[2], row[4]))

    def _take_uncut(self, rows: Sequence[tuple[Any, ...]], width: int) -> None:
        """Take rows that are cut by nothing: days that a speaker reports evenly need no choosing one by one."""
        by_speaker: dict[tuple[int, Key], dict[str, list[tuple[Any, ...]]]] = {}
        for row in rows:
            if row[0] == row[1]:
                by_speaker.setdefault((row[2], row[3]), {}).setdefault(row[4], []).append(row)
        for (source, shop), variants in by_speaker.items():
            even = _even(list(variants.values()), width)
            if even is None:
                for found in variants.values():
                    self._take_variants(found, width, width)
            else:
                self._even.append(even)
                self._day_rows[source, None if shop == -1 else shop] = list(even.days)
        self._take_variants([row for row in rows if row[0] != row[1]], width, width)

    def _take_plain(self, rows: Sequence[tuple[Any, ...]], keys: int, width: int) -> None:
        """Take rows of a view without variants: those of days need no choosing, whatever the measure."""
        by_cut: dict[tuple[Any, ...], list[tuple[Any, ...]]] = {}
        came = set()
        for row in rows:
            if row[0] == row[1]:
                came.add(row[:5])
                of = row[keys:width]
                if of in by_cut:
                    by_cut[of].append(row)
                else:
                    by_cut[of] = [row]
            else:
                self._reports.setdefault(_came(row), {}).setdefault(row[4], []).append((self._cut(row[keys:width]), row[width:]))
        for row in came:
            self._reports[_came(row)] = {row[4]: []}
        merged_cuts: dict[Cut, list[tuple[Any, ...]]] = {}
        for of, found in by_cut.items():
            merged_cuts.setdefault(self._cut(of), []).extend(found)
        self._plain = {}
        for cut, found in merged_cuts.items():
            if len(merged_cuts) < len(by_cut):
                found.sort(key=itemgetter(0))
            columns = list(zip(*found, strict=True))
            self._plain[cut] = _Rows(columns[0], columns[width:])

    def _leave_out_uncut(self) -> None:
        """Leave out breakdowns without the dimensions of the cut where another breakdown of the source has them.

        Their days would hide the other's spans: a table of queries has no days, the table of days no queries.
        """
        if not self._scope.per or not self._view.variant:
            return
        able = {source for source, _ in self._cuttable}
        for report, variants in list(self._reports.items()):
            source = report[2][0]
            if source not in able:
                continue
            cut = {name: rows for name, rows in variants.items() if (source, name) in self._cuttable}
            if cut:
                self._reports[report] = cut
            else:
                del self._reports[report]

    def amounts(self, measure: Measure, period: Period) -> Amounts:
        self._prepare(measure, period)
        found: dict[Cut, Amount] = {}
        for cut, rows in self._days_by_cut(measure).items():
            start, end = rows.places(period)
            if start < end:
                found[cut] = rows.column(0).sum(start, end)
        spans, is_cut = self._spans_of(period)
        for span in spans:
            for cut, value in self._stated(span, measure).items():
                before = found.get(cut)
                found[cut] = value if before is None else before if value is None else before + value
        return Amounts(found, is_cut)

    def days_of(self, measure: Measure, period: Period) -> dict[Day, dict[Cut, Amount]]:
        self._asks_days = True
        if self._is_by_period:
            self._loaded = None
        self._prepare(measure, period)
        found: dict[Day, dict[Cut, Amount]] = {}
        for cut, rows in self._days_by_cut(measure).items():
            for day, value in zip(rows.days, rows.values[0], strict=True):
                if day in period:
                    found.setdefault(day, {})[cut] = value
        return found

    def reports(self, measure: Measure, period: Period) -> set[Report] | None:
        """Return the reports that ``amounts`` adds up, None for all."""
        self._prepare(measure, period)
        if self._is_of_days:
            return None
        for even in self._even:
            for found in even.variants:
                self._take_variants(found, even.width, even.width)
        self._even, self._uncut = [], None
        self._columns.clear()
        days = [report for report in self._reports if report[0] == report[1] and report[0] in period]
        return {
            (day, last, speaker[0], speaker[1], self._variant((day, last, speaker), measure))
            for day, last, speaker in (*days, *self._spans_of(period)[0])
        }

    def _days_by_cut(self, measure: Measure) -> dict[Cut, _Rows]:
        columns = self._columns.get(measure.name)
        if columns is not None:
            return columns
        place = self._place[measure.name]
        columns = {}
        if self._plain is not None:
            for cut, rows in self._plain.items():
                columns[cut] = _Rows(*_once_a_day(rows.days, rows.values[place]))
        elif not self._scope.per:
            days, values = self._days_uncut(place)
            if days:
                columns[()] = _Rows(*_once_a_day(days, values))
        else:
            by_cut: dict[Cut, tuple[list[Day], list[Amount]]] = {}
            for report in self._reports:
                if report[0] != report[1]:
                    continue
                for cut, value in self._variant_rows(report, place):
                    if cut not in by_cut:
                        by_cut[cut] = ([], [])
                    by_cut[cut][0].append(report[0])
                    by_cut[cut][1].append(value[place])
            for cut, (days, values) in by_cut.items():
                columns[cut] = _Rows(*_once_a_day(days, values))
        self._columns[measure.name] = columns
        return columns

    def _days_uncut(self, place: int) -> tuple[Sequence[Day], Sequence[Amount]]:
        """Return what the coarsest variant that states the measure says of each day, where nothing is cut."""
        said = [(even.days, even.stated(place)) for even in self._even]
        if len(self._even) < len(self._day_rows) or not said:
            said.append(self._days_uneven(place))  # of speakers whose days have to be chosen one by one
        if len(said) == 1:
            return said[0]
        ordered = sorted((pair for days, values in said for pair in zip(days, values, strict=True)), key=itemgetter(0))
        return [day for day, _ in ordered], [value for _, value in ordered]

    def _days_uneven(self, place: int) -> tuple[list[Day], list[Amount]]:
        if self._uncut is None:
            self._uncut = [
                (report[0], [rows[0][1] for rows in self._coarsest_first(report)])
                for report in self._reports
                if report[0] == report[1]
            ]
        values: list[Amount] = []
        for _, variants in self._uncut:
            for row in variants:
                if row[place]:
                    values.append(row[place])
                    break
            else:
                values.append(next((row[place] for row in variants if row[place] is not None), None))
        return [day for day, _ in self._uncut], values

    def _stated(self, report: _Came, measure: Measure) -> dict[Cut, Amount]:
        """Return what the coarsest fitting variant says, by cut."""
        place = self._place[measure.name]
        rows = self._variant_rows(report, place)
        if len(rows) == 1:
            cut, values = rows[0]
            return {cut: values[place]}
        found: dict[Cut, Amount] = {}
        for cut, values in rows:
            before, value = found.get(cut), values[place]
            found[cut] = value if before is None else before if value is None else before + value
        return found

    def _variant(self, report: _Came, measure: Measure) -> str:
        chosen = self._variant_rows(report, self._place[measure.name])
        return next(name for name, rows in self._reports[report].items() if rows is chosen)

    def _variant_rows(self, report: _Came, place: int) -> list[tuple[Any, ...]]:
        """Return the rows of the coarsest fitting variant that states the measure."""
        choices = self._coarsest_first(report)
        if len(choices) == 1:
            return choices[0]
        # A variant without the column, or without the dimension a measure asks for, sums to nothing.
        for rows in choices:
            for _, values in rows:
                if values[place]:
                    return rows
        for rows in choices:
            for _, values in rows:
                if values[place] is not None:
                    return rows
        return choices[0]

    def _coarsest_first(self, report: _Came) -> list[list[tuple[Any, ...]]]:
        """Return the rows of each fitting variant, of the one with the fewest rows behind it first."""
        choices = self._choices.get(report)
        if choices is None:
            variants = self._reports[report]
            if len(variants) == 1:
                choices = list(variants.values())
            else:
                source = report[2][0]
                fitting = [name for name in variants if (source, name) in self._cuttable] or list(variants)
                fitting.sort(key=lambda name: (sum(row[1][-1] for row in variants[name]), name))
                choices = [variants[name] for name in fitting]
            self._choices[report] = choices
        return choices

    def _spans_of(self, period: Period) -> tuple[list[_Came], bool]:
        """Return the spans that count in ``period``, and whether others lie across its edge."""
        chosen = self._chosen.get(period)
        if chosen is None:
            within: list[_Came] = []
            across: list[_Came] = []
            for span in sorted(self._spans, key=lambda span: span[0] - span[1]):
                first, last, speaker = span
                if last < period.first or first > period.last:
                    continue
                if self._has_days(speaker, max(first, period.first), min(last, period.last)):
                    continue
                if any(other[2] == speaker and first <= other[1] and other[0] <= last for other in within):
                    continue
                (within if first >= period.first and last <= period.last else across).append(span)
            left_out = any(not _is_told(span, within, period) for span in across)
            chosen = self._chosen[period] = (within, left_out)
        return chosen

    def _has_days(self, speaker: _Speaker, first: Day, last: Day) -> bool:
        days = self._day_rows.get(speaker, [])
        return bisect_left(days, first) < bisect_right(days, last)


def _is_told(span: _Came, within: Sequence[_Came], period: Period) -> bool:
    """Say whether shorter spans of the same speaker tell all the days of ``period`` that ``span`` reaches into."""
    day, end = max(span[0], period.first), min(span[1], period.last)
    for first, last, speaker in sorted(within, key=itemgetter(0)):
        if speaker == span[2] and first <= day <= last:
            day = last + 1
    return day > end


def _came(row: tuple[Any, ...]) -> _Came:
    return row[0], row[1], (row[2], None if row[3] == -1 else row[3])


def _once_a_day(days: Sequence[Day], values: Sequence[Amount]) -> tuple[Sequence[Day], Sequence[Sequence[Amount]]]:
    """Return (ordered) days each once, what several speakers say of one added up, and their amounts as a column."""
    if len(set(days)) == len(days):
        return days, [values]
    found: dict[Day, Amount] = {}
    for day, value in zip(days, values, strict=True):
        before = found.get(day)
        found[day] = value if before is None else before if value is None else before + value
    return list(found), [list(found.values())]


def _together(periods: Iterable[Period]) -> tuple[tuple[Day, Day], ...]:
    return _merged(sorted((period.first, period.last) for period in periods))


def _merged(ranges: Iterable[tuple[Day, Day]]) -> tuple[tuple[Day, Day], ...]:
    """Return the ranges (in order) with those that lie close together as one."""
    result: list[tuple[Day, Day]] = []
    for first, last in ranges:
        if result and first <= result[-1][1] + _GAP:
            result[-1] = (result[-1][0], max(result[-1][1], last))
        else:
            result.append((first, last))
    return tuple(result)


class _Attributes:
    """What a product belongs to, as arrays by product id: 0 for nothing."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self._conn = conn
        self._known: dict[str, Any] = {}

    def of(self, dimension: str) -> Any:
        found = self._known.get(dimension)
        if found is None:
            import numpy as np

            column = PRODUCT_DIMENSIONS[dimension]
            most = self._conn.execute("SELECT MAX(product_id) FROM product").fetchone()[0] or 0
            found = np.zeros(most + 1, np.int64)
            rows = self._conn.execute(f"SELECT product_id, {column} FROM product WHERE {column} IS NOT NULL").fetchall()
            if rows:
                # Two arrays of numbers are made much faster than one of pairs.
                ids, of = zip(*rows, strict=True)
                found[np.array(ids, np.int64)] = np.array(of, np.int64)
            self._known[dimension] = found
        return found


class _Products:
    """Sums by product in some shops and channels; each month and each single day is read once."""

    def __init__(self, conn: sqlite3.Connection, view: View, within: Scope) -> None:
        self.places = {measure.name: place for place, measure in enumerate(product_measures(view.name, sums.by_view()[view.name]))}
        self._conn = conn
        self._view = view
        self._allowed = {name: [-1 if key is None else int(key) for key in keys] for name, keys in within.where}
        self._blocks: dict[tuple[Span, Day], Block | None] = {}
        self._with_rows: dict[Day, list[Day]] = {}
        self._added_up: dict[tuple[Period, tuple[str, ...]], AddedUp] = {}

    def added_up(self, period: Period, cells: tuple[str, ...]) -> AddedUp:
        """Return the period's sums by product and by those of ``cells``: shop, channel."""
        key = (period, cells)
        found = self._added_up.get(key)
        if found is None:
            found = self._added_up[key] = AddedUp(*self._parts(period), cells, self._allowed)
        return found

    def months(self, first: Day, last: Day) -> dict[Day, Block]:
        """Return the months from the one that holds ``first`` to the one that holds ``last``, as far as there are rows."""
        firsts = [first := month_of(first)]
        while (first := month_of(first + 31)) <= last:
            firsts.append(first)
        return self._read("month", firsts)

    def days(self, first: Day, last: Day) -> list[Block]:
        """Return the days from ``first`` to ``last`` that have rows, one by one."""
        return list(self._read("day", range(first, last + 1)).values())

    def _parts(self, period: Period) -> tuple[list[Block], list[Block]]:
        """Return what the period's sums are made of: what is added, and what is taken off again.

        A month across the period's edge is taken whole, less the days outside, when
        fewer days with rows lie outside than inside (none in the running month).
        """
        more: list[Day] = []
        less: list[Day] = []
        left_out = set()
        for month in {month_of(period.first), month_of(period.last)}:
            last = month_of(month + 31) - 1
            if month >= period.first and last <= period.last:
                continue
            days = self._days_with_rows(month, last)
            inside = [day for day in days if day in period]
            if len(days) < 2 * len(inside):
                less += [day for day in days if day not in period]
            else:
                more += inside
                left_out.add(month)
        months = [block for month, block in self.months(period.first, period.last).items() if month not in left_out]
        return [*months, *self._read("day", sorted(more)).values()], list(self._read("day", sorted(less)).values())

    def _days_with_rows(self, first: Day, last: Day) -> list[Day]:
        found = self._with_rows.get(first)
        if found is None:
            from ecoperf_desktop.store import products

            found = self._with_rows[first] = products.days_with_rows(self._conn, self._view.name, first, last)
        return found

    def _read(self, span: Span, firsts: Sequence[Day]) -> dict[Day, Block]:
        unread = [first for first in firsts if (span, first) not in self._blocks]
        if unread:
            from ecoperf_desktop.store import products

            self._blocks.update(((span, first), None) for first in unread)
            self._blocks.update(((span, first), block) for first, block in products.read(self._conn, self._view.name, span, unread))
        return {first: block for first in firsts if (block := self._blocks[span, first]) is not None}


class AddedUp:
    """Sums of some blocks less others by product, and by shop and channel where these are asked for.

    ``keys`` gives for each group its product and, of shop and channel, what is asked for; 0 is for none.
    A measure is read and added up when it is asked for.
    """

    def __init__(
        self, more: list[Block], less: list[Block], cells: tuple[str, ...], allowed: Mapping[str, Sequence[int]]
    ) -> None:
        import numpy as np

        from ecoperf_desktop.store import products

        blocks = [*more, *less]
        self._blocks = blocks
        self._known: dict[int, tuple[Any, Any]] = {}
        places = {"product": products.PRODUCT, "shop": products.SHOP, "channel": products.CHANNEL}
        self._taken = None
        for name, rows in allowed.items():
            passes = np.isin(products.column_of(blocks, places[name]), rows)
            self._taken = passes if self._taken is None else self._taken & passes
        self._more = sum(block.rows for block in more)
        if self._taken is not None:
            self._more = int(np.count_nonzero(self._taken[: self._more]))
        of_rows = {name: self._column(places[name]) for name in ("product", *cells)}
        code = of_rows["product"]
        for name in cells:
            of_rows[name] = np.maximum(of_rows[name], 0)
            code = code * (int(of_rows[name].max(initial=0)) + 1) + of_rows[name]
        present, self._where = sums.ranked(code)
        counts = np.zeros(len(present), np.int64)
        np.add.at(counts, self._where, self._signed(self._column(products.COUNT)))
        at = np.empty(len(present), np.int64)
        at[self._where] = np.arange(len(code))
        # What was taken off to the last row is no group.
        self._held = None if (counts > 0).all() else np.flatnonzero(counts > 0)
        if self._held is not None:
            at = at[self._held]
        self._groups = len(present)
        self.keys = {name: of[at] for name, of in of_rows.items()}

    def sums(self, place: int) -> tuple[Any, Any]:
        """Return each group's sum of the measure at ``place``, and whether any row states it (None: all are stated)."""
        import numpy as np

        from ecoperf_desktop.store import products

        found = self._known.get(place)
        if found is None:
            column, where = self._column(products.SUMS + place), self._where
            known = column != UNKNOWN
            column = self._signed(column)
            stated = None
            if not known.all():
                column, where = column[known], where[known]
                stated = np.bincount(where, minlength=self._groups) > 0
            total = np.zeros(self._groups, np.int64)
            np.add.at(total, where, column)
            if self._held is not None:
                total, stated = total[self._held], None if stated is None else stated[self._held]
            found = self._known[place] = (total, stated)
        return found

    def _column(self, place: int) -> Any:
        from ecoperf_desktop.store.products import column_of

        column = column_of(self._blocks, place)
        return column if self._taken is None else column[self._taken]

    def _signed(self, column: Any) -> Any:
        """Put the rows that are taken off below zero."""
        column[self._more :] *= -1
        return column


class ProductAmounts:
    """Amounts by product (or its category or supplier), from what is kept of products by month and day."""

    def __init__(self, products: _Products, scope: Scope, attributes: _Attributes) -> None:
        self._products = products
        self._scope = scope
        self._attributes = attributes
        self._cells = tuple(name for name in scope.per if name not in PRODUCT_DIMENSIONS)
        self._periods: dict[Period, _Grouped] = {}
        self._known: dict[tuple[Period, str], dict[Cut, Amount]] = {}

    def amounts(self, measure: Measure, period: Period) -> dict[Cut, Amount]:
        key = (period, measure.name)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._grouped(period).sums(self._products.places[measure.name])
        return found

    def cuts(self, period: Period) -> list[Cut]:
        return self._grouped(period).cuts

    def column(self, measure: Measure, period: Period) -> tuple[Any, Any] | None:
        """Return products and their sums as arrays; None where some are not stated, or filters look at products."""
        return self._grouped(period).column(self._products.places[measure.name])

    def _grouped(self, period: Period) -> _Grouped:
        found = self._periods.get(period)
        if found is None:
            found = self._periods[period] = self._group(self._products.added_up(period, self._cells))
        return found

    def _group(self, added: AddedUp) -> _Grouped:
        if not len(added.keys["product"]):
            return _Grouped(added, (), None)
        keys = {
            name: added.keys[name] if name in added.keys else self._attributes.of(name)[added.keys["product"]]
            for name in self._scope.dimensions
            if name in PRODUCT_DIMENSIONS or name in self._cells
        }
        taken = self._passes(keys)
        if taken is not None:
            keys = {name: of[taken] for name, of in keys.items()}
        return _Grouped(added, [keys[name] for name in self._scope.per], taken)

    def _passes(self, keys: Mapping[str, Any]) -> Any:
        """Return the places of the groups that the filters let pass, None when there are no filters."""
        import numpy as np

        taken = None
        for name, allowed in self._scope.where:
            if name in PRODUCT_DIMENSIONS:
                passes = np.isin(keys[name], np.array([0 if key is None else key for key in allowed], np.int64))
                taken = passes if taken is None else taken & passes
        return None if taken is None else np.flatnonzero(taken)


class _Grouped:
    """Sums of products put together by the combinations of other keys.

    ``taken`` are the places of the products in use, None for all.
    """

    def __init__(self, added: AddedUp, keys: Sequence[Any], taken: Any) -> None:
        import numpy as np

        self._added = added
        self._taken = taken
        self._cuts: list[Cut] | None = None
        if len(keys) == 1 and keys[0] is added.keys["product"]:
            self._where = None
            return
        code = np.zeros(len(added.keys["product"]) if taken is None else len(taken), np.int64)
        for key in keys:
            code = code * (int(key.max(initial=0)) + 1) + key
        present, self._where = sums.ranked(code)
        at = np.empty(len(present), np.int64)
        at[self._where] = np.arange(len(code))
        named = [[key or None for key in column[at].tolist()] for column in keys]
        self._cuts = list(zip(*named, strict=True)) if named else [()] * len(present)

    @property
    def cuts(self) -> list[Cut]:
        if self._cuts is None:
            self._cuts = [(product or None,) for product in self._added.keys["product"].tolist()]
        return self._cuts

    def column(self, place: int) -> tuple[Any, Any] | None:
        products = self._added.keys["product"]
        if not len(products):
            return products, products
        if self._where is not None:
            return None
        total, stated = self._added.sums(place)
        return (products, total) if stated is None or stated.all() else None

    def sums(self, place: int) -> dict[Cut, Amount]:
        import numpy as np

        if not self.cuts:
            return {}
        total, stated = self._added.sums(place)
        if self._taken is not None:
            total, stated = total[self._taken], None if stated is None else stated[self._taken]
        added, is_stated = total, stated
        if self._where is not None:
            added = np.zeros(len(self.cuts), np.int64)
            np.add.at(added, self._where, total)
            if stated is not None:
                is_stated = np.bincount(self._where, weights=stated, minlength=len(self.cuts)) > 0
        values: list[Amount] = list(added.tolist())
        if is_stated is not None:
            values = [value if one else None for value, one in zip(values, is_stated.tolist(), strict=True)]
        return dict(zip(self.cuts, values, strict=True))
