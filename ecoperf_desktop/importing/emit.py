"""Typed rows of a file become rows of tables: by row, by group, by distinct values, or added up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ecoperf_desktop.importing import limits
from ecoperf_desktop.importing.descriptor import Emit, Format
from ecoperf_desktop.importing.evaluation import (
    FINE,
    Groups,
    Rows,
    Valued,
    grouped,
    holds,
    merged_words,
    reduced,
    taken,
    value_of,
    value_of_groups,
)
from ecoperf_desktop.importing.evaluation import first_present as first_of_groups
from ecoperf_desktop.importing.expression import Expression, fields_of, folds, needs_group
from ecoperf_desktop.importing.redaction import Redaction
from ecoperf_desktop.importing.text import Cells
from ecoperf_desktop.model.columns import Asserted, Bool, Coded, Column, Int64, Numbers, Reals
from ecoperf_desktop.model.finding import Finding
from ecoperf_desktop.store.tables import TABLES, Field, Table

_KEY = "\0key"


def needs_whole_file(form: Format) -> bool:
    """Return whether some value can only be worked out once all rows are there."""
    return any(
        emit.per == "distinct" and any(folds(node) for node in emit.fills.values()) for emit in form.emits
    )


def groups_rows(form: Format) -> bool:
    """Return whether rows of one group must be seen together."""
    if not form.group.by:
        return False
    if form.group.fill_down or form.group.first_row_only or any(emit.per == "group" for emit in form.emits):
        return True
    nodes: list[Expression] = [node for _, node in form.sets]
    nodes.extend(node for emit in form.emits for node in emit.fills.values())
    return any(needs_group(node) for node in nodes)


class Records:
    """What became of each record: a set of marks by record number."""

    def __init__(self) -> None:
        self._marks: NDArray[np.uint8] = np.zeros(1024, np.uint8)

    def mark(self, records: Int64, bit: int) -> None:
        if not len(records):
            return
        highest = int(records.max())
        if highest >= len(self._marks):
            grown = np.zeros(max(highest + 1, 2 * len(self._marks)), np.uint8)
            grown[: len(self._marks)] = self._marks
            self._marks = grown
        self._marks[records] |= bit

    def count(self, have: int, lack: int) -> int:
        """Return how many records have all marks of ``have`` and none of ``lack``."""
        return int(((self._marks & (have | lack)) == have).sum())


KEPT, USED, STORED, REFUSED = 1, 2, 4, 8


@dataclass
class _Partial:
    """Rows of one emit that wait for the end of the file, where they are put together."""

    columns: dict[str, Valued]
    records: Int64


class _Met:
    """Keys met so far, by their hashes: a million orders take 8 MB.

    Two keys of one hash would only make the file be read with all its rows at hand.
    """

    def __init__(self) -> None:
        self._sorted: list[Int64] = []  # each less than half as long as the one before

    def met_before(self, keys: Iterable[object], count: int) -> bool:
        """Say whether one of ``count`` different keys was met in an earlier call."""
        hashes = np.fromiter(map(hash, keys), np.int64, count)
        hashes.sort()
        found = False
        for earlier in self._sorted:
            places = np.searchsorted(earlier, hashes)
            places[places == len(earlier)] = 0
            found |= bool((earlier[places] == hashes).any())
        while self._sorted and len(self._sorted[-1]) < 2 * len(hashes):
            hashes = np.concatenate((self._sorted.pop(), hashes))
            hashes.sort(kind="stable")
        self._sorted.append(hashes)
        return found


class Emitter:
    """Turns the typed rows of one file into rows of tables.

    Feed the stretches in file order, then ``close``.  ``whole`` keeps all rows until the
    end; otherwise only the group that may go on in the next stretch is kept back.
    ``split_group`` tells afterwards that a group stood in several places, so that the
    file has to be read with ``whole`` to be right.
    """

    def __init__(self, form: Format, *, whole: bool = False, headers: Mapping[str, str] | None = None) -> None:
        self.split_group = False
        self.findings: list[Finding] = []
        self.rejected = 0
        self.counts: Counter[str] = Counter()  # rows by table
        self.first_day: dict[str, int] = {}
        self.last_day: dict[str, int] = {}
        self._form = form
        self._headers = headers or {}
        self._whole = whole or needs_whole_file(form)
        self._groups_rows = groups_rows(form)
        self._waiting: Rows | None = None
        self._seen_groups = _Met()
        self._records = Records()
        self._partials: dict[int, list[_Partial]] = {}
        self._redaction = Redaction()

    @property
    def dropped(self) -> dict[str, int]:
        """Return how many kept records no table took, and how many went into another record's row."""
        counts = {
            "unused": self._records.count(KEPT, USED | REFUSED),
            "joined": self._records.count(KEPT | USED, STORED | REFUSED),
        }
        return {reason: count for reason, count in counts.items() if count}

    def feed(self, rows: Rows) -> list[Asserted]:
        """Return the rows of tables that a stretch of the file gives."""
        self._records.mark(rows.records, KEPT)
        if self._waiting is not None:
            rows, self._waiting = joined(self._waiting, rows), None
        if self._whole:
            self._waiting = rows
            return []
        if self._groups_rows and rows.count:
            rows, self._waiting = self._without_open_group(rows)
        return self._emitted(rows)

    def close(self) -> list[Asserted]:
        """Return what was kept back."""
        made: list[Asserted] = []
        if self._waiting is not None:
            rows, self._waiting = self._waiting, None
            self._remember_groups(rows)
            made.extend(self._emitted(rows))
        for position, partials in sorted(self._partials.items()):
            made.extend(self._put_together(self._form.emits[position], partials))
        self._partials.clear()
        return made

    # ---- stretches

    def _without_open_group(self, rows: Rows) -> tuple[Rows, Rows | None]:
        """Return the rows before the last group, and that group: it may go on in the next stretch."""
        codes = rows.groups.codes
        others = np.flatnonzero(codes != codes[-1])
        cut = int(others[-1]) + 1 if len(others) else 0
        if bool((codes[:cut] == codes[-1]).any()):
            self.split_group = True
        before = np.zeros(rows.count, np.bool_)
        before[:cut] = True
        closed, still_open = rows.kept(before), compact(rows.kept(~before))
        self._remember_groups(closed)
        return closed, still_open

    def _remember_groups(self, rows: Rows) -> None:
        if not self._groups_rows or not rows.count or self._whole:
            return
        firsts = rows.groups.first_row
        columns = [taken(rows.values[name].column, firsts) for name in rows.group_by]
        lists = [column_values(column) for column in columns]
        keys: Iterable[object] = lists[0] if len(lists) == 1 else zip(*lists, strict=True)
        if self._seen_groups.met_before(keys, len(firsts)):
            self.split_group = True

    def _emitted(self, rows: Rows) -> list[Asserted]:
        if not rows.count:
            return []
        self._fill_groups(rows)
        for name, node in self._form.sets:
            rows.values[name] = value_of(node, rows)
        prepared: list[tuple[int, Emit, Rows, dict[str, Column]]] = []
        refused = np.zeros(rows.count, np.bool_)
        # Rows are looked at for every table before any is taken: a row that lacks what one table needs is refused whole.
        for position, emit in enumerate(self._form.emits):
            if emit.per != "row":
                continue
            met, chosen = self._chosen(emit, rows)
            columns = self._filled(emit, {name: value_of(node, chosen) for name, node in emit.fills.items()}, chosen)
            lacking = self._lacking(emit, columns, chosen.count)
            for field, where in lacking:
                places = np.flatnonzero(met)[where] if met is not None else where
                places = places[~refused[places]]
                if self._form.unpack is not None and len(places):
                    # a record of several rows is refused once, and whole
                    places = places[np.unique(rows.records[places], return_index=True)[1]]
                    refused |= np.isin(rows.records, rows.records[places])
                refused[places] = True
                self._refuse(rows, places, emit, field)
            prepared.append((position, emit, chosen, columns))
        made: list[Asserted] = []
        self._records.mark(rows.records[refused], REFUSED)
        any_refused = bool(refused.any())
        refused_records = rows.records[refused]
        for position, emit, chosen, columns in prepared:
            keep = None if not any_refused else ~np.isin(chosen.records, refused_records)
            made.extend(self._delivered(position, emit, chosen, columns, keep))
        sound = rows.kept(~refused) if any_refused else rows
        for position, emit in enumerate(self._form.emits):
            if emit.per != "row":
                made.extend(self._of_groups(position, emit, sound))
        return made

    def _fill_groups(self, rows: Rows) -> None:
        """Copy order-level cells down, and blank those that repeat what the group's first row says."""
        group = self._form.group
        if not (group.fill_down or group.first_row_only):
            return
        groups = rows.groups
        for name in group.fill_down:
            rows.values[name] = _filled_down(rows.values[name], groups)
        if group.first_row_only:
            later = np.ones(rows.count, np.bool_)
            later[groups.first_row] = False
            for name in group.first_row_only:
                rows.values[name] = _blanked(rows.values[name], later)

    # ---- one emit

    @staticmethod
    def _chosen(emit: Emit, rows: Rows) -> tuple[Bool | None, Rows]:
        if emit.when is None:
            return None, rows
        met = holds(emit.when, rows)
        if bool(met.all()):
            return None, rows
        return met, rows.kept(met)

    def _filled(self, emit: Emit, values: Mapping[str, Valued], rows: Rows, count: int | None = None) -> dict[str, Column]:
        """Return the columns of the table's fields; the file's period stands in for a day nobody fills."""
        table = emit.table
        size = rows.count if count is None else count
        columns: dict[str, Column] = {}
        for field in table.fields:
            valued = values.get(field.name)
            if valued is not None:
                columns[field.name] = self._redaction.column(emit.into, field, as_field(valued, field))
        period = rows.facts.period
        if table.day == "day" and "day" not in columns and period is not None:
            columns["day"] = Numbers(np.full(size, period.first, np.int64))
            if any(field.name == "last_day" for field in table.fields) and "last_day" not in columns:
                columns["last_day"] = Numbers(np.full(size, period.last, np.int64))
        _fill_last_days(columns)
        shop = rows.facts.answers.get("shop")
        if shop and "shop" not in columns and any(field.name == "shop" for field in table.fields):
            columns = {"shop": Coded(np.zeros(size, np.int32), [shop]), **columns}
        return columns

    @staticmethod
    def _lacking(emit: Emit, columns: Mapping[str, Column], count: int) -> Iterator[tuple[str, Int64]]:
        for name in needed_fields(emit.table):
            column = columns.get(name)
            if column is None:
                yield name, np.arange(count, dtype=np.int64)
                continue
            missing = missing_of(column)
            if missing is not None and bool(missing.any()):
                yield name, np.flatnonzero(missing)

    def _refuse(self, rows: Rows, places: Int64, emit: Emit, field: str) -> None:
        self.rejected += len(places)
        node = emit.fills.get(field)
        names = sorted(fields_of(node)) if node is not None else []
        header = next((self._headers[name] for name in names if name in self._headers), None)
        for place in places.tolist():
            if len(self.findings) >= limits.REJECTED_LISTED:
                return
            record = int(rows.records[place])
            line = None if rows.lines is None else int(rows.lines[place])
            self.findings.append(Finding(
                "importing.row_lacks", "error", record, line, header, {"field": field, "column": header or field, "table": emit.into},
            ))

    def _delivered(
        self, position: int, emit: Emit, rows: Rows, columns: dict[str, Column], keep: Bool | None
    ) -> list[Asserted]:
        records = rows.records
        if keep is not None and not bool(keep.all()):
            columns = {name: taken(column, keep) for name, column in columns.items()}
            records = records[keep]
        self._records.mark(records, USED)
        if emit.aggregate:
            kinds = {field.name: field.kind for field in emit.table.fields}
            partial = _Partial({name: Valued(column, kinds[name]) for name, column in columns.items()}, records)
            self._partials.setdefault(position, []).append(_added_up(emit, partial))
            return []
        return self._asserted(emit.into, columns, records)

    def _of_groups(self, position: int, emit: Emit, rows: Rows) -> list[Asserted]:
        _, chosen = self._chosen(emit, rows)
        if not chosen.count:
            return []
        keys: list[Valued] = []
        if emit.per == "distinct":
            keys = [chosen.values[name] for name in emit.distinct]
            absent = np.logical_and.reduce([key.missing for key in keys])
            if bool(absent.any()):
                chosen = chosen.kept(~absent)
                keys = [chosen.values[name] for name in emit.distinct]
            groups = grouped([key.column for key in keys], chosen.count)
        else:
            groups = chosen.groups
        if not groups.count:
            return []
        values = {name: value_of_groups(node, chosen, groups) for name, node in emit.fills.items()}
        columns = self._filled(emit, values, chosen, groups.count)
        records = chosen.records[groups.first_row]
        good = np.ones(groups.count, np.bool_)
        for _, where in self._lacking(emit, columns, groups.count):
            good[where] = False
        self._records.mark(chosen.records[good[groups.codes]], USED)
        if not bool(good.all()):
            columns = {name: taken(column, good) for name, column in columns.items()}
            records = records[good]
        if emit.per == "distinct" or emit.aggregate:
            kinds = {field.name: field.kind for field in emit.table.fields}
            partial = {name: Valued(column, kinds[name]) for name, column in columns.items()}
            for number, key in enumerate(keys):
                partial[f"{_KEY}{number}"] = key.take(groups.first_row).take(good)
            self._partials.setdefault(position, []).append(_Partial(partial, records))
            return []
        return self._asserted(emit.into, columns, records)

    def _put_together(self, emit: Emit, partials: Sequence[_Partial]) -> list[Asserted]:
        """Return the rows of an emit whose equal rows may stand anywhere in the file."""
        whole = partials[0] if len(partials) == 1 else _concatenated(partials)
        if emit.per == "distinct" and len(partials) > 1:
            keys = [valued.column for name, valued in whole.columns.items() if name.startswith(_KEY)]
            groups = grouped(keys, len(whole.records))
            whole = _Partial(
                {name: first_of_groups(valued, groups) for name, valued in whole.columns.items()}, whole.records[groups.first_row]
            )
        if emit.aggregate:
            whole = _added_up(emit, whole)
        columns = {name: valued.column for name, valued in whole.columns.items() if not name.startswith(_KEY)}
        return self._asserted(emit.into, columns, whole.records)

    def _asserted(self, table: str, columns: dict[str, Column], records: Int64) -> list[Asserted]:
        if not len(records):
            return []
        self._records.mark(records, STORED)
        self.counts[table] += len(records)
        self._note_days(TABLES[table], columns)
        return [Asserted(table, columns, records)]

    def _note_days(self, table: Table, columns: Mapping[str, Column]) -> None:
        if not table.coverage or not table.day:
            return
        for name in {table.day, "last_day"} & columns.keys():
            column = columns[name]
            assert isinstance(column, Numbers)
            values = column.values if column.missing is None else column.values[~column.missing]
            if len(values):
                first, last = int(values.min()), int(values.max())
                self.first_day[table.coverage] = min(first, self.first_day.get(table.coverage, first))
                self.last_day[table.coverage] = max(last, self.last_day.get(table.coverage, last))


