"""Expressions and conditions of descriptors worked out a column at a time."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import cached_property
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from ecoperf_desktop.importing.expression import (
    Absolute,
    Allocate,
    AllOf,
    Answer,
    AnyOf,
    AsOf,
    Beside,
    Blank,
    Choose,
    Compared,
    Condition,
    Const,
    Cut,
    DateAdd,
    EndOf,
    Equals,
    Expression,
    First,
    FlagOf,
    Fold,
    FromFile,
    Join,
    Length,
    Mapped,
    Matches,
    Name,
    Not,
    PeriodEnd,
    Position,
    Product,
    Scalar,
    Split,
    Sum,
    fields_of,
)
from ecoperf_desktop.importing.pattern import SEARCHED
from ecoperf_desktop.importing.text import Cells
from ecoperf_desktop.model.columns import Bool, Coded, Column, Int64, Numbers, Reals
from ecoperf_desktop.model.days import Period, iso, parse_day

FINE = 4  # decimals behind the minor unit that constants and shares of an amount are worked out with
_MOST = 2**62

CellReader = Callable[[Sequence[str], str], "Valued"]


@dataclass(frozen=True)
class Valued:
    """A column and what its numbers are.

    ``fine`` is how many decimals amounts keep behind the minor unit, until they fill a
    field and are rounded once.
    """

    column: Column
    kind: str
    fine: int = 0

    def __len__(self) -> int:
        return len(self.column)

    @property
    def missing(self) -> Bool:
        """Return where there is no value."""
        if isinstance(self.column, Coded):
            return self.column.codes < 0
        if self.column.missing is None:
            return np.zeros(len(self.column), np.bool_)
        return self.column.missing

    @property
    def complete(self) -> bool:
        if isinstance(self.column, Coded):
            return bool((self.column.codes >= 0).all())
        return self.column.missing is None or not bool(self.column.missing.any())

    def take(self, rows: Int64 | Bool) -> Valued:
        return replace(self, column=taken(self.column, rows))

    def rounded(self) -> Valued:
        """Return amounts in whole minor units, rounded half up once."""
        if not self.fine or not isinstance(self.column, Numbers):
            return self
        return Valued(Numbers(_half_up(self.column.values, 10**self.fine), self.column.missing), self.kind)

    def with_decimals(self, fine: int) -> Valued:
        """Return amounts with so many decimals behind the minor unit."""
        if fine == self.fine or not isinstance(self.column, Numbers):
            return self
        if fine > self.fine:
            values = self.column.values * 10 ** (fine - self.fine)
        else:
            values = _half_up(self.column.values, 10 ** (self.fine - fine))
        return Valued(Numbers(values, self.column.missing), self.kind, fine)


@dataclass(frozen=True)
class FileFacts:
    """What expressions may ask about the file itself."""

    name: str
    stem: str
    sheet: str
    folder: str
    member: str
    headers: tuple[str, ...]
    preamble: tuple[str, ...]
    answers: Mapping[str, str]
    exponent: int = 2
    period: Period | None = None
    as_of: int = 0
    as_of_day: int = 0


@dataclass(frozen=True)
class Groups:
    """Which rows belong together: a code for each row, codes in order of first appearance."""

    codes: Int64
    count: int

    @cached_property
    def first_row(self) -> Int64:
        first = np.empty(self.count, np.int64)
        first[self.codes[::-1]] = np.arange(len(self.codes) - 1, -1, -1, dtype=np.int64)
        return first

    @cached_property
    def order(self) -> Int64 | None:
        """Return the rows group after group; None when they stand so already."""
        if len(self.codes) < 2 or bool((self.codes[1:] >= self.codes[:-1]).all()):
            return None
        return np.argsort(self.codes, kind="stable")

    @cached_property
    def starts(self) -> Int64:
        sizes = np.bincount(self.codes, minlength=self.count)
        return np.concatenate((np.zeros(1, np.int64), np.cumsum(sizes)[:-1])) if self.count else np.empty(0, np.int64)

    @cached_property
    def sizes(self) -> Int64:
        return np.bincount(self.codes, minlength=self.count).astype(np.int64)

    def sorted(self, values: NDArray[np.generic]) -> NDArray[np.generic]:
        return values if self.order is None else values[self.order]

    def within(self, rows: Bool) -> Groups:
        """Return the groups of the kept rows alone."""
        kept = self.codes[rows]
        return grouped([Numbers(kept)], len(kept))


@dataclass
class Rows:
    """Some rows of a file: their values, the text of the cells that conditions look at, and where they stood."""

    count: int
    records: Int64
    values: dict[str, Valued]
    cells: Mapping[str, Cells]
    facts: FileFacts
    read_cells: CellReader
    lines: Int64 | None = None
    group_by: tuple[str, ...] = ()
    word_hits: dict[tuple[str, str], tuple[Sequence[str], Bool]] = field(default_factory=dict, repr=False)
    _groups: Groups | None = field(default=None, repr=False)

    @property
    def groups(self) -> Groups:
        if self._groups is None:
            if not self.group_by:
                self._groups = Groups(np.arange(self.count, dtype=np.int64), self.count)
            else:
                self._groups = grouped([self.values[name].column for name in self.group_by], self.count)
        return self._groups

    def kept(self, rows: Bool) -> Rows:
        """Return the rows of the mask."""
        if bool(rows.all()):
            return self
        return Rows(
            int(rows.sum()),
            self.records[rows],
            {name: valued.take(rows) for name, valued in self.values.items()},
            {name: cells.take(rows) for name, cells in self.cells.items()},
            self.facts,
            self.read_cells,
            None if self.lines is None else self.lines[rows],
            self.group_by,
            self.word_hits,
        )


def taken(column: Column, rows: Int64 | Bool) -> Column:
    """Return the rows of a column (indices, or a mask)."""
    if isinstance(column, Coded):
        return Coded(column.codes[rows], column.words)
    missing = None if column.missing is None else column.missing[rows]
    if isinstance(column, Numbers):
        return Numbers(column.values[rows], missing)
    return Reals(column.values[rows], missing)


def grouped(columns: Sequence[Column], count: int) -> Groups:
    """Return rows with equal values in all ``columns`` as groups; a missing value equals a missing one."""
    if not columns or not count:
        return Groups(np.zeros(count, np.int64), min(count, 1))
    whole, size = _dense(columns[0])
    for column in columns[1:]:
        codes, more = _dense(column)
        if size * more > 2**62:
            whole, size = _recoded(whole)
        whole, size = whole * more + codes, size * more
    return _in_order(whole, size)


def _dense(column: Column) -> tuple[Int64, int]:
    """Return whole numbers from 0 that tell a column's values apart, and how many at most."""
    if isinstance(column, Coded):
        return column.codes.astype(np.int64) + 1, len(column.words) + 1
    values = column.values if isinstance(column, Numbers) else column.values.view(np.int64)
    if len(values):
        low, high = int(values.min()), int(values.max())
        if high - low < 4 * len(values) + 1024:
            codes, size = values - low + 1, high - low + 2
        else:
            codes, size = _recoded(values)
            codes, size = codes + 1, size + 1
    else:
        codes, size = values, 1
    if column.missing is not None:
        codes = np.where(column.missing, 0, codes)
    return codes, size


