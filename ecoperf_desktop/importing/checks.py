"""The checks that a format declares about its own files."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import numpy as np

from ecoperf_desktop.errors import FileRefused
from ecoperf_desktop.importing.descriptor import Check, Format
from ecoperf_desktop.importing.emit import column_values
from ecoperf_desktop.importing.evaluation import FINE, Rows, Valued, fine_amount, holds, value_of
from ecoperf_desktop.importing.expression import of_one_row
from ecoperf_desktop.model.columns import Coded, Numbers
from ecoperf_desktop.model.finding import Finding


class Checking:
    """Looks at the kept rows of a file stretch by stretch; ``close`` says which checks failed."""

    def __init__(self, form: Format, file: str) -> None:
        self._form = form
        self._file = file
        self._failed: dict[int, tuple[int, int]] = {}  # check -> how often, first record
        self._seen: dict[int, set[object]] = {}
        self._sums: dict[int, list[int | float]] = {}
        self._stated: dict[int, int | float] = {}

    def feed(self, rows: Rows) -> None:
        if not self._form.checks or not rows.count:
            return
        looked = Rows(rows.count, rows.records, dict(rows.values), rows.cells, rows.facts, rows.read_cells, rows.lines, rows.group_by)
        for name, node in of_one_row(self._form.sets):
            looked.values[name] = value_of(node, looked)
        for number, check in enumerate(self._form.checks):
            if check.holds is not None:
                self._fail(number, rows, ~holds(check.holds, looked))
            elif check.unique:
                self._look_for_repeats(number, check, looked)
            elif check.row is not None and check.equals is not None:
                self._compare(number, check, looked)
            elif check.total is not None and check.equals is not None:
                self._add(number, check, looked)

    def close(self) -> list[Finding]:
        """Return the findings; raise FileRefused for a failed check of level stop."""
        for number, check in enumerate(self._form.checks):
            if check.total is not None and number in self._stated:
                total = self._sums.get(number, [0])[0]
                if abs(total - self._stated[number]) > self._tolerance(check, "real", 0):
                    self._failed[number] = (1, 1)
        findings = []
        for number, (count, record) in sorted(self._failed.items()):
            check = self._form.checks[number]
            details: dict[str, object] = {"n": count, "record": record, "file": self._file, "message": dict(check.message)}
            code = "importing.check_says" if check.message else "importing.check_repeats" if check.unique else "importing.check_failed"
            if check.unique:
                details["columns"] = ", ".join(self._headers(check.unique))
            if check.level == "stop":
                raise FileRefused(code, **details)
            findings.append(Finding(code, "warning", record, None, None, details))
        return findings

    def _headers(self, names: Sequence[str]) -> list[str]:
        """Return what a person calls the values: the headers they are read from."""
        shown = {rule.field: rule.shown for rule in self._form.columns}
        return [shown.get(name, name) for name in names]

    def _fail(self, number: int, rows: Rows, where: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> None:
        count = int(where.sum())
        if count:
            before = self._failed.get(number)
            first = int(rows.records[int(np.argmax(where))])
            self._failed[number] = (count, first) if before is None else (before[0] + count, before[1])

    def _look_for_repeats(self, number: int, check: Check, rows: Rows) -> None:
        seen = self._seen.setdefault(number, set())
        lists = [column_values(rows.values[name].column) for name in check.unique]
        repeats = np.zeros(rows.count, np.bool_)
        for place, key in enumerate(zip(*lists, strict=True)):
            if key in seen:
                repeats[place] = True
            seen.add(key)
        self._fail(number, rows, repeats)

    def _compare(self, number: int, check: Check, rows: Rows) -> None:
        assert check.row is not None and check.equals is not None
        left, right = _same_decimals(value_of(check.row, rows), rows.values[check.equals])
        if isinstance(left.column, Coded) or isinstance(right.column, Coded):
            return
        tolerance = self._tolerance(check, left.kind, left.fine, rows.facts.exponent)
        apart = np.abs(left.column.values - right.column.values) > tolerance
        self._fail(number, rows, apart & ~left.missing & ~right.missing)

    def _add(self, number: int, check: Check, rows: Rows) -> None:
        assert check.total is not None and check.equals is not None
        valued, stated = rows.values[check.total].rounded(), rows.values[check.equals].rounded()
        if isinstance(valued.column, Coded) or isinstance(stated.column, Coded):
            return
        sums = self._sums.setdefault(number, [0])
        sums[0] += valued.column.values[~valued.missing].sum().item()
        present = ~stated.missing
        if number not in self._stated and bool(present.any()):
            self._stated[number] = stated.column.values[present][0].item()

    @staticmethod
    def _tolerance(check: Check, kind: str, fine: int, exponent: int = 2) -> float:
        if kind == "money":
            return fine_amount(check.tolerance, exponent) * 10.0 ** (fine - FINE) + 1e-6
        return float(Decimal(check.tolerance)) + 1e-9


def _same_decimals(left: Valued, right: Valued) -> tuple[Valued, Valued]:
    fine = max(left.fine, right.fine)
    if isinstance(left.column, Numbers) and isinstance(right.column, Numbers):
        return left.with_decimals(fine), right.with_decimals(fine)
    return left, right