# Parts of a key that say something by their absence: the whole company, the whole market, a delivery note without a number,
# the workspace's currency.
_MAY_LACK = frozenset({"shop", "line_no", "receipt_no", "department", "category", "platform", "quote"})


def needed_fields(table: Table) -> list[str]:
    """Return the fields without which the store cannot take a row."""
    needed = [field.name for field in table.fields if field.needed]
    identities = table.identities
    if table.strategy in ("upsert", "ledger") and len(identities) == 1:
        needed.extend(name for name in identities[0].fields if name not in needed and name not in _MAY_LACK)
    if table.name == "order_lines" and "order_no" not in needed:
        needed.append("order_no")
    return needed


def as_field(valued: Valued, field: Field) -> Column:
    """Return the column in the form the table keeps it."""
    column = valued.column
    if field.kind in ("text", "ref"):
        assert isinstance(column, Coded)
        return column
    if field.kind == "money":
        return valued.rounded().column
    if field.kind == "cost_e4":
        assert isinstance(column, Numbers)
        return valued.with_decimals(FINE).column
    if field.kind == "real":
        return column if isinstance(column, Reals) else _as_reals(column)
    if isinstance(column, Reals):
        finite = np.isfinite(column.values)
        gaps = ~finite if column.missing is None else column.missing | ~finite
        whole = np.floor(np.where(gaps, 0.0, column.values) + 0.5).astype(np.int64)
        return Numbers(whole, gaps if bool(gaps.any()) else None)
    return column