def _recoded(values: Int64) -> tuple[Int64, int]:
    known, codes = np.unique(values, return_inverse=True)
    return codes.astype(np.int64), len(known)


def _in_order(whole: Int64, size: int) -> Groups:
    """Return codes in order of first appearance."""
    count = len(whole)
    if size > 4 * count + 1024:
        whole, size = _recoded(whole)
    first = np.full(size, -1, np.int64)
    first[whole[::-1]] = np.arange(count - 1, -1, -1, dtype=np.int64)
    used = np.flatnonzero(first >= 0)
    rank = np.empty(size, np.int64)
    rank[used[np.argsort(first[used], kind="stable")]] = np.arange(len(used), dtype=np.int64)
    return Groups(rank[whole], len(used))


# ---- expressions


def value_of(node: Expression, rows: Rows) -> Valued:
    """Return the value of an expression for each row."""
    match node:
        case Name(name):
            return rows.values[name]
        case Const(value, kind):
            return constant(value, kind, rows.count, rows.facts.exponent)
        case Fold() | Allocate() | Position() | Beside():
            return _grouped_value(node, rows)
        case _:
            return _operated(node, [value_of(part, rows) for part in parts_of(node)], rows, rows.count, rows)


def value_of_groups(node: Expression, rows: Rows, groups: Groups) -> Valued:
    """Return the value of an expression for each group; a name is its first present value."""
    match node:
        case Name(name):
            return first_present(rows.values[name], groups)
        case Const(value, kind):
            return constant(value, kind, groups.count, rows.facts.exponent)
        case Fold():
            return _folded(node, rows, groups)
        case Allocate() | Position() | Beside():
            return first_present(value_of(node, rows), groups)
        case Choose(when, then, otherwise, kind):
            # A condition asks about the group as its other values do: by the group's first row that holds a value.
            holds = _condition_of_groups(when, rows, groups)
            parts = [value_of_groups(then, rows, groups)]
            if otherwise is not None:
                parts.append(value_of_groups(otherwise, rows, groups))
            return _chosen(holds, parts, kind, groups.count)
        case FlagOf(when):
            return Valued(Numbers(_condition_of_groups(when, rows, groups).astype(np.int64)), "flag")
        case _:
            parts = [value_of_groups(part, rows, groups) for part in parts_of(node)]
            return _operated(node, parts, rows, groups.count, None)


