"""Blocks of cells become typed rows: dropped by rule, refused where a needed cell cannot be read, named by record and line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal, cast

import numpy as np

from ecoperf_desktop.errors import FileRefused
from ecoperf_desktop.importing import convert, limits, times
from ecoperf_desktop.importing.binding import Bound, iso_currency
from ecoperf_desktop.importing.descriptor import ColumnRule, Format, dated, timed
from ecoperf_desktop.importing.evaluation import FileFacts, Rows, Valued, is_absent, surely_holds, value_of
from ecoperf_desktop.importing.expression import Blank, fields_of, of_one_row, texts_of, walk
from ecoperf_desktop.importing.text import Block, Cells, narrow
from ecoperf_desktop.importing.unfold import Carrier, unpacked
from ecoperf_desktop.model.columns import Bool, Coded, Numbers, Reals
from ecoperf_desktop.model.finding import Finding
from ecoperf_desktop.model.money import exponent

TEXT_NOTHING = ("", "-", "--", "—", "–", "——", "N/A", "n/a", "#N/A", "nan", "NaN", "null", "NULL", "None")
WARNINGS_LISTED = 200
TOTALS_COMPARED = 64
_FINEST = 8

Mark = Literal[".", ","]


class ReadAgain(Exception):
    """A later part of the file decides otherwise than the first did; all of it has to be looked at first."""


@dataclass
class Decisions:
    """What is decided once for the whole of a file, from all its values."""

    marks: dict[str, Mark] = field(default_factory=dict)
    orders: dict[str, times.Order] = field(default_factory=dict)
    currency: str | None = None
    tz: str | None = None
    day_start_min: int = 0


class Typing:
    """Reads the cells of one table by the rules of its format.

    ``look`` at blocks first, then ``decide``, then ``rows`` for each block.  After the
    last, ``findings``, ``dropped`` and ``rejected`` say what did not become rows.
    ``decided`` are answers given from outside (``decimal``, ``dates``, ``currency``).
    """

    def __init__(
        self, form: Format, bound: Bound, facts: FileFacts, decisions: Decisions, *, settings: Mapping[str, str], file: str, is_text: bool
    ) -> None:
        self.form = form
        self.bound = bound
        self.facts = facts
        self.decisions = decisions
        self.findings: list[Finding] = []
        self.dropped: Counter[str] = Counter()
        self.rejected = 0
        self.currencies: dict[str, int] = {}
        self._currency_above: dict[str, str] = {}
        self.totals: dict[str, int | float] = {}
        self.stated: dict[str, int | float] = {}
        self._each_stated: dict[str, list[int | float]] = {}
        self.newest: int | None = None
        self._settings = settings
        self._file = file
        self._is_text = is_text
        self._warned = 0
        self._unknown: dict[str, dict[str, int]] = {}
        self._mark_looks: dict[str, convert.DecimalMark] = {}
        self._order_looks: dict[str, times.DateOrder] = {}
        self._looked_at_all = False
        # Without amounts a column of currencies is one of words (of exchange rates, say).
        self._has_money = any(rule.type == "money" for rule in form.columns)
        self._carrier = Carrier(form.carry_down)
        self._grouped = {*form.group.fill_down, *form.group.first_row_only}
        self._absent = absent_values(form, bound, facts)
        self._conditions = [drop.when for drop in form.drops]
        self._text_names = self._names_of_text()
        self._sets_first = any(
            name in dict(form.sets) for condition in self._conditions for name in fields_of(condition)
        )
        for name, (_, rule) in bound.places.items():
            if rule.type in _NUMERIC and rule.decimal in (None, "auto") and form.read.decimal == "auto" and "decimal" not in settings:
                if is_text:
                    self._mark_looks[name] = convert.DecimalMark()
            if rule.type in ("date", "datetime") and self._order_of(rule) is None:
                signs = times.needs_order(rule.formats or times.USUAL)
                if signs:
                    self._order_looks[name] = times.DateOrder(signs + "-")

    @property
    def absent(self) -> frozenset[str]:
        """Return the values that this file says nothing about."""
        return self._absent

    # ---- what is decided for the whole file

    def look(self, block: Block, *, thorough: bool = False) -> None:
        """Take a block into account for what is decided once a column.

        Not ``thorough``: columns that are decided already, and whole numbers, are looked at
        again only where a cell cannot be read (``rows`` does that).
        """
        for name, mark in self._mark_looks.items():
            if thorough or not self._is_settled(name, mark):
                mark.look(self._cells(block, name))
        for name, order in self._order_looks.items():
            order.look(self._cells(block, name))
        for name, (_, rule) in self.bound.places.items():
            if rule.type == "currency" and self._has_money:
                self._see_currencies(self._cells(block, name))

    def _is_settled(self, name: str, look: convert.DecimalMark) -> bool:
        return self.bound.places[name][1].type == "integer" or (look.matters and look.mark is not None)

    def _told_mark(self, name: str, look: convert.DecimalMark) -> Mark | None:
        kind = self.bound.places[name][1].type
        if kind == "integer":
            return look.mark_of_integer
        # Amounts in a currency without minor units, like the yen, are whole.
        whole = kind == "money" and exponent(self.decisions.currency or "EUR") == 0
        return look.mark_of_whole if whole else look.mark

    def undecided(self) -> bool:
        """Return whether more of the file might decide what is still open."""
        if any(self._told_mark(name, look) is None for name, look in self._mark_looks.items()):
            return True
        return any(look.order is None and look.matters for look in self._order_looks.values())

    def decide(self, *, looked_at_all: bool) -> None:
        """Settle every column's decimal mark and date order; raise FileRefused for one that nothing settles."""
        self._looked_at_all = looked_at_all
        agreed: set[Mark] = {look.mark for look in self._mark_looks.values() if look.matters and look.mark is not None}
        whole_agreed: set[Mark] = {
            told for name, look in self._mark_looks.items()
            if self.bound.places[name][1].type == "integer" and look.matters and (told := self._told_mark(name, look)) is not None
        }
        for name, look in self._mark_looks.items():
            mark = self._told_mark(name, look)
            if not look.matters and len(agreed) == 1:
                # Whole numbers are not looked at as long as they can be read, and 20.000 can: as 20.
                mark = next(iter(agreed))
            if mark is not None:
                self.decisions.marks[name] = mark
            else:
                place, rule = self.bound.places[name]
                if rule.type == "integer" and len(whole_agreed) == 1 and not look.contradictory:
                    self.decisions.marks[name] = next(iter(whole_agreed))
                elif rule.type == "integer" and look.lone & agreed:
                    # 1,000 beside decimal commas: one program would not write both, unless it means 1.
                    raise convert.undecided_decimal(self.bound.header[place], self._file)
                elif len(agreed) == 1 and not look.contradictory:
                    self.decisions.marks[name] = next(iter(agreed))  # the same program wrote the file's other columns
                elif rule.type == "integer" and not look.contradictory:
                    continue  # marks in whole numbers can only group thousands: settled where they are read
                else:
                    raise convert.undecided_decimal(self.bound.header[place], self._file)
        agreed_orders = {look.order for look in self._order_looks.values() if look.matters and look.order is not None}
        for name, look_order in self._order_looks.items():
            order = look_order.order
            if order is None and look_order.matters and len(agreed_orders) == 1 and not look_order.contradictory:
                order = next(iter(agreed_orders))  # the same program wrote the file's other dates
            if order is None and look_order.matters:
                raise times.undecided_order(self.bound.header[self.bound.places[name][0]], self._file)
            if order is not None:
                self.decisions.orders[name] = order

    def _check_decisions(self, block: Block) -> None:
        """Look at a later block; raise ReadAgain when it speaks against what was decided from the first."""
        if self._looked_at_all:
            return
        self.look(block)
        self._check_marks()
        for name, look_order in self._order_looks.items():
            order = look_order.order
            if look_order.contradictory or (order is not None and order != self.decisions.orders.get(name, order)):
                raise ReadAgain
            if look_order.matters and name not in self.decisions.orders:
                raise ReadAgain
        if len(self.currencies) > 1 and "currency" not in self._settings:
            raise ReadAgain

    def _check_marks(self) -> None:
        for name, look in self._mark_looks.items():
            told = self._told_mark(name, look)
            if look.matters and told != self.decisions.marks.get(name, told) or look.contradictory:
                raise ReadAgain

    def _look_at_unread(self, block: Block, bad: Mapping[str, Bool]) -> None:
        """Look at the numbers that could not be read: they may speak for the other decimal mark."""
        if self._looked_at_all:
            return
        looked = False
        for name, look in self._mark_looks.items():
            if bool(bad[name].any()):
                look.look(self._cells(block, name).take(bad[name]))
                looked = True
        if looked:
            self._check_marks()

    def _see_currencies(self, cells: Cells) -> None:
        _, first = cells.distinct()
        for text in cells.texts(first):
            code = iso_currency(text)
            if code is not None:
                self.currencies.setdefault(code, len(self.currencies))

    def _order_of(self, rule: ColumnRule) -> times.Order | None:
        given = self._settings.get("dates") or self.form.read.dates
        return {"day_first": "dmy", "month_first": "mdy"}.get(given)  # type: ignore[return-value]

    # ---- rows

    def rows(self, block: Block, *, first: bool = False) -> Rows:
        """Return the rows of a block that stay; raise FileRefused when a cell forbids the whole file."""
        if not first:
            self._check_decisions(block)
        values: dict[str, Valued] = {}
        bad: dict[str, Bool] = {}
        for name, (_, rule) in self.bound.places.items():
            cells = self._cells(block, name)
            if rule.forbid is not None:
                self._refuse_forbidden(rule, cells, block)
            made, wrong = self._column(name, rule, self._stripped(rule, cells), block)
            values.update(made)
            bad[name] = wrong
        self._look_at_unread(block, bad)
        self._add_absent(values, len(block))
        rows = Rows(
            len(block), block.records, values, self._kept_cells(block, self._text_names), self.facts, self.read_cells, block.lines,
            self.form.group.by,
        )
        gone = self._drop(rows, bad)
        if self.form.carry_down:
            self._carrier.fill(values, gone, bad.get(self.form.carry_down[0], np.zeros(len(gone), np.bool_)))
        gone |= self._drop_other_currencies(values, gone)
        gone |= self._refuse_rows(block, values, bad, gone)
        self._warn(block, bad, gone)
        kept = rows.kept(~gone) if bool(gone.any()) else rows
        self._note_newest(kept)
        return unpacked(kept, self.form.unpack)

    def _cells(self, block: Block, name: str) -> Cells:
        place, rule = self.bound.places[name]
        return block.columns[place] if rule.type in _TEXTS else narrow(block.columns[place])

    def _kept_cells(self, block: Block, names: frozenset[str]) -> dict[str, Cells]:
        if "*" in names:
            kept = {f"\0{place}": cells for place, cells in enumerate(block.columns)}
            kept.update({name: self._cells(block, name) for name in self.bound.places if name in names})
            return kept
        return {name: self._cells(block, name) for name in self.bound.places if name in names}

    def _names_of_text(self) -> frozenset[str]:
        """Return the columns whose text conditions look at although the value is something else."""
        nodes: list[object] = [*self._conditions, *(check.holds for check in self.form.checks)]
        nodes.extend(node for _, node in self.form.sets)
        for emit in self.form.emits:
            nodes.extend((*emit.fills.values(), emit.when))
        names = {name for node in nodes for name in texts_of(node)}
        if any(isinstance(part, Blank) and part.name == "*" for node in nodes for part in walk(node)):
            names.add("*")
        plain = {name for name, (_, rule) in self.bound.places.items() if rule.type in ("id", "text") and rule.strip is None}
        return frozenset(names - plain)

    def _stripped(self, rule: ColumnRule, cells: Cells) -> Cells:
        """Return the cells without what the rule strips, and its default in the blank ones."""
        if (rule.strip is None or rule.type in _TEXTS) and rule.default is None:
            return cells
        codes, first = cells.distinct()
        words = cells.texts(first)
        if rule.strip is not None and rule.type not in _TEXTS:
            words = [rule.strip.sub("", word) for word in words]
        if rule.default is not None:
            words = [word if word.strip() else rule.default for word in words]
        return Cells.of(words).take(codes.astype(np.int64)) if words else cells

    def read_cells(self, texts: Sequence[str], cell_type: str) -> Valued:
        """Read texts that a pattern cut out of others; what cannot be read is missing."""
        rule = ColumnRule(field="cut", type=cell_type, aliases=(), shown="")
        made, _ = self._column("cut", rule, Cells.of(texts), None)
        return made["cut_ts" if cell_type == "datetime" else "cut_day" if cell_type == "date" else "cut"]

    def _column(self, name: str, rule: ColumnRule, cells: Cells, block: Block | None) -> tuple[dict[str, Valued], Bool]:
        """Return the values a column makes and which cells hold something that cannot be read."""
        further = (*self.form.read.null, *rule.null)
        if rule.type in ("date", "datetime"):
            return self._times(rule, cells, further)
        if rule.type in ("id", "text", "hash", "enum", "currency"):
            return self._words(name, rule, cells, further, block)
        nothing = convert.NOTHING | set(further)
        if rule.type == "flag":
            return self._flag(rule, cells, further)
        if rule.type == "duration":
            unit = cast(Literal["s", "min", "h", "d", "ms"], _UNITS[rule.unit])
            whole, bad = times.duration(cells, nothing=nothing - {"0"}, unit=unit)
            return {name: Valued(whole, "int")}, bad
        return self._number(name, rule, cells, nothing)

    def _number(self, name: str, rule: ColumnRule, cells: Cells, nothing: frozenset[str] | set[str]) -> tuple[dict[str, Valued], Bool]:
        mark = self._mark(name, rule)
        if rule.type == "integer":
            whole, bad = convert.integer(cells, mark=mark, nothing=nothing)
            if bool(bad.any()) and name in self._mark_looks and name not in self.decisions.marks:
                other, other_bad = convert.integer(cells, mark="," if mark == "." else ".", nothing=nothing)
                if int(other_bad.sum()) < int(bad.sum()):
                    whole, bad = other, other_bad
            return {name: Valued(_signed(whole, rule), "int")}, bad
        if rule.type == "money":
            return self._money(name, rule, cells, nothing, mark)
        if rule.type == "number":
            reals, bad = convert.real(cells, mark=mark, nothing=nothing)
        else:
            reals, bad = convert.ratio(cells, mark=mark, nothing=nothing, in_percent=rule.type == "percent")
        return {name: Valued(_signed(reals, rule), "real")}, bad

    def _money(
        self, name: str, rule: ColumnRule, cells: Cells, nothing: frozenset[str] | set[str], mark: Mark
    ) -> tuple[dict[str, Valued], Bool]:
        """Read amounts with every decimal they have, so that they are rounded only once, when they fill a field."""
        scaled, bad = convert.numbers(cells, mark=mark, nothing=nothing)
        minor = 0 if rule.minor else exponent(self.decisions.currency or "EUR")
        most = int(scaled.decimals.max(initial=0))
        fine = min(max(most - minor, 0), _FINEST)
        values, too_big = scaled.rounded(minor + fine)
        too_big |= np.abs(values) >= limits.MONEY_MINOR * 10 ** min(fine, 3)
        missing = scaled.missing
        if bool(too_big.any()):
            bad = bad | too_big
            missing = too_big if missing is None else missing | too_big
            values = np.where(too_big, 0, values)
        return {name: Valued(_signed(Numbers(values, missing), rule), "money", fine)}, bad

    def _mark(self, name: str, rule: ColumnRule) -> Mark:
        given = self._settings.get("decimal") or rule.decimal or self.form.read.decimal
        if given in (".", ","):
            return cast(Mark, given) if self._is_text or name not in self.decisions.marks else "."
        return self.decisions.marks.get(name, ".")

    def _times(self, rule: ColumnRule, cells: Cells, further: Sequence[str]) -> tuple[dict[str, Valued], Bool]:
        formats = rule.formats or times.USUAL
        nothing = times.NO_DATE | set(further)
        order = self.decisions.orders.get(rule.field) or self._order_of(rule)
        if rule.type == "date":
            days, bad = times.day(cells, formats, order=order, nothing=nothing)
            return {dated(rule.field): Valued(days, "day")}, bad
        read, bad = times.read_times(cells, formats, order=order, nothing=nothing)
        zone = rule.tz or self.decisions.tz
        stated = read.offset != times._NO_OFFSET
        present = np.ones(len(read), np.bool_) if read.missing is None else ~read.missing
        if zone is None and bool((present & ~stated).any()):
            raise FileRefused("importing.ask_tz", file=self._file, column=rule.shown)
        if zone is None:
            # Every time says how far its clock is from UTC: the day on that clock is the shop's.
            ts = read.seconds - np.where(stated, read.offset, 0).astype(np.int64) * 60
            days_values = np.floor_divide(read.seconds - self.decisions.day_start_min * 60, 86_400)
        else:
            ts, days_values = times.placed(read, zone, self.decisions.day_start_min)
            if rule.tz is not None and self.decisions.tz is not None and rule.tz != self.decisions.tz:
                days_values = times.days_of(ts, self.decisions.tz, self.decisions.day_start_min)
        made = {}
        for name, kind in timed(rule.field).items():
            made[name] = Valued(Numbers(ts if kind == "ts" else days_values, read.missing), kind)
        return made, bad

    def _words(
        self, name: str, rule: ColumnRule, cells: Cells, further: Sequence[str], block: Block | None
    ) -> tuple[dict[str, Valued], Bool]:
        nothing = {*TEXT_NOTHING, *further}
        if rule.type == "id":
            coded, bad = convert.identifier(cells, nothing=nothing, strip_point_zero=True)
        elif rule.type == "hash":
            coded, bad = convert.text(cells, nothing=nothing)
            coded = convert.mapped(coded, lambda word: folded_id(_without(rule, word)))
        elif rule.type == "currency":
            coded, bad = convert.text(cells, nothing=nothing)
            unknown = np.array([iso_currency(word) is None for word in coded.words] + [False], np.bool_)
            bad = unknown[coded.codes]
            coded = convert.mapped(coded, iso_currency)
        elif rule.type == "enum":
            coded, bad = self._enum(name, rule, cells, nothing, block)
        else:
            coded, bad = convert.text(cells, nothing=nothing, guards=self.form.read.guards)
        if rule.strip is not None and rule.type in ("id", "text"):
            coded = convert.mapped(coded, lambda word: _without(rule, word) or None)
        return {name: Valued(coded, "text")}, bad

    def _enum(self, name: str, rule: ColumnRule, cells: Cells, nothing: set[str], block: Block | None) -> tuple[Coded, Bool]:
        values = {convert.folded(word): value for word, value in rule.values.items()}
        coded, _ = convert.text(cells, nothing=())
        unknown: list[bool] = []

        def ours(word: str) -> str | None:
            key = convert.folded(_without(rule, word))
            if key in values:
                return values[key] or None
            if word in nothing or not key:
                return None
            if rule.other == "keep":
                return word
            return rule.other[1:].strip() if rule.other.startswith("=") else None

        for word in coded.words:
            unknown.append(convert.folded(_without(rule, word)) not in values and word not in nothing and bool(word.strip()))
        flags = np.array([*unknown, False], np.bool_)
        bad = np.zeros(len(cells), np.bool_)
        if rule.other == "reject":
            bad = flags[coded.codes]
        elif rule.other == "keep" and rule.values and block is not None and any(unknown):
            noted = self._unknown.setdefault(name, {})
            for place in np.flatnonzero(flags[:-1]).tolist():
                row = int(np.flatnonzero(coded.codes == place)[0]) if coded.words[place] not in noted else 0
                noted.setdefault(coded.words[place], int(block.records[row]))
        return convert.mapped(coded, ours), bad

    def _flag(self, rule: ColumnRule, cells: Cells, further: Sequence[str]) -> tuple[dict[str, Valued], Bool]:
        nothing = {*TEXT_NOTHING, *further}
        if rule.values:
            yes = {word for word, value in rule.values.items() if value in ("1", "true", "yes")}
            numbers, bad = convert.flag(cells, yes=yes, no=set(rule.values) - yes, nothing=nothing - set(rule.values))
        else:
            numbers, bad = convert.flag(cells, nothing=nothing)
        return {rule.field: Valued(numbers, "flag")}, bad

    def _add_absent(self, values: dict[str, Valued], count: int) -> None:
        """Give conditions something to look at where the file lacks a column."""
        for name, kind in self.form.kinds_of_values.items():
            if name not in values:
                values[name] = empty_values(kind, count)

    # ---- what does not stay

    def _drop(self, rows: Rows, bad: Mapping[str, Bool]) -> Bool:
        gone = np.zeros(rows.count, np.bool_)
        if not self._conditions:
            return gone
        looked = rows
        if self._sets_first:
            looked = Rows(rows.count, rows.records, dict(rows.values), rows.cells, rows.facts, rows.read_cells, rows.lines, rows.group_by)
            for name, node in of_one_row(self.form.sets):
                looked.values[name] = value_of(node, looked)
        unread = self._unread(bad)
        for drop in self.form.drops:
            met = surely_holds(drop.when, looked, unread) & ~gone
            count = int(met.sum())
            if not count:
                continue
            self.dropped[drop.reason] += count
            gone |= met
            for name in drop.totals:
                said = rows.values[name].take(met)
                self._add_total(self.stated, name, said)
                self._note_stated(name, said)
        for name in {name for drop in self.form.drops for name in drop.totals}:
            self._add_total(self.totals, name, rows.values[name].take(~gone))
        return gone

    def _unread(self, bad: Mapping[str, Bool]) -> dict[str, Bool]:
        """Return the values that a needed cell was to give which cannot be read: such a row is refused, never dropped."""
        unread: dict[str, Bool] = {}
        for name, (_, rule) in self.bound.places.items():
            if rule.required and bool(bad[name].any()):
                unread.update(dict.fromkeys((name, *rule.produces), bad[name]))
        if unread and self._sets_first:
            for name, node in self.form.sets:
                if read := [unread[one] for one in fields_of(node) if one in unread]:
                    unread[name] = np.logical_or.reduce(read)
        return unread

    @staticmethod
    def _add_total(totals: dict[str, int | float], name: str, valued: Valued) -> None:
        rounded = valued.rounded().column
        if isinstance(rounded, Coded):
            return
        values = rounded.values if rounded.missing is None else rounded.values[~rounded.missing]
        if len(values):
            totals[name] = totals.get(name, 0) + values.sum().item()

    def _note_stated(self, name: str, valued: Valued) -> None:
        """Keep the first few totals one by one: a file may state the same sum for the list, the kind and the account."""
        rounded = valued.rounded().column
        noted = self._each_stated.setdefault(name, [])
        if not isinstance(rounded, Coded) and len(noted) < TOTALS_COMPARED:
            values = rounded.values if rounded.missing is None else rounded.values[~rounded.missing]
            noted.extend(values[: TOTALS_COMPARED - len(noted)].tolist())

    def _drop_other_currencies(self, values: Mapping[str, Valued], gone: Bool) -> Bool:
        """Drop rows in another currency than the one that was chosen; a blank cell is of the currency above it."""
        other = np.zeros(len(gone), np.bool_)
        if not self._has_money or self.decisions.currency is None or len(self.currencies) < 2 and self.decisions.currency in self.currencies:
            return other
        for name, (_, rule) in self.bound.places.items():
            column = values[name].column if rule.type == "currency" else None
            if isinstance(column, Coded):
                above = self._currency_above.get(name, next(iter(self.currencies), ""))
                words = [*column.words, above]
                codes = np.where(column.codes < 0, -1, column.codes)
                told = np.maximum.accumulate(np.where(codes >= 0, np.arange(len(codes)), -1))
                codes = np.where(told >= 0, codes[told], len(words) - 1)
                differs = np.array([word != self.decisions.currency for word in words], np.bool_)
                other |= differs[codes]
                if len(codes):
                    self._currency_above[name] = words[int(codes[-1])]
        other &= ~gone
        if bool(other.any()):
            self.dropped["other_currency"] += int(other.sum())
        return other

    def _refuse_rows(self, block: Block, values: Mapping[str, Valued], bad: Mapping[str, Bool], gone: Bool) -> Bool:
        refused = np.zeros(len(gone), np.bool_)
        for name, (_, rule) in self.bound.places.items():
            if not rule.required:
                continue
            wrong = bad[name] & ~gone & ~refused
            for row in np.flatnonzero(wrong).tolist() if bool(wrong.any()) else ():
                self._reject(block, row, name, f"importing.bad_{rule.type}")
            refused |= wrong
            if name in self._grouped or rule.default is not None:
                continue
            made = values[next(iter(rule.produces))]
            if made.complete:
                continue
            blank = made.missing & ~bad[name] & ~gone & ~refused
            for row in np.flatnonzero(blank).tolist():
                self._reject(block, row, name, "importing.blank_cell")
            refused |= blank
        return refused

    def _reject(self, block: Block, row: int, name: str, code: str) -> None:
        self.rejected += 1
        if len(self.findings) < limits.REJECTED_LISTED:
            self.findings.append(self._finding(block, row, name, code, "error"))

    def _warn(self, block: Block, bad: Mapping[str, Bool], gone: Bool) -> None:
        for name, (_, rule) in self.bound.places.items():
            if rule.required:
                continue
            wrong = bad[name] & ~gone
            if not bool(wrong.any()):
                continue
            for row in np.flatnonzero(wrong).tolist():
                self._warned += 1
                if self._warned <= WARNINGS_LISTED:
                    self.findings.append(self._finding(block, row, name, f"importing.bad_{rule.type}", "warning"))

    def _finding(self, block: Block, row: int, name: str, code: str, severity: Literal["error", "warning"]) -> Finding:
        place, rule = self.bound.places[name]
        header = self.bound.header[place] or rule.shown
        found = "…" if rule.private else shortened(self._cells(block, name).text(row))
        line = None if block.lines is None else int(block.lines[row])
        return Finding(code, severity, int(block.records[row]), line, header, {"found": found, "column": header})

    def _refuse_forbidden(self, rule: ColumnRule, cells: Cells, block: Block) -> None:
        assert rule.forbid is not None
        codes, first = cells.distinct()
        for code, text in enumerate(cells.texts(first)):
            if rule.forbid.search(text):
                row = int(np.flatnonzero(codes == code)[0])
                raise FileRefused(
                    "importing.forbidden", file=self._file, column=rule.shown, found=shortened(text), record=int(block.records[row]),
                    reason=dict(rule.forbid_reason),
                )

    def _note_newest(self, rows: Rows) -> None:
        name = self.form.as_of.column
        if name is None or name not in rows.values:
            return
        valued = rows.values[name]
        if isinstance(valued.column, Numbers) and not bool(valued.missing.all()):
            newest = int(valued.column.values[~valued.missing].max())
            newest = newest * 86_400 if valued.kind == "day" else newest
            self.newest = newest if self.newest is None else max(self.newest, newest)

    def closing_findings(self) -> list[Finding]:
        """Return remarks about the file as a whole: unknown words, further warnings, totals that do not agree."""
        made = []
        for name, words in self._unknown.items():
            header = self.bound.header[self.bound.places[name][0]]
            listed = ", ".join(shortened(word, 30) for word in list(words)[:5]) + (" …" if len(words) > 5 else "")
            made.append(Finding("importing.unknown_value", "info", min(words.values()), None, header, {"column": header, "found": listed}))
        if self._warned > WARNINGS_LISTED:
            made.append(Finding("importing.more_warnings", "warning", details={"n": self._warned - WARNINGS_LISTED}))
        for name, stated in self.stated.items():
            summed = self.totals.get(name, 0)
            # Sections add up to the file; totals of the list, the account and each kind repeat it.
            said = [stated, *self._each_stated.get(name, ())]
            if all(abs(one - summed) > max(1e-6, abs(one) * 1e-9) for one in said):
                stated = min(said, key=lambda one: abs(one - summed))
                header = self.bound.headers.get(name, name)
                is_money = self.form.kinds_of_values.get(name) == "money"
                made.append(Finding("importing.total_differs", "warning", None, None, header, {
                    "column": header, "stated": self._shown(stated, is_money), "found": self._shown(summed, is_money),
                }))
        return made

    def _shown(self, number: int | float, is_money: bool) -> str:
        if is_money:
            places = exponent(self.decisions.currency or "EUR")
            return f"{Decimal(int(number)).scaleb(-places):.{places}f}"
        return f"{number:g}" if isinstance(number, float) else str(number)