def missing_of(column: Column) -> Bool | None:
    """Return where a column has no value, None when it has everywhere."""
    return column.codes < 0 if isinstance(column, Coded) else column.missing


def column_values(column: Column) -> list[object]:
    """Return the values of a column as Python objects, None where missing."""
    if isinstance(column, Coded):
        words: list[object] = [*column.words, None]
        return [words[code] for code in column.codes.tolist()]
    values: list[object] = list(column.values.tolist())
    if column.missing is not None:
        for place in np.flatnonzero(column.missing).tolist():
            values[place] = None
    return values


def compact(rows: Rows) -> Rows:
    """Return the rows with only the words they use: a few rows that wait must not carry a whole block's."""
    values = dict(rows.values)
    for name, valued in values.items():
        if isinstance(valued.column, Coded) and len(valued.column.words) > rows.count:
            used, codes = np.unique(valued.column.codes, return_inverse=True)
            words = [valued.column.words[code] for code in used.tolist() if code >= 0]
            absent = int(len(used) > 0 and used[0] < 0)
            values[name] = Valued(Coded((codes - absent).astype(np.int32), words), valued.kind)
    return replace(rows, values=values, word_hits={})


def joined(first: Rows, second: Rows) -> Rows:
    """Return the rows of two stretches as one."""
    if not first.count or not second.count:
        return second if not first.count else first
    values = {name: _together([valued, second.values[name]]) for name, valued in first.values.items()}
    cells = {name: _cells_together(first.cells[name], second.cells[name]) for name in first.cells}
    lines = None
    if first.lines is not None and second.lines is not None:
        lines = np.concatenate((first.lines, second.lines))
    return Rows(
        first.count + second.count, np.concatenate((first.records, second.records)), values, cells, second.facts,
        second.read_cells, lines, second.group_by,
    )