def is_absent(node: Expression, absent: frozenset[str], facts: FileFacts) -> bool:
    """Return whether the file says nothing about an expression: columns it would need are not there.

    Such a field is not asserted, which is not the same as being empty.
    """
    match node:
        case Name(name):
            return name in absent
        case PeriodEnd():
            return facts.period is None
        case Sum(terms, _, strict):
            asked = [is_absent(part, absent, facts) for _, part in terms if not isinstance(part, Const)]
            return bool(asked) and (any(asked) if strict else all(asked))
        case Product(factors, _):
            return any(is_absent(part, absent, facts) for part in factors)
        case Choose(when, then, otherwise, _):
            without = otherwise is None or is_absent(otherwise, absent, facts)
            return without and (is_absent(then, absent, facts) or _all_absent(when, absent))
        case FlagOf(when):
            return _all_absent(when, absent)
        case Fold(how, of, _):
            if how in ("any", "every"):
                return _all_absent(of, absent)
            return of is not None and is_absent(_as_expression(of), absent, facts)
        case Allocate(amount, _):
            return is_absent(amount, absent, facts)
        case _:
            parts = parts_of(node)
            return bool(parts) and all(is_absent(part, absent, facts) for part in parts)


def _all_absent(condition: object, absent: frozenset[str]) -> bool:
    names = fields_of(condition) - {"*"}
    return bool(names) and names <= absent


def parts_of(node: Expression) -> tuple[Expression, ...]:
    """Return the expressions an operator works on."""
    match node:
        case First(parts) | Join(parts, _):
            return parts
        case Sum(terms, _, _):
            return tuple(part for _, part in terms)
        case Product(factors, _):
            return factors
        case Absolute(of) | Mapped(of, _, _, _) | Cut(of, _, _) | Split(of, _, _) | Length(of) | EndOf(_, of):
            return (of,)
        case DateAdd(day, days):
            return (day,) if isinstance(days, int) else (day, days)
        case Choose(_, then, otherwise, _):
            return (then,) if otherwise is None else (then, otherwise)
        case _:
            return ()


def _operated(node: Expression, parts: list[Valued], rows: Rows, count: int, within: Rows | None) -> Valued:
    match node:
        case First():
            return _first(parts)
        case Sum(terms, kind, strict):
            given = [isinstance(part, Const) for _, part in terms]
            return _summed([sign for sign, _ in terms], given, parts, kind, strict)
        case Product(_, kind):
            return _multiplied(parts, kind)
        case Absolute():
            return _absolute(parts[0])
        case Mapped(_, values, other, kind):
            return _mapped(parts[0], dict(values), other, kind)
        case Cut(_, pattern, cell_type):
            return _reread(parts[0], pattern, cell_type, rows.read_cells)
        case Split(_, by, place):
            return _reworded(parts[0], lambda word: _part(word, by, place))
        case Join(_, by):
            return _joined(parts, by, count)
        case Length():
            return _lengths(parts[0])
        case DateAdd(_, days):
            return _later(parts[0], days if isinstance(days, int) else parts[1])
        case EndOf(unit, _):
            return _end_of(parts[0], unit)
        case FromFile(part, pattern):
            return _word(_from_file(rows.facts, part, pattern), count)
        case Answer(name):
            return _word(rows.facts.answers.get(name), count)
        case PeriodEnd(which):
            period = rows.facts.period
            day = None if period is None else period.first if which == "first" else period.last
            return _number(day, count, "day")
        case AsOf(kind):
            return _number(rows.facts.as_of_day if kind == "day" else rows.facts.as_of, count, kind)
        case Choose(when, _, _, kind):
            assert within is not None
            return _chosen(holds(when, within), parts, kind, count)
        case FlagOf(when):
            assert within is not None
            return Valued(Numbers(holds(when, within).astype(np.int64)), "flag")
        case Name() | Const() | Fold() | Allocate() | Position() | Beside():
            raise AssertionError(node)
        case _:
            assert_never(node)


def constant(value: Scalar, kind: str, count: int, exponent: int) -> Valued:
    if kind in ("text", "ref"):
        return _word(str(value), count)
    if kind == "day":
        return _number(parse_day(str(value)), count, "day")
    if kind in ("money", "cost_e4"):
        return Valued(Numbers(np.full(count, fine_amount(value, exponent), np.int64)), "money", FINE)
    if kind == "real":
        return Valued(Reals(np.full(count, float(value), np.float64)), "real")
    return _number(int(value), count, kind)


def fine_amount(value: Scalar, exponent: int) -> int:
    """Return an amount in major units as 1/10 000 of the minor unit."""
    try:
        return int(Decimal(str(value)).scaleb(exponent + FINE).to_integral_value(ROUND_HALF_UP))
    except InvalidOperation:
        return 0


def _word(text: str | None, count: int) -> Valued:
    if text is None:
        return Valued(Coded(np.full(count, -1, np.int32), []), "text")
    return Valued(Coded(np.zeros(count, np.int32), [text]), "text")


def _number(value: int | None, count: int, kind: str) -> Valued:
    if value is None:
        return Valued(Numbers(np.zeros(count, np.int64), np.ones(count, np.bool_)), kind)
    return Valued(Numbers(np.full(count, value, np.int64)), kind)


def _first(parts: list[Valued]) -> Valued:
    made = parts[0]
    for part in parts[1:]:
        if made.complete:
            break
        made = _either(~made.missing, made, part)
    return made


def filled(valued: Valued, other: Valued) -> Valued:
    """Return the values of a column, and those of the other where it has none."""
    return _first([valued, other])


