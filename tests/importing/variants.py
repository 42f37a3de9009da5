"""Examples of exports as other computers, spreadsheets and settings would have written them."""

from __future__ import annotations

import csv
import io
import random
import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

from ecoperf_desktop.errors import EcoPerfError
from ecoperf_desktop.importing import examples
from ecoperf_desktop.importing.container import members
from ecoperf_desktop.importing.descriptor import Example, Format, normal
from ecoperf_desktop.importing.detect import Detector
from ecoperf_desktop.importing.prepare import prepare
from ecoperf_desktop.model.money import exponent

Rows = dict[str, list[dict[str, str]]]

ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gb18030", "cp932", "cp1252")
LINE_ENDS = ("\n", "\r\n", "\r")
THOUSANDS = {".": (",", " ", "\u00a0", "\u202f", "'"), ",": (".", " ", "\u00a0", "\u202f", "'")}


@dataclass(frozen=True)
class Grid:
    """A table as cells, and how it is to be written.

    ``plain`` are the columns whose place and header may change; ``numbers`` those that hold amounts or counts, with their
    decimal mark; ``said`` what was done to it.
    """

    above: tuple[tuple[str, ...], ...]
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: dict[str, str]
    dates: frozenset[str]
    quoting: bool
    delimiter: str = ","
    encoding: str = "utf-8"
    line_end: str = "\n"
    said: tuple[str, ...] = ()
    fewer: frozenset[str] = field(default_factory=frozenset)  # headers that the format can no longer see

    def written(self) -> bytes | None:
        """Return the file, None where its characters cannot be written so."""
        out = io.StringIO()
        every = (*self.above, self.header, *self.rows)
        if not self.quoting:
            if any(mark in cell for row in every for cell in row for mark in (self.delimiter, "\n", "\r")):
                return None
            out.write("".join(self.delimiter.join(row) + self.line_end for row in every))
        else:
            if self.line_end == "\r" and any(mark in cell for row in every for cell in row for mark in "\r\n"):
                return None
            writer = csv.writer(out, delimiter=self.delimiter, lineterminator=self.line_end)
            writer.writerows(every)
        text = out.getvalue()
        if self.encoding == "utf-16":
            return text.encode("utf-16")
        try:
            return text.encode(self.encoding)
        except UnicodeEncodeError:
            return None

    def did(self, what: str, **changes: object) -> Grid:
        return replace(self, said=(*self.said, what), **changes)  # type: ignore[arg-type]

    def rearranged(self, order: Sequence[int | None], headers: Sequence[str], filler: Callable[[int], str], what: str, **more: object) -> Grid:
        """Return the table with columns in another order; None in ``order`` is a column that was not there."""
        width = len(self.header)
        rows = tuple(
            tuple(filler(number) if place is None else row[place] for place in order) if len(row) == width else row
            for number, row in enumerate(self.rows)
        )
        return self.did(what, header=tuple(headers), rows=rows, **more)

    def cells(self, columns: Sequence[int], change: Callable[[str], str]) -> tuple[tuple[str, ...], ...]:
        width = len(self.header)
        chosen = set(columns)
        return tuple(
            tuple(change(cell) if place in chosen else cell for place, cell in enumerate(row)) if len(row) == width else row
            for row in self.rows
        )