def _cells_together(first: Cells, second: Cells) -> Cells:
    return Cells.of([*first.texts(), *second.texts()])


def _together(parts: Sequence[Valued]) -> Valued:
    fine = max(part.fine for part in parts)
    parts = [part.with_decimals(fine) for part in parts]
    first = parts[0]
    columns = [part.column for part in parts]
    if isinstance(first.column, Coded):
        whole = first.column
        for column in columns[1:]:
            assert isinstance(column, Coded)
            # The longer list of words stays as it is: usually a few rows are put before many.
            if len(column.words) > len(whole.words):
                right, left, words = merged_words(column, whole)
            else:
                left, right, words = merged_words(whole, column)
            whole = Coded(np.concatenate((left, right)), words)
        return Valued(whole, first.kind)
    gaps = None
    if any(missing_of(column) is not None for column in columns):
        gaps = np.concatenate([_gaps(column) for column in columns])
    if isinstance(first.column, Numbers) and all(isinstance(column, Numbers) for column in columns):
        return Valued(Numbers(np.concatenate([_numbers(column) for column in columns]), gaps), first.kind, first.fine)
    return Valued(Reals(np.concatenate([_as_reals(column).values for column in columns]), gaps), first.kind)


def _numbers(column: Column) -> Int64:
    assert isinstance(column, Numbers)
    return column.values