def _either(use_first: Bool, first: Valued, second: Valued) -> Valued:
    """Return ``first`` where the mask holds, else ``second``."""
    first, second = _alike(first, second)
    missing = _none_if_complete(np.where(use_first, first.missing, second.missing))
    if isinstance(first.column, Coded) and isinstance(second.column, Coded):
        left, right, words = merged_words(first.column, second.column)
        return Valued(Coded(np.where(use_first, left, right), words), first.kind)
    if isinstance(first.column, Numbers) and isinstance(second.column, Numbers):
        values = np.where(use_first, first.column.values, second.column.values)
        return Valued(Numbers(values, missing), first.kind, first.fine)
    reals = np.where(use_first, _reals(first), _reals(second))
    return Valued(Reals(reals, missing), "real")


def _alike(first: Valued, second: Valued) -> tuple[Valued, Valued]:
    """Return two amounts in one precision, two numbers in one type."""
    if first.fine != second.fine:
        fine = max(first.fine, second.fine)
        first, second = first.with_decimals(fine), second.with_decimals(fine)
    if isinstance(first.column, Numbers) != isinstance(second.column, Numbers) and not isinstance(first.column, Coded):
        return Valued(Reals(_reals(first), _gaps(first)), "real"), Valued(Reals(_reals(second), _gaps(second)), "real")
    return first, second


def _gaps(valued: Valued) -> Bool | None:
    return None if isinstance(valued.column, Coded) else valued.column.missing


def _reals(valued: Valued) -> NDArray[np.float64]:
    if isinstance(valued.column, Coded):
        raise TypeError(valued.kind)
    return valued.column.values.astype(np.float64)


def _none_if_complete(missing: Bool) -> Bool | None:
    return missing if bool(missing.any()) else None


def merged_words(first: Coded, second: Coded) -> tuple[NDArray[np.int32], NDArray[np.int32], Sequence[str]]:
    """Return the codes of both columns over one list of words."""
    if first.words is second.words:
        return first.codes, second.codes, first.words
    known = {word: code for code, word in enumerate(first.words)}
    table = np.empty(len(second.words) + 1, np.int32)
    table[-1] = -1
    words = list(first.words)
    for code, word in enumerate(second.words):
        place = known.get(word)
        if place is None:
            place = known[word] = len(words)
            words.append(word)
        table[code] = place
    return first.codes, table[second.codes], words


def _summed(signs: list[int], given: list[bool], parts: list[Valued], kind: str, strict: bool) -> Valued:
    """Add up; constants (``given``) alone do not make a sum present."""
    fine = max(part.fine for part in parts)
    if kind == "money":
        parts = [part.with_decimals(fine) for part in parts]
    gaps = [part.missing for part in parts]
    asked = [gap for gap, constant_term in zip(gaps, given, strict=True) if not constant_term] or gaps
    missing: Bool = np.logical_or.reduce(asked) if strict else np.logical_and.reduce(asked)
    if kind == "real":
        total = np.zeros(len(parts[0]), np.float64)
        for sign, part, gap in zip(signs, parts, gaps, strict=True):
            total += sign * np.where(gap, 0.0, _reals(part))
        return Valued(Reals(total, _none_if_complete(missing)), kind)
    whole = np.zeros(len(parts[0]), np.int64)
    for sign, part, gap in zip(signs, parts, gaps, strict=True):
        assert isinstance(part.column, Numbers)
        values = part.column.values if part.complete else np.where(gap, 0, part.column.values)
        whole = whole + values if sign > 0 else whole - values
    return Valued(Numbers(whole, _none_if_complete(missing)), kind, fine)


def _multiplied(parts: list[Valued], kind: str) -> Valued:
    missing = _none_if_complete(np.logical_or.reduce([part.missing for part in parts]))
    if kind == "real":
        product = _reals(parts[0])
        for part in parts[1:]:
            product = product * _reals(part)
        return Valued(Reals(product, missing), kind)
    if kind == "money":
        # The amount first, so that whole factors multiply it exactly; fractions come last and round.
        parts = sorted(parts, key=lambda part: (part.kind != "money", isinstance(part.column, Reals)))
        if isinstance(parts[-1].column, Reals):
            parts[0] = parts[0].with_decimals(max(FINE, parts[0].fine))
        elif _largest(parts) >= _MOST:
            parts[0] = parts[0].rounded()
    fine = parts[0].fine if kind == "money" else 0
    whole: Int64 | None = None
    for part in parts:
        if isinstance(part.column, Numbers):
            whole = part.column.values if whole is None else whole * part.column.values
        else:
            assert whole is not None and isinstance(part.column, Reals)
            scaled = np.floor(whole * np.where(np.isfinite(part.column.values), part.column.values, 0.0) + 0.5)
            whole = scaled.astype(np.int64)
    assert whole is not None
    if missing is not None:
        whole = np.where(missing, 0, whole)
    return Valued(Numbers(whole, missing), kind, fine)