_TEXTS = frozenset({"id", "text", "hash", "enum"})
_NUMERIC = ("integer", "number", "money", "ratio", "percent")
_UNITS = {"seconds": "s", "ms": "ms", "minutes": "min", "hours": "h", "days": "d"}


def absent_values(form: Format, bound: Bound, facts: FileFacts) -> frozenset[str]:
    """Return the values that no column of the file says anything about."""
    here: set[str] = set()
    for rule in form.columns:
        if rule.field in bound.places and bound.places[rule.field][1] is rule:
            here.update(rule.produces)
    if form.unpack is not None and form.unpack.of in here:
        here.add(form.unpack.part)
    absent = {name for name in form.kinds_of_values if name not in here}
    for name, node in form.sets:
        if is_absent(node, frozenset(absent), facts):
            absent.add(name)
        else:
            absent.discard(name)
    return frozenset(absent)


def empty_values(kind: str, count: int) -> Valued:
    """Return a column of missing values."""
    if kind == "text":
        return Valued(Coded(np.full(count, -1, np.int32), []), kind)
    if kind == "real":
        return Valued(Reals(np.zeros(count, np.float64), np.ones(count, np.bool_)), kind)
    return Valued(Numbers(np.zeros(count, np.int64), np.ones(count, np.bool_)), kind)


def folded_id(word: str) -> str | None:
    """Return a person's id as it is compared: an address written in capitals is the same person's."""
    return word if word.isdigit() else convert.folded(word) or None


def _without(rule: ColumnRule, word: str) -> str:
    return rule.strip.sub("", word) if rule.strip is not None else word


def shortened(text: str, most: int = 60) -> str:
    """Return what a message shows of a cell: one line, and not all of a long one."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1] + "…"


def _signed(column: Numbers | Reals, rule: ColumnRule) -> Numbers | Reals:
    if not (rule.negate or rule.absolute):
        return column
    values = np.abs(column.values) if rule.absolute else -column.values
    return Numbers(values, column.missing) if isinstance(column, Numbers) else Reals(values, column.missing)  # type: ignore[arg-type]