def _gaps(column: Column) -> Bool:
    missing = missing_of(column)
    return np.zeros(len(column), np.bool_) if missing is None else missing


def _as_reals(column: Column) -> Reals:
    assert not isinstance(column, Coded)
    return column if isinstance(column, Reals) else Reals(column.values.astype(np.float64), column.missing)


def _concatenated(partials: Sequence[_Partial]) -> _Partial:
    columns = {name: _together([partial.columns[name] for partial in partials]) for name in partials[0].columns}
    return _Partial(columns, np.concatenate([partial.records for partial in partials]))


def _added_up(emit: Emit, partial: _Partial) -> _Partial:
    """Return rows that are alike in the aggregate's fields as one: numbers added up, the rest as it is first there."""
    count = len(partial.records)
    alike = [partial.columns[name].column for name in emit.aggregate if name in partial.columns]
    groups = grouped(alike, count) if alike else Groups(np.zeros(count, np.int64), min(count, 1))
    if groups.count == count:
        return partial
    kinds = {field.name: field.kind for field in emit.table.fields}
    columns: dict[str, Valued] = {}
    for name, valued in partial.columns.items():
        adds = kinds.get(name) in ("int", "money", "cost_e4", "real") and name not in emit.aggregate
        if adds and not isinstance(valued.column, Coded):
            columns[name] = Valued(reduced(valued, groups, "total").column, valued.kind)
        else:
            columns[name] = first_of_groups(valued, groups)
    return _Partial(columns, partial.records[groups.first_row])


def _filled_down(valued: Valued, groups: Groups) -> Valued:
    """Return a column whose blanks take the value above them in the same group."""
    missing = valued.missing
    if not bool(missing.any()):
        return valued
    count = len(missing)
    order = groups.order if groups.order is not None else np.arange(count, dtype=np.int64)
    places = np.arange(count, dtype=np.int64)
    group_start = np.repeat(groups.starts, groups.sizes)
    last = np.maximum.accumulate(np.where(missing[order], -1, places))
    source = np.where(last >= group_start, last, places)
    rows = np.empty(count, np.int64)
    rows[order] = order[source]
    return valued.take(rows)


def _blanked(valued: Valued, where: Bool) -> Valued:
    column = valued.column
    if isinstance(column, Coded):
        return Valued(Coded(np.where(where, np.int32(-1), column.codes), column.words), valued.kind)
    gaps = where if column.missing is None else where | column.missing
    if isinstance(column, Numbers):
        return Valued(Numbers(column.values, gaps), valued.kind, valued.fine)
    return Valued(Reals(column.values, gaps), valued.kind)


def _fill_last_days(columns: dict[str, Column]) -> None:
    """Let a row without a last day end on its day: a row of one day is known the same way in every file."""
    day, last = columns.get("day"), columns.get("last_day")
    if isinstance(day, Numbers) and isinstance(last, Numbers) and last.missing is not None:
        columns["last_day"] = Numbers(np.where(last.missing, day.values, last.values), day.missing)