def _largest(parts: Sequence[Valued]) -> int:
    """Return how large the product of whole numbers can get."""
    largest = 1
    for part in parts:
        assert isinstance(part.column, Numbers)
        largest *= max(abs(int(part.column.values.max(initial=0))), abs(int(part.column.values.min(initial=0))), 1)
    return largest


def _absolute(part: Valued) -> Valued:
    if isinstance(part.column, Numbers):
        return replace(part, column=Numbers(np.abs(part.column.values), part.column.missing))
    assert isinstance(part.column, Reals)
    return replace(part, column=Reals(np.abs(part.column.values), part.column.missing))


def _reworded(part: Valued, change: Callable[[str], str | None]) -> Valued:
    """Return a text column with every distinct word changed once."""
    assert isinstance(part.column, Coded)
    table, words = _changed(part.column.words, change)
    return Valued(Coded(table[part.column.codes], words), "text")


def _changed(words: Sequence[str], change: Callable[[str], str | None]) -> tuple[NDArray[np.int32], list[str]]:
    known: dict[str, int] = {}
    table = np.empty(len(words) + 1, np.int32)
    table[-1] = -1
    for code, word in enumerate(words):
        changed = change(word)
        table[code] = -1 if changed is None or changed == "" else known.setdefault(changed, len(known))
    return table, list(known)


def _mapped(part: Valued, values: Mapping[str, str], other: str, kind: str) -> Valued:
    def change(word: str) -> str | None:
        found = values.get(" ".join(word.casefold().split()))
        if found is not None:
            return found
        return word if other == "keep" else None if other == "missing" else other[1:].strip()

    changed = _reworded(part, change)
    if kind == "text":
        return changed
    assert isinstance(changed.column, Coded)
    numbers = np.array([_whole(word) for word in changed.column.words] + [0], np.int64)
    return Valued(Numbers(numbers[changed.column.codes], _none_if_complete(changed.missing)), kind)


def _whole(word: str) -> int:
    try:
        return int(word)
    except ValueError:
        return 0


def found_by(pattern: re.Pattern[str], text: str) -> str | None:
    """Return the group ``value``, else the first group, else the whole of what a pattern finds."""
    match = pattern.search(text[:SEARCHED])
    if match is None:
        return None
    if "value" in pattern.groupindex:
        return match["value"]
    return match[1] if pattern.groups else match[0]


def _reread(part: Valued, pattern: re.Pattern[str], cell_type: str, read_cells: CellReader) -> Valued:
    cut = _reworded(part, lambda word: found_by(pattern, word))
    if cell_type in ("text", "id"):
        return cut
    assert isinstance(cut.column, Coded)
    read = read_cells([*cut.column.words, ""], cell_type)
    return read.take(np.where(cut.column.codes < 0, len(cut.column.words), cut.column.codes).astype(np.int64))


def _part(word: str, by: str, part: int) -> str | None:
    pieces = word.split(by)
    place = part - 1 if part > 0 else part
    return pieces[place].strip() if -len(pieces) <= place < len(pieces) else None


def _joined(parts: list[Valued], by: str, count: int) -> Valued:
    columns = [_written(part) for part in parts]
    groups = grouped(columns, count)
    words: list[list[str]] = []
    for column in columns:
        assert isinstance(column, Coded)
        codes = column.codes[groups.first_row].tolist()
        words.append([column.words[code] if code >= 0 else "" for code in codes])
    joined = [by.join(piece for piece in pieces if piece) for pieces in zip(*words, strict=True)]
    table, known = _changed(joined, lambda word: word)
    return Valued(Coded(table[groups.codes], known), "text")


def _written(part: Valued) -> Column:
    """Return whole numbers, days (2026-01-31) and instants (seconds) as text."""
    if not isinstance(part.column, Numbers):
        return part.column
    shown, codes = np.unique(part.column.values, return_inverse=True)
    words = [iso(number) if part.kind == "day" else str(number) for number in shown.tolist()]
    return Coded(np.where(part.missing, -1, codes).astype(np.int32), words)


def _lengths(part: Valued) -> Valued:
    assert isinstance(part.column, Coded)
    lengths = np.array([len(word) for word in part.column.words] + [0], np.int64)
    return Valued(Numbers(lengths[part.column.codes], _none_if_complete(part.missing)), "int")


def _later(day: Valued, days: int | Valued) -> Valued:
    assert isinstance(day.column, Numbers)
    if isinstance(days, int):
        return Valued(Numbers(day.column.values + days, day.column.missing), "day")
    assert isinstance(days.column, Numbers)
    missing = _none_if_complete(day.missing | days.missing)
    return Valued(Numbers(day.column.values + days.column.values, missing), "day")


def _end_of(day: Valued, unit: str) -> Valued:
    assert isinstance(day.column, Numbers)
    values = day.column.values
    if unit == "week":
        return replace(day, column=Numbers(values + (3 - values) % 7, day.column.missing))  # 1970-01-04 was a Sunday
    months = values.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    step = {"month": 1, "quarter": 3, "year": 12}[unit]
    following = (months // step + 1) * step
    ends = following.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64) - 1
    return replace(day, column=Numbers(ends, day.column.missing))


