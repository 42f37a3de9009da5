"""The reader under test as a scorer wants it, and the published score of what it reads.

``rows`` takes a path and gives rows and findings, without being told a word about the dialect.  ``Scores`` adds up the figures:
success and precision, recall and F1 of header, records and cells, averaged over files and summed (at most 10); ``kept``, the
share of clean records that arrive cell by cell; and ``wrong``, the records a file that arrive and are not in the clean file.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from ecoperf_desktop.errors import FileRefused
from ecoperf_desktop.importing.container import members
from ecoperf_desktop.importing.look import unclaimed
from ecoperf_desktop.model.finding import Finding

Rows = list[list[str]]


def rows(path: str | Path) -> tuple[Rows, list[Finding]]:
    """Return headers and records of a file that no format claims, and the findings about the others.

    Where nothing names the columns, the records come without a header.  An empty file has no rows; every other refusal is raised.
    """
    (member,) = members(Path(path))
    try:
        tables = unclaimed(member)
    except FileRefused as problem:
        if problem.code == "reading.empty":
            return [], []
        raise
    found: Rows = []
    findings: list[Finding] = []
    for table in tables:
        if table.header:
            found.append(list(table.header))
        for block in table.reader.blocks():
            found.extend(list(row) for row in zip(*(cells.texts() for cells in block.columns), strict=True))
        findings.extend(table.reader.findings)
    return found, findings


class Scores:
    """The figures of some files, as they are added."""

    def __init__(self) -> None:
        self.files = 0
        self.errors: list[str] = []
        self._points = 0.0
        self._weighted = 0.0
        self._weights = 0.0
        self._kept = 0.0
        self._wrong = 0

    def add(self, path: Path, clean: str, weight: float = 0.0, *others: Scores) -> None:
        """Read a file, compare it with its clean text, and count it here and in ``others``."""
        expected = list(csv.reader(io.StringIO(clean, newline="")))
        problem = None
        points, kept, wrong = 0.0, 0.0, 0
        try:
            found, _ = rows(path)
            points, kept, wrong = _compared(expected, found)
        except Exception as raised:  # whatever it is, the file counts as not read
            problem = f"{path.name}: {raised}"
        for scores in (self, *others):
            scores.files += 1
            scores.errors.extend([problem] if problem else [])
            scores._points += points
            scores._weighted += points * weight
            scores._weights += weight
            scores._kept += kept
            scores._wrong += wrong

    @property
    def simple(self) -> float:
        return self._points / self.files

    @property
    def weighted(self) -> float:
        return self._weighted / self._weights

    @property
    def kept(self) -> float:
        return self._kept / self.files

    @property
    def wrong(self) -> float:
        return self._wrong / self.files


def _compared(expected: Rows, found: Rows) -> tuple[float, float, int]:
    if not expected:
        return 10.0, 1.0, 0
    clean = [[_plain(cell) for cell in row] for row in expected]
    got = [[_plain(cell) for cell in row] for row in found]
    points = 1.0
    points += sum(_agreement(clean[0], got[0] if got else []))
    points += sum(_agreement(["".join(row) for row in clean[1:]], ["".join(row) for row in got[1:]]))
    points += sum(_agreement([cell for row in clean for cell in row], [cell for row in got for cell in row]))
    wanted = Counter(_filled(row) for row in clean[1:])
    arrived = Counter(row for row in map(_filled, got[1:]) if row)
    kept = (wanted & arrived).total() / (len(clean) - 1) if len(clean) > 1 else 1.0
    return points, kept, (arrived - wanted).total()


def _agreement(expected: Iterable[str], found: Iterable[str]) -> tuple[float, float, float]:
    """Return precision, recall and F1, taken as bags; the publication counts precision over what is expected."""
    wanted, got = Counter(expected), Counter(found)
    if not wanted:
        return 1.0, 1.0, 1.0
    shared = (wanted & got).total()
    if not shared:
        return 0.0, 0.0, 0.0
    precision, recall = shared / wanted.total(), shared / got.total()
    return precision, recall, 2 * precision * recall / (precision + recall)


def _plain(cell: str) -> str:
    text = cell.strip()
    if re.fullmatch(r"-?\d{1,15}", text):
        return str(int(text))
    if re.fullmatch(r"-?\d{0,15}\.\d+([eE][-+]?\d+)?", text):
        return str(float(text))
    return text.lower()


def _filled(row: Sequence[str]) -> tuple[str, ...]:
    """Return the row without the empty cells at its end."""
    last = max((place + 1 for place, cell in enumerate(row) if cell), default=0)
    return tuple(row[:last])