def grid(form: Format, example: Example, folder: Path, detector: Detector) -> Grid | None:
    """Return an example as a table that can be varied; None for documents and files without a header."""
    if form.read.layout != "table" or form.read.header == "none" or "text" not in (form.detect.kinds or {"text"}):
        return None
    path = folder / example.name
    examples.write(example, path)
    member = next(members(path))
    recognised = detector.recognise(member, example.settings)[0]
    try:
        bound = recognised.table.bound
        delimiter = recognised.delimiter or ","
    finally:
        recognised.close()
    if example.rows is not None:
        every = [tuple(row) for row in example.rows]
    elif member.kind == "text":
        text = (example.input or "").removeprefix("\ufeff")
        quoting = csv.QUOTE_MINIMAL if form.read.quoting else csv.QUOTE_NONE
        every = [tuple(row) for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quoting=quoting)]
    else:
        return None
    place = next((place for place, row in enumerate(every) if row == bound.header or tuple(map(str.strip, row)) == tuple(map(str.strip, bound.header))), None)
    if place is None:
        return None
    numbers, dates = {}, set()
    for column, rule in bound.places.values():
        if rule.type in ("money", "integer", "real", "number"):
            numbers[bound.header[column]] = "," if "," in (rule.decimal, form.read.decimal) else "."
        if rule.type in ("date", "datetime"):
            dates.add(bound.header[column])
    return Grid(
        tuple(every[:place]), every[place], tuple(every[place + 1 :]), numbers, frozenset(dates), form.read.quoting, delimiter,
    )


# ---- what is done to a table

def reordered(one: Grid, chance: random.Random) -> Grid:
    order = list(range(len(one.header)))
    chance.shuffle(order)
    # Columns of one name are told apart by which comes first.
    for name in {header for header in one.header if one.header.count(header) > 1}:
        places = [at for at, place in enumerate(order) if one.header[place] == name]
        for at, place in zip(places, sorted(order[at] for at in places), strict=True):
            order[at] = place
    return one.rearranged(order, [one.header[place] for place in order], lambda _: "", "reordered")


def widened(one: Grid, chance: random.Random) -> Grid:
    order: list[int | None] = list(range(len(one.header)))
    headers = list(one.header)
    for number in range(chance.randint(1, 3)):
        at = chance.randint(0, len(order))
        order.insert(at, None)
        headers.insert(at, f"Zq extra {number}")
    return one.rearranged(order, headers, lambda row: f"x{row}", "added columns")


def narrowed(one: Grid, chance: random.Random) -> Grid:
    gone = chance.randrange(len(one.header))
    order = [place for place in range(len(one.header)) if place != gone]
    return one.rearranged(
        order, [one.header[place] for place in order], lambda _: "", f"dropped {one.header[gone]!r}", fewer=one.fewer | {one.header[gone]},
    )


def renamed(one: Grid, chance: random.Random) -> Grid:
    at = chance.randrange(len(one.header))
    headers = [f"Zq {place}" if place == at else header for place, header in enumerate(one.header)]
    return one.did(f"renamed {one.header[at]!r}", header=tuple(headers), fewer=one.fewer | {one.header[at]})


def encoded(one: Grid, chance: random.Random) -> Grid:
    encoding = chance.choice(ENCODINGS)
    return one.did(f"as {encoding}", encoding=encoding)


def separated(one: Grid, chance: random.Random) -> Grid:
    if not one.quoting:
        return one
    delimiter = chance.choice(",;\t|")
    return one.did(f"with {delimiter!r}", delimiter=delimiter)


def ended(one: Grid, chance: random.Random) -> Grid:
    line_end = chance.choice(LINE_ENDS)
    return one.did(f"lines end {line_end!r}", line_end=line_end)


_WHOLE = re.compile(r"^(-?)(\d{4,})([.,]\d+)?$")


def grouped(one: Grid, chance: random.Random) -> Grid:
    """Write thousands signs, one kind a file."""
    kind = chance.randrange(5)
    rows = one.rows
    for mark in {one.numbers[header] for header in one.header if header in one.numbers}:
        sign = THOUSANDS[mark][kind]

        def change(cell: str, sign: str = sign, mark: str = mark) -> str:
            found = _WHOLE.match(cell.strip())
            if found is None or (found[3] or mark)[0] != mark:
                return cell
            return found[1] + f"{int(found[2]):,}".replace(",", sign) + (found[3] or "")

        columns = [place for place, header in enumerate(one.header) if one.numbers.get(header) == mark]
        rows = replace(one, rows=rows).cells(columns, change)
    return one.did(f"thousands sign {THOUSANDS['.'][kind]!r}", rows=rows)