def _from_file(facts: FileFacts, part: str, pattern: re.Pattern[str] | None) -> str | None:
    if part in ("header", "preamble"):
        texts: Sequence[str] = facts.headers if part == "header" else facts.preamble
        if pattern is None:
            return None
        plain = [unicodedata.normalize("NFKC", text) for text in texts if not text.isascii()]
        return next((found for text in (*texts, *plain) if (found := found_by(pattern, text))), None)
    text = {"name": facts.name, "stem": facts.stem, "sheet": facts.sheet, "folder": facts.folder, "member": facts.member}[part]
    if pattern is not None:
        return found_by(pattern, text)
    return text or None


def _chosen(use: Bool, parts: list[Valued], kind: str, count: int) -> Valued:
    if len(parts) == 2:
        return _either(use, parts[0], parts[1])
    then = parts[0]
    if isinstance(then.column, Coded):
        return replace(then, column=Coded(np.where(use, then.column.codes, np.int32(-1)), then.column.words))
    missing = _none_if_complete(then.missing | ~use)
    if isinstance(then.column, Numbers):
        return replace(then, column=Numbers(then.column.values, missing))
    return replace(then, column=Reals(then.column.values, missing))


# ---- groups


def first_present(valued: Valued, groups: Groups) -> Valued:
    """Return each group's first value that is there."""
    if valued.complete:
        return valued.take(groups.first_row)
    present = np.flatnonzero(~valued.missing)
    first = groups.first_row.copy()
    first[groups.codes[present][::-1]] = present[::-1]
    return valued.take(first)


def _grouped_value(node: Fold | Allocate | Position | Beside, rows: Rows) -> Valued:
    groups = rows.groups
    if isinstance(node, Fold):
        return _folded(node, rows, groups).take(groups.codes)
    if isinstance(node, Position):
        order = groups.order if groups.order is not None else np.arange(rows.count, dtype=np.int64)
        place = np.empty(rows.count, np.int64)
        place[order] = np.arange(rows.count, dtype=np.int64) - np.repeat(groups.starts, groups.sizes) + 1
        if node.kind == "text":
            words = [str(number + 1) for number in range(int(place.max(initial=0)))]
            return Valued(Coded((place - 1).astype(np.int32), words), "text")
        return Valued(Numbers(place), "int")
    if isinstance(node, Beside):
        sought = np.ones(rows.count, np.bool_) if node.where is None else holds(node.where, rows)
        return _beside(value_of(node.of, rows), node.step, sought, groups)
    return _allocated(first_present(value_of(node.amount, rows), groups), value_of(node.over, rows), groups)


def _beside(valued: Valued, step: int, sought: Bool, groups: Groups) -> Valued:
    """Return for each row the nearest row of ``sought`` after or before it in its group; missing without one."""
    count = len(valued)
    if not count:
        return valued
    order = groups.order if groups.order is not None else np.arange(count, dtype=np.int64)
    places = np.arange(count, dtype=np.int64)
    nearest = np.full(count, -1, np.int64)
    if step > 0:
        reached = np.minimum.accumulate(np.where(sought[order], places, count)[::-1])[::-1]
        nearest[:-1] = reached[1:]
        bounds = np.repeat(groups.starts + groups.sizes, groups.sizes)
        alone = (nearest < 0) | (nearest >= bounds)
    else:
        reached = np.maximum.accumulate(np.where(sought[order], places, -1))
        nearest[1:] = reached[:-1]
        alone = nearest < np.repeat(groups.starts, groups.sizes)
    neighbour, absent = np.empty(count, np.int64), np.empty(count, np.bool_)
    neighbour[order], absent[order] = order[np.where(alone, 0, nearest)], alone
    column = taken(valued.column, neighbour)
    if isinstance(column, Coded):
        column = Coded(np.where(absent, np.int32(-1), column.codes), column.words)
    else:
        column = replace(column, missing=absent if column.missing is None else column.missing | absent)
    return replace(valued, column=column)


