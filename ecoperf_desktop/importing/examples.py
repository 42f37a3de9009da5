"""The examples inside descriptors, run: each must be claimed by its own format alone and give the rows it promises."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

from ecoperf_desktop.errors import EcoPerfError
from ecoperf_desktop.importing.container import members
from ecoperf_desktop.importing.descriptor import Example, Format
from ecoperf_desktop.importing.detect import Detector
from ecoperf_desktop.importing.emit import column_values
from ecoperf_desktop.importing.prepare import Prepared, prepare
from ecoperf_desktop.model.columns import Asserted
from ecoperf_desktop.model.days import iso
from ecoperf_desktop.model.money import exponent
from ecoperf_desktop.store.tables import TABLES


def problems(form: Format, formats: Sequence[Format]) -> list[str]:
    """Return what is wrong with the examples of ``form``, tried among all ``formats``; empty when all is well."""
    if not form.examples:
        return [f"{form.id}: no example"]
    detector = Detector(formats)
    found: list[str] = []
    for number, example in enumerate(form.examples, start=1):
        found.extend(f"{form.id}, example {number}: {problem}" for problem in _tried(form, example, detector))
    return found


def differences(path: Path, form: Format, example: Example, detector: Detector) -> list[str]:
    """Return in what the file at ``path`` gives something else than ``example`` promises; empty when nothing."""
    with ThreadPoolExecutor(1) as compressor:
        try:
            member = next(members(path))
            recognised = detector.recognise(member, example.settings)[0]
            if recognised.form.id != form.id:
                return [f"claimed by {recognised.form.id}"]
            try:
                settings = {"reject_limit": str(max(example.refused, 10)), **example.settings}
                made = prepare(member, recognised, form.platform, settings, None, compressor, lambda _: None)
            finally:
                recognised.close()
        except EcoPerfError as problem:
            return [f"{problem.code}: {problem}"]
    return _compared(made, example)


def _tried(form: Format, example: Example, detector: Detector) -> list[str]:
    with TemporaryDirectory() as folder:
        path = Path(folder) / example.name
        write(example, path)
        return differences(path, form, example, detector)


def write(example: Example, path: Path) -> None:
    """Write an example as the file it stands for."""
    if example.rows is None:
        path.write_bytes((example.input or "").encode(example.encoding))
        return
    import xlsxwriter

    with xlsxwriter.Workbook(path, {"strings_to_numbers": False}) as workbook:
        sheet = workbook.add_worksheet(example.sheet)
        for place, row in enumerate(example.rows):
            for column, cell in enumerate(row):
                sheet.write_string(place, column, cell)


def _compared(made: Prepared, example: Example) -> list[str]:
    found = []
    by_table: dict[str, list[dict[str, str]]] = {}
    places = exponent(made.head.answers.currency or "EUR")
    for stretch in made.stretches or ():
        for asserted in stretch.tables:
            by_table.setdefault(asserted.table, []).extend(shown_rows(asserted, places))
    for table, wanted in example.expect.items():
        rows = by_table.get(table, [])
        if len(rows) != len(wanted):
            found.append(f"{table}: {len(wanted)} rows expected, {len(rows)} made: {rows[:5]}")
            continue
        for number, (row, fields) in enumerate(zip(rows, wanted, strict=True), start=1):
            for field, value in fields.items():
                got = row.get(field, "")
                if not _same(value, got):
                    found.append(f"{table} row {number}, {field}: expected {value!r}, made {got!r}")
    for table in by_table.keys() - example.expect.keys():
        if example.expect and TABLES[table].strategy != "seen":
            found.append(f"{table}: {len(by_table[table])} rows nobody expected: {by_table[table][:2]}")
    wrong = {reason: made.dropped.get(reason, 0) for reason, count in example.dropped.items() if made.dropped.get(reason, 0) != count}
    if wrong:
        found.append(f"dropped {made.dropped}, expected {dict(example.dropped)}")
    if made.rejected != example.refused:
        errors = [(finding.code, finding.record, finding.column, finding.details) for finding in made.findings]
        found.append(f"refused {made.rejected}, expected {example.refused}: {errors[:5]}")
    return found


def shown_rows(asserted: Asserted, places: int = 2) -> list[dict[str, str]]:
    """Return rows as examples write them: money in major units, days and instants in ISO form, missing as nothing."""
    kinds = {field.name: field.kind for field in TABLES[asserted.table].fields}
    columns = {name: [_shown(value, kinds[name], places) for value in column_values(column)] for name, column in asserted.columns.items()}
    return [{name: values[row] for name, values in columns.items()} for row in range(len(asserted))]


def _shown(value: object, kind: str, places: int) -> str:
    if value is None:
        return ""
    if kind == "money" and isinstance(value, int):
        return f"{Decimal(value).scaleb(-places):.{places}f}"
    if kind == "cost_e4" and isinstance(value, int):
        return str(Decimal(value).scaleb(-places - 4).normalize())
    if kind == "day" and isinstance(value, int):
        return iso(value)
    if kind == "ts" and isinstance(value, int):
        return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=value)).strftime("%Y-%m-%dT%H:%M:%SZ")
    if kind == "flag":
        return "true" if value else "false"
    return str(value)


def _same(wanted: object, got: str) -> bool:
    if wanted == "*":
        return bool(got)
    if isinstance(wanted, bool):
        return got == ("true" if wanted else "false")
    text = str(wanted)
    if text == got:
        return True
    try:
        return abs(Decimal(text) - Decimal(got)) <= abs(Decimal(text)) * Decimal("1e-9")
    except ArithmeticError:
        return False