_WIDE = {code: code + 0xFEE0 for code in range(0x21, 0x7F)} | {0x20: 0x3000}


def wide_headers(one: Grid, chance: random.Random) -> Grid:
    return one.did("full-width headers", header=tuple(header.translate(_WIDE) for header in one.header))


def wide_numbers(one: Grid, chance: random.Random) -> Grid:
    columns = [place for place, header in enumerate(one.header) if header in one.numbers]
    return one.did("full-width numbers", rows=one.cells(columns, lambda cell: cell.translate(_WIDE)))


def wide_dates(one: Grid, chance: random.Random) -> Grid:
    columns = [place for place, header in enumerate(one.header) if header in one.dates]
    return one.did("full-width dates", rows=one.cells(columns, lambda cell: cell.translate({code: wide for code, wide in _WIDE.items() if 0x30 <= code <= 0x3A})))


WAYS = (reordered, widened, narrowed, renamed, encoded, separated, ended, grouped, wide_headers, wide_numbers, wide_dates)


def variant(one: Grid, chance: random.Random) -> Grid:
    """Return the table changed in one to three ways."""
    for way in chance.sample(WAYS, chance.choice((1, 1, 2, 3))):
        one = way(one, chance)
    return one


# ---- what comes of a file

@dataclass(frozen=True)
class Outcome:
    """``refusal`` is the sentence, None when the file gave ``rows``; ``told`` are headers that warnings name."""

    form: str = ""
    rows: Rows = field(default_factory=dict)
    refusal: str | None = None
    told: frozenset[str] = frozenset()
    refused_rows: int = 0


def outcome(path: Path, example: Example, source: str, detector: Detector, pool: ThreadPoolExecutor) -> Outcome:
    """Return what the file would become."""
    try:
        member = next(members(path))
        recognised = detector.recognise(member, example.settings)[0]
        try:
            settings = {"reject_limit": str(max(example.refused, 10)), **example.settings}
            made = prepare(member, recognised, source, settings, None, pool, lambda _: None)
        finally:
            recognised.close()
    except EcoPerfError as problem:
        return Outcome(refusal=str(problem))
    rows: Rows = {}
    places = exponent(made.head.answers.currency or "EUR")
    for stretch in made.stretches or ():
        for asserted in stretch.tables:
            rows.setdefault(asserted.table, []).extend(examples.shown_rows(asserted, places))
    told = frozenset(finding.column for finding in made.findings if finding.column) | frozenset(
        str(name) for finding in made.findings for name in str(finding.details.get("columns", "")).split(", ")
    )
    return Outcome(recognised.form.id, rows, None, told, made.rejected)


def silent_differences(before: Outcome, after: Outcome, changed: Grid) -> list[str]:
    """Return in what the rows are others without a word.

    Where a column is gone, its fields may be; where nothing is gone, all has to be as before.
    """
    if after.refusal is not None:
        return [] if after.refusal.strip() else ["refused without a reason"]
    if after.form != before.form:
        return [f"claimed by {after.form}"]
    gone = {normal(header) for header in changed.fewer}
    if after.refused_rows > before.refused_rows or gone & {normal(name) for name in after.told}:
        return []  # named with record, line and column
    found = []
    for table, rows in before.rows.items():
        now = after.rows.get(table)
        if now is None and changed.fewer:
            continue
        if now is None or len(now) != len(rows):
            found.append(f"{table}: {len(rows)} rows became {len(now or ())}")
            continue
        for number, (was, has) in enumerate(zip(rows, now, strict=True), start=1):
            for name in was.keys() | has.keys():
                lacks = changed.fewer and not has.get(name)
                if was.get(name, "") != has.get(name, "") and not lacks:
                    found.append(f"{table} row {number}, {name}: {was.get(name)!r} became {has.get(name)!r}")
    found.extend(f"{table}: {len(rows)} rows that were not there" for table, rows in after.rows.items() if table not in before.rows)
    return found