def _allocated(amount: Valued, over: Valued, groups: Groups) -> Valued:
    """Split each group's amount over its rows by largest remainder; the parts add up to it exactly."""
    amount, over = amount.rounded(), over.rounded()
    assert isinstance(amount.column, Numbers) and isinstance(over.column, Numbers)
    weights = np.where(over.missing, 0, np.abs(over.column.values))
    order = groups.order if groups.order is not None else np.arange(len(weights), dtype=np.int64)
    sorted_weights = weights[order]
    whole = np.add.reduceat(sorted_weights, groups.starts) if groups.count else np.empty(0, np.int64)
    # Without any weight the first row takes all.
    bare = np.flatnonzero(whole == 0)
    sorted_weights = sorted_weights.copy()
    sorted_weights[groups.starts[bare]] = 1
    whole[bare] = 1
    totals = np.where(amount.missing, 0, amount.column.values)
    signs = np.where(totals < 0, -1, 1)
    per_row = np.repeat(np.arange(groups.count), groups.sizes)
    top = int(np.abs(totals).max(initial=0)) * int(sorted_weights.max(initial=0))
    if top < 2**62:
        product = np.abs(totals)[per_row] * sorted_weights
        parts, rests = product // whole[per_row], product % whole[per_row]
    else:
        products = [int(a) * int(b) for a, b in zip(np.abs(totals)[per_row], sorted_weights, strict=True)]
        parts = np.array([p // int(w) for p, w in zip(products, whole[per_row], strict=True)], np.int64)
        rests = np.array([p % int(w) for p, w in zip(products, whole[per_row], strict=True)], np.int64)
    left = np.abs(totals) - (np.add.reduceat(parts, groups.starts) if groups.count else parts)
    by_rest = np.lexsort((np.arange(len(parts)), -rests, per_row))
    rank = np.arange(len(parts)) - np.repeat(groups.starts, groups.sizes)
    parts[by_rest] += rank < left[per_row]
    values = np.empty(len(parts), np.int64)
    values[order] = parts * signs[per_row]
    return Valued(Numbers(values, _none_if_complete(amount.missing[groups.codes])), "money")


def _folded(node: Fold, rows: Rows, groups: Groups) -> Valued:
    if node.how in ("any", "every"):
        met = holds(_as_condition(node.of), rows)
        wanted = met if node.how == "any" else ~met
        hits = np.bincount(groups.codes[wanted], minlength=groups.count) > 0
        return Valued(Numbers((hits if node.how == "any" else ~hits).astype(np.int64)), "flag")
    if node.how == "count" and node.of is None:
        return Valued(Numbers(groups.sizes), "int")
    valued = value_of(_as_expression(node.of), rows)
    present = ~valued.missing
    counts = np.bincount(groups.codes[present], minlength=groups.count).astype(np.int64)
    if node.how == "count":
        return Valued(Numbers(counts), "int")
    if node.how == "different":
        pairs = grouped([Numbers(groups.codes[present]), taken(valued.column, present)], int(present.sum()))
        owners = groups.codes[present][pairs.first_row]
        return Valued(Numbers(np.bincount(owners, minlength=groups.count).astype(np.int64)), "int")
    if node.how == "last":
        places = np.flatnonzero(present)
        last = groups.first_row.copy()
        last[groups.codes[places]] = places
        return valued.take(last)
    return reduced(valued, groups, node.how, counts)


def reduced(valued: Valued, groups: Groups, how: str, counts: Int64 | None = None) -> Valued:
    """Return each group's total, least or greatest value; missing where no row has one."""
    if counts is None:
        counts = np.bincount(groups.codes[~valued.missing], minlength=groups.count)
    missing = _none_if_complete(counts == 0)
    assert not isinstance(valued.column, Coded)
    if not groups.count:
        return valued
    if isinstance(valued.column, Numbers):
        neutral = {"total": 0, "min": np.iinfo(np.int64).max, "max": np.iinfo(np.int64).min}[how]
        filled = valued.column.values if valued.complete else np.where(valued.missing, neutral, valued.column.values)
        reduce = {"total": np.add, "min": np.minimum, "max": np.maximum}[how]
        values = reduce.reduceat(groups.sorted(filled), groups.starts)
        kind = "int" if how == "total" and valued.kind == "flag" else valued.kind
        return Valued(Numbers(values if missing is None else np.where(missing, 0, values), missing), kind, valued.fine)
    edge = {"total": 0.0, "min": np.inf, "max": -np.inf}[how]
    reals = np.where(valued.missing, edge, valued.column.values)
    reduce = {"total": np.add, "min": np.minimum, "max": np.maximum}[how]
    return Valued(Reals(reduce.reduceat(groups.sorted(reals), groups.starts), missing), "real")


def _as_condition(node: object) -> Condition:
    assert isinstance(node, Equals | Matches | Blank | Compared | AllOf | AnyOf | Not)
    return node


def _as_expression(node: object) -> Expression:
    assert node is not None and not isinstance(node, Equals | Matches | Blank | Compared | AllOf | AnyOf | Not)
    return node  # type: ignore[return-value]


# ---- conditions


def holds(condition: Condition, rows: Rows) -> Bool:
    """Return for each row whether the condition holds."""
    match condition:
        case AllOf(parts):
            return _all([holds(part, rows) for part in parts])
        case AnyOf(parts):
            return _any([holds(part, rows) for part in parts])
        case Not(part):
            return ~holds(part, rows)
        case Matches(name, pattern):
            return _matches(name, pattern, rows)
        case Blank(name):
            if name == "*":
                blanks = [cells.trimmed().empty for cells in rows.cells.values()]
                return np.logical_and.reduce(blanks) if blanks else np.zeros(rows.count, np.bool_)
            return rows.values[name].missing
        case Equals(name, values):
            return _equals(rows.values[name], values, rows.facts.exponent)
        case Compared(name, sign, bound):
            return _compared(rows.values[name], sign, bound, rows.facts.exponent)
        case _:
            assert_never(condition)


def surely_holds(condition: Condition, rows: Rows, unread: Mapping[str, Bool]) -> Bool:
    """Return where the condition holds whatever the cells say that could not be read.

    ``unread`` tells of values where they stand in such a cell, which is not blank: it may be anything else.
    """
    return _held(condition, rows, unread, otherwise=False)


def _held(condition: Condition, rows: Rows, unread: Mapping[str, Bool], *, otherwise: bool) -> Bool:
    """Return where the condition holds, with ``otherwise`` as the answer of every comparison nobody can make."""
    match condition:
        case AllOf(parts):
            return _all([_held(part, rows, unread, otherwise=otherwise) for part in parts])
        case AnyOf(parts):
            return _any([_held(part, rows, unread, otherwise=otherwise) for part in parts])
        case Not(part):
            return ~_held(part, rows, unread, otherwise=not otherwise)
        case Matches():
            return holds(condition, rows)
        case Blank(name):
            met = holds(condition, rows)
            return met & ~unread[name] if name in unread else met
        case Equals(name) | Compared(name):
            met = holds(condition, rows)
            if name not in unread:
                return met
            return met | unread[name] if otherwise else met & ~unread[name]
        case _:
            assert_never(condition)


def _all(met: Sequence[Bool]) -> Bool:
    whole: Bool = np.logical_and.reduce(met)
    return whole


def _any(met: Sequence[Bool]) -> Bool:
    whole: Bool = np.logical_or.reduce(met)
    return whole


def _condition_of_groups(condition: Condition, rows: Rows, groups: Groups) -> Bool:
    match condition:
        case AllOf(parts):
            return _all([_condition_of_groups(part, rows, groups) for part in parts])
        case AnyOf(parts):
            return _any([_condition_of_groups(part, rows, groups) for part in parts])
        case Not(part):
            return ~_condition_of_groups(part, rows, groups)
        case Matches():
            return holds(condition, rows)[groups.first_row]
        case Blank(name):
            if name == "*":
                return holds(condition, rows)[groups.first_row]
            return first_present(rows.values[name], groups).missing
        case Equals(name, values):
            return _equals(first_present(rows.values[name], groups), values, rows.facts.exponent)
        case Compared(name, sign, bound):
            return _compared(first_present(rows.values[name], groups), sign, bound, rows.facts.exponent)
        case _:
            assert_never(condition)


def _matches(name: str, pattern: re.Pattern[str], rows: Rows) -> Bool:
    if name == "*":
        hits = [_cells_match(cells, pattern) for cells in rows.cells.values()]
        return np.logical_or.reduce(hits) if hits else np.zeros(rows.count, np.bool_)
    cells = rows.cells.get(name)
    if cells is not None:
        return _cells_match(cells, pattern)
    # Of a text column the words are what stands in the cells.
    column = rows.values[name].column
    if not isinstance(column, Coded):
        return np.zeros(rows.count, np.bool_)
    words, hits_of_words = rows.word_hits.get((name, pattern.pattern), (None, _NO_HITS))
    if words is not column.words:
        hits_of_words = np.array([pattern.search(word[:SEARCHED]) is not None for word in column.words] + [False], np.bool_)
        rows.word_hits[name, pattern.pattern] = (column.words, hits_of_words)
    return hits_of_words[column.codes]


_NO_HITS: Bool = np.zeros(1, np.bool_)


def _cells_match(cells: Cells, pattern: re.Pattern[str]) -> Bool:
    """Return which cells hold a match; every distinct text is looked at once."""
    codes, first = cells.distinct()
    texts = cells.texts(first)
    hits = np.array([pattern.search(text[:SEARCHED].strip()) is not None for text in texts], np.bool_)
    return hits[codes] if len(hits) else np.zeros(len(cells), np.bool_)


def _equals(valued: Valued, wanted: Sequence[Scalar], exponent: int) -> Bool:
    column = valued.column
    if isinstance(column, Coded):
        words = {str(value) for value in wanted}
        hits = np.array([word in words for word in column.words] + [False], np.bool_)
        return hits[column.codes]
    met = np.zeros(len(column), np.bool_)
    for value in wanted:
        if isinstance(column, Numbers):
            met |= column.values == _bound(value, valued, exponent)
        else:
            met |= column.values == float(value)
    return met if column.missing is None else met & ~column.missing


def _compared(valued: Valued, sign: int, bound: Scalar, exponent: int) -> Bool:
    column = valued.column
    if isinstance(column, Coded):
        return np.zeros(len(column), np.bool_)
    limit: float = _bound(bound, valued, exponent) if isinstance(column, Numbers) else float(bound)
    met = column.values > limit if sign > 0 else column.values < limit
    return met if column.missing is None else met & ~column.missing


def _bound(value: Scalar, valued: Valued, exponent: int) -> float:
    """Return a constant of a condition in the units of the column."""
    if valued.kind == "money":
        return fine_amount(value, exponent) * 10.0 ** (valued.fine - FINE)
    if valued.kind == "day" and isinstance(value, str):
        return parse_day(value)
    return float(value)


def _half_up(values: Int64, unit: int) -> Int64:
    """Divide, rounding halves away from zero, as an accountant does."""
    whole: Int64 = (np.abs(values) + unit // 2) // unit
    return np.where(values < 0, -whole, whole)
